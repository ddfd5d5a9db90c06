// SPDX-License-Identifier: GPL-2.0-or-later
//
// Most headers are read by far more units than use what a patch changes in them: one
// inline function of <linux/skbuff.h>, which two thousand units read, may be used by
// five. Compiling the others would give the objects that there are. So the items of the
// header that differ are found, and name_spread.cpp tells whose code depends on them.
// What a header gets from a file that the patch brings are its own items: a type that
// moves there is the same type.
//
// Assembly can use macros alone: a type or a function whose name some register, label or
// field happens to share means nothing to it.
#include "patch/header_reach.h"

#include "base/files.h"
#include "base/parallel.h"
#include "patch/brought_files.h"
#include "patch/c_lexer.h"
#include "patch/given_names.h"
#include "patch/handed_on_words.h"
#include "patch/macro_calls.h"
#include "patch/name_spread.h"
#include "patch/source_items.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>

namespace kpatch::patch {

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
    read_changes();
    std::vector<std::string> found;
    std::vector<std::string> open;
    std::vector<FileId> ids;
    for (const std::string& unit : units)
      if (const auto file = index_.find(unit); !file || !reads_a_change(*file))
        continue;
      else if (must_be_compiled(*file))
        found.push_back(unit);
      else {
        open.push_back(unit);
        ids.push_back(*file);
      }
    if (!open.empty() && changes_names()) {
      read_files(ids);
      for (std::size_t i = 0; i < open.size(); ++i)
        if (uses(ids[i], {}))
          found.push_back(open[i]);
    }
    std::ranges::sort(found);
    return found;
  }

  std::map<std::string, std::vector<std::string>>
  search_headers(std::span<const std::string> units) {
    read_changes();
    std::map<std::string, std::vector<std::string>> found;
    std::vector<FileId> ids;
    for (const std::string& unit : units)
      if (const auto file = index_.find(unit))
        ids.push_back(*file);
    if (changes_names())
      read_files(ids);
    for (const FileId unit : ids) {
      const std::vector<bool> reads = index_.closure(unit);
      for (const HeaderChange& change : changes_)
        if (const auto header = index_.find(change.path);
            header && reads[*header] &&
            (must_be_compiled(unit, header) || (changes_names() && uses(unit, header))))
          found[index_.path(unit)].push_back(change.path);
    }
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

  void read_changes() {
    for (const HeaderChange& change : changes_)
      compare(change);
    for (const HeaderChange& change : changes_)
      if (const auto header = index_.find(change.path))
        for (const std::string* text : {&change.original, &change.patched})
          handed_on_.add_macros(*header, plain_macros(source_items(*text)));
    for (const Difference& difference : differences_)
      take_changed(difference, twin_of(difference));
  }

  bool changes_names() const {
    return !changed_.empty() || !changed_parts_.empty() || !called_.empty();
  }

  /// What the change of one header is.
  void compare(const HeaderChange& change) {
    const auto header = index_.find(change.path);
    if (!header)
      return;
    std::map<std::string, int> balance;
    std::vector<SourceItem> original = source_items(change.original);
    const Brought brought = brought_into(index_, changes_, change);
    std::vector<SourceItem> patched = source_items(change.patched);
    for (const HeaderChange* file : brought.files)
      for (SourceItem& item : source_items(file->patched)) {
        if (item.is_guard) // no file has defined it so far
          item.is_unclear = false;
        patched.push_back(std::move(item));
      }
    for (std::vector<SourceItem>* items : {&original, &patched}) {
      *items = with_calls_expanded(*items, texts_);
      handed_on_.add_words(*header, *items);
    }
    for (const SourceItem& item : original)
      ++balance[key(item)];
    for (const SourceItem& item : patched)
      --balance[key(item)];
    for (const auto& [items, others] :
         {std::pair(&original, &patched), {&patched, &original}})
      for (GivenNames given; const SourceItem& item : *items) {
        if (!counts(item))
          continue;
        given.read(item);
        NamedItem named = named_item(*header, item, given);
        if (const int left = balance[key(item)])
          differences_.push_back({.header = *header,
                                  .item = item,
                                  .names = names_changed(item, *others, balance),
                                  .never_made = named.never_made,
                                  .is_new = left < 0});
        spread_.add_item(std::move(named), item.pastes);
      }
    compare_includes(*header, inclusions(change.original), brought.other_includes);
  }

  /// What has the same key is the same thing to this language.
  std::string key(const SourceItem& item) const {
    const bool is_hidden = language_ == Language::kAssembly && item.is_for_c_only;
    return item.identity + (is_hidden ? "for C only" : "");
  }

  NamedItem named_item(FileId file, const SourceItem& item, const GivenNames& given) {
    NamedItem named(file, item, words_);
    named.never_made = words_.add_all(given.never_made_by(item));
    std::ranges::sort(named.never_made);
    return named;
  }

  /// An item that one side of a header has and the other has not.
  struct Difference {
    FileId header;
    SourceItem item;
    std::vector<std::string_view> names; ///< those that mean something else
    std::vector<WordId> never_made;
    bool is_new;
  };

  /// Of the names that the item defines: all, if there is no item like it on the other
  /// side.
  std::vector<std::string_view> names_changed(const SourceItem& item,
                                              std::span<const SourceItem> others,
                                              std::map<std::string, int>& balance) const {
    for (const SourceItem& other : others)
      if (balance[key(other)] != 0)
        if (auto names = changed_names(item, other))
          return *std::move(names);
    return item.defines;
  }

  /// Where the item is on the other side, if it has moved from one header to another.
  std::optional<FileId> twin_of(const Difference& difference) const {
    std::optional<FileId> twin;
    for (const Difference& other : differences_)
      if (key(other.item) == key(difference.item) && other.header != difference.header) {
        if (other.is_new == difference.is_new || twin)
          return std::nullopt;
        twin = other.header;
      }
    return twin;
  }

  void take_changed(const Difference& difference, std::optional<FileId> twin) {
    const auto& [header, item, names, never_made, is_new] = difference;
    for (const std::string_view name : names)
      changed_.push_back({header, words_.add(name), twin});
    for (const std::string_view part : item.defines_made_of)
      changed_parts_.push_back({{header, words_.add(part), twin}, never_made});
    // A call of a macro that the header does not define is for the unit to expand.
    if (item.emits || item.is_unclear)
      unclear_.insert(header);
    if (!item.calls.empty())
      called_.emplace_back(header, words_.add(item.calls));
  }

  void compare_includes(FileId header, const std::vector<Inclusion>& before,
                        const std::vector<Inclusion>& after) {
    for (const auto& [some, others] : {std::pair(&before, &after), {&after, &before}})
      for (const Inclusion& line : *some)
        if (std::ranges::find(*others, line) == others->end())
          includes_.push_back({header, meanings(header, line.name)});
  }

  std::vector<FileId> meanings(FileId header, const std::string& name) const {
    if (!is_file_name(name))
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
  /// not read for another reason. Of one header, or of all.
  bool must_be_compiled(FileId unit, std::optional<FileId> only = {}) const {
    if (unclear_.empty() && includes_.empty())
      return false;
    const std::vector<bool> reads = index_.closure(unit);
    if (reads_unclear(reads, only))
      return true;
    return std::ranges::any_of(includes_, [&](const Include& include) {
      if (!reads[include.header] || (only && include.header != *only))
        return false;
      const bool known = std::ranges::any_of(include.meanings, [&](FileId file) {
        return reads_otherwise(unit, include, file);
      });
      return !known;
    });
  }

  bool reads_unclear(const std::vector<bool>& reads, std::optional<FileId> only) const {
    return std::ranges::any_of(unclear_, [&](FileId header) {
      return reads[header] && (!only || header == *only);
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
    const std::vector<SourceItem> items = source_items(text);
    const bool has_calls = std::ranges::any_of(
        items, [](const SourceItem& item) { return !item.calls.empty(); });
    GivenNames given;
    const std::scoped_lock alone(mutex_);
    handed_on_.add_macros(file, plain_macros(items));
    for (const SourceItem& item : items) {
      if (has_calls)
        given.read(item);
      if (counts(item) && !leads_nowhere(item))
        spread_.add_item(named_item(file, item, given), item.pastes);
    }
  }

  /// Most are numbers of some register.
  static bool leads_nowhere(const SourceItem& item) {
    std::vector<std::string_view> own = item.defines;
    std::ranges::sort(own);
    return std::ranges::includes(own, item.mentions) && item.pastes.empty() &&
           item.defines_made_of.empty() && !item.is_unclear;
  }

  /// A source file as one item, with the macros in it besides.
  void read_code(FileId file) {
    const std::string text = text_of(file);
    std::vector<std::string_view> mentions;
    std::vector<std::string_view> macros;
    CLexer lexer(text);
    bool in_include = false;
    bool in_define = false;
    for (Token token; lexer.next(token);) {
      if (in_define &&
          token.text.data() + token.text.size() != text.data() + text.size() &&
          token.text.data()[token.text.size()] != '(')
        macros.push_back(token.text);
      in_define = token.in_directive && token.text == "define";
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
    handed_on_.add_macros(file, macros);
    whole.mentions = words_.add_all(mentions);
    whole.given = whole.mentions;
    if (std::ranges::binary_search(whole.mentions, makes_tracepoints_))
      makers_of_tracepoints_.insert(file);
    for (const SourceItem& item : items) // before: its name is spelled in the whole, too
      spread_.add_item({file, item, words_}, item.pastes);
    spread_.add_item(std::move(whole), {});
  }

  /// Everything that the units read, changed headers aside.
  std::vector<FileId> files_of(std::span<const FileId> units) const {
    std::vector<bool> wanted = index_.closure(units);
    for (const HeaderChange& change : changes_)
      if (const auto file = index_.find(change.path))
        wanted[*file] = false;
    std::vector<FileId> files;
    for (FileId file = 0; file < index_.size(); ++file)
      if (wanted[file])
        files.push_back(file);
    return files;
  }

  void read_files(const std::vector<FileId>& units) {
    const std::vector<FileId> files = files_of(units);
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
  }

  bool uses(FileId unit, std::optional<FileId> only) {
    const std::vector<bool> reads = index_.closure(unit);
    return handed_on_.are_macros(reads, only) || reads_unclear(reads, only) ||
           spread_.reaches({reads,
                            makers_of_tracepoints_.contains(unit) ? is_trace_ : nothing_,
                            only});
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
  std::vector<Difference> differences_;
  std::vector<ChangedName> changed_;
  std::vector<ChangedPart> changed_parts_;
  std::deque<std::string> texts_; ///< what items view
  HandedOnWords handed_on_;
  std::set<FileId> unclear_;
  std::vector<std::pair<FileId, WordId>> called_;
  std::vector<Include> includes_;
};

/// The units of one language.
std::vector<std::string> units_of(std::span<const std::string> units, Language language) {
  std::vector<std::string> some;
  std::ranges::copy_if(units, std::back_inserter(some), [&](const std::string& unit) {
    return unit.ends_with(".c") == (language == Language::kC);
  });
  return some;
}

} // namespace

std::vector<std::string> units_using(const IncludeIndex& index, const SourceTrees& trees,
                                     std::span<const HeaderChange> changes,
                                     std::span<const std::string> units) {
  std::vector<std::string> found;
  for (const Language language : {Language::kC, Language::kAssembly})
    if (const auto some = units_of(units, language); !some.empty())
      std::ranges::move(ReachSearch(index, trees, changes, language).search(some),
                        std::back_inserter(found));
  std::ranges::sort(found);
  return found;
}

std::map<std::string, std::vector<std::string>>
headers_by_unit(const IncludeIndex& index, const SourceTrees& trees,
                std::span<const HeaderChange> changes,
                std::span<const std::string> units) {
  std::map<std::string, std::vector<std::string>> found;
  for (const Language language : {Language::kC, Language::kAssembly})
    if (const auto some = units_of(units, language); !some.empty())
      found.merge(ReachSearch(index, trees, changes, language).search_headers(some));
  return found;
}

} // namespace kpatch::patch
