// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "diff/object_builder.h"
#include "klp/convert.h"
#include "klp/intermediate.h"

#include <gtest/gtest.h>

#include <utility>

namespace kpatch::klp::testing {

/// What a module gets of a unit that is patched; nothing, and a failure of the test,
/// where the difference is refused.
inline elf::Object module_part(const elf::Object& original, const elf::Object& patched) {
  diff::testing::Diffing diffing;
  diff::Result result = diffing.run(original, patched);
  for (const Problem& problem : result.problems)
    ADD_FAILURE() << problem.message;
  if (!result.delta)
    return {};
  elf::Object object = make_intermediate(std::move(*result.delta));
  convert_to_livepatch(object, {});
  return object;
}

} // namespace kpatch::klp::testing
