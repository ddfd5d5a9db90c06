// SPDX-License-Identifier: GPL-2.0-or-later
//
// An object tree for a stock kernel without building the kernel.
//
// The header package of a distribution is an object tree that has lost its object files:
// the configuration as it was used, the generated headers, Module.symvers, objtool. Used
// as it is, kbuild would rework it at once, and in one point wrongly: the configuration
// is derived again from the tools found here, and without the distribution's version of
// pahole CONFIG_DEBUG_INFO_BTF_MODULES goes, which moves members of struct module, so
// that modules built so would crash the stock kernel. Hence:
//
//   may-sync-config=        the configuration is taken as it stands, which is what kbuild
//                           itself does for external modules;
//   need-compiler=1         since 6.4 the compiler is asked for its abilities only if the
//                           configuration may be synchronised; whole groups of options
//                           would be missing otherwise;
//   CONFIG_DEBUG_INFO_BTF=  no type information is made, so neither pahole nor
//                           resolve_btfids is needed; headers see the unchanged
//                           autoconf.h;
//   -o tools/objtool        the distribution's objtool, or the one built here in its
//                           absence, is used and not built again. This
//                           option does not reach a sub-make, so make is started in the
//                           object tree with the Makefile of the source tree: then there
//                           is none at the top;
//   --no-print-directory    without it, kernels since 6.4 start that sub-make all the
//                           same: their top Makefile looks for it in MAKEFLAGS;
//   need-sub-make=, -I        kernels before 5.13 start a sub-make whenever objects and
//   source
//                           differ, and goals that are not theirs are lost in it. It is
//                           only there to find makefiles by their place in the source.
#include "kernel/kbuild.h"

#include "arch/arch.h"
#include "base/error.h"
#include "base/files.h"
#include "base/host_kernel.h"
#include "base/process.h"
#include "kernel/config.h"
#include "kernel/objtool.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <thread>
#include <unistd.h>

namespace kpatch::kernel {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kHostToolsRemedy =
    "install what building a kernel needs: apt-get install make gcc flex bison bc "
    "libelf-dev libssl-dev";

constexpr const char* kUnitsMakefile = "kpatch-units.mk";
// Before 6.1 single objects are no goals of scripts/Makefile.build: the folder's makefile
// reads their names from the environment, and the way down begins in the folders that the
// top makefile lists, one of which may lie below another (arch/x86 and arch/x86/lib).
// Asked for a goal, it would compile it with the options of the folder where it began.
// Processors that keep the stack protector's canary in the task add the option that says
// where it is while kbuild prepares (arch/arm64/Makefile: stack_protector_prepare), out
// of a header that is made by then; that is done without what it waits for, prepare0.
constexpr std::string_view kUnitsRules =
    R"(# Compiles $(units), which the makefile of $(directory) knows, without preparing anything.
include $(abs_srctree)/Makefile
directory ?= .
kpatch_reads_names := $(shell grep -l KBUILD_SINGLE_TARGETS $(abs_srctree)/scripts/Makefile.build)
kpatch_folders := $(if $(filter .,$(directory)),$(sort $(build-dirs)),$(directory))
kpatch_elsewhere = $(addsuffix /%,$(filter $(1)/%,$(kpatch_folders)))
kpatch_of = $(filter $(1)/%,$(filter-out $(kpatch_elsewhere),$(units)))
kpatch_walks := $(foreach d,$(kpatch_folders),$(if $(call kpatch_of,$(d)),kpatch-units-in/$(d)))

.PHONY: kpatch-units kpatch-units-with-tools $(kpatch_walks) stack_protector_prepare
kpatch-units kpatch-units-with-tools $(kpatch_walks): stack_protector_prepare
ifneq ($(kpatch_reads_names),)
kpatch-units kpatch-units-with-tools: $(kpatch_walks)
	@:
$(kpatch_walks): kpatch-units-in/%: $(if $(filter kpatch-units-with-tools,$(MAKECMDGOALS)),scripts)
	$(Q)KBUILD_SINGLE_TARGETS='$(call kpatch_of,$*)' $(MAKE) $(build)=$* need-builtin=1 need-modorder=1 single-build=1
else
kpatch-units:
	$(Q)$(MAKE) $(build)=$(directory) need-builtin=1 need-modorder=1 single-build=1 $(units)
kpatch-units-with-tools: scripts
	$(Q)$(MAKE) $(build)=$(directory) need-builtin=1 need-modorder=1 single-build=1 $(units)
endif
)";

