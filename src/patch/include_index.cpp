// SPDX-License-Identifier: GPL-2.0-or-later
//
// To tell which units a header reaches takes what the compiler would read for each of
// thousands of units. Asking the compiler takes minutes; here the #include lines are
// followed from the units on by their text, which takes a second and says too much at
// times (a line is switched off by the configuration) but not too little. A name is
// looked for as the kernel's makefiles have it looked for: beside the file if in
// quotation marks, then in the kernel's own include directories, and if it is in none of
// these, anywhere, since makefiles may add directories (-I).
#include "patch/include_index.h"

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "patch/c_lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <unordered_map>

namespace kpatch::patch {
namespace fs = std::filesystem;

namespace {

/// No unit reads files from these.
constexpr std::string_view kOtherTrees[] = {"Documentation", "LICENSES", "samples",
                                            "scripts",       "usr",      ".git"};
/// Read before every unit: USERINCLUDE and c_flags in the kernel's Makefile and
/// scripts/Makefile.lib.
constexpr std::string_view kReadAlways[] = {"include/linux/compiler-version.h",
                                            "include/linux/kconfig.h",
                                            "include/linux/compiler_types.h"};

struct IncludeLine {
  std::string name;
  bool quoted = false; ///< else in <>
  bool is_macro = false;
};

/// The name in "x" or <x> at the start of the text.
std::optional<IncludeLine> header_name(std::string_view text) {
  if (text.empty() || (text[0] != '"' && text[0] != '<'))
    return std::nullopt;
  const std::size_t end = text.find(text[0] == '"' ? '"' : '>', 1);
  if (end == std::string_view::npos || end == 1)
    return std::nullopt;
  return IncludeLine{std::string(text.substr(1, end - 1)), text[0] == '"', false};
}

} // namespace

/// One scan of a tree.
class IncludeScan {
 public:
  IncludeScan(const fs::path& source, const fs::path& objects,
              const kernel::UnitIndex& units)
      : source_(source), objects_(objects) {
    list_architectures(units);
    list_files(source_, {});
    list_files(objects_ / "include", "include");
    for (const std::string& architecture : architectures_)
      list_files(objects_ / "arch" / architecture / "include",
                 "arch/" + architecture + "/include");
    for (auto& [name, paths] : by_name_)
      std::ranges::sort(paths);
  }

  IncludeIndex scan(const kernel::UnitIndex& units) {
    for (const auto& [unit, owners] : units.all())
      if (files_.contains(unit))
        visit(unit);
    // Not units, but part of the kernel as other images: boot code, the vDSO.
    for (const std::string& architecture : architectures_)
      for (auto file = files_.lower_bound("arch/" + architecture + "/");
           file != files_.end() && file->starts_with("arch/" + architecture + "/");
           ++file)
        if (file->ends_with(".c"))
          visit(*file);
    for (const std::string_view header : kReadAlways)
      if (files_.contains(std::string(header)))
        visit(std::string(header));
    while (!pending_.empty()) {
      const IncludeIndex::FileId file = pending_.back();
      pending_.pop_back();
      follow(file);
    }
    join_macros();
    return std::move(index_);
  }

 private:
  using FileId = IncludeIndex::FileId;

  void list_architectures(const kernel::UnitIndex& units) {
    for (const auto& [unit, owners] : units.all())
      if (unit.starts_with("arch/"))
        architectures_.insert(unit.substr(5, unit.find('/', 5) - 5));
    for (const char* include : {"include", "include/uapi", "include/generated/uapi"})
      for (const std::string& architecture : architectures_)
        roots_.push_back("arch/" + architecture + "/" + include);
    for (const std::string& architecture : architectures_)
      roots_.push_back("arch/" + architecture + "/include/generated");
    for (const char* root : {"include", "include/uapi", "include/generated/uapi"})
      roots_.emplace_back(root);
  }

  bool is_of_this_kernel(const std::string& path, const fs::path& name) const {
    if (path.find('/') == std::string::npos)
      return std::ranges::find(kOtherTrees, name.native()) == std::end(kOtherTrees);
    const bool is_architecture =
        path.starts_with("arch/") && path.find('/', 5) == std::string::npos;
    return !is_architecture || architectures_.contains(name.native());
  }

