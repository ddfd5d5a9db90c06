// SPDX-License-Identifier: GPL-2.0-or-later
//
// Jump labels and static calls are switched by keys. The kernel walks their tables while
// the patch module is loaded; a key that lives in another module may not be there yet,
// and the relocation to it would be written too late. Keys of vmlinux are fine
// (since 5.8). With keys of modules the entry is left out, and the code does without:
//
//   - tracepoints and dynamic debug are just not switched on in the patched code;
//   - a static call goes on calling its trampoline, which the kernel keeps up to date
//     for everybody without an entry (kernel/static_call_inline.c, __static_call_update);
//   - the instruction of a jump label becomes a jump to a test of the key, whose
//     address is an ordinary livepatch relocation: written before the code can run.
#include "diff/jump_labels.h"

#include "base/error.h"
#include "base/module_name.h"
#include "diff/lookup.h"
#include "elf/orc.h"

#include <algorithm>

namespace kpatch::diff {

namespace {

constexpr std::string_view kKeyPrefix = "__SCK__";
constexpr std::string_view kTrampolinePrefix = "__SCT__";

// What the low bits of a jump entry's key mean (linux/jump_label.h).
constexpr std::int64_t kKeyBits = 3;
constexpr std::int64_t kBranchBit = 1;

bool is_brought_along(const Context& context, SymbolId key) {
  return context.patched.home(key) && context.patched.symbols[key].status == Status::kNew;
}

bool is_owned_by_module(const Context& context, SymbolId key) {
  // What is new comes along, whatever else has its name: all descriptors of pr_debug()
  // are called `descriptor.N` or __UNIQUE_ID_ddebugN.
  if (is_brought_along(context, key))
    return false;
  const auto found = look_up(context, context.patched, key);
  return found && found->object != kVmlinux;
}

std::string place(const Context& context, const elf::Relocation& code) {
  return fmt::format("{}()+{:#x}", context.patched.symbol(code.symbol).name, code.addend);
}

void note_once(Context& context, Note note) {
  if (std::ranges::find(context.notes, note) == context.notes.end())
    context.notes.push_back(std::move(note));
}

void note_switched_off(Context& context, SymbolId function, std::string_view what,
                       std::string_view key) {
  const std::string& name = context.patched.symbol(function).name;
  note_once(context,
            {.code = code::kSwitchedOff,
             .symbol = name,
             .text = fmt::format("a {} of {} stays switched off in the patch: the kernel "
                                 "cannot reach its key {} from there",
                                 what, name, key)});
}

/// Whether the unwinder will know about code that is added to a function. Without ORC
/// tables it follows frame pointers, which such code leaves alone.
bool can_describe_unwinding(const Context& context) {
  return special::size_of(context.inputs.sizes, special::kOrcEntry) ||
         !context.patched.object.find_section(elf::kOrcPlaces);
}

/// Plans a test of the key in the place of the jump label, if there can be one.
bool plan_key_test(Context& context, std::span<const elf::Relocation> entry) {
  const Side& patched = context.patched;
  const SymbolId function = entry[0].symbol;
  const SectionId home = patched.home(function);
  const auto site =
      static_cast<std::uint64_t>(entry[0].addend) + patched.symbol(function).value;
  if (!home || patched.sections[home].bundled != function ||
      !patched.arch.can_test_key(patched.section(home), site) ||
      !can_describe_unwinding(context))
    return false;
  const SymbolId key = entry[2].symbol;
  const std::int64_t key_and_bits = entry[2].addend;
  const Reason reason{ReasonKind::kReferenced, function};
  include_symbol(context, key, reason);
  include_symbol(context, entry[1].symbol, reason);
  context.key_tests.push_back({home,
                               {.site = site,
                                .key = key,
                                .key_offset = key_and_bits & ~kKeyBits,
                                .jumps_if_enabled = !(key_and_bits & kBranchBit),
                                .target = entry[1].symbol,
                                .target_offset = entry[1].addend}});
  const std::string& name = patched.symbol(function).name;
  note_once(context, {.symbol = name,
                      .text = fmt::format("{} tests {} instead of being rewritten when "
                                          "it is switched: a module owns that key",
                                          name, patched.symbol(key).name)});
  return true;
}

/// Whether the code at a static call's site calls its trampoline.
bool calls_trampoline(const Context& context, std::span<const elf::Relocation> entry) {
  const Side& patched = context.patched;
  const SectionId home = patched.home(entry[0].symbol);
  const auto site =
      static_cast<std::uint64_t>(entry[0].addend) + patched.symbol(entry[0].symbol).value;
  const std::string& key = patched.symbol(entry[1].symbol).name;
  if (!key.starts_with(kKeyPrefix) && !key.starts_with(kTrampolinePrefix))
    return false;
  const std::string trampoline =
      std::string(kTrampolinePrefix) + key.substr(kKeyPrefix.size());
  return std::ranges::any_of(
      patched.section(home).relocations, [&](const elf::Relocation& relocation) {
        return relocation.offset == site + 1 &&
               patched.symbol(relocation.symbol).name == trampoline;
      });
}

} // namespace

bool keeps_jump_label(Context& context, std::span<const elf::Relocation> entry) {
  if (entry.size() != 3)
    fail("{}: BUG: __jump_table has an unexpected format", context.inputs.label);
  const elf::Relocation& code = entry[0];
  const SymbolId key = entry[2].symbol;
  const std::string& name = context.patched.symbol(key).name;
  const bool is_debug = is_dynamic_debug(context.patched, key);
  const bool is_harmless = is_debug || name.starts_with("__tracepoint_");

  std::string_view obstacle;
  if (context.inputs.klp_arch)
    obstacle = ".  Jump labels aren't supported with this kernel";
  else if (is_owned_by_module(context, key))
    obstacle = ", which is defined in a module";
  if (!obstacle.empty()) {
    if (is_harmless)
      note_switched_off(context, code.symbol, is_debug ? "debug message" : "tracepoint",
                        name);
    else if (context.inputs.klp_arch || !plan_key_test(context, entry))
      add_problem(context, code::kJumpLabel, context.patched.symbol(code.symbol).name,
                  fmt::format("Found a jump label at {}, using key {}{}.  Use "
                              "static_key_enabled() instead.",
                              place(context, code), name, obstacle),
                  "Use static_key_enabled() in the patched function.");
    return false;
  }
  if (is_debug || is_brought_along(context, key)) // the entry alone may refer to it
    include_symbol(context, key, {ReasonKind::kReferenced, code.symbol});
  return true;
}

bool keeps_static_call(Context& context, std::span<const elf::Relocation> entry) {
  if (entry.size() != 2)
    fail("{}: BUG: .static_call_sites has an unexpected format", context.inputs.label);
  const SymbolId key = entry[1].symbol;
  if (!is_owned_by_module(context, key))
    return true;
  const std::string& name = context.patched.symbol(key).name;
  if (name.starts_with("__SCK__tp_func_")) {
    note_switched_off(context, entry[0].symbol, "tracepoint", name);
    return false;
  }
  if (calls_trampoline(context, entry))
    note_once(context,
              {.symbol = context.patched.symbol(entry[0].symbol).name,
               .text = fmt::format("{} calls through {} by its trampoline: a module owns "
                                   "that key",
                                   context.patched.symbol(entry[0].symbol).name, name)});
  else
    add_problem(
        context, code::kStaticCall, context.patched.symbol(entry[0].symbol).name,
        fmt::format("Found a static call at {}, using key {}, which is defined in a "
                    "module.  Use KPATCH_STATIC_CALL() instead.",
                    place(context, entry[0]), name),
        "Use KPATCH_STATIC_CALL() in the patched function.");
  return false;
}

} // namespace kpatch::diff
