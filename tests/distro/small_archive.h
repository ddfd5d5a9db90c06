// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/sha256.h"
#include "distro/release_archive.h"
#include "scratch.h"

#include <fmt/format.h>

#include <cstdlib>
#include <memory>

namespace kpatch::distro {

/// An archive of trixie in a test's directory. The machine's lists have bookworm, which
/// is empty, from the same mirror.
class SmallArchive : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* program : {"apt-get", "dpkg-deb"})
      if (find_program(program).empty())
        GTEST_SKIP() << program << " is not installed";
    for (const char* suite : {"bookworm", "trixie", "trixie-updates", "trixie-backports"})
      add_suite("archive", suite, "");
    add_suite("security", "trixie-security", "");
    set_up_machine();
  }
  void TearDown() override { unsetenv("APT_CONFIG"); }

  static std::string entry(std::string_view package, std::string_view version,
                           std::string_view file, std::string_view content) {
    return fmt::format("Package: {}\nVersion: {}\nArchitecture: all\nFilename: {}\n"
                       "Size: {}\nSHA256: {}\n\n",
                       package, version, file, content.size(), sha256(content));
  }

  void add_suite(const std::string& archive, const std::string& suite,
                 const std::string& packages) {
    const std::string folder = archive + "/dists/" + suite;
    scratch_.file(folder + "/main/binary-amd64/Packages", packages);
    const std::string release = fmt::format(
        "Suite: {}\nComponents: main\nArchitectures: amd64\nSHA256:\n {} {} {}\n", suite,
        sha256(packages), packages.size(), "main/binary-amd64/Packages");
    scratch_.file(folder + "/Release", release);
  }

  void set_up_machine() {
    for (const char* folder : {"apt/lists/partial", "apt/parts", "apt/cache"})
      std::filesystem::create_directories(scratch_ / folder);
    scratch_.file("apt/status", "");
    scratch_.file("apt/sources.list",
                  fmt::format("deb file:{0}/archive bookworm main\n"
                              "deb file:{0}/security bookworm-security main\n",
                              scratch_.path().string()));
    const std::filesystem::path config = scratch_.file(
        "apt/apt.conf", fmt::format("Dir::Etc::sourcelist \"{0}/sources.list\";\n"
                                    "Dir::Etc::sourceparts \"{0}/parts\";\n"
                                    "Dir::State::lists \"{0}/lists\";\n"
                                    "Dir::State::status \"{0}/status\";\n"
                                    "Dir::Cache \"{0}/cache\";\n"
                                    "APT::Architecture \"amd64\";\n"
                                    "APT::Default-Release \"bookworm\";\n"
                                    "Acquire::AllowInsecureRepositories \"true\";\n"
                                    "APT::Get::AllowUnauthenticated \"true\";\n",
                                    (scratch_ / "apt").string()));
    setenv("APT_CONFIG", config.c_str(), 1);
  }

  std::filesystem::path cache() const { return scratch_ / "cache"; }
  std::shared_ptr<ReleaseArchive> release(bool is_offline = false) const {
    return std::make_shared<ReleaseArchive>(*debian_release_of("6.12.1+deb13-amd64"),
                                            cache(), is_offline);
  }

  Scratch scratch_;
};

} // namespace kpatch::distro
