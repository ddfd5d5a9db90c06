// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kpatch::dwarf {

/// A line of source; `file` is as the compiler knew it, relative to where it ran if it
/// lies below.
struct SourcePlace {
  std::string file;
  int line = 0;

  std::string text() const; ///< "include/linux/h.h:120"
  bool operator==(const SourcePlace&) const = default;
};

/// A function that the compiler has inlined.
struct InlinedCall {
  std::string function;
  SourcePlace declared;
  SourcePlace called_at;
};

/// Where an instruction comes from.
struct CodePlace {
  SourcePlace at;
  std::string function; ///< that the code is part of after inlining
  SourcePlace function_declared;
  std::vector<InlinedCall> inlined; ///< outermost first
};

/// What the source calls a piece of data.
struct Variable {
  std::string name;
  std::string type; ///< "const struct ctl_table[4]"
  SourcePlace declared;
  std::string function = {}; ///< whose body has it; empty for one of the whole file
};

/// The debug information of one relocatable object (DWARF 2 to 5).
class DebugInfo {
 public:
  /// Nothing if the object has none, or has it in a form that cannot be read.
  static std::unique_ptr<DebugInfo> read(const elf::Object& object);
  ~DebugInfo();
  DebugInfo(const DebugInfo&) = delete;
  DebugInfo& operator=(const DebugInfo&) = delete;

  /// Where the code at an offset of a section comes from.
  std::optional<CodePlace> find_place(elf::SectionId section, std::uint64_t offset) const;

  /// The statements that the code at an offset of a section is of: its own, and those
  /// that call the inlined functions it is in, innermost first. Cheap enough for every
  /// instruction.
  std::vector<SourcePlace> find_statements(elf::SectionId section,
                                           std::uint64_t offset) const;

  /// The variable that starts at an offset of a section.
  std::optional<Variable> find_variable(elf::SectionId section,
                                        std::uint64_t offset) const;

  /// The member of that variable in which a byte lies: ".ops.shutdown", "[3].id"; empty
  /// if it has no parts.
  std::string find_field(elf::SectionId section, std::uint64_t offset,
                         std::uint64_t byte) const;

 private:
  struct Session;
  explicit DebugInfo(std::unique_ptr<Session> session);
  std::unique_ptr<Session> session_;
};

} // namespace kpatch::dwarf
