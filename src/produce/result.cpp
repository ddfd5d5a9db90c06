// SPDX-License-Identifier: GPL-2.0-or-later
#include "produce/result.h"

namespace kpatch::produce {

void note_failure(BuildResult& result, const std::function<void()>& step) {
  try {
    step();
  } catch (const std::exception& error) {
    result.message = error.what();
    result.remedy = remedy_of(error);
  }
}

} // namespace kpatch::produce