void make(std::vector<std::string> argv, std::vector<std::string> goals) {
  argv.insert(argv.end(), goals.begin(), goals.end());
  const Outcome outcome =
      run({.argv = std::move(argv), .environment = kbuild_environment()});
  if (!outcome.ok())
    fail_with_remedy(std::string(kHostToolsRemedy),
                     "make {}: the object tree cannot be "
                     "prepared\n{}",
                     goals.back(), outcome.errors);
}

/// What programs need to run at all, and what launchers of compilers are set up by. For
/// make every other variable of the environment is a variable of the makefiles: LLVM,
/// KBUILD_EXTRA_SYMBOLS or CONFIG_X would change what is built. A name that ends in _
/// stands for all that begin with it.
constexpr std::string_view kCarried[] = {
    "PATH",    "HOME",   "USER",    "LOGNAME",         "SHELL",       "TERM",
    "TMPDIR",  "TMP",    "TEMP",    "LD_LIBRARY_PATH", "LD_PRELOAD",  "XDG_",
    "DISTCC_", "ICECC_", "CCACHE_", "SCCACHE_",        "ASAN_OPTIONS"};

bool is_carried(std::string_view name) {
  return std::ranges::any_of(kCarried, [name](std::string_view carried) {
    return carried.ends_with('_') ? name.starts_with(carried) : name == carried;
  });
}

/// Replaces the configuration. The version of pahole counts into it, so a program that
/// claims the version of the old configuration stands in for pahole.
void configure(const fs::path& source, const fs::path& objects, const fs::path& config,
               const std::vector<std::string>& variables = {}) {
  const Config wanted = Config::parse(read_text(config), config.string());
  const std::string text = wanted.value("CONFIG_PAHOLE_VERSION").value_or("0");
  int version = 0;
  if (const auto [end, error] =
          std::from_chars(text.data(), text.data() + text.size(), version);
      error != std::errc() || end != text.data() + text.size())
    fail_with_remedy("use the configuration that the kernel was built with",
                     "{}: CONFIG_PAHOLE_VERSION is '{}', which is not a number",
                     config.string(), text);
  const fs::path pahole = objects / ".pahole-version";
  write_file(pahole,
             fmt::format("#!/bin/sh\necho v{}.{:02}\n", version / 100, version % 100),
             0755);
  fs::copy_file(config, objects / ".config", fs::copy_options::overwrite_existing);
  std::vector<std::string> command = {"make",
                                      "-s",
                                      "-C",
                                      objects.string(),
                                      "-f",
                                      (source / "Makefile").string(),
                                      "PAHOLE=" + fs::absolute(pahole).string()};
  command.insert(command.end(), variables.begin(), variables.end());
  make(std::move(command), {"olddefconfig", "syncconfig"});
}

void refuse_unusable_paths(const fs::path& source, const fs::path& objects) {
  for (const fs::path& path : {source, objects})
    if (path.string().find_first_of(" :") != std::string::npos)
      fail_with_remedy("set CACHEDIR to a path without them",
                       "{}: kbuild cannot work in a path with a blank or colon",
                       path.string());
  for (const char* trace : {".config", "include/config"})
    if (fs::exists(source / trace))
      fail_with_remedy("give a clean copy of it (make mrproper), and its configuration "
                       "with -c",
                       "{}: kbuild refuses a source tree that has been built in ({})",
                       source.string(), trace);
}

