// SPDX-License-Identifier: GPL-2.0-or-later
//
// Jump labels and static calls are switched by keys. The kernel walks their tables while
// the patch module is loaded; a key that lives in another module may not be there yet,
// and the relocation to it would be written too late. Keys of vmlinux are fine
// (since 5.8). Keys of modules are dropped where that only switches something off
// (tracepoints, dynamic debug) and refused otherwise.
#include "diff/jump_labels.h"

#include "base/error.h"
#include "diff/lookup.h"

namespace kpatch::diff {

namespace {

constexpr std::string_view kVmlinux = "vmlinux";

bool is_owned_by_module(const Context& context, SymbolId key) {
  const auto found = look_up(context, context.patched, key);
  return found && found->object != kVmlinux;
}

std::string place(const Context& context, const elf::Relocation& code) {
  return fmt::format("{}()+{:#x}", context.patched.symbol(code.symbol).name, code.addend);
}

} // namespace

bool keeps_jump_label(Context& context, const std::vector<elf::Relocation>& entry) {
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
    if (!is_harmless)
      add_problem(context, code::kJumpLabel, context.patched.symbol(code.symbol).name,
                  fmt::format("Found a jump label at {}, using key {}{}.  Use "
                              "static_key_enabled() instead.",
                              place(context, code), name, obstacle),
                  "Use static_key_enabled() in the patched function.");
    return false;
  }
  if (is_debug)
    include_symbol(context, key, {ReasonKind::kReferenced, code.symbol});
  return true;
}

bool keeps_static_call(Context& context, const std::vector<elf::Relocation>& entry) {
  if (entry.size() != 2)
    fail("{}: BUG: .static_call_sites has an unexpected format", context.inputs.label);
  const SymbolId key = entry[1].symbol;
  if (!is_owned_by_module(context, key))
    return true;
  const std::string& name = context.patched.symbol(key).name;
  if (!name.starts_with("__SCK__tp_func_"))
    add_problem(
        context, code::kStaticCall, context.patched.symbol(entry[0].symbol).name,
        fmt::format("Found a static call at {}, using key {}, which is defined in a "
                    "module.  Use KPATCH_STATIC_CALL() instead.",
                    place(context, entry[0]), name),
        "Use KPATCH_STATIC_CALL() in the patched function.");
  return false;
}

} // namespace kpatch::diff
