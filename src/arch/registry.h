// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "arch/arch.h"

namespace kpatch::arch {

// One per processor file; registry.cpp names the machine each belongs to.
const Arch& x86_64();
const Arch& ppc64();
const Arch& s390();
const Arch& aarch64();
const Arch& loongarch64();

} // namespace kpatch::arch
