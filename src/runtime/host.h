// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace kpatch::runtime {

/// Where the system's files are. Every place can be redirected through the environment,
/// for tests and for looking at another root.
struct Places {
  std::filesystem::path sysfs = "/sys";                ///< KPATCH_SYSFS_ROOT
  std::filesystem::path proc = "/proc";                ///< KPATCH_PROC_ROOT
  std::filesystem::path installed = "/var/lib/kpatch"; ///< KPATCH_INSTALL_DIR
  std::filesystem::path trees = "/lib/modules";        ///< KPATCH_MODULES_ROOT
  std::filesystem::path records = "/run/kpatch";       ///< KPATCH_RUN_DIR
  std::filesystem::path docs = "/usr/share/doc";       ///< KPATCH_DOC_ROOT
  std::filesystem::path journal =
      "/run/systemd/journal/socket";   ///< KPATCH_JOURNAL_SOCKET
  std::string systemctl = "systemctl"; ///< KPATCH_SYSTEMCTL; a program, or none
  std::string release;                 ///< KPATCH_KERNEL_RELEASE, or uname -r

  static Places from_environment();

  /// Where patches are shown: by the kernel's livepatch code or, where it has none, in
  /// the same form by kpatch.ko.
  std::filesystem::path livepatch() const;
  std::filesystem::path modules() const { return sysfs / "module"; }
  std::filesystem::path installed_here() const { return installed / release; }
};

/// The calls into the running kernel that are no file operation, and the passing of time.
/// Tests put a pretended kernel in its place.
class Kernel {
 public:
  virtual ~Kernel() = default;

  /// finit_module(2), of compressed files init_module(2), and delete_module(2): 0 or an
  /// errno.
  virtual int load_module(const std::filesystem::path& file) = 0;
  virtual int remove_module(const std::string& name) = 0;
  /// Writes a sysfs attribute: 0 or an errno.
  virtual int write_attribute(const std::filesystem::path& file,
                              std::string_view text) = 0;
  virtual void wait(std::chrono::milliseconds time) = 0;
};

/// The kernel this process runs on.
class RunningKernel : public Kernel {
 public:
  int load_module(const std::filesystem::path& file) override;
  int remove_module(const std::string& name) override;
  int write_attribute(const std::filesystem::path& file, std::string_view text) override;
  void wait(std::chrono::milliseconds time) override;
};

/// Everything an operation works on: where things are, the kernel, and who listens.
struct Host {
  Places places;
  Kernel& kernel;
  std::function<void(std::string_view line)> say;   ///< results and progress
  std::function<void(std::string_view line)> warn;  ///< what is not as it should be
  std::function<void(std::string_view text)> guide; ///< how to call the program
  /// A line that takes the place of the one before; empty when there is no more.
  std::function<void(std::string_view line)> progress;
  /// Throws Error if the kernel of that release should not get the module file, as far as
  /// its own files tell. Null: nobody asks.
  std::function<void(const std::filesystem::path& file, const std::string& release)>
      judge = nullptr;
};

} // namespace kpatch::runtime
