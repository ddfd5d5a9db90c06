#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A kernel that today's archive no longer has is fetched from one of an earlier time: real packages and lists, served here by HTTP.
# Neither lists without a signature nor a package with other sums are taken.
# usage: snapshot.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"
patch=$(file patches meminfo-string.patch)
mkdir "$work/now" "$work/earlier"
"${kpatch_build[@]}" -a "$release" -n e2e-snapshot -o "$work/now" "$patch" # its packages are in the cache now
version=$(basename "$(cached kernel)")
version=${version#"${release}_"}

# add_package FILE: into the pool and the list
add_package() {
	cp "$1" "$archive/pool/"
	dpkg-deb -f "$1" Package Version Architecture Depends Built-Using Source >>"$packages"
	printf 'Filename: pool/%s\nSize: %s\nSHA256: %s\n\n' "${1##*/}" "$(stat -c %s "$1")" "$(sha256sum <"$1" | cut -d ' ' -f 1)" >>"$packages"
}

# write_release SUITE
write_release() {
	local list=main/binary-amd64/Packages
	printf 'Suite: %s\nComponents: main\nArchitectures: amd64\nDate: Sat, 01 Aug 2026 00:00:00 UTC\n' "$1"
	printf 'Valid-Until: Sat, 08 Aug 2026 00:00:00 UTC\nSHA256:\n'
	printf ' %s %s %s\n' "$(sha256sum <"$archive/dists/$1/$list" | cut -d ' ' -f 1)" "$(stat -c %s "$archive/dists/$1/$list")" $list
}

archive=$work/served/archive/debian/20260801T000000Z
packages=$archive/dists/bookworm/main/binary-amd64/Packages
mkdir -p "$archive/pool" "${packages%/*}"
for file in "$cache/downloads"/linux-{image,headers}-"$release"_"$version"_*.deb \
	"$cache/downloads/linux-kbuild-6.1_"*.deb "$cache/downloads/linux-source-6.1_$version"_*.deb; do
	add_package "$file"
done
write_release bookworm >"$archive/dists/bookworm/Release"

port=$((20000 + $$ % 20000))
busybox httpd -f -p "127.0.0.1:$port" -h "$work/served" &
server=$!
trap 'kill $server; rm -rf "$work"' EXIT
earlier=http://127.0.0.1:$port/archive/debian/20260801T000000Z

# Of today's archive there is nothing: a machine whose mirrors are empty.
mkdir -p "$work/apt/lists/partial" "$work/apt/parts" "$work/apt/cache"
touch "$work/apt/status"
printf 'deb http://127.0.0.1:%s/empty %s main\n' "$port" bookworm "$port" bookworm-security >"$work/apt/sources.list"
cat >"$work/apt/apt.conf" <<END
Dir::Etc::sourcelist "$work/apt/sources.list";
Dir::Etc::sourceparts "$work/apt/parts";
Dir::State::lists "$work/apt/lists";
Dir::State::status "$work/apt/status";
Dir::Cache "$work/apt/cache";
APT::Architecture "amd64";
END
export APT_CONFIG=$work/apt/apt.conf

# build CACHE OPTION...: with nothing fetched; prints what it says
build() {
	CACHEDIR=$work/$1 "${kpatch_build[@]}" -a "$release" -n e2e-snapshot -o "$work/earlier" "${@:2}" "$patch" 2>&1
}

# expect_refusal TEXT CACHE OPTION...
expect_refusal() {
	local said
	if said=$(build "${@:2}"); then
		echo "$said"
		echo "it was built, though it should have been refused with: $1"
		exit 1
	fi
	grep -- "$1" <<<"$said" || { echo "$said"; exit 1; }
}

expect_refusal '--snapshot https://snapshot.debian.org' none
expect_refusal 'is not signed' unsigned --snapshot "$earlier"

# As if it were signed: the sums hold in any case.
echo 'Acquire::AllowInsecureRepositories "true"; APT::Get::AllowUnauthenticated "true";' >>"$APT_CONFIG"
build earlier --snapshot "$earlier"
cmp "$work/now/e2e-snapshot.ko" "$work/earlier/e2e-snapshot.ko"

image=$(echo "$archive/pool/linux-image"-*)
printf x | dd of="$image" bs=1 seek=100000 conv=notrunc status=none
expect_refusal 'Hash Sum mismatch' damaged --snapshot "$earlier"
rm "$image"
expect_refusal 'the archive does not have its file' gone --snapshot "$earlier"
