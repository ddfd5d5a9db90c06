// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/rehearsal.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kpatch::report {
namespace {

rehearse::Rehearsal example() {
  rehearse::Rehearsal rehearsal{.release = "6.1.0-1", .patches = {"klp_a"}};
  rehearsal.guest.booted = true;
  rehearsal.guest.complete = true;
  rehearsal.guest.boot_seconds = 2;
  rehearsal.guest.steps = {{.cycle = 1,
                            .action = "check-before",
                            .subject = "check",
                            .status = 1,
                            .seconds = 0.25,
                            .said = {"old \xff line"}}};
  rehearsal.transitions = {{.patch = "klp_a", .patching = false, .seconds = 1.2345678}};
  rehearsal.verdict = rehearse::Verdict::kLog;
  rehearsal.reason = "the kernel complained: BUG: x";
  rehearsal.complaints = {"BUG: x"};
  return rehearsal;
}

TEST(RehearsalReport, TextNamesStepsComplaintsAndVerdict) {
  EXPECT_EQ(rehearsal_text(example()),
            "Rehearsal on 6.1.0-1\n"
            "  booted in 2.0 s\n"
            "  cycle 1\n"
            "    check before loading                     fails         0.25 s\n"
            "      old \xff line\n"
            "  klp_a: unpatching transition took 1.23 s\n"
            "  the kernel complained:\n"
            "      BUG: x\n"
            "FAILED (log): the kernel complained: BUG: x\n");
}

TEST(RehearsalReport, JsonIsValidWhateverTheGuestPrinted) {
  const nlohmann::json json = nlohmann::json::parse(rehearsal_json(example()));
  EXPECT_EQ(json["verdict"], "log");
  EXPECT_EQ(json["steps"][0]["status"], 1);
  EXPECT_EQ(json["transitions"][0]["direction"], "unpatching");
  EXPECT_DOUBLE_EQ(json["transitions"][0]["seconds"], 1.235);
}

} // namespace
} // namespace kpatch::report