/// A header package may come without objtool; the source always has it.
void build_objtool(const fs::path& source, const fs::path& objects) {
  const fs::path file = objects / ".config";
  const Config config =
      Config::parse(read_text_if_exists(file).value_or(""), file.string());
  // Its name before 5.19.
  const bool is_used =
      config.is_set("CONFIG_OBJTOOL") || config.is_set("CONFIG_STACK_VALIDATION");
  if (is_used && !fs::exists(objtool_program(objects)))
    make({"make", "-s", "-C", objects.string(), "-f", (source / "Makefile").string(),
          "may-sync-config=",
          fmt::format("-j{}", std::max(1U, std::thread::hardware_concurrency()))},
         {"tools/objtool"});
}

/// Whether the top makefile runs itself again only because objects and source differ.
bool starts_again_out_of_source(std::string_view makefile) {
  constexpr std::string_view kDiffer = "ifneq ($(abs_srctree),$(abs_objtree))\n";
  const std::size_t start = makefile.find(kDiffer);
  if (start == std::string_view::npos)
    return false;
  makefile.remove_prefix(start);
  return makefile.substr(0, makefile.find("\nendif")).find("\nneed-sub-make := 1") !=
         std::string_view::npos;
}

} // namespace

std::vector<std::string> first_make_arguments(const fs::path& source) {
  const std::string makefile = read_text_if_exists(source / "Makefile").value_or("");
  if (!starts_again_out_of_source(makefile))
    return {};
  return {"-I", source.string(), "need-sub-make="};
}

// The record has the form of kbuild's own. make-cmd is the command as kbuild quotes it
// for a record. Before 5.17 kbuild runs objtool by a command of its own, after that of
// the compiler.
const std::string_view kRecordOnly =
    "rule_cc_o_c=@printf '%s\\n' 'cmd_$@ := $(make-cmd)$(if $(findstring "
    "$(cmd_objtool),$(cmd_cc_o_c)),, ; $(call make-cmd,objtool))' 'source_$@ := $<' "
    ">$(dot-target).cmd";

namespace {

/// The same after the compiler.
std::string record_and_compile() {
  constexpr std::string_view kRule = "rule_cc_o_c=@";
  return std::string(kRule) + "set -e; $(cmd_cc_o_c); " +
         std::string(kRecordOnly.substr(kRule.size()));
}

constexpr std::string_view kModuleOutput = "KBUILD_EXTMOD_OUTPUT";

} // namespace

std::vector<std::string> kbuild_command(const fs::path& source, const fs::path& objects) {
  std::vector<std::string> command = {"make",
                                      "-s",
                                      "--no-print-directory",
                                      "-C",
                                      objects.string(),
                                      "-f",
                                      (source / "Makefile").string(),
                                      "-o",
                                      "tools/objtool",
                                      "may-sync-config=",
                                      "need-compiler=1",
                                      "CONFIG_DEBUG_INFO_BTF="};
  std::ranges::move(first_make_arguments(source), std::back_inserter(command));
  return command;
}

std::vector<std::string> kbuild_module_command(const fs::path& source,
                                               const fs::path& objects,
                                               const fs::path& folder) {
  std::vector<std::string> command = kbuild_command(source, objects);
  command.push_back("M=" + folder.string());
  // Since 6.13 kbuild goes to the module's folder and looks for the object tree in O=.
  if (read_text_if_exists(source / "Makefile").value_or("").find(kModuleOutput) !=
      std::string::npos)
    command.push_back("O=" + fs::absolute(objects).string());
  return command;
}

void add_units_makefile(const fs::path& objects) {
  write_file(objects / kUnitsMakefile, kUnitsRules);
}

std::string units_recipe() {
  return std::string(kUnitsRules) + std::string(kRecordOnly);
}

std::vector<std::string> cross_variables(const Compiler& compiler) {
  std::vector<std::string> variables;
  const arch::Arch* machine = arch::find_arch(compiler.machine);
  if (machine && compiler.machine != host_kernel().machine)
    variables.push_back(fmt::format("ARCH={}", machine->kbuild_name()));
  if (!compiler.cross_compile.empty())
    variables.push_back("CROSS_COMPILE=" + compiler.cross_compile);
  return variables;
}

