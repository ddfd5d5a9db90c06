// SPDX-License-Identifier: GPL-2.0-or-later
//
// The way from package files to a Target, with packages of a kernel of three files made
// here. Nothing is downloaded: the packages lie where downloads go.
#include "base/error.h"
#include "base/module_name.h"
#include "distro/debian.h"
#include "distro/debian_names.h"
#include "kernel/kbuild.h"
#include "scratch.h"

namespace kpatch::distro {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRelease = "6.1.0-999-test-amd64";

class DebianKernel : public testing::Test {
 protected:
  void SetUp() override {
    if (find_program("dpkg-deb").empty())
      GTEST_SKIP() << "dpkg-deb is not installed";
    make_binaries();
    package("linux-image-6.1.0-999-test-amd64",
            "Source: linux-signed-amd64 (6.1.5+1)\nBuilt-Using: linux (= 6.1.5-1)\n");
    package("linux-image-6.1.0-999-test-amd64-dbg", "Source: linux\n");
    make_headers();
    make_source();
  }

  kernel::TargetRequest request() const {
    return {
        .release = kRelease, .cache = cache(), .offline = true, .debug_package = true};
  }
  fs::path cache() const { return scratch_ / "cache"; }
  fs::path package_file(const std::string& name) const {
    return cache() / "downloads" / (name + "_6.1.5-1_amd64.deb");
  }

  /// Builds a package of what lies below its name.
  void package(const std::string& name, const std::string& fields) {
    scratch_.file(
        name + "/DEBIAN/control",
        fmt::format("Package: {}\nVersion: 6.1.5-1\nArchitecture: amd64\n"
                    "Maintainer: Test <test@example.org>\n{}Description: test\n",
                    name, fields));
    fs::create_directories(cache() / "downloads");
    run_checked({.argv = {"dpkg-deb", "-Znone", "--root-owner-group", "-b",
                          (scratch_ / name).string(), package_file(name).string()}});
  }

  void make_binaries() {
    const std::string image = std::string("linux-image-") + kRelease;
    scratch_.file("init/main.c",
                  "struct alt_instr { int a, b, c; } alt; void _start(void) {}");
    scratch_.file("net/my-mod.c", "int my_function(void) { return 1; }");
    scratch_.compile("init/main.c", image + "-dbg/usr/lib/debug/boot/vmlinux-" + kRelease,
                     {"-nostdlib", "-static"});
    const std::string module =
        std::string("lib/modules/") + kRelease + "/kernel/net/my-mod.ko";
    scratch_.compile("net/my-mod.c", image + "-dbg/usr/lib/debug/" + module, {"-c"});
    scratch_.compile("net/my-mod.c", image + "/" + module, {"-c", "-g0"});
    scratch_.file(image + "/boot/vmlinuz-" + kRelease, "kernel");
    scratch_.file(image + "/lib/modules/" + kRelease + "/modules.order",
                  "kernel/net/my-mod.ko\n");
    scratch_.file(image + "/lib/modules/" + kRelease + "/modules.builtin", "");
  }

  /// What linux-image-REL had, in the packages that there are since 6.19.
  void split_image() {
    const std::string release = kRelease;
    const fs::path image = scratch_ / ("linux-image-" + release);
    const std::string modules = "linux-modules-" + release + "/usr/lib/modules";
    scratch_.file(modules + "/none", "");
    fs::rename(image / "lib/modules" / release, scratch_ / modules / release);
    scratch_.file("linux-binary-" + release + "/usr/lib/modules/" + release + "/vmlinuz",
                  "split kernel");
    fs::remove_all(image);
    package("linux-base-" + release, "Source: linux\n");
    package("linux-modules-" + release, "Source: linux\n");
    package("linux-binary-" + release,
            "Source: linux-signed-amd64 (6.1.5+1)\nBuilt-Using: linux (= 6.1.5-1)\n");
    package(
        "linux-image-" + release,
        fmt::format("Source: linux-signed-amd64 (6.1.5+1)\nDepends: linux-base-{0} (= "
                    "6.1.5-1), linux-binary-{0} (= 6.1.5-1), linux-modules-{0} (= "
                    "6.1.5-1), kmod\n",
                    release));
  }

