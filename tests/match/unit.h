// SPDX-License-Identifier: GPL-2.0-or-later
//
// Objects for tests of the matcher, and what it finds of them.
#pragma once

#include "elf/object.h"
#include "image/image.h"
#include "match/match.h"

#include <elf.h>
#include <string>
#include <string_view>

namespace kpatch::match {

inline constexpr std::uint64_t kFunctionAlignment = 16;
/// Makes an object with a section for each function and variable, as units are compiled
/// for live patches, or with one section for all, as images are linked.
class Unit {
 public:
  enum class Form { kSplit, kJoined };
  explicit Unit(Form form, std::uint16_t machine = EM_X86_64) : form_(form) {
    object_.header.machine = machine;
    if (machine == EM_S390)
      object_.header.order = std::endian::big;
  }

  elf::SymbolId function(const std::string& name, const Bytes& code,
                         std::uint8_t binding = STB_LOCAL) {
    return thing(".text", name, STT_FUNC, SHF_EXECINSTR, code, binding);
  }
  elf::SymbolId variable(const std::string& name, const Bytes& content) {
    return thing(".data", name, STT_OBJECT, SHF_WRITE, content, STB_LOCAL);
  }
  elf::SymbolId constant(const std::string& name, const Bytes& content,
                         std::uint8_t binding = STB_LOCAL) {
    return thing(".rodata", name, STT_OBJECT, 0, content, binding);
  }
  elf::SymbolId undefined(const std::string& name) {
    return object_.add_symbol({.name = name, .binding = STB_GLOBAL});
  }
  void refer(elf::SymbolId from, std::uint64_t offset, std::uint32_t type,
             elf::SymbolId to, std::int64_t addend = -4) {
    elf::Section& section = object_.sections[object_.symbols[from].section];
    section.has_relocations = true;
    section.relocations.push_back(
        {object_.symbols[from].value + offset, type, to, addend});
  }
  elf::Object& object() { return object_; }
  image::Image image() const { return image::module_image(object_, "image"); }

 private:
  elf::SymbolId thing(const std::string& kind, const std::string& name, std::uint8_t type,
                      std::uint64_t flags, const Bytes& content, std::uint8_t binding) {
    const std::string home = form_ == Form::kSplit ? kind + "." + name : kind;
    elf::SectionId id = object_.find_section(home);
    if (!id)
      id = object_.add_section(
          {.name = home, .flags = SHF_ALLOC | flags, .alignment = kFunctionAlignment});
    Bytes& data = object_.sections[id].data;
    data.resize((data.size() + kFunctionAlignment - 1) / kFunctionAlignment *
                    kFunctionAlignment,
                0xcc);
    const std::uint64_t value = data.size();
    data.insert(data.end(), content.begin(), content.end());
    return object_.add_symbol({.name = name,
                               .binding = binding,
                               .type = type,
                               .section = id,
                               .value = value,
                               .size = content.size()});
  }

  Form form_;
  elf::Object object_;
};

inline Verdict verdict(const UnitMatch& match, std::string_view name) {
  const FunctionMatch* found = match.find(name);
  return found ? found->verdict : Verdict::kMissing;
}

} // namespace kpatch::match
