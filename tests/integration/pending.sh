#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# After updates: the hooks as kernel packages call them, dpkg's trigger, the end of apt's output,
# motd, and a service that asks through systemd's own agent. /etc, /var, /boot and /run/systemd are
# the test's own.
# shellcheck disable=SC2016 # texts of other scripts
set -eu
. "$(dirname "$0")/lib.sh"
need 'changes of /boot after updates' unshare setpriv ip pcscd opensc-tool gpg jq dpkg dpkg-deb apt-get run-parts
lib_reexec_in_namespace "$0" "$@"
if grep -q ' shared:' /proc/self/mountinfo; then
	skip 'changes of /boot after updates' 'mounts are shared with the machine'
	finish
fi
# shellcheck disable=SC2034 # for boot.sh
TESTS=$(cd "$(dirname "$0")/.." && pwd)
. "$(dirname "$0")/volumes.sh"
. "$(dirname "$0")/../sign/boot.sh"

cp -a /etc "$T/etc.copy"
mkdir -p /run/systemd
for d in /etc /var /boot /run/systemd; do mount -t tmpfs -o mode=755 tmpfs "$d"; done
cp -a "$T/etc.copy/." /etc
rm -rf /etc/kernel /etc/initramfs /etc/update-motd.d /etc/apt/apt.conf.d /etc/bootlatch
mkdir -p /etc/apt/apt.conf.d /var/lib/dpkg/info /var/lib/dpkg/updates /var/lib/apt /var/cache/apt /var/log/apt /var/tmp
chmod 1777 /var/tmp
: >/var/lib/dpkg/status
make -s -C "$TESTS/.." O="$O" PREFIX="$T/usr" SYSCONFDIR=/etc \
	install-hooks >"$T/install.out" 2>&1 || { fail 'make install-hooks' "$(cat "$T/install.out")"; finish; }
BIN=$T/usr/sbin/bootlatch STATE=/var/lib/bootlatch PENDING=/var/lib/bootlatch/pending
mkdir -p "$T/usr/sbin"
cp "$O/bootlatch" "$BIN"

# hook FOLDER [NAME=VALUE...]: as a maintainer script runs them; $T/out is what debconf would get
hook() {
	h_dir=$1
	shift
	env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DPKG_MAINTSCRIPT_PACKAGE=linux-image-9.9 \
		DPKG_MAINTSCRIPT_NAME=postinst DPKG_MAINTSCRIPT_ARCH=amd64 DPKG_ADMINDIR=/var/lib/dpkg DPKG_ROOT= \
		DPKG_FRONTEND_LOCKED=true DEBIAN_HAS_FRONTEND=1 DEB_MAINT_PARAMS="'configure' ''" "$@" \
		run-parts --report --exit-on-error --arg=9.9 --arg=/boot/vmlinuz-9.9 "/etc/$h_dir" >"$T/out" 2>"$T/err" <"$T/stdin"
}
echo 'not for a hook' >"$T/stdin"
silent() { [ ! -s "$T/out" ] && [ ! -s "$T/err" ]; }
lines() { grep -c '^[12]' $PENDING; }
noted() { grep -q " $1 $2\$" "$PENDING"; }
all_hooks() { hook kernel/postinst.d "$@" && hook kernel/postrm.d "$@" && hook initramfs/post-update.d "$@"; }
fresh() { rm -rf $STATE; }
tells() { "$BIN" pending notice </dev/null 2>&1 | grep -qF "$1"; }

# --- a machine that signs nothing -------------------------------------------------------------
check 'a machine that does not sign: the hooks succeed' all_hooks
check '... and say nothing' silent
check_fails '... and note nothing' test -e $STATE
check_is '... no notice' '' "$("$BIN" pending notice 2>&1)"
check_says '... and show says why' 0 'does not sign its /boot' "$BIN" pending show

