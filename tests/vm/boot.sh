#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Booting for real: Debian's kernel and initramfs, our hooks in it, a root file system on
# LUKS, and the virtual dongle on the USB bus.
#
#   VM_CASES='pin wrong'      only these           VM_RELEASES=trixie    only that Debian (tree.sh)
#   VM_JOBS=1                 guests at a time     KEEP=1                what was made stays
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../integration/lib.sh"
. "$here/../integration/volumes.sh"
. "$here/image.sh"
. "$here/tree.sh"
. "$here/boot_sets.sh"
. "$here/boot_images.sh"
need 'booting for real' qemu-system-x86_64 mmdebstrap mke2fs cryptsetup busybox unshare pcscd opensc-tool gpg
: "${VM_RELEASES:=bookworm trixie system}" "${VM_JOBS:=2}"
# shellcheck disable=SC2086 # words
LIST=$("$here/boot_case.sh" --list $VM_RELEASES)
VM_RELEASES=$(echo "$LIST" | awk '{ print $2 }' | sort -u | paste -sd' ')
if [ -z "${LIB_INSIDE:-}" ]; then # the namespace has no network
	for r in $VM_RELEASES; do
		vm_tree "$r" || { fail "Debian $r can be had"; finish; }
	done
fi
lib_reexec_in_namespace "$0" "$@"
LOGS=$O/vm
NONCE=$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')
mkdir -p "$LOGS" "$T/cases"
export NONCE LOGS

# --- what is booted: sets of volumes, enrolled here; an image for each set and release
echo "$LIST" >"$T/list"
sets() { awk -v r="${1:-}" 'r == "" || r == $2 { print $3 }' "$T/list" | sort -u; }
mkdir "$T/plain"
ROOT_EXT4=$T/plain/root.ext4
vm_root "$ROOT_EXT4"
for r in $VM_RELEASES; do
	vm_tree "$r"
	mkdir "$T/$r"
	cp -a "$TREE" "$T/$r/tree"
	cp "$T/$r/tree/boot/vmlinuz-$(vm_versions "$TREE" | head -n 1)" "$T/$r/vmlinuz"
	make -s -C "$here/../.." O="$O" DESTDIR="$T/$r/tree" install >"$T/install.out" 2>&1 ||
		{ fail 'make install' "$(cat "$T/install.out")"; finish; }
	if ! chroot "$T/$r/tree" /usr/lib/bootlatch/bootlatch-unlock --version >/dev/null; then
		skip "Debian $r" "what was built on this machine does not run there"
		sed -i "/ $r /d" "$T/list"
	fi
done
volumes_start
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
for s in $(sets); do
	began=$(date +%s)
	"set_$s" >"$T/set.out" 2>&1 || { fail "volumes and cards of the set $s" "$(cat "$T/set.out")"; finish; }
	echo "      the set $s: $(($(date +%s) - began)) s"
done
pcscd_stop
for r in $VM_RELEASES; do
	for s in $(sets "$r"); do image_make "$r" "$s"; done
	[ "$r" != system ] || continue
	check "$r: the image holds what is listed, and nothing that enrolls" image_holds "$T/$r/tree"
	check "$r: with a blob missing no image is made, and the old one stays" image_refused "$T/$r/tree"
done

# --- the cases, VM_JOBS at a time
# shellcheck disable=SC2016 # for the inner shell
xargs -P "$VM_JOBS" -L 1 sh -c '"$0" "$@" </dev/null >"$T/cases/$1.$2" 2>&1; cat "$T/cases/$1.$2"' \
	"$here/boot_case.sh" <"$T/list" || true
while read -r name release _; do
	case $(cat "$T/cases/$name.$release") in
	'ok '*) PASSED=$((PASSED + 1)) ;;
	'skip '*) SKIPPED=$((SKIPPED + 1)) ;;
	*) FAILED=$((FAILED + 1)) ;;
	esac
done <"$T/list"
finish
