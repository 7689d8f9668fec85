#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# /init of the guest: what a dongle on a real USB bus lets us do. Says how it went on the
# serial console, marked with the nonce of this run; "want" lines are for the host.
/bin/busybox mkdir -p /proc /sys /dev /run /tmp /bin /var/lib /usr/bin
/bin/busybox --install -s /bin
PATH=/bin:/usr/bin:/usr/sbin:/sbin:/t
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs run /run
mkdir -p /run/pcscd /run/lock
for m in /modules/*.ko; do insmod "$m"; done
N=$(sed 's/.*nonce=\([0-9a-f]*\).*/\1/' /proc/cmdline)
say() { echo "@$N $*"; }
/lib/systemd/systemd-udevd --daemon >/dev/null 2>&1

here() { grep -l . /sys/bus/usb/devices/*/bInterfaceClass 2>/dev/null | xargs grep -ql 0b; }
# until TENTHS COMMAND...
until_() {
	u=$1
	shift
	while ! "$@"; do
		u=$((u - 1))
		[ $u -gt 0 ] || return 1
		usleep 100000
	done
}
# How many ways there are to a card, and their names.
# shellcheck disable=SC2034 # cases.sh
if [ -x /usr/sbin/pcscd ]; then W=2 WAYS='pcsc ccid'; else W=1 WAYS=ccid; fi
gone() { ! here; }
readers() { grep -l . /sys/bus/usb/devices/*/bInterfaceClass 2>/dev/null | xargs grep -l 0b | wc -l; }
one() { [ "$(readers)" = 1 ]; }
two() { [ "$(readers)" = 2 ]; }
# want WORD...: the host does it; "dongle ..." starts another one in its place.
want() {
	say want "$@"
	case $1 in
	dongle) until_ 100 gone && say want-go && until_ 150 here ;;
	unplug) until_ 100 gone ;;
	plug) until_ 150 here ;;
	second) until_ 150 two ;;
	no-second) until_ 100 one ;;
	esac || say fail "the host did: $*"
}
# check SENTENCE STATUS WORDS COMMAND...
check() {
	c_what=$1 c_want=$2 c_words=$3 c_got=0
	shift 3
	"$@" >/tmp/out 2>&1 || c_got=$?
	if [ $c_got = "$c_want" ] && grep -qiF -e "$c_words" /tmp/out; then
		say ok "$c_what"
	else
		say fail "$c_what (status $c_got, not $c_want)"
		sed "s/^/@$N note /" /tmp/out
	fi
}
test_() { # HOW [OPTION]...
	t_how=$1
	shift
	timeout 120 bootlatch test /t/disk.img --boot /t/boot --config /t/etc --transport "$t_how" \
		--wait 10 --pin-fd 3 "$@" 3</t/pin </dev/null
}
pcscd_on() {
	pcscd -f >/tmp/pcscd.log 2>&1 &
	PCSCD=$!
	until_ 50 test -S /run/pcscd/pcscd.comm
}
pcscd_off() {
	kill "$PCSCD"
	wait "$PCSCD"
	rm -f /run/pcscd/pcscd.comm
}
# shellcheck disable=SC2013,SC1090 # a word a line; what they are the host decides
for part in $(cat /t/parts); do . "/t/$part.sh"; done
say end
poweroff -f
