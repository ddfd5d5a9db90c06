// SPDX-License-Identifier: GPL-2.0-or-later
//
// A patch is text for the compiler, the assembler, make and patch(1), and each of them
// can read files (#include "/etc/shadow", .incbin) that then stand in the module or in an
// error message; a mistake in one of them would run code of the author. So the kernel is
// fetched first, and what the patch has a say in runs under bubblewrap: without network,
// with an empty home and environment, the source and the cache read-only. Everything is
// written to one private folder, from which only plain files are taken over when all
// processes are gone: a link there could lead anywhere.
//
// The folder of the cache is a private one with the parts of the real one in it, so that
// logs and work land in the former. So is the folder of the kernel, to which every build
// of something new adds: what an isolated one finds out is its own, and goes with it.
#include "produce/isolation.h"

#include "base/error.h"
#include "base/files.h"
#include "base/hand_out.h"
#include "base/process.h"
#include "cache/layout.h"
#include "produce/isolation_limits.h"
#include "produce/tool_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace kpatch::produce {
namespace fs = std::filesystem;

namespace {

constexpr const char* kProgram = "bwrap";

/// Of each process, for prlimit(1): enough for any unit of the kernel and for the link.
constexpr const char* kMostMemory = "--as=8589934592"; // bytes of address space
constexpr const char* kMostTime = "--cpu=3600";        // seconds of processor time

/// What compilers need of /etc.
constexpr const char* kConfiguration[] = {"/etc/alternatives", "/etc/ld.so.cache",
                                          "/etc/ld.so.conf", "/etc/ld.so.conf.d"};
constexpr const char* kSystemFolders[] = {"/bin",   "/sbin",  "/lib",
                                          "/lib32", "/lib64", "/libx32"};
constexpr const char* kCacheParts[] = {cache::kSources,    cache::kKernels,
                                       cache::kDownloads,  cache::kOriginals,
                                       cache::kToolchains, "format"};
/// What of a kernel's folder is a folder that builds add to.
constexpr const char* kFindings[] = {cache::kCommands, "compilers", "hooks"};
/// What of the environment says how to build or to print.
constexpr const char* kVariables[] = {
    "PATH", "LANG", "LC_ALL", "TARGET_ARCH", "CROSS_COMPILE", "NO_COLOR", "TERM"};

std::string why_not() {
  if (find_program(kProgram).empty())
    return "bubblewrap is not installed";
  const Outcome trial = run({.argv = {kProgram, "--unshare-all", "--ro-bind", "/", "/",
                                      "--dev", "/dev", "--proc", "/proc", "true"}});
  return trial.ok() ? "" : "bubblewrap does not work here: " + trial.errors;
}

class Words {
 public:
  void add(std::initializer_list<std::string> words) {
    all_.insert(all_.end(), words.begin(), words.end());
  }
  void see(const fs::path& path) { add({"--ro-bind-try", path, path}); }
  std::vector<std::string> all_;
};

/// Since the merge of /usr most of them are links into it.
void add_system(Words& words) {
  words.see("/usr");
  for (const char* folder : kSystemFolders)
    if (fs::is_symlink(folder))
      words.add({"--symlink", fs::read_symlink(folder), folder});
    else
      words.see(folder);
  for (const char* place : kConfiguration)
    words.see(place);
  words.add({"--proc", "/proc", "--dev", "/dev"});
}

fs::path own_kernel(const Enclosure& enclosure) {
  return enclosure.own / "kernel";
}

void add_kernel(Words& words, const Enclosure& enclosure) {
  if (!fs::is_directory(enclosure.kernel))
    return;
  words.add({"--bind", own_kernel(enclosure), enclosure.kernel});
  for (const fs::directory_entry& part : fs::directory_iterator(enclosure.kernel))
    if (std::ranges::find(kFindings, part.path().filename()) == std::end(kFindings))
      words.see(part.path());
}

void add_environment(Words& words, const Enclosure& enclosure) {
  words.add({"--clearenv", "--setenv", "HOME", "/tmp"});
  words.add({"--setenv", "CACHEDIR", enclosure.cache});
  words.add({"--setenv", "KPATCH_KMOD", fs::absolute(find_hook_sources())});
  for (const char* name : kVariables)
    if (const char* value = std::getenv(name))
      words.add({"--setenv", name, value});
}

bool is_plain_file(const fs::path& path) {
  return fs::is_regular_file(fs::symlink_status(path));
}

void hand_on(const fs::path& from, const fs::path& to) {
  if (is_plain_file(from))
    write_file(to, read_text(from));
}

/// The report names the module where it is in the end.
void take_over_report(const fs::path& from, const fs::path& to, const std::string& made,
                      const std::string& kept) {
  if (!is_plain_file(from))
    return;
  std::string text = read_text(from);
  for (std::size_t at = 0; (at = text.find(made, at)) != std::string::npos;
       at += kept.size())
    text.replace(at, made.size(), kept);
  hand_out(to, text);
}

/// What is written beside the module, by the name of its option.
struct BesideModule {
  const char* name;
  fs::path place; ///< empty: not wanted

