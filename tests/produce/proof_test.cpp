// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/files.h"
#include "base/process.h"
#include "image/image.h"
#include "kernel/compiler.h"
#include "produce/proof.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::produce {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kSource = R"(
static int limit = 3;
int other(int x);
int first(int x) { for (int i = 0; i < x; i++) limit += other(i); return limit; }
int second(int x) { return other(x) + other(limit); }
int third(int x) { return x > limit ? other(x) : x * 5; }
int fourth(int x) { limit = x; return other(x - 1) ^ 7; }
)";

/// A "kernel" made of one unit by the compiler of this machine, and wrong builds of it.
class ProofTest : public testing::Test {
 protected:
  ProofTest() {
    target_.version = "6.1.192-2";
    target_.compiler = {"gcc", kernel::compiler_version_text("gcc")};
    image_ = compiled(kSource, {"-O2"});
  }

  elf::Object compiled(const std::string& source, std::vector<std::string> options) {
    const std::filesystem::path object = directory_.path() / "unit.o";
    std::vector<std::string> argv = {"gcc", "-fno-pic", "-mcmodel=kernel",
                                     "-fcf-protection=none"};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.insert(argv.end(), {"-x", "c", "-c", "-", "-o", object.string()});
    run_checked({.argv = argv, .input = source});
    return elf::read_object(object);
  }

  /// Judges a build whose patch changes `second`.
  UnitResult judged(const elf::Object& original, bool force = false) {
    UnitResult result{
        .unit = "fs/x.c", .owner = "vmlinux", .functions = {{.name = "second"}}};
    const image::Image image = image::module_image(image_, "image");
    judge_proof(match::match_unit(original, image), target_, force, result);
    return result;
  }

  TempDir directory_{"kpatch-proof."};
  kernel::Target target_;
  elf::Object image_;
};

const std::vector<std::string> kRight = {"-O2", "-ffunction-sections", "-fdata-sections"};

std::string with(std::string source, const std::string& from, const std::string& to) {
  return source.replace(source.find(from), from.size(), to);
}

TEST_F(ProofTest, KnowsWhatTheSourceOfAFeatureSetLacks) {
  const auto source_with = [](std::string_view text) {
    std::string source = kSource;
    return source.replace(source.find("x * 5"), 5, text); // in `third`, not patched
  };
  const elf::Object original = compiled(source_with("x * 7"), {"-O2"});
  EXPECT_THAT(judged(original).notes, IsEmpty());
  target_.feature_set = "rt";
  target_.patches_file = "/cache/downloads/linux.tar.xz";
  const UnitResult result = judged(original);
  EXPECT_THAT(result.problems, IsEmpty());
  ASSERT_THAT(result.notes, SizeIs(1));
  EXPECT_THAT(line_of(result.notes[0]),
              HasSubstr("WARNING: the running kernel has different code "
                        "for third, which the patch leaves"));
  EXPECT_THAT(judged(compiled(kSource, {"-O2"})).notes, IsEmpty());

  std::string other = kSource;
  other.replace(other.find("other(limit)"), 12, "other(x + 1)"); // in `second`
  const UnitResult refused = judged(compiled(other, {"-O2"}));
  ASSERT_THAT(refused.problems, SizeIs(1));
  EXPECT_THAT(refused.problems[0].message, HasSubstr("feature set 'rt'"));
  EXPECT_THAT(refused.problems[0].remedy, HasSubstr("/cache/downloads/linux.tar.xz"));
  EXPECT_THAT(refused.notes, IsEmpty());
}

TEST_F(ProofTest, HoldsForTheSameSourceCompilerAndOptions) {
  const UnitResult result = judged(compiled(kSource, kRight));
  EXPECT_THAT(result.problems, IsEmpty());
  EXPECT_EQ(result.proof.functions, 4U);
  EXPECT_EQ(result.proof.equal, 4U);
  EXPECT_EQ(result.proof.absent, 0U);
}

TEST_F(ProofTest, CountsWhatTheKernelHasAnotherFunctionFor) {
  const std::string source = kSource;
  image_ = compiled(source + "int fifth(int x) { return other(x) * 9; }\n", {"-O2"});
  const UnitResult result = judged(compiled(
      source + "__attribute__((weak)) int fifth(int x) { return x; }\n", kRight));
  EXPECT_THAT(result.problems, IsEmpty());
  EXPECT_EQ(result.proof.functions, 5U);
  EXPECT_EQ(result.proof.equal, 4U);
  EXPECT_EQ(result.proof.absent, 1U);
}

