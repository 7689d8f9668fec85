#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What booting costs, beside Debian's keyscript decrypt_gnupg-sc: the time from the start of unlocking to the mapping,
# and what each adds to the image. In guests of QEMU, with the virtual dongle; ROUNDS boots each (0: the images alone).
# shellcheck disable=SC1091,SC2016,SC2034 # texts of other scripts; what console.sh reads
set -eu
here=$(cd "$(dirname "$0")/../vm" && pwd)
. "$here/../integration/lib.sh"
. "$here/../integration/volumes.sh"
. "$here/image.sh"
. "$here/tree.sh"
. "$here/boot_sets.sh"
. "$here/console.sh"
. "$here/../bench/rows.sh"
need 'booting is measured' qemu-system-x86_64 mmdebstrap mke2fs cryptsetup busybox unshare pcscd opensc-tool gpg jq
[ -n "${LIB_INSIDE:-}" ] || { vm_tree system && vm_tree gpg12; } || stop 'those Debians cannot be had'
lib_reexec_in_namespace "$here/../bench/boot_vs.sh" "$@"
ROUNDS=${ROUNDS:-3} OUT=${OUT:-$O/../bench-boot.json} LOGS=$O/bench
CARD_MS=13 # as bench.sh
# A guest without KVM: with these argon2id takes what luksFormat aims at, about 2 s.
KDF='--pbkdf argon2id --pbkdf-memory 65536 --pbkdf-parallel 1 --pbkdf-force-iterations 4'
NONCE=bench
mkdir -p "$LOGS" "$T/plain"
vm_root "$T/plain/root.ext4"

# --- one disk, opened by a passphrase, by gpg's key as README.gnupg-sc makes it, and by us, who took that over
volumes_start
pcscd_start || stop 'pcscd does not start'
set_begin bench
set_card cv cv25519 00000B01
# shellcheck disable=SC2086 # words
{
	vm_volume "$S/root.img" luks2 "$T/plain/root.ext4" $KDF
	head -c 256 /dev/urandom >"$T/plain/key"
	gpg -q --batch --recipient "$KEY" --output "$S/cryptkey.gpg" --encrypt <"$T/plain/key"
	cryptsetup luksAddKey -q $KDF --key-file "$T/key" "$S/root.img" "$T/plain/key"
} >"$T/out" 2>&1 || stop 'the volume cannot be made' "$T/out"
cp --sparse=always "$S/root.img" "$S/theirs.img" # without our keyslot, which they would try first
vcard_start cv
bl_pin enroll "$S/root.img" --import="$S/cryptkey.gpg" >"$T/out" 2>&1 || stop 'taking over failed' "$T/out"
vcard_stop cv
pcscd_stop
cp --sparse=always "$S/root.img" "$S/ours.img"

# --- three images of the same system, as Debian makes them by default
mark() { # FOLDER: a script there, from standard input, behind what every script says of itself
	{ printf '#!/bin/sh\n[ "$1" != prereqs ] || exit 0\n' && cat; } >"$TREE_COPY/etc/initramfs-tools/$1/mark"
	chmod 755 "$TREE_COPY/etc/initramfs-tools/$1/mark"
}
image() { # RELEASE NAME KEY [OPTION]: sets BYTES
	echo "cryptroot UUID=$(uuid_of "$S/root.img") $3 luks,initramfs${4:+,$4}" >"$TREE_COPY/etc/crypttab"
	vm_initramfs "$TREE_COPY" "$T/$1/$2.initrd" >"$T/out" 2>&1 || stop "no image for $2" "$T/out"
	BYTES=$(wc -c <"$T/$1/$2.initrd")
}
images() { # RELEASE ROW
	vm_tree "$1"
	TREE_COPY=$T/$1/tree
	mkdir "$T/$1"
	cp -a "$TREE" "$TREE_COPY"
	cp "$TREE_COPY/boot/vmlinuz-$(vm_versions "$TREE" | head -n 1)" "$T/$1/vmlinuz"
	make -s -C "$here/../.." O="$O" DESTDIR="$TREE_COPY" install >"$T/out" 2>&1 || stop 'make install' "$T/out"
	cp "$T/mapped" "$TREE_COPY/usr/bin/mapped"
	echo '. /usr/share/initramfs-tools/hook-functions; copy_exec /usr/bin/mapped' | mark hooks
	echo 'mapped </dev/null >/dev/console' | mark scripts/init-premount
	mkdir -p "$TREE_COPY/etc/keys" "$TREE_COPY/etc/cryptsetup-initramfs"
	cp "$S/cryptkey.gpg" "$TREE_COPY/etc/keys/cryptkey.gpg"
	cp "$T/cv.pub" "$TREE_COPY/etc/cryptsetup-initramfs/pubring.gpg"
	cp -r "$BOOT/bootlatch" "$TREE_COPY/boot/"
	cp -r "$CONF" "$TREE_COPY/etc/"
	image "$1" plain none
	plain=$BYTES
	image "$1" theirs /etc/keys/cryptkey.gpg keyscript=decrypt_gnupg-sc
	theirs=$((BYTES - plain))
	image "$1" ours none keyscript=decrypt_bootlatch
	row "$2" KiB "$(((BYTES - plain) / 1024))" "$((theirs / 1024))" 4 least
}
${CC:-cc} -O2 -D_GNU_SOURCE -static -o "$T/mapped" "$here/../bench/mapped.c" || stop 'mapped.c does not compile'
images system image-bytes-vs-gnupg-sc
images gpg12 image-bytes-vs-gnupg-sc-12

