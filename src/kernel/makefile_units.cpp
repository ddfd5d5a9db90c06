// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which units a kernel is made of, and which of them become modules, follows from its
// configuration and its makefiles alone; no debug information is needed. kbuild descends
// with one make for each of some 2,500 folders. Here one make reads all of them, one
// after the other, and forgets in between what each has set:
//
//   obj-$(CONFIG_XFS_FS) += xfs.o      the module xfs, or a part of vmlinux
//   xfs-y += xfs_trace.o               one of its units (also xfs-objs, xfs-m)
//   obj-y += libxfs/                   a folder to go on with; all in a folder that was
//                                      entered by obj-m becomes modules
//
// A module from elsewhere has the same kind of makefiles; there the walk begins in the
// folder that kbuild is started for (M=), as if that had been entered by obj-m.
//
// Before 6.1 the folders to begin with stand in the top makefile (vmlinux-dirs), not in
// the top Kbuild, and the objects that begin the image (head-y) are made beside what
// obj-y names.
//
// A makefile may include another one of its folder: as $(src)/x/Makefile, which
// since 6.10 is not a path below the source when read so, hence the search in the source
// tree (-I). That a listed unit really is in the image is proven when its code is found
// there.
#include "kernel/makefile_units.h"

#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "base/text.h"
#include "kernel/kbuild.h"
#include "kernel/module_folders.h"

#include <algorithm>
#include <iterator>

namespace kpatch::kernel {
namespace fs = std::filesystem;

namespace {

constexpr const char* kTreeRemedy =
    "see that the source is complete, and that make works in it";

/// The top makefile of the kernel knows which folders the architecture adds.
constexpr std::string_view kTop = R"(include $(abs_srctree)/Makefile
kpatch_image = $(if $(filter y,$(kpatch_kind)),'kpatch_folders=$(vmlinux-dirs)' 'kpatch_heads=$(head-y)')
.PHONY: kpatch-owners
kpatch-owners:
	@$(MAKE) -s -r -R --no-print-directory -I $(kpatch_tree) -f $(kpatch_walk) $(kpatch_external) $(kpatch_image) kpatch-none
)";

constexpr std::string_view kWalk = R"(include include/config/auto.conf
# $(call kpatch_parts,x.o,m): what the composite x.o is linked from
kpatch_parts = $(strip $($(1:.o=-objs)) $($(1:.o=-y)) $(if $(2),$($(1:.o=-m))))
kpatch_owner = $(if $(filter m,$(1)),$(patsubst %.o,%,$(notdir $(2))),vmlinux)
kpatch_say = $(foreach part,$(or $(call kpatch_parts,$(2),$(filter m,$(1))),$(2)),$(info unit $(kpatch_dir)/$(part) $(call kpatch_owner,$(1),$(2))))
kpatch_list = $(foreach one,$(2),$(call kpatch_say,$(1),$(one)))
kpatch_forget = $(foreach v,$(filter-out $(kpatch_known),$(.VARIABLES)),$(eval undefine $(v)))
kpatch_below = $(if $(filter .,$(1)),,$(1)/)$(patsubst %/,%,$(2))
# $(call kpatch_enter,FOLDER,y or m)
define kpatch_enter
$(kpatch_forget)$(eval kpatch_dir := $(1))$(eval obj := $(1))$(eval src := $(kpatch_above)$(1))\
$(eval kpatch_file := $(firstword $(wildcard $(kpatch_tree)/$(1)/Kbuild $(kpatch_tree)/$(1)/Makefile)))\
$(if $(kpatch_file),$(eval include $(kpatch_file)))\
$(call kpatch_list,m,$(filter %.o,$(filter-out $(obj-y),$(obj-m))))\
$(if $(filter y,$(2)),$(call kpatch_list,y,$(filter %.o,$(obj-y) $(lib-y))))\
$(foreach d,$(addprefix y:,$(filter %/,$(if $(filter y,$(2)),$(obj-y)))) \
$(addprefix m:,$(filter %/,$(if $(filter y,$(2)),,$(obj-y)) $(obj-m))),\
$(call kpatch_enter,$(call kpatch_below,$(1),$(word 2,$(subst :, ,$(d)))),$(word 1,$(subst :, ,$(d)))))
endef
kpatch_known :=
kpatch_known := $(.VARIABLES) kpatch_dir kpatch_file obj src
$(foreach folder,$(kpatch_start) $(kpatch_folders),$(call kpatch_enter,$(folder),$(kpatch_kind)))
$(foreach one,$(kpatch_heads),$(info unit $(one) vmlinux))
.PHONY: kpatch-none
kpatch-none: ;
)";

} // namespace

