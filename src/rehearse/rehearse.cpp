// SPDX-License-Identifier: GPL-2.0-or-later
//
// A rehearsal runs the very kernel that the patch is for in a virtual machine of its own,
// with nothing of the host in it, and takes the patch through its life there. Software
// emulation needs no privilege and no hardware, and a stock kernel boots in it in about
// two seconds. Hardware virtualisation is taken where /dev/kvm can be opened; since that
// need not mean that it works, emulation follows where it does not. In a machine that is
// a virtual one itself QEMU may start and its guest reset or halt before it prints a
// word.
//
// The processors of an emulated machine take turns in one thread. With a thread for each,
// QEMU lets one of them run on with translated code that another has just rewritten: it
// takes a breakpoint that is gone, and the kernel dies of it or hangs. Kernels rewrite
// their code all the time: static branches, ftrace, live patches.
#include "rehearse/rehearse.h"

#include "arch/arch.h"
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/module_name.h"
#include "base/process.h"
#include "base/text.h"
#include "rehearse/guest_programs.h"
#include "rehearse/initramfs.h"
#include "runtime/core.h"
#include "runtime/module_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <random>
#include <set>
#include <thread>
#include <unistd.h>

namespace kpatch::rehearse {
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kConsoleTail = 40;

std::string random_token() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}", device(), device());
}

struct Patches {
  std::vector<ModuleToLoad> modules;
  std::vector<std::string> needed; ///< modules that they change or call
  fs::path core;                   ///< kpatch.ko, if one of them needs it
};

/// That of the first patch: the rest must be for the same one.
const arch::Arch& guest_processor(const RehearsalRequest& request) {
  if (request.patches.empty())
    return host_processor();
  const fs::path& file = request.patches.front();
  return arch::arch_for(runtime::read_module_file(file).machine, file.string());
}

arch::VirtualMachine machine_of(const arch::Arch& processor) {
  const std::optional<arch::VirtualMachine> machine = processor.virtual_machine();
  if (!machine)
    fail_with_remedy("rehearse it on a machine that you can do without, by kpatch load",
                     "rehearse: it is not known how to boot a kernel for {} in QEMU",
                     processor.name());
  return *machine;
}

Patches read_patches_of(const RehearsalRequest& request, const arch::Arch& guest,
                        const ModuleTree& tree) {
  Patches patches;
  std::set<std::string> names;
  for (const fs::path& file : request.patches) {
    const runtime::ModuleFile module = runtime::read_module_file(file);
    if (!module.is_livepatch())
      fail("{}: not a live patch: its modinfo has no livepatch entry", file.string());
    if (module.release() != request.release)
      fail_with_remedy("rehearse it on the kernel it was built for",
                       "{}: built for {}, not for {}", file.string(), module.release(),
                       request.release);
    const arch::Arch& processor = arch::arch_for(module.machine, file.string());
    if (&processor != &guest)
      fail_with_remedy("rehearse modules for different processors one by one",
                       "{}: built for {}, but {} for {}", file.string(), processor.name(),
                       request.patches.front().string(), guest.name());
    if (!names.insert(module.name).second)
      fail("{}: another of the modules is named {} too", file.string(), module.name);
    const bool is_alone = request.each || request.upgrade || patches.modules.empty();
    if (!is_alone && module.replaces() == true)
      fail_with_remedy("rehearse them with --upgrade, or one after the other with --each",
                       "{} replaces what is loaded before it, so they cannot be loaded "
                       "together",
                       module.name);
    if (request.upgrade && module.replaces() != true)
      fail_with_remedy("build it without -R", "{} does not replace what is loaded",
                       module.name);
    patches.modules.push_back({module.name, file});
    if (module.is_for_core())
      patches.core = file.parent_path() / runtime::kCoreFile;
    for (const std::string& object : module.patched_objects)
      if (object != kVmlinux && tree.contains(object))
        patches.needed.push_back(object);
    for (const std::string& other : module.needed())
      if (other != runtime::kCore)
        patches.needed.push_back(other);
  }
  return patches;
}

GuestContent collect_content(const RehearsalRequest& request, const arch::Arch& guest,
                             const arch::VirtualMachine& machine) {
  const ModuleTree tree(request.modules_root, request.release);
  Patches patches = read_patches_of(request, guest, tree);
  GuestPrograms programs = find_guest_programs(guest, request.guest_programs);
  for (const fs::path& program : request.programs)
    require_guest_program(guest, program);
  std::vector<std::string> names = request.with;
  for (const std::string& name : patches.needed)
    if (std::ranges::find(request.without, name) == request.without.end())
      names.push_back(name);
  return {.release = request.release,
          .builtin =
              read_text_if_exists(tree.directory() / "modules.builtin").value_or(""),
          .modules = tree.in_loading_order(names),
          .patches = std::move(patches.modules),
          .core = std::move(patches.core),
          .check = request.check,
          .programs = request.programs,
          .busybox = std::move(programs.busybox),
          .kpatch = std::move(programs.kpatch),
          .cycles = request.cycles,
          .each = request.each,
          .upgrade = request.upgrade,
          .late = request.late,
          .token = random_token(),
          .report = fmt::format("/dev/{}", machine.report)};
}

