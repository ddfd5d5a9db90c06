// SPDX-License-Identifier: GPL-2.0-or-later
//
// Unloading a patch frees its functions and variables. What the kernel has been handed of
// them (a timer, the function of a thread, a notifier) it uses all the same:
//
//   f() { timer_setup(&new_timer, new_function, 0); mod_timer(&new_timer, ...); }
//
// Only a callback of the patch can take it back. A pointer to a function that the patch
// replaces is none of these: it leads to the original.
//
// Code may also put the pointer where the kernel looks for one, and call nothing:
//
//   f() { skb->destructor = new_function; }
//
// What it writes to its own stack, or to a variable of the patch, is gone with these.
//
// A text between quotes is the patch's as well, since the compiler gives it no name that
// would lead to the kernel's copy, also where the original has the same:
//
//   probe() { request_irq(irq, handler, 0, "board"); }
#include "arch/arch.h"
#include "base/error.h"
#include "review/outlives_table.h"
#include "review/review_rules.h"
#include "special/names.h"

#include <algorithm>
#include <array>
#include <fnmatch.h>

namespace kpatch::review {

namespace {

/// Variables that macros make: they name, count or key something. __msg is a text for
/// the answer to the request that is being served (NL_SET_ERR_MSG).
constexpr std::array<std::string_view, 7> kByMacros = {
    "__func__", "__key",    "__UNIQUE_ID", "__already_done",
    "__warned", "__PRETTY", "__msg"};

bool fits(std::string_view pattern, const std::string& name) {
  return !pattern.empty() && fnmatch(std::string(pattern).c_str(), name.c_str(), 0) == 0;
}

template <typename Patterns>
bool is_any(const Patterns& patterns, const std::string& name) {
  return std::ranges::any_of(
      patterns, [&](std::string_view pattern) { return fits(pattern, name); });
}

const Registration* registration_of(const std::string& callee) {
  const auto found = std::ranges::find_if(
      kRegistrations, [&](const Registration& row) { return is_any(row.gives, callee); });
  return found == kRegistrations.end() ? nullptr : &*found;
}

std::string_view article_for(std::string_view noun) {
  return std::string_view("aeiou").find(noun.front()) == std::string_view::npos ? "a"
                                                                                : "an";
}

/// How much a reference says about what is handed over.
enum class Weight { kNone, kVariable, kLeadsOn, kFunction };

/// What the callbacks of the patch do when it goes.
struct TakenBack {
  std::set<const Registration*> rows; ///< the kinds that they take back
  bool has_callbacks = false;
};

/// What the patch brings of its own, and what its code does with it.
class Newcomers {
 public:
  explicit Newcomers(const UnitView& unit)
      : unit_(unit), object_(unit.unit.patched), arch_(arch::arch_for(object_)),
        toc_(object_) {
    for (const elf::Symbol& symbol : object_.symbols)
      if (symbol.is_defined() && (symbol.is_function() || symbol.is_object()))
        holders_[symbol.section].push_back(&symbol);
    Names known;
    for (const elf::Symbol& symbol : unit.unit.original.symbols)
      if (symbol.is_defined())
        known.emplace(plain_name(symbol.name));
    for (const auto& [section, symbols] : holders_)
      for (const elf::Symbol* symbol : symbols)
        if (!known.contains(plain_name(symbol->name)) && !is_by_macro(symbol->name))
          weights_[symbol] = weight_of(*symbol);
    for (auto& [symbol, weight] : weights_)
      if (weight == Weight::kVariable && leads_on(*symbol))
        weight = Weight::kLeadsOn;
  }

  /// One finding for each kind of registration in the code of the patch.
  void add_findings(std::vector<Problem>& findings, const TakenBack& taken_back) const {
    for (const auto& [section, symbols] : holders_)
      for (const elf::Symbol* symbol : symbols) {
        const std::string function(plain_name(symbol->name));
        if (!symbol->is_function() || !is_of_patch(function))
          continue;
        add_findings_in(function, object_.sections[section], taken_back, findings);
        if (!taken_back.has_callbacks)
          add_kept_text(function, object_.sections[section], findings);
      }
  }

 private:
  struct Handed {
    const elf::Symbol* what = nullptr;
    Weight weight = Weight::kNone;

    void add(const Handed& other) {
      if (other.weight > weight)
        *this = other;
    }
  };

