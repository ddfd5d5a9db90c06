#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Three machines with stock kernels of two series get live patches by the Ansible collection: a good one goes through all waves, a
# second run changes nothing, one whose check fails stops at the canary, one that fails later is taken back everywhere, and a
# machine that is down holds up nobody.
# usage: fleet.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"
. "$here/disk.sh"
for tool in ansible-playbook ssh ssh-keygen; do
	command -v "$tool" >/dev/null || { echo "skipped: $tool is missing"; exit 77; }
done
newer=$(KPATCH_TEST_SERIES=6.12 "$here/release.sh")
base_system bookworm-fleet-2 openssh-server,python3,iproute2
DESTDIR=$root cmake --install "$bin/.." --prefix /usr >"$work/install.log"

# Modules for both kernels, of two versions.
build() {
	"${kpatch_build[@]}" -a "$release" -a "$newer" -n "livepatch-$1" --patch-version "$1" --cve "CVE-2026-000$1" \
		-o "$work/out-$1" "$2"
}
mkdir "$work/out-1" "$work/out-2"
sed 's/VMALLOCCHUNK/VMALLOCPIECE/' "$here/patches/meminfo-string.patch" >"$work/second.patch"
build 1 "$here/patches/meminfo-string.patch"
build 2 "$work/second.patch"

# A machine has the modules of its network card, an address, and lets in who has the key.
image_of() {
	CACHEDIR=$cache "$bin/kpatch-build" cache path image "$1" | tail -n 1
}
for kernel in "$release" "$newer"; do
	tree=lib/modules/$kernel
	mkdir -p "$root/$tree"
	(cd "$(image_of "$kernel")" && find "$tree" -type f \( -path '*/drivers/virtio/*' -o -name 'virtio_net.ko*' -o -name '*failover.ko*' \
		-o -path "$tree/modules.*" \) -exec cp --parents -t "$root" {} +)
	depmod -b "$root" "$kernel"
done
ssh-keygen -q -t ed25519 -N '' -f "$work/key"
mkdir -p "$root/root/.ssh"
chmod 700 "$root/root" "$root/root/.ssh"
cp "$work/key.pub" "$root/root/.ssh/authorized_keys"
cat >"$root/etc/systemd/system/card.service" <<'END'
[Unit]
Before=ssh.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'modprobe virtio_pci; modprobe virtio_net; ip link set lo up; ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up'
END
mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
ln -s ../card.service "$root/etc/systemd/system/multi-user.target.wants/card.service"

first_port=$((20000 + $$ % 20000))
declare -A pids=() kernels=([one]=$release [two]=$newer [three]=$release) ports=([one]=$first_port [two]=$((first_port + 1)) [three]=$((first_port + 2)))
trap 'kill "${pids[@]}" 2>/dev/null; wait; rm -rf "$work"' EXIT
for name in one two three; do
	disk=$work/$name.disk
	make_disk 700M
	qemu-system-x86_64 -nodefaults -no-user-config -display none -m 384 -accel tcg,thread=single \
		-drive "file=$disk,format=raw,if=none,id=disk,cache=unsafe" -device nvme,drive=disk,serial=1 \
		-netdev "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:${ports[$name]}-:22" -device virtio-net-pci,netdev=net,romfile= \
		-kernel "$(image_of "${kernels[$name]}")/boot/vmlinuz-${kernels[$name]}" -serial "file:$work/$name.console" \
		-append "console=ttyS0 loglevel=4 no_timer_check root=/dev/nvme0n1 rw systemd.getty_auto=no systemd.hostname=$name" &
	pids[$name]=$!
done

# on MACHINE COMMAND...
on() {
	ssh -q -i "$work/key" -p "${ports[$1]}" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=30 \
		root@127.0.0.1 "${@:2}"
}
for name in one two three; do
	for ((wait = 0; wait < 120; ++wait)); do
		! on "$name" true || break
		kill -0 "${pids[$name]}" || break
		sleep 3
	done
	[ "$(on "$name" uname -r)" = "${kernels[$name]}" ] || { tail -n 30 "$work/$name.console"; echo "$name does not come up"; exit 1; }
