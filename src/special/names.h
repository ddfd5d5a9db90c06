// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace kpatch::special {

/// Whether two names differ only in the numbers that compilers append: `foo.isra.3` and
/// `foo.isra.7`, `foo.cold` and `foo.cold.12`, `__UNIQUE_ID_x12` and `__UNIQUE_ID_x13`.
bool is_same_name(std::string_view a, std::string_view b);

/// The name with those numbers made equal: names that are the same have the same key.
std::string name_key(std::string_view name);

// Classes of names that compilers make.
bool is_debug_section(std::string_view section);
/// Sections that hold things without symbols: to say section+offset is all there is.
bool has_no_symbols(std::string_view section);
bool is_ubsan_name(std::string_view name); ///< descriptors of -fsanitize=undefined
/// Those of them that begin with a place in the source; the others describe types.
bool is_ubsan_report(std::string_view name);
bool is_string_literal_section(
    std::string_view name); ///< .rodata.str1.1, .rodata.f.str1.8
/// Per-site data of macros: __warned.3, f.__already_done, __func__.7, ...
bool is_special_static_name(std::string_view name);
bool is_clang_unnamed_data(std::string_view section);

/// Whether it is a section of variables that the source puts there by name
/// (`.data..read_mostly`), so that -fdata-sections leaves them together.
bool is_shared_data(std::string_view section);
/// The name of the section that one of these variables has when they are taken apart.
std::string own_data_section(std::string_view shared, std::string_view variable);
/// The section that such a variable was taken out of; any other name as it is.
std::string_view shared_data_of(std::string_view section);

bool is_padding_name(std::string_view symbol); ///< what objtool calls padding: __pfx_f
/// Symbols that a compiler emits and a linker may drop, so that a parent need not have
/// them.
bool is_possibly_discarded(std::string_view symbol);
/// What the module loader itself or modpost's file supplies.
bool is_supplied_to_modules(std::string_view symbol);

} // namespace kpatch::special
