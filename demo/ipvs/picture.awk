# SPDX-License-Identifier: GPL-2.0-or-later
# Draws the latency of each call of the timer over time, one panel a patch, as SVG. Input lines:
#   VERSION point SECONDS MICROSECONDS      VERSION event SECONDS loaded|unloaded
function x(seconds, version) { return left + (seconds - first[version]) / span * width }
function y(microseconds, top) { return top + height - microseconds / most * height }
function text(at_x, at_y, anchor, words) {
	printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", at_x, at_y, anchor, words
}
function line(x1, y1, x2, y2, color) {
	printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", x1, y1, x2, y2, color
}
function keep(version, seconds) {
	if (!(version in first)) { order[++versions] = version; first[version] = seconds }
	if (seconds - first[version] > span) span = seconds - first[version]
}
$2 == "point" { keep($1, $3); n++; of[n] = $1; at[n] = $3; took[n] = $4; if ($4 > most) most = $4 }
$2 == "event" { keep($1, $3); event[$1, $4] = $3 }
# The end of the watch: nothing is drawn there, but the panel goes on until then.
$2 == "until" { keep($1, $3) }
END {
	left = 70; width = 620; height = 120; gap = 60; rows = versions
	most *= 1.1
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 %d\" font-family=\"sans-serif\" font-size=\"12\">\n", rows * (height + gap) + 30
	print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
	for (row = 1; row <= rows; row++) {
		v = order[row]
		top = 30 + (row - 1) * (height + gap)
		from = x(event[v, "loaded"], v)
		to = (v, "unloaded") in event ? x(event[v, "unloaded"], v) : left + width
		printf "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"#dce9f7\"/>\n", from, top, to - from, height
		text((from + to) / 2, top + 15, "middle", v " loaded")
		line(left, top + height, left + width, top + height, "black")
		line(left, top, left, top + height, "black")
		text(left - 6, top + height + 4, "end", "0")
		text(left - 6, top + 8, "end", sprintf("%.0f ms", most / 1000))
		for (s = 0; s <= span; s += 10) {
			line(left + s / span * width, top + height, left + s / span * width, top + height + 4, "black")
			text(left + s / span * width, top + height + 17, "middle", s " s")
		}
		for (i = 1; i <= n; i++)
			if (of[i] == v) {
				line(x(at[i], v), top + height, x(at[i], v), y(took[i], top), "#c03030")
				printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"#c03030\"/>\n", x(at[i], v), y(took[i], top)
			}
	}
	text(left, 16, "start", "Time in estimation_timer, call by call")
	print "</svg>"
}