/// QEMU says so and stops the machine without ending (accel/kvm/kvm-all.c).
constexpr std::string_view kKvmGivesUp = "KVM internal error";

/// Files of the machine, in one directory.
struct MachineFiles {
  fs::path initramfs;
  fs::path console;
  fs::path report;
  fs::path process; ///< where QEMU writes its number
};

bool has_reported(const MachineFiles& files) {
  return !read_text_if_exists(files.report).value_or("").empty();
}

/// Changes with every start of this machine, after which KVM may work.
std::string boot_id() {
  return read_text_if_exists("/proc/sys/kernel/random/boot_id").value_or("");
}

void note_kvm_fails(const fs::path& note) {
  if (note.empty())
    return;
  try {
    write_file(note, boot_id());
  } catch (const Error& error) {
    debug("not noted that KVM does not work: {}", error.what());
  }
}

/// Whether it exists, we may use it, and it was not in vain since this machine started.
bool is_kvm_there(const fs::path& note) {
  if (!note.empty() && read_text_if_exists(note) == boot_id())
    return false;
  const int descriptor = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (descriptor < 0)
    return false;
  close(descriptor);
  return true;
}

/// A comma begins the next of QEMU's properties unless there are two.
std::string doubled_commas(const fs::path& file) {
  std::string text;
  for (const char character : file.string())
    text.append(character == ',' ? 2 : 1, character);
  return text;
}

std::vector<std::string> qemu_command(const RehearsalRequest& request,
                                      const arch::VirtualMachine& machine, bool with_kvm,
                                      const MachineFiles& files) {
  std::vector<std::string> command = {std::string(machine.program),
                                      "-nodefaults",
                                      "-no-user-config",
                                      "-display",
                                      "none",
                                      "-no-reboot",
                                      "-m",
                                      "1024",
                                      "-smp",
                                      std::to_string(request.cpus)};
  command.insert(command.end(), {"-accel", with_kvm ? "kvm" : "tcg,thread=single"});
  if (!machine.machine.empty())
    command.insert(command.end(), {"-machine", std::string(machine.machine)});
  const std::string model =
      request.cpu_model.empty() ? std::string(machine.cpu) : request.cpu_model;
  const std::string cpu = with_kvm ? "host" : model;
  if (!cpu.empty())
    command.insert(command.end(), {"-cpu", cpu});
  // Kernels before 6.2 look each reference of a patch up in their whole table of symbols,
  // which takes an emulated processor minutes if it gets little of a real one: that is no
  // lockup of the patch. One that is comes to light before the time for all is over.
  std::string arguments = fmt::format("console={} loglevel=5 printk.time=1 "
                                      "log_buf_len=4M panic=-1 rdinit=/init {}",
                                      machine.console, machine.kernel_arguments);
  if (!with_kvm)
    arguments += " watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120";
  for (const std::string& more : request.kernel_arguments)
    arguments += " " + more;
  for (const auto& [name, file] :
       {std::pair("console", files.console), {"report", files.report}})
    command.insert(command.end(), {"-chardev", fmt::format("file,id={},path={}", name,
                                                           doubled_commas(file))});
  for (const std::string_view word : split(machine.ports, ' '))
    command.emplace_back(word);
  command.insert(command.end(),
                 {"-pidfile", files.process.string(), "-kernel", request.vmlinuz.string(),
                  "-initrd", files.initramfs.string(), "-append", arguments});
  return command;
}

std::vector<std::string> tail_of(const fs::path& file) {
  const std::string text = read_text_if_exists(file).value_or("");
  std::vector<std::string> lines;
  for (std::string_view line : lines_of(text)) {
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    lines.emplace_back(line);
  }
  if (lines.size() > kConsoleTail)
    lines.erase(lines.begin(), lines.end() - kConsoleTail);
  return lines;
}

/// Tells of the guest's steps while the machine runs, as its report grows.
class LiveView {
 public:
  LiveView(const RehearsalRequest& request, fs::path report, std::string token)
      : live_(request.live), report_(std::move(report)), token_(std::move(token)) {
    if (live_)
      thread_ = std::jthread([this](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          std::this_thread::sleep_for(std::chrono::milliseconds(200));
          look();
        }
      });
  }

 private:
  void look() {
    const GuestRecord record =
        parse_guest_record(read_text_if_exists(report_).value_or(""), token_);
    // While "said" lines may still come the step is not told: the next one has begun.
    for (; told_ + 1 < record.steps.size(); ++told_)
      live_(record.steps[told_]);
  }

  std::function<void(const GuestStep&)> live_;
  fs::path report_;
  std::string token_;
  std::size_t told_ = 0;
  std::jthread thread_;
};

