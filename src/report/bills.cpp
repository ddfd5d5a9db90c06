// SPDX-License-Identifier: GPL-2.0-or-later
//
// What other programs read about a module: an SPDX 2.3 document of what it is made of
// (spdx.github.io/spdx-spec/v2.3), and OpenVEX statements on what it fixes
// (github.com/openvex/spec). Both want a time; SOURCE_DATE_EPOCH gives it where the
// documents are to be the same each time.
#include "base/sha256.h"
#include "base/source_date.h"
#include "report/json_text.h"
#include "report/provenance.h"

#include <fmt/chrono.h>

namespace kpatch::report {

namespace {

constexpr const char* kMaker = "kpatch-ng";

std::string time_of_document() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(source_date()));
}

std::string digest_of(const std::filesystem::path& file) {
  Sha256 hash;
  hash.add(read_bytes(file));
  return hash.finish();
}

/// Package URL of the module; the type is that for what no registry knows.
std::string module_url(const produce::BuildResult& result) {
  return fmt::format("pkg:generic/{}@{}?arch={}", result.module_name, result.release,
                     result.machine);
}

std::string version_of(const produce::BuildResult& result) {
  const auto versions = elf::info_values(result.info, "version");
  return versions.empty() ? result.release : versions.front();
}

Json package(const std::string& id, const std::string& name, const std::string& version) {
  return {{"SPDXID", id},
          {"name", name},
          {"versionInfo", version},
          {"downloadLocation", "NOASSERTION"},
          {"filesAnalyzed", false},
          {"licenseConcluded", "NOASSERTION"},
          {"licenseDeclared", "NOASSERTION"},
          {"copyrightText", "NOASSERTION"}};
}

Json relation(const std::string& from, const char* kind, const std::string& to) {
  return {
      {"spdxElementId", from}, {"relationshipType", kind}, {"relatedSpdxElement", to}};
}

Json checksum(const std::string& sha256) {
  return Json::array({{{"algorithm", "SHA256"}, {"checksumValue", sha256}}});
}

} // namespace

std::string sbom_json(const produce::BuildResult& result) {
  const std::string digest = digest_of(result.module);
  Json module = package("SPDXRef-module", result.module_name, version_of(result));
  module["packageFileName"] = result.module.filename().string();
  module["licenseDeclared"] = "GPL-2.0-only";
  module["checksums"] = checksum(digest);
  module["externalRefs"] = Json::array({{{"referenceCategory", "PACKAGE-MANAGER"},
                                         {"referenceType", "purl"},
                                         {"referenceLocator", module_url(result)}}});
  const Json kernel =
      package("SPDXRef-kernel", "linux " + result.release,
              result.source_version.empty() ? result.release : result.source_version);
  const Json compiler = package("SPDXRef-compiler", "compiler", result.compiler);
  Json packages = Json::array({module, kernel, compiler});
  Json relations =
      Json::array({relation("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-module"),
                   relation("SPDXRef-module", "PATCH_FOR", "SPDXRef-kernel"),
                   relation("SPDXRef-compiler", "BUILD_TOOL_OF", "SPDXRef-module")});
  std::size_t number = 0;
  for (const produce::InputFile& input : result.inputs) {
    const std::string id = fmt::format("SPDXRef-input-{}", ++number);
    Json part = package(id, std::filesystem::path(input.name).filename(), "NOASSERTION");
    part["comment"] = fmt::format("{}: {}", input.role, input.name);
    part["checksums"] = checksum(input.sha256);
    packages.push_back(std::move(part));
    relations.push_back(relation("SPDXRef-module", "GENERATED_FROM", id));
  }
  const Json document = {
      {"spdxVersion", "SPDX-2.3"},
      {"dataLicense", "CC0-1.0"},
      {"SPDXID", "SPDXRef-DOCUMENT"},
      {"name", result.module_name},
      {"documentNamespace",
       fmt::format("https://kpatch-ng.invalid/spdx/{}-{}", result.module_name, digest)},
      {"creationInfo",
       {{"created", time_of_document()},
        {"creators", Json::array({fmt::format("Tool: {}-{}", kMaker, KPATCH_VERSION)})}}},
      {"packages", packages},
      {"relationships", relations}};
  return json_file(document);
}

std::string vex_json(const produce::BuildResult& result) {
  const std::string time = time_of_document();
  const std::string kernel =
      fmt::format("pkg:generic/linux@{}?arch={}", result.release, result.machine);
  Json statements = Json::array();
  for (const std::string& cve : elf::info_values(result.info, "cve"))
    statements.push_back(
        {{"vulnerability", {{"name", cve}}},
         {"products", Json::array({{{"@id", kernel},
                                    {"subcomponents",
                                     Json::array({{{"@id", module_url(result)}}})}}})},
         {"status", "fixed"},
         {"status_notes", fmt::format("by the live patch {} while it is loaded; kpatch "
                                      "fixes {} tells whether it is",
                                      result.module_name, cve)}});
  const auto authors = elf::info_values(result.info, "author");
  const Json document = {
      {"@context", "https://openvex.dev/ns/v0.2.0"},
      {"@id", fmt::format("https://kpatch-ng.invalid/vex/{}-{}", result.module_name,
                          digest_of(result.module))},
      {"author", authors.empty() ? "unknown" : authors.front()},
      {"timestamp", time},
      {"version", 1},
      {"tooling", fmt::format("{}/{}", kMaker, KPATCH_VERSION)},
      {"statements", statements}};
  return json_file(document);
}

} // namespace kpatch::report