# --- the hooks --------------------------------------------------------------------------------
: >/boot/kexec.sig
check 'the hook of an installed kernel' hook kernel/postinst.d
check '... says nothing' silent
check '... notes what, and by whom' noted kernel '9.9 installed, by package linux-image-9.9'
check 'the hook of an image' hook initramfs/post-update.d
check '... notes what' noted initramfs '9.9 made anew, by package linux-image-9.9'
check 'the hook of a removed kernel' hook kernel/postrm.d
check '... notes what' noted kernel '9.9 removed, by package linux-image-9.9'
check_is 'three lines' 3 "$(lines)"
check 'again' all_hooks
check_is '... the same three lines' 3 "$(lines)"
check_is 'the file is root alone'\''s' 600 "$(stat -c %a $PENDING)"
check "the hooks of another system's files" all_hooks DPKG_ROOT=/mnt
check_is '... note nothing here' 3 "$(lines)"
fresh
check 'by hand, outside of dpkg' env -i PATH="$PATH" /etc/initramfs/post-update.d/bootlatch 9.9 /boot/initrd.img-9.9
check '... notes what' noted initramfs '9.9 made anew'
rm /boot/kexec.sig
mkdir -p /etc/bootlatch/signers
: >/etc/bootlatch/signers/F.pgp
fresh
check 'a known signer is reason enough' hook kernel/postinst.d
check '... noted' noted kernel '9.9 installed, by package linux-image-9.9'
rm -r /etc/bootlatch
: >/boot/kexec.sig

check_says 'who notes is a word' 2 'small letters' "$BIN" pending record 'two words' x
for n in x -1 10000; do
	check_says "--settle '$n'" 2 'takes 0 to 9999 seconds' "$BIN" pending due --settle "$n"
done
rmdir /run/systemd/ask-password 2>/dev/null || true
check_status 'without systemd there are no agents' 1 "$BIN" sign --agents

# --- never in the way of dpkg -----------------------------------------------------------------
warns() { grep -q '^W: bootlatch: ' "$T/err" && [ ! -s "$T/out" ]; }
fresh
mkdir $STATE
mount -t tmpfs -o ro tmpfs $STATE
check 'a read-only /var fails no hook' hook kernel/postinst.d
check '... but is told' warns
check '... with what to do' grep -q 'run as root: bootlatch sign' "$T/err"
umount $STATE
mount -t tmpfs -o size=4k,nr_inodes=4 tmpfs $STATE
head -c 4096 /dev/zero >$STATE/full
check 'a full /var fails no hook' hook kernel/postinst.d
check '... but is told' warns
umount $STATE
mv "$BIN" "$BIN.away"
check 'without the program the hooks succeed' all_hooks
check '... and say nothing' silent
printf '#!/bin/sh\nexit 7\n' >"$BIN" && chmod 755 "$BIN"
check 'a program that fails fails no hook' all_hooks
check '... but is told' warns
printf '#!/bin/sh\nsleep 60\n' >"$BIN"
began=$(date +%s)
check 'a program that hangs fails no hook' hook kernel/postinst.d
check '... and does not block dpkg' test $(($(date +%s) - began)) -lt 30
mv "$BIN.away" "$BIN"

