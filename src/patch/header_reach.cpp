// SPDX-License-Identifier: GPL-2.0-or-later
//
// Most headers are read by far more units than use what a patch changes in them: one
// inline function of <linux/skbuff.h>, which two thousand units read, may be used by
// five. Compiling the others would give the objects that there are. So the items of the
// header that differ are found, and name_spread.cpp tells whose code depends on them.
//
// Assembly can use macros alone: a type or a function whose name some register, label or
// field happens to share means nothing to it.
#include "patch/header_reach.h"

#include "base/files.h"
#include "base/parallel.h"
#include "patch/c_lexer.h"
#include "patch/name_spread.h"
#include "patch/source_items.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

namespace kpatch::patch {
namespace fs = std::filesystem;

namespace {

using FileId = IncludeIndex::FileId;

/// The header by which trace headers have themselves read again, once for each kind of
/// code they make, in the unit that defines kMakesTracepoints.
constexpr std::string_view kTraceHeader = "include/trace/define_trace.h";
constexpr std::string_view kMakesTracepoints = "CREATE_TRACE_POINTS";

bool is_code(std::string_view path) {
  return path.ends_with(".c") || path.ends_with(".S");
}

enum class Language { kC, kAssembly };

class ReachSearch {
 public:
  ReachSearch(const IncludeIndex& index, const SourceTrees& trees,
              std::span<const HeaderChange> changes, Language language)
      : index_(index), trees_(trees), changes_(changes), language_(language),
        spread_(words_), is_trace_(index.size()), nothing_(index.size()) {
    if (const auto header = index.find(kTraceHeader))
      for (const FileId file : index.including(*header))
        is_trace_[file] = true;
    makes_tracepoints_ = words_.add(kMakesTracepoints);
  }

  std::vector<std::string> search(std::span<const std::string> units) {
    for (const HeaderChange& change : changes_)
      compare(change);
    std::vector<std::string> found;
    std::vector<std::string> open;
    for (const std::string& unit : units)
      if (const auto file = index_.find(unit); !file || !reads_a_change(*file))
        continue;
      else if (must_be_compiled(*file))
        found.push_back(unit);
      else
        open.push_back(unit);
    const bool by_name = !changed_.empty() || !changed_parts_.empty() || !called_.empty();
    if (!open.empty() && by_name)
      search_by_name(open, found);
    std::ranges::sort(found);
    return found;
  }

 private:
  struct Include {
    FileId header;
    std::vector<FileId> meanings;
  };

  bool counts(const SourceItem& item) const {
    return language_ == Language::kC || item.is_macro || item.is_unclear;
  }

  /// What the change of one header is.
  void compare(const HeaderChange& change) {
    const auto header = index_.find(change.path);
    if (!header)
      return;
    std::map<std::string, int> balance;
    const std::vector<SourceItem> original = source_items(change.original);
    const std::vector<SourceItem> patched = source_items(change.patched);
    for (const SourceItem& item : original)
      ++balance[item.identity];
    for (const SourceItem& item : patched)
      --balance[item.identity];
    for (const auto* items : {&original, &patched})
      for (const SourceItem& item : *items) {
        if (!counts(item))
          continue;
        if (balance[item.identity] != 0)
          take_changed(*header, item);
        spread_.add_item({*header, item, words_}, item.pastes);
      }
    compare_includes(*header, change);
  }

  void take_changed(FileId header, const SourceItem& item) {
    for (const std::string_view name : item.defines)
      changed_.push_back({header, words_.add(name)});
    for (const std::string_view part : item.defines_made_of)
      changed_parts_.push_back({header, words_.add(part)});
    // A call of a macro that the header does not define is for the unit to expand.
    if (item.emits || item.is_unclear)
      unclear_.insert(header);
    if (!item.calls.empty())
      called_.emplace_back(header, words_.add(item.calls));
  }

  void compare_includes(FileId header, const HeaderChange& change) {
    const std::vector<std::string> before = include_names(change.original);
    const std::vector<std::string> after = include_names(change.patched);
    for (const auto& [some, others] : {std::pair(&before, &after), {&after, &before}})
      for (const std::string& name : *some)
        if (std::ranges::find(*others, name) == others->end())
          includes_.push_back({header, meanings(header, name)});
  }

  std::vector<FileId> meanings(FileId header, const std::string& name) const {
    if (name.size() < 3 || (name[0] != '"' && name[0] != '<'))
      return {};
    return index_.resolve(header, name.substr(1, name.size() - 2), name[0] == '"');
  }

  bool reads_a_change(FileId unit) const {
    const std::vector<bool> reads = index_.closure(unit);
    return std::ranges::any_of(changes_, [&](const HeaderChange& change) {
      const auto header = index_.find(change.path);
      return header && reads[*header];
    });
  }

  /// Whether a unit must be compiled whatever its names are: it reads a header of which
  /// anything may have changed, or that includes another header now, which the unit does
  /// not read for another reason.
  bool must_be_compiled(FileId unit) const {
    if (unclear_.empty() && includes_.empty())
      return false;
    const std::vector<bool> reads = index_.closure(unit);
    if (std::ranges::any_of(unclear_, [&](FileId header) { return reads[header]; }))
      return true;
    return std::ranges::any_of(includes_, [&](const Include& include) {
      if (!reads[include.header])
        return false;
      const bool known = std::ranges::any_of(include.meanings, [&](FileId file) {
        return reads_otherwise(unit, include, file);
      });
      return !known;
    });
  }

