// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
#include "elf/signed_file.h"
#include "report/provenance.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <gmock/gmock.h>

namespace kpatch::report {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Provenance : public testing::Test {
 protected:
  Provenance() {
    result_.module = place_.path() / "livepatch-x.ko";
    write_file(result_.module, std::string_view("module"));
    result_.outcome = produce::BuildOutcome::kBuilt;
    result_.module_name = "livepatch-x";
    result_.release = "6.1.0-1";
    result_.machine = "x86_64";
    result_.info = {{"version", "2"}, {"cve", "CVE-2026-1111"}};
    result_.inputs = {{"patch", "/p/x.patch", "aa"}, {"image", "vmlinuz", "bb"}};
    result_.units = {{.unit = "fs/x.c",
                      .owner = "vmlinux",
                      .outcome = produce::UnitOutcome::kChanged,
                      .functions = {{.name = "f", .before = "11", .after = "22"}}}};
    invocation_.asked = {{"non-replace", ""}, {"description", "two words"}};
  }
  std::string text() const { return provenance_json(result_, invocation_); }

  TempDir place_{"kpatch-provenance-test."};
  produce::BuildResult result_;
  produce::Invocation invocation_;
};

TEST_F(Provenance, SaysWhatTheModuleIsMadeOf) {
  const json made = json::parse(text());
  EXPECT_EQ(made["schema"], "kpatch-provenance");
  EXPECT_EQ(made["module"]["says"]["cves"], json::array({"CVE-2026-1111"}));
  EXPECT_EQ(made["inputs"][1]["sha256"], "bb");
  EXPECT_EQ(made["functions"][0]["before"], "11");
  EXPECT_EQ(made["functions"][0]["after"], "22");
}

TEST_F(Provenance, IsNotOfTheSignature) {
  const std::string before = text();
  const Bytes module = read_bytes(result_.module);
  write_file(result_.module, elf::with_signature(module, Bytes(10)));
  EXPECT_EQ(text(), before);
}

TEST_F(Provenance, IsACallThatCanBeMadeAgain) {
  const RecordedCall call = recorded_call(text(), "p.json");
  EXPECT_THAT(call.options, ElementsAre("--non-replace", "--description=two words",
                                        "--archversion=6.1.0-1", "--name=livepatch-x"));
  EXPECT_THAT(call.patches, ElementsAre("/p/x.patch"));
}

TEST_F(Provenance, OfAnythingElseIsRefused) {
  for (const char* other : {"", "[]", "{}", R"({"schema":"kpatch-provenance"})",
                            R"({"schema":"kpatch-provenance","options":[[1]]})"})
    EXPECT_THROW(recorded_call(other, "p.json"), Error) << other;
}

TEST_F(Provenance, TellsWhatDiffersOnlyIfTheModuleDoes) {
  const std::string then = text();
  result_.inputs[0].sha256 = "cc";
  EXPECT_THAT(provenance_differences(then, text()), IsEmpty());
  write_file(result_.module, std::string_view("another"));
  EXPECT_THAT(provenance_differences(then, text()),
              ElementsAre(HasSubstr("module sha256"),
                          "inputs patch /p/x.patch sha256: \"aa\", now \"cc\""));
}

TEST_F(Provenance, IsABillOfMaterials) {
  setenv("SOURCE_DATE_EPOCH", "0", 1);
  const json bill = json::parse(sbom_json(result_));
  unsetenv("SOURCE_DATE_EPOCH");
  EXPECT_EQ(bill["spdxVersion"], "SPDX-2.3");
  EXPECT_EQ(bill["creationInfo"]["created"], "1970-01-01T00:00:00Z");
  EXPECT_EQ(bill["packages"][0]["versionInfo"], "2");
  EXPECT_EQ(bill["packages"].size(), 5U);
  for (const json& relation : bill["relationships"])
    EXPECT_TRUE(relation.contains("relatedSpdxElement"));
}

TEST_F(Provenance, SaysToScannersWhatIsFixed) {
  const json statements = json::parse(vex_json(result_))["statements"];
  ASSERT_EQ(statements.size(), 1U);
  EXPECT_EQ(statements[0]["vulnerability"]["name"], "CVE-2026-1111");
  EXPECT_EQ(statements[0]["status"], "fixed");
  EXPECT_EQ(statements[0]["products"][0]["@id"], "pkg:generic/linux@6.1.0-1?arch=x86_64");
}

} // namespace
} // namespace kpatch::report
