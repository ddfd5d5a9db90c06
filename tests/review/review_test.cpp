// SPDX-License-Identifier: GPL-2.0-or-later
//
// Each rule sees a planted hazard and is silent about its harmless neighbour.
#include "review/review.h"

#include <gtest/gtest.h>

#include <array>
#include <gmock/gmock.h>

namespace kpatch::review {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A unit of functions that only refer to names.
class Unit {
 public:
  Unit() { object_.header.machine = EM_X86_64; }

  Unit& function(const std::string& name, const std::vector<std::string>& calls,
                 std::uint8_t binding = STB_LOCAL) {
    const elf::SectionId section = add_section(".text." + name, SHF_EXECINSTR);
    define(name, section, binding);
    for (const std::string& callee : calls)
      refer(section, R_X86_64_PLT32, callee);
    return *this;
  }

  /// A section that holds a function's address.
  Unit& pointer(const std::string& section, const std::string& function) {
    refer(add_section(section, SHF_WRITE), R_X86_64_64, function);
    return *this;
  }

  /// Code that hands a function's address over and calls another.
  Unit& hands_over(const std::string& function, const std::string& callee) {
    const elf::SectionId section = add_section(".text.start_it", SHF_EXECINSTR);
    define("start_it", section, STB_LOCAL);
    refer(section, R_X86_64_32S, function);
    refer(section, R_X86_64_PLT32, callee);
    return *this;
  }

  /// A variable; `function`, if any, is what it points to.
  Unit& variable(const std::string& name, const std::string& function = {}) {
    const elf::SectionId section = add_section(".data." + name, SHF_WRITE);
    object_.symbols[symbol(name)] = {
        .name = name, .type = STT_OBJECT, .section = section, .size = 16};
    if (!function.empty())
      refer(section, R_X86_64_64, function);
    return *this;
  }

  /// Code that takes the address of one thing after the other and then calls.
  Unit& hands(const std::string& name, const std::vector<std::string>& things,
              const std::string& callee) {
    const elf::SectionId section = add_section(".text." + name, SHF_EXECINSTR);
    define(name, section, STB_GLOBAL);
    for (const std::string& thing : things)
      refer(section, R_X86_64_32S, thing);
    refer(section, R_X86_64_PLT32, callee);
    std::uint64_t at = 0;
    for (elf::Relocation& relocation : object_.sections[section].relocations)
      relocation.offset = ++at;
    return *this;
  }

  const elf::Object& object() const { return object_; }

 private:
  elf::SectionId add_section(const std::string& name, std::uint64_t flags) {
    return object_.add_section(
        {.name = name, .flags = SHF_ALLOC | flags, .data = Bytes(16)});
  }

  elf::SymbolId symbol(const std::string& name) {
    const elf::SymbolId known = object_.find_symbol(name);
    return known ? known : object_.add_symbol({.name = name, .binding = STB_GLOBAL});
  }

  void define(const std::string& name, elf::SectionId section, std::uint8_t binding) {
    object_.symbols[symbol(name)] = {.name = name,
                                     .binding = binding,
                                     .type = STT_FUNC,
                                     .section = section,
                                     .size = 16};
  }

  void refer(elf::SectionId section, std::uint32_t type, const std::string& name) {
    const elf::SymbolId target = symbol(name);
    object_.sections[section].relocations.push_back({.type = type, .symbol = target});
  }

