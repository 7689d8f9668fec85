# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Cases of boot.sh about where the question is answered: the splash, the screen, the pipe. The table is
# in boot_cases.sh.
# shellcheck disable=SC2016,SC2034,SC2154,SC2046,SC2086,SC2120 # boot_case.sh, console.sh; options are words

case_splash() {
	command -v tesseract >/dev/null || { echo "skip  $TITLE (no tesseract)"; exit 0; }
	monitor_ready
	guest "$RELEASE" "$SET" "root=/dev/mapper/cryptroot rootfstype=ext4 ro splash plymouth.ignore-serial-consoles" \
		$(disks "$(disk root)") $(usb usb0) -device VGA $(monitor_is)
	dongle usb0 cv
	screen_shows 'PIN for card'
	keys 1 2 3 4 5 6 ret
	opened
	sent VERIFY 1
	never 'PIN for'
}
# A console that is a screen and a keyboard, as a notebook without a splash has it.
case_screen() {
	monitor_ready
	guest "$RELEASE" "$SET" "root=/dev/mapper/cryptroot rootfstype=ext4 ro console=tty0" \
		$(disks "$(disk root)") $(usb usb0) -device VGA $(monitor_is)
	text_shows 'Insert the dongle, or type the passphrase'
	dongle usb0 cv
	text_shows 'PIN for card'
	keys 6 5 4 3 2 1 ret
	text_shows 'Wrong PIN'
	keys 1 2 3 4 5 6 ret
	opened
	sent VERIFY 2
	never 'PIN for'
}
# As somebody who came in by ssh writes it: into the pipe, once the question stands.
case_pipe() {
	mkdir -p "$D/cpio/scripts/local-top"
	cat >"$D/cpio/scripts/local-top/bootlatch" <<-'END'
		#!/bin/sh
		[ "$1" != prereqs ] || exit 0
		pipe=/lib/cryptsetup/passfifo
		writes() {
			until [ -p $pipe ] && grep -ql '^bootlatch-card' /proc/[0-9]*/comm 2>/dev/null; do sleep 1; done
			until [ -e /sys/bus/usb/devices/1-1/bNumConfigurations ]; do sleep 1; done
			while [ -p $pipe ]; do
				sleep 10
				echo 123456 >$pipe
			done
		}
		writes &
		/usr/lib/bootlatch/bootlatch-unlock --crypttab /cryptroot/crypttab
	END
	chmod 755 "$D/cpio/scripts/local-top/bootlatch"
	overlay
	boots
	dongle usb0 cv
	expect 'PIN for'
	opened
	sent VERIFY 1
}
