// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "produce/command_line.h"

#include <gtest/gtest.h>

namespace kpatch::produce {
namespace {
namespace fs = std::filesystem;

class CommandLine : public testing::Test {
 protected:
  CommandLine() {
    write_file(patch_, std::string_view("x"));
    setenv("CACHEDIR", (place_.path() / "cache").c_str(), 1);
  }
  ~CommandLine() override { unsetenv("CACHEDIR"); }

  Invocation parse(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "kpatch-build");
    std::vector<char*> argv;
    for (std::string& argument : arguments)
      argv.push_back(argument.data());
    argv.push_back(nullptr);
    return parse_command_line(static_cast<int>(arguments.size()), argv.data());
  }
  std::string complaint(std::vector<std::string> arguments) {
    try {
      parse(std::move(arguments));
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  TempDir place_{"kpatch-options-test."};
  fs::path patch_ = place_.path() / "x.patch";
};

TEST_F(CommandLine, ReviewsUnlessToldOtherwise) {
  EXPECT_EQ(parse({patch_}).options.review, Review::kWarn);
  EXPECT_EQ(parse({"--review=error", patch_}).options.review, Review::kRefuse);
  EXPECT_EQ(parse({"--review=off", patch_}).options.review, Review::kOff);
  const Invocation named = parse({"--leave-out", "f", "--leave-out=fs/x.c", patch_});
  EXPECT_EQ(named.options.unwanted, (std::vector<std::string>{"f", "fs/x.c"}));
  EXPECT_EQ(named.options.leave_out, patch::Grain::kAll);
  // Nobody looks at each finding of a large change.
  EXPECT_EQ(parse({"--leave-out-refused", patch_}).options.review, Review::kRefuse);
  EXPECT_EQ(parse({"--to", "newest"}).options.review, Review::kRefuse);
  EXPECT_EQ(parse({"--review=warn", "--to", "newest"}).options.review, Review::kWarn);
  EXPECT_EQ(complaint({"--review=maybe", patch_}),
            "--review takes warn, error or off, not 'maybe'");
}

TEST_F(CommandLine, NamesAWorkingDirectoryThatIsGone) {
  const fs::path before = fs::current_path();
  const fs::path gone = place_.path() / "gone";
  fs::create_directory(gone);
  fs::current_path(gone);
  fs::remove(gone);
  const std::string said = complaint({patch_});
  fs::current_path(before);
  EXPECT_EQ(said, "the current directory cannot be used: No such file or directory");
}

TEST_F(CommandLine, PutsNoIsolationBeforeIsolation) {
  EXPECT_EQ(parse({patch_}).isolation, Isolation::kForRoot);
  EXPECT_EQ(parse({"--isolate", patch_}).isolation, Isolation::kAlways);
  for (const char* first : {"--isolate", "--no-isolate"})
    EXPECT_EQ(parse({first, "--no-isolate", "--isolate", patch_}).isolation,
              Isolation::kNever);
}

TEST_F(CommandLine, TakesWhatThePatchSaysOfItself) {
  const Claims claims =
      parse({"--cve", "cve-2026-1111", "--cve=CVE-2026-2222", "--cve", "none",
             "--description=a b", "--patch-version", "1", patch_})
          .options.claims;
  EXPECT_EQ(claims.cves, (std::vector<std::string>{"CVE-2026-1111", "CVE-2026-2222"}));
  EXPECT_FALSE(claims.reads_texts);
  EXPECT_EQ(claims.description, "a b");
  EXPECT_EQ(complaint({"--cve=x", patch_}), "'x' is not a CVE id");
}

TEST_F(CommandLine, TakesKeyAndCertificateTogether) {
  EXPECT_EQ(complaint({"--sign-key=k", patch_}),
            "--sign-key and --sign-cert go together");
  EXPECT_TRUE(parse({"--sign-key=k", "--sign-cert=c", patch_}).signer.is_set());
  EXPECT_FALSE(parse({"--sign-key=k", "--sign-cert=c", "--sign-key", "", "--sign-cert",
                      "", patch_})
                   .signer.is_set());
}

TEST_F(CommandLine, NamesTheModuleOfAPackageByItsVersion) {
  const auto parse_package = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"--package", "deb", patch_});
    return parse(more);
  };
  EXPECT_EQ(parse_package({"--patch-version", "2.0~rc1"}).options.name,
            "livepatch-2-0-rc1");
  EXPECT_EQ(parse_package({"--patch-version", "2", "-n", "a.b"}).options.name, "a-b");
  EXPECT_EQ(complaint({"--package", "deb", patch_}),
            "--package: '' is not the version of a package");
  for (const char* version : {"v1", "1-2", "1 2"})
    EXPECT_EQ(complaint({"--package", "rpm", "--patch-version", version, patch_}),
              fmt::format("--package: '{}' is not the version of a package", version));
  EXPECT_NE(complaint({"--package", "deb", "--patch-version", "1", "-R", patch_}),
            "no error");
}

