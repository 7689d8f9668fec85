# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# The cases of boot.sh: a line of the table and a function each (those of disks that an attacker made
# are in boot_evil.sh, odd dongles in boot_dongles.sh, many volumes in boot_crypttab.sh, other ways to answer in
# boot_ways.sh). The numbers are issue 4's.
# shellcheck disable=SC2016,SC2034,SC2059,SC2154,SC2046,SC2086,SC2120 # boot_case.sh, console.sh; options are words

# NAME SET RELEASES TITLE; what takes longest first
table() {
	cat <<-'END'
		installed12  installed12 bookworm (5) LVM on LUKS with swap: the image that it made itself boots it, and wakes it up
		installed13  installed13 trixie (5) LVM on LUKS with swap: the image that it made itself boots it, and wakes it up
		pin          full     all       (1) the PIN opens the root
		wrong        root     all       (2) a wrong PIN, then the right one
		passphrase   root     all       (4) no dongle: the passphrase
		late         root     all       (3) the dongle comes after the prompt
		nousb        root     bookworm  (22) no USB at all: 50 wrong passphrases open no shell, the right one the root
		blocked      root     bookworm  (9) the PIN becomes blocked: the passphrase
		nullcipher   root     all       (6) a segment with the null cipher is refused
		fake         root     all       (7) another volume of the same UUID is refused
		plainroot    root     trixie    (7) a plain disk with the UUID of the root is not mounted, and no shell comes
		uuidroot     root     bookworm  (7) the same UUID on the volume: the PIN opens it; from a plain swap nothing is resumed
		pullverify   root     trixie    (8) pulled out during VERIFY, put back
		pulldecipher root     bookworm  (8) pulled out during DECIPHER, put back
		three        three    bookworm  (10) three volumes, one PIN
		threepass    three    bookworm  three volumes, one passphrase
		mixed        three    trixie    two dongles for different volumes; names and options of crypttab
		latedisk     root     trixie    the disk comes late
		screen       root     bookworm  a screen and keys, without a splash: a wrong PIN, then the right one
		pipe         root     trixie    the PIN through the pipe, as by ssh
		heads        root     bookworm  (12) the key that Heads injects opens the root, nothing is asked
		headswrong   root     trixie    (12) a key of Heads that is wrong: on to the card
		rsa4096      rsa4096  trixie    (17) RSA-4096
		nistp384     nistp384 bookworm  (17) P-384
		kdf          kdf      bookworm  (18) a card with key derivation (KDF-DO)
		touch        touch    trixie    a dongle that wants to be touched says so
		confined     root     all       what drives the reader at boot is confined
		hostile      root     bookworm  (21) a reader that talks nonsense does not keep the passphrase out
		descriptors  root     trixie    (21) devices with spoilt descriptors do not, either
		breaks       root     bookworm  (20) break= on the command line: a shell, and nothing open; then the PIN
		panics       root     trixie    (20) the same with panic=: no shell
		rdinit       root     trixie    (20) rdinit= on the command line: a shell before anything of ours has run
		luks1        luks1    trixie    (11) LUKS1
		reencrypted  root     bookworm  (19) reencrypted behind our back: told, and mended by record renew
		twodongles   root     trixie    (15) two dongles, one enrolled
		splash       splash   system    (13) plymouth: the prompt on the screen, the PIN by keys
		gnupgsc      gnupgsc  system    (14) Debian's own gnupg-sc keyscript boots with our blob
		import       import   system    (14) such a system, taken over by enroll --import, boots with our prompt
		kernels      kernels  system    (16) the second of two kernels
		system       system   system    the booted system: gpg --card-status works at once
	END
}
title() { table | awk -v n="$1" '$1 == n { sub(/^([^ ]+ +)([^ ]+ +)([^ ]+ +)/, ""); print }'; }
list() {
	table | while read -r t_name t_set t_releases _; do
		case " ${VM_CASES:-$t_name} " in *" $t_name "*) ;; *) continue ;; esac
		[ "$t_releases" != all ] || t_releases="bookworm trixie"
		for t_r in $t_releases; do
			case " $* " in *" $t_r "*) echo "$t_name $t_r $t_set" ;; esac
		done
	done
}