  elf::Object object_;
};

/// The findings with nothing left of the objects but what a review looks at.
std::vector<std::string> messages_of_kept(const ReviewedUnit& unit) {
  elf::Object original = unit.original;
  elf::Object patched = unit.patched;
  keep_what_is_reviewed(original);
  keep_what_is_reviewed(patched);
  const ReviewedUnit kept{unit.unit, original, patched, unit.replaced};
  std::vector<std::string> messages;
  for (const Problem& finding : review({&kept, 1}))
    messages.push_back(finding.message);
  return messages;
}

/// The codes of what is found, with f replaced.
std::vector<std::string> codes(const Unit& original, const Unit& patched,
                               const std::string& unit = "drivers/some/unit.c",
                               const std::string& replaced = "f") {
  const ReviewedUnit reviewed{unit, original.object(), patched.object(), {replaced}};
  std::vector<std::string> found;
  std::vector<std::string> messages;
  for (const Problem& finding : review({&reviewed, 1})) {
    EXPECT_EQ(finding.symbol, replaced);
    EXPECT_FALSE(finding.message.empty() || finding.remedy.empty());
    found.push_back(finding.code);
    messages.push_back(finding.message);
  }
  EXPECT_EQ(messages_of_kept(reviewed), messages);
  return found;
}

Unit timer(const std::vector<std::string>& calls) {
  Unit unit;
  unit.function("f", calls).hands_over("f", "init_timer_key");
  return unit;
}

TEST(Review, KeepsCodeAndReferencesOfDataAndNothingElse) {
  elf::Object object;
  for (const char* name : {".text.f", ".data.table", ".orc_unwind_ip"})
    object.add_section(
        {.name = name,
         .flags = name[1] == 't' ? std::uint64_t{SHF_ALLOC | SHF_EXECINSTR} : SHF_ALLOC,
         .data = Bytes(8),
         .relocations = {{}}});
  keep_what_is_reviewed(object);
  for (const char* name : {".text.f", ".data.table", ".orc_unwind_ip"}) {
    const elf::Section& section = object.sections[object.find_section(name)];
    EXPECT_EQ(section.data.empty(), name[1] != 't') << name;
    EXPECT_EQ(section.relocations.size(), name[1] == 'o' ? 0u : 1u) << name;
  }
}

TEST(Review, TimerThatIsNotArmedAgainIsFound) {
  EXPECT_THAT(codes(timer({"mod_timer", "walk"}), timer({"walk"})),
              ElementsAre("KP4001"));
  EXPECT_THAT(codes(timer({"queue_delayed_work_on"}), timer({})), ElementsAre("KP4001"));
}

TEST(Review, HandlerInATableCountsAsOneThatIsCalledByATimer) {
  Unit original, patched;
  original.function("f", {"mod_timer"}).pointer(".data.t", "f");
  patched.function("f", {}).pointer(".data.t", "f");
  EXPECT_THAT(codes(original, patched), ElementsAre("KP4001"));
}

TEST(Review, TimerArmedByAnotherFunctionOfTheUnitIsArmed) {
  Unit patched = timer({"again"});
  patched.function("again", {"mod_timer"});
  EXPECT_THAT(codes(timer({"mod_timer"}), patched), IsEmpty());
  EXPECT_THAT(codes(timer({"mod_timer"}), timer({"mod_timer", "other"})), IsEmpty());
}

TEST(Review, HelperThatArmsTheTimerOfItsCallerIsSeen) {
  const auto make = [](const std::vector<std::string>& calls) {
    Unit unit;
    unit.function("handler", {"f"}).function("f", calls);
    unit.hands_over("handler", "init_timer_key");
    return unit;
  };
  const Unit original = make({"mod_timer"});
  const Unit patched = make({});
  const ReviewedUnit reviewed{"unit.c", original.object(), patched.object(), {"f"}};
  const std::vector<Problem> findings = review({&reviewed, 1});
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].code, "KP4001");
  EXPECT_EQ(findings[0].symbol, "handler");
}

TEST(Review, FunctionThatOthersCallNeedNotArmATimer) {
  Unit original, patched;
  original.function("f", {"mod_timer"});
  patched.function("f", {});
  EXPECT_THAT(codes(original, patched), IsEmpty());
}

TEST(Review, TimerThatACallbackStartsAgainIsNoHazard) {
  Unit patched = timer({});
  patched.function("restart", {"mod_timer"});
  Unit too_early = patched;
  patched.pointer(".kpatch.callbacks.post_unpatch", "restart");
  too_early.pointer(".kpatch.callbacks.post_patch", "restart");
  EXPECT_THAT(codes(timer({"mod_timer"}), patched), IsEmpty());
  EXPECT_THAT(codes(timer({"mod_timer"}), too_early), ElementsAre("KP4001"));
}

Unit calls(const std::vector<std::string>& names) {
  Unit unit;
  unit.function("f", names);
  return unit;
}