# --- the end of apt's output, motd, dpkg's trigger --------------------------------------------
package() { # NAME POSTINST [TRIGGERS]: a .deb with a file in /boot
	p=$T/deb/$1
	mkdir -p "$p/DEBIAN" "$p/boot"
	echo "$1" >"$p/boot/$1"
	printf 'Package: %s\nVersion: 1\nArchitecture: all\nMaintainer: none <none@example.org>\nDescription: test\n' "$1" >"$p/DEBIAN/control"
	printf '#!/bin/sh\nset -e\n%s\n' "$2" >"$p/DEBIAN/postinst"
	chmod 755 "$p/DEBIAN/postinst"
	[ -z "${3:-}" ] || cp "$3" "$p/DEBIAN/triggers"
	dpkg-deb -b "$p" "$T/$1.deb" >/dev/null
}
apt() { LC_ALL=C timeout 120 apt-get -y -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0 install "$@" >"$T/apt.out" 2>&1 </dev/null || { cat "$T/apt.out"; return 1; }; }
ends_with_notice() { tail -n 2 "$1" | head -n 1 | grep -q 'not signed yet' && tail -n 1 "$1" | grep -q 'run as root: bootlatch sign$'; }
package vmlinuz-9.9 'run-parts --report --exit-on-error --arg=9.9 --arg=/boot/vmlinuz-9.9 /etc/kernel/postinst.d'
package vmlinuz-9.8 'run-parts --report --exit-on-error --arg=9.8 --arg=/boot/vmlinuz-9.8 /etc/kernel/postinst.d'
package vmlinuz-9.7 true
package kept "if [ \"\$1\" = triggered ]; then shift; $T/usr/lib/bootlatch/boot-triggered \"\$@\"; fi" "$TESTS/../sign/hooks/triggers"
sed -i "s,^\(# \|interest\),\1," "$T/deb/kept/DEBIAN/triggers"
fresh
check 'apt installs a kernel' apt "$T/vmlinuz-9.9.deb"
check "... and the end of its output tells it" ends_with_notice "$T/apt.out"
check '... with what and by whom' grep -q '9.9 installed, by package vmlinuz-9.9' "$T/apt.out"
"/etc/update-motd.d/98-bootlatch" >"$T/motd"
check 'who logs in is told' ends_with_notice "$T/motd"
fresh
/etc/update-motd.d/98-bootlatch >"$T/motd"
check 'but not without cause' test ! -s "$T/motd"
rm /boot/kexec.sig
check 'apt on a machine that does not sign' apt --reinstall "$T/vmlinuz-9.9.deb"
check_fails '... says nothing of it' grep -qi bootlatch "$T/apt.out"
: >/boot/kexec.sig
check 'the package with the trigger' apt "$T/kept.deb"
fresh
check 'dpkg -i of a package whose scripts know no hooks' sh -c "LC_ALL=C dpkg -i '$T/vmlinuz-9.7.deb' >'$T/dpkg.out' 2>&1 </dev/null"
check '... the trigger notes it' noted dpkg 'files of packages in /boot, by package kept'
check '... and tells it, where no apt does' ends_with_notice "$T/dpkg.out"
fresh
check 'two kernels at once by apt' apt "$T/vmlinuz-9.8.deb" "$T/vmlinuz-9.9.deb" --reinstall
check_is '... the trigger is called once' 1 "$(grep -c ' dpkg ' $PENDING)"
check_is '... and it is told once' 1 "$(grep -c 'not signed yet' "$T/apt.out")"
fresh
mkdir $STATE
mount -t tmpfs -o ro tmpfs $STATE
check 'apt with a read-only /var/lib/bootlatch does its work' apt --reinstall "$T/vmlinuz-9.9.deb"
umount $STATE
mv "$BIN" "$BIN.away"
check 'apt without the program does its work' apt --reinstall "$T/vmlinuz-9.9.deb"
printf '#!/bin/sh\nexit 7\n' >"$BIN" && chmod 755 "$BIN"
check 'apt with a program that fails does its work' apt --reinstall "$T/vmlinuz-9.9.deb"
mv "$BIN.away" "$BIN"

# --- what lies in the list --------------------------------------------------------------------
fresh
check 'a hostile name' hook kernel/postinst.d "DPKG_MAINTSCRIPT_PACKAGE=$(printf 'a\n2026\033[2J%0500d' 1)"
check '... stays in one line' test "$(lines)" = 1
check_fails '... and drives no terminal' grep -q "$(printf '\033')" $PENDING
head -c 1000000 /dev/urandom >$PENDING
check 'a list that was damaged is told' tells 'cannot be read any more'
check 'and added to' hook kernel/postinst.d
check_is '... two lines' 2 "$(lines)"
: >/boot/kexec_package_trigger_post.txt
check_says "Heads' own trigger files are shown" 0 'kexec_package_trigger_post.txt' "$BIN" pending show
check_is '... in JSON too' kexec_package_trigger_post.txt "$("$BIN" pending show --json 2>/dev/null | jq -r '.triggers[0].name')"
rm /boot/kexec_package_trigger_post.txt

