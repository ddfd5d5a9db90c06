// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/record.h"
#include "scratch.h"

namespace kpatch::cache {
namespace {

TEST(Record, IsReadAsItWasWritten) {
  const Scratch scratch;
  for (const std::string text : {"", "one\n", "no end of line"}) {
    write_record(scratch / "record", "lines-1", text);
    EXPECT_EQ(read_record(scratch / "record", "lines-1"), text);
  }
}

TEST(Record, IsNothingInAnotherFormatOrDamaged) {
  const Scratch scratch;
  EXPECT_EQ(read_record(scratch / "record", "lines-1"), std::nullopt);
  write_record(scratch / "record", "lines-1", "one\ntwo\n");
  EXPECT_EQ(read_record(scratch / "record", "lines-2"), std::nullopt);
  const std::string whole = read_text(scratch / "record");
  for (const std::string& damaged :
       {whole.substr(0, whole.size() - 4), whole + "three\n", std::string("one\ntwo\n"),
        std::string(), std::string("one")}) {
    scratch.file("record", damaged);
    EXPECT_EQ(read_record(scratch / "record", "lines-1"), std::nullopt) << damaged;
  }
}

} // namespace
} // namespace kpatch::cache
