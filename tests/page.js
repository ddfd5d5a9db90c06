// SPDX-License-Identifier: GPL-2.0-or-later
// Looks at a web page in a browser without a screen: nothing is fetched, the console stays empty, axe finds no violation, and no
// line is wider than the screen of a phone, in light and dark, with all folds open, too. There a cell of a dash or a number says what
// it is of, and none is empty. A key opens a fold, and printing opens all.
// Leaves pictures beside the page.
// usage: node page.js CHROMIUM NODE-MODULES PAGE.html...
const path = require("path");
const [chromium, modules, ...pages] = process.argv.slice(2);
const puppeteer = require(path.join(modules, "puppeteer-core"));
const axe = require.resolve(path.join(modules, "axe-core"));

const screens = [
	{ name: "desktop", width: 1280, height: 900, scheme: "light" },
	{ name: "dark", width: 1280, height: 900, scheme: "dark" },
	{ name: "phone", width: 390, height: 844, scheme: "light" },
	{ name: "phone-dark", width: 390, height: 844, scheme: "dark" },
];

// The first fold is reached by the tabulator and goes to and fro with Enter.
async function keyboard(page) {
	if (!(await page.$("details"))) return [];
	const is_open = () => page.evaluate(() => document.querySelector("details").open);
	const before = await is_open();
	await page.keyboard.press("Tab");
	await page.keyboard.press("Enter");
	return (await is_open()) === before ? ["a fold does not follow the keyboard"] : [];
}

// Cells that are put below each other are beside no heading.
async function nameless(page) {
	const cells = await page.evaluate(() =>
		[...document.querySelectorAll("td:not([aria-hidden])")]
			.filter((cell) => getComputedStyle(cell).display === "block" && /^[–\d., ]*$/.test(cell.textContent))
			.filter((cell) => cell.textContent === "" || getComputedStyle(cell, "::before").content === "none")
			.map((cell) => cell.textContent)
	);
	return cells.length === 0 ? [] : [`cells say nothing, or not what they are of: ${cells.join(" ")}`];
}

async function look(browser, file, screen) {
	const faults = [];
	const page = await browser.newPage();
	page.setDefaultTimeout(300000);
	page.on("console", (message) => faults.push(`console: ${message.text()}`));
	page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
	page.on("request", (request) => {
		if (!request.url().startsWith("file://")) faults.push(`fetches ${request.url()}`);
	});
	await page.setViewport({ width: screen.width, height: screen.height });
	await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: screen.scheme }]);
	await page.goto(`file://${path.resolve(file)}`);
	await page.screenshot({ path: file.replace(/html$/, `${screen.name}.png`), fullPage: true });
	faults.push(...(await keyboard(page)));
	await page.pdf({ timeout: 300000 });
	const closed = await page.evaluate(() => document.querySelectorAll("details:not([open])").length);
	if (closed > 0) faults.push(`${closed} folds are closed on paper`);
	await page.screenshot({ path: file.replace(/html$/, `${screen.name}-open.png`), fullPage: true });
	const width = await page.evaluate(() => document.documentElement.scrollWidth);
	if (width > screen.width) faults.push(`is ${width} pixels wide on a screen of ${screen.width}`);
	faults.push(...(await nameless(page)));
	await page.addScriptTag({ path: axe });
	const found = await page.evaluate(() => axe.run());
	for (const violation of found.violations)
		faults.push(`axe: ${violation.id}: ${violation.help}: ${violation.nodes.map((node) => node.target).join(" ")}`);
	if (found.passes.length < 5) faults.push(`axe has applied only ${found.passes.length} rules`);
	await page.close();
	return faults;
}

async function main() {
	const browser = await puppeteer.launch({ executablePath: chromium, args: ["--no-sandbox"], protocolTimeout: 300000, timeout: 120000 });
	let count = 0;
	for (const file of pages)
		for (const screen of screens)
			for (const fault of await look(browser, file, screen)) {
				console.log(`${path.basename(file)}, ${screen.name}: ${fault}`);
				++count;
			}
	await browser.close();
	process.exit(count === 0 ? 0 : 1);
}

main().catch((error) => {
	console.error(error);
	process.exit(1);
});
