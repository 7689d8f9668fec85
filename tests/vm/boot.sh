#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Booting for real: Debian's kernel and initramfs, our hooks in it, a root file system on
# LUKS, and the virtual dongle on the USB bus.
#
#   VM_CASES='pin wrong'      only these           VM_RELEASES=trixie    only that Debian
#   VM_JOBS=1                 guests at a time     KEEP=1                what was made stays
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../integration/lib.sh"
. "$here/../integration/volumes.sh"
. "$here/image.sh"
. "$here/tree.sh"
. "$here/boot_sets.sh"
need 'booting for real' qemu-system-x86_64 mmdebstrap mke2fs cryptsetup busybox unshare pcscd opensc-tool gpg
: "${VM_RELEASES:=bookworm trixie}" "${VM_JOBS:=2}"
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
# shellcheck disable=SC2086 # words
"$here/boot_case.sh" --list $VM_RELEASES >"$T/list"
sets() { awk -v r="${1:-}" 'r == "" || r == $2 { print $3 }' "$T/list" | sort -u; }
mkdir "$T/plain"
ROOT_EXT4=$T/plain/root.ext4
vm_root "$ROOT_EXT4"
for r in $VM_RELEASES; do
	vm_tree "$r"
	mkdir "$T/$r"
	cp -a "$TREE" "$T/$r/tree"
	cp "$T/$r"/tree/boot/vmlinuz-* "$T/$r/vmlinuz"
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
	for s in $(sets "$r"); do
		set_install "$s" "$T/$r/tree"
		began=$(date +%s)
		check "$r: update-initramfs makes the image of the set $s" vm_initramfs "$T/$r/tree" "$T/$r/$s.initrd"
		echo "      $(($(date +%s) - began)) s"
	done
done

# --- the image: all that is listed, nothing else of ours, and none at all when something is missing
image_holds() { # TREE: what lsinitramfs says
	vm_in "$1" sh -c 'lsinitramfs /boot/initrd.img-*' >"$T/files" || return 1
	for f in usr/lib/bootlatch/bootlatch-unlock Contents/Linux/libccid.so Contents/Info.plist etc/libccid_Info.plist \
		libgcc_s.so.1 libusb-1.0.so.0 70-bootlatch-initramfs.rules etc/bootlatch/volumes/ etc/bootlatch/boot/bootlatch/ \
		scripts/local-top/bootlatch scripts/local-block/bootlatch cryptsetup/scripts/decrypt_bootlatch; do
		grep -q "$f" "$T/files" || { echo "no $f"; return 1; }
	done
	! grep -E 'bin/(bootlatch|gpg|pcscd)|bootlatch.*crypttab' "$T/files"
}
image_refused() { # TREE
	ir_image=$(echo "$1"/boot/initrd.img-*)
	ir_sum=$(sha256sum <"$ir_image")
	mv "$1/boot/bootlatch" "$1/boot/away"
	! vm_initramfs "$1" /dev/null || return 1
	mv "$1/boot/away" "$1/boot/bootlatch"
	[ "$(sha256sum <"$ir_image")" = "$ir_sum" ]
}
for r in $VM_RELEASES; do
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
