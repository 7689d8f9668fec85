#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# /init of the guest of sign_fs.sh: /boot on vfat, btrfs and ext4. Says how it went on the serial console,
# marked with the nonce of this run; "cut" asks the host to end us there and then.
/bin/busybox mkdir -p /proc /sys /dev /run /tmp /bin /boot /var/lib/bootlatch /usr/bin
/bin/busybox --install -s /bin
PATH=/bin:/usr/bin:/t LC_ALL=C
export PATH LC_ALL
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs run /run
mount -t tmpfs tmp /tmp
for m in /modules/*.ko; do insmod "$m" || true; done
N=$(sed 's/.*nonce=\([0-9a-f]*\).*/\1/' /proc/cmdline)
say() { echo "@$N $*"; }
/lib/systemd/systemd-udevd --daemon >/dev/null 2>&1
udevadm trigger --type=devices --action=add >/dev/null 2>&1
udevadm settle --timeout=60 >/dev/null 2>&1

# What is known outside of /boot outlives the power.
mkdir -p /keep /etc/bootlatch
mount -t ext4 /dev/vdd /keep
mkdir -p /keep/etc /keep/var
mount -o bind /keep/etc /etc/bootlatch
mount -o bind /keep/var /var/lib/bootlatch

# check SENTENCE STATUS WORDS COMMAND...
check() {
	c_what="$FS: $1" c_want=$2 c_words=$3 c_got=0
	shift 3
	"$@" >/tmp/out 2>&1 </dev/null || c_got=$?
	if [ $c_got = "$c_want" ] && { [ -z "$c_words" ] || grep -qF -e "$c_words" /tmp/out; }; then
		say ok "$c_what"
	else
		say fail "$c_what (status $c_got, not $c_want)"
		tail -n 15 /tmp/out | sed "s/^/@$N note /"
	fi
}
# A busy machine does not even start the reader's child in time: status 5, and nothing was done.
sign() {
	for _ in 1 2 3 4 5; do
		s_rc=0
		bootlatch sign --yes --transport ccid --wait 120 --default first --pin-fd 3 3</t/pin || s_rc=$?
		[ "$s_rc" = 5 ] || break
	done
	return "$s_rc"
}
heads() { sh /t/heads_verify.sh --keyring /t/cert /boot; }
is_good() {
	check "$1: bootlatch verify takes it" 0 'as it was signed' bootlatch verify
	check "$1: the independent verifier takes it" 0 good heads
}
remount() { umount /boot && mount -t "$FS" "$DISK" /boot; }
update() { # NUMBER: as a package writes a kernel: aside, then renamed
	echo "kernel $1" >/boot/vmlinuz-6.2.dpkg-new
	mv /boot/vmlinuz-6.2.dpkg-new /boot/vmlinuz-6.2
	echo "map $1" >"/boot/System.map-$1"
}
# The signing, and strace beside it.
traced() { strace -o /tmp/strace -e trace=renameat "$@" bootlatch sign --yes --transport ccid --wait 120 --default first --pin-fd 3 3</t/pin; }
killed() { # N: at the N-th rename
	for _ in 1 2 3 4 5; do
		k_rc=0
		traced -e "inject=renameat:signal=KILL:when=$1" || k_rc=$?
		[ "$k_rc" = 5 ] || break
	done
	[ "$k_rc" = 137 ] && grep -q 'killed by SIGKILL' /tmp/strace
}
# As before (the update is not signed), as after, or finished by --resume.
finishes() {
	heads && { bootlatch verify; return; }
	bootlatch sign --resume --yes || return 1
	heads >/tmp/heads || { sign && heads; }
}

on_disk() { # FS DISK
	FS=$1 DISK=$2
	check 'is mounted' 0 '' mount -t "$FS" "$DISK" /boot
	check 'is signed' 0 'Signed /boot' sign
	is_good 'signed'
	check 'mounted again' 0 '' remount
	is_good 'mounted again'
	update 1
	check 'an update shows' 7 'NOT AS IT WAS SIGNED' bootlatch verify
	check 'it is told' 0 'changed  vmlinuz-6.2' bootlatch sign --diff
	check 'it is signed' 0 'Signed /boot' sign
	is_good 'updated'
	check 'nothing else is to be done' 0 'nothing is to be done' sign
	printf X | dd of=/boot/initrd.img-6.2 bs=1 seek=2 conv=notrunc 2>/dev/null
	check 'a byte that was flipped is named' 7 'initrd.img-6.2' bootlatch verify
	check 'and seen by the other' 1 'bad hashes' heads
	check 'it is signed all the same' 0 'Signed /boot' sign
	for k in 1 2 3 4; do
		update "kill$k"
		check "killed at rename $k" 0 '' killed $k
		check "killed at rename $k: mounted again" 0 '' remount
		check "killed at rename $k: it is finished or signed anew" 0 '' finishes
		[ $k -lt 4 ] || check 'and signed' 0 '' sign
	done
	is_good 'in the end'
	case $FS in
	vfat)
		check 'modes are the mount'"'"'s' 0 'permissions no' head -n 2 /boot/kexec_bootlatch.txt
		check 'names in other letters are the same file' 0 '' test -e /boot/KEXEC_HASHES.TXT
		mv /boot/vmlinuz-6.1 /boot/aside # to mv both are one file
		mv /boot/aside /boot/VMLINUZ-6.1
		check 'a name in other letters is told' 7 VMLINUZ-6.1 bootlatch verify
		check 'and seen by the other' 1 'bad tree' heads
		mv /boot/VMLINUZ-6.1 /boot/aside
		mv /boot/aside /boot/vmlinuz-6.1
		;;
	*)
		chmod 600 /boot/vmlinuz-6.1
		check 'a mode is told' 7 vmlinuz-6.1 bootlatch verify
		chmod 644 /boot/vmlinuz-6.1
		ln -sfn vmlinuz-6.1 /boot/vmlinuz
		check 'a link is told' 7 'vmlinuz' bootlatch verify
		ln -sfn vmlinuz-6.2 /boot/vmlinuz
		;;
	esac
	is_good 'put back'
	mount -o remount,ro /boot
	check 'read-only it is verified' 0 'as it was signed' bootlatch verify
	check 'and not signed' 1 'read-only' sign
	umount /boot
}
# The power fails with half of the moves on the disk.
cut_at() { # FS DISK N
	FS=$1 DISK=$2
	mount -t "$FS" "$DISK" /boot
	update cut
	check 'killed in the middle of the moves' 0 '' killed "$3"
	check 'in the middle of the moves it is not as it was signed' 1 bad heads
	sync # that state is on the disk
}
after_cut() { # FS DISK
	FS=$1 DISK=$2
	check 'after the cut: is mounted' 0 '' mount -t "$FS" "$DISK" /boot
	check 'after the cut: it is in between' 7 '' bootlatch verify
	check 'after the cut: sign says what to do' 10 '--resume' sign
	check 'after the cut: finished without card and PIN' 0 'Signed /boot' bootlatch sign --resume --yes
	is_good 'after the cut'
	umount /boot
}
case $(cat /proc/cmdline) in
*step=work*)
	on_disk vfat /dev/vda
	on_disk btrfs /dev/vdb
	on_disk ext4 /dev/vdc
	cut_at vfat /dev/vda 4
	say cut
	sleep 1000
	;;
*)
	after_cut vfat /dev/vda
	say end
	poweroff -f
	;;
esac
