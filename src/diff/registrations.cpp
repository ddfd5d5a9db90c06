// SPDX-License-Identifier: GPL-2.0-or-later
//
// Some sections are lists that somebody reads for vmlinux or for a module when it starts:
// the linker script gathers them (asm-generic/vmlinux.lds.h), resolve_btfids fills in
// .BTF_ids, the loader hands them on (kernel/module/main.c, find_module_sections). Nobody
// reads them for what a patch brings: nothing of the patch refers to them, so they do not
// travel, or they do and stay empty. What each kind of entry means for the patch stands
// in the table; a list that is not in it is judged as any other data.
#include "base/text.h"
#include "diff/context.h"
#include "diff/portraits.h"
#include "special/names.h"

#include <algorithm>
#include <array>
#include <set>

namespace kpatch::diff {

namespace {

enum class Answer {
  kLeftOut, ///< the patch works without: said, and a list that only grew is not an
            ///< obstacle
  kRefused, ///< the patch would not do what it says
};

/// What a list means that the unit did not have before.
enum class WhenNew {
  kMissed,      ///< code of the patch works, and goes without
  kNeededByUse, ///< what is part of the patch refers to it
  kNeeded,
};

/// How entries are known by name.
enum class Names {
  kSymbols, ///< by their symbols, or by what they refer to if they have none
  kSection, ///< one section each, named after the entry
  kBtfIds,  ///< as kSymbols, with a counter and a line behind (linux/btf_ids.h)
  kHooks,   ///< by what they refer to besides the head of a list of LSM hooks
};

struct Kind {
  std::string_view section; ///< its name, or how a family of names begins: "..._"
  std::string_view entry;   ///< how names of entries begin
  std::string_view what;
  Answer answer = Answer::kLeftOut;
  std::string_view meaning;
  std::string_view remedy;
  Names names = Names::kSymbols;
  WhenNew when_new = WhenNew::kMissed;
};

constexpr std::string_view kNoEvent =
    "events are registered when their object starts, and "
    "the running kernel keeps the ones it has";
constexpr std::string_view kEventRemedy =
    "Leave the trace event as it is, or print with pr_info() or trace_printk() instead.";

constexpr Kind event(std::string_view section, std::string_view entry,
                     Names names = Names::kSymbols) {
  return {section, entry, "trace event", Answer::kRefused, kNoEvent, kEventRemedy, names};
}

constexpr Kind hooks(std::string_view section) {
  return {section,
          "",
          "LSM hook",
          Answer::kRefused,
          "hooks are registered once, at boot, and the list is read-only since",
          "Make the check in a function that the existing hooks or their callers run.",
          Names::kHooks};
}

constexpr Kind left_out(std::string_view section, std::string_view entry,
                        std::string_view what, std::string_view meaning,
                        std::string_view remedy) {
  return {section, entry, what, Answer::kLeftOut, meaning, remedy};
}

constexpr Kind decrypted(std::string_view section) {
  return {section,
          "",
          "decrypted variable",
          Answer::kRefused,
          "the kernel shares only its own section of them with the hypervisor",
          "Take memory from the DMA API, or call set_memory_decrypted() in a callback.",
          Names::kSymbols,
          WhenNew::kNeededByUse};
}

constexpr std::string_view kKept = "the running kernel has read the old one already";
constexpr std::string_view kCallIt = "Call what it registers from a callback.";

constexpr Kind kKinds[] = {
    {".BTF_ids", "__BTF_ID__", "BTF id", Answer::kRefused,
     "ids are filled in when the kernel is linked, and would be 0 in the patch",
     "Leave the list of ids as it is; compare names or pointers in the code instead.",
     Names::kBtfIds, WhenNew::kNeededByUse},

    event("_ftrace_events", "__event_"),
    event("__tracepoints_ptrs", "__tracepoint_"),
    event("__tracepoints_strings", "__tpstrtab_"),
    event("__tracepoints", "__tracepoint_"),
    event("__bpf_raw_tp_map", "__bpf_trace_tp_map_"),
    event(".ref.data", "event_class_"),
    event(".data.print_fmt_", "", Names::kSection),
    event(".data.trace_event_fields_", "", Names::kSection),
    event(".data.trace_event_type_funcs_", "", Names::kSection),
    left_out("_ftrace_eval_map", "", "trace enumeration value",
             "formats of the running kernel's events do not show it by name",
             "Nothing needs to be done if only its display matters."),
    hooks(".data..ro_after_init"),
    hooks(".data..read_mostly"),

    left_out("__param", "__param_", "module parameter",
             "it has no file and cannot be set, and its variable keeps the first value",
             "Set the variable from a callback if it must differ."),
    left_out("_kprobe_blacklist", "_kbl_addr_", "NOKPROBE_SYMBOL",
             "kprobes can be set in the patch's copy of the function",
             "Mark the function __kprobes or noinstr if no probe may be set there."),
    left_out("_error_injection_whitelist", "_eil_addr_", "ALLOW_ERROR_INJECTION",
             "no error can be injected into the patch's copy of the function",
             "Nothing needs to be done unless a test injects errors there."),
    left_out(".con_initcall.init", "", "console initcall", "it does not run", kCallIt),
    left_out(".lsm_info.init", "__lsm_", "security module", "it is not started", kCallIt),
    left_out(".early_lsm_info.init", "__early_lsm_", "security module",
             "it is not started", kCallIt),
    left_out(".pci_fixup_", "__pci_fixup_", "PCI fixup", "it does not run", kCallIt),
    left_out(".kunit_test_suites", "", "KUnit suite", "its tests do not run",
             "Build the tests as a module of their own."),
    left_out("__earlycon_table", "", "early console", "it is for booting only", kCallIt),
    left_out("__syscalls_metadata", "", "description of a system call",
             "it is not traced by name", "Nothing needs to be done."),
    decrypted(".data..decrypted"),
    decrypted(".bss..decrypted"),
    decrypted(".data..percpu..decrypted"),
    {"___srcu_struct_ptrs", "", "static SRCU structure", Answer::kRefused,
     "the loader would have to start it, but does not know of it",
     "Use init_srcu_struct() in a pre-patch callback, cleanup_srcu_struct() in a "
     "post-unpatch one.",
     Names::kSymbols, WhenNew::kNeeded},
};

/// The lists of hook heads in 6.1 and in 6.12 (linux/lsm_hooks.h).
constexpr std::array<std::string_view, 2> kHookHeads = {"security_hook_heads",
                                                        "static_calls_table"};

bool matches(const Kind& kind, std::string_view section) {
  section = special::shared_data_of(section);
  return kind.section.ends_with('_') ? section.starts_with(kind.section)
                                     : section == kind.section;
}

bool is_hook_head(std::string_view target) {
  return std::ranges::any_of(
      kHookHeads, [&](std::string_view head) { return target.starts_with(head); });
}

std::string without(std::string_view name, std::string_view prefix) {
  if (name.starts_with(prefix))
    name.remove_prefix(prefix.size());
  return std::string(name);
}

/// "__BTF_ID__struct__task_struct__1234" is "struct task_struct".
std::string btf_name(std::string_view symbol) {
  std::string name(without_last_digits(without(symbol, "__BTF_ID__")));
  while (name.ends_with("__"))
    name.resize(name.size() - 2);
  if (const std::size_t at = name.find("__"); at != std::string::npos && at > 0)
    name.replace(at, 2, " ");
  return name;
}

/// The entries of a list: what each is made of, by its name.
std::multimap<std::string, std::string> entries(const Side& side, SectionId id,
                                                const Kind& kind) {
  std::multimap<std::string, std::string> found;
  if (!id)
    return found;
  const elf::Section& section = side.section(id);
  const auto things = portraits(side, id);
  for (const auto& [name, thing] : things) {
    std::string content(thing.bytes.begin(), thing.bytes.end());
    bool is_hooks = false;
    for (const auto& [at, target] : thing.references) {
      content += fmt::format(";{}:{}", at, target);
      is_hooks |= is_hook_head(target);
    }
    switch (kind.names) {
    case Names::kSymbols: found.emplace(without(name, kind.entry), content); break;
    case Names::kSection:
      found.emplace(without(section.name, kind.section), content);
      break;
    case Names::kBtfIds:
      if (name.starts_with(kind.entry))
        found.emplace(btf_name(name), "");
      break;
    case Names::kHooks:
      for (const auto& [at, target] : thing.references)
        if (is_hooks && !is_hook_head(target))
          found.emplace(target, "");
    }
  }
  if (things.empty() && kind.names == Names::kSymbols)
    for (const elf::Relocation& relocation : section.relocations)
      found.emplace(without(side.symbol(relocation.symbol).name, kind.entry), "");
  return found;
}

bool changed_from_twin(const Side& side, SectionId id) {
  const SectionState& state = side.sections[id];
  return state.twin &&
         (state.content == Status::kChanged ||
          (side.section(id).has_relocations && state.relocations == Status::kChanged));
}

class Judge {
 public:
  explicit Judge(Context& context) : context_(context), patched_(context.patched) {}