# --- signed, changed, asked: with a dongle ----------------------------------------------------
volumes_start
sign_start
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
umount /boot
mount -t tmpfs -o mode=755 tmpfs /boot
small_boot /boot
fresh
card_make alice cv25519 00000A01 || { fail 'gpg makes keys'; finish; }
sign() { "$BIN" sign --yes --wait 5 --pin-fd 3 3<"$T/pin" </dev/null; }
look() { "$BIN" pending check --settle 0 </dev/null; }
CONF=/etc/bootlatch BOOT=/boot
hook kernel/postinst.d
check 'bootlatch sign' sign
check 'an unsigned /boot was no reason to note' test ! -e $PENDING
hook kernel/postinst.d
check 'a hook notes, now that it is signed' test -e $PENDING
check 'what is as it was signed is no longer pending' look
check_fails '... the list is gone' test -e $PENDING
cp -a /boot/grub/grub.cfg "$T/grub.cfg"
echo '# by hand' >>/boot/grub/grub.cfg
check_says 'update-grub by hand is noticed' 0 'that is noted' look
check '... and named' grep -q ' boot .*grub/grub.cfg' $PENDING
cp $PENDING "$T/pending.before"
(
	[ -d $STATE/signed ] || mkdir -m 700 $STATE/signed
	exec 9>$STATE/signed/boot.lock
	flock 9
	sleep 3
	cp -a "$T/grub.cfg" /boot/grub/grub.cfg
) &
lib_own $!
sleep 0.5
check 'looking while somebody signs waits for that' look
check_fails '... and sees what was signed' test -e $PENDING
echo '# by hand' >>/boot/grub/grub.cfg
check 'looking again' look
cp $PENDING "$T/pending.before"
check 'and again' look
check '... notes nothing new' cmp $PENDING "$T/pending.before"
echo new >/boot/vmlinuz-6.3
check 'one more change' look
check_is '... is one line all the same' 1 "$(lines)"
check '... with both' grep -q ' boot 2 difference\|vmlinuz-6.3' $PENDING
cp -a "$T/grub.cfg" /boot/grub/grub.cfg
rm /boot/vmlinuz-6.3
check 'put back as it was' look
check_fails '... nothing is pending' test -e $PENDING

mkdir -p /boot/efi
echo under >/boot/efi/under
check 'signed with a file below a mount point' sign
mount -t tmpfs tmpfs /boot/efi
hook kernel/postinst.d
check 'the unit, which may not look below it' setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin "$BIN" pending check --settle 0
check_fails '... finds nothing missing' test -e $PENDING
hook kernel/postinst.d
check 'and who may' look
check_fails '... finds it as signed' test -e $PENDING
umount /boot/efi
rm /boot/efi/under
check 'signed without it' sign

due() { "$BIN" pending due --settle 0 </dev/null; }
mkdir -p /run/systemd/sessions /run/systemd/ask-password
check_status 'nothing pending: nobody is asked' 1 due
echo 'newer kernel' >/boot/vmlinuz-6.2
hook kernel/postinst.d
check_status 'nobody logged in: nobody is asked' 1 due
printf 'CLASS=greeter\nTYPE=wayland\nSTATE=online\n' >/run/systemd/sessions/c1
check_status 'a login screen is nobody' 1 due
printf 'CLASS=user\nTYPE=tty\nSTATE=active\n' >/run/systemd/sessions/2
: >/boot/kexec_package_trigger_pre.txt
check_status "a trigger that nobody signed is no reason to ask" 10 due
rm /boot/kexec_package_trigger_pre.txt
check 'somebody is there' due
check_status 'asked once, not twice' 1 due
hook initramfs/post-update.d
check 'another change is another question' due

