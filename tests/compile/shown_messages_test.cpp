// SPDX-License-Identifier: GPL-2.0-or-later
#include "compile/shown_messages.h"
#include "compile/workshop.h"
#include "fake_kernel.h"
#include "patch/patched_view.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::compile {
namespace {

/// What the compiler says of fs/x.c, when it has already said something of another form.
class ShownMessages : public testing::Test {
 protected:
  ShownMessages() {
    const std::filesystem::path record = shop_.kept("commands") / "fs/.x.o.cmd";
    std::filesystem::create_directories(record.parent_path());
    write_file(record, kernel_.record("x"));
    view_.own_file("fs/x.c"); // as for each file that is patched
  }

  std::string retold(const PatchedTexts& texts) {
    std::vector<UnitObjects> units(1);
    units[0].unit = "fs/x.c";
    units[0].patched_side.messages = "as it was";
    retell_messages(shop_, view_, texts, units);
    return units[0].patched_side.messages;
  }

  FakeKernel kernel_;
  TempDir work_{"kpatch-messages-test."};
  BuildLog log_;
  Workshop shop_{kernel_.target, work_.path(), log_};
  patch::PatchedView view_{kernel_.target.source, work_.path() / "view"};
};

TEST_F(ShownMessages, AreOfTheTextsAsThePatchMadeThem) {
  EXPECT_THAT(retold({{"fs/x.c", "\n\nint f(void) { int unheard; return 1; }\n"}}),
              testing::HasSubstr("fs/x.c:3:"));
  EXPECT_EQ(retold({}), "as it was");
}

TEST_F(ShownMessages, CanBeAskedForInEachTurnOfABuild) {
  for (const std::string name : {"one", "two"})
    EXPECT_THAT(
        retold({{"fs/x.c", "int f(void) { int unused_" + name + "; return 1; }\n"}}),
        testing::HasSubstr("unused_" + name));
}

} // namespace
} // namespace kpatch::compile
