// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/files.h"
#include "elf/object.h"
#include "runtime/host.h"

#include <cerrno>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace kpatch::runtime {

/// A kernel that exists as a directory tree only. It keeps sysfs as the real one would: a
/// loaded patch appears, is in transition for `transition_time`, and vanishes when
/// disabled.
class PretendedKernel : public Kernel {
 public:
  explicit PretendedKernel(const Places& places) : places_(places) {}

  std::chrono::milliseconds transition_time{1000};
  int busy_answers = 0;    ///< how many calls are answered with EBUSY first
  int load_answer = 0;     ///< errno that loading ends with
  bool never_ends = false; ///< transitions stall
  std::vector<std::string> calls;
  std::chrono::milliseconds now{0};

  int load_module(const std::filesystem::path& file) override {
    calls.push_back("load " + file.filename().string());
    if (busy_answers > 0) {
      --busy_answers;
      return EBUSY;
    }
    if (load_answer)
      return load_answer;
    add_patch(file.stem().string(), true);
    return 0;
  }

  int remove_module(const std::string& name) override {
    calls.push_back("remove " + name);
    std::filesystem::remove_all(places_.modules() / name);
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
    return 0;
  }

  void wait(std::chrono::milliseconds time) override {
    now += time;
    if (never_ends)
      return;
    std::erase_if(ends_, [&](const auto& entry) {
      if (entry.second > now)
        return false;
      end_transition(entry.first);
      return true;
    });
  }

  /// A patch with its module, in transition or settled.
  void add_patch(const std::string& name, bool in_transition) {
    std::filesystem::create_directories(directory(name));
    std::filesystem::create_directories(places_.modules() / name);
    write_file(directory(name) / "enabled", "1\n");
    write_file(directory(name) / "transition", "0\n");
    write_file(places_.modules() / name / "refcnt", "0\n");
    if (in_transition)
      begin_transition(name);
  }

 private:
  std::filesystem::path directory(const std::string& name) const {
    return places_.livepatch() / name;
  }
  void begin_transition(const std::string& name) {
    write_file(directory(name) / "transition", "1\n");
    ends_[name] = now + transition_time;
  }
  void end_transition(const std::string& name) {
    if (read_text(directory(name) / "enabled") == "0\n")
      std::filesystem::remove_all(directory(name));
    else
      write_file(directory(name) / "transition", "0\n");
  }

  const Places& places_;
  std::map<std::string, std::chrono::milliseconds> ends_;
};

/// A whole machine in a temporary directory, and what it was told.
struct PretendedHost {
  TempDir root{"kpatch-test-"};
  Places places{.sysfs = root.path() / "sys",
                .proc = root.path() / "proc",
                .installed = root.path() / "lib",
                .release = "6.1.0-test"};
  PretendedKernel kernel{places};
  std::vector<std::string> said;
  std::vector<std::string> warned;
  Host host{.places = places,
            .kernel = kernel,
            .say = [this](std::string_view line) { said.emplace_back(line); },
            .warn = [this](std::string_view line) { warned.emplace_back(line); }};

  PretendedHost() { std::filesystem::create_directories(places.livepatch()); }
  PretendedHost(const PretendedHost&) = delete;
};

/// A module of which no more can be read than its modinfo: NUL-terminated `key=value`s.
inline elf::Object module_object(const std::string& modinfo) {
  elf::Object object;
  object.header.machine = EM_X86_64;
  object.add_section({.name = ".modinfo",
                      .flags = SHF_ALLOC,
                      .data = Bytes(modinfo.begin(), modinfo.end())});
  return object;
}

inline std::filesystem::path write_module(const std::filesystem::path& directory,
                                          const std::string& name) {
  std::filesystem::create_directories(directory);
  const std::filesystem::path file = directory / (name + ".ko");
  write_file(file, elf::write_object(module_object("name=" + name)));
  return file;
}

} // namespace kpatch::runtime