PASSPHRASE='correct horse battery staple'
# disk NAME: the case's own copy of an image of the set
disk() {
	[ -e "$D/$1.img" ] || cp --sparse=always "$S/$1.img" "$D/$1.img"
	echo "$D/$1.img"
}
# boots [DISK...] with one USB port and a dongle to come; LINE: more for the kernel
boots() {
	guest "$RELEASE" "$SET" "${ROOT:-root=/dev/mapper/cryptroot} rootfstype=ext4 ro ${LINE:-}" \
		$(disks "${@:-$(disk root)}") $(usb usb0)
}
pin() {
	expect 'PIN for'
	type_ "${1:-123456}"
}
case_pin() {
	boots
	dongle usb0 cv
	pin
	opened
	sent VERIFY 1
	sent DECIPHER 1
}
case_wrong() {
	boots
	dongle usb0 cv
	pin 654321
	expect 'Wrong PIN'
	pin
	opened
	sent VERIFY 2
}
case_passphrase() {
	boots
	expect 'assphrase'
	type_ "$PASSPHRASE"
	opened
}
case_late() {
	boots
	expect 'assphrase'
	dongle usb0 cv
	pin
	opened
	sent VERIFY 1
}
case_nousb() {
	guest "$RELEASE" "$SET" "root=/dev/mapper/cryptroot rootfstype=ext4 ro" $(disks "$(disk root)")
	n=0
	while [ $n -lt 50 ]; do
		n=$((n + 1))
		expect 'assphrase'
		type_ "wrong $n"
		expect 'does not open'
	done
	never '(initramfs)'
	unopened
	expect 'assphrase'
	type_ "$PASSPHRASE"
	opened
}
case_blocked() {
	boots
	dongle usb0 cv
	pin 654321
	expect '2 tries left'
	pin 654322
	expect 'one try left'
	pin 654323
	expect 'again'
	type_ 654323
	expect 'blocked'
	expect 'assphrase'
	type_ "$PASSPHRASE"
	opened
	sent VERIFY 3
}
# tells MAPPING...: an image that says, before root is entered, what those lie on, and what init was given.
tells() {
	mkdir -p "$D/cpio/scripts/local-bottom"
	cat >"$D/cpio/scripts/local-bottom/bootlatch" <<-END
		#!/bin/sh
		[ "\$1" != prereqs ] || exit 0
		sed 's/^/roots: /' /etc/bootlatch/roots >/dev/console
		for d in $(printf 'mapper/%s ' "$@")vdb; do
			[ ! -b /dev/\$d ] || echo "\$d lies on: \$(/usr/lib/bootlatch/bootlatch-unlock --below /dev/\$d)" >/dev/console
		done
		. /conf/param.conf
		echo "ROOT=\$ROOT resume=\$resume read \$(cat /sys/power/resume)" >/dev/console
	END
	chmod 755 "$D/cpio/scripts/local-bottom/bootlatch"
}
# heads KEYFILE: what Heads adds to the image, behind it
heads() {
	mkdir -p "$D/cpio/cryptroot"
	cp "$1" "$D/cpio/secret.key"
	sed 's,none,/secret.key,' "$S/crypttab" >"$D/cpio/cryptroot/crypttab"
	sed -i 's,=decrypt_bootlatch,=/lib/cryptsetup/scripts/decrypt_bootlatch,' "$D/cpio/cryptroot/crypttab"
	overlay
}
# overlay: INITRD, or else the set's image, with the folder cpio appended; INITRD
overlay() {
	cp "${INITRD:-$T/$RELEASE/$SET.initrd}" "$D/initrd"
	INITRD=$D/initrd
	truncate -s %512 "$INITRD"
	(cd "$D/cpio" && find . | cpio -o -H newc --quiet) >>"$INITRD"
}
case_heads() {
	head -c 128 /dev/urandom >"$D/key"
	img=$(disk root)
	cryptsetup luksAddKey -q --key-slot 31 --key-file "$T/key" --pbkdf pbkdf2 --pbkdf-force-iterations 1000 \
		"$img" "$D/key"
	heads "$D/key"
	boots "$img"
	opened
	never 'PIN for'
	never 'assphrase'
}
case_headswrong() {
	head -c 128 /dev/urandom >"$D/key"
	heads "$D/key"
	boots
	dongle usb0 cv
	pin
	opened
	sent VERIFY 1
}
case_rsa4096() {
	boots
	dongle usb0 "$NAME"
	pin
	opened
	sent VERIFY 1
}
case_nistp384() { case_rsa4096; }
case_kdf() {
	boots
	dongle usb0 kdf
	pin
	opened
	sent VERIFY 1
}
case_breaks() {
	LINE='break=mount panic='
	boots
	dongle usb0 cv
	expect '(initramfs)'
	sleep 3
	type_ 'ls /dev/mapper; echo nothing${PATH:+ is} open'
	expect 'nothing is open'
	never 'PIN for'
	unopened
	type_ exit
	pin
	opened
	sent VERIFY 1
}
case_panics() {
	LINE=break=mount
	boots
	dongle usb0 cv
	expect 'Rebooting automatically due to panic='
	never '(initramfs)'
	unopened
	sent VERIFY 0
}
case_rdinit() {
	LINE=rdinit=/bin/sh
	boots
	dongle usb0 cv
	expect '# '
	sleep 3
	type_ 'cat /proc/*/comm; ls /dev/mapper; echo nothing${PATH:+ is} open'
	expect 'nothing is open'
	never 'PIN for'
	never 'bootlatch-unloc'
	unopened
	sent VERIFY 0
}
case_luks1() {
	boots
	dongle usb0 cv
	pin
	opened
}
case_reencrypted() {
	img=$(disk root)
	cryptsetup reencrypt -q --force-offline-reencrypt --key-file "$T/key" --key-slot 0 --pbkdf pbkdf2 \
		--pbkdf-force-iterations 1000 "$img" >"$D/said" 2>&1 || lost 'cryptsetup reencrypts'
	boots "$img"
	dongle usb0 cv
	expect 'record renew'
	sent VERIFY 0
	lib_end "$QEMU"
	lib_end "$DONGLE"
	cp -r "$S/boot" "$S/etc" "$D/"
	"$O/bootlatch" record renew "$img" --boot "$D/boot" --config "$D/etc/bootlatch" --key-file "$T/key" </dev/null >"$D/said" 2>&1 ||
		lost 'record renew'
	mkdir -p "$D/cpio/etc"
	cp -r "$D/etc/bootlatch" "$D/cpio/etc/"
	overlay
	rm -f "$D/serial.in" "$D/serial.out" "$D/usb0"
	SEEN=0 # console.sh: a new log
	boots "$img"
	expect 'Only a passphrase opens'
	expect 'assphrase for'
	type_ "$PASSPHRASE"
	opened
}
case_gnupgsc() {
	LINE=plymouth.enable=0 # it reads the console too, and takes every other key
	boots
	dongle usb0 cv
	expect '<Cancel>'
	g_tries=$((${VM_PATIENCE:-300} / 3)) # what is typed before pinentry is ready is lost
	until tail -c "+$((SEEN + 1))" "$LOG" | grep -aqF '*'; do
		g_tries=$((g_tries - 1))
		[ $g_tries -gt 0 ] || lost 'pinentry takes no key'
		printf 1 >&7
		sleep 3
	done
	sleep 3 # or comes late: it is taken back
	for g_key in '\177\177\177\177' 123456 '\t' ' ' '\r'; do # the last ones: on to OK, and pressed
		printf "$g_key" >&7
		sleep 1
	done
	opened
	sent DECIPHER 1 # scdaemon verifies for signatures, too
	never 'PIN for'
}
case_import() {
	boots
	dongle usb0 cv
	pin
	opened
	sent VERIFY 1
	never '<Cancel>'
}
case_kernels() {
	LINE=panic=5
	boots
	dongle usb0 cv
	pin
	opened
	sent VERIFY 1
	grep -aq "@$NONCE kernel .*-rt-" "$LOG" || lost 'that is the first kernel'
}
case_system() {
	LINE="rw $SYSTEMD_PATIENCE"
	boots
	dongle usb0 cv
	pin
	expect "@$NONCE root /dev/mapper/cryptroot" 600
	expect "@$NONCE end"
	for c_line in 'gpg 0' 'card Serial number .*: 00000B01' 'card PIN retry counter : 3 0 3' 'verified D.0000.*63 C3'; do
		grep -aq "@$NONCE $c_line" "$LOG" || lost "not '$c_line'"
	done
	never "@$NONCE runs"
	never "@$NONCE left"
	sent VERIFY 1
}
