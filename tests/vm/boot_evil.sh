# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Cases of boot.sh in which an attacker made a disk. The table is in boot_cases.sh.
# shellcheck disable=SC2016,SC2034,SC2154,SC2046,SC2086,SC2120 # boot_case.sh, console.sh; options are words

# What an attacker's volume serves: a root with a nonce of its own.
evil() {
	never '@e0e0e0e0'
	unopened
}
evil_root() {
	cp "$T/plain/root.ext4" "$D/evil.ext4"
	LC_ALL=C sed -i "s/$NONCE/e0e0e0e0e0e0e0e0/g" "$D/evil.ext4"
}

case_nullcipher() {
	evil_root
	img=$(disk root)
	"$O/luks2_raw" "$img" json >"$D/json"
	sed -i 's/\("segments":{.*"encryption":"\)aes-xts-plain64/\1cipher_null-ecb/' "$D/json"
	"$O/luks2_raw" "$img" put <"$D/json"
	dd if="$D/evil.ext4" of="$img" bs=1M seek=16 conv=notrunc status=none
	boots "$img"
	dongle usb0 cv
	expect 'no PIN and no passphrase'
	type_ "$PASSPHRASE"
	sleep 10
	evil
	sent VERIFY 0
}
case_fake() {
	fake_volume
	boots "$img"
	dongle usb0 cv
	expect 'no PIN and no passphrase'
	type_ "$PASSPHRASE"
	sleep 10
	evil
	sent VERIFY 0
}
fake_volume() { # img
	evil_root
	img=$D/fake.img
	truncate -s 28M "$img"
	cryptsetup luksFormat -q --type luks2 --sector-size 512 --cipher aes-xts-plain64 --key-size 512 \
		--uuid "$(cryptsetup luksUUID "$S/root.img")" --volume-key-file "$T/volume.key" --pbkdf pbkdf2 \
		--pbkdf-force-iterations 1000 "$img" "$T/key"
	"$O/seal" "$img" 16777216 "$T/volume.key" "$D/evil.ext4"
}
# What the hook writes in a system whose root that is; init finds the root by its UUID.
by_uuid() {
	mkdir -p "$D/cpio/etc/bootlatch"
	cryptsetup luksUUID "$S/root.img" >"$D/cpio/etc/bootlatch/roots"
	overlay
	ROOT=root=UUID=$(blkid -s UUID -o value "$T/plain/root.ext4")
}
case_plainroot() {
	by_uuid
	fake_volume
	boots "$img" "$D/evil.ext4"
	dongle usb0 cv
	expect 'no PIN and no passphrase'
	expect 'is not on the encrypted disk'
	expect 'Press Enter'
	sleep 10
	evil
	never '(initramfs)'
	type_ ''
	lib_wait 300 sh -c '! kill -0 "$1" 2>/dev/null' sh "$QEMU" || lost 'the machine does not start again'
	evil
	sent VERIFY 0
}
case_uuidroot() {
	tells cryptroot
	by_uuid
	truncate -s 16M "$D/swap"
	mkswap -q -U 01234567-89ab-4def-8123-456789abcdef "$D/swap"
	LINE=resume=UUID=01234567-89ab-4def-8123-456789abcdef
	boots "$(disk root)" "$D/swap"
	dongle usb0 cv
	pin
	expect 'Nothing is resumed from it'
	expect "mapper/cryptroot lies on: $(cat "$D/cpio/etc/bootlatch/roots")"
	opened
	grep -aq '^vdb lies on: .\?$' "$LOG" || lost 'a plain disk lies on something'
	grep -aq "@$NONCE root from /dev/mapper/cryptroot" "$LOG" || lost 'the root is not what was checked'
}
