// SPDX-License-Identifier: GPL-2.0-or-later
//
// kpatch keeps a copy of each module that is installed, so a package that is unpacked or
// going does not change what runs. Which modules came with a package is noted, since each
// version brings one of its own and rolling back finds those before.
#include "base/completions.h"
#include "package/patch_package.h"

#include <fmt/format.h>

namespace kpatch::package {

namespace {

constexpr std::string_view kFunctions = R"sh(names=/var/lib/kpatch/.packages/$package
KPATCH_ACTIVATE=yes KPATCH_OPTIONS=
if [ -r /etc/default/kpatch ]; then
	. /etc/default/kpatch
fi

# Whether the kernel that runs is the one, and ours: that of a container, or of somebody who prepares an
# image, is not.
runs_here() {
	[ "$(uname -r)" = "$release" ] && [ -d /sys/kernel/livepatch ] || return 1
	if command -v ischroot >/dev/null && ischroot; then
		return 1
	fi
	! systemd-detect-virt --quiet --chroot 2>/dev/null && ! systemd-detect-virt --quiet --container 2>/dev/null
}

check_kernel() {
	if [ "$(uname -r)" != "$release" ] && [ ! -d "/lib/modules/$release" ]; then
		echo "$package: the kernel $release is not installed here; install it first," \
			"or the package for a kernel that is: $(cd /lib/modules 2>/dev/null && echo *)" >&2
		exit 1
	fi
}

take_effect() {
	mkdir -p "${names%/*}"
	grep -qxF "$file" "$names" 2>/dev/null || echo "$file" >>"$names"
	if ! runs_here; then
		kpatch install -k "$release" "$folder/$file"
		echo "$package: takes effect when the kernel $release is started"
	elif [ "$KPATCH_ACTIVATE" = no ]; then
		kpatch install "$folder/$file"
		echo "$package: takes effect at the next boot, or now by: kpatch load $file"
	else
		# shellcheck disable=SC2086 # they are words
		kpatch upgrade $KPATCH_OPTIONS "$folder/$file"
	fi
}

leave() {
	[ -e "$names" ] || return 0
	while read -r one; do
		loaded=$(printf %s "${one%.ko}" | tr - _)
		if runs_here && [ -d "/sys/kernel/livepatch/$loaded" ]; then
			kpatch unload "$loaded" </dev/null
		fi
		if [ -e "/var/lib/kpatch/$release/$one" ] || [ -e "/var/lib/kpatch/.superseded/$release/$one" ]; then
			kpatch uninstall -k "$release" "$one" </dev/null
		fi
	done <"$names"
	rm -f "$names"
	rmdir "${names%/*}" 2>/dev/null || :
}
)sh";

} // namespace

Scripts scripts_of(const PatchPackage& package) {
  std::string begin = "set -e\n";
  for (const auto& [name, value] :
       std::initializer_list<std::pair<const char*, std::string>>{
           {"package", package.name},
           {"release", package.release},
           {"folder", module_folder(package)},
           {"file", package.file}})
    begin += fmt::format("{}={}\n", name, quoted_for_shell(value));
  return {begin + std::string(kFunctions), "check_kernel", "take_effect", "leave"};
}

} // namespace kpatch::package
