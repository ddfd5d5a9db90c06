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
// A makefile may include another one of its folder: as $(src)/x/Makefile, which
// since 6.10 is no path below the source when read so, hence the search in the source
// tree (-I). That a listed unit really is in the image is proven when its code is found
// there.
#include "kernel/makefile_units.h"

#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "kernel/kbuild.h"

#include <algorithm>

namespace kpatch::kernel {
namespace fs = std::filesystem;

namespace {

/// The top makefile of the kernel knows which folders the architecture adds.
constexpr std::string_view kTop = R"(include $(abs_srctree)/Makefile
.PHONY: kpatch-owners
kpatch-owners:
	@$(MAKE) -s -r -R --no-print-directory -I $(abs_srctree) -f $(kpatch_walk) kpatch_tree=$(abs_srctree) kpatch-none
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
$(kpatch_forget)$(eval kpatch_dir := $(1))$(eval obj := $(1))$(eval src := $(1))\
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
$(call kpatch_enter,.,y)
.PHONY: kpatch-none
kpatch-none: ;
)";

} // namespace

UnitIndex parse_makefile_units(std::string_view text, const fs::path& source) {
  constexpr std::string_view kMark = "unit ";
  UnitIndex units;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
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

UnitIndex units_from_makefiles(const Target& target) {
  return units_from_makefiles(target, target.source);
}

UnitIndex units_from_makefiles(const Target& target, const fs::path& source) {
  const TempDir work("kpatch-owners.");
  const fs::path top = work.path() / "top.mk";
  const fs::path walk = work.path() / "walk.mk";
  write_file(top, kTop);
  write_file(walk, kWalk);
  const Outcome outcome = run({
      .argv = {"make", "-s", "--no-print-directory", "-C", target.objects.string(), "-f",
               top.string(), "abs_srctree=" + source.string(),
               "may-sync-config=", "kpatch_walk=" + walk.string(), "kpatch-owners"},
      .environment = kbuild_environment()
  });
  UnitIndex units = parse_makefile_units(outcome.output, source);
  if (!outcome.ok() || units.all().empty())
    fail("{}: its makefiles do not tell what the kernel is made of\n{}",
         source.string(), outcome.errors);
  return units;
}

} // namespace kpatch::kernel
