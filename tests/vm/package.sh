#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The Debian packages on a Debian with a plain passphrase for its root: installed, a dongle enrolled, booted with its PIN;
# they refuse to go while crypttab names them; after the way out that they tell they are purged, and the passphrase boots.
#
#   VM_RELEASES=trixie    only that Debian      DEBS=FOLDER    packages that are made already
set -eu
here=$(cd "$(dirname "$0")" && pwd)
TOP=$(cd "$here/../.." && pwd)
. "$here/../integration/lib.sh"
. "$here/../integration/volumes.sh"
. "$here/image.sh"
. "$here/tree.sh"
. "$here/boot_sets.sh"
. "$here/console.sh"
: "${VM_RELEASES:=bookworm trixie}" "${VM_PATIENCE:=1200}" # a busy machine makes an image in minutes
need 'packages in a guest' qemu-system-x86_64 mmdebstrap mke2fs cryptsetup busybox unshare pcscd opensc-tool gpg dpkg-buildpackage dh
if [ -z "${LIB_INSIDE:-}" ]; then # the namespace has no network
	for r in $VM_RELEASES; do
		vm_tree "$r" || { fail "Debian $r can be had"; finish; }
	done
fi
lib_reexec_in_namespace "$0" "$@"
LOGS=$O/vm
NONCE=$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')
mkdir -p "$LOGS"
if [ -z "${DEBS:-}" ]; then
	DEBS=$T/built
	mkdir -p "$DEBS/bootlatch"
	tar -C "$TOP" --exclude-vcs --exclude=./build -cf - . | tar -C "$DEBS/bootlatch" -xf -
	(cd "$DEBS/bootlatch" && DEB_BUILD_OPTIONS='nocheck noautodbgsym parallel=2' dpkg-buildpackage -us -uc -b) >"$T/built.out" 2>&1 ||
		{ fail 'the packages are built' "$(tail -n 20 "$T/built.out")"; finish; }
fi
card_profile() { echo default; }
volumes_start
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
card_make cv cv25519 00000B01 || { fail 'gpg makes keys'; finish; }
vcard_stop cv
pcscd_stop

# prepare RELEASE: $W/root.img, encrypted, opened by the passphrase alone; $W/plain.initrd made without us
prepare() {
	vm_tree "$1"
	W=$T/$1 uuid=$(cat /proc/sys/kernel/random/uuid)
	mkdir "$W"
	cp -a "$TREE" "$W/tree"
	TREE=$W/tree
	mkdir "$TREE/debs"
	cp "$DEBS"/bootlatch_*.deb "$DEBS"/bootlatch-initramfs_*.deb "$TREE/debs/"
	cp "$T/pin" "$T/pass" "$TREE/"
	echo "$NONCE" >"$TREE/nonce"
	cp "$here/package_guest.sh" "$TREE/usr/sbin/package-guest"
	chmod 755 "$TREE/usr/sbin/package-guest"
	echo "cryptroot UUID=$uuid none luks,discard,initramfs" >"$TREE/etc/crypttab"
	echo '/dev/mapper/cryptroot / ext4 errors=remount-ro 0 1' >"$TREE/etc/fstab"
	printf '%s\n' 'COMPRESSLEVEL=1' 'MODULES=list' >"$TREE/etc/initramfs-tools/conf.d/vm"
	printf '%s\n' virtio_pci virtio_blk ext4 dm_crypt algif_skcipher xts aes sha256 >"$TREE/etc/initramfs-tools/modules"
	vm_initramfs "$TREE" "$W/plain.initrd" >"$W/out" 2>&1 || return 1
	cp "$TREE/boot/vmlinuz-$(vm_versions "$TREE" | head -n 1)" "$W/vmlinuz"
	rm -rf --one-file-system "$TREE"/var/cache/apt/* "$TREE"/var/lib/apt/lists/*
	mke2fs -q -t ext4 -L root -d "$TREE" "$W/root.ext4" 1200M >"$W/out" 2>&1 || return 1
	vm_volume "$W/root.img" luks2 "$W/root.ext4" --uuid "$uuid" >"$W/out" 2>&1 && rm "$W/root.ext4" || return 1
	rm -rf --one-file-system "${TREE:?}"
	truncate -s 128M "$W/made"
}
# boots STEP: with $INITRD, the dongle plugged in; its state goes from boot to boot
boots() {
	D=$W/$1 LOG=$LOGS/package.$1.$r.log SEEN=0
	mkdir "$D"
	: >"$LOG"
	[ ! -e "$W/cv.state" ] || cp "$W/cv.state" "$D/cv.state"
	# shellcheck disable=SC2046 # words
	guest "$r" plain "root=/dev/mapper/cryptroot rootfstype=ext4 ro init=/usr/sbin/package-guest vm.step=$1" \
		$(disks "$W/root.img" "$W/made") $(usb usb0)
	dongle usb0 cv
}
# over [IMAGE]: to the end of that boot; what the guest said is counted, and its image taken out
over() {
	expect "@$NONCE root /dev/mapper/cryptroot"
	expect "@$NONCE end"
	lib_wait 600 not_running || true
	lib_end "$QEMU"
	lib_end "$DONGLE"
	cp "$D/cv.state" "$W/cv.state"
	exec 7>&-
	tr -d '\r\000' <"$LOG" | sed -n "s/.*@$NONCE \(ok\|fail\|note\) /\1 /p" >>"$W/said"
	[ $# = 0 ] || head -c "$(sed -n "s/.*@$NONCE image \([0-9]*\).*/\1/p" "$LOG")" "$W/made" >"$1"
}
not_running() { ! kill -0 "$QEMU" 2>/dev/null; }
passphrase() {
	expect 'unlock disk cryptroot'
	type_ "$(cat "$T/key")"
}
ends() {
	for p in $OWNED; do lib_end "$p"; done
}
course() {
	boots install
	passphrase
	over "$W/enrolled.initrd"
	INITRD=$W/enrolled.initrd
	boots remove
	expect 'PIN for'
	type_ "$(cat "$T/pin")"
	over "$W/purged.initrd"
	INITRD=$W/purged.initrd
	boots after
	passphrase
	over
	never 'PIN for'
}
for r in $VM_RELEASES; do
	TITLE="packages, $r"
	began=$(date +%s) INITRD=''
	prepare "$r" || { fail "$TITLE: the guest is made" "$(cat "$W/out")"; continue; }
	: >"$W/said"
	# In a shell of its own, which ends where something is awaited in vain.
	rc=0
	(OWNED='' && trap ends EXIT && course) || rc=$?
	while read -r kind text; do
		case $kind in
		ok) ok "$text, $r" ;;
		fail) fail "$text, $r" ;;
		note) echo "      | $text" ;;
		esac
	done <"$W/said"
	check "$TITLE: passphrase, PIN, and the passphrase again" [ $rc = 0 ]
	echo "      $(($(date +%s) - began)) s"
done
finish