  /// The ending may decide about the form.
  std::string own_name() const { return name + place.extension().native(); }
};
std::vector<BesideModule> beside_module(const Invocation& invocation) {
  return {{"provenance", invocation.provenance},
          {"sbom", invocation.sbom},
          {"vex", invocation.vex},
          {"report", invocation.report}};
}

/// With what overrides the caller's options at the end, before any `--`. The key stays
/// outside: what the patch has a say in must not see it.
std::vector<std::string> inner_arguments(const Invocation& invocation,
                                         std::vector<std::string> argv,
                                         const fs::path& own) {
  std::vector<std::string> more{"--offline", "--no-isolate", "--launcher",
                                "none",      "--output",     own / "out"};
  for (const BesideModule& file : beside_module(invocation))
    if (!file.place.empty())
      more.insert(more.end(), {std::string("--") + file.name, own / file.own_name()});
  if (!invocation.reproduce.empty()) // its options are among these by now
    more.insert(more.end(), {"--reproduce", ""});
  if (invocation.signer.is_set())
    more.insert(more.end(), {"--sign-key", "", "--sign-cert", ""});
  if (!invocation.package.empty()) // made of the signed module
    more.insert(more.end(), {"--package", "", "--name", invocation.options.name});
  if (!invocation.json.empty())
    more.insert(more.end(), {"--json", own / "json"});
  if (!invocation.options.debug_file.empty())
    more.insert(more.end(), {"--debug-file", own / "debug"});
  if (invocation.is_for_several())
    more.insert(more.end(), {"--only-kernel", invocation.kernel.release});
  argv[0] = fs::read_symlink("/proc/self/exe");
  argv.insert(std::ranges::find(argv, "--"), more.begin(), more.end());
  return argv;
}

} // namespace

bool is_to_be_isolated(Invocation& invocation) {
  if (invocation.isolation == Isolation::kNever ||
      (invocation.isolation == Isolation::kForRoot && geteuid() != 0))
    return false;
  const std::string obstacle = why_not();
  if (obstacle.empty())
    return true;
  constexpr std::string_view kRemedy =
      "install it: apt-get install bubblewrap; or build as a user that owns nothing";
  if (invocation.isolation == Isolation::kAlways)
    fail_with_remedy(std::string(kRemedy), "--isolate: {}", obstacle);
  invocation.notices.push_back(fmt::format(
      "NOTICE: root builds this patch without isolation: {}; {} (--no-isolate "
      "says that it is meant)",
      obstacle, kRemedy));
  return false;
}

Enclosure enclosure_of(const Invocation& invocation, const kernel::Target& target,
                       const fs::path& own) {
  const BuildOptions& options = invocation.options;
  const kernel::TargetRequest& kernel = invocation.kernel;
  Enclosure enclosure{.readable = {},
                      .cache = options.cache,
                      .kernel = target.cache,
                      .own = own,
                      .output = options.output_directory,
                      .limits = limits_of_this_machine()};
  std::vector<fs::path>& readable = enclosure.readable;
  for (const fs::path& patch : options.patches)
    readable.push_back(fs::absolute(patch));
  for (const fs::path& series : options.series) // its patches lie beside a series file
    readable.push_back(fs::is_directory(series) ? series : series.parent_path());
  readable.push_back(fs::read_symlink("/proc/self/exe").parent_path());
  readable.push_back(fs::absolute(find_hook_sources()));
  readable.push_back(kernel.overrides.source);
  readable.push_back(kernel.overrides.config);
  if (const fs::path& vmlinux = kernel.overrides.vmlinux; !vmlinux.empty()) {
    readable.push_back(vmlinux);
    readable.push_back(vmlinux.parent_path() / "Module.symvers");
  }
  readable.push_back(kernel.source_rpm);
  std::ranges::copy(kernel.out_of_tree.modules, std::back_inserter(readable));
  std::ranges::copy(kernel.out_of_tree.sources, std::back_inserter(readable));
  for (const fs::path& path :
       {target.source, target.kbuild_source, target.records, target.objects, target.image,
        target.vmlinux, target.symvers, target.config_file,
        target.modules_root / "lib/modules" / target.release})
    readable.push_back(path);
  std::erase_if(readable, [](const fs::path& path) { return !path.is_absolute(); });
  return enclosure;
}