done
echo "three machines are up: $release, $newer, $release"

mkdir -p "$work/ansible_collections/kpatch_ng"
ln -s "$(realpath "$here/../../contrib/ansible")" "$work/ansible_collections/kpatch_ng/kpatch"
export ANSIBLE_COLLECTIONS_PATH=$work ANSIBLE_PIPELINING=1 ANSIBLE_NOCOLOR=1 ANSIBLE_TIMEOUT=60 ANSIBLE_HOST_KEY_CHECKING=0 \
	ANSIBLE_LOCAL_TEMP=$work/local ANSIBLE_SSH_CONTROL_PATH_DIR=$work/ssh
for name in one two three; do
	echo "$name ansible_host=127.0.0.1 ansible_port=${ports[$name]} ansible_user=root ansible_ssh_private_key_file=$work/key" \
		"ansible_python_interpreter=/usr/bin/python3 ansible_ssh_common_args='-o UserKnownHostsFile=/dev/null'"
done >"$work/fleet"
# What asks for the modules there has its answer from the first one last.
sed '/^one /s/$/ kpatch_become="{{ lookup('"'ansible.builtin.pipe', 'sleep 2; echo no'"') | bool }}"/' "$work/fleet" >"$work/slow-canary"

# roll_out STORY VERSION CHECK [OPTION...]: for the machines of $fleet; leaves the report and what Ansible said under the name of the story.
roll_out() {
	local status=0
	echo "== $1"
	printf '#!/bin/sh\n%s\n' "$3" >"$work/check.sh"
	ansible-playbook -i "${fleet:-$work/fleet}" kpatch_ng.kpatch.rollout -e "kpatch_modules=$work/out-$2" -e "kpatch_check=$work/check.sh" \
		-e kpatch_watch=2 -e '{"kpatch_waves": [1, 1, "100%"]}' -e "kpatch_report=$work/$1.json" "${@:4}" >"$work/$1" 2>&1 || status=$?
	sed '1,/^PLAY \[Report/d' "$work/$1"
	echo "status $status" >>"$work/$1"
}
# outcome STORY MACHINE WORDS
outcome() {
	local got
	got=$(python3 -c 'import json, sys
print(*(row["outcome"] for row in json.load(open(sys.argv[1]))["machines"] if row["host"] == sys.argv[2]))' "$work/$1.json" "$2")
	case $got in
	"$3"*) ;;
	*) cat "$work/$1"; echo "$1: $2 should be '$3', but is '$got'"; exit 1 ;;
	esac
}
# shows MACHINE WORD: what the kernel prints there
shows() {
	on "$1" grep -q "^$2:" /proc/meminfo || { echo "$1 does not show $2"; exit 1; }
}

good='grep -q VMALLOC /proc/meminfo'
roll_out looked 1 "$good" --check
expect looked '^status 0'
for name in one two three; do
	outcome looked "$name" 'would be patched'
	shows "$name" VmallocChunk
done

roll_out good 1 "$good"
expect good '^status 0'
for name in one two three; do
	outcome good "$name" patched
	shows "$name" VMALLOCCHUNK
	on "$name" kpatch fixes CVE-2026-0001
done

roll_out again 1 "$good"
expect again '^status 0'
for name in one two three; do
	outcome again "$name" unchanged
	expect again "^$name .* changed=0 "
done

fleet=$work/slow-canary roll_out bad 2 'echo "it is not well"; exit 1'
expect bad '^status 2'
outcome bad one 'failed: kpatch load'
outcome bad two waiting
outcome bad three waiting
for name in one two three; do shows "$name" VMALLOCCHUNK; done

roll_out late 2 '[ "$(hostname)" = one ]'
expect late '^status 2'
outcome late one 'rolled back'
outcome late two 'failed: kpatch load'
outcome late three waiting
for name in one two three; do shows "$name" VMALLOCCHUNK; done

kill "${pids[three]}"
wait "${pids[three]}" || true
roll_out down 2 "$good"
expect down '^status 0'
outcome down one patched
outcome down two patched
outcome down three unreachable
shows one VMALLOCPIECE
shows two VMALLOCPIECE