  void run() {
    for (const Kind& kind : kKinds)
      for (SectionId id = 1; id < patched_.sections.size(); ++id)
        if (matches(kind, patched_.section(id).name) &&
            (patched_.section(id).flags & SHF_ALLOC))
          judge(kind, id);
  }

 private:
  using Entries = std::multimap<std::string, std::string>;

  struct Differences {
    std::set<std::string> added, altered, removed;
    bool any() const { return !added.empty() || !altered.empty() || !removed.empty(); }
  };

  static Differences compare(const Entries& now, const Entries& before) {
    Differences result;
    for (const auto& [name, content] : now)
      if (now.count(name) > before.count(name))
        result.added.insert(name);
      else if (now.count(name) == 1 && before.count(name) == 1 &&
               before.find(name)->second != content)
        result.altered.insert(name);
    for (const auto& [name, content] : before)
      if (before.count(name) > now.count(name))
        result.removed.insert(name);
    return result;
  }

  void judge(const Kind& kind, SectionId id) {
    SectionState& state = patched_.sections[id];
    if (state.twin && !changed_from_twin(patched_, id))
      return;
    const Differences differences = compare(entries(patched_, id, kind),
                                            entries(context_.original, state.twin, kind));
    if (kind.answer == Answer::kLeftOut && !differences.removed.empty() &&
        !is_of_system_call(kind, *differences.removed.begin()))
      return; // no mere addition
    const bool is_needed = state.twin || kind.when_new == WhenNew::kNeeded ||
                           (kind.when_new == WhenNew::kNeededByUse && state.included);
    if (differences.any() && explains_all(kind, id, differences))
      tell(kind, differences, kind.answer == Answer::kRefused && is_needed);
    else if (kind.names != Names::kBtfIds || !has_same_ids(id))
      return;
    if (state.twin && !state.included)
      state.content = state.relocations = Status::kSame;
  }

