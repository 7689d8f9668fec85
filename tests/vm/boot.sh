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
. "$here/boot_installed.sh"
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
	version=$(vm_versions "$TREE" | head -n 1)
	cp "$T/$r/tree/boot/vmlinuz-$version" "$T/$r/vmlinuz"
	cp "$T/$r/tree/boot/initrd.img-$version" "$T/$r/lvm.initrd"
	# As it was built: by its own name of that folder make knows what depends on what.
	root=$(cd "$here/../.." && pwd)
	make -s -C "$root" O="${O#"$root/"}" DESTDIR="$T/$r/tree" install >"$T/install.out" 2>&1 ||
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
	# Whatever failed before it: nothing boots without a blob.
	{ "set_$s" && [ -d "$T/set/$s/boot/bootlatch" ]; } >"$T/set.out" 2>&1 ||
		{ fail "volumes and cards of the set $s" "$(cat "$T/set.out")"; finish; }
	echo "      the set $s: $(($(date +%s) - began)) s"
done
pcscd_stop
images_made='' # side by side
for r in $VM_RELEASES; do
	# shellcheck disable=SC2046 # words
	(images "$r" $(sets "$r")) >"$T/images.$r.out" 2>&1 &
	images_made="$images_made $!"
done
sets_wait
for p in $images_made; do wait "$p" || true; done # what failed is counted below
for r in $VM_RELEASES; do
	cat "$T/images.$r.out"
	PASSED=$((PASSED + $(grep -c '^ok ' "$T/images.$r.out" || true)))
	FAILED=$((FAILED + $(grep -c '^FAIL ' "$T/images.$r.out" || true)))
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