  void make_headers(const std::string& depends = "") {
    const std::string name = std::string("linux-headers-") + kRelease;
    const std::string tree = name + "/usr/src/" + name;
    scratch_.file(tree + "/.config",
                  "CONFIG_LIVEPATCH=y\n"
                  "CONFIG_CC_VERSION_TEXT=\"gcc-12 (Debian) 12.2.0\"\n");
    scratch_.file(tree + "/Module.symvers", "0x1\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n");
    scratch_.file(tree + "/Makefile", "include /nowhere\n");
    scratch_.file(tree + "/include/generated/autoconf.h", "#define CONFIG_LIVEPATCH 1\n");
    scratch_.file(tree + "/include/config/auto.conf", "CONFIG_LIVEPATCH=y\n");
    fs::remove(scratch_ / (tree + "/tools"));
    fs::create_symlink("../../lib/linux-kbuild-6.1/tools", scratch_ / (tree + "/tools"));
    package(name,
            "Source: linux-6.1\nDepends: " + depends + "linux-kbuild-6.1 (>= 6.1.5-1)\n");
    scratch_.file("linux-kbuild-6.1/usr/lib/linux-kbuild-6.1/tools/objtool/objtool",
                  "tool");
    package("linux-kbuild-6.1", "Source: linux\n");
  }

  void make_source() {
    scratch_.file("linux-source-6.1/Kbuild", "obj-y += init/\n");
    scratch_.file("linux-source-6.1/init/Makefile", "obj-y := main.o\n");
    scratch_.file("linux-source-6.1/init/main.c", "");
    scratch_.file("linux-source-6.1/include/linux/sched.h", "plain\n");
    scratch_.file("linux-source-6.1/Makefile",
                  "archheaders asm-generic:\n\ttouch include/generated/$@.h\n");
    fs::create_directories(scratch_ / "linux-source-6.1.deb");
    const fs::path sources = scratch_ / "packed/usr/src";
    fs::create_directories(sources);
    run_checked({.argv = {"tar", "-cJf", (sources / "linux-source-6.1.tar.xz").string(),
                          "linux-source-6.1"},
                 .directory = scratch_.path()});
    fs::remove_all(scratch_ / "linux-source-6.1");
    fs::rename(scratch_ / "packed", scratch_ / "linux-source-6.1");
    package("linux-source-6.1", "Source: linux\n");
  }

  /// A kernel with the feature set rt, whose headers have a package.
  void make_feature_set() {
    const std::string common = "linux-headers-6.1.0-999-common-rt";
    for (const char* header : {"include/linux/sched.h", "arch/x86/include/asm/cpu.h"})
      scratch_.file(common + "/usr/src/" + common + "/" + header, "rt\n");
    package(common, "Source: linux-6.1\n");
    make_headers(common + " (= 6.1.5-1), ");
  }

  /// The Debian part of the source package: a patch of a header, and one that adds to a
  /// file which is to have the content `before`.
  void pack_patches(const fs::path& file, const std::string& before) {
    scratch_.file("part/debian/patches-rt/series",
                  "# in this order\n\nfirst/sched.patch\nmain.patch -p0 # the other\n");
    scratch_.file("part/debian/patches-rt/first/sched.patch",
                  "--- a/include/linux/sched.h\n+++ b/include/linux/sched.h\n"
                  "@@ -1 +1 @@\n-plain\n+rt\n");
    scratch_.file("part/debian/patches-rt/main.patch",
                  before.empty() ? std::string("--- init/main.c\n+++ init/main.c\n"
                                               "@@ -0,0 +1 @@\n+int preempt;\n")
                                 : "--- init/main.c\n+++ init/main.c\n@@ -1 +1,2 @@\n " +
                                       before + "+int preempt;\n");
    run_checked({.argv = {"tar", "-cJf", file.string(), "debian"},
                 .directory = scratch_ / "part"});
  }