# --- boots, in turn
[ "$ROUNDS" -gt 0 ] || {
	rows_show
	exit
}
now_ms() { echo $(($(date +%s%N) / 1000000)); }
seen() { # TEXT: from here on the person thinks and types, which is not counted
	until tail -c "+$((SEEN + 1))" "$LOG" | grep -aqF -e "$1"; do
		kill -0 "$QEMU" 2>/dev/null || lost "no '$1' on the console"
		sleep 0.02
	done
	BEGAN=$(now_ms)
}
# shows N SECONDS: so many stars more than at SEEN are on the screen
shows() {
	s_tenths=$(($2 * 10))
	while [ "$(tail -c "+$((SEEN + 1))" "$LOG" | tr -cd '*' | wc -c)" -lt "$1" ]; do
		s_tenths=$((s_tenths - 1))
		[ $s_tenths -gt 0 ] || return 1
		sleep 0.1
	done
}
# Only when the PIN is on the screen, Enter ends what the person does.
pin() {
	SEEN=$(wc -c <"$LOG")
	printf 123456 >&7
	shows 6 30 || lost 'the PIN does not reach the prompt'
	printf '\r' >&7
	HUMAN=$(($(now_ms) - BEGAN))
}
pin_ours() {
	seen 'PIN for'
	pin
}
pin_theirs() { # what is typed before pinentry is ready is lost, or comes late
	seen '<Cancel>'
	SEEN=$(wc -c <"$LOG")
	until shows 1 3; do printf 1 >&7; done
	sleep 3
	printf '\177\177\177\177\177\177\177\177\177\177' >&7
	sleep 3
	pin
}
at() { tr -d '\r' <"$LOG" | sed -n "s/^@$1 \([0-9]*\)\$/\1/p" | head -n 1; }
boot() { # NAME: adds the milliseconds to $T/NAME.ms
	TITLE=$1 D=$T/boot.$1 LOG=$LOGS/$1.log SEEN=0 HUMAN=0
	mkdir "$D"
	: >"$LOG"
	cp --sparse=always "$S/$1.img" "$D/root.img"
	# shellcheck disable=SC2046 # options
	VM_QUIET=quiet guest system "$1" 'root=/dev/mapper/cryptroot rootfstype=ext4 ro plymouth.enable=0' $(disks "$D/root.img") $(usb usb0)
	dongle usb0 cv --latency "$CARD_MS"
	"pin_$1"
	expect "@$NONCE end" 120
	wait "$QEMU" || true
	exec 7>&-
	lib_end "$DONGLE"
	echo $(($(at mapped) - $(at start) - HUMAN)) >>"$T/$1.ms"
	rm -r "${D:?}"
}
VM_PATIENCE=600
i=0
while [ $i -lt "$ROUNDS" ]; do
	boot ours
	boot theirs
	i=$((i + 1))
done
row boot-vs-gnupg-sc ms "$(median <"$T/ours.ms")" "$(median <"$T/theirs.ms")" 5 least
paste "$T/ours.ms" "$T/theirs.ms" | sed 's/^/  ours, theirs: /'
rows_show
