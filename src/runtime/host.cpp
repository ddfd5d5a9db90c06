// SPDX-License-Identifier: GPL-2.0-or-later
//
// The edge to the running system. All that the operations do there passes through this
// file or is plain reading of sysfs and proc: so a directory tree and a pretended kernel
// are enough to test them, without root and without a kernel to risk.
#include "runtime/host.h"

#include "base/host_kernel.h"
#include "runtime/attributes.h"
#include "runtime/core.h"
#include "runtime/module_file.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace kpatch::runtime {
namespace fs = std::filesystem;

namespace {

std::string from_environment_or(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? value : otherwise;
}

} // namespace

Places Places::from_environment() {
  Places places;
  places.sysfs = from_environment_or("KPATCH_SYSFS_ROOT", places.sysfs);
  places.proc = from_environment_or("KPATCH_PROC_ROOT", places.proc);
  places.installed = from_environment_or("KPATCH_INSTALL_DIR", places.installed);
  places.trees = from_environment_or("KPATCH_MODULES_ROOT", places.trees);
  places.records = from_environment_or("KPATCH_RUN_DIR", places.records);
  places.docs = from_environment_or("KPATCH_DOC_ROOT", places.docs);
  places.journal = from_environment_or("KPATCH_JOURNAL_SOCKET", places.journal);
  places.systemctl = from_environment_or("KPATCH_SYSTEMCTL", places.systemctl);
  places.release = from_environment_or("KPATCH_KERNEL_RELEASE", host_kernel().release);
  return places;
}

fs::path Places::livepatch() const {
  const fs::path of_kernel = sysfs / "kernel/livepatch";
  const fs::path of_core = sysfs / "kernel" / kCore;
  return !is_there(of_kernel) && is_there(of_core) ? of_core : of_kernel;
}

int RunningKernel::load_module(const fs::path& file) {
  // The kernel decompresses by itself only if it was configured to, and one kind.
  if (file.extension() != ".ko") {
    const Bytes image = read_module_bytes(file);
    return syscall(SYS_init_module, image.data(), image.size(), "") == 0 ? 0 : errno;
  }
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return errno;
  const int reason = syscall(SYS_finit_module, fd, "", 0) == 0 ? 0 : errno;
  close(fd);
  return reason;
}

int RunningKernel::remove_module(const std::string& name) {
  return syscall(SYS_delete_module, name.c_str(), O_NONBLOCK) == 0 ? 0 : errno;
}

int RunningKernel::write_attribute(const fs::path& file, std::string_view text) {
  const int fd = open(file.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return errno;
  // One write: sysfs takes each as a whole value.
  const ssize_t done = write(fd, text.data(), text.size());
  const int reason = done < 0 ? errno : 0;
  close(fd);
  return reason;
}

void RunningKernel::wait(std::chrono::milliseconds time) {
  std::this_thread::sleep_for(time);
}

} // namespace kpatch::runtime
