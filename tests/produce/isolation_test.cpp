// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "produce/isolation.h"
#include "produce/isolation_limits.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>
#include <unistd.h>

namespace kpatch::produce {
namespace {
namespace fs = std::filesystem;

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Isolated : public testing::Test {
 protected:
  Isolated() {
    for (const char* folder : {"given", "own/cache", "own/tmp", "cache/sources"})
      fs::create_directories(work_.path() / folder);
    write_file(work_.path() / "given/file", "given\n");
    write_file(work_.path() / "secret", "secret\n");
  }
  ~Isolated() override { setenv("PATH", path_.c_str(), 1); }

  /// Has a script stand where a program is looked for.
  void fake_program(const std::string& name, const std::string& script) {
    fs::create_directories(work_.path() / "bin");
    write_file(work_.path() / "bin" / name, "#!/bin/sh\n" + script, 0755);
    setenv("PATH", ((work_.path() / "bin").string() + ":" + path_).c_str(), 1);
  }
  void fake_bubblewrap(const std::string& script) { fake_program("bwrap", script); }

  Enclosure enclosure(const IsolationLimits& limits = limits_of_this_machine()) const {
    return {.readable = {work_.path() / "given"},
            .cache = work_.path() / "cache",
            .kernel = work_.path() / "cache/kernels/k",
            .own = work_.path() / "own",
            .output = work_.path() / "output",
            .limits = limits};
  }

  static bool has_argument(const fs::path& command, const std::string& argument) {
    std::ifstream file(command);
    for (std::string word; std::getline(file, word, '\0');)
      if (word == argument)
        return true;
    return false;
  }

  bool succeeds_inside(const std::string& script) {
    const Outcome outcome =
        run({.argv = isolated_command(enclosure(), {"/bin/sh", "-c", script}),
             .directory = work_.path()});
    return outcome.ok();
  }

  /// What the error says with which the script is ended, once nothing of it runs.
  std::string said_of(const IsolationLimits& limits, const std::string& script) {
    std::string said = "nothing: it went on";
    try {
      const Outcome outcome =
          run_isolated(enclosure(limits), {"/bin/sh", "-c", script, work_.path()});
      if (!outcome.ok())
        said = "nothing: it ended with " + std::to_string(outcome.status);
    } catch (const Error& error) {
      said = error.what();
    }
    for (const fs::directory_entry& process : fs::directory_iterator("/proc"))
      if (has_argument(process.path() / "cmdline", work_.path()))
        return said + ", but " + process.path().string() + " is left";
    return said;
  }

  std::string place(const char* name) const { return (work_.path() / name).string(); }

  TempDir work_{"kpatch-isolation-test."};
  const std::string path_ = getenv("PATH");
};

/// The same, with the real program.
class InBubblewrap : public Isolated {
 protected:
  void SetUp() override {
    if (find_program("bwrap").empty() || !succeeds_inside("true"))
      GTEST_SKIP() << "bubblewrap is not here or does not work here";
  }
};

TEST_F(InBubblewrap, ReadsWhatItIsGivenAndNothingElse) {
  EXPECT_TRUE(succeeds_inside("cat " + place("given/file")));
  EXPECT_FALSE(succeeds_inside("cat " + place("secret")));
  for (const char* file : {"/etc/passwd", "/etc/shadow", "/root/.profile"})
    EXPECT_FALSE(succeeds_inside(std::string("cat ") + file)) << file;
}

TEST_F(InBubblewrap, WritesToItsOwnFolderOnly) {
  EXPECT_TRUE(succeeds_inside("echo >" + place("own/new")));
  EXPECT_TRUE(succeeds_inside("echo >" + place("cache/build.log")));
  EXPECT_FALSE(fs::exists(work_.path() / "cache/build.log"));
  EXPECT_TRUE(fs::exists(work_.path() / "own/cache/build.log"));
  EXPECT_FALSE(succeeds_inside("echo >" + place("given/file")));
  EXPECT_FALSE(succeeds_inside("echo >" + place("cache/sources/new")));
  EXPECT_FALSE(succeeds_inside("echo >/usr/new"));
}

/// Each build of something new has something to add to the folder of its kernel.
TEST_F(InBubblewrap, KeepsWhatItFindsOutToItself) {
  fs::create_directories(work_.path() / "cache/kernels/k/commands");
  write_file(work_.path() / "cache/kernels/k/commands/known", "known\n");
  write_file(work_.path() / "cache/kernels/k/units", "units\n");
  copy_findings(enclosure());
  EXPECT_TRUE(succeeds_inside("cat " + place("cache/kernels/k/commands/known") + " " +
                              place("cache/kernels/k/units")));
  EXPECT_TRUE(succeeds_inside("echo >" + place("cache/kernels/k/includes")));
  EXPECT_TRUE(succeeds_inside("echo >" + place("cache/kernels/k/commands/new")));
  EXPECT_FALSE(succeeds_inside("echo >" + place("cache/kernels/k/units")));
  EXPECT_FALSE(fs::exists(work_.path() / "cache/kernels/k/includes"));
  EXPECT_FALSE(fs::exists(work_.path() / "cache/kernels/k/commands/new"));
}

TEST_F(InBubblewrap, HasNoNetwork) {
  EXPECT_TRUE(succeeds_inside("test $(grep -c : /proc/net/dev) = 1")); // lo
}

TEST_F(InBubblewrap, SeesNoOtherProcessesAndNoneOfTheEnvironment) {
  setenv("KPATCH_TEST_SECRET", "secret", 1);
  EXPECT_TRUE(succeeds_inside("test -z \"$KPATCH_TEST_SECRET\""));
  unsetenv("KPATCH_TEST_SECRET");
  EXPECT_FALSE(succeeds_inside("kill -0 " + std::to_string(getpid())));
}

TEST_F(InBubblewrap, IsHeldToItsLimits) {
  EXPECT_TRUE(succeeds_inside("test $(ulimit -v) = 8388608"));
  EXPECT_TRUE(succeeds_inside("test $(ulimit -t) = 3600"));
}

constexpr IsolationLimits kAmple{
    .memory = std::uint64_t{4} << 30, .threads = 2000, .seconds = 300};

TEST_F(InBubblewrap, EndsAForkBomb) {
  IsolationLimits limits = kAmple;
  limits.threads = 100;
  EXPECT_THAT(said_of(limits, "exec 2>/dev/null; b() { b | b & }; b; sleep 300"),
              HasSubstr(" threads, of 100 "));
}

TEST_F(InBubblewrap, EndsManyProcessesThatTakeTooMuchMemoryTogether) {
  IsolationLimits limits = kAmple;
  limits.memory = 150 << 20;
  EXPECT_THAT(said_of(limits, "for n in 1 2 3 4 5 6; do cat /dev/zero | tail -c "
                              "50000000 & done; wait"),
              HasSubstr(" MiB of memory, of 150 MiB "));
}

TEST_F(InBubblewrap, EndsWhatTakesTooLong) {
  IsolationLimits limits = kAmple;
  limits.seconds = 0.3;
  EXPECT_THAT(said_of(limits, "sleep 300 & wait"), HasSubstr(" seconds, of "));
}

TEST_F(InBubblewrap, LetsGoOnWhatKeepsWithinTheLimits) {
  EXPECT_EQ(said_of(kAmple, "sleep 0.3; tail -c 1000000 /usr/bin/perl | sort >/tmp/f"),
            "nothing: it went on");
}

/// What it has left running could still write to what is taken over.
TEST_F(InBubblewrap, HasEndedAsAWholeWhenItHasEnded) {
  for (int round = 0; round < 20; ++round)
    ASSERT_EQ(
        said_of(kAmple, "for i in 1 2 3 4 5 6; do sh -c 'sleep 60; :' \"$0\" & done"),
        "nothing: it went on");
}

TEST_F(InBubblewrap, HasNoPlaceForFilesInMemory) {
  for (const char* folder : {"/", "/dev", "/dev/shm", "/run"})
    EXPECT_FALSE(succeeds_inside(std::string("echo >") + folder + "/new")) << folder;
  EXPECT_TRUE(succeeds_inside("echo >/tmp/new; echo >/dev/null"));
  EXPECT_TRUE(fs::exists(work_.path() / "own/tmp/new"));
}

/// Where systemd takes a scope for real: tests/e2e/scope.sh brings such a machine. The
/// limits of these tests are passed where counting does not see it.
class InScope : public InBubblewrap {
 protected:
  void SetUp() override {
    InBubblewrap::SetUp();
    if (!IsSkipped() && scope_words(limits_of_this_machine()).empty())
      GTEST_SKIP() << "systemd takes no scope here";
  }
};

TEST_F(InScope, IsHeldToMemoryThatNoProcessHas) {
  IsolationLimits limits = kAmple;
  const std::string fill =
      "exec perl -e 'my $name = \"f\"; my $fd = syscall(319, $name, 0); open(my $f, "
      "\">&=\", $fd) or exit 1; for (1..200) { syswrite($f, \"x\" x 1048576) or exit 2; "
      "} '";
  EXPECT_EQ(said_of(limits, fill), "nothing: it went on");
  limits.memory = 100 << 20;
  EXPECT_THAT(said_of(limits, fill), HasSubstr("was killed"));
}

TEST_F(InScope, CannotStartMoreTasksThanItMayHave) {
  IsolationLimits limits = kAmple;
  limits.threads = 60;
  const std::string many =
      "for n in $(seq 100); do sleep 1 & done 2>/tmp/said; echo all >/tmp/all; wait";
  EXPECT_EQ(said_of(limits, many), "nothing: it ended with 2"); // dash cannot fork
  EXPECT_FALSE(fs::exists(work_.path() / "own/tmp/all"));
  limits.threads = 200;
  EXPECT_EQ(said_of(limits, many), "nothing: it went on");
  EXPECT_TRUE(fs::exists(work_.path() / "own/tmp/all"));
}

TEST_F(Isolated, IsAScopeWhereSystemdTakesOne) {
  fake_program("systemd-run", "while [ \"$1\" != true ]; do\n"
                              "case $1 in *=*) echo \"$1\" >>'" +
                                  place("properties") + "';; esac; shift; done\n");
  const std::vector<std::string> command = isolated_command(
      enclosure({.memory = 5000, .threads = 70, .seconds = 1}), {"make"});
  EXPECT_EQ(command.at(0), "systemd-run");
  EXPECT_EQ(read_text(place("properties")),
            "MemoryMax=5000\nMemorySwapMax=0\nTasksMax=70\n");
  fake_program("systemd-run", "exit 1\n");
  EXPECT_EQ(isolated_command(enclosure(), {"make"}).at(0), "prlimit");
}

TEST_F(Isolated, HandsOnOnlyPlainModules) {
  fake_bubblewrap("while [ \"$1\" != --output ]; do shift; done\n"
                  "echo good >\"$2/good.ko\"; echo text >\"$2/text\"\n"
                  "ln -s '" +
                  place("secret") + "' \"$2/link.ko\"\n");
  const fs::path output = work_.path() / "output";
  fs::create_directory(output);
  Invocation invocation;
  invocation.options.cache = work_.path() / "cache";
  invocation.options.output_directory = output;
  EXPECT_EQ(build_isolated(invocation, {}, {"kpatch-build", "fix.patch"}), 0);
  EXPECT_EQ(read_text(output / "good.ko"), "good\n");
  EXPECT_EQ(std::distance(fs::directory_iterator(output), fs::directory_iterator()), 1);
}

TEST_F(Isolated, HandsOnNothingOfAFailedBuild) {
  fake_bubblewrap("while [ \"$1\" != --output ]; do shift; done\n"
                  "echo bad >\"$2/bad.ko\"; exit 3\n");
  const fs::path output = work_.path() / "output";
  fs::create_directory(output);
  Invocation invocation;
  invocation.options.cache = work_.path() / "cache";
  invocation.options.output_directory = output;
  EXPECT_EQ(build_isolated(invocation, {}, {"kpatch-build", "fix.patch"}), 3);
  EXPECT_TRUE(fs::is_empty(output));
}

TEST_F(Isolated, IsTheDefaultOfRootAndSaidWhereItCannotBe) {
  fake_bubblewrap("exit 0\n");
  Invocation invocation;
  EXPECT_EQ(is_to_be_isolated(invocation), geteuid() == 0);
  EXPECT_THAT(invocation.notices, IsEmpty());
  fake_bubblewrap("echo no namespaces >&2; exit 1\n");
  EXPECT_FALSE(is_to_be_isolated(invocation));
  if (geteuid() == 0) {
    EXPECT_THAT(invocation.notices, ElementsAre(HasSubstr("no namespaces")));
  }
  invocation.isolation = Isolation::kAlways;
  EXPECT_THROW(is_to_be_isolated(invocation), Error);
  invocation.isolation = Isolation::kNever;
  EXPECT_FALSE(is_to_be_isolated(invocation));
}

} // namespace
} // namespace kpatch::produce
