// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which of the kernels that an archive serves a selection means.
#include "base/error.h"
#include "distro/debian_kernels.h"
#include "distro/debian_versions.h"
#include "small_archive.h"

namespace kpatch::distro {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<std::string> kPackages = {
    "linux-image-amd64", // depends on the newest
    "linux-headers-amd64",
    "linux-image-6.12.118+deb13-amd64",
    "linux-headers-6.12.118+deb13-amd64",
    "linux-image-6.12.90+deb13.1-cloud-amd64",
    "linux-headers-6.12.90+deb13.1-cloud-amd64",
    "linux-image-6.12.118+deb13-cloud-amd64",
    "linux-headers-6.12.118+deb13-cloud-amd64",
    "linux-image-7.3.4+deb13-cloud-amd64",
    "linux-headers-7.3.4+deb13-cloud-amd64",
    "linux-image-7.1.13+deb13-cloud-amd64", // the image alone
    "linux-image-6.12.118+deb13-amd64-unsigned",
    "linux-image-6.12.118+deb13-amd64-dbg",
    "linux-headers-6.12.118+deb13-common",
};

std::vector<std::string> selected(std::string_view text) {
  return select_kernels(kPackages, parse_selection(text));
}

TEST(KernelSelection, HasAllThatCanBeBuiltFor) {
  EXPECT_THAT(selected("all:trixie"),
              ElementsAre("6.12.90+deb13.1-cloud-amd64", "6.12.118+deb13-amd64",
                          "6.12.118+deb13-cloud-amd64", "7.3.4+deb13-cloud-amd64"));
}

TEST(KernelSelection, HasTheNewestOfEachSeriesAndFlavour) {
  EXPECT_THAT(selected("newest:trixie"),
              ElementsAre("6.12.118+deb13-amd64", "6.12.118+deb13-cloud-amd64",
                          "7.3.4+deb13-cloud-amd64"));
}

TEST(KernelSelection, HasOneFlavourIfItIsNamed) {
  EXPECT_THAT(selected("all:trixie:amd64"), ElementsAre("6.12.118+deb13-amd64"));
  EXPECT_THAT(selected("newest:trixie:cloud-amd64"),
              ElementsAre("6.12.118+deb13-cloud-amd64", "7.3.4+deb13-cloud-amd64"));
  EXPECT_THAT(selected("all:trixie:rt-amd64"), IsEmpty());
}

TEST(KernelSelection, IsRefusedWithWhatIsKnown) {
  for (const char* text :
       {"all", "some:trixie", "all:trixie:amd64:x", "all:", "all:,:amd64", "all:stretch"})
    EXPECT_THROW(parse_selection(text), Error) << text;
  try {
    parse_selection("all:trixie,stretch");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("'stretch' is none of the releases forky, trixie, "
                          "bookworm, bullseye"));
    EXPECT_THAT(error.remedy(), HasSubstr("-a all:trixie,bookworm"));
  }
}

class ServedKernels : public SmallArchive {
 protected:
  void SetUp() override {
    SmallArchive::SetUp();
    std::string packages;
    for (const char* name :
         {"linux-image-6.12.1+deb13-amd64", "linux-headers-6.12.1+deb13-amd64",
          "linux-image-6.12.2+deb13-amd64", "linux-headers-6.12.2+deb13-amd64"})
      packages += entry(name, "1", "pool/none.deb", "x");
    add_suite("security", "trixie-security", packages);
    for (const char* suite : {"bookworm-updates", "bookworm-backports"})
      add_suite("archive", suite, "");
    add_suite("security", "bookworm-security", "");
  }
  std::vector<std::string> served(const std::string& selection) const {
    return served_kernels(selection, {.cache = cache()});
  }
};

TEST_F(ServedKernels, AreThoseOfTheReleasesArchives) {
  EXPECT_THAT(served("all:trixie"),
              ElementsAre("6.12.1+deb13-amd64", "6.12.2+deb13-amd64"));
  EXPECT_THAT(served("newest:trixie:amd64"), ElementsAre("6.12.2+deb13-amd64"));
}

TEST_F(ServedKernels, AreRefusedWhereAReleaseHasNone) {
  for (const char* selection : {"all:trixie:cloud-amd64", "all:trixie,bookworm"}) {
    try {
      served(selection);
      ADD_FAILURE() << selection;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(" has none")) << selection;
    }
  }
}

class OtherProcessors : public SmallArchive {
 protected:
  std::string refusal(const std::string& release) {
    DebianArchive archive(cache() / "downloads", false);
    try {
      choose_version(cache(), archive, release);
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  }
};

TEST_F(OtherProcessors, HaveNoKernelsOfDebianWithLivePatches) {
  for (const char* release :
       {"6.1.0-56-s390x", "6.1.0-56-powerpc64le", "7.3.4+deb13-loong64"})
    EXPECT_THAT(refusal(release), HasSubstr("without CONFIG_LIVEPATCH")) << release;
  // For kernels of aarch64 there is kpatch.ko.
  for (const char* release : {"6.1.0-56-cloud-amd64", "6.1.0-56-cloud-arm64"})
    EXPECT_THAT(refusal(release), HasSubstr("apt knows no such package")) << release;
}

} // namespace
} // namespace kpatch::distro
