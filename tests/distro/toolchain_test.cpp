// SPDX-License-Identifier: GPL-2.0-or-later
//
// A compiler that this machine cannot run, as a library is missing, in a small archive
// made here. It is a program that says what it was called with.
#include "base/error.h"
#include "base/host_kernel.h"
#include "cache/cache_upkeep.h"
#include "cache/layout.h"
#include "distro/debian_compiler.h"
#include "distro/toolchain.h"
#include "small_archive.h"

namespace kpatch::distro {
namespace {

namespace fs = std::filesystem;

TEST(Simulation, NamesPackagesWithTheirVersions) {
  EXPECT_THAT(parse_simulation(
                  "NOTE: This is only a simulation!\nInst gcc-14-base (14.2.0-19 "
                  "Debian:13.6/stable [amd64])\nInst zlib1g (1:1.3-1 Debian:13.6/stable "
                  "[amd64]) []\nConf zlib1g (1:1.3-1 Debian:13.6/stable [amd64])\n"),
              testing::ElementsAre("gcc-14-base=14.2.0-19", "zlib1g=1:1.3-1"));
}

class FetchedCompiler : public SmallArchive {
 protected:
  void SetUp() override {
    if (find_program("ldd").empty())
      GTEST_SKIP() << "ldd is not installed";
    SmallArchive::SetUp();
    if (IsSkipped())
      return;
    triplet_ = run({.argv = {"gcc", "-print-multiarch"}}).output;
    triplet_ = triplet_.substr(0, triplet_.find('\n'));
    if (triplet_.empty())
      GTEST_SKIP() << "this system has no folders for each architecture";
    make_library_and_program();
    make_packages();
  }

  void make_library_and_program() {
    scratch_.file("lib.c", "int answer(void) { return 0; }");
    scratch_.file("gcc.c", "#include <stdio.h>\n"
                           "int answer(void);\n"
                           "int main(int count, char** words) {\n"
                           "  puts(\"gcc-99 (Debian 99.1-1) 99.1\");\n"
                           "  for (int i = 1; i < count; ++i) puts(words[i]);\n"
                           "  return answer();\n"
                           "}\n");
    const std::string library = "libanswer99/usr/lib/" + triplet_ + "/libanswer99.so.1";
    scratch_.compile("lib.c", library,
                     {"-shared", "-fPIC", "-Wl,-soname,libanswer99.so.1"});
    scratch_.compile("gcc.c", program_, {(scratch_ / library).string()});
  }

  /// The C library here is that of the release there.
  void make_packages() {
    const std::string own = "libc6/usr/lib/" + triplet_;
    fs::create_directories(scratch_ / own);
    for (const fs::directory_entry& file : fs::directory_iterator("/usr/lib/" + triplet_))
      if (const std::string name = file.path().filename(); name == "libc.so.6" ||
                                                           name.starts_with("ld-linux") ||
                                                           name.starts_with("ld64.so"))
        fs::copy_file(file.path(), scratch_ / own / name);
    const std::string fields = "Depends: libanswer99 (= 99.1-1), libc6\n";
    const fs::path cross = scratch_ / "gcc-99-x/usr/bin/x-gcc-99";
    fs::create_directories(cross.parent_path());
    fs::copy_file(scratch_ / program_, cross);
    add_suite("archive", "trixie",
              package("gcc-99", "99.1-1", fields) +
                  package("gcc-99-x", "99.1-1cross1", fields) +
                  package("libanswer99", "99.1-1", "") + package("libc6", "9", "") +
                  // What apt would take by itself.
                  package("libanswer99", "99.2-1", ""));
  }

  /// A package of what lies below its name, and its paragraph in the list.
  std::string package(const std::string& name, const std::string& version,
                      const std::string& fields) const {
    const std::string control =
        fmt::format("Package: {}\nVersion: {}\nArchitecture: amd64\nMaintainer: Test "
                    "<test@example.org>\n{}Description: test\n",
                    name, version, fields);
    scratch_.file(name + "/DEBIAN/control", control);
    const std::string file = fmt::format("pool/{}_{}_amd64.deb", name, version);
    fs::create_directories(scratch_ / "archive/pool");
    run_checked(
        {.argv = {"dpkg-deb", "-Znone", "--root-owner-group", "-b",
                  (scratch_ / name).string(), (scratch_ / "archive" / file).string()}});
    const std::string content = read_text(scratch_ / "archive" / file);
    return fmt::format("{}Filename: {}\nSize: {}\nSHA256: {}\n\n", control, file,
                       content.size(), sha256(content));
  }

  static kernel::Config config() {
    return kernel::Config::parse(
        "CONFIG_CC_VERSION_TEXT=\"x-gcc-99 (Debian 99.1-1) 99.1\"\n", "config");
  }
  kernel::Compiler compiler(kernel::CompilerChoice choice,
                            bool is_offline = false) const {
    const kernel::TargetRequest request{.offline = is_offline, .compiler = choice};
    return debian_compiler(config(), machine_, request, cache(),
                           release(is_offline).get());
  }

