// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a module takes from others is found by name when it is loaded, and has to be of
// the version that the module was built with (kernel/module/main.c: resolve_symbol,
// version.c: check_version, same_magic). All that the loader asks is in the images: what
// they export, with checksum, namespace and licence, and the kernel's own vermagic.
#include "base/endian.h"
#include "base/module_name.h"
#include "base/text.h"
#include "special/names.h"
#include "verify/codes.h"
#include "verify/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace kpatch::verify {

namespace {

constexpr const char* kRebuild = "build it with the headers, configuration and "
                                 "Module.symvers of that kernel";

constexpr std::string_view kLicences[] = {
    // include/linux/license.h
    "GPL",          "GPL v2",       "GPL and additional rights",
    "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"};

using Info = std::multimap<std::string, std::string>;

Info module_info(const elf::Object& module) {
  Info info;
  std::string entry;
  for (const std::uint8_t byte : module.sections[module.find_section(".modinfo")].data) {
    if (byte) {
      entry += static_cast<char>(byte);
      continue;
    }
    if (const std::size_t equals = entry.find('='); equals != std::string::npos)
      info.emplace(entry.substr(0, equals), entry.substr(equals + 1));
    entry.clear();
  }
  return info;
}

std::string value_of(const Info& info, const std::string& key) {
  const auto found = info.find(key);
  return found == info.end() ? std::string() : found->second;
}

/// struct modversion_info: a long, and a name that fills up 64 bytes.
constexpr std::size_t kVersionSize = 64;
constexpr std::size_t kVersionName = 8;

std::map<std::string, std::uint32_t> versions_of(const elf::Object& module) {
  std::map<std::string, std::uint32_t> versions;
  const Bytes& data = module.sections[module.find_section("__versions")].data;
  for (std::size_t at = 0; at + kVersionSize <= data.size(); at += kVersionSize) {
    std::string name;
    for (std::size_t i = at + kVersionName; i < at + kVersionSize && data[i]; ++i)
      name += static_cast<char>(data[i]);
    versions.emplace(std::move(name), load<std::uint32_t>(data, at, module.header.order));
  }
  return versions;
}

class ImportChecker {
 public:
  explicit ImportChecker(const Case& subject)
      : case_(subject), module_(subject.module.module()), info_(module_info(module_)),
        versions_(versions_of(module_)), lenders_{std::string(kVmlinux)} {
    const std::string depends = value_of(info_, "depends");
    for (const std::string_view name : split(depends, ','))
      lenders_.emplace_back(name);
  }

  void run() {
    check_kind();
    check_magic();
    if (case_.kernel.exports(kVmlinux).empty())
      return;
    for (const elf::Symbol& symbol : module_.symbols)
      if (symbol.is_undefined() && !symbol.name.empty() &&
          !special::is_supplied_to_modules(symbol.name))
        check_import(symbol.name, symbol.binding == STB_WEAK);
    check_import("module_layout", true);
  }

 private:
  void check_kind() {
    const auto& shipped = case_.rules.shipped;
    if (shipped && shipped->machine != module_.header.machine)
      case_.findings.add(code::kOtherKernel, "the file",
                         fmt::format("is for machine {}, the kernel's modules are for {}",
                                     module_.header.machine, shipped->machine),
                         kRebuild);
    if (module_.header.type != ET_REL)
      case_.findings.add(code::kOtherKernel, "the file", "is not a relocatable object",
                         kRebuild);
    const std::string licence = value_of(info_, "license");
    if (std::ranges::find(kLicences, licence) == std::end(kLicences))
      case_.findings.add(
          code::kImport, ".modinfo",
          fmt::format("its licence is '{}', and what livepatch needs is for modules "
                      "under the GPL only",
                      licence),
          "say MODULE_LICENSE(\"GPL\") and mean it");
    if (shipped && shipped->says_retpoline && value_of(info_, "retpoline").empty())
      case_.findings.add(code::kOtherKernel, ".modinfo",
                         "does not say that the module was compiled with retpolines",
                         kRebuild);
  }

  void check_magic() {
    const std::string own = value_of(info_, "vermagic");
    const std::string& kernels = case_.rules.vermagic;
    if (own.substr(0, own.find(' ')) != case_.rules.release)
      case_.findings.add(
          code::kOtherKernel, ".modinfo",
          fmt::format("the module is not made for {}", case_.rules.release), kRebuild);
    else if (!kernels.empty() && own != kernels)
      case_.findings.add(
          code::kOtherKernel, ".modinfo",
          fmt::format("version magic '{}' is not the kernel's '{}'", own, kernels),
          kRebuild);
  }

  const image::ImageExport* find_export(const std::string& name) const {
    for (const std::string& lender : lenders_) {
      const image::ImageExports& exports = case_.kernel.exports(lender);
      if (const auto found = exports.find(name); found != exports.end())
        return &found->second;
    }
    return nullptr;
  }

  void check_import(const std::string& name, bool may_be_missing) {
    const image::ImageExport* found = find_export(name);
    if (!found) {
      if (!may_be_missing)
        case_.findings.add(code::kImport, name,
                           fmt::format("neither the kernel nor a module that it depends "
                                       "on ({}) exports it",
                                       value_of(info_, "depends")),
                           kRebuild);
      return;
    }
    check_namespace(name, *found);
    if (found->crc && !module_.find_section("__version_ext_crcs"))
      check_version(name, *found->crc);
  }

  void check_namespace(const std::string& name, const image::ImageExport& found) {
    const auto [first, last] = info_.equal_range("import_ns");
    if (!found.import_namespace.empty() &&
        std::none_of(first, last, [&](const auto& imported) {
          return imported.second == found.import_namespace;
        }))
      case_.findings.add(
          code::kImport, name,
          fmt::format("it is of the namespace {}, which the module does not import",
                      found.import_namespace),
          kRebuild);
  }

  void check_version(const std::string& name, std::uint32_t crc) {
    const auto version = versions_.find(name);
    if (version == versions_.end())
      case_.findings.add(code::kImport, name, "its version is not in the module",
                         kRebuild);
    else if (version->second != crc)
      case_.findings.add(code::kImport, name,
                         fmt::format("its version is {:#010x} in the module and "
                                     "{:#010x} in the kernel",
                                     version->second, crc),
                         kRebuild);
  }

  const Case& case_;
  const elf::Object& module_;
  Info info_;
  std::map<std::string, std::uint32_t> versions_;
  std::vector<std::string> lenders_;
};

} // namespace

void check_imports(const Case& subject) {
  ImportChecker(subject).run();
}

} // namespace kpatch::verify