TEST_F(CommandLine, NotesWhatDecidesOverTheModule) {
  const fs::path config = place_.path() / "config";
  write_file(config, std::string_view("x"));
  const auto asked = parse({"-R", "-j", "3", "--output", place_.path(), "-c", config,
                            "--provenance=p", "--report=r", patch_})
                         .asked;
  using Asked = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(asked, (Asked{{"non-replace", ""}, {"config", config.string()}}));
}

TEST_F(CommandLine, TakesAFuzz) {
  EXPECT_EQ(parse({patch_}).options.fuzz, 2u);
  EXPECT_EQ(parse({"--fuzz", "0", patch_}).options.fuzz, 0u);
  EXPECT_EQ(complaint({"--fuzz=some", patch_}),
            "--fuzz: 'some' is not a number of lines; give one such as --fuzz 2");
}

TEST_F(CommandLine, TakesTheOptionsOfTheClassicProgram) {
  const std::string directory = place_.path();
  const Invocation got =
      parse({"-a", "6.1.0-1-amd64", patch_, "-s", directory, "-c", patch_, "-v", patch_,
             "-n", "name", "-o", directory, "-j", "3", "-R", "-d", "-d"});
  EXPECT_EQ(got.action, Invocation::Action::kBuild);
  EXPECT_EQ(got.kernel.release, "6.1.0-1-amd64");
  EXPECT_EQ(got.kernel.overrides.source, directory);
  EXPECT_EQ(got.kernel.overrides.config, patch_);
  EXPECT_EQ(got.kernel.overrides.vmlinux, patch_);
  EXPECT_EQ(got.kernel.cache, place_.path() / "cache");
  EXPECT_EQ(got.options.name, "name");
  EXPECT_EQ(got.options.output_directory, directory);
  EXPECT_EQ(got.options.jobs, 3u);
  EXPECT_FALSE(got.options.replace);
  EXPECT_TRUE(got.options.check_compiler);
  EXPECT_EQ(got.debug, 2);
  EXPECT_EQ(got.options.patches, std::vector<fs::path>{patch_});
}

TEST_F(CommandLine, TakesAbbreviatedLongOptions) {
  const Invocation got = parse({"--arch", "6.1", "--non", "--js", "r.json", patch_});
  EXPECT_EQ(got.kernel.release, "6.1");
  EXPECT_FALSE(got.options.replace);
  EXPECT_EQ(got.json.filename(), "r.json");
}

TEST_F(CommandLine, KnowsTheOldNameOfTheCompilerCheck) {
  EXPECT_FALSE(parse({"--skip-compiler-check", patch_}).options.check_compiler);
  const Invocation got = parse({"--skip-gcc-check", patch_});
  EXPECT_FALSE(got.options.check_compiler);
  ASSERT_EQ(got.notices.size(), 1u);
  EXPECT_NE(got.notices[0].find("deprecated"), std::string::npos);
}

TEST_F(CommandLine, NamesWhatIsMissing) {
  EXPECT_EQ(complaint({"/none.patch"}), "patch file '/none.patch' not found");
  EXPECT_EQ(complaint({"-s", "/none"}), "source dir '/none' not found");
  EXPECT_EQ(complaint({"-c", "/none"}), "config file '/none' not found");
  EXPECT_EQ(complaint({"-v", "/none"}), "vmlinux file '/none' not found");
  EXPECT_EQ(complaint({"-o", "/none"}), "output dir '/none' not found");
  for (const char* count : {"0", "x", "-1", "1x", "99999999999"})
    EXPECT_EQ(complaint({"-j", count}),
              std::string("Invalid number of make jobs '") + count + "'");
}

