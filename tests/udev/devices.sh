#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What udev makes of USB devices that are not there: `udevadm test` on a /sys of our own.
#   devices.sh RULES ACTION DEVTYPE LOG [WITHOUT]... <"VENDOR PRODUCT" lines
# prints  VENDOR PRODUCT reader=0|1 uaccess=0|1 mode=MODE  for each; RULES is used together
# with the system's, but those files WITHOUT which it is to be shown.  LOG gets what udevadm
# says.  Status 77: this machine cannot show it.
set -eu
if [ -z "${DEVICES_INSIDE:-}" ]; then
	unshare -m --propagation private true 2>/dev/null || exit 77
	DEVICES_INSIDE=1 exec unshare -m --propagation private sh "$0" "$@"
fi
# Nothing is mounted here that anybody else would see.
! grep -q ' shared:' /proc/self/mountinfo || exit 77
rules=$1 action=$2 devtype=$3 log=$4
shift 4
text=$(cat "$rules")
: >"$log"
mkdir -p /run/udev
for m in /run/udev /sys /dev; do
	mount -t tmpfs tmpfs $m || exit 77
done
mknod -m 666 /dev/null c 1 3 || exit 77
dev=/sys/devices/pci0/usb1/1-1 node=/dev/bus/usb/001/005
mkdir -p /run/udev/rules.d $dev /sys/bus/usb/devices /sys/bus/usb/drivers /sys/class \
	/sys/dev/char ${node%/*}
printf '%s\n' "$text" >/run/udev/rules.d/70-bootlatch.rules
for without; do
	: >"/run/udev/rules.d/$without" # an empty file here hides the system's
done
printf 'DEVTYPE=%s\nMAJOR=189\nMINOR=4\nDEVNAME=%s\n' "$devtype" ${node#/dev/} >$dev/uevent
ln -s ../../../../bus/usb $dev/subsystem
ln -s ../../../devices/pci0/usb1/1-1 /sys/bus/usb/devices/1-1
ln -s ../../devices/pci0/usb1/1-1 /sys/dev/char/189:4
while read -r vendor product; do
	rm -rf /run/udev/data /run/udev/tags
	rm -f $node
	mknod -m 600 $node c 189 4
	chmod 640 $node # neither what our rules say nor what udev's say
	echo "$vendor" >$dev/idVendor
	echo "$product" >$dev/idProduct
	out=$(SYSTEMD_DEVICE_VERIFY_SYSFS=0 udevadm test --action="$action" $dev 2>>"$log")
	reader=0 uaccess=0
	case $out in *ID_SMARTCARD_READER=1*) reader=1 ;; esac
	case $out in *uaccess*) uaccess=1 ;; esac
	# Older ones set the mode of our node, newer ones (257) only say it.
	mode=$(printf '%s\n' "$out" | sed -n '/^Device node perm/{n;s/.*0\([0-7]\{3\}\)$/\1/p;}')
	echo "$vendor $product reader=$reader uaccess=$uaccess mode=${mode:-$(stat -c %a $node)}"
done
