# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Cases of boot.sh about several volumes, and how crypttab names them. The table is in boot_cases.sh.
# shellcheck disable=SC2016,SC2034,SC2059,SC2154,SC2046,SC2086,SC2120 # boot_case.sh, console.sh; options are words

# data_open VOLUME...: each is mapped, and what is in it can be read.
data_open() {
	for v in "$@"; do
		grep -aq "@$NONCE volume $v CRYPT-LUKS2.* $NONCE" "$LOG" || lost "$v is not open"
	done
}
case_three() {
	boots "$(disk root)" "$(disk data1)" "$(disk data2)"
	dongle usb0 cv
	pin
	opened
	data_open data1 data2
	[ "$(grep -ac 'PIN for' "$LOG")" = 1 ] || lost 'the PIN was asked for again'
}
case_threepass() {
	boots "$(disk root)" "$(disk data1)" "$(disk data2)"
	expect 'assphrase'
	type_ "$PASSPHRASE"
	opened
	data_open data1 data2
	[ "$(grep -ac 'assphrase for' "$LOG")" = 1 ] || lost 'the passphrase was asked for again'
}
# The disk of root is put in when the runs of local-top, ours and cryptroot's, have given it up: a round of
# local-block opens it, our own or the keyscript in cryptroot's.
case_latedisk() {
	monitor_ready
	guest "$RELEASE" "$SET" "root=/dev/mapper/cryptroot rootfstype=ext4 ro" $(usb usb0) $(monitor_is) \
		-device pcie-root-port,id=late,chassis=1 -drive "file=$(disk root),format=raw,if=none,id=d,cache=unsafe"
	expect 'which goes on looking for it'
	expect 'Waiting for encrypted source device'
	expect 'Waiting for encrypted source device'
	monitor device_add virtio-blk-pci,drive=d,bus=late
	expect 'assphrase'
	dongle usb0 cv
	pin
	opened
	sent VERIFY 1
}
# in_partition IMAGE DISK: a table as a PC has it, with one entry, from the first MiB on
in_partition() {
	p_blocks=$(($(stat -c %s "$1") / 512))
	truncate -s $((p_blocks * 512 + 1048576)) "$2"
	# The disk's number; type 83, block 2048, so many blocks; the end mark.
	printf '\007\260\007\260' | dd of="$2" bs=1 seek=440 conv=notrunc status=none
	printf '\000\376\377\377\203\376\377\377\000\010\000\000'"$(printf '\\%03o' $((p_blocks % 256)) \
		$((p_blocks / 256 % 256)) $((p_blocks / 65536 % 256)) $((p_blocks / 16777216)))" | dd of="$2" bs=1 seek=446 conv=notrunc status=none
	printf '\125\252' | dd of="$2" bs=1 seek=510 conv=notrunc status=none
	dd if="$1" of="$2" bs=1M seek=1 conv=notrunc,sparse status=none
}
# A disk with a partition, a path, a header apart, a label; each of the options that are honoured; a third
# volume that another dongle opens.
case_mixed() {
	in_partition "$S/root.img" "$D/root.disk"
	mkdir -p "$D/cpio/cryptroot" "$D/cpio/etc" "$D/cpio/scripts/local-bottom"
	head -c 16M "$S/data2.img" >"$D/cpio/etc/data2.header"
	dd if=/dev/zero of="$(disk data2)" bs=1M count=16 conv=notrunc status=none
	cat >"$D/cpio/cryptroot/crypttab" <<-END
		cryptroot PARTUUID=b007b007-01 none luks,tries=3,keyscript=decrypt_bootlatch
		data1 /dev/vdb none luks,discard,no-read-workqueue,no-write-workqueue,same-cpu-crypt,submit-from-crypt-cpus,keyscript=decrypt_bootlatch
		data2 /dev/vdc none luks,header=/etc/data2.header,readonly,keyscript=decrypt_bootlatch
		data3 LABEL=third none luks,keyslot=2,keyscript=decrypt_bootlatch
	END
	cat >"$D/cpio/scripts/local-bottom/bootlatch" <<-'END'
		#!/bin/sh
		[ "$1" != prereqs ] || exit 0
		dmsetup table >/dev/console
		dmsetup info -c --noheadings -o name,read_only >/dev/console
	END
	chmod 755 "$D/cpio/scripts/local-bottom/bootlatch"
	overlay
	guest "$RELEASE" "$SET" "root=/dev/mapper/cryptroot rootfstype=ext4 ro" \
		$(disks "$D/root.disk" "$(disk data1)" "$(disk data2)" "$(disk data3)") $(usb usb0 usb1)
	dongle usb0 cv
	expect '0B01, to unlock'
	dongle usb1 other
	type_ 123456
	expect '0B02, to unlock data3'
	type_ 123456
	opened
	data_open data1 data2 data3
	[ "$(grep -ac 'PIN for' "$LOG")" = 2 ] || lost 'not one PIN for each dongle'
	for m_option in allow_discards same_cpu_crypt submit_from_crypt_cpus no_read_workqueue no_write_workqueue; do
		grep -a '^data1: ' "$LOG" | grep -q "$m_option" || lost "data1 is mapped without $m_option"
		! grep -a '^data3: ' "$LOG" | grep -q "$m_option" || lost "data3 is mapped with $m_option"
	done
	grep -aqE '^data2:Read-only' "$LOG" || lost 'data2 can be written'
	sent VERIFY 2
}
