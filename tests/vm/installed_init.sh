#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# /sbin/init of a Debian on LVM: makes an image and puts it on the second disk,
# or sleeps on its swap.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
say() { echo "@$(cat /nonce) $*" >/dev/ttyS0; }
off() {
	say end
	sync
	busybox poweroff -f
}
say "root $(findmnt -nvo SOURCE /)"
for p in /proc/[0-9]*; do
	case $(readlink "$p/exe") in *bootlatch*) say "runs $(readlink "$p/exe")" ;; esac
done
mount -o remount,rw /
case $(cat /proc/cmdline) in
*vm.do=image*)
	image=/boot/initrd.img-$(uname -r)
	update-initramfs -u -k "$(uname -r)" >/dev/ttyS0 2>&1 && cat "$image" >/dev/vdb && sync &&
		say "image $(stat -c %s "$image") bytes"
	;;
*vm.do=sleep*)
	swapon /dev/mapper/vg-swap_1 && say "swap $(sed -n 's,^\(/dev/[^ ]*\) .*,\1,p' /proc/swaps)"
	echo 134217728 >/sys/power/image_size
	echo shutdown >/sys/power/disk # ACPI's own way needs firmware that knows it
	echo disk >/sys/power/state && say "resumed in $(sed -n 's/.*\(vm\.boot=[0-9]*\).*/\1/p' /proc/cmdline)"
	;;
esac
off
