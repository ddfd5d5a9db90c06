// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/host_kernel.h"

#include <sys/utsname.h>

namespace kpatch {

HostKernel host_kernel() {
  utsname names{};
  if (uname(&names) != 0)
    return {};
  return {names.release, names.version, names.machine};
}

} // namespace kpatch