TEST(Review, ReferenceTakenOrDroppedOnOneSideIsFound) {
  EXPECT_THAT(codes(calls({}), calls({"ihold"})), ElementsAre("KP4003"));
  EXPECT_THAT(codes(calls({}), calls({"iput"})), ElementsAre("KP4003"));
  EXPECT_THAT(codes(calls({"mutex_lock", "mutex_unlock"}), calls({"mutex_lock"})),
              ElementsAre("KP4003"));
  EXPECT_THAT(codes(calls({"_raw_spin_unlock_bh"}), calls({})), ElementsAre("KP4003"));
}

TEST(Review, EvenUseOfLocksAndReferencesIsNoHazard) {
  EXPECT_THAT(codes(calls({}), calls({"ihold", "iput"})), IsEmpty());
  EXPECT_THAT(codes(calls({"get_device"}), calls({"get_device", "put_device"})),
              IsEmpty());
  EXPECT_THAT(codes(calls({"mutex_lock", "mutex_unlock"}), calls({})), IsEmpty());
}

TEST(Review, ReferenceThatGoesWithAnotherObjectIsNoHazard) {
  EXPECT_THAT(codes(calls({}), calls({"__module_get", "svc_xprt_put"})), IsEmpty());
  EXPECT_THAT(codes(calls({"svc_xprt_put"}), calls({"__module_get", "svc_xprt_put"})),
              ElementsAre("KP4003"));
  EXPECT_THAT(codes(calls({}), calls({"mutex_lock", "svc_xprt_put"})),
              ElementsAre("KP4003"));
}

TEST(Review, LockInASeparateHelperIsSeen) {
  Unit patched = calls({"mutex_lock", "leave"});
  patched.function("leave", {"mutex_unlock"});
  EXPECT_THAT(codes(calls({"mutex_lock", "mutex_unlock"}), patched), IsEmpty());
}

TEST(Review, WhatMovesBetweenAFunctionAndItsCallersIsNoHazard) {
  Unit original = calls({});
  original.function("enter", {"f", "ihold"}, STB_GLOBAL);
  Unit patched = calls({"ihold"});
  patched.function("enter", {"f"}, STB_GLOBAL);
  EXPECT_THAT(codes(original, patched), IsEmpty());
  Unit other = patched;
  other.function("leave", {"f"}, STB_GLOBAL);
  EXPECT_THAT(codes(original, other), ElementsAre("KP4003"));
  Unit busy = calls({});
  busy.function("enter", {"f", "ihold", "iput"}, STB_GLOBAL);
  Unit leaking = calls({"ihold"});
  leaking.function("enter", {"f", "ihold", "iput"}, STB_GLOBAL);
  EXPECT_THAT(codes(busy, leaking), ElementsAre("KP4003"));
  EXPECT_THAT(codes(original, patched.pointer(".data", "f")), ElementsAre("KP4003"));
}

TEST(Review, ColdPartBelongsToItsFunction) {
  Unit patched = calls({"mutex_lock"});
  patched.function("f.cold", {"mutex_unlock"});
  EXPECT_THAT(codes(calls({"mutex_lock", "mutex_unlock"}), patched), IsEmpty());
}

TEST(Review, FunctionAlwaysOnAStackIsFound) {
  Unit main_function, other;
  main_function.function("f", {"kthread_should_stop"}).pointer(".data.ops", "f");
  other.function("f", {"kthread_should_stop"});
  EXPECT_THAT(codes(main_function, main_function), ElementsAre("KP4004"));
  EXPECT_THAT(codes(other, other), IsEmpty()); // called by one, and returns

  Unit sleeper, worker;
  sleeper.function("f", {"schedule"}).hands_over("f", "kthread_create_on_node");
  worker.function("f", {"schedule"}).hands_over("f", "init_timer_key");
  EXPECT_THAT(codes(sleeper, sleeper), ElementsAre("KP4004"));
  EXPECT_THAT(codes(worker, worker), IsEmpty());

  Unit scheduler;
  scheduler.function("__schedule", {});
  EXPECT_THAT(codes(scheduler, scheduler, "kernel/sched/core.c", "__schedule"),
              ElementsAre("KP4004"));
}

