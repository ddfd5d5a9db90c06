// SPDX-License-Identifier: GPL-2.0-or-later
//
// A web page in one file that needs no other: for the desk, the phone and the printer, in
// light and dark. What is said by a colour is said by a sign or a word, too. What folds
// is <details>, which keyboards open, and which opens by itself where it is printed.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::report {

/// A table with a heading; every row has as many cells as there are columns. Without
/// names of columns the first cell of each row is its heading, as it is on demand.
struct Section {
  std::string title;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
  bool has_row_headings = false;
};

/// Whether a report is to be a web page, by the ending of its name.
bool is_page(const std::filesystem::path& file);

/// What has a meaning in HTML is written as what it looks like.
std::string escaped(std::string_view text);

/// Lines as they are, broken where the screen ends.
std::string page_lines(const std::vector<std::string>& lines);

/// What is under the summary is shown on demand, or at first if it `is_open`. `content`
/// is HTML, the summary is text.
std::string page_fold(std::string_view summary, std::string_view content, bool is_open);

/// How something ended, as a sign before the words and a colour behind them.
enum class Mark { kGood, kBad };

class Page {
 public:
  explicit Page(std::string_view title);

  void add_verdict(Mark mark, std::string_view text);
  void add_heading(std::string_view text);
  /// Nothing if it has no rows.
  void add_table(const Section& section);
  /// HTML, of which all text is escaped.
  void add(std::string_view html) { content_ += html; }

  std::string text() const;

 private:
  std::string title_;
  std::string content_;
};

} // namespace kpatch::report
