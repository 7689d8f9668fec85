#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# /sbin/init of the guest of package.sh: a step of a dongle's life each boot. Says how it went on the console, marked.
# shellcheck disable=SC2016 # dpkg's own fields
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive TERM=vt102
export PATH LC_ALL DEBIAN_FRONTEND TERM
N=$(cat /nonce)
say() { echo "@$N $*" >/dev/ttyS0; }
# check SENTENCE STATUS WORDS COMMAND...
check() {
	c_what=$1 c_want=$2 c_words=$3 c_got=0 c_began=$(date +%s)
	shift 3
	"$@" >/tmp/out 2>&1 </dev/null || c_got=$?
	c_took=$(($(date +%s) - c_began))
	{ echo "# $*" && cat /tmp/out; } >/dev/ttyS0 # for who reads the log
	if [ $c_got = "$c_want" ] && { [ -z "$c_words" ] || grep -qF -e "$c_words" /tmp/out; }; then
		say ok "$c_what"
		[ $c_took -lt 60 ] || say note "that took $c_took s"
	else
		say fail "$c_what (status $c_got, not $c_want)"
		tail -n 20 /tmp/out | while IFS= read -r line; do say note "$line"; done
	fi
}
# by_keys COMMAND...: with the console for its terminal; the host types
by_keys() { setsid -cw "$@" <>/dev/ttyS0 >&0 2>&1; }
# by_keys_ok SENTENCE COMMAND...
by_keys_ok() {
	k_what=$1 k_got=0
	shift
	by_keys "$@" || k_got=$?
	if [ $k_got = 0 ]; then say ok "$k_what"; else say fail "$k_what (status $k_got)"; fi
}
left() { # what nobody else put there
	find / -xdev \( -path /proc -o -path /tmp -o -path /debs \) -prune -o -name '*bootlatch*' ! -path '/var/lib/dpkg/*' ! -path '/var/log/*' -print |
		grep . && return 1
	return 0
}
crypttab_is() { diff /crypttab.before /etc/crypttab; }
recovery_slot() { bootlatch list /dev/vda | awk '$2 == "recovery" { print $1 }'; }

dmesg -n 1
say root "$(findmnt -nvo SOURCE /)"
mount -o remount,rw /
mount -t tmpfs tmpfs /tmp
stty -F /dev/ttyS0 rows 24 cols 80 # as agetty does
case $(cat /proc/cmdline) in
*vm.step=setup*)
	/lib/systemd/systemd-udevd --daemon 2>/dev/null # for the dongle; of the rest nothing is looked at anew
	modprobe xhci_pci
	by_keys_ok 'set up by keys: two dongles and a recovery key' bootlatch setup
	;;
*vm.step=daily*) by_keys bootlatch status --no-card ;;
*vm.step=lost*)
	by_keys_ok 'the lost dongle is revoked' bootlatch revoke --serial 00000B01
	check 'the other one stays' 0 00000B02 bootlatch list /dev/vda
	check 'and so does the recovery key' 0 recovery bootlatch list /dev/vda
	;;
*vm.step=found*)
	check 'the package refuses to go' 1 'bootlatch unenroll DEVICE' dpkg -r bootlatch-initramfs
	check 'and is still there' 0 ' ok installed' dpkg-query -W -f '${Status}' bootlatch-initramfs
	# dpkg makes the image anew when it takes the packages away.
	check 'the way out that it tells' 0 'has its old options again' bootlatch unenroll /dev/vda --serial 00000B02 --no-initramfs
	check 'crypttab is as it was' 0 '' crypttab_is
	check 'the recovery key goes too' 0 'is gone' bootlatch unenroll /dev/vda --keyslot "$(recovery_slot)"
	check 'purged' 0 '' dpkg --purge bootlatch-initramfs bootlatch
	check 'nothing is left' 0 '' left
	;;
*) check 'nothing of ours is left' 0 '' left ;;
esac
say end
sync
mount -o remount,ro /
busybox poweroff -f