  static bool is_by_macro(std::string_view name) {
    return std::ranges::any_of(
        kByMacros, [&](std::string_view prefix) { return name.starts_with(prefix); });
  }

  static Weight weight_of(const elf::Symbol& symbol) {
    return symbol.is_function() ? Weight::kFunction : Weight::kVariable;
  }

  const elf::Symbol* target_of(const elf::Relocation& relocation) const {
    const elf::Symbol& symbol = object_.symbols[relocation.symbol];
    if (!symbol.is_section())
      return &symbol;
    const auto found = holders_.find(symbol.section);
    if (found == holders_.end())
      return nullptr;
    for (const elf::Symbol* holder : found->second)
      if (static_cast<std::uint64_t>(relocation.addend) - holder->value < holder->size)
        return holder;
    return found->second.front();
  }

  Handed handed_by(const elf::Relocation& relocation) const {
    const elf::Relocation* const meant = toc_.behind(arch_, object_, relocation);
    const elf::Symbol* const target = meant ? target_of(*meant) : nullptr;
    const auto found = weights_.find(target);
    return found == weights_.end() ? Handed{} : Handed{target, found->second};
  }

  /// Whether a variable holds pointers to what is new.
  bool leads_on(const elf::Symbol& variable) const {
    return std::ranges::any_of(object_.sections[variable.section].relocations,
                               [&](const elf::Relocation& pointer) {
                                 return pointer.offset - variable.value < variable.size &&
                                        handed_by(pointer).what;
                               });
  }

  bool is_of_patch(const std::string& function) const {
    return unit_.unit.replaced.contains(function) || !unit_.original.defines(function);
  }

  /// A call that the original does not make, from there or from what it calls.
  bool is_new_call(const std::string& function, const std::string& callee) const {
    return !unit_.original.reached(function).contains(callee);
  }

  /// What is handed to which kind: by the call that follows, or by a new one.
  void add_findings_in(const std::string& function, const elf::Section& code,
                       const TakenBack& taken_back,
                       std::vector<Problem>& findings) const {
    std::map<const Registration*, std::pair<Handed, std::string>> found;
    Handed all;
    Handed since_call;
    Handed stored;
    for (const elf::Relocation& reference : sorted(code)) {
      const elf::Symbol* const target = target_of(reference);
      if (arch_.takes_address(code, reference)) {
        all.add(handed_by(reference));
        since_call.add(handed_by(reference));
        if (stored.weight < handed_by(reference).weight && is_stored(code, reference))
          stored = handed_by(reference);
      } else if (target && arch_.is_branch(code, reference)) {
        if (const Registration* const row = registration_of(target->name))
          note_found(found, *row, since_call, target->name);
        since_call = {};
      }
    }
    if (all.weight > Weight::kVariable)
      for (const std::string& callee : unit_.patched.reached(function))
        if (const Registration* const row = registration_of(callee);
            row && is_new_call(function, callee))
          note_found(found, *row, all, callee);
    for (const auto& [row, what] : found)
      if (!taken_back.rows.contains(row))
        findings.push_back(problem(function, *row, *what.first.what, what.second));
    if (found.empty() && !taken_back.has_callbacks && stored.what)
      findings.push_back(problem_of_stored(function, *stored.what));
  }

  /// Whether code puts a pointer where it may outlive the patch.
  bool is_stored(const elf::Section& code, const elf::Relocation& pointer) const {
    return handed_by(pointer).what &&
           arch_.is_stored(code, pointer, [&](const elf::Relocation& place) {
             return handed_by(place).what != nullptr;
           });
  }

  /// At most one finding: of the first text that the kernel keeps. Those that code writes
  /// into structures itself are left alone: nearly all are read before the same call ends
  /// (`ti->error = "Bad argument"`).
  void add_kept_text(const std::string& function, const elf::Section& code,
                     std::vector<Problem>& findings) const {
    std::optional<elf::Relocation> since_call;
    for (const elf::Relocation& reference : sorted(code)) {
      if (is_text(code, reference)) {
        since_call = reference;
      } else if (arch_.is_branch(code, reference)) {
        const elf::Symbol* const callee = target_of(reference);
        if (since_call && callee && is_any(kTextKeepers, callee->name)) {
          findings.push_back(
              problem_of_text(function, text_of(code, *since_call), callee->name));
          return;
        }
        since_call.reset();
      }
    }
  }