  void list_files(const fs::path& directory, const std::string& prefix) {
    std::error_code absent;
    for (const auto& entry : fs::directory_iterator(directory, absent)) {
      const fs::path name = entry.path().filename();
      const std::string path =
          prefix.empty() ? name.native() : prefix + "/" + name.native();
      if (entry.is_directory() && !entry.is_symlink()) {
        if (is_of_this_kernel(path, name))
          list_files(entry.path(), path);
      } else if (entry.is_regular_file() && files_.insert(path).second) {
        by_name_[name.native()].push_back(path);
      }
    }
  }

  FileId visit(const std::string& path) {
    const std::size_t before = index_.size();
    const FileId file = index_.add_file(path);
    if (index_.size() > before)
      pending_.push_back(file);
    return file;
  }

  std::vector<std::string> meanings(const std::string& file,
                                    const IncludeLine& line) const {
    const std::string beside =
        (fs::path(file).parent_path() / line.name).lexically_normal();
    if (line.quoted && files_.contains(beside))
      return {beside};
    std::vector<std::string> found;
    for (const std::string& root : roots_)
      if (const std::string path = fs::path(root + "/" + line.name).lexically_normal();
          files_.contains(path))
        found.push_back(path);
    if (!found.empty())
      return found;
    std::string_view tail = line.name;
    while (tail.starts_with("../") || tail.starts_with("./"))
      tail.remove_prefix(tail.find('/') + 1);
    const auto named = by_name_.find(fs::path(line.name).filename());
    if (named != by_name_.end())
      for (const std::string& path : named->second)
        if (path == tail || path.ends_with("/" + std::string(tail)))
          found.push_back(path);
    return found;
  }

  void follow(FileId file) {
    const std::string path = index_.path(file); // the list grows meanwhile
    std::optional<std::string> text = read_text_if_exists(source_ / path);
    if (!text)
      text = read_text_if_exists(objects_ / path);
    if (!text)
      return;
    for (const Directive& directive : directives_of(*text))
      if (directive.word == "include")
        include(file, path, directive.rest);
      else if (directive.word == "define")
        define(path, directive.rest);
  }

  void include(FileId file, const std::string& path, std::string_view what) {
    if (const auto name = header_name(what))
      for (const std::string& meant : meanings(path, *name))
        index_.add_include(file, visit(meant));
    else if (!word_at(what).empty())
      by_macro_.emplace_back(file, word_at(what));
  }

  /// `#define ASM_HEADER <asm/x.h>`, for `#include ASM_HEADER`.
  void define(const std::string& path, std::string_view what) {
    const std::string_view name = word_at(what);
    if (name.size() == what.size())
      return;
    if (const auto header = header_name(trimmed(what.substr(name.size()))))
      for (const std::string& meant : meanings(path, *header))
        headers_of_macros_.emplace(std::string(name), meant);
  }

  /// Trace headers, which have themselves included again by a macro with arguments, are
  /// included by name first.
  void join_macros() {
    while (!by_macro_.empty()) {
      const auto uses = std::move(by_macro_);
      by_macro_.clear();
      for (const auto& [file, macro] : uses) {
        const auto [first, last] = headers_of_macros_.equal_range(macro);
        for (auto at = first; at != last; ++at)
          index_.add_include(file, visit(at->second));
      }
      while (!pending_.empty()) {
        const FileId file = pending_.back();
        pending_.pop_back();
        follow(file);
      }
    }
  }

