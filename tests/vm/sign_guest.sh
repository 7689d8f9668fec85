#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest of sign.sh, as its first process or as a service: a kernel package is installed, what is
# pending is told, /boot is signed with the dongle. Says how it went on the console, marked.
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
N=$(cat /nonce)
say() { echo "@$N $*" >/dev/ttyS0; }
said() { while IFS= read -r line; do say note "$line"; done; }
finished() {
	cp /tmp/* /log/ 2>/dev/null
	sync
	mount -o remount,ro /boot
	mount -o remount,ro /
	say end
	poweroff -f
}
until_() { # SECONDS COMMAND...
	u=$1
	shift
	while ! "$@" >/dev/null 2>&1; do
		u=$((u - 1))
		[ $u -gt 0 ] || return 1
		sleep 1
	done
}
# check SENTENCE STATUS WORDS COMMAND...
check() {
	c_what=$1 c_want=$2 c_words=$3 c_got=0
	shift 3
	"$@" >/tmp/out 2>&1 </dev/null || c_got=$?
	if [ $c_got = "$c_want" ] && { [ -z "$c_words" ] || grep -qF -e "$c_words" /tmp/out; }; then
		say ok "$c_what"
	else
		say fail "$c_what (status $c_got, not $c_want)"
		tail -n 20 /tmp/out | said
	fi
}
pending_has() { bootlatch pending show | grep -qF -e "$1"; }
sign() { bootlatch sign --yes --transport ccid --wait 120 --pin-fd 3 "$@" 3</pin; }
ends_with_notice() { tail -n 2 "$1" | grep -q 'not signed yet'; }

if [ $$ = 1 ]; then
	mount -t tmpfs tmpfs /tmp
	mount /dev/vdb /boot
fi
if [ $$ = 1 ] && ! grep -q 'step=booted' /proc/cmdline; then # for the dongle
	/lib/systemd/systemd-udevd --daemon
	udevadm trigger --type=devices --action=add
	udevadm settle --timeout=120
fi
mkdir -p /log
say kernel "$(uname -r)"
check '/boot is as it was signed' 0 'as it was signed' bootlatch verify
if grep -q 'step=booted' /proc/cmdline; then
	check 'and nothing is pending' 0 'no change was noted' bootlatch pending show
	finished
fi
check 'nothing is pending' 0 'no change was noted' bootlatch pending show
# shellcheck disable=SC2012 # its name is ours
apt-get -y -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0 install /second.deb >/tmp/apt.out 2>&1 </dev/null ||
	say fail "apt installs a kernel"
tail -n 4 /tmp/apt.out | said
check 'the end of what apt said tells it' 0 '' ends_with_notice /tmp/apt.out
check 'pending: the kernel, and by which package' 0 'installed, by package linux-image-' bootlatch pending show
check 'pending: its image' 0 'made anew' bootlatch pending show
run-parts /etc/update-motd.d >/tmp/motd 2>&1
check 'who logs in is told' 0 '' ends_with_notice /tmp/motd
check '/boot is not as it was signed' 7 'NOT AS IT WAS SIGNED' bootlatch verify
if [ $$ != 1 ]; then
	check 'the path unit noticed it too' 0 '' until_ 300 pending_has ' boot: '
fi
check 'it is signed with the dongle' 0 '' sign
check 'nothing is pending any more' 0 'no change was noted' bootlatch pending show
check 'and /boot is as it was signed' 0 'as it was signed' bootlatch verify
if [ $$ != 1 ]; then
	sleep 20 # what the path unit started is done
	check 'the path unit has nothing against it' 0 '' until_ 300 sh -c '! systemctl -q is-active bootlatch-boot-changed.service && ! systemctl -q is-failed bootlatch-boot-changed.service && test ! -e /var/lib/bootlatch/pending'
	echo '# by hand' >>/boot/grub/custom.cfg
	check 'what fires no hook is noticed by the path unit' 0 '' until_ 300 pending_has 'grub/custom.cfg'
	check 'and units are in order' 0 active systemctl is-active bootlatch-boot.path bootlatch-sign.path
	systemctl stop bootlatch-sign.path bootlatch-sign.service
	check 'it is signed once more' 0 '' sign
fi
finished