TEST_F(CommandLine, ShowsHelpAndVersionAndComplainsAboutTheRest) {
  using Action = Invocation::Action;
  EXPECT_EQ(parse({"--help"}).action, Action::kShowHelp);
  EXPECT_EQ(parse({"--vers"}).action, Action::kShowVersion);
  EXPECT_EQ(parse({"--nonsense"}).action, Action::kComplainAboutUsage);
  EXPECT_EQ(parse({"--nonsense"}).usage_complaint,
            "--nonsense: no such option, or its argument is missing");
  EXPECT_EQ(parse({patch_, "-y"}).usage_complaint,
            "-y: no such option, or its argument is missing");
  EXPECT_EQ(parse({patch_, "-n"}).usage_complaint,
            "-n: no such option, or its argument is missing");
  const Invocation none = parse({});
  EXPECT_EQ(none.action, Action::kComplainAboutUsage);
  EXPECT_EQ(none.usage_complaint, "no patch file(s) specified");
}

TEST_F(CommandLine, WritesJsonToStandardOutput) {
  EXPECT_FALSE(parse({"--json", "x", patch_}).output_is_json);
  EXPECT_EQ(parse({"--json", "-", patch_}).json, "-");
  EXPECT_TRUE(parse({"--json", "-", patch_}).output_is_json);
  EXPECT_TRUE(parse({"--json=-", patch_, "--json", "/own"}).output_is_json);
}

TEST_F(CommandLine, ExplainsFunctionsFirst) {
  EXPECT_FALSE(parse({patch_}).options.explain);
  EXPECT_TRUE(parse({"--explain", patch_}).options.explain);
  EXPECT_FALSE(parse({"--explain", patch_}).options.explains_all);
  EXPECT_TRUE(parse({"--explain", patch_, "--explain"}).options.explains_all);
}

TEST_F(CommandLine, HelpsInGroupsAsWideAsATerminal) {
  const std::string text = usage_text();
  std::size_t last = 0;
  for (const char* part : {"\nThe kernel:\n  -a, --arch", "\nThe build:\n  -j, --jobs",
                           "\nThe result:\n  -n, --name"}) {
    EXPECT_NE(text.find(part, last), std::string::npos) << part;
    last = text.find(part, last);
  }
  std::string_view lines = text;
  while (!lines.empty())
    EXPECT_LE(take_line(lines).size(), 80U);
}

TEST_F(CommandLine, LeavesInitChangesOutOnlyOnRequest) {
  EXPECT_EQ(parse({patch_}).options.init_changes, InitChanges::kLeaveOutUnits);
  EXPECT_EQ(parse({"--ignore-init", patch_}).options.init_changes,
            InitChanges::kLeaveOut);
}

TEST_F(CommandLine, FetchesDebugInformationOnlyOnRequest) {
  EXPECT_FALSE(parse({"--debug", patch_}).kernel.debug_package);
  EXPECT_TRUE(parse({"--debug-package", patch_}).kernel.debug_package);
}

TEST_F(CommandLine, TakesASourcePackageAndOutOfTreeModules) {
  const Invocation package = parse({"-r", patch_, patch_});
  EXPECT_EQ(package.kernel.source_rpm, patch_);
  const Invocation module =
      parse({"-e", patch_, "--oot-module-src", place_.path(), "--full-build", "-t",
             "vmlinux", "--offline", "--launcher", "ccache", patch_});
  EXPECT_EQ(module.kernel.out_of_tree.modules, std::vector<fs::path>{patch_});
  EXPECT_EQ(module.kernel.out_of_tree.sources, std::vector<fs::path>{place_.path()});
  EXPECT_TRUE(module.kernel.full_build);
  EXPECT_EQ(module.kernel.full_build_targets, std::vector<std::string>{"vmlinux"});
  EXPECT_TRUE(module.kernel.offline);
  EXPECT_EQ(module.options.launcher, "ccache");
}

TEST_F(CommandLine, RefusesCombinationsThatContradict) {
  EXPECT_EQ(complaint({"-e", patch_, patch_}), "--oot-module requires --oot-module-src");
  EXPECT_NE(complaint({"-r", patch_, "-a", "6.1", patch_}), "no error");
  EXPECT_NE(complaint({"-r", patch_, "-s", place_.path(), patch_}), "no error");
  EXPECT_EQ(complaint({"-r", "/nowhere.src.rpm", patch_}),
            "source rpm '/nowhere.src.rpm' not found");
  EXPECT_EQ(complaint({"-e", "/nowhere.ko", patch_}),
            "out-of-tree module '/nowhere.ko' not found");
}