std::vector<std::string> make_variables_of(const Target& target) {
  std::vector<std::string> variables = {"CC=" + target.compiler.command,
                                        "KERNELRELEASE=" + target.release};
  std::ranges::copy(cross_variables(target.compiler), std::back_inserter(variables));
  if (target.config.is_set("CONFIG_LD_IS_LLD"))
    variables.emplace_back("LD=ld.lld");
  return variables;
}

void prepare_from_config(const fs::path& source, const fs::path& objects,
                         const fs::path& config,
                         const std::vector<std::string>& variables) {
  refuse_unusable_paths(source, objects);
  configure(source, objects, config, variables);
  // The resolver of type identifiers is built only for vmlinux, which is not made here.
  std::vector<std::string> command = {
      "make",
      "-s",
      "-C",
      objects.string(),
      "-f",
      (source / "Makefile").string(),
      "may-sync-config=",
      "CONFIG_DEBUG_INFO_BTF=",
      fmt::format("-j{}", std::max(1U, std::thread::hardware_concurrency()))};
  command.insert(command.end(), variables.begin(), variables.end());
  make(std::move(command), {"modules_prepare"});
}

std::vector<std::string> kbuild_units_command(const fs::path& source,
                                              const fs::path& objects,
                                              const UnitGroup& group, HostTools tools,
                                              UnitsGoal goal) {
  std::string list;
  for (const std::string& unit : group.units) {
    fs::path object = fs::path(unit).replace_extension(".o");
    if (group.directory != ".")
      object = group.directory / object.lexically_relative(group.directory);
    list += (list.empty() ? "" : " ") + object.string();
  }
  std::vector<std::string> command = {
      "make",
      "-s",
      "-k", // a unit that cannot be made is not an obstacle to the others
      "--no-print-directory",
      "-C",
      objects.string(),
      "-f",
      kUnitsMakefile,
      "-o",
      "prepare0",
      "abs_srctree=" + source.string(),
      "may-sync-config=",
      "need-compiler=1",
      "CONFIG_DEBUG_INFO_BTF=",
      "directory=" + group.directory.string(),
      "units=" + list,
      tools == HostTools::kBuild ? "kpatch-units-with-tools" : "kpatch-units"};
  std::ranges::move(first_make_arguments(source), std::back_inserter(command));
  if (goal == UnitsGoal::kRecords)
    command.emplace_back(kRecordOnly);
  else if (runs_objtool_apart(source)) // kbuild's own record is without it
    command.push_back(record_and_compile());
  return command;
}

std::map<std::string, std::string> kbuild_environment() {
  std::map<std::string, std::string> environment;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    if (!is_carried(name))
      environment.emplace(name, "");
  }
  for (const char* name : {"MAKEFLAGS", "KBUILD_OUTPUT", "KCFLAGS", "KCPPFLAGS"})
    environment[name] = "";
  environment["MAKELEVEL"] = "0";
  environment["LC_ALL"] = "C";
  return environment;
}

void prepare_objects(const fs::path& source, const fs::path& objects,
                     const fs::path& config, const std::vector<std::string>& variables) {
  refuse_unusable_paths(source, objects);
  fs::remove(objects / "Makefile"); // the package's points to its own place
  add_units_makefile(objects);
  if (!config.empty())
    configure(source, objects, config, variables);
  const fs::path autoconf = objects / "include/generated/autoconf.h";
  const std::string before = read_text(autoconf);

  // Another configuration may change any generated header, and for some host tools are
  // needed.
  std::vector<std::string> command = kbuild_command(source, objects);
  command.push_back(
      fmt::format("-j{}", std::max(1U, std::thread::hardware_concurrency())));
  command.insert(command.end(), variables.begin(), variables.end());
  if (config.empty())
    make(std::move(command), {"archheaders", "asm-generic"});
  else
    make(std::move(command), {"modules_prepare"});
  build_objtool(source, objects);

  if (read_text(autoconf) != before)
    fail("{}: kbuild changed the configuration of the kernel while preparing",
         autoconf.string());
}

} // namespace kpatch::kernel
