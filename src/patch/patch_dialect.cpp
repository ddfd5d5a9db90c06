// SPDX-License-Identifier: GPL-2.0-or-later
//
// patch(1) takes more for a change than unified diffs: context diffs, what plain diff
// prints, ed scripts, and all of these also indented (intuit_diff_type() in its pch.c).
// What the reader skips as text but patch(1) would apply is half a patch to whoever tried
// it with patch(1), so it is known by its form here and named.
//
// Mails may be encoded (RFC 2045, 6.7): quoted-printable has "=3D" for every "=", and a
// "=" at the end of a line that goes on.
#include "patch/patch_dialect.h"

#include "base/text.h"

#include <algorithm>
#include <cctype>

namespace kpatch::patch {

namespace {

using Lines = std::span<const std::string_view>;

constexpr std::string_view kHex = "0123456789ABCDEF";
constexpr std::string_view kEncodingHeader = "content-transfer-encoding:";

std::string_view line_at(Lines lines, std::size_t at) {
  return at < lines.size() ? lines[at] : std::string_view();
}

std::string_view unindented(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return line;
}

std::string_view trimmed(std::string_view line) {
  line = unindented(line);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
    line.remove_suffix(1);
  return line;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return result;
}

/// "12,15c3" of plain diff: the letter's place, or npos.
std::size_t command_letter(std::string_view line) {
  const std::size_t letter = line.find_first_not_of("0123456789,");
  if (letter == 0 || letter == std::string_view::npos || line[0] == ',')
    return std::string_view::npos;
  return std::string_view("acd").find(line[letter]) == std::string_view::npos
             ? std::string_view::npos
             : letter;
}

bool is_plain_diff(Lines lines, std::size_t at) {
  const std::string_view line = trimmed(line_at(lines, at));
  const std::size_t letter = command_letter(line);
  if (letter == std::string_view::npos || letter + 1 == line.size() ||
      line.find_first_not_of("0123456789,", letter + 1) != std::string_view::npos)
    return false;
  const std::string_view next = unindented(line_at(lines, at + 1));
  return next.starts_with("< ") || next.starts_with("> ");
}

/// "2a", "2i", "2,3c", "2,3d", "2s/.//": a whole line (get_ed_command_letter() in pch.c).
bool is_ed_command(std::string_view line) {
  const std::size_t at = line.find_first_not_of("0123456789,");
  if (at == 0 || at == std::string_view::npos || line[0] == ',')
    return false;
  const bool pair = line.find(',') != std::string_view::npos;
  const std::string_view command = line.substr(at);
  return command == "c" || command == "d" || command == "s/.//" ||
         (!pair && (command == "a" || command == "i"));
}

/// patch(1) takes commands for a script once a line with nothing but a dot ends them, or
/// if no other diff follows.
bool is_ed_script(Lines lines, std::size_t at) {
  if (!is_ed_command(trimmed(line_at(lines, at))))
    return false;
  for (std::size_t i = at + 1; i < lines.size(); ++i) {
    if (trimmed(lines[i]) == ".")
      return true;
    if (unindented(lines[i]).starts_with("--- ") &&
        unindented(line_at(lines, i + 1)).starts_with("+++ "))
      return false;
  }
  return true;
}

bool is_context_diff(Lines lines, std::size_t at) {
  return unindented(line_at(lines, at)).starts_with("*** ") &&
         unindented(line_at(lines, at + 1)).starts_with("--- ") &&
         unindented(line_at(lines, at + 2)).starts_with("***************");
}

/// How "=" is used: as the start of an escape, or as itself.
struct EqualSigns {
  std::size_t escapes = 0;
  std::size_t plain = 0;
  bool has_escaped_itself = false; ///< "=3D"
};

EqualSigns equal_signs(Lines lines) {
  EqualSigns signs;
  for (std::string_view line : lines) {
    while (line.ends_with('\r'))
      line.remove_suffix(1);
    for (std::size_t at = line.find('='); at != std::string_view::npos;
         at = line.find('=', at + 1)) {
      const std::string_view code = line.substr(at + 1, 2);
      const bool escape =
          code.empty() ||
          (code.size() == 2 && code.find_first_not_of(kHex) == std::string_view::npos);
      ++(escape ? signs.escapes : signs.plain);
      signs.has_escaped_itself = signs.has_escaped_itself || code == "3D";
    }
  }
  return signs;
}

} // namespace

bool is_plain_name(std::string_view name) {
  return is_plain(name, "_+.,/-");
}

std::string_view without_byte_order_mark(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF"))
    text.remove_prefix(3);
  return text;
}

std::string mail_encoding(Lines lines) {
  bool said = false;
  std::size_t body = 0; // headers and dates have no say
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string line = lower(lines[i]);
    if (body == 0 && line.starts_with("--- "))
      body = i;
    if (!line.starts_with(kEncodingHeader))
      continue;
    said = said || line.find("quoted-printable") != std::string::npos;
    if (line.find("base64") != std::string::npos && body == 0 &&
        std::ranges::none_of(
            lines, [](std::string_view other) { return other.starts_with("+++ "); }))
      return "base64";
  }
  const EqualSigns signs = equal_signs(lines.subspan(body));
  // Mails that were saved decoded keep the header.
  const bool encoded = signs.escapes > 0 && signs.plain == 0;
  return encoded && (said || signs.has_escaped_itself) ? "quoted-printable" : "";
}

bool is_indented_diff(Lines lines, std::size_t at) {
  const std::string_view line = line_at(lines, at);
  return line.size() != unindented(line).size() && unindented(line).starts_with("--- ") &&
         unindented(line_at(lines, at + 1)).starts_with("+++ ") &&
         unindented(line_at(lines, at + 2)).starts_with("@@ -");
}

std::string foreign_change(Lines lines, std::size_t at) {
  const std::string_view line = line_at(lines, at);
  if (is_context_diff(lines, at))
    return "a context diff; make it again with diff -u";
  if (is_plain_diff(lines, at))
    return "a diff without context; make it again with diff -u";
  if (is_ed_script(lines, at))
    return "an ed script; make it again with diff -u";
  if (line.starts_with("diff --cc ") || line.starts_with("diff --combined ") ||
      line.starts_with("@@@ "))
    return "a combined diff, as git shows a merge; make it against one parent, with git "
           "diff MERGE^1 MERGE";
  return {};
}

} // namespace kpatch::patch