TEST(Review, FunctionsInsideOfTracingPrintingAndNmisAreFound) {
  const Unit unit = calls({});
  for (const char* path :
       {"kernel/trace/ftrace.c", "kernel/printk/printk.c", "lib/vsprintf.c",
        "arch/x86/kernel/nmi.c", "kernel/livepatch/core.c", "arch/arm64/kernel/ftrace.c"})
    EXPECT_THAT(codes(unit, unit, path), ElementsAre("KP4005")) << path;
  for (const char* path : {"kernel/trace/trace_events.c", "lib/string.c",
                           "arch/x86/kernel/process.c", "fs/proc/meminfo.c"})
    EXPECT_THAT(codes(unit, unit, path), IsEmpty()) << path;
}

/// Of f(), which hands what is new in the patch to the function.
std::vector<Problem> outliving(Unit patched, const std::vector<std::string>& things,
                               const std::string& callee) {
  elf::Object original = calls({}).object();
  elf::Object with_patch = patched.hands("f", things, callee).object();
  keep_what_is_reviewed(original);
  keep_what_is_reviewed(with_patch);
  const ReviewedUnit reviewed{"fs/unit.c", original, with_patch, {"f"}};
  return review({&reviewed, 1});
}

TEST(Review, WhatOutlivesThePatchIsNamed) {
  const std::vector<Problem> findings =
      outliving(Unit().function("thread", {}).variable("task"), {"thread"},
                "kthread_create_on_node");
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].code, "KP4006");
  EXPECT_EQ(findings[0].symbol, "thread");
  EXPECT_EQ(
      findings[0].message,
      "f hands it to a kernel thread (kthread_create_on_node), and no callback takes "
      "it back before the patch is gone: the kernel then uses memory that is freed");
  EXPECT_EQ(findings[0].remedy, "call kthread_stop() in a post-unpatch callback");
}

TEST(Review, EachKindOfRegistrationIsKnown) {
  for (const char* callee : {"mod_timer",
                             "hrtimer_start_range_ns",
                             "queue_work_on",
                             "call_rcu",
                             "call_srcu",
                             "register_netdevice_notifier",
                             "atomic_notifier_chain_register",
                             "request_threaded_irq",
                             "register_kprobe",
                             "proc_create_data",
                             "sysfs_create_group",
                             "debugfs_create_file",
                             "misc_register",
                             "nf_register_net_hook",
                             "__tasklet_schedule",
                             "register_shrinker",
                             "single_open",
                             "anon_inode_getfd",
                             "devm_add_action",
                             "percpu_ref_init",
                             "mempool_create_node",
                             "mempool_init_noprof",
                             "alarm_init",
                             "vhost_task_create",
                             "smp_call_function_single_async",
                             "tracefs_create_file",
                             "dma_fence_add_callback",
                             "class_register",
                             "power_supply_register",
                             "crypto_register_alg",
                             "nfnetlink_subsys_register",
                             "rhashtable_init",
                             "dma_fence_init",

                             "register_something"}) {
    Unit by_variable = Unit().function("fn", {}).variable("v", "fn");
    const std::vector<Problem> found = outliving(by_variable, {"v"}, callee);
    ASSERT_EQ(found.size(), 1U) << callee;
    EXPECT_EQ(found[0].symbol, "v");
    EXPECT_EQ(outliving(Unit().function("fn", {}), {"fn"}, callee).size(), 1U) << callee;
    EXPECT_EQ(outliving(Unit().variable("v"), {"v"}, callee).size(), 1U) << callee;
  }
}

TEST(Review, WhatOutlivesThePatchIsNamedInWords) {
  const auto findings = outliving(Unit().function("fn", {}), {"fn"}, "alarm_init");
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_TRUE(
      findings[0].message.starts_with("f hands it to an alarm timer (alarm_init)"));
}