std::vector<std::string> isolated_command(const Enclosure& enclosure,
                                          std::vector<std::string> argv) {
  Words words;
  words.all_ = scope_words(enclosure.limits);
  words.add({"prlimit", kMostMemory, kMostTime, "--core=0"});
  words.add(
      {fmt::format("--nproc={}", threads_of_this_user() + enclosure.limits.threads)});
  words.add({kProgram, "--unshare-all", "--die-with-parent", "--new-session"});
  add_system(words);
  words.add({"--bind", enclosure.own / "tmp", "/tmp"});
  const fs::path private_cache = enclosure.own / "cache";
  words.add({"--bind", private_cache, enclosure.cache});
  for (const char* part : kCacheParts)
    words.see(enclosure.cache / part);
  add_kernel(words, enclosure);
  for (const fs::path& path : enclosure.readable)
    words.see(path);
  words.add({"--bind", enclosure.own, enclosure.own});
  const std::string here = working_directory();
  words.add({"--dir", enclosure.output, "--dir", here, "--chdir", here});
  // Files there would be memory.
  words.add({"--remount-ro", "/dev", "--remount-ro", "/"});
  add_environment(words, enclosure);
  std::ranges::move(argv, std::back_inserter(words.all_));
  return std::move(words.all_);
}

void copy_findings(const Enclosure& enclosure) {
  fs::create_directories(own_kernel(enclosure));
  for (const char* part : kFindings)
    if (const fs::path found = enclosure.kernel / part; fs::is_directory(found))
      fs::copy(found, own_kernel(enclosure) / part, fs::copy_options::recursive);
}

namespace {

/// By the kernel where memory runs out, or by systemd, which ends the others in a scope
/// in which that has happened (OOMPolicy=stop in systemd.scope(5)).
bool was_killed(int status) {
  return status == 128 + SIGKILL || status == 128 + SIGTERM;
}

/// bubblewrap's first process ends with the build, and the one behind it, with all that
/// the build has left running, a moment later: it is killed then, and none of them may
/// still write what is about to be taken over. Orphans of this process are its children
/// meanwhile (PR_SET_CHILD_SUBREAPER in prctl(2)), and of a namespace of processes the
/// first one is gone last (pid_namespaces(7)).
class Orphans {
 public:
  Orphans() { prctl(PR_SET_CHILD_SUBREAPER, 1); }
  ~Orphans() { prctl(PR_SET_CHILD_SUBREAPER, 0); }
  Orphans(const Orphans&) = delete;
  Orphans& operator=(const Orphans&) = delete;

  void see_all_end() const {
    const auto latest = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (pid_t ended = 0; (ended = waitpid(-1, nullptr, WNOHANG)) >= 0;)
      if (std::chrono::steady_clock::now() > latest)
        fail_with_remedy("end what `ps -ef` shows of bwrap, and build again",
                         "processes of the isolated build do not end");
      else if (ended == 0)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
};

} // namespace

Outcome run_isolated(const Enclosure& enclosure, std::vector<std::string> argv) {
  IsolationWatch watch(enclosure.limits);
  const Orphans orphans;
  Outcome outcome =
      run({.argv = isolated_command(enclosure, std::move(argv)),
           .show_output = true,
           .watch = [&](pid_t top, double seconds) { watch.look(top, seconds); }});
  orphans.see_all_end();
  if (!watch.excess().empty())
    fail_with_remedy("run fewer compilers at once (--jobs); --no-isolate sets no limits",
                     "the isolated build was ended: its processes took {} that they may "
                     "take together",
                     watch.excess());
  if (was_killed(outcome.status))
    fail_with_remedy("run fewer compilers at once (--jobs)",
                     "the isolated build was killed, as happens where memory runs out");
  return outcome;
}

int build_isolated(const Invocation& invocation, const kernel::Target& target,
                   std::vector<std::string> argv) {
  const TempDir own("kpatch-isolated.");
  for (const char* folder : {"out", "cache", "tmp"})
    fs::create_directory(own.path() / folder);
  const Enclosure enclosure = enclosure_of(invocation, target, own.path());
  copy_findings(enclosure);
  const Outcome outcome =
      run_isolated(enclosure, inner_arguments(invocation, std::move(argv), own.path()));
  // Nothing runs there any more.
  hand_on(own.path() / "cache/build.log", invocation.options.cache / "build.log");
  if (!invocation.json.empty())
    take_over_report(own.path() / "json", invocation.json, own.path() / "out",
                     invocation.options.output_directory);
  for (const BesideModule& file : beside_module(invocation))
    if (!file.place.empty())
      hand_on(own.path() / file.own_name(), file.place);
  if (!outcome.ok())
    return outcome.status;
  if (!invocation.options.debug_file.empty())
    hand_on(own.path() / "debug", invocation.options.debug_file);
  for (const fs::directory_entry& made : fs::directory_iterator(own.path() / "out"))
    if (made.path().extension() == ".ko" && is_plain_file(made.path())) {
      if (invocation.signer.is_set())
        write_file(made.path(),
                   sign::signed_module(read_bytes(made.path()), invocation.signer));
      hand_on(made.path(), invocation.options.output_directory / made.path().filename());
    }
  return 0;
}

} // namespace kpatch::produce
