# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# A machine with firmware, GRUB and a TPM, for tpm.sh; its console is console.sh's.
# $W: what lasts from one boot to the next. $W/esp, or $ESP, is the disk that the firmware boots from.
# shellcheck disable=SC2154,SC2034 # T, O, W, D, LOG: who sources this

OVMF=/usr/share/OVMF
GRUB_MODULES='part_msdos part_gpt fat normal linux configfile echo test tpm'

# boot_disk KERNEL IMAGE: GRUB, with the module that measures.
boot_disk() {
	mkdir -p "$W/esp/EFI/BOOT"
	# shellcheck disable=SC2086 # words
	grub-mkimage -O x86_64-efi -o "$W/esp/EFI/BOOT/BOOTX64.EFI" -p /EFI/BOOT $GRUB_MODULES &&
		cp "$1" "$W/esp/vmlinuz" && cp "$2" "$W/esp/initrd.img"
}
# menu [COMMAND LINE]. No panic=: with it initramfs-tools starts the machine again, where a shell is looked for.
menu() {
	cat >"$W/esp/EFI/BOOT/grub.cfg" <<-END
		linux /vmlinuz console=ttyS0 quiet cryptomgr.notests mitigations=off no_timer_check root=/dev/mapper/cryptroot rootfstype=ext4 ro $*
		initrd /initrd.img
		boot
	END
}

# power_on DISK [qemu options]: TPM is tis, crb or none.
power_on() {
	p_disk=$1
	shift
	SEEN=0
	[ ! -e "$D/serial.in" ] || mv "$LOG" "${LOG%.log}.boot$BOOTS.log" # of the case's boot before
	BOOTS=$((BOOTS + 1))
	rm -f "$D"/serial.* "$D/tpm"
	mkfifo "$D/serial.in" "$D/serial.out"
	[ -e "$W/vars.fd" ] || cp "$OVMF/OVMF_VARS_4M.fd" "$W/vars.fd"
	: >"$LOG"
	cat "$D/serial.out" >"$LOG" &
	lib_own $!
	if [ "$TPM" = none ]; then # nothing to measure for: without firmware, for the time it takes
		set -- "$@" -kernel "$W/esp/vmlinuz" -initrd "$W/esp/initrd.img" \
			-append "$(sed -n 's,^linux /vmlinuz ,,p' "$W/esp/EFI/BOOT/grub.cfg")"
	else
		swtpm socket --tpm2 --tpmstate "dir=$W/tpm" --ctrl "type=unixio,path=$D/tpm" --terminate >>"$D/said" 2>&1 &
		SWTPM=$!
		lib_own $SWTPM
		lib_wait 100 test -S "$D/tpm" || lost 'swtpm does not start'
		set -- "$@" -chardev "socket,id=t,path=$D/tpm" -tpmdev emulator,id=tpm0,chardev=t -device "tpm-$TPM,tpmdev=tpm0" \
			-drive "if=pflash,format=raw,readonly=on,file=$OVMF/OVMF_CODE_4M.fd" -drive "if=pflash,format=raw,file=$W/vars.fd"
	fi
	qemu-system-x86_64 -machine q35 -accel tcg -cpu max -m 1024 -smp 1 -no-reboot -nodefaults -display none -monitor none \
		-drive "file=fat:${ESP:-$W/esp},format=raw,if=none,id=esp,readonly=on" -device virtio-blk-pci,drive=esp,bootindex=1 \
		-drive "file=$p_disk,format=raw,if=none,id=root,cache=unsafe" -device virtio-blk-pci,drive=root \
		-chardev "pipe,id=s,path=$D/serial" -serial chardev:s "$@" >>"$D/said" 2>&1 &
	QEMU=$!
	lib_own $QEMU
	exec 7>"$D/serial.in"
}
is_off() { ! kill -0 "$QEMU" 2>/dev/null; }
# power_off: it is told to go down.  power_cut: somebody pulls the plug.
power_off() {
	type_ off
	lib_wait 1200 is_off || lost 'the guest does not end'
	power_cut
}
power_cut() {
	kill -9 "$QEMU" 2>/dev/null || true
	wait "$QEMU" 2>/dev/null || true
	[ "$TPM" = none ] || lib_end "$SWTPM"
	exec 7>&-
}

# tpm_here COMMAND...: the same TPM without its machine; $way leads to it.
tpm_here() {
	swtpm socket --tpm2 --tpmstate "dir=$W/tpm" --server "type=unixio,path=$T/tpm.s" \
		--ctrl "type=unixio,path=$T/tpm.s.ctrl" --flags not-need-init,startup-clear >>"$T/tpm.log" 2>&1 &
	th_pid=$!
	lib_own $th_pid
	way=swtpm:path=$T/tpm.s
	export TPM2TOOLS_TCTI="$way"
	th_rc=0
	lib_wait 100 timeout 5 tpm2_getcap properties-fixed && "$@" || th_rc=$?
	tpm2_shutdown -c || true
	lib_end $th_pid
	return $th_rc
}
