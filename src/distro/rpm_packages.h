// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "distro/live.h"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace kpatch::distro {

/// How the packages of a kernel begin.
struct RpmNames {
  std::string_view binary; ///< "kernel" in kernel-core
  std::string_view source; ///< "kernel-alt" in kernel-alt-4.14.0-115.el7a.src.rpm
};
RpmNames rpm_names(std::string_view release);

/// The repositories of a distribution with RPM packages, and the files fetched already.
class RpmRepositories {
 public:
  RpmRepositories(std::filesystem::path downloads, bool is_offline, Live live = {})
      : downloads_(std::move(downloads)), is_offline_(is_offline),
        live_(std::move(live)) {}

  /// The package file, downloaded unless it is here already. `package` is a name with
  /// version and processor: "kernel-core-5.14.0-427.el9.x86_64". Throws Error if there is
  /// none, that begins with `complaint` and says why.
  std::filesystem::path get(const std::string& package, const std::string& complaint,
                            const std::string& remedy) const;

  /// The same of a package that not every kernel has; empty if there is none.
  std::filesystem::path find(const std::string& package) const;

  /// The source package: "kernel-5.14.0-427.el9" for that of this name and ".src.rpm".
  std::filesystem::path get_source(const std::string& package,
                                   const std::string& remedy) const;

 private:
  enum class Kind { kBinary, kSource };
  struct Attempt {
    std::filesystem::path file; ///< empty: `why`
    std::string why;
  };
  Attempt fetch(const std::string& package, Kind kind) const;

  std::filesystem::path downloads_;
  bool is_offline_;
  Live live_;
};

/// Puts what the binary packages of a kernel hold into the directory `root`: vmlinux with
/// debug information, modules, and what kernel-devel has. `release` is as uname -r says,
/// with the processor.
void unpack_rpm_kernel(const RpmRepositories& repositories, const std::string& release,
                       const std::filesystem::path& root,
                       const std::function<void(const std::string&)>& say,
                       const Live& live = {});

} // namespace kpatch::distro
