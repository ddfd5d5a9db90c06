// SPDX-License-Identifier: GPL-2.0-or-later
//
// Everything the passes share. A pass is a free function on this; diff.cpp lists them in
// order and says after each what is true from then on.
#pragma once

#include "base/note.h"
#include "base/problem.h"
#include "diff/data_words.h"
#include "diff/side.h"
#include "image/located.h"
#include "image/symbol_index.h"
#include "image/symvers.h"
#include "special/struct_sizes.h"

#include <fmt/format.h>

#include <set>
#include <string>
#include <vector>

namespace kpatch::diff {

/// What is to be done about changes of init and exit code, which cannot take effect in a
/// kernel that runs.
enum class InitChanges {
  kRefuse,
  kLeaveOutUnits, ///< left out where nothing else of the unit changes, else refused
  kLeaveOut
};

/// What the diff is given besides the two objects. Everything referred to must outlive
/// the diff and the Delta that comes of it.
struct Inputs {
  std::string label;  ///< how messages name the unit
  std::string parent; ///< the object that is patched: "vmlinux" or a module's name
  const image::SymbolIndex& parent_symbols;
  const image::Symvers& symvers;
  special::StructSizes sizes;
  bool klp_arch =
      false;            ///< the kernel keeps special sections in .klp.arch.* (before 5.8)
  bool explain = false; ///< look up source lines and list all that is included
  InitChanges init_changes = InitChanges::kRefuse;
  bool set_data = false; ///< words of live data may be set while the patch is loaded
  /// Functions and sections that stay as they are, besides those that the patch names.
  std::set<std::string> left_out = {};
  /// Global functions of any unit that no tracer can redirect, of which the patch has its
  /// own copies: all who call them are to call these.
  std::set<std::string> own_copies = {};
  /// Global functions of any unit that no tracer can redirect and that nothing calls
  /// which could still run: they stay as they are.
  std::set<std::string> uncalled = {};
  /// What was found in the parent's image; null: the parent's FILE symbols have to tell.
  const image::LocatedSymbols* located = nullptr;
};

/// Which block of the parent's symbol table a FILE symbol of the object stands for.
struct FileTie {
  image::EntryId entry = image::kNoEntry;
  image::EntryId end = image::kNoEntry; ///< where the block ends
  unsigned matches = 0;                 ///< 1 is the good case
  std::string difference; ///< without a match: what the nearest block lacks or has more
};

/// A jump label that will test its key (key_tests.cpp).
struct PlannedKeyTest {
  SectionId section = kNoSection;
  arch::KeyTest test;
};

struct Context {
  Inputs inputs;
  Side original;
  Side patched;
  std::unordered_map<SymbolId, FileTie> ties; ///< by FILE symbol of the original
  std::vector<std::string> import_namespaces; ///< `import_ns=...`, in order
  std::vector<Note> notes;                    ///< about what was found, in order
  std::vector<Problem> problems;
  std::vector<PlannedKeyTest> key_tests;
  /// Of functions that changed in nothing but what a special section says of them: that.
  std::unordered_map<SymbolId, std::string> entry_changes;
  bool wants_debug_info = false;          ///< with some, the answer might be a better one
  std::vector<std::string> left_out = {}; ///< of Inputs::left_out, what there was
  std::vector<DataWord> words = {};       ///< that the patch sets
  /// Sections of live data that it does not set, and why.
  std::unordered_map<SectionId, std::string> unset_data = {};
  std::set<SectionId> read_by_init =
      {}; ///< constants that only init code of the unit reads
  /// Functions that could be patched if those who call them in other objects were.
  std::vector<std::string> needs_callers = {};
};

template <typename... Args>
void note(Context& context, NoteKind kind, std::string_view symbol,
          fmt::format_string<Args...> format, Args&&... args) {
  context.notes.push_back(
      {kind, "", std::string(symbol), fmt::format(format, std::forward<Args>(args)...)});
}

/// A notice that docs/problems.md explains.
template <typename... Args>
void notice(Context& context, const char* code, std::string_view symbol,
            fmt::format_string<Args...> format, Args&&... args) {
  context.notes.push_back({NoteKind::kNotice, code, std::string(symbol),
                           fmt::format(format, std::forward<Args>(args)...)});
}

/// Codes of diff/ with their place in docs/problems.md.
namespace code {
inline constexpr const char* kNoFtraceEntry = "KP2001";
inline constexpr const char* kChangedSection = "KP2002";
inline constexpr const char* kChangedGroup = "KP2003";
inline constexpr const char* kIncludedData = "KP2004";
inline constexpr const char* kJumpLabel = "KP2005";
inline constexpr const char* kStaticCall = "KP2006";
inline constexpr const char* kSiblingCall = "KP2007";
inline constexpr const char* kLostStaticLocal = "KP2008";
inline constexpr const char* kInitChange = "KP2011";
inline constexpr const char* kSwitchedOff = "KP2012";     ///< of a NOTICE
inline constexpr const char* kReplacesNothing = "KP2013"; ///< of a NOTICE
inline constexpr const char* kImageOnly = "KP2015";
inline constexpr const char* kUnknownSection = "KP2016";
inline constexpr const char* kGone = "KP2017";
inline constexpr const char* kRegistration = "KP2018";
inline constexpr const char* kLeftOut = "KP2019";  ///< of a NOTICE
inline constexpr const char* kOnlyInit = "KP2021"; ///< of a NOTICE
inline constexpr const char* kDataSet = "KP2023";  ///< of a NOTICE
} // namespace code

void add_problem(Context& context, const char* problem_code, std::string symbol,
                 std::string message, std::string remedy);

// The passes, in the order of diff.cpp.
void check_headers(const Context& context);
void tie_files(Context& context);
void mark_groups(Context& context);
void replace_section_symbols(Side& side);
void correlate(Context& context);
void correlate_renamed_functions(Context& context);
void correlate_renamed_variables(Context& context);
void correlate_static_locals(Context& context);
void mark_ignored_sections(Context& context);
void compare_sections(Context& context);
void compare_symbols(Context& context);
void take_over_moved_definitions(Context& context);
void compare_entries(Context& context);
void ignore_requested_functions(Context& context);
/// Whether the function is one of Inputs::uncalled. Who leaves it as it is says so.
bool is_uncalled(const Context& context, SymbolId of_patched);
void tell_of_uncalled(Context& context, const std::string& name);
void reset_ignored_sections(Context& context);
void promote_callers_of_unpatchable(Context& context);
void include_changes(Context& context);
/// Debug information comes along whole, but for what it says about code that does not.
void trim_debug_sections(Context& context);
/// Of ppc64's table of addresses only what code that travels looks up is filled in.
void trim_toc(Context& context);
void include_alternatives(Context& context);
void carry_what_points_inside(Context& context);
void find_redirected_pieces(Context& context);
void rebuild_special_sections(Context& context);
void rebuild_orc(Context& context);
void leave_out_exports(Context& context);
void refuse_references_to_gone(Context& context);
void judge_init_changes(Context& context);
void judge_registrations(Context& context);
void leave_out_removed_data(Context& context);
void verify_inclusion(Context& context);
void add_key_tests(Context& context);

/// A problem with a function that cannot be redirected, and why nothing helps.
std::string no_ftrace_entry_text(std::string_view function, std::string_view obstacle);

/// The functions that the patch replaces or adds, without the pieces split off them, in
/// symbol order.
std::vector<SymbolId> functions_of_patch(const Context& context);

// Shared by several passes.
void link_sections(Context& context, SectionId original, SectionId patched);
void link_symbols(Context& context, SymbolId original, SymbolId patched);
void include_section(Context& context, SectionId id, Reason reason);
void include_symbol(Context& context, SymbolId id, Reason reason);
bool is_line_number_change(Context& context, SectionId id);
/// Whether a relocation of a patched section means what one of its twin does.
bool refers_to_same(const Context& context, SectionId now, const elf::Relocation& a,
                    const elf::Relocation& b);
/// A relocation and the section that it is in.
struct Placed {
  SectionId section;
  const elf::Relocation& relocation;
};
/// The same of any two, wherever they stand.
bool means_same(const Context& context, const Placed& now, const Placed& before);

} // namespace kpatch::diff
