// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/page.h"

#include <fmt/format.h>

namespace kpatch::report {

namespace {

constexpr std::string_view kStyle =
    ":root{color-scheme:light dark;--text:#222;--back:#fff;--line:#ccc;--good:#e3f5e5;"
    "--bad:#fde7e7;--bar:#3567a8}"
    "@media(prefers-color-scheme:dark){:root{--text:#ddd;--back:#181818;--line:#444;"
    "--good:#17341c;--bad:#431c1c;--bar:#7fa8dd}}"
    "body{font:16px/1.5 system-ui,sans-serif;margin:2em auto;max-width:75em;padding:0 "
    "1em;color:var(--text);background:var(--back);overflow-wrap:anywhere}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.3em .8em;"
    "border-bottom:1px solid var(--line)}"
    "th{overflow-wrap:normal}"
    "pre{font:14px/1.4 ui-monospace,monospace;white-space:pre-wrap;"
    "margin:.3em 0;tab-size:4}"
    "details{margin:.2em 0;padding-left:1em}summary{cursor:pointer;margin-left:-1em}"
    "summary:focus-visible{outline:2px solid var(--bar)}"
    ".verdict{padding:.5em .8em}.good,ins{background:var(--good)}"
    ".bad,del{background:var(--bad)}ins,del{display:block;text-decoration:none}"
    ".time{width:30%}.bar{display:block;height:.8em;margin-top:.4em;min-width:2px;"
    "background:var(--bar)}"
    "@media(max-width:40em){body{margin:1em auto}th,td{display:block;border:0;padding:0;"
    "width:auto;overflow-wrap:anywhere}tr{display:block;padding:.5em 0;border-bottom:1px "
    "solid var(--line)}"
    ".named tr:first-child,td[data-label]:empty{display:none}"
    "td[data-label]::before{content:attr(data-label) ': ';font-weight:bold}}"
    "@media print{body{margin:0;max-width:none;font-size:11px}pre{font-size:9px}"
    "tr{break-inside:avoid}*{print-color-adjust:exact}}";

/// Paper has nothing to open.
constexpr std::string_view kScript =
    "addEventListener('beforeprint',()=>document.querySelectorAll('details')"
    ".forEach(d=>d.open=true))";

/// Where cells are put below each other, each says which column it is of.
std::string html_cell(const std::string& cell, const std::string& column) {
  return column.empty() ? fmt::format("<td>{}</td>", escaped(cell))
                        : fmt::format("<td data-label=\"{}\">{}</td>", escaped(column),
                                      escaped(cell));
}

std::string html_row(const std::vector<std::string>& cells,
                     const std::vector<std::string>& columns, bool has_heading) {
  std::string row = "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i)
    row += has_heading && i == 0
               ? fmt::format("<th scope=\"row\">{}</th>", escaped(cells[i]))
               : html_cell(cells[i], columns[i]);
  return row + "</tr>\n";
}

std::string html_heading(const std::vector<std::string>& columns) {
  std::string row = "<tr>";
  for (const std::string& column : columns)
    row += fmt::format("<th scope=\"col\">{}</th>", escaped(column));
  return row + "</tr>\n";
}

} // namespace

bool is_page(const std::filesystem::path& file) {
  return file.extension() == ".html";
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text)
    switch (c) {
    case '&': result += "&amp;"; break;
    case '<': result += "&lt;"; break;
    case '>': result += "&gt;"; break;
    case '"': result += "&quot;"; break;
    default: result += c;
    }
  return result;
}

std::string page_lines(const std::vector<std::string>& lines) {
  std::string text = "<pre>";
  for (const std::string& line : lines)
    text += escaped(line) + "\n";
  return text + "</pre>\n";
}

std::string page_fold(std::string_view summary, std::string_view content, bool is_open) {
  return fmt::format("<details{}><summary>{}</summary>\n{}</details>\n",
                     is_open ? " open" : "", escaped(summary), content);
}

Page::Page(std::string_view title) : title_(escaped(title)) {}

void Page::add_verdict(Mark mark, std::string_view text) {
  const bool good = mark == Mark::kGood;
  content_ += fmt::format("<p class=\"verdict {}\">{} {}</p>\n", good ? "good" : "bad",
                          good ? "✓" : "✗", escaped(text));
}

void Page::add_heading(std::string_view text) {
  content_ += fmt::format("<h2>{}</h2>\n", escaped(text));
}

void Page::add_table(const Section& section) {
  if (section.rows.empty())
    return;
  add_heading(section.title);
  const bool has_columns = !section.columns.front().empty();
  content_ += has_columns ? "<table class=\"named\">\n" : "<table>\n";
  if (has_columns)
    content_ += html_heading(section.columns);
  for (const auto& row : section.rows)
    content_ += html_row(row, section.columns, section.has_row_headings || !has_columns);
  content_ += "</table>\n";
}

std::string Page::text() const {
  return fmt::format("<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width\">\n"
                     "<title>{0}</title>\n<style>{1}</style>\n<main>\n<h1>{0}</h1>\n"
                     "{2}</main>\n<script>{3}</script>\n</html>\n",
                     title_, kStyle, content_, kScript);
}

} // namespace kpatch::report
