// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "produce/command_line.h"
#include "produce/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace kpatch::report {

/// What a module was made of and how, as docs/json.md describes it.
std::string provenance_json(const produce::BuildResult& result,
                            const produce::Invocation& invocation);

/// The module as a package of an SPDX 2.3 document, made of its patches and the kernel.
std::string sbom_json(const produce::BuildResult& result);

/// OpenVEX 0.2.0: the CVEs that the module says it fixes.
std::string vex_json(const produce::BuildResult& result);

/// The options of kpatch-build that a provenance names, and its single patches. Throws
/// Error if it is none.
struct RecordedCall {
  std::vector<std::string> options, patches;
};
RecordedCall recorded_call(std::string_view provenance, std::string_view name);

/// What of two provenances differs, one line each; empty if the module is the same.
std::vector<std::string> provenance_differences(std::string_view recorded,
                                                std::string_view made);

} // namespace kpatch::report