  bool is_text(const elf::Section& code, const elf::Relocation& reference) const {
    const elf::Symbol& symbol = object_.symbols[reference.symbol];
    return symbol.is_defined() &&
           special::is_string_literal_section(object_.sections[symbol.section].name) &&
           arch_.takes_address(code, reference);
  }

  /// The text that a reference leads to, for messages.
  std::string text_of(const elf::Section& code, const elf::Relocation& reference) const {
    const elf::Symbol& symbol = object_.symbols[reference.symbol];
    const Bytes& texts = object_.sections[symbol.section].data;
    const auto from =
        symbol.value + static_cast<std::uint64_t>(arch_.target_offset(
                           code, reference, arch::instruction_ends(arch_, code)));
    const auto rest =
        std::span(texts).subspan(std::min<std::uint64_t>(from, texts.size()));
    return {rest.begin(), std::ranges::find(rest, 0)};
  }

  static void
  note_found(std::map<const Registration*, std::pair<Handed, std::string>>& found,
             const Registration& row, const Handed& handed, const std::string& callee) {
    if (handed.what && handed.weight > found[&row].first.weight)
      found[&row] = {handed, callee};
    if (!found[&row].first.what)
      found.erase(&row);
  }

  static std::vector<elf::Relocation> sorted(const elf::Section& code) {
    std::vector<elf::Relocation> references = code.relocations;
    std::ranges::sort(references, {}, &elf::Relocation::offset);
    return references;
  }

  Problem problem(const std::string& function, const Registration& row,
                  const elf::Symbol& what, const std::string& callee) const {
    return {.code = "KP4006",
            .object = unit_.label(),
            .symbol = std::string(plain_name(what.name)),
            .message = fmt::format(
                "{} hands it to {} {} ({}), and no callback takes it back before the "
                "patch is gone: the kernel then uses memory that is freed",
                function, article_for(row.what), row.what, callee),
            .remedy =
                row.remedy.empty()
                    ? "hand it a function that the kernel has: nothing waits "
                      "until the kernel no longer uses this one"
                    : fmt::format("call {} in a post-unpatch callback", row.remedy)};
  }

  Problem problem_of_stored(const std::string& function, const elf::Symbol& what) const {
    return {
        .code = "KP4006",
        .object = unit_.label(),
        .symbol = std::string(plain_name(what.name)),
        .message = fmt::format(
            "{} writes its address to memory that is not of the patch, and no "
            "callback takes it back: if it is still there when the patch is gone, the "
            "kernel uses memory that is freed",
            function),
        .remedy = "write the address of something that the kernel has, or take back "
                  "what was written in a post-unpatch callback"};
  }

  Problem problem_of_text(const std::string& function, std::string_view text,
                          std::string_view keeper) const {
    return {
        .code = "KP4006",
        .object = unit_.label(),
        .symbol = function,
        .message = fmt::format(
            "the patch has a text \"{}\" of its own, which the function hands to {}(), "
            "and that keeps its address: when the patch is gone, the kernel reads memory "
            "that is freed",
            text, keeper),
        .remedy = "use a copy that the kernel owns: kstrdup() or devm_kstrdup(); or "
                  "take it back in a post-unpatch callback"};
  }

  const UnitView& unit_;
  const elf::Object& object_;
  const arch::Arch& arch_;
  arch::TocFillers toc_;
  std::map<elf::SectionId, std::vector<const elf::Symbol*>> holders_;
  std::map<const elf::Symbol*, Weight> weights_;
};

TakenBack find_taken_back(const PatchView& patch) {
  TakenBack result;
  for (const UnitView& unit : patch)
    for (const std::string_view section : kLastCallbacks)
      for (const std::string& callback : unit.patched.callbacks(section)) {
        result.has_callbacks = true;
        for (const std::string& name : unit.patched.reached(callback))
          for (const Registration& row : kRegistrations)
            if (is_any(row.takes, name))
              result.rows.insert(&row);
      }
  return result;
}

} // namespace

std::vector<Problem> find_outliving(const PatchView& patch) {
  const TakenBack taken_back = find_taken_back(patch);
  std::vector<Problem> findings;
  for (const UnitView& unit : patch)
    Newcomers(unit).add_findings(findings, taken_back);
  return findings;
}

} // namespace kpatch::review