  std::string machine_ = host_kernel().machine;
  std::string triplet_;
  const std::string program_ = "gcc-99/usr/bin/gcc-99";
};

using kernel::CompilerChoice;

TEST_F(FetchedCompiler, RunsWithTheLibrariesOfItsRelease) {
  ASSERT_FALSE(runs_here(scratch_ / program_));
  const kernel::Compiler fetched = compiler(CompilerChoice::kEither);
  const fs::path folder = cache() / "toolchains/gcc-99_99.1-1";
  EXPECT_EQ(fetched.command, folder / "bin/gcc-99");
  EXPECT_EQ(fetched.packages, "gcc-99 99.1-1, libanswer99 99.1-1, libc6 9");
  EXPECT_EQ(fetched.not_fetched, "");
  EXPECT_THAT(fetched.make_variables, testing::ElementsAre("CC=" + fetched.command));
  const std::string said = run_checked({.argv = {fetched.command, "-c", "a b.c"}});
  EXPECT_THAT(said, testing::StartsWith("gcc-99 (Debian 99.1-1) 99.1\n-wrapper\n"));
  EXPECT_THAT(said, testing::HasSubstr(",--library-path,"));
  EXPECT_THAT(said, testing::HasSubstr("\n-B" + (folder / "usr/bin").string()));
  EXPECT_THAT(said, testing::EndsWith("\n-c\na b.c\n"));
}

TEST_F(FetchedCompiler, ForAnotherProcessorIsTheOneThatRunsHere) {
  machine_ = machine_ == "aarch64" ? "s390x" : "aarch64";
  const kernel::Compiler fetched = compiler(CompilerChoice::kFetched);
  EXPECT_EQ(fetched.command, cache() / "toolchains/gcc-99-x_99.1-1cross1/bin/x-gcc-99");
  EXPECT_EQ(fetched.cross_compile, "x-");
  EXPECT_EQ(fetched.packages, "gcc-99-x 99.1-1cross1, libanswer99 99.1-1, libc6 9");
}

TEST_F(FetchedCompiler, IsThereOfflineOnceItWasFetched) {
  EXPECT_NE(compiler(CompilerChoice::kEither, true).not_fetched, "");
  const kernel::Compiler fetched = compiler(CompilerChoice::kFetched);
  fs::remove_all(scratch_ / "archive");
  EXPECT_EQ(compiler(CompilerChoice::kFetched, true).command, fetched.command);
  EXPECT_EQ(compiler(CompilerChoice::kFetched, true).packages, fetched.packages);
}

TEST_F(FetchedCompiler, IsNotFetchedWhereAnotherIsWanted) {
  const kernel::Compiler installed = compiler(CompilerChoice::kInstalled);
  EXPECT_EQ(installed.packages, "");
  EXPECT_EQ(installed.not_fetched, "");
  EXPECT_FALSE(fs::exists(cache() / "toolchains"));
}

TEST_F(FetchedCompiler, OfAVersionThatIsNotServedIsSaid) {
  add_suite("archive", "trixie", package("gcc-99", "99.2-1", ""));
  const kernel::Compiler installed = compiler(CompilerChoice::kEither);
  EXPECT_EQ(installed.packages, "");
  EXPECT_THAT(installed.not_fetched, testing::HasSubstr("gcc-99=99.1-1"));
  EXPECT_THROW(compiler(CompilerChoice::kFetched), Error);
  EXPECT_FALSE(fs::exists(cache() / "toolchains/gcc-99_99.1-1"));
}

TEST_F(FetchedCompiler, IsAThingOfTheCache) {
  compiler(CompilerChoice::kFetched);
  std::vector<std::string> names;
  for (const cache::CacheEntry& entry : cache::list_cache(cache()))
    names.push_back(entry.name);
  EXPECT_THAT(names, testing::Contains("toolchains/gcc-99_99.1-1"));
  EXPECT_THAT(names, testing::Contains("apt/trixie"));
  EXPECT_TRUE(cache::verify_cache(cache()).empty());
  EXPECT_TRUE(cache::collect_garbage(cache()).empty());
  scratch_.file("cache/toolchains/gcc-99_99.1-1/usr/bin/gcc-99", "another");
  EXPECT_THAT(cache::verify_cache(cache()),
              testing::ElementsAre("toolchains/gcc-99_99.1-1: it was altered since it "
                                   "was made"));
  fs::last_write_time(cache() / "toolchains/.gcc-99_99.1-1.used",
                      fs::file_time_type::clock::now() - std::chrono::hours(32 * 24));
  EXPECT_THAT(cache::collect_garbage(cache()),
              testing::ElementsAre("toolchains/gcc-99_99.1-1"));
}

TEST_F(FetchedCompiler, HasItsLibrariesForToolsThatLackThem) {
  fs::create_directories(scratch_ / "tree/tools");
  fs::copy_file(scratch_ / program_, scratch_ / "tree/tools/objtool");
  scratch_.file("tree/tools/script", "#!/bin/sh\n");
  make_tools_run(scratch_ / "tree", cache() / "libraries",
                 "libanswer99 (>= 99.1-1), libc6", release().get());
  EXPECT_EQ(run_checked({.argv = {(scratch_ / "tree/tools/objtool").string(), "--orc"}}),
            "gcc-99 (Debian 99.1-1) 99.1\n--orc\n");
  EXPECT_EQ(read_text(scratch_ / "tree/tools/script"), "#!/bin/sh\n");
}

} // namespace
} // namespace kpatch::distro
