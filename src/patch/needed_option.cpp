// SPDX-License-Identifier: GPL-2.0-or-later
//
// Why a file is not compiled stands in the lists of makefiles, from its own folder's up:
//
//   obj-$(CONFIG_XFS_FS) += xfs.o        a unit, a composite, or with a "/" a folder
//   xfs-$(CONFIG_XFS_QUOTA) += xfs_qm.o  a part of a composite
//   ifeq ($(CONFIG_X),y) ... endif       around such lines (ifdef CONFIG_X likewise)
//
// The lists are read as text: make is asked what is compiled, but it does not say why
// something is not. If any line that could bring the file in is not understood, nothing
// is said.
#include "patch/needed_option.h"

#include "base/files.h"
#include "patch/makefile_lines.h"

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

namespace kpatch::patch {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kPrefix = "CONFIG_";

/// One word of one list.
struct Listed {
  std::string list;                 ///< "obj", "xfs"
  std::string word;                 ///< "xfs_qm.o", "libxfs/"
  std::vector<std::string> options; ///< all of these must be on
};

std::string option_in(std::string_view text) {
  const std::size_t at = text.find(kPrefix);
  if (at == std::string_view::npos)
    return {};
  const auto end =
      std::find_if(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(),
                   [](unsigned char c) { return !std::isalnum(c) && c != '_'; });
  return std::string(text.begin() + static_cast<std::ptrdiff_t>(at), end);
}

/// The lists of one makefile, with the conditions around them.
class Lists {
 public:
  explicit Lists(std::string_view text) {
    for (const std::string& line : logical_lines(text))
      take(line);
  }
  const std::vector<Listed>& all() const { return listed_; }

 private:
  void take(const std::string& line) {
    const std::string_view text = line;
    if (text.starts_with("ifdef ") || text.starts_with("ifeq "))
      conditions_.push_back(is_positive(text) ? option_in(text) : "");
    else if (text.starts_with("ifneq ") || text.starts_with("ifndef "))
      conditions_.push_back(is_filled(text) ? option_in(text) : "");
    else if (text.starts_with("else") && !conditions_.empty())
      conditions_.back().clear();
    else if (text.starts_with("endif") && !conditions_.empty())
      conditions_.pop_back();
    else if (const auto assignment = parse_assignment(line))
      take_list(*assignment);
  }

  /// "ifdef CONFIG_X", "ifeq ($(CONFIG_X),y)"
  static bool is_positive(std::string_view text) {
    return text.starts_with("ifdef ") || text.find(",y)") != std::string_view::npos ||
           text.find(",m)") != std::string_view::npos;
  }
  /// "ifneq ($(CONFIG_X),)"
  static bool is_filled(std::string_view text) {
    return text.starts_with("ifneq ") && text.find(",)") != std::string_view::npos;
  }

  void take_list(const Assignment& assignment) {
    const std::size_t end = assignment.name.rfind('-', assignment.name.find("$("));
    if (end == std::string::npos || end == 0)
      return;
    std::vector<std::string> options;
    for (const std::string& condition : conditions_)
      if (!condition.empty())
        options.push_back(condition);
    if (const std::string option = option_in(assignment.name.substr(end));
        !option.empty())
      options.push_back(option);
    for (const std::string& word : words_of(assignment.value))
      listed_.push_back({assignment.name.substr(0, end), word, options});
  }

  std::vector<std::string> conditions_;
  std::vector<Listed> listed_;
};

class Search {
 public:
  Search(const fs::path& root, const kernel::Config& config)
      : root_(root), config_(config) {}

  std::string run(const fs::path& path) {
    const fs::path folder = path.parent_path();
    if (path.extension() == ".c" || path.extension() == ".S")
      if (const auto option = missing_for_object(path); !option.empty())
        return option;
    return missing_above(folder);
  }

 private:
  /// A folder without a makefile is served by one further up: "kvm-amd-y += svm/svm.o".
  std::string missing_for_object(const fs::path& path) const {
    const fs::path object = fs::path(path).replace_extension(".o");
    for (fs::path folder = path.parent_path();; folder = folder.parent_path()) {
      const std::string word = object.lexically_relative(folder.empty() ? "." : folder);
      const auto option = missing_for(lists_of(folder), word, 0);
      if (!option.empty() || folder.empty() || has_lists(folder))
        return option;
    }
  }

  bool has_lists(const fs::path& folder) const {
    return fs::exists(root_ / folder / "Kbuild") ||
           fs::exists(root_ / folder / "Makefile");
  }

  Lists lists_of(const fs::path& folder) const {
    for (const char* name : {"Kbuild", "Makefile"})
      if (const auto text = read_text_if_exists(root_ / folder / name))
        return Lists(*text);
    return Lists({});
  }

  /// Whether some makefile further up enters the folder only with an option that is off.
  std::string missing_above(const fs::path& folder) {
    for (fs::path below = folder; below.has_parent_path() || !below.empty();) {
      const fs::path above = below.parent_path();
      const std::string word = below.lexically_relative(above.empty() ? "." : above);
      if (const auto option = missing_for(lists_of(above), word + "/", 0);
          !option.empty())
        return option;
      below = above;
    }
    return {};
  }

  /// What keeps the word out; nothing if one of the lists that it is in counts.
  std::string missing_for(const Lists& lists, const std::string& word, int depth) const {
    std::string missing;
    for (const Listed& listed : lists.all()) {
      if (listed.word != word)
        continue;
      std::string here;
      for (const std::string& option : listed.options)
        if (here.empty() && !config_.is_set(option))
          here = option;
      const bool is_composite = listed.list != "obj" && listed.list != "lib";
      if (here.empty() && is_composite && depth < 4 && listed.list + ".o" != word)
        here = missing_for(lists, listed.list + ".o", depth + 1);
      if (here.empty())
        return {};
      missing = here;
    }
    return missing;
  }

  const fs::path& root_;
  const kernel::Config& config_;
};

} // namespace

std::string missing_option(const fs::path& root, const kernel::Config& config,
                           const std::string& path) {
  return Search(root, config).run(path);
}

} // namespace kpatch::patch