/// Ends a machine that has not reported by then.
class BootLimit {
 public:
  BootLimit(const MachineFiles& files, double seconds)
      : thread_([files, seconds](const std::stop_token& stop) {
          const auto begin = std::chrono::steady_clock::now();
          const auto used = [&] {
            return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
                .count();
          };
          while (!stop.stop_requested() && !has_reported(files)) {
            if (used() > seconds)
              return end(files);
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
          }
        }) {}

 private:
  static void end(const MachineFiles& files) {
    const std::string number = read_text_if_exists(files.process).value_or("");
    if (const int process = std::atoi(number.c_str()); process > 1)
      kill(process, SIGKILL);
  }

  std::jthread thread_;
};

Outcome run_machine(const RehearsalRequest& request, const arch::VirtualMachine& machine,
                    bool may_use_kvm, const MachineFiles& files,
                    const std::string& token) {
  const LiveView view(request, files.report, token);
  const auto run_with = [&](bool kvm) {
    return run({.argv = qemu_command(request, machine, kvm, files),
                .timeout_seconds = request.timeout_seconds});
  };
  if (request.kvm || !request.cpu_model.empty() || !may_use_kvm)
    return run_with(request.kvm.value_or(false));
  const Outcome outcome = [&] {
    const BootLimit limit(files, request.kvm_boot_seconds);
    return run_with(true);
  }();
  const bool works = has_reported(files) && (outcome.timed_out || outcome.status == 0) &&
                     outcome.errors.find(kKvmGivesUp) == std::string::npos;
  if (works)
    return outcome;
  note_kvm_fails(request.kvm_note);
  return run_with(false);
}

void require_readable(const RehearsalRequest& request) {
  std::vector<fs::path> files = request.patches;
  files.push_back(request.vmlinuz);
  files.insert(files.end(), request.programs.begin(), request.programs.end());
  if (!request.check.empty())
    files.push_back(request.check);
  std::error_code ignored;
  for (const fs::path& file : files)
    if (!fs::is_regular_file(file, ignored))
      fail("{}: no such file", file.string());
}

void require_qemu(const RehearsalRequest& request, const arch::Arch& guest,
                  const arch::VirtualMachine& machine) {
  if (request.kvm == true && &guest != &host_processor())
    fail_with_remedy("leave out --kvm",
                     "rehearse: the hardware of this host, {}, runs no "
                     "machine of {}",
                     host_processor().name(), guest.name());
  if (find_program(std::string(machine.program)).empty())
    fail_with_remedy(fmt::format("install the package {}", machine.package),
                     "{}: not found; a rehearsal runs in it", machine.program);
}

} // namespace

Rehearsal rehearse(const RehearsalRequest& request) {
  require_readable(request);
  const arch::Arch& guest = guest_processor(request);
  const arch::VirtualMachine machine = machine_of(guest);
  require_qemu(request, guest, machine);
  const GuestContent content = collect_content(request, guest, machine);
  const TempDir directory("kpatch-rehearsal-");
  const MachineFiles files{.initramfs = directory.path() / "initramfs",
                           .console = directory.path() / "console",
                           .report = directory.path() / "report",
                           .process = directory.path() / "process"};
  write_file(files.initramfs, make_initramfs(content));

  const bool may_use_kvm = &guest == &host_processor() && is_kvm_there(request.kvm_note);
  const Outcome outcome =
      run_machine(request, machine, may_use_kvm, files, content.token);
  if (!outcome.timed_out && outcome.status != 0)
    fail_with_remedy(request.kvm.value_or(false)
                         ? "leave out --kvm: software emulation works everywhere"
                         : "see what QEMU says above",
                     "{}: exit status {}: {}", machine.program, outcome.status,
                     outcome.errors);

  Rehearsal rehearsal{
      .release = request.release, .each = request.each, .seconds = outcome.wall_seconds};
  for (const ModuleToLoad& patch : content.patches)
    rehearsal.patches.push_back(patch.name);
  rehearsal.guest =
      parse_guest_record(read_text_if_exists(files.report).value_or(""), content.token);
  if (!rehearsal.guest.complete)
    rehearsal.console = tail_of(files.console);
  judge(rehearsal, outcome.timed_out ? MachineEnd::kTimeout : MachineEnd::kByItself,
        log_mark(content.token));
  return rehearsal;
}

} // namespace kpatch::rehearse
