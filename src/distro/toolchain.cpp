// SPDX-License-Identifier: GPL-2.0-or-later
//
// A program of a later release needs a later C library than the machine has ("version
// GLIBC_2.38 not found"); one of an earlier release may need a library that is gone. Both
// run with the libraries that their own release has for them if its dynamic loader starts
// them (ld.so(8): ld.so --library-path PATH PROGRAM). A compiler starts programs itself:
// gcc's -wrapper has these started so, too, and -B says where the assembler is, for which
// gcc would else look in PATH (gcc(1), "Options Controlling the Kind of Output",
// "Options for Directory Search").
//
// kbuild, launchers and records of commands know a compiler by one word, so each program
// has a script that does this. It finds its place by its own name. The versions of all
// packages stand in it, so that whoever judges a compiler by its file (ccache) tells two
// apart.
//
// Nothing in these packages is run but the programs themselves: they are unpacked, not
// installed.
#include "distro/toolchain.h"

#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "base/text.h"
#include "cache/cache_upkeep.h"
#include "distro/debian_archive.h"
#include "distro/package_unpack.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <optional>

namespace kpatch::distro {
namespace fs = std::filesystem;

namespace {

constexpr const char* kPackagesFile = "packages";

/// Large, and of no use: the kernel is compiled without link-time optimisation.
constexpr std::string_view kLeftOut[] = {"usr/share", "etc", "var"};
constexpr std::string_view kLeftOutPrograms[] = {"lto1", "lto-wrapper", "lto-dump"};

std::vector<std::string> resolve(const Apt& apt, std::vector<std::string> install,
                                 const fs::path& preferences) {
  std::vector<std::string> argv = {"apt-get", "-q", "--simulate",
                                   "--no-install-recommends",
                                   "-oDir::Etc::Preferences=" + preferences.string()};
  std::ranges::move(install, std::back_inserter(argv));
  const Outcome outcome = run(apt.command(argv)); // whose own preferences come before
  std::vector<std::string> packages = parse_simulation(outcome.output);
  if (!outcome.ok() || packages.empty())
    fail("{}: apt cannot resolve it: {}{}", argv.back(), outcome.errors, outcome.output);
  return packages;
}

void download(const Apt& apt, const std::vector<std::string>& packages,
              const fs::path& into, const Live& live) {
  std::vector<std::string> argv = {"apt-get", "-q", "download"};
  argv.insert(argv.end(), packages.begin(), packages.end());
  Command command = apt.command(argv);
  command.directory = into;
  const Outcome outcome = run_watched(
      command, live,
      watch_download(fmt::format("{} packages of a compiler", packages.size()), into));
  if (!outcome.ok())
    fail_with_remedy(says_file_is_gone(outcome.errors)
                         ? std::string(kSnapshotRemedy)
                         : "check the network and the free space",
                     "{} packages of the toolchain cannot be downloaded\n{}",
                     packages.size(), outcome.errors);
}

bool is_elf(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string magic(4, '\0');
  return stream.read(magic.data(), 4) && magic == "\177ELF";
}

/// The dynamic loader, relative to the folder: /lib64/... is a link to it only.
fs::path find_loader(const fs::path& folder) {
  for (const char* lib : {"usr/lib", "lib"}) {
    std::error_code none;
    for (const fs::directory_entry& triplet : fs::directory_iterator(folder / lib, none))
      for (const fs::directory_entry& file :
           fs::directory_iterator(triplet.path(), none)) {
        const std::string name = file.path().filename();
        if ((name.starts_with("ld-linux") || name.starts_with("ld64.so")) &&
            fs::exists(file.path()))
          return file.path().lexically_relative(folder);
      }
  }
  fail("{} holds no dynamic loader", folder.string());
}

/// "$root/lib/x86_64-linux-gnu:$root/usr/lib/x86_64-linux-gnu"
std::string library_path(const fs::path& loader, std::string_view root) {
  const std::string triplet = loader.parent_path().filename();
  return fmt::format("{0}/lib/{1}:{0}/usr/lib/{1}", root, triplet);
}

/// Whether the program is a driver that runs others: x86_64-linux-gnu-gcc-14, cpp-14.
bool is_driver(std::string_view name) {
  for (const std::string_view driver : {"gcc-", "cpp-"}) {
    const std::size_t at = name.rfind(driver);
    if (at == std::string_view::npos || (at > 0 && name[at - 1] != '-'))
      continue;
    const std::string_view number = name.substr(at + driver.size());
    if (!number.empty() && has_only_digits(number))
      return true;
  }
  return false;
}

/// The start of the names of the release's own binutils: "x86_64-linux-gnu-".
std::string assembler_prefix(const fs::path& folder) {
  std::error_code none;
  for (const fs::directory_entry& file : fs::directory_iterator(folder / "usr/bin", none))
    if (const std::string name = file.path().filename(); name.ends_with("-as"))
      return name.substr(0, name.size() - 2);
  return {};
}

std::string script(const fs::path& loader, const std::string& name,
                   const std::string& prefix, std::string_view packages) {
  std::string text = fmt::format(
      "#!/bin/sh\n# {}\nroot=${{0%/*}}; root=${{root%/*}}\nload=$root/{}\nlib={}\n"
      "exec \"$load\" --library-path \"$lib\" \"$root/usr/bin/{}\"",
      packages, loader.string(), library_path(loader, "$root"), name);
  if (is_driver(name))
    text += fmt::format(" -wrapper \"$load,--library-path,$lib\" -B\"$root/usr/bin/{}\"",
                        prefix);
  return text + " \"$@\"\n";
}

void write_scripts(const fs::path& folder, std::string_view packages) {
  fs::create_directories(folder / "bin");
  const fs::path loader = find_loader(folder);
  const std::string prefix = assembler_prefix(folder);
  std::error_code none;
  for (const fs::directory_entry& program :
       fs::directory_iterator(folder / "usr/bin", none))
    if (const std::string name = program.path().filename(); is_elf(program.path()))
      write_file(folder / "bin" / name, script(loader, name, prefix, packages), 0755);
}

void drop_what_is_not_used(const fs::path& folder) {
  for (const std::string_view part : kLeftOut)
    fs::remove_all(folder / part);
  std::vector<fs::path> programs;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (std::ranges::any_of(kLeftOutPrograms, [&](std::string_view name) {
          return entry.path().filename().native().find(name) != std::string::npos;
        }))
      programs.push_back(entry.path());
  for (const fs::path& program : programs)
    fs::remove(program);
}

std::string listed(std::vector<std::string> packages) {
  for (std::string& package : packages)
    std::ranges::replace(package, '=', ' ');
  std::ranges::sort(packages);
  return fmt::format("{}", fmt::join(packages, ", "));
}

/// Versions that everything else must be of if it can: a package depends on others that
/// were built with it, and apt by itself would take their newest ones. apt takes a
/// version for "*" to be a mistake (apt_preferences(5)), but not for names that match a
/// pattern.
std::string preferences_for(const std::vector<std::string>& versions) {
  constexpr int kMoreThanAny = 1001; // apt_preferences(5)
  std::string text;
  for (const std::string& version : versions)
    text += fmt::format("Package: /./\nPin: version {}\nPin-Priority: {}\n\n", version,
                        kMoreThanAny);
  return text;
}

void fill(const fs::path& fresh, const Apt& apt, const std::vector<std::string>& install,
          const std::vector<std::string>& preferred, const Live& live) {
  const TempDir work(".packages-", fresh);
  const fs::path preferences = work.path() / "preferences";
  write_file(preferences, preferences_for(preferred));
  const std::vector<std::string> packages = resolve(apt, install, preferences);
  download(apt, packages, work.path(), live);
  for (const fs::directory_entry& file : fs::directory_iterator(work.path()))
    if (file.path().extension() == ".deb")
      unpack_deb(file.path(), fresh, live);
  drop_what_is_not_used(fresh);
  write_scripts(fresh, listed(packages));
  write_file(fresh / kPackagesFile, listed(packages));
}

} // namespace

std::vector<std::string> parse_simulation(std::string_view text) {
  std::vector<std::string> packages;
  for (const std::string_view line : lines_of(text)) {
    // Inst gcc-14 (14.2.0-19 Debian:13.6/stable [amd64])
    constexpr std::string_view kInstall = "Inst ";
    const std::size_t open = line.find(" (");
    const std::size_t end = line.find(' ', open + 2);
    if (line.starts_with(kInstall) && open != line.npos && end != line.npos)
      packages.push_back(fmt::format("{}={}",
                                     line.substr(kInstall.size(), open - kInstall.size()),
                                     line.substr(open + 2, end - open - 2)));
  }
  return packages;
}

Toolchain make_toolchain(const fs::path& folder, const std::function<const Apt&()>& apt,
                         const std::vector<std::string>& install,
                         const std::vector<std::string>& preferred, const Live& live) {
  cache::make_sealed(folder, [&](const fs::path& fresh) {
    fill(fresh, apt(), install, preferred, live);
  });
  return {.folder = folder, .packages = read_text(folder / kPackagesFile)};
}

bool runs_here(const fs::path& program) {
  if (find_program("ldd").empty())
    return true;
  const Outcome outcome =
      run({.argv = {"ldd", program.string()}, .environment = {{"LC_ALL", "C"}}});
  constexpr std::string_view kMissing = "not found";
  return outcome.output.find(kMissing) == std::string::npos &&
         outcome.errors.find(kMissing) == std::string::npos;
}

void run_with(const Toolchain& toolchain, const fs::path& program) {
  constexpr const char* kOwn = ".own"; // the name of the program itself
  const fs::path loader = find_loader(toolchain.folder);
  fs::rename(program, fs::path(program) += kOwn);
  write_file(program,
             fmt::format("#!/bin/sh\nexec '{}' --library-path '{}' \"$0{}\" \"$@\"\n",
                         (toolchain.folder / loader).string(),
                         library_path(loader, toolchain.folder.string()), kOwn),
             0755);
}

} // namespace kpatch::distro
