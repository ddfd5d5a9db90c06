// SPDX-License-Identifier: GPL-2.0-or-later
#include "scratch.h"
#include "small_kernel.h"
#include "verify/judge.h"

namespace kpatch::verify {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

std::vector<Problem> problems(bool wants_signatures, std::string_view appended) {
  const Scratch scratch;
  const Bytes kernel = test::small_kernel(wants_signatures);
  const Judge judge({std::string(test::kSmallRelease),
                     scratch.file("vmlinux", std::string(kernel.begin(), kernel.end())),
                     {},
                     {}});
  elf::Object module;
  module.header.machine = EM_X86_64;
  Bytes file = elf::write_object(module);
  file.insert(file.end(), appended.begin(), appended.end());
  return judge.problems_of(file, "patch.ko");
}

const auto kAboutTheSignature = Contains(Field(&Problem::code, "KP5014"));

TEST(Judge, WantsASignatureWhereTheKernelWantsOne) {
  EXPECT_THAT(problems(false, ""), Not(kAboutTheSignature));
  EXPECT_THAT(problems(true, ""),
              Contains(AllOf(Field(&Problem::code, "KP5014"),
                             Field(&Problem::message, HasSubstr("is not signed")))));
}

TEST(Judge, WantsASignatureToBeOne) {
  constexpr std::string_view kSigned(
      "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x00"
      "\0\0\2\0\0\0\0\0\0\0\0\x0f~Module signature appended~\n",
      15 + 12 + 28);
  EXPECT_THAT(problems(true, kSigned), Not(kAboutTheSignature));
  EXPECT_THAT(problems(false, kSigned.substr(1)), kAboutTheSignature);
}

} // namespace
} // namespace kpatch::verify