  Scratch scratch_;
};

TEST_F(DebianKernel, IsPutTogetherFromItsPackages) {
  const kernel::Target target = debian_target(request());
  EXPECT_EQ(target.release, kRelease);
  EXPECT_EQ(target.version, "6.1.5-1");
  EXPECT_EQ(target.machine, "x86_64");
  EXPECT_EQ(target.compiler.command, "gcc-12");
  EXPECT_TRUE(target.config.is_set("CONFIG_LIVEPATCH"));
  EXPECT_EQ(read_text(target.image), "kernel");
  EXPECT_TRUE(fs::exists(target.source / "init/main.c"));
  EXPECT_TRUE(fs::exists(target.symvers));
  EXPECT_TRUE(fs::exists(target.modules_root / "lib/modules" / kRelease / "modules.dep"));
  EXPECT_EQ(target.struct_sizes.at("alt_instr"), 12U);
}

TEST_F(DebianKernel, IsPutTogetherFromTheParts) {
  split_image();
  const kernel::Target target = debian_target(request());
  EXPECT_EQ(target.version, "6.1.5-1");
  EXPECT_EQ(read_text(target.image), "split kernel");
  EXPECT_TRUE(fs::exists(target.modules_root / "lib/modules" / kRelease / "modules.dep"));
  EXPECT_TRUE(target.modules.contains("my_mod"));
}

TEST_F(DebianKernel, TakesHeadersOfAFeatureSetWithoutItsPatches) {
  make_feature_set();
  const kernel::Target target = debian_target(request());
  EXPECT_EQ(target.feature_set, "rt");
  EXPECT_EQ(target.version, "6.1.5-1_rt");
  EXPECT_EQ(target.source, cache() / "sources/6.1.5-1_rt");
  EXPECT_EQ(read_text(target.source / "include/linux/sched.h"), "rt\n");
  EXPECT_EQ(read_text(target.source / "arch/x86/include/asm/cpu.h"), "rt\n");
  EXPECT_TRUE(fs::exists(target.source / "init/main.c"));
  EXPECT_EQ(debian_target(request()).feature_set, "rt");
}

TEST_F(DebianKernel, TakesPatchesOfAFeatureSetFromTheSourcePackage) {
  make_feature_set();
  const kernel::Target without = debian_target(request());
  EXPECT_EQ(without.patches_file, cache() / "downloads/linux-6.1_6.1.5-1.debian.tar.xz");
  pack_patches(without.patches_file, "");
  const kernel::Target target = debian_target(request());
  EXPECT_EQ(target.feature_set, "");
  EXPECT_EQ(target.source, cache() / "sources/6.1.5-1_rt-patched");
  EXPECT_EQ(read_text(target.source / "include/linux/sched.h"), "rt\n");
  EXPECT_EQ(read_text(target.source / "init/main.c"), "int preempt;\n");
  EXPECT_FALSE(fs::exists(target.source / "debian"));
  // What is derived from the one source says nothing of the other.
  EXPECT_NE(target.cache, without.cache);
  EXPECT_TRUE(fs::exists(target.objects / ".config"));
  fs::remove(without.patches_file); // needed once
  EXPECT_EQ(debian_target(request()).source, target.source);
}

TEST_F(DebianKernel, DoesWithoutPatchesThatDoNotApplyExactly) {
  make_feature_set();
  pack_patches(cache() / "downloads/linux-6.1_6.1.5-1.debian.tar.xz", "other\n");
  std::string said;
  kernel::TargetRequest request = this->request();
  request.progress = [&](std::string_view line) { said += line; };
  EXPECT_EQ(debian_target(request).feature_set, "rt");
  EXPECT_THAT(said, testing::HasSubstr("NOTICE: without the patches of the feature set "
                                       "'rt', functions that they change cannot be "
                                       "patched: "));
  EXPECT_THAT(said, testing::HasSubstr("main.patch does not apply to the source\n"));
  EXPECT_THAT(said, testing::HasSubstr("\n  see that it is of the source's version"));
  EXPECT_FALSE(fs::exists(cache() / "sources/6.1.5-1_rt-patched"));
}

TEST_F(DebianKernel, HasNoFeatureSetMostly) {
  const std::string common = "linux-headers-6.1.0-999-common";
  package(common, "Source: linux\n");
  make_headers(common + " (= 6.1.5-1), ");
  const kernel::Target target = debian_target(request());
  EXPECT_EQ(target.feature_set, "");
  EXPECT_EQ(target.version, "6.1.5-1");
}

TEST_F(DebianKernel, KnowsUnitsModulesAndSymbols) {
  const kernel::Target target = debian_target(request());
  ASSERT_EQ(target.units.owners("net/my-mod.c").size(), 1U);
  EXPECT_EQ(target.units.owners("net/my-mod.c")[0], "my_mod");
  EXPECT_EQ(target.units.owners("init/main.c")[0], kVmlinux);
  EXPECT_TRUE(fs::exists(target.modules.at("my_mod").shipped));
  EXPECT_EQ(target.debug_file("my_mod"), target.modules.at("my_mod").debug);
  EXPECT_EQ(target.symbols("my_mod").back().name, "my_function");
  EXPECT_THROW(target.symbols("other"), Error);
}

TEST_F(DebianKernel, HasAnObjectTreeWithGeneratedHeaders) {
  const kernel::Target target = debian_target(request());
  EXPECT_TRUE(fs::exists(target.objects / "include/generated/archheaders.h"));
  EXPECT_TRUE(fs::exists(target.objects / "include/generated/asm-generic.h"));
  EXPECT_EQ(read_text(target.objects / "tools/objtool/objtool"), "tool");
  EXPECT_FALSE(fs::is_symlink(target.objects / "tools"));
  EXPECT_FALSE(fs::exists(target.objects / "Makefile"));
}

TEST_F(DebianKernel, NeedsItsPackagesOnlyOnce) {
  debian_target(request());
  fs::remove_all(cache() / "downloads");
  std::string said;
  kernel::TargetRequest again = request();
  again.progress = [&](std::string_view line) { said += line; };
  const kernel::Target target = debian_target(again);
  EXPECT_EQ(said, "Using cache at " + (cache() / "sources/6.1.5-1").string());
  EXPECT_EQ(target.units.owners("init/main.c")[0], kVmlinux);
}

TEST_F(DebianKernel, WithAPackageMissingSaysWhichAndLeavesNothingHalf) {
  fs::remove(package_file("linux-source-6.1"));
  try {
    debian_target(request());
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("linux-source-6.1=6.1.5-1"),
              std::string::npos);
  }
  for (const auto& entry : fs::recursive_directory_iterator(cache()))
    EXPECT_EQ(entry.path().filename().string().find(".new-"), std::string::npos);
}

