// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/error.h"
#include "base/files.h"
#include "elf/object.h"
#include "runtime/host.h"
#include "runtime/module_file.h"

#include <array>
#include <cerrno>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace kpatch::runtime {

/// What kernels show of live patches differs by their age.
struct Generation {
  const char* since;
  bool signal;
  bool force;
  bool patched;
  bool replace;
  bool stack_order;
  bool keeps_disabled; ///< a disabled patch stays in sysfs and can be enabled again
};
inline constexpr std::array kGenerations = {
    Generation{"4.12", false, false, false, false, false, true},
    Generation{"4.15", true, true, false, false, false, true},
    Generation{"5.1", false, true, false, false, false, false},
    Generation{"6.1", false, true, true, false, false, false},
    Generation{"6.11", false, true, true, true, false, false},
    Generation{"6.14", false, true, true, true, true, false},
};

/// A kernel that exists as a directory tree only. It keeps sysfs as the real one would: a
/// loaded patch appears, is in transition for `transition_time`, and vanishes when
/// disabled.
class PretendedKernel : public Kernel {
 public:
  explicit PretendedKernel(const Places& places) : places_(places) {}

  std::chrono::milliseconds transition_time{1000};
  int busy_answers = 0;    ///< how many calls are answered with `busy_answer` first
  int busy_answer = EBUSY; ///< or EAGAIN
  int load_answer = 0;     ///< errno that loading ends with
  Generation generation = kGenerations.back();
  std::string ending; ///< transitions end only to this state, "0" or "1"; empty: to both
  bool never_ends = false;        ///< transitions stall
  bool registers_nothing = false; ///< modules are loaded that enable no patch
  bool patches_nothing = false;   ///< patches have no objects
  std::vector<std::string> patched_functions = {"f,1"}; ///< of each patch
  bool is_replaced_at_once = false; ///< somebody else disables what is enabled
  std::set<std::string> cumulative; ///< patches that replace all others
  std::vector<std::string> calls;
  std::chrono::milliseconds now{0};

  int load_module(const std::filesystem::path& file) override {
    calls.push_back("load " + file.filename().string());
    if (busy_answers > 0) {
      --busy_answers;
      return busy_answer;
    }
    if (load_answer)
      return load_answer;
    const std::string name = module_name(file.string());
    if (registers_nothing) {
      std::filesystem::create_directories(places_.modules() / name);
      return 0;
    }
    add_patch(name, true);
    if (!patches_nothing)
      add_object(name, "vmlinux", patched_functions);
    return 0;
  }

  int remove_module(const std::string& name) override {
    calls.push_back("remove " + name);
    std::filesystem::remove_all(places_.modules() / name);
    std::filesystem::remove_all(directory(name));
    return 0;
  }

  int write_attribute(const std::filesystem::path& file, std::string_view text) override {
    const std::string name = file.parent_path().filename();
    calls.push_back("write " + name + "/" + file.filename().string() + " " +
                    std::string(text));
    if (busy_answers > 0) {
      --busy_answers;
      return EBUSY;
    }
    write_file(file, std::string(text) + "\n");
    if (file.filename() == "enabled")
      begin_transition(name);
    if (file.filename() == "force")
      end_transition(name);
    return 0;
  }

  void wait(std::chrono::milliseconds time) override {
    now += time;
    if (never_ends)
      return;
    std::erase_if(ends_, [&](const auto& entry) {
      if (entry.second > now || (!ending.empty() && read_text(directory(entry.first) /
                                                              "enabled")[0] != ending[0]))
        return false;
      end_transition(entry.first);
      return true;
    });
  }

  /// A patch with its module, in transition or settled.
  void add_patch(const std::string& name, bool in_transition) {
    const std::filesystem::path module = places_.modules() / name;
    std::filesystem::create_directories(directory(name));
    std::filesystem::create_directories(module);
    std::filesystem::create_directories(places_.proc);
    write_file(directory(name) / "enabled", "1\n");
    write_file(directory(name) / "transition", "0\n");
    write_file(module / "refcnt", "0\n");
    write_file(module / "taint", "OEK\n");
    const auto modules = read_text_if_exists(places_.proc / "modules");
    write_file(places_.proc / "modules",
               name + " 16384 1 - Live 0x0000000000000000 (OEK)\n" +
                   modules.value_or(""));
    add_attributes(name);
    if (in_transition)
      begin_transition(name);
  }