  bool reads_otherwise(FileId unit, const Include& include, FileId file) const {
    return index_.closure(unit, IncludeIndex::Include{include.header, file})[file];
  }

  std::string text_of(FileId file) const {
    if (auto text = read_text_if_exists(trees_.source / index_.path(file)))
      return *std::move(text);
    return read_text_if_exists(trees_.objects / index_.path(file)).value_or("");
  }

  void read_header(FileId file) {
    const std::string text = text_of(file);
    std::vector<SourceItem> items = source_items(text);
    std::erase_if(items, [&](const SourceItem& item) {
      if (!counts(item))
        return true;
      return item.mentions.size() <= item.defines.size() && item.pastes.empty() &&
             item.defines_made_of.empty() && !item.is_unclear;
    });
    const std::scoped_lock alone(mutex_);
    for (const SourceItem& item : items)
      spread_.add_item({file, item, words_}, item.pastes);
  }

  /// A source file as one item, with the macros in it besides.
  void read_code(FileId file) {
    const std::string text = text_of(file);
    std::vector<std::string_view> mentions;
    CLexer lexer(text);
    bool in_include = false;
    for (Token token; lexer.next(token);) {
      in_include = token.in_directive && !token.begins_line &&
                   (in_include || token.text == "include");
      if (token.kind == TokenKind::kIdentifier && !in_include)
        mentions.push_back(token.text);
    }
    std::ranges::sort(mentions);
    mentions.erase(std::unique(mentions.begin(), mentions.end()), mentions.end());
    std::vector<SourceItem> items;
    if (text.find("##") != std::string::npos)
      items = source_items(text);
    std::erase_if(items, [](const SourceItem& item) { return item.pastes.empty(); });

    NamedItem whole;
    whole.file = file;
    whole.emits = true;
    const std::scoped_lock alone(mutex_);
    whole.mentions = words_.add_all(mentions);
    if (std::ranges::binary_search(whole.mentions, makes_tracepoints_))
      makers_of_tracepoints_.insert(file);
    for (const SourceItem& item : items) // before: its name is spelled in the whole, too
      spread_.add_item({file, item, words_}, item.pastes);
    spread_.add_item(std::move(whole), {});
  }

  /// Everything that the units read, changed headers aside.
  std::vector<FileId> files_of(std::span<const FileId> units) const {
    std::vector<bool> wanted(index_.size());
    for (const FileId unit : units) {
      const std::vector<bool> reads = index_.closure(unit);
      for (FileId file = 0; file < index_.size(); ++file)
        wanted[file] = wanted[file] || reads[file];
    }
    for (const HeaderChange& change : changes_)
      if (const auto file = index_.find(change.path))
        wanted[*file] = false;
    std::vector<FileId> files;
    for (FileId file = 0; file < index_.size(); ++file)
      if (wanted[file])
        files.push_back(file);
    return files;
  }

  void search_by_name(const std::vector<std::string>& units,
                      std::vector<std::string>& found) {
    std::vector<FileId> ids;
    for (const std::string& unit : units)
      ids.push_back(*index_.find(unit));
    const std::vector<FileId> files = files_of(ids);
    for_each_in_parallel(files.size(), trees_.jobs, [&](std::size_t i) {
      if (is_code(index_.path(files[i])))
        read_code(files[i]);
      else
        read_header(files[i]);
    });
    for (const auto& [header, macro] : called_)
      if (!spread_.is_defined(macro))
        unclear_.insert(header);
    spread_.start_from(changed_, changed_parts_);
    for (std::size_t i = 0; i < units.size(); ++i)
      if (uses(ids[i]))
        found.push_back(units[i]);
  }

  bool uses(FileId unit) {
    const std::vector<bool> reads = index_.closure(unit);
    if (std::ranges::any_of(unclear_, [&](FileId header) { return reads[header]; }))
      return true;
    return spread_.reaches(
        {reads, makers_of_tracepoints_.contains(unit) ? is_trace_ : nothing_});
  }

  const IncludeIndex& index_;
  const SourceTrees& trees_;
  std::span<const HeaderChange> changes_;
  const Language language_;
  std::mutex mutex_;
  Vocabulary words_;
  NameSpread spread_;
  std::vector<bool> is_trace_;
  std::vector<bool> nothing_;
  std::set<FileId> makers_of_tracepoints_;
  WordId makes_tracepoints_ = 0;
  std::vector<ChangedName> changed_;
  std::vector<ChangedName> changed_parts_;
  std::set<FileId> unclear_;
  std::vector<std::pair<FileId, WordId>> called_;
  std::vector<Include> includes_;
};

} // namespace

std::vector<std::string> units_using(const IncludeIndex& index, const SourceTrees& trees,
                                     std::span<const HeaderChange> changes,
                                     std::span<const std::string> units) {
  std::vector<std::string> found;
  for (const Language language : {Language::kC, Language::kAssembly}) {
    std::vector<std::string> some;
    std::ranges::copy_if(units, std::back_inserter(some), [&](const std::string& unit) {
      return unit.ends_with(".c") == (language == Language::kC);
    });
    if (!some.empty())
      std::ranges::move(ReachSearch(index, trees, changes, language).search(some),
                        std::back_inserter(found));
  }
  std::ranges::sort(found);
  return found;
}

} // namespace kpatch::patch