UnitIndex parse_makefile_units(std::string_view text, const fs::path& source) {
  constexpr std::string_view kMark = "unit ";
  UnitIndex units;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    const std::size_t space = line.rfind(' ');
    if (!line.starts_with(kMark) || space <= kMark.size())
      continue;
    const fs::path object =
        fs::path(line.substr(kMark.size(), space - kMark.size())).lexically_normal();
    const std::string owner = module_name(std::string(line.substr(space + 1)));
    for (const char* extension : {".c", ".S"}) {
      const fs::path unit = fs::path(object).replace_extension(extension);
      std::error_code ignored;
      if (object.extension() == ".o" && *object.begin() != ".." &&
          fs::is_regular_file(source / unit, ignored)) {
        units.add(unit.native(), owner);
        break;
      }
    }
  }
  return units;
}

namespace {

/// What the walk is given, as variables of make.
std::vector<std::string> of_kernel(const fs::path& source) {
  return {"kpatch_tree=" + source.string(), "kpatch_start=.", "kpatch_kind=y",
          "kpatch_above=", "kpatch_external="};
}

/// kbuild gives such makefiles these names for the place they are in.
std::vector<std::string> of_module(const Target& target, const fs::path& source,
                                   const fs::path& folder) {
  const std::string place = (source / folder).lexically_normal().string();
  return {"kpatch_tree=" + source.string(), "kpatch_start=" + folder.string(),
          "kpatch_kind=m", "kpatch_above=" + source.string() + "/",
          fmt::format("kpatch_external=M={0} KBUILD_EXTMOD={0} KERNELRELEASE={1}", place,
                      target.release)};
}

std::string walk_makefiles(const Target& target,
                           const std::vector<std::string>& variables) {
  const TempDir work("kpatch-owners.");
  const fs::path top = work.path() / "top.mk";
  const fs::path walk = work.path() / "walk.mk";
  write_file(top, kTop);
  write_file(walk, kWalk);
  Command make{.argv = {"make", "-s", "--no-print-directory", "-C",
                        target.objects.string(), "-f", top.string(),
                        "abs_srctree=" + target.kbuild_tree().string(),
                        "may-sync-config=", "kpatch_walk=" + walk.string()},
               .environment = kbuild_environment()};
  make.argv.insert(make.argv.end(), variables.begin(), variables.end());
  std::ranges::move(first_make_arguments(target.kbuild_tree()),
                    std::back_inserter(make.argv));
  make.argv.emplace_back("kpatch-owners");
  const Outcome outcome = run(make);
  if (!outcome.ok() || outcome.output.empty())
    fail_with_remedy(kTreeRemedy,
                     "{}: its makefiles do not say what is built from it\n{}",
                     target.source.string(), outcome.errors);
  return outcome.output;
}

} // namespace

UnitIndex units_from_makefiles(const Target& target) {
  return units_from_makefiles(target, target.source);
}

UnitIndex units_from_makefiles(const Target& target, const fs::path& source) {
  std::string text;
  if (is_out_of_tree(target))
    for (const fs::path& folder : module_folders(target))
      text += walk_makefiles(target, of_module(target, source, folder));
  else
    text = walk_makefiles(target, of_kernel(source));
  UnitIndex units = parse_makefile_units(text, source);
  if (units.all().empty())
    fail_with_remedy(kTreeRemedy, "{}: its makefiles do not say what is built from it",
                     source.string());
  return units;
}

} // namespace kpatch::kernel
