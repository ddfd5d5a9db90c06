// SPDX-License-Identifier: GPL-2.0-or-later
#include "compile/work_dir.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace kpatch::compile {
namespace {
namespace fs = std::filesystem;

std::size_t runs_in(const fs::path& parent) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(parent))
    count += entry.is_directory();
  return count;
}

TEST(WorkDir, DisappearsWithItsOwner) {
  const TempDir parent("kpatch-work-test.");
  {
    const WorkDir work(parent.path() / "tmp");
    write_file(work.path() / "x", std::string_view("x"));
  }
  EXPECT_EQ(runs_in(parent.path() / "tmp"), 0u);
}

TEST(WorkDir, TidiesUpAfterAKilledRunButNotARunningOne) {
  const TempDir parent("kpatch-work-test.");
  const WorkDir running(parent.path());
  const pid_t child = fork();
  if (child == 0) {
    const WorkDir killed(parent.path());
    write_file(killed.path() / "x", std::string_view("x"));
    _exit(0); // as good as killed: no destructor runs
  }
  waitpid(child, nullptr, 0);
  EXPECT_EQ(runs_in(parent.path()), 2u);
  const WorkDir next(parent.path());
  EXPECT_EQ(runs_in(parent.path()), 2u);
  EXPECT_TRUE(fs::exists(running.path()));
  EXPECT_TRUE(fs::exists(next.path()));
}

TEST(WorkDir, TidiesUpWhereAChildOfAKilledRunStillWrites) {
  const TempDir parent("kpatch-work-test.");
  const fs::path killed = parent.path() / "run.killed";
  fs::create_directories(killed / "objects");
  for (int i = 0; i < 3000; ++i) // what takes a while to remove
    std::ofstream(killed / "objects" / std::to_string(i));
  std::atomic<bool> is_writing = false;
  std::thread compiler([&] {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
    for (int i = 0; std::chrono::steady_clock::now() < end; ++i) {
      std::ofstream(killed / std::to_string(i));
      is_writing = true;
    }
  });
  while (!is_writing)
    std::this_thread::yield();
  const WorkDir next(parent.path());
  compiler.join();
  EXPECT_FALSE(fs::exists(killed));
}

TEST(WorkDir, StaysWhenItIsToBeKept) {
  const TempDir parent("kpatch-work-test.");
  fs::path kept;
  {
    WorkDir work(parent.path());
    work.keep();
    kept = work.path();
  }
  const WorkDir next(parent.path());
  EXPECT_TRUE(fs::exists(kept));
}

} // namespace
} // namespace kpatch::compile
