// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "runtime/host.h"
#include "runtime/module_file.h"

#include <string>
#include <vector>

namespace kpatch::runtime {

/// Somebody other than a live patch who has a hand in what a function does.
struct FunctionUser {
  ReplacedFunction function;
  std::string holder;     ///< as a phrase
  bool is_certain = true; ///< false if another function of that name may be meant
};

/// Those who hold one of the functions so that the kernel refuses a live patch of it.
std::vector<FunctionUser> find_holders(const Places& places,
                                       const std::vector<ReplacedFunction>& functions);

/// Those who may decide over the functions although live patches replace them.
std::vector<FunctionUser> find_bypasses(const Places& places,
                                        const std::vector<ReplacedFunction>& functions);

/// How many functions somebody redirects, live patches or others; 0 if the kernel does
/// not tell.
std::size_t count_redirected(const Places& places);

} // namespace kpatch::runtime