TEST(Review, WhatACallbackTakesBackOutlivesNothing) {
  const auto with = [](const std::string& section, const std::string& callee) {
    return outliving(Unit()
                         .function("fn", {})
                         .function("undo", {callee})
                         .pointer(".kpatch.callbacks." + section, "undo"),
                     {"fn"}, "call_rcu");
  };
  EXPECT_THAT(with("post_unpatch", "rcu_barrier"), IsEmpty());
  EXPECT_THAT(with("pre_unpatch", "rcu_barrier"), IsEmpty());
  EXPECT_EQ(with("post_patch", "rcu_barrier").size(), 1U);
  EXPECT_EQ(with("post_unpatch", "kthread_stop").size(), 1U);
}

TEST(Review, WhatIsNotHandedOverOutlivesNothing) {
  EXPECT_THAT(outliving(Unit().function("fn", {}), {"fn"}, "sort"), IsEmpty());
  EXPECT_THAT(outliving(Unit(), {"kernel_variable"}, "mod_timer"), IsEmpty());
  EXPECT_THAT(outliving(Unit().variable("__key"), {"__key"}, "init_timer_key"),
              IsEmpty());
}

TEST(Review, AThreadMayAskThroughAHelperWhetherToStop) {
  for (const std::uint8_t binding : std::array<std::uint8_t, 2>{STB_LOCAL, STB_GLOBAL}) {
    Unit unit;
    unit.function("goes_on", {"kthread_should_stop"}, binding)
        .function("main_loop", {"goes_on"})
        .hands_over("main_loop", "kthread_create_on_node");
    EXPECT_THAT(codes(unit, unit, "fs/unit.c", {"main_loop"}), ElementsAre("KP4004"));
  }
  Unit other;
  other.function("goes_on", {"kthread_should_stop"})
      .function("handler", {"goes_on"})
      .hands_over("handler", "sort");
  EXPECT_THAT(codes(other, other, "fs/unit.c", {"handler"}), IsEmpty());
}

TEST(Review, AFileDroppedAtOnceIsDropped) {
  EXPECT_THAT(codes(calls({"fget", "fput"}), calls({"fget", "__fput_sync"})), IsEmpty());
}

TEST(Review, LayoutOfWhatLivesOnStacksAloneMayChange) {
  const Unit unit = calls({});
  const kernel::TypeLayout original{4, {{"first", 0, 32}}, /*is_short_lived=*/true};
  const kernel::TypeLayout patched{8, {{"first", 0, 32}, {"second", 32, 32}}, true};
  const ReviewedUnit reviewed{"fs/unit.c",
                              unit.object(),
                              unit.object(),
                              {"f"},
                              {{"struct s", original}},
                              {{"struct s", patched}}};
  EXPECT_THAT(review({&reviewed, 1}), IsEmpty());
}

TEST(Review, ASecondNameInAUnionIsNoChangeOfLayout) {
  const kernel::TypeLayout both{16, {{"tag", 0, 32}, {"buf", 64, 64}, {"posix", 64, 64}}};
  const kernel::TypeLayout one{16, {{"tag", 0, 32}, {"buf", 64, 64}}};
  EXPECT_THAT(layout_findings("struct s", both, one), IsEmpty());
  EXPECT_THAT(layout_findings("struct s", one, both), IsEmpty());
  const kernel::TypeLayout renamed{16, {{"tag", 0, 32}, {"posix", 64, 64}}};
  EXPECT_EQ(layout_findings("struct s", one, renamed).size(), 1U);
}

TEST(Review, ChangedLayoutIsToldByField) {
  const Unit unit = calls({});
  const kernel::TypeLayout original{16, {{"first", 0, 32}, {"second", 64, 64}}};
  const kernel::TypeLayout patched{
      24, {{"first", 0, 32}, {"new", 64, 64}, {"second", 128, 64}}};
  const ReviewedUnit reviewed{"fs/unit.c",
                              unit.object(),
                              unit.object(),
                              {"f"},
                              {{"struct s", original}, {"struct same", original}},
                              {{"struct s", patched}, {"struct same", original}}};
  const std::vector<Problem> findings = review({&reviewed, 1});
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].code, "KP4002");
  EXPECT_EQ(findings[0].symbol, "struct s");
  EXPECT_EQ(findings[0].message,
            "field 'new' is new at byte 8, field 'second' moves from byte 8 to byte 16, "
            "its size is 24 instead of 16: objects that exist already are not made so");
}

} // namespace
} // namespace kpatch::review
