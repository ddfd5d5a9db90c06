// SPDX-License-Identifier: GPL-2.0-or-later
//
// Codes are stable: pipelines decide by them, people look them up. So a code never gets
// another meaning, and that of a problem that is gone is not given again. KP1xxx come
// from reading the patch and compiling, KP2xxx from comparing objects, KP3xxx from making
// the module, KP4xxx from the safety review, KP5xxx from the judge of the finished
// module.
#pragma once

#include <string_view>

namespace kpatch {

struct ProblemCode {
  std::string_view code;
  std::string_view
      meaning; ///< in one line: the heading of its section in docs/problems.md
};

inline constexpr ProblemCode kProblemCodes[] = {
    {"KP1002", "assembly is changed"},
    {"KP1003", "the build is changed"},
    {"KP1004", "a source file that is not part of this kernel's code"},
    {"KP1005", "a file of unknown meaning"},
    {"KP1006", "a unit is removed"},
    {"KP1007", "a new file that nothing includes"},
    {"KP1008", "the objects cannot be made or compared"},
    {"KP1009", "a file is more than changed"},
    {"KP1020", "the running kernel has different code for a function"},
    {"KP1021", "the running kernel does not have the function"},
    {"KP1022", "nothing is proven on this processor"},
    {"KP1030", "an export is not what it was"},
    {"KP2001", "a changed function has no ftrace entry"},
    {"KP2002", "a changed section is not part of the patch"},
    {"KP2003", "a changed section belongs to a section group"},
    {"KP2004", "live data would be replaced"},
    {"KP2005", "a jump label whose key a module owns"},
    {"KP2006", "a static call whose key a module owns"},
    {"KP2007", "a sibling call (ppc64le)"},
    {"KP2008", "a static local variable that could be one of several"},
    {"KP2011", "changed init or exit code"},
    {"KP2012", "a tracepoint or debug message stays switched off (NOTICE)"},
    {"KP2013", "no function is replaced (NOTICE)"},
    {"KP2015", "code that works in the kernel's own image only"},
    {"KP2016", "an unknown section describes code of the patch"},
    {"KP2017", "something that stays refers to what is gone"},
    {"KP2018", "a list that the kernel reads when it starts would change"},
    {"KP2019", "an entry of such a list is left out (NOTICE)"},
    {"KP2020", "code refers to a table entry that is left out"},
    {"KP2021", "a change of nothing but init or exit code (NOTICE)"},
    {"KP2022", "callers of a function in other units are patched (NOTICE)"},
    {"KP2023", "live data is set while the patch is loaded (NOTICE)"},
    {"KP3001", "a pointer to a sealed function"},
    {"KP3002", "an export of a module that nothing holds"},
    {"KP3003", "an alternative that a patched module would complete too late"},
    {"KP3004", "a symbol that nothing provides"},
    {"KP4001", "a timer, work item or thread is not kept going"},
    {"KP4002", "the layout of a type changes that existing objects have"},
    {"KP4003", "a lock or reference is taken or dropped on one side only"},
    {"KP4004", "a function that some task is always running"},
    {"KP4005", "a function that runs inside ftrace, printk, NMIs or livepatch"},
    {"KP4006", "the kernel keeps a pointer that outlives the patch"},
    {"KP5001", "the module is malformed"},
    {"KP5002", "the kernel does not find a livepatch symbol"},
    {"KP5003", "a function has no unwind data"},
    {"KP5004", "a return is not listed"},
    {"KP5005", "the module is made for another kernel"},
    {"KP5006", "a constant that only booting fills in"},
    {"KP5007", "loading the module would crash the kernel"},
    {"KP5008", "a function record does not fit the kernel"},
    {"KP5009", "the kernel does not export what the module imports"},
    {"KP5010", "the module has the kernel rewrite a place that is not what it must be"},
    {"KP5011", "an entry of a table is damaged"},
    {"KP5012", "the module uses code or data that is freed before it runs"},
    {"KP5013", "a reference or a replaced function is hardly the one that is meant"},
    {"KP5014", "the kernel does not take the module for its signature"},
    {"KP5015", "a reference does not reach what it refers to"},
    {"KP5016", "a call loses the TOC pointer"},
};

} // namespace kpatch
