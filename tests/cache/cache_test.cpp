// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "cache/cache.h"
#include "cache/fingerprint.h"
#include "scratch.h"

#include <atomic>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace kpatch::cache {
namespace {

namespace fs = std::filesystem;

std::size_t entries(const fs::path& directory) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

TEST(MakeOnce, FillsOnlyOnce) {
  const Scratch scratch;
  int fills = 0;
  for (int i = 0; i < 2; ++i)
    make_once(scratch / "a/b", [&](const fs::path& fresh) {
      ++fills;
      write_file(fresh / "content", "x");
    });
  EXPECT_EQ(fills, 1);
  EXPECT_EQ(read_text(scratch / "a/b/content"), "x");
}

TEST(MakeOnce, ShowsNothingOfAFailure) {
  const Scratch scratch;
  EXPECT_THROW(make_once(scratch / "tree",
                         [&](const fs::path& fresh) {
                           write_file(fresh / "half", "x");
                           fail("no more");
                         }),
               Error);
  EXPECT_FALSE(fs::exists(scratch / "tree"));
  EXPECT_EQ(entries(scratch.path()), 1U); // the lock
  make_once(scratch / "tree", [](const fs::path&) {});
  EXPECT_TRUE(fs::exists(scratch / "tree"));
}

TEST(MakeOnce, RemovesWhatAKilledRunLeft) {
  const Scratch scratch;
  scratch.file(".tree.new-AbCdEf/deep/half", "x");
  scratch.file(".other.new-AbCdEf/half", "x");
  make_once(scratch / "tree", [](const fs::path&) {});
  EXPECT_FALSE(fs::exists(scratch / ".tree.new-AbCdEf"));
  EXPECT_TRUE(fs::exists(scratch / ".other.new-AbCdEf"));
}

TEST(MakeOnce, LetsOneOfSeveralFill) {
  const Scratch scratch;
  std::atomic<int> fills = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      make_once(scratch / "tree", [&](const fs::path& fresh) {
        ++fills;
        write_file(fresh / "content", std::string(1 << 20, 'x'));
      });
      EXPECT_EQ(fs::file_size(scratch / "tree/content"), 1U << 20);
    });
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(fills, 1);
}

TEST(SourceFingerprint, SeesEveryKindOfChange) {
  const Scratch scratch;
  scratch.file("a/one.c", "1");
  scratch.file("two.c", "2");
  const auto fingerprint = [&] {
    return tree_fingerprint(scratch.path(), FingerprintDepth::kMetadata);
  };
  const std::string before = fingerprint();
  EXPECT_EQ(fingerprint(), before);

  scratch.file("three.c", "");
  EXPECT_NE(fingerprint(), before);
  fs::remove(scratch / "three.c");
  EXPECT_EQ(fingerprint(), before);

  fs::rename(scratch / "two.c", scratch / "a/two.c");
  EXPECT_NE(fingerprint(), before);
}

TEST(SourceFingerprint, SeesContentBehindAnUnchangedTimeIfAsked) {
  const Scratch scratch;
  const fs::path file = scratch.file("one.c", "1");
  const auto time = fs::last_write_time(file);
  const auto fingerprint = [&] {
    return tree_fingerprint(scratch.path(), FingerprintDepth::kContent);
  };
  const std::string before = fingerprint();
  scratch.file("one.c", "2");
  fs::last_write_time(file, time);
  EXPECT_NE(fingerprint(), before);
}

TEST(ClaimCache, TakesAnEarlierOneOver) {
  const Scratch scratch;
  scratch.file("kernels/x/units.1", "");
  claim_cache(scratch.path());
  const std::string format = read_text(scratch / "format");
  EXPECT_GT(std::stoi(format), 1);
  scratch.file("format", "1\n");
  claim_cache(scratch.path());
  EXPECT_EQ(read_text(scratch / "format"), format);
}

TEST(ClaimCache, RefusesOneOfALaterProgram) {
  const Scratch scratch;
  scratch.file("format", "999\n");
  try {
    claim_cache(scratch.path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("later version"));
    EXPECT_THAT(error.remedy(), testing::HasSubstr("CACHEDIR"));
  }
  EXPECT_EQ(read_text(scratch / "format"), "999\n");
}

TEST(ClaimCache, RefusesOneThatOthersMayChange) {
  for (const char* part : {"kernels/x", "kernels", "."}) {
    const Scratch scratch;
    scratch.file("kernels/x/objects/objtool", "");
    claim_cache(scratch.path());
    fs::permissions(scratch / part, fs::perms::all);
    try {
      claim_cache(scratch.path());
      ADD_FAILURE() << part;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("other users may write to it"));
      EXPECT_THAT(error.remedy(), testing::HasSubstr("CACHEDIR"));
    }
  }
}

TEST(ClaimCache, RefusesOneOfAnotherUser) {
  const Scratch scratch;
  constexpr uid_t kNobody = 65534;
  if (chown(scratch.path().c_str(), kNobody, kNobody) != 0)
    GTEST_SKIP() << "only root can give a directory away";
  try {
    claim_cache(scratch.path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("belongs to user 65534"));
  }
}

TEST(ClaimCache, LetsOthersChangeNothingThatIsMadeLater) {
  const Scratch scratch;
  umask(0);
  claim_cache(scratch.path());
  fs::create_directories(scratch / "kernels");
  EXPECT_EQ(fs::status(scratch / "kernels").permissions() & fs::perms::others_write,
            fs::perms::none);
}

} // namespace
} // namespace kpatch::cache
