// SPDX-License-Identifier: GPL-2.0-or-later
//
// The guest runs programs of its own processor. If that is the host's too, its busybox
// and this very program serve; else somebody must have built or fetched both, as static
// programs, since the dynamic loader that would list their libraries does not run here.
#include "rehearse/guest_programs.h"

#include "base/endian.h"
#include "base/error.h"
#include "base/files.h"
#include "base/host_kernel.h"
#include "base/process.h"

#include <fmt/format.h>

#include <algorithm>
#include <elf.h>

namespace kpatch::rehearse {
namespace fs = std::filesystem;

namespace {

/// What of an executable matters here; nothing for what is not an ELF file of 64 bits,
/// such as a script.
struct Executable {
  std::uint16_t machine = EM_NONE;
  bool is_dynamic = false;
};

std::optional<Executable> read_executable(const fs::path& file) {
  const Bytes bytes = read_bytes(file);
  const std::string_view magic = ELFMAG;
  if (bytes.size() < sizeof(Elf64_Ehdr) ||
      !std::equal(magic.begin(), magic.end(), bytes.begin()) ||
      bytes[EI_CLASS] != ELFCLASS64)
    return std::nullopt;
  const std::endian order =
      bytes[EI_DATA] == ELFDATA2MSB ? std::endian::big : std::endian::little;
  Executable executable{
      .machine = load<std::uint16_t>(bytes, offsetof(Elf64_Ehdr, e_machine), order)};
  const auto headers = load<std::uint64_t>(bytes, offsetof(Elf64_Ehdr, e_phoff), order);
  const auto count = load<std::uint16_t>(bytes, offsetof(Elf64_Ehdr, e_phnum), order);
  for (std::uint64_t i = 0; i < count; ++i)
    if (load<std::uint32_t>(bytes, headers + i * sizeof(Elf64_Phdr), order) == PT_INTERP)
      executable.is_dynamic = true;
  return executable;
}

std::string way_to_programs(const arch::Arch& guest) {
  return fmt::format(
      "give --guest-programs DIR with both as static programs: busybox is "
      "in Debian's package busybox-static:{}; `./run guest {}` in the source "
      "of kpatch-ng fetches it and builds kpatch",
      guest.debian_name(), guest.name());
}

} // namespace

const arch::Arch& host_processor() {
  const std::string machine = host_kernel().machine;
  if (const arch::Arch* arch = arch::find_arch(machine))
    return *arch;
  fail("rehearse: {} is not a supported processor", machine);
}

GuestPrograms find_guest_programs(const arch::Arch& guest, const fs::path& directory) {
  if (directory.empty()) {
    if (&guest != &host_processor())
      fail_with_remedy(
          way_to_programs(guest),
          "rehearse: the guest needs a busybox and a kpatch for {}; those of "
          "this host are for {}",
          guest.name(), host_processor().name());
    const fs::path busybox = find_program("busybox");
    if (busybox.empty())
      fail_with_remedy("install the package busybox-static",
                       "busybox: not found; a rehearsal needs it as its user land");
    return {.busybox = busybox, .kpatch = fs::read_symlink("/proc/self/exe")};
  }
  const GuestPrograms programs{.busybox = directory / "busybox",
                               .kpatch = directory / "kpatch"};
  for (const fs::path& program : {programs.busybox, programs.kpatch}) {
    std::error_code ignored;
    if (!fs::is_regular_file(program, ignored))
      fail_with_remedy(way_to_programs(guest), "{}: no such file; the guest needs it",
                       program.string());
    require_guest_program(guest, program);
  }
  return programs;
}

void require_guest_program(const arch::Arch& guest, const fs::path& program) {
  const std::optional<Executable> executable = read_executable(program);
  if (!executable)
    return;
  const arch::Arch& processor = arch::arch_for(executable->machine, program.string());
  if (&processor != &guest)
    fail_with_remedy(fmt::format("give one that is built for {}", guest.name()),
                     "{}: built for {}, but the guest is {}", program.string(),
                     processor.name(), guest.name());
  if (executable->is_dynamic && &guest != &host_processor())
    fail_with_remedy("link it with -static",
                     "{}: it needs shared libraries, which can be found for {} only",
                     program.string(), host_processor().name());
}

} // namespace kpatch::rehearse