TEST_F(ProofTest, BlamesASourceThatSaysItIsOfAnotherVersion) {
  write_file(directory_.path() / "Makefile",
             "# SPDX\nVERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 190\nEXTRAVERSION =\n");
  target_.source = directory_.path();
  const elf::Object older = compiled(with(kSource, "other(limit)", "limit"), kRight);
  ASSERT_THAT(judged(older).problems, SizeIs(1));
  EXPECT_THAT(judged(older).problems[0].message,
              HasSubstr("the version of the source: it is 6.1.190, and the kernel was "
                        "built from 6.1.192-2"));
  write_file(directory_.path() / "Makefile",
             "# SPDX\nVERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 192\nEXTRAVERSION =\n");
  EXPECT_THAT(judged(older).problems[0].message,
              testing::Not(HasSubstr("it is 6.1.192")));
}

TEST_F(ProofTest, DoesNotBlameASourceThatIsTheKernelsOwn) {
  const elf::Object other = compiled(with(kSource, "other(limit)", "limit"), kRight);
  const std::filesystem::path unpacked = directory_.path() / "unpacked";
  std::filesystem::create_directories(unpacked / "debian");
  for (const auto& source : {directory_.path() / "sources/6.1.192-2", unpacked}) {
    write_file(unpacked / "debian/changelog",
               "linux (6.1.192-2) bookworm; urgency=low\n");
    target_.source = source;
    ASSERT_THAT(judged(other).problems, SizeIs(1));
    const Problem problem = judged(other).problems[0];
    EXPECT_THAT(problem.message, HasSubstr("not the source and not the compiler"));
    EXPECT_THAT(problem.remedy, testing::Not(HasSubstr("use the source of")));
  }
  write_file(unpacked / "debian/changelog", "linux (6.1.190-1) bookworm; urgency=low\n");
  EXPECT_THAT(judged(other).problems[0].message, HasSubstr("the version of the source"));
}

TEST_F(ProofTest, RefusesOtherOptions) {
  const UnitResult result =
      judged(compiled(kSource, {"-O0", "-ffunction-sections", "-fdata-sections"}));
  ASSERT_THAT(result.problems, SizeIs(1));
  EXPECT_EQ(result.problems[0].code, "KP1020");
  EXPECT_EQ(result.problems[0].symbol, "second");
  EXPECT_THAT(result.problems[0].message, HasSubstr("compiler options"));
}

TEST_F(ProofTest, RefusesSourceOfAnotherVersion) {
  const UnitResult result = judged(compiled(
      with(kSource, "return other(x) + other", "return other(x) - other"), kRight));
  ASSERT_THAT(result.problems, SizeIs(1));
  EXPECT_THAT(result.problems[0].message, HasSubstr("this source compiles to"));
  EXPECT_THAT(result.problems[0].message, HasSubstr("the version of the source"));
  EXPECT_THAT(result.problems[0].message, HasSubstr("6.1.192-2"));
}

TEST_F(ProofTest, RefusesCodeThatCallsSomethingElse) {
  image_ = compiled(std::string("int more(int x);\n") +
                        with(kSource, "+ other(limit)", "+ more(limit)"),
                    {"-O2"});
  const UnitResult result = judged(compiled(kSource, kRight));
  ASSERT_THAT(result.problems, SizeIs(1));
  EXPECT_EQ(result.problems[0].code, "KP1020");
  EXPECT_THAT(result.problems[0].message,
              HasSubstr("refers to more, this source refers to other"));
}

TEST_F(ProofTest, NamesTheCompilerIfItIsAnother) {
  target_.compiler.version_text = "gcc (Debian 11.3.0-12) 11.3.0";
  const UnitResult result =
      judged(compiled(kSource, {"-O1", "-ffunction-sections", "-fdata-sections"}));
  ASSERT_THAT(result.problems, SizeIs(1));
  EXPECT_THAT(result.problems[0].message,
              HasSubstr("built with 'gcc (Debian 11.3.0-12)"));
}