TEST_F(DebianKernel, IsNeverTakenFromAnotherVersion) {
  fs::rename(package_file("linux-source-6.1"),
             cache() / "downloads/linux-source-6.1_6.1.6-1_all.deb");
  EXPECT_THROW(debian_target(request()), Error);
}

TEST_F(DebianKernel, WithItsOwnSourceIsAnotherOne) {
  const kernel::Target stock = debian_target(request());
  scratch_.file("mine/Kbuild", "obj-y += main.o\n");
  scratch_.file("mine/main.c", "");
  scratch_.file("mine/Makefile", "archheaders asm-generic: ;\n");
  kernel::TargetRequest own = request();
  own.overrides.source = scratch_ / "mine";
  const kernel::Target target = debian_target(own);
  EXPECT_EQ(target.source, scratch_ / "mine");
  EXPECT_NE(target.objects, stock.objects);
  EXPECT_NE(target.cache, stock.cache);
}

TEST_F(DebianKernel, RefusesASourceThatHasBeenBuiltIn) {
  scratch_.file("mine/Kbuild", "");
  scratch_.file("mine/Makefile", "archheaders asm-generic: ;\n");
  scratch_.file("mine/.config", "");
  kernel::TargetRequest own = request();
  own.overrides.source = scratch_ / "mine";
  EXPECT_THROW(debian_target(own), Error);
}