  void tell(const Kind& kind, const Differences& differences, bool is_refused) {
    for (const std::string& name : differences.added)
      if (is_refused)
        refuse(kind, name, "is new", kind.meaning);
      else
        leave_out(kind, name);
    for (const std::string& name : differences.altered)
      refuse(kind, name, "changes", is_refused ? kind.meaning : kKept);
    for (const std::string& name : differences.removed)
      if (!is_of_system_call(kind, name))
        refuse(kind, name, "is taken away", kind.meaning);
  }

  /// KLP_SYSCALL_DEFINEn of kernels since 6.19 (linux/livepatch_helpers.h) leaves out
  /// what SYSCALL_DEFINEn tells the tracer of a system call, which has read it long ago
  /// and goes by the number of the call.
  static bool is_of_system_call(const Kind& kind, std::string_view name) {
    return kind.section == "__syscalls_metadata" ||
           (kind.section == "_ftrace_events" &&
            (name.starts_with("enter__") || name.starts_with("exit__")));
  }

  /// Whether ids differ in nothing but the counters in their names.
  bool has_same_ids(SectionId id) const {
    const SectionId twin = patched_.sections[id].twin;
    return twin && id_names(patched_, id) == id_names(context_.original, twin) &&
           patched_.section(id).data == context_.original.section(twin).data;
  }

  static std::map<std::uint64_t, std::string> id_names(const Side& side, SectionId home) {
    std::map<std::uint64_t, std::string> names;
    for (SymbolId id = 1; id < side.symbols.size(); ++id)
      if (side.home(id) == home && side.symbol(id).name.starts_with("__BTF_ID__"))
        names[side.symbol(id).value] = btf_name(side.symbol(id).name);
    return names;
  }

  /// Data of other kinds lies in .ref.data, too.
  bool explains_all(const Kind& kind, SectionId id,
                    const Differences& differences) const {
    if (kind.section != ".ref.data")
      return true;
    const auto are_classes = [&](const Side& side, SectionId home,
                                 const std::set<std::string>& names) {
      const auto things = portraits(side, home);
      return std::ranges::all_of(names, [&](const std::string& name) {
        return things.contains(std::string(kind.entry) + name);
      });
    };
    return are_classes(patched_, id, differences.added) &&
           are_classes(patched_, id, differences.altered) &&
           are_classes(context_.original, patched_.sections[id].twin,
                       differences.removed);
  }

  bool is_told(const Kind& kind, const std::string& name) {
    return !told_.emplace(kind.what, name).second;
  }

  void refuse(const Kind& kind, const std::string& name, std::string_view how,
              std::string_view meaning) {
    if (!is_told(kind, name))
      add_problem(context_, code::kRegistration, name,
                  fmt::format("{} {} {}: {}", kind.what, name, how, meaning),
                  std::string(kind.remedy));
  }

  void leave_out(const Kind& kind, const std::string& name) {
    if (!is_told(kind, name))
      notice(context_, code::kLeftOut, name, "{} {} is left out: {}. {}", kind.what, name,
             kind.meaning, kind.remedy);
  }

  Context& context_;
  Side& patched_;
  std::set<std::pair<std::string_view, std::string>> told_;
};

} // namespace

void judge_registrations(Context& context) {
  Judge(context).run();
}

} // namespace kpatch::diff
