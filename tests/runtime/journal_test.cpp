// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "runtime/command_line.h"
#include "runtime/journal.h"
#include "runtime/pretended_host.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::runtime {
namespace {

using namespace std::string_literals;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A machine whose journal can be read.
struct NotingHost : PretendedHost {
  std::vector<JournalFields> entries;
  Forms forms{
      .status_text = [](const auto&) { return ""; },
      .journal = [this](const JournalFields& entry) { entries.push_back(entry); }};

  int run(const std::vector<std::string>& words) {
    return run_subcommand(host, forms, words);
  }
  /// Of the last entry.
  std::vector<std::string> values(std::string_view name) const {
    std::vector<std::string> found;
    for (const auto& [key, value] : entries.back())
      if (key == name)
        found.push_back(value);
    return found;
  }
  void add_note(const std::string& patch, const elf::ModuleInfo& info) const {
    const auto notes = places.modules() / patch / "notes";
    std::filesystem::create_directories(notes);
    write_file(notes / ".note.kpatch", elf::make_patch_note(info, std::endian::native));
  }
};

TEST(ChangeNote, IsMadeOfEachChangeAndOfNoLook) {
  NotingHost machine;
  EXPECT_EQ(machine.run({"status"}), 0);
  EXPECT_THAT(machine.entries, IsEmpty());
  const auto file = write_module(machine.root.path(), "a").string();
  EXPECT_EQ(machine.run({"load", file}), 0);
  EXPECT_THAT(machine.values("MESSAGE"),
              ElementsAre(AllOf(HasSubstr("kpatch load " + file), HasSubstr("status 0"),
                                HasSubstr("by uid"), HasSubstr("in force: a (f)"))));
  EXPECT_THAT(machine.values("KPATCH_ACTION"), ElementsAre("load"));
  EXPECT_THAT(machine.values("KPATCH_MODULE"), ElementsAre("a"));
  EXPECT_THAT(machine.values("KPATCH_RESULT"), ElementsAre("done"));
  EXPECT_THAT(machine.values("KPATCH_STATUS"), ElementsAre("0"));
  EXPECT_THAT(machine.values("KPATCH_KERNEL"), ElementsAre("6.1.0-test"));
  EXPECT_THAT(machine.values("KPATCH_IN_FORCE"), ElementsAre("a"));
  EXPECT_THAT(machine.values("KPATCH_ERROR"), IsEmpty());
  EXPECT_THAT(machine.values("PRIORITY"), ElementsAre("5"));
  EXPECT_EQ(machine.entries.size(), 1U);
}

TEST(ChangeNote, SaysWhyAChangeFailed) {
  NotingHost machine;
  machine.kernel.load_answer = ENOEXEC;
  const auto file = write_module(machine.root.path(), "b").string();
  EXPECT_THROW(machine.run({"load", file}), Error);
  EXPECT_THAT(machine.values("KPATCH_RESULT"), ElementsAre("refused-by-kernel"));
  EXPECT_THAT(machine.values("KPATCH_STATUS"), ElementsAre("8"));
  EXPECT_THAT(machine.values("KPATCH_ERROR"), Contains(HasSubstr("b.ko")));
  EXPECT_THAT(machine.values("PRIORITY"), ElementsAre("4"));
}

TEST(ChangeNote, NamesWhatTheModuleFixesWhenItComesAndGoes) {
  NotingHost machine;
  const auto file =
      write_module(machine.root.path(), "a", "cve=CVE-2026-2222\0cve=CVE-2026-1111\0"s);
  machine.run({"load", file.string()});
  EXPECT_THAT(machine.values("KPATCH_CVE"),
              ElementsAre("CVE-2026-1111", "CVE-2026-2222"));
  machine.add_note("a", {{"cve", "CVE-2026-1111"}});
  std::filesystem::remove(file);
  machine.run({"unload", "a"});
  EXPECT_THAT(machine.values("KPATCH_ACTION"), ElementsAre("unload"));
  EXPECT_THAT(machine.values("KPATCH_CVE"), ElementsAre("CVE-2026-1111"));
  EXPECT_THAT(machine.values("KPATCH_IN_FORCE"), IsEmpty());
}

TEST(ChangeNote, NamesWhatIsNoLongerFixedWhereNoModuleIsNamed) {
  NotingHost machine;
  for (const char* name : {"a", "b"})
    machine.kernel.add_patch(name, false);
  machine.add_note("a", {{"cve", "CVE-2026-1111"}});
  machine.add_note("b", {{"cve", "CVE-2026-2222"}});
  machine.run({"unload", "--all"});
  EXPECT_THAT(machine.values("KPATCH_MODULE"), IsEmpty());
  EXPECT_THAT(machine.values("KPATCH_CVE"),
              ElementsAre("CVE-2026-1111", "CVE-2026-2222"));
}

} // namespace
} // namespace kpatch::runtime