TEST(PrepareObjects, NoticesAChangedConfiguration) {
  const Scratch scratch;
  scratch.file("source/Makefile",
               "archheaders:\n\techo >> include/generated/autoconf.h\nasm-generic: ;\n");
  scratch.file("objects/include/generated/autoconf.h", "#define CONFIG_A 1\n");
  EXPECT_THROW(kernel::prepare_objects(scratch / "source", scratch / "objects"), Error);
}

TEST(PrepareObjects, BuildsObjtoolWhereThePackageHasNone) {
  const Scratch scratch;
  scratch.file("source/Makefile",
               "archheaders asm-generic: ;\n"
               "tools/objtool:\n\tmkdir -p $@ && echo new > $@/objtool\n");
  const auto objtool_after = [&](const std::string& config, const std::string& shipped) {
    scratch.file("objects/include/generated/autoconf.h", "");
    scratch.file("objects/.config", config);
    fs::remove_all(scratch / "objects/tools");
    if (!shipped.empty())
      scratch.file("objects/tools/objtool/objtool", shipped);
    kernel::prepare_objects(scratch / "source", scratch / "objects");
    return read_text_if_exists(scratch / "objects/tools/objtool/objtool").value_or("");
  };
  EXPECT_EQ(objtool_after("CONFIG_OBJTOOL=y\n", ""), "new\n");
  EXPECT_EQ(objtool_after("CONFIG_OBJTOOL=y\n", "old"), "old");
  EXPECT_EQ(objtool_after("", ""), "");
}

TEST(PrepareObjects, SaysWhatKbuildSaid) {
  const Scratch scratch;
  scratch.file("source/Makefile", "archheaders:\n\techo broken >&2; false\n");
  scratch.file("objects/include/generated/autoconf.h", "");
  try {
    kernel::prepare_objects(scratch / "source", scratch / "objects");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("broken"), std::string::npos);
    EXPECT_NE(error.remedy().find("apt-get install"), std::string::npos);
  }
}

TEST(PrepareObjects, RefusesAPathThatKbuildCannotUse) {
  const Scratch scratch;
  scratch.file("my source/Makefile", "archheaders asm-generic: ;\n");
  scratch.file("objects/include/generated/autoconf.h", "");
  EXPECT_THROW(kernel::prepare_objects(scratch / "my source", scratch / "objects"),
               Error);
}

TEST(KernelFlavour, IsWhatFollowsTheVersion) {
  EXPECT_EQ(kernel_flavour("6.1.0-56-cloud-amd64"), "cloud-amd64");
  EXPECT_EQ(kernel_flavour("6.12.117+deb12-amd64"), "amd64");
  EXPECT_EQ(kernel_flavour("6.1.0"), "");
}

TEST(NearestReleases, AreThoseAroundTheOneThatIsMissing) {
  const std::vector<std::string> served = {"6.1.0-9-amd64", "6.1.0-56-amd64",
                                           "6.1.0-54-amd64", "6.1.0-47-amd64"};
  EXPECT_THAT(nearest_releases(served, "6.1.0-50-amd64", 2),
              testing::ElementsAre("6.1.0-47-amd64", "6.1.0-54-amd64"));
  EXPECT_THAT(nearest_releases(served, "6.1.0-99-amd64", 2),
              testing::ElementsAre("6.1.0-54-amd64", "6.1.0-56-amd64"));
  EXPECT_THAT(nearest_releases(served, "6.1.0-5-amd64", 9), testing::SizeIs(4));
  EXPECT_THAT(nearest_releases({}, "6.1.0-5-amd64", 2), testing::IsEmpty());
}

} // namespace
} // namespace kpatch::distro
