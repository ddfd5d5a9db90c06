// SPDX-License-Identifier: GPL-2.0-or-later
//
// A vmlinux tells what it is in plain text: the banner that it prints when it boots, and
// the note that each compiler leaves. The file has hundreds of megabytes, so it is mapped
// and searched, not read.
#include "image/vmlinux_text.h"

#include "arch/arch.h"
#include "base/error.h"
#include "base/text.h"

#include <gelf.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kpatch::image {
namespace fs = std::filesystem;

namespace {

/// A file's bytes for as long as this lives.
class Mapping {
 public:
  explicit Mapping(const fs::path& file) {
    const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status {};
    if (descriptor >= 0 && fstat(descriptor, &status) == 0 && status.st_size > 0) {
      size_ = static_cast<std::size_t>(status.st_size);
      bytes_ = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    }
    const int reason = errno;
    if (descriptor >= 0)
      close(descriptor);
    if (bytes_ == MAP_FAILED || !bytes_)
      fail("{}: cannot be read: {}", file.string(),
           descriptor >= 0 && size_ == 0 ? "it is empty" : std::strerror(reason));
  }
  ~Mapping() { munmap(bytes_, size_); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  std::string_view text() const { return {static_cast<const char*>(bytes_), size_}; }

 private:
  void* bytes_ = nullptr;
  std::size_t size_ = 0;
};

/// The named section's bytes, empty if there is none.
std::string_view section(std::string_view file, std::string_view name) {
  elf_version(EV_CURRENT);
  Elf* elf = elf_memory(const_cast<char*>(file.data()), file.size());
  std::string_view found;
  std::size_t names = 0;
  if (elf && elf_getshdrstrndx(elf, &names) == 0)
    for (Elf_Scn* at = elf_nextscn(elf, nullptr); at; at = elf_nextscn(elf, at)) {
      GElf_Shdr header;
      const char* own =
          gelf_getshdr(at, &header) ? elf_strptr(elf, names, header.sh_name) : nullptr;
      if (own && name == own && header.sh_type != SHT_NOBITS &&
          header.sh_offset <= file.size())
        found = file.substr(header.sh_offset, header.sh_size);
    }
  elf_end(elf);
  return found;
}

} // namespace

std::string release_of_vmlinux(const fs::path& vmlinux) {
  constexpr std::string_view kBanner = "Linux version ";
  const Mapping file(vmlinux);
  const std::string_view text = file.text();
  for (std::size_t at = text.find(kBanner); at != std::string_view::npos;
       at = text.find(kBanner, at + 1)) {
    constexpr std::size_t kLongest = 64; // of struct new_utsname
    const std::string_view rest = text.substr(at + kBanner.size(), kLongest + 1);
    const std::size_t end = rest.find(' ');
    if (end != std::string_view::npos && end > 0 && is_digit(rest.front()))
      return std::string(rest.substr(0, end));
  }
  fail("{}: it does not say which kernel it is (no 'Linux version')", vmlinux.string());
}

std::string machine_of_binary(const fs::path& binary) {
  const Mapping file(binary);
  elf_version(EV_CURRENT);
  Elf* elf = elf_memory(const_cast<char*>(file.text().data()), file.text().size());
  GElf_Ehdr header;
  const bool is_elf = elf && gelf_getehdr(elf, &header);
  elf_end(elf);
  if (!is_elf)
    fail("{}: not an ELF file", binary.string());
  return std::string(arch::arch_for(header.e_machine, binary.string()).name());
}

std::string compiler_comment(const fs::path& binary) {
  const Mapping file(binary);
  const std::string_view text = section(file.text(), ".comment");
  return std::string(text.substr(0, text.find('\0')));
}

std::string modinfo_value(const fs::path& module, std::string_view key) {
  const Mapping file(module);
  for (std::string_view text = section(file.text(), ".modinfo"); !text.empty();) {
    const std::string_view line = text.substr(0, text.find('\0'));
    if (line.starts_with(key) && line.substr(key.size()).starts_with('='))
      return std::string(line.substr(key.size() + 1));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return {};
}

} // namespace kpatch::image