TEST_F(ProofTest, TakesAnotherCompilerWhoseCodeIsTheSame) {
  target_.compiler.version_text = "gcc (Debian 11.3.0-12) 11.3.0";
  EXPECT_THAT(judged(compiled(kSource, kRight)).problems, IsEmpty());
}

TEST_F(ProofTest, MindsOnlyWhatThePatchChanges) {
  EXPECT_THAT(judged(compiled(with(kSource, "* 5", "* 9"), kRight)).problems, IsEmpty());
}

TEST_F(ProofTest, MindsCallersThatMayHaveACopy) {
  const std::string source =
      std::string(kSource) + "int fifth(int x) { return second(x + 2) * 3; }\n";
  image_ = compiled(source, {"-O2"});
  std::vector<std::string> options = kRight;
  EXPECT_THAT(judged(compiled(source, options)).problems, IsEmpty());
  options.emplace_back("-fno-inline");
  const UnitResult result = judged(compiled(source, options));
  ASSERT_THAT(result.problems, SizeIs(1));
  EXPECT_EQ(result.problems[0].code, "KP1020");
  EXPECT_THAT(result.problems[0].message, HasSubstr("fifth, which calls it"));
}

TEST_F(ProofTest, ExplainsErrorsByOtherCode) {
  const image::Image image = image::module_image(image_, "image");
  const Error error("symbol x is nowhere");
  const auto text = [&](const std::string& source) {
    try {
      fail_for_other_code(match::match_unit(compiled(source, kRight), image), target_,
                          error);
    } catch (const Error& thrown) {
      return std::string(thrown.what());
    }
  };
  EXPECT_EQ(text(kSource), error.what());
  EXPECT_THAT(text(with(kSource, "* 5", "* 9")), HasSubstr("the version of the source"));
}

TEST_F(ProofTest, RefusesAFunctionThatIsNotThere) {
  image_ = compiled(with(kSource, "second", "zweite"), {"-O2"});
  const UnitResult result = judged(compiled(kSource, kRight));
  ASSERT_THAT(result.problems, SizeIs(1));
  EXPECT_EQ(result.problems[0].code, "KP1021");
}

TEST_F(ProofTest, RefusesAWeakDefaultThatIsNotInUse) {
  const UnitResult result =
      judged(compiled(with(kSource, "int second(int x) { return other(x)",
                           "__attribute__((weak)) int second(int x) { return 1"),
                      kRight));
  ASSERT_THAT(result.problems, SizeIs(1));
  EXPECT_EQ(result.problems[0].code, "KP1021");
  EXPECT_THAT(result.problems[0].message, HasSubstr("weak default"));
}

TEST_F(ProofTest, GoesOnIfForcedAndSaysSo) {
  const UnitResult result =
      judged(compiled(with(kSource, "return other(x) + other", "return other(x) - other"),
                      kRight),
             true);
  EXPECT_THAT(result.problems, IsEmpty());
  ASSERT_THAT(result.proof.overridden, SizeIs(1));
  ASSERT_THAT(result.notes, SizeIs(1));
  EXPECT_THAT(line_of(result.notes[0]),
              HasSubstr("WARNING: KP1020: second: the running kernel has different code "
                        "for this function"));
}

TEST(UnprovenProcessor, IsRefusedUnlessForced) {
  elf::Object original;
  original.header.machine = 258; // loongarch64
  ASSERT_FALSE(match::can_match(original));
  UnitResult result{.unit = "fs/x.c", .owner = "vmlinux"};
  judge_unproven(original, false, result);
  ASSERT_THAT(result.problems, SizeIs(1));
  EXPECT_EQ(result.problems[0].code, "KP1022");
  EXPECT_THAT(result.problems[0].message, HasSubstr("the code of loongarch64 cannot"));
  EXPECT_THAT(result.problems[0].remedy, HasSubstr("--force"));

  UnitResult forced{.unit = "fs/x.c", .owner = "vmlinux"};
  judge_unproven(original, true, forced);
  EXPECT_THAT(forced.problems, IsEmpty());
  EXPECT_THAT(forced.notes, SizeIs(1));
  EXPECT_THAT(forced.proof.overridden, SizeIs(1));
}

} // namespace
} // namespace kpatch::produce