TEST_F(CommandLine, TakesSeveralKernels) {
  EXPECT_TRUE(parse({patch_}).releases.empty());
  const Invocation two =
      parse({"-a", "6.1.0-1-amd64", "-a", "7.3.4", "-a", "7.3.4", patch_});
  EXPECT_EQ(two.releases, (std::vector<std::string>{"6.1.0-1-amd64", "7.3.4"}));
  EXPECT_EQ(two.kernel.release, "6.1.0-1-amd64");
  // As the isolated part of such a build is started.
  const Invocation one =
      parse({"-a", "6.1", "-a", "7.3.4", "--only-kernel", "7.3.4", patch_});
  EXPECT_EQ(one.releases, std::vector<std::string>{"7.3.4"});
  EXPECT_EQ(one.kernel.release, "7.3.4");
}

TEST_F(CommandLine, TakesKernelsByWhatServesThem) {
  const Invocation all = parse({"-a", "all:trixie", patch_});
  EXPECT_TRUE(all.releases.empty());
  EXPECT_EQ(all.selections, std::vector<std::string>{"all:trixie"});
  EXPECT_TRUE(all.is_for_several());
  EXPECT_NE(complaint({"-a", "all:nowhere", patch_}), "no error");
  EXPECT_NE(complaint({"-a", "all:trixie", "-c", patch_, patch_}), "no error");
  EXPECT_NE(complaint({"-a", "all:trixie", "--vex", "/tmp/vex", patch_}), "no error");
  const Invocation one =
      parse({"-a", "all:trixie", "--only-kernel", "7.3.4+deb13-amd64", patch_});
  EXPECT_EQ(one.kernel.release, "7.3.4+deb13-amd64");
  EXPECT_FALSE(one.is_for_several());
}

TEST_F(CommandLine, TakesAddressesOfArchives) {
  const Invocation two = parse({"--snapshot", "http://s.example/debian/1", "--snapshot",
                                "http://s.example/sec/2/", patch_});
  EXPECT_EQ(two.kernel.snapshots, (std::vector<std::string>{"http://s.example/debian/1/",
                                                            "http://s.example/sec/2/"}));
  EXPECT_NE(complaint({"--snapshot", "20260901", patch_}), "no error");
  EXPECT_NE(complaint({"--snapshot", "http://s/\nTrusted: yes", patch_}), "no error");
}

TEST_F(CommandLine, RefusesForSeveralKernelsWhatIsTrueOfOne) {
  for (const char* option : {"-s", "-c", "-v", "--debug-file"}) {
    const std::string value = option == std::string("-s") ? place_.path() : patch_;
    EXPECT_EQ(complaint({"-a", "6.1", option, value, patch_}), "no error");
    EXPECT_NE(complaint({"-a", "6.1", "-a", "7.3", option, value, patch_}), "no error");
  }
  // Each names a folder.
  EXPECT_NE(complaint({"-a", "../6.1", patch_}), "no error");
  EXPECT_NE(complaint({"-a", "", patch_}), "no error");
}

TEST_F(CommandLine, HasACommandForTheCache) {
  EXPECT_EQ(parse({"cache", "gc"}).action, Invocation::Action::kCollectGarbage);
  EXPECT_FALSE(parse({"cache", "gc"}).keep);
  EXPECT_EQ(parse({"cache", "gc", "--keep", "5GB"}).keep, 5'000'000'000U);
  EXPECT_EQ(parse({"cache", "gc", "--keep=500MB"}).keep, 500'000'000U);
  EXPECT_NE(complaint({"cache", "gc", "--keep", "5"}), "no error");
  EXPECT_EQ(parse({"cache", "remove", "6.1"}).action, Invocation::Action::kRemoveKernel);
  EXPECT_EQ(parse({"cache", "remove", "6.1"}).kernel.release, "6.1");
  EXPECT_EQ(parse({"cache", "remove"}).action, Invocation::Action::kComplainAboutUsage);
  EXPECT_EQ(parse({"cache", "verify"}).action, Invocation::Action::kVerifyCache);
  EXPECT_EQ(parse({"cache", "path"}).action, Invocation::Action::kShowPlaces);
  EXPECT_EQ(parse({"cache", "path", "image", "6.1.0-1"}).places,
            (std::vector<std::string>{"image", "6.1.0-1"}));
  EXPECT_EQ(parse({"cache", "gc", "x"}).action, Invocation::Action::kComplainAboutUsage);
  EXPECT_EQ(parse({"cache"}).action, Invocation::Action::kComplainAboutUsage);
}

} // namespace
} // namespace kpatch::produce
