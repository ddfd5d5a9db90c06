// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/object_builder.h"

#include <gtest/gtest.h>

#include <array>
#include <gmock/gmock.h>

namespace kpatch::diff {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint8_t kRet = 0xc3;
constexpr std::uint8_t kNop = 0x90;

struct Entry {
  std::string symbol;
  std::uint8_t content = 0;
};

/// A unit with a list of what it registers; show() changes with `body` and may use the
/// last entry.
elf::Object unit(std::uint8_t body, const std::string& section,
                 const std::vector<Entry>& entries, bool is_used = false) {
  ObjectBuilder builder;
  builder.function("show", {body, 0, 0, 0, 0, kRet});
  if (!entries.empty()) {
    Bytes data;
    for (const Entry& entry : entries)
      data.insert(data.end(), {entry.content, 0, 0, 0, 0, 0, 0, 0});
    const auto home =
        builder.section({.name = section, .flags = SHF_ALLOC | SHF_WRITE, .data = data});
    for (std::size_t i = 0; i < entries.size(); ++i)
      builder.object()
          .symbols[builder.define(entries[i].symbol, STT_OBJECT, home, 8)]
          .value = 8 * i;
    if (is_used)
      builder.add_relocation("show", 6, R_X86_64_PC32,
                             builder.symbol(entries.back().symbol), -4);
  }
  return builder.build();
}

std::vector<std::string> messages(const Result& result) {
  std::vector<std::string> all;
  for (const Problem& problem : result.problems)
    all.push_back(problem.code + " " + problem.message);
  return all;
}

struct Case {
  const char* section;
  const char* first; ///< entry that the unit may have before
  const char* added;
  const char* told;
};

class LeftOut : public ::testing::TestWithParam<Case> {};

TEST_P(LeftOut, IsSaidWhetherTheUnitHadSomeOrNot) {
  const Case& test = GetParam();
  const auto told = Contains(AllOf(HasSubstr("NOTICE: KP2019: "), HasSubstr(test.told)));
  const Result first = Diffing().run(unit(kNop, test.section, {}),
                                     unit(kRet, test.section, {{test.added}}));
  EXPECT_THAT(messages(first), IsEmpty());
  EXPECT_THAT(lines(first), told);
  const Result more =
      Diffing().run(unit(kNop, test.section, {{test.first}}),
                    unit(kRet, test.section, {{test.first}, {test.added}}));
  EXPECT_THAT(messages(more), IsEmpty());
  EXPECT_THAT(lines(more), told);
}

INSTANTIATE_TEST_SUITE_P(, LeftOut,
                         ::testing::Values(Case{"__param", "__param_old", "__param_new",
                                                "module parameter new is left out"},
                                           Case{"_kprobe_blacklist", "_kbl_addr_old",
                                                "_kbl_addr_new", "NOKPROBE_SYMBOL new"},
                                           Case{"_error_injection_whitelist",
                                                "_eil_addr_old", "_eil_addr_new",
                                                "ALLOW_ERROR_INJECTION new"},
                                           Case{".pci_fixup_final", "__pci_fixup_old",
                                                "__pci_fixup_new", "PCI fixup new"}));

TEST(Registrations, ThatChangeAreRefused) {
  const Result result = Diffing().run(unit(kNop, "__param", {{"__param_depth", 1}}),
                                      unit(kRet, "__param", {{"__param_depth", 2}}));
  EXPECT_THAT(messages(result),
              ElementsAre(HasSubstr("KP2018 module parameter depth changes")));
}

TEST(DeviceTables, OfExistingDataChangeNothing) {
  for (const char* name :
       {"__mod_pci__ids_device_table", "__mod_device_table__kmod_x__pci__ids"}) {
    const auto make = [&](bool is_patched) {
      ObjectBuilder builder;
      builder.function("show", {kRet});
      const auto ids = builder.variable("ids", Bytes(16));
      builder.add_relocation("show", 2, R_X86_64_PC32, ids, -4);
      if (is_patched)
        builder.define(name, STT_OBJECT, builder.object().symbols[ids].section, 16,
                       STB_GLOBAL);
      return builder.build();
    };
    const Result result = Diffing().run(make(false), make(true));
    EXPECT_THAT(messages(result), IsEmpty()) << name;
    EXPECT_EQ(result.exit, Exit::kNoChange) << name;
    EXPECT_THAT(lines(result), Contains(AllOf(HasSubstr("NOTICE: KP2019: device table "),
                                              HasSubstr(name))));
  }
}

TEST(TraceEvents, AreOneProblemHoweverManySectionsTheyTake) {
  const auto make = [](bool is_patched) {
    ObjectBuilder builder;
    builder.function("show", {is_patched ? kRet : kNop});
    for (const auto& [section, prefix] :
         {std::pair("_ftrace_events", "__event_"), std::pair(".ref.data", "event_class_"),
          std::pair("__bpf_raw_tp_map", "__bpf_trace_tp_map_")}) {
      const auto home = builder.section({.name = section,
                                         .flags = SHF_ALLOC | SHF_WRITE,
                                         .data = Bytes(is_patched ? 16 : 8)});
      builder.define(std::string(prefix) + "old", STT_OBJECT, home, 8);
      if (is_patched)
        builder.object()
            .symbols[builder.define(std::string(prefix) + "tick", STT_OBJECT, home, 8)]
            .value = 8;
    }
    return builder.build();
  };
  EXPECT_THAT(messages(Diffing().run(make(false), make(true))),
              ElementsAre(HasSubstr("KP2018 trace event tick is new")));
}

TEST(TraceEvents, WhoseFormatChangesAreNamed) {
  const auto make = [](std::uint8_t letter) {
    ObjectBuilder builder;
    builder.function("show", {kRet});
    builder.variable("print_fmt_tick", Bytes(20, letter));
    return builder.build();
  };
  EXPECT_THAT(messages(Diffing().run(make('x'), make('y'))),
              ElementsAre(HasSubstr("KP2018 trace event tick changes")));
}

TEST(BtfIds, AreToldFromOthersWithoutTheirCounters) {
  const std::string list = ".BTF_ids";
  const Result result = Diffing().run(
      unit(kNop, list,
           {{"__BTF_ID__func__hook_open__12"}, {"__BTF_ID__func__hook_read__13"}}),
      unit(kRet, list,
           {{"__BTF_ID__func__hook_free__12"},
            {"__BTF_ID__func__hook_open__23"},
            {"__BTF_ID__func__hook_read__34"}}));
  EXPECT_THAT(messages(result),
              ElementsAre(HasSubstr("KP2018 BTF id func hook_free is new")));
}

TEST(BtfIds, OfAListThatThePatchUsesAreRefused) {
  const Result result =
      Diffing().run(unit(kNop, ".BTF_ids", {}),
                    unit(kRet, ".BTF_ids", {{"__BTF_ID__struct__task_struct__7"}}, true));
  EXPECT_THAT(messages(result),
              ElementsAre(HasSubstr("KP2018 BTF id struct task_struct is new")));
}

TEST(Registrations, OfASystemCallMayBeLeftOutOfItsNewDefinition) {
  // As the kernel's own KLP_SYSCALL_DEFINEn does.
  for (const auto& [section, one, other] :
       {std::array{"_ftrace_events", "__event_enter__uname", "__event_exit__uname"},
        std::array{"__syscalls_metadata", "__p_syscall_meta__uname",
                   "__p_syscall_meta__prctl"}}) {
    const Result result = Diffing().run(unit(kNop, section, {{one}, {other}}),
                                        unit(kRet, section, {{other}}));
    EXPECT_THAT(messages(result), IsEmpty()) << section;
  }
  EXPECT_THAT(
      messages(Diffing().run(unit(kNop, "_ftrace_events", {{"__event_a"}, {"__event_b"}}),
                             unit(kRet, "_ftrace_events", {{"__event_b"}}))),
      ElementsAre(HasSubstr("KP2018 trace event a is taken away")));
}

TEST(LsmHooks, AreNamedByTheirFunction) {
  const auto make = [](const std::string& hook) {
    ObjectBuilder builder;
    builder.function("hook_new", {kRet});
    builder.function("hook_old", {kRet});
    const auto home = builder.section({.name = ".data..ro_after_init",
                                       .flags = SHF_ALLOC | SHF_WRITE,
                                       .data = Bytes(16)});
    builder.define("hooks", STT_OBJECT, home, 16);
    builder.relocate(home, {0, R_X86_64_64, builder.symbol("security_hook_heads"), 8});
    builder.relocate(home, {8, R_X86_64_64, builder.symbol(hook), 0});
    return builder.build();
  };
  EXPECT_THAT(messages(Diffing().run(make("hook_old"), make("hook_new"))),
              ElementsAre(HasSubstr("KP2018 LSM hook hook_new is new"),
                          HasSubstr("KP2018 LSM hook hook_old is taken away")));
}

} // namespace
} // namespace kpatch::diff
