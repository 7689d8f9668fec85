# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Systems as Debian's installer makes them: one container, in it LVM, in it root and swap. Booted with
# an image that the host made, they make one themselves, and boot with that.
# Sourced after boot_sets.sh and, for the cases, console.sh and boot_cases.sh.
# shellcheck disable=SC2016,SC2034,SC2154,SC2046,SC2086 # boot_case.sh, console.sh; options are words

set_installed12() { installed_set installed12 bookworm; }
set_installed13() { installed_set installed13 trixie; }
installed_set() { # SET RELEASE
	set_begin "$1"
	set_card cv cv25519 00000B01
	# The container first, for what enrolling writes belongs into the root in it.
	is=$T/plain/$1
	mkdir "$is"
	truncate -s 1M "$is/pv"
	vm_volume "$S/pv.img" luks2 "$is/pv"
	set_enroll cv "$S/pv.img"
	set_line vda5_crypt "$S/pv.img" discard
	truncate -s 832M "$is/pv"
	truncate -s 256M "$is/swap"
	mkswap -q "$is/swap" && installed_root "$2" "$is/root" || return 1
	# A guest takes its time: sets_wait.
	(lvm_in_guest "$T/$2" "$is" "$is/pv" "$is/root" "$is/swap" && "$O/seal" "$S/pv.img" 16777216 "$T/volume.key" "$is/pv" &&
		rm "$is/pv" "$is/root" "$is/swap" && : >"$S/filled") >"$is/out" 2>&1 &
	FILLING="$FILLING $!"
}
FILLING=''
# sets_wait: until they hold what they should; before the first case.
sets_wait() {
	for f in $FILLING; do wait "$f" || true; done
	for f in "$T"/plain/*/out; do
		[ -e "$f" ] || continue
		f=$(basename "${f%/out}")
		check "LVM's volumes in the set $f" sh -c 'cat "$1" && test -e "$2"' sh "$T/plain/$f/out" "$T/set/$f/filled"
	done
}
# installed_root RELEASE EXT4: that Debian with our set in it, without what a guest has no use for. Its
# files are links to the tree's: they are replaced, never written to.
installed_root() {
	ir_tree=$T/$1/tree ir=$T/installed.root
	cp -al "$ir_tree" "$ir"
	for u in var/cache var/lib/apt usr/share/perl usr/share/zoneinfo etc/initramfs-tools etc/fstab etc/crypttab usr/sbin/init; do
		rm -rf --one-file-system "${ir:?}/$u"
	done
	for u in sound net drivers/net drivers/gpu drivers/media drivers/staging drivers/infiniband drivers/scsi drivers/iio; do
		rm -rf --one-file-system "${ir:?}"/usr/lib/modules/*/kernel/$u
	done
	mkdir -p "$ir/var/cache" "$ir/etc/initramfs-tools"
	cp -r "$ir_tree/etc/initramfs-tools/." "$ir/etc/initramfs-tools/"
	set_install "$(basename "$S")" "$ir"
	echo RESUME=/dev/mapper/vg-swap_1 >"$ir/etc/initramfs-tools/conf.d/resume"
	printf '%s\n' '/dev/mapper/vg-root / ext4 errors=remount-ro 0 1' '/dev/mapper/vg-swap_1 none swap sw 0 0' >"$ir/etc/fstab"
	cp "$here/installed_init.sh" "$ir/usr/sbin/init"
	chmod 755 "$ir/usr/sbin/init"
	echo "$NONCE" >"$ir/nonce"
	mke2fs -q -t ext4 -L root -d "$ir" "$2" 560M || return 1
	rm -rf --one-file-system "${ir:?}"
}

# again N: the machine is off, and starts for the Nth time, with a log of its own.
again() {
	lib_wait 6000 sh -c '! kill -0 "$1" 2>/dev/null' sh "$QEMU" || lost 'the machine does not switch itself off'
	lib_end "$DONGLE"
	rm -f "$D/serial.in" "$D/serial.out" "$D/usb0"
	LOG=$LOGS/$NAME.$RELEASE.$1.log SEEN=0
	: >"$LOG"
	boots "$(disk pv)" "$D/made"
	dongle usb0 cv
	pin
}
case_installed12() { installed; }
case_installed13() { installed; }
installed() {
	ROOT=root=/dev/mapper/vg-root LINE='resume=/dev/mapper/vg-swap_1 vm.do=image'
	truncate -s 128M "$D/made"
	boots "$(disk pv)" "$D/made"
	dongle usb0 cv
	pin
	expect "@$NONCE root /dev/mapper/vg-root"
	expect "@$NONCE image" 900
	expect "@$NONCE end"

	# What the image that it made names; where root and swap come from is in that image alone.
	head -c "$(sed -n "s/.*@$NONCE image \([0-9]*\).*/\1/p" "$LOG")" "$D/made" >"$D/made.initrd"
	tells vg-root vg-swap_1
	INITRD=$D/made.initrd
	overlay
	LINE='vm.do=sleep vm.boot=2'
	again 2
	expect "roots: $(cryptsetup luksUUID "$S/pv.img")"
	for v in vg-root vg-swap_1; do
		expect "mapper/$v lies on: $(cryptsetup luksUUID "$S/pv.img")"
	done
	expect 'ROOT=/dev/mapper/vg-root resume=/dev/mapper/vg-swap_1 read 25'
	expect "@$NONCE root /dev/mapper/vg-root"
	expect "@$NONCE swap /dev/dm-2"
	never "@$NONCE runs"

	# It wakes up: what runs on is what the second boot began, and root is not mounted anew.
	LINE='vm.do=sleep vm.boot=3'
	again 3
	expect "@$NONCE resumed in vm.boot=2"
	expect "@$NONCE end"
	never 'roots: '
	sent VERIFY 3
}
