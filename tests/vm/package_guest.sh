#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# /sbin/init of the guest of package.sh: the packages are installed and a dongle enrolled, they are removed, or it
# only tells that it is up. An image that was made goes to the second disk. Says how it went on the console, marked.
# shellcheck disable=SC2016 # dpkg's own fields
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive
export PATH LC_ALL DEBIAN_FRONTEND
N=$(cat /nonce)
say() { echo "@$N $*" >/dev/ttyS0; }
# check SENTENCE STATUS WORDS COMMAND...
check() {
	c_what=$1 c_want=$2 c_words=$3 c_got=0
	shift 3
	"$@" >/tmp/out 2>&1 </dev/null || c_got=$?
	if [ $c_got = "$c_want" ] && { [ -z "$c_words" ] || grep -qF -e "$c_words" /tmp/out; }; then
		say ok "$c_what"
	else
		say fail "$c_what (status $c_got, not $c_want)"
		tail -n 20 /tmp/out | while IFS= read -r line; do say note "$line"; done
	fi
}
image=/boot/initrd.img-$(uname -r)
image_out() {
	cat "$image" >/dev/vdb
	sync
	say image "$(stat -c %s "$image")" bytes
}
image_has_us() { lsinitramfs "$image" | grep -q bootlatch; }
image_has_not() { ! image_has_us; }
enroll() { bootlatch enroll /dev/vda --crypttab --transport ccid --wait 120 --pin-fd 3 --passphrase-fd 4 3</pin 4</pass; }
is_enabled() { [ -L "/etc/systemd/system/paths.target.wants/$1" ]; }
is_not_enabled() { ! is_enabled "$1"; }
left() { # what nobody else put there
	find / -xdev \( -path /proc -o -path /tmp -o -path /debs \) -prune -o -name '*bootlatch*' ! -path '/var/lib/dpkg/*' ! -path '/var/log/*' -print |
		grep . && return 1
	return 0
}
crypttab_is() { diff /crypttab.before /etc/crypttab; }

say root "$(findmnt -nvo SOURCE /)"
mount -o remount,rw /
mount -t tmpfs tmpfs /tmp
case $(cat /proc/cmdline) in
*vm.step=install*)
	/lib/systemd/systemd-udevd --daemon # for the dongle
	udevadm trigger --type=devices --action=add
	udevadm settle --timeout=120
	cp /etc/crypttab /crypttab.before
	check 'the packages are installed' 0 '' dpkg -i /debs/bootlatch_*.deb /debs/bootlatch-initramfs_*.deb
	check 'and nothing is changed at boot' 0 '' image_has_not
	check 'the unit that notes is enabled' 0 '' is_enabled bootlatch-boot.path
	check 'the one that asks is not' 0 '' is_not_enabled bootlatch-sign.path
	check 'what was enrolled for is told' 0 enrolled enroll
	check 'the image has it' 0 '' image_has_us
	check 'the package refuses to go' 1 'bootlatch unenroll DEVICE' dpkg -r bootlatch-initramfs
	check 'and is still there' 0 'install ok installed' dpkg-query -W -f '${Status}' bootlatch-initramfs
	image_out
	;;
*vm.step=remove*)
	check 'the package refuses to go, after a boot' 1 'cryptroot, UUID=' dpkg -r bootlatch-initramfs
	check 'the way out that it tells' 0 '' bootlatch unenroll /dev/vda --serial 00000B01
	check 'crypttab is as it was' 0 '' crypttab_is
	check 'purged' 0 '' dpkg --purge bootlatch-initramfs bootlatch
	check 'nothing is left' 0 '' left
	check 'and nothing in the image' 0 '' image_has_not
	image_out
	;;
*) check 'nothing of ours is left' 0 '' left ;;
esac
say end
sync
mount -o remount,ro /
busybox poweroff -f
