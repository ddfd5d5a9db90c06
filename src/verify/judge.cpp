// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a module may refer to stands in the boot image and in the module files below
// lib/modules/<release>; a module is known by its file's name with _ for -.
#include "verify/judge.h"

#include "base/error.h"
#include "base/module_name.h"
#include "elf/kernel_sections.h"
#include "elf/orc.h"
#include "image/certificates.h"
#include "image/decompress.h"
#include "image/image.h"
#include "verify/core_view.h"
#include "verify/signature_rules.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>

namespace kpatch::verify {
namespace fs = std::filesystem;

namespace {

std::string text_at(const image::Image& image, std::string_view symbol) {
  const auto all = image.named(symbol);
  std::string text;
  for (const std::uint8_t byte :
       all.empty() ? std::span<const std::uint8_t>()
                   : image.bytes_from(image.symbols()[all.front()].address)) {
    if (byte == 0)
      return text;
    text += static_cast<char>(byte);
  }
  return {};
}

std::optional<ShippedModule> describe(const elf::Object& module) {
  const elf::SectionId id = module.find_section(elf::kThisModule);
  ShippedModule found{.machine = module.header.machine,
                      .size = module.sections[id].data.size()};
  for (const elf::Relocation& relocation : module.sections[id].relocations) {
    const std::string& name = module.symbols[relocation.symbol].name;
    (name == "init_module" ? found.init : found.exit) = relocation.offset;
  }
  const Bytes& info = module.sections[module.find_section(".modinfo")].data;
  const std::string text(info.begin(), info.end());
  found.says_retpoline = text.find("retpoline=Y") != std::string::npos;
  return found.init && found.exit ? std::optional(found) : std::nullopt;
}

} // namespace

/// The kernel's files, each read when it is first asked for.
class Judge::Files {
 public:
  explicit Files(const KernelOnDisk& kernel)
      : vmlinux_(image::read_kernel_image(kernel.image)) {
    for (const fs::path& more : kernel.more_modules)
      find_modules(more);
    if (!kernel.modules_root.empty())
      find_modules(kernel.modules_root / "lib/modules" / kernel.release);
  }

  const image::Image& vmlinux() const { return vmlinux_; }

  const image::Image* find(std::string_view object) {
    if (object == kVmlinux)
      return &vmlinux_;
    auto found = modules_.find(object);
    if (found == modules_.end())
      found = modules_.emplace(object, read(object)).first;
    return found->second ? &*found->second : nullptr;
  }

  /// A module with both functions tells how struct module is laid out.
  std::optional<ShippedModule> shipped() const {
    constexpr int kTries = 8;
    int tries = 0;
    for (auto at = paths_.begin(); at != paths_.end() && tries < kTries; ++at, ++tries)
      try {
        if (const auto found = describe(elf::read_object(
                image::decompressed(read_bytes(at->second), at->second.string()),
                at->second.string())))
          return found;
      } catch (const Error&) {
        continue; // says nothing about the patch
      }
    return std::nullopt;
  }

 private:
  void add_module(const fs::path& file) {
    std::string name = file.filename().string();
    const std::size_t suffix = name.find(".ko");
    if (suffix == std::string::npos)
      return;
    name.resize(suffix);
    std::ranges::replace(name, '-', '_');
    paths_.try_emplace(name, file);
  }

  void find_modules(const fs::path& place) {
    std::error_code error;
    if (fs::is_regular_file(place, error))
      return add_module(place);
    for (fs::recursive_directory_iterator at(place, error), end; at != end;
         at.increment(error))
      if (at->is_regular_file(error))
        add_module(at->path());
  }

  std::optional<image::Image> read(std::string_view object) const {
    const auto found = paths_.find(object);
    if (found == paths_.end())
      return std::nullopt;
    return image::read_module_image(found->second);
  }

  image::Image vmlinux_;
  std::map<std::string, fs::path, std::less<>> paths_;
  std::map<std::string, std::optional<image::Image>, std::less<>> modules_;
};

Judge::Judge(const KernelOnDisk& kernel)
    : files_(std::make_unique<Files>(kernel)),
      rules_{.release = kernel.release,
             .has_orc = files_->vmlinux().find_part(elf::kOrcPlaces) != nullptr,
             .vermagic = text_at(files_->vmlinux(), "vermagic"),
             .shipped = files_->shipped(),
             .image = [this](std::string_view object) { return files_->find(object); }} {}

Judge::~Judge() = default;

std::vector<Problem> Judge::problems_of(const elf::Object& module) const {
  return check_module(
      is_for_core(module) ? as_livepatch(module, files_->vmlinux()) : module, rules_);
}

std::vector<Problem> Judge::problems_of(std::span<const std::uint8_t> file,
                                        const std::string& label) const {
  Findings findings(label);
  check_signature(elf::read_signature(file), files_->vmlinux(), findings);
  std::vector<Problem> problems =
      problems_of(elf::read_object(Bytes(file.begin(), file.end()), label));
  std::ranges::move(findings.take(), std::back_inserter(problems));
  return problems;
}

std::vector<Bytes> Judge::certificates() const {
  return image::certificates_in(files_->vmlinux());
}

std::vector<Problem> judge(const elf::Object& module, const KernelOnDisk& kernel) {
  return Judge(kernel).problems_of(module);
}

} // namespace kpatch::verify
