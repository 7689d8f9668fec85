#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# /boot on real disks in a guest: vfat, btrfs and ext4, signed with the dongle, updated, killed at the moves,
# and the power cut in the middle of them. The verifier that was written from HEADS.md judges, in the guest.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
TESTS=$(cd "$here/.." && pwd)
. "$here/../integration/lib.sh"
. "$here/../integration/volumes.sh"
. "$here/../sign/boot.sh"
. "$here/image.sh"
need 'signing on other file systems' qemu-system-x86_64 cpio busybox apt-get dpkg unshare pcscd opensc-tool gpg gpgv \
	strace mkfs.vfat mcopy mkfs.btrfs mke2fs
if [ -z "${LIB_INSIDE:-}" ]; then # the namespace has no network
	T=$(mktemp -d)
	vm_kernel || { fail "Debian's kernel can be had"; rm -r "$T"; finish; }
	rm -r "$T"
	export KERNEL MODULES
fi
lib_reexec_in_namespace "$0" "$@"
log=$O/vm/sign_fs.log
mkdir -p "${log%/*}"
: >"$log"
NONCE=$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')
volumes_start
sign_start
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
card_make cv cv25519 00000B01 || { fail 'gpg makes keys'; finish; }
gpg --batch --export >"$T/cert"
vcard_stop cv
pcscd_stop

# --- the disks: each with a small /boot
small_boot "$T/small"
mke2fs -q -t ext4 -d "$T/small" "$T/ext4.img" 64M >"$T/out" 2>&1 || stop 'mke2fs' "$T/out"
truncate -s 160M "$T/btrfs.img"
mkfs.btrfs -q -r "$T/small" "$T/btrfs.img" >"$T/out" 2>&1 || stop 'mkfs.btrfs' "$T/out"
find "$T/small" -type l -delete # there are none on FAT
mkfs.vfat -C "$T/vfat.img" 65536 >"$T/out" 2>&1 || stop 'mkfs.vfat' "$T/out"
mcopy -s -i "$T/vfat.img" "$T"/small/* :: >"$T/out" 2>&1 || stop 'mcopy' "$T/out"
mke2fs -q -t ext4 "$T/keep.img" 32M >"$T/out" 2>&1 || stop 'mke2fs' "$T/out" # what is not on /boot

# --- the image
needs() { # MODULE: it and what it needs, what comes first last
	ne_file=$(find "$MODULES" -name "$(echo "$1" | sed 's/[-_]/[-_]/g').ko")
	[ -n "$ne_file" ] || return 0 # built in
	basename "$ne_file" .ko
	for ne in $(tr '\0' '\n' <"$ne_file" | sed -n 's/^depends=//p' | tr , ' '); do needs "$ne"; done
}
all=''
for m in crc32c_generic virtio_pci virtio_blk xhci-pci ext4 btrfs vfat nls_cp437 nls_ascii nls_utf8; do
	all="$all $(needs $m | tac | tr '\n' ' ')"
done
# shellcheck disable=SC2046,SC2086 # words
vm_modules $(printf '%s\n' $all | awk '!seen[$0]++')
IFD=/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents
vm_copy "$IFD/Linux/libccid.so" "$IFD/Info.plist" /usr/bin/udevadm /usr/bin/gpgv /usr/bin/strace \
	"$(find /usr/lib -name libgcc_s.so.1 | sed q)"
mkdir -p "$T/image/bin" "$T/image/t" "$T/image/lib/systemd" "$T/image/etc/bootlatch"
ln -s /usr/bin/udevadm "$T/image/lib/systemd/systemd-udevd"
cp "$(command -v busybox)" "$T/image/bin/busybox"
cp "$O/bootlatch" "$T/image/t/bootlatch"
for l in $(vm_libraries "$O/bootlatch"); do vm_copy "$l"; done
cp "$T/pin" "$T/cert" "$TESTS/sign/heads_verify.sh" "$TESTS/sign/entries.awk" "$T/image/t/"
cp "$here/sign_fs_init.sh" "$T/image/init"
chmod 755 "$T/image/init"
vm_pack

# --- the guest, twice: in between the power fails
boots() { # WORD: on its command line
	rm -f "$T/serial" "$T/usb0"
	nonce=$NONCE NONCE="$NONCE step=$1"
	vm_start -chardev "socket,id=r0,path=$T/usb0,server=on,wait=off" -device usb-redir,chardev=r0,bus=x.0 \
		-drive "file=$T/vfat.img,format=raw,if=virtio" -drive "file=$T/btrfs.img,format=raw,if=virtio" \
		-drive "file=$T/ext4.img,format=raw,if=virtio" -drive "file=$T/keep.img,format=raw,if=virtio"
	NONCE=$nonce
	(
		lib_wait 600 test -S "$T/usb0"
		exec "$O/bootlatch-dongle" --state "$(vcard_state cv)" --trace "$(vcard_trace cv)" --socket "$T/usb0"
	) >>"$T/dongle.log" 2>&1 &
	DONGLE=$!
	lib_own $DONGLE
	ended=''
	while IFS= read -r line; do
		line=$(printf %s "$line" | tr -d '\r')
		printf '%s\n' "$line" >>"$log"
		case $line in *"@$NONCE "*) ;; *) continue ;; esac
		line=${line#*"@$NONCE "}
		rest=${line#* }
		case $line in
		'ok '*) ok "$rest" ;;
		'fail '*) fail "$rest" ;;
		'note '*) echo "      | $rest" ;;
		cut)
			kill -9 "$(pgrep -P "$QEMU")"
			ended='cut'
			;;
		end) ended=yes ;;
		esac
	done <"$T/serial"
	wait "$QEMU" 2>/dev/null || true
	lib_end "$DONGLE"
}
began=$(date +%s)
boots work
check_is 'the power is cut in the middle of the moves' cut "$ended"
boots again
check_is 'the guest came to its end' yes "$ended"
echo "      $(($(date +%s) - began)) s"
[ "$FAILED" = 0 ] || { echo "The serial log: $log"; cat "$T/qemu.err" "$T/dongle.log"; }
finish