# --- the question, by systemd's own agent ----------------------------------------------------
agent=$(command -v systemd-tty-ask-password-agent || true)
ASK=/run/systemd/ask-password
asks() { # in the background
	"$BIN" sign --agents --wait 5 >"$T/sign.out" 2>&1 </dev/null &
	SIGNER=$!
	lib_wait 200 sh -c "ls $ASK/ask.* >/dev/null 2>&1" || { cat "$T/sign.out"; return 1; }
}
ended() { # STATUS
	e_rc=0
	wait "$SIGNER" || e_rc=$?
	[ "$e_rc" = "$1" ] || { echo "status $e_rc"; cat "$T/sign.out"; return 1; }
}
question() { sed -n 's/^Message=//p' $ASK/ask.*; }
no_files() { [ -z "$(ls "$ASK")" ]; }
answer() { # TEXT: typed at the agent
	printf 'expect tries left\nsend %s\\n\nend\n' "$1" | talk "$agent" --query
}
if [ -n "$agent" ]; then
	check 'a service asks' asks
	question >"$T/question"
	check '... shows what changed' grep -q 'changed .*vmlinuz-6.2' "$T/question"
	check '... and who is to sign' grep -q '00000A01' "$T/question"
	check '... and that it may have to be touched' grep -q 'touch the dongle if it blinks' "$T/question"
	check '... and why' grep -q 'Noted: .*kernel: 9.9 installed, by package linux-image-9.9' "$T/question"
	check '... without an echo, without a cache' sh -c "grep -qx Echo=0 $ASK/ask.* && grep -qx AcceptCached=0 $ASK/ask.*"
	tries=$(vcard_field alice pin.pw1.tries)
	check 'a wrong PIN' answer 654321
	check '... ends it' ended 3
	check '... no file is left' no_files
	check_is '... one try is spent, not two' $((0x$tries - 1)) $((0x$(vcard_field alice pin.pw1.tries)))
	check 'asked again, by a new change' asks
	check 'given up' sh -c "printf 'expect tries left\nsend \\\\x04\nend\n' | '$O/ptytalk' '$agent' --query"
	lib_end "$SIGNER"
	check '... no file is left' no_files
	cp $PENDING "$T/pending.before"
	check 'once more' asks
	check 'the PIN, typed at the agent' answer 123456
	check '... signs' ended 0
	check '... no file is left' no_files
	check_fails '... nothing is pending' test -e $PENDING
	check 'the verifier written from HEADS.md takes it' heads_verify --style relative /boot
	check_status 'and ours' 0 "$BIN" verify
	echo even newer >/boot/vmlinuz-6.2
	hook kernel/postinst.d
	vcard_pull alice
	check 'no dongle: it asks for one' asks
	check '... in words' grep -q 'insert the dongle. Press Enter to go on' $ASK/ask.*
	kill -9 "$SIGNER"
	wait "$SIGNER" 2>/dev/null || true
	check 'killed: no file is left' lib_wait 50 no_files
	vcard_insert alice
	i=0
	while [ $i -lt 60 ]; do
		: >"/boot/a file among many, number $i"
		i=$((i + 1))
	done
	check_status 'what cannot be shown whole is not asked' 10 \
		sh -c "'$BIN' sign --agents --wait 5 </dev/null"
	rm "/boot/a file among many"*
	rm -r /etc/bootlatch/signers
	check_status 'where no key is known nobody is asked' 10 sh -c "'$BIN' sign --agents --wait 5 --key $KEY </dev/null"
	check '... no file is left' no_files
else
	skip 'a service asks' 'no systemd-tty-ask-password-agent'
fi

# --- the units --------------------------------------------------------------------------------
if command -v systemd-analyze >/dev/null; then
	cp "$O/bootlatch" "$BIN"
	check 'systemd takes the units' sh -c "systemd-analyze verify --man=no $T/usr/lib/systemd/system/*.path $T/usr/lib/systemd/system/*.service >'$T/units' 2>&1 && ! grep bootlatch '$T/units'"
else
	skip 'systemd takes the units' 'no systemd-analyze'
fi
finish