  fs::path source_;
  fs::path objects_;
  std::set<std::string> architectures_;
  std::vector<std::string> roots_;
  std::set<std::string> files_;
  std::unordered_map<std::string, std::vector<std::string>> by_name_;
  std::vector<std::pair<FileId, std::string>> by_macro_;
  std::multimap<std::string, std::string> headers_of_macros_;
  std::vector<FileId> pending_;
  IncludeIndex index_;
};

IncludeIndex IncludeIndex::scan(const fs::path& source, const fs::path& objects,
                                const kernel::UnitIndex& units) {
  return IncludeScan(source, objects, units).scan(units);
}

IncludeIndex::FileId IncludeIndex::add_file(const std::string& path) {
  const auto [known, is_new] = ids_.emplace(path, static_cast<FileId>(paths_.size()));
  if (is_new) {
    paths_.push_back(path);
    includes_.emplace_back();
    included_by_.emplace_back();
  }
  return known->second;
}

void IncludeIndex::add_include(FileId file, FileId included) {
  if (std::ranges::find(includes_[file], included) != includes_[file].end())
    return;
  includes_[file].push_back(included);
  included_by_[included].push_back(file);
}

std::optional<IncludeIndex::FileId> IncludeIndex::find(std::string_view path) const {
  const auto found = ids_.find(path);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

namespace {

void mark_reached(const std::vector<std::vector<IncludeIndex::FileId>>& edges,
                  IncludeIndex::FileId start, std::vector<bool>& reached,
                  std::optional<IncludeIndex::Include> without = std::nullopt) {
  const auto is_left_out = [&](IncludeIndex::FileId from, IncludeIndex::FileId to) {
    return without && without->file == from && without->included == to;
  };
  std::vector<IncludeIndex::FileId> pending{start};
  reached[start] = true;
  while (!pending.empty()) {
    const IncludeIndex::FileId file = pending.back();
    pending.pop_back();
    for (const IncludeIndex::FileId next : edges[file])
      if (!reached[next] && !is_left_out(file, next)) {
        reached[next] = true;
        pending.push_back(next);
      }
  }
}

} // namespace

std::vector<IncludeIndex::FileId> IncludeIndex::reaching(FileId file) const {
  std::vector<bool> marks(size());
  mark_reached(included_by_, file, marks);
  std::vector<FileId> files;
  for (FileId other = 0; other < size(); ++other)
    if (marks[other] && other != file)
      files.push_back(other);
  for (const std::string_view header : kReadAlways)
    if (const auto always = find(header); always && marks[*always]) {
      // It is read before every unit, so every unit reads `file`.
      files.resize(size());
      for (FileId other = 0; other < size(); ++other)
        files[other] = other;
      std::erase(files, file);
    }
  return files;
}

std::vector<bool> IncludeIndex::closure(FileId file,
                                        std::optional<Include> without) const {
  std::vector<bool> marks(size());
  mark_reached(includes_, file, marks, without);
  for (const std::string_view header : kReadAlways)
    if (const auto always = find(header); always && !marks[*always])
      mark_reached(includes_, *always, marks, without);
  return marks;
}

std::vector<bool> IncludeIndex::closure(std::span<const FileId> files) const {
  std::vector<bool> marks(size());
  for (const FileId file : files) {
    const std::vector<bool> reads = closure(file);
    for (FileId other = 0; other < size(); ++other)
      marks[other] = marks[other] || reads[other];
  }
  return marks;
}

std::vector<IncludeIndex::FileId>
IncludeIndex::resolve(FileId file, std::string_view named, bool quoted) const {
  const std::string beside =
      (fs::path(path(file)).parent_path() / named).lexically_normal();
  if (const auto found = find(beside); quoted && found)
    return {*found};
  while (named.starts_with("../") || named.starts_with("./"))
    named.remove_prefix(named.find('/') + 1);
  std::vector<FileId> files;
  for (FileId other = 0; other < size(); ++other)
    if (paths_[other] == named || paths_[other].ends_with("/" + std::string(named)))
      files.push_back(other);
  return files;
}

std::string IncludeIndex::text() const {
  std::string text;
  for (FileId file = 0; file < size(); ++file) {
    text += paths_[file];
    for (const FileId included : includes_[file])
      fmt::format_to(std::back_inserter(text), "\t{}", included);
    text += '\n';
  }
  return text;
}

namespace {

[[noreturn]] void refuse_record(std::string_view label) {
  fail_with_remedy("remove the file and build again: kpatch-build makes a new one",
                   "{}: not a list of includes", label);
}

} // namespace

IncludeIndex IncludeIndex::parse(std::string_view text, std::string_view label) {
  IncludeIndex index;
  const std::vector<std::string_view> lines = lines_of(text);
  for (const std::string_view line : lines)
    index.add_file(std::string(line.substr(0, line.find('\t'))));
  if (index.size() != lines.size()) // a path that stands twice has one number
    refuse_record(label);
  for (FileId file = 0; file < lines.size(); ++file) {
    std::string_view rest = lines[file];
    rest.remove_prefix(index.paths_[file].size());
    while (!rest.empty()) {
      FileId included = 0;
      const auto [end, error] =
          std::from_chars(rest.data() + 1, rest.data() + rest.size(), included);
      if (error != std::errc() || included >= lines.size())
        refuse_record(label);
      rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
      index.includes_[file].push_back(included);
      index.included_by_[included].push_back(file);
    }
  }
  return index;
}

} // namespace kpatch::patch
