// SPDX-License-Identifier: GPL-2.0-or-later
//
// What takes no part in the comparison: sections that compilers make for the linker's
// eyes only, module information (but its namespace imports, which the patch module needs
// too), and what the patch author asks to ignore with KPATCH_IGNORE_SECTION and
// KPATCH_IGNORE_FUNCTION, or who builds the patch by name.
#include "base/error.h"
#include "diff/context.h"

#include <algorithm>
#include <array>

namespace kpatch::diff {

namespace {

constexpr std::string_view kIgnoreSections = ".kpatch.ignore.sections";
constexpr std::string_view kIgnoreFunctions = ".kpatch.ignore.functions";
constexpr std::string_view kModinfo = ".modinfo";
constexpr std::string_view kImport = "import_ns=";

/// What the kernel's code notes down for objtool and for modpost, which have read it in
/// the unit's own object, and what only keeps a symbol alive (macros of
/// include/linux/{compiler,objtool,instrumentation,annotate,init}.h and of
/// arch/*/include, 3.10 to 6.19). Anything else is a message to somebody, and it is not
/// known what of.
constexpr std::array<std::string_view, 21> kDiscarded = {
    ".discard",
    ".discard.addressable",
    ".discard.annotate_data",
    ".discard.annotate_insn",
    ".discard.func_stack_frame_non_standard",
    ".discard.ibt_endbr_noseal",
    ".discard.ignore_alts",
    ".discard.instr_begin",
    ".discard.instr_end",
    ".discard.intra_function_calls",
    ".discard.klp_callback_ptrs",
    ".discard.ksym",
    ".discard.noendbr",
    ".discard.nospec",
    ".discard.reachable",
    ".discard.retpoline_safe",
    ".discard.sym_checksum",
    ".discard.text",
    ".discard.unreachable",
    ".discard.unwind_hints",
    ".discard.validate_unret",
};

/// How MODULE_DEVICE_TABLE() calls the second name that it gives to a table, up to 6.13
/// and since (linux/module.h). modpost makes the module's aliases of it (file2alias.c).
struct DeviceTableName {
  std::string_view start, end;
};
constexpr std::array<DeviceTableName, 2> kDeviceTables = {
    {{"__mod_", "_device_table"}, {"__mod_device_table__", ""}}};

bool is_device_table(std::string_view name) {
  return std::ranges::any_of(kDeviceTables, [&](const DeviceTableName& table) {
    return name.starts_with(table.start) && name.ends_with(table.end);
  });
}

/// Nothing that runs reads it by that name.
void leave_out_device_tables(Context& context) {
  Side& patched = context.patched;
  for (SymbolId id = 1; id < patched.symbols.size(); ++id) {
    SymbolState& state = patched.symbols[id];
    const elf::Symbol& symbol = patched.symbol(id);
    if (state.status != Status::kNew || !symbol.is_object() ||
        !is_device_table(symbol.name))
      continue;
    state.status = Status::kSame;
    notice(
        context, code::kLeftOut, symbol.name,
        "device table {} is left out: depmod reads it from the file of the module, "
        "which stays as it is. Load the module by its name where no device asks for it.",
        symbol.name);
  }
}

/// Each `import_ns=...`, freed of the `<object>.` that built-in code puts before it.
void save_import_namespaces(Context& context, const elf::Section& modinfo) {
  std::string_view rest(reinterpret_cast<const char*>(modinfo.data.data()),
                        modinfo.data.size());
  for (std::size_t at; (at = rest.find(kImport)) != std::string_view::npos;) {
    rest.remove_prefix(at);
    const std::string_view entry = rest.substr(0, rest.find('\0'));
    context.import_namespaces.emplace_back(entry);
    rest.remove_prefix(entry.size());
  }
}

void ignore_section(Context& context, SectionId id) {
  SectionState& state = context.patched.sections[id];
  state.ignored = true;
  if (state.twin)
    context.original.sections[state.twin].ignored = true;
}

void note_left_out(Context& context, const std::string& name) {
  note(context, NoteKind::kIgnored, name, "left out: {}", name);
  context.left_out.push_back(name);
}

/// `.rela.foo` stands for `.foo`: its relocations are part of it.
SectionId section_called(const Side& side, std::string_view name) {
  const SectionId found = side.object.find_section(name);
  constexpr std::string_view kRela = ".rela";
  if (!found && name.starts_with(kRela))
    return side.object.find_section(name.substr(kRela.size()));
  return found;
}

void ignore_requested_sections(Context& context) {
  Side& patched = context.patched;
  const SectionId requests = patched.object.find_section(kIgnoreSections);
  for (const elf::Relocation& request : patched.section(requests).relocations) {
    const SectionId strings = patched.home(request.symbol);
    if (!strings)
      fail("{}: {}: a request that names no string", context.inputs.label,
           kIgnoreSections);
    // The macro's own literal changed that section of strings.
    patched.sections[strings].included = true;
    if (const SymbolId symbol = patched.sections[strings].section_symbol)
      patched.symbols[symbol].included = true;
    const auto name = patched.string_target(requests, request);
    const SectionId section = name ? section_called(patched, *name) : kNoSection;
    if (!section)
      fail_with_remedy("Remove the KPATCH_IGNORE_SECTION or correct its section name.",
                       "{}: KPATCH_IGNORE_SECTION: can't find {}", context.inputs.label,
                       name.value_or("(no name)"));
    note(context, NoteKind::kIgnored, *name, "ignoring section: {}", *name);
    ignore_section(context, section);
  }
}

/// Those that whoever builds the patch names. Other units have them.
void ignore_named_sections(Context& context) {
  for (const std::string& name : context.inputs.left_out)
    if (const SectionId section = section_called(context.patched, name)) {
      note_left_out(context, name);
      ignore_section(context, section);
    }
}

void ignore_function(Context& context, SymbolId id) {
  Side& patched = context.patched;
  patched.symbols[id].status = Status::kSame;
  if (const SectionId home = patched.home(id);
      home && patched.sections[home].bundled == id) {
    patched.sections[home].content = patched.sections[home].relocations = Status::kSame;
    if (const SymbolId symbol = patched.sections[home].section_symbol)
      patched.symbols[symbol].status = Status::kSame;
  }
  for (const SymbolId child : patched.children(id))
    if (child != id)
      ignore_function(context, child);
}

/// Those that whoever builds the patch names. Nothing stands for one that is new.
void ignore_named_functions(Context& context) {
  const Side& patched = context.patched;
  for (SymbolId id = 1; id < patched.symbols.size(); ++id) {
    const elf::Symbol& symbol = patched.symbol(id);
    if (!symbol.is_function() || patched.symbols[id].status != Status::kChanged ||
        !context.inputs.left_out.contains(symbol.name))
      continue;
    note_left_out(context, symbol.name);
    ignore_function(context, id);
  }
}

/// Those that only code called which has run.
void ignore_uncalled_functions(Context& context) {
  Side& patched = context.patched;
  for (SymbolId id = 1; id < patched.symbols.size(); ++id)
    if (patched.symbol(id).is_function() &&
        patched.symbols[id].status == Status::kChanged && is_uncalled(context, id)) {
      tell_of_uncalled(context, patched.symbol(id).name);
      ignore_function(context, id);
    }
}

/// Whether the original says the same there.
bool is_as_before(const Context& context, SectionId id) {
  const SectionId twin = context.patched.sections[id].twin;
  if (!twin)
    return false;
  const elf::Section& before = context.original.section(twin);
  const elf::Section& after = context.patched.section(id);
  return before.data == after.data && before.size() == after.size() &&
         before.relocations.size() == after.relocations.size();
}

void refuse_unknown_discard(Context& context, SectionId id) {
  const std::string& name = context.patched.section(id).name;
  if (std::ranges::find(kDiscarded, name) != kDiscarded.end() ||
      is_as_before(context, id))
    return;
  add_problem(context, code::kUnknownSection, name,
              fmt::format("section {} is new or changes; linkers drop it, and it is not "
                          "known who was to read it before",
                          name),
              "Make the change without what puts it there, leave it out with "
              "KPATCH_IGNORE_SECTION, or report the section.");
}

} // namespace

bool is_uncalled(const Context& context, SymbolId of_patched) {
  const elf::Symbol& symbol = context.patched.symbol(of_patched);
  return !symbol.is_local() && context.inputs.uncalled.contains(symbol.name);
}

void tell_of_uncalled(Context& context, const std::string& name) {
  notice(
      context, code::kOnlyInit, name,
      "{} has no ftrace entry, and only init code calls it, which has run: it stays as "
      "it is",
      name);
}

void mark_ignored_sections(Context& context) {
  Side& patched = context.patched;
  for (SectionId id = 1; id < patched.sections.size(); ++id) {
    const std::string_view name = patched.section(id).name;
    const bool is_modinfo = name == kModinfo;
    if (is_modinfo)
      save_import_namespaces(context, patched.section(id));
    const bool is_discarded = name == ".discard" || name.starts_with(".discard.");
    if (is_discarded)
      refuse_unknown_discard(context, id);
    if (is_modinfo || is_discarded || name.starts_with(".llvm_addrsig") ||
        name.starts_with(".llvm.") || patched.arch.ignores_section(name))
      ignore_section(context, id);
  }
  ignore_requested_sections(context);
  ignore_named_sections(context);
}

void ignore_requested_functions(Context& context) {
  Side& patched = context.patched;
  const SectionId requests = patched.object.find_section(kIgnoreFunctions);
  for (const elf::Relocation& request : patched.section(requests).relocations) {
    const SymbolId function = request.symbol;
    if (!patched.home(function) || !patched.symbol(function).is_function())
      fail("{}: KPATCH_IGNORE_FUNCTION: {}: expected function symbol",
           context.inputs.label, patched.symbol(function).name);
    const std::string& name = patched.symbol(function).name;
    note(context, NoteKind::kIgnored, name, "ignoring function: {}", name);
    if (patched.symbols[function].status != Status::kChanged)
      note(context, NoteKind::kNotice, name,
           "no change detected in function {}, unnecessary KPATCH_IGNORE_FUNCTION()?",
           name);
    ignore_function(context, function);
  }
  ignore_named_functions(context);
  ignore_uncalled_functions(context);
  for (SymbolId id = 1; id < patched.symbols.size(); ++id)
    if (patched.symbol(id).name.starts_with("__kpatch_ignore_func_"))
      patched.symbols[id].status = Status::kSame;
}

void reset_ignored_sections(Context& context) {
  Side& patched = context.patched;
  for (SectionId id = 1; id < patched.sections.size(); ++id)
    if (patched.sections[id].ignored)
      patched.sections[id].content = patched.sections[id].relocations = Status::kSame;
  for (SectionId id = 1; id < patched.sections.size(); ++id)
    if (patched.arch.ignores_relocations_of(patched.section(id).name))
      patched.sections[id].relocations = Status::kSame;
  for (SymbolId id = 1; id < patched.symbols.size(); ++id) {
    const SectionId home = patched.home(id);
    if ((home && patched.sections[home].ignored) ||
        patched.symbol(id).name.starts_with("__UNIQUE_ID_kpatch_ignore_section_"))
      patched.symbols[id].status = Status::kSame;
  }
  leave_out_device_tables(context);
}

} // namespace kpatch::diff
