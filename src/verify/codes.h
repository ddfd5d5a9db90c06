// SPDX-License-Identifier: GPL-2.0-or-later
//
// The codes of what the judge finds; base/problem_codes.h says what they mean.
#pragma once

namespace kpatch::verify::code {

inline constexpr const char* kMalformed = "KP5001";
inline constexpr const char* kUnresolvable = "KP5002";
inline constexpr const char* kNoUnwindData = "KP5003";
inline constexpr const char* kUnlisted = "KP5004";
inline constexpr const char* kOtherKernel = "KP5005";
inline constexpr const char* kBootConstant = "KP5006";
inline constexpr const char* kCrash = "KP5007";
inline constexpr const char* kRecord = "KP5008";
inline constexpr const char* kImport = "KP5009";
inline constexpr const char* kWrongSite = "KP5010";
inline constexpr const char* kWrongEntry = "KP5011";
inline constexpr const char* kGone = "KP5012";
inline constexpr const char* kUnlikely = "KP5013";
inline constexpr const char* kSignature = "KP5014";
inline constexpr const char* kReach = "KP5015";
inline constexpr const char* kLostToc = "KP5016";

} // namespace kpatch::verify::code