  /// An object that a patch changes, with its functions (`name,1`).
  void add_object(const std::string& patch, const std::string& object,
                  const std::vector<std::string>& functions) {
    std::filesystem::create_directories(directory(patch) / object);
    for (const std::string& function : functions)
      std::filesystem::create_directories(directory(patch) / object / function);
    if (generation.patched)
      write_file(directory(patch) / object / "patched", "1\n");
  }

 private:
  std::filesystem::path directory(const std::string& name) const {
    return places_.livepatch() / name;
  }
  void add_attributes(const std::string& name) {
    if (generation.signal)
      write_file(directory(name) / "signal", "");
    if (generation.force)
      write_file(directory(name) / "force", "");
    if (generation.replace)
      write_file(directory(name) / "replace", cumulative.contains(name) ? "1\n" : "0\n");
    if (generation.stack_order)
      write_file(directory(name) / "stack_order", std::to_string(++loaded_) + "\n");
  }
  void begin_transition(const std::string& name) {
    write_file(directory(name) / "transition", "1\n");
    ends_[name] = now + transition_time;
  }
  void end_transition(const std::string& name) {
    write_file(directory(name) / "transition", "0\n");
    if (is_replaced_at_once)
      write_file(directory(name) / "enabled", "0\n");
    if (read_text(directory(name) / "enabled") == "0\n") {
      if (!generation.keeps_disabled)
        std::filesystem::remove_all(directory(name));
    } else if (cumulative.contains(name)) {
      for (const auto& other : std::filesystem::directory_iterator(places_.livepatch()))
        if (other.path().filename() != name)
          std::filesystem::remove_all(other.path());
    }
  }

  const Places& places_;
  std::map<std::string, std::chrono::milliseconds> ends_;
  int loaded_ = 0;
};

/// A whole machine in a temporary directory, and what it was told.
struct PretendedHost {
  TempDir root{"kpatch-test-"};
  Places places{.sysfs = root.path() / "sys",
                .proc = root.path() / "proc",
                .installed = root.path() / "lib",
                .trees = root.path() / "trees",
                .records = root.path() / "run",
                .docs = root.path() / "doc",
                .systemctl = "no-such-program",
                .release = "6.1.0-test"};
  PretendedKernel kernel{places};
  std::vector<std::string> said;
  std::vector<std::string> warned;
  std::vector<std::string> guided;
  std::vector<std::string> progress;
  Host host{.places = places,
            .kernel = kernel,
            .say = [this](std::string_view line) { said.emplace_back(line); },
            .warn = [this](std::string_view line) { warned.emplace_back(line); },
            .guide = [this](std::string_view text) { guided.emplace_back(text); },
            .progress = [this](std::string_view line) { progress.emplace_back(line); }};

  PretendedHost() { std::filesystem::create_directories(places.livepatch()); }
  PretendedHost(const PretendedHost&) = delete;

  /// A task that has not moved to the patch that is being enabled.
  void add_stalled_task(const std::string& id, const std::string& command,
                        const std::string& stack) {
    const auto task = places.proc / id / "task" / id;
    std::filesystem::create_directories(task);
    write_file(task / "patch_state", "0\n");
    write_file(task / "comm", command + "\n");
    write_file(task / "stack", stack);
  }
};

/// What the error says that the action throws; empty if it throws none.
inline std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// A module of which no more can be read than its modinfo: NUL-terminated `key=value`s.
inline elf::Object module_object(const std::string& modinfo) {
  elf::Object object;
  object.header.machine = EM_X86_64;
  object.add_section({.name = ".modinfo",
                      .flags = SHF_ALLOC,
                      .data = Bytes(modinfo.begin(), modinfo.end())});
  return object;
}

/// `more`: further modinfo entries, each ended by NUL.
inline std::filesystem::path write_module(const std::filesystem::path& directory,
                                          const std::string& name,
                                          const std::string& more = {}) {
  using namespace std::string_literals;
  std::filesystem::create_directories(directory);
  const std::filesystem::path file = directory / (name + ".ko");
  write_file(file,
             elf::write_object(module_object("livepatch=Y\0vermagic=6.1.0-test SMP\0"s +
                                             more + "name=" + module_name(name))));
  return file;
}

} // namespace kpatch::runtime
