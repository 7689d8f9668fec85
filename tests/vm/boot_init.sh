#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# /sbin/init of an encrypted root: shows its nonce, and what the initramfs left behind. Not on
# /dev/console, which a splash may have taken.
PATH=/bin
say() { echo "@$(cat /nonce) $*" >/dev/ttyS0; }
say "root from $(mount | sed -n 's, on / .*,,p')"
say "kernel $(uname -r)"
for p in /proc/[0-9]*; do
	case $(readlink "$p/exe") in *bootlatch*) say "runs $(readlink "$p/exe")" ;; esac
done
for d in /dev/mapper/*; do
	[ -b "$d" ] || continue
	n=${d##*/}
	say "volume $n $(cat "/sys/class/block/$(basename "$(readlink -f "$d")")/dm/uuid") $(head -c 16 "$d" | grep -ax "$(cat /nonce)")"
done
for f in $(find /run /tmp -type f | grep -v '^/run/udev/'); do say "left $f"; done
sed "s/^/@$(cat /nonce) key /" /proc/keys >/dev/ttyS0
say end
poweroff -f
