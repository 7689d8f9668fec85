# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Cases of boot.sh about what is plugged in: pulled out, two of them, touched, hostile, and what drives
# them. The table is in boot_cases.sh.
# shellcheck disable=SC2016,SC2034,SC2154,SC2046,SC2086,SC2120 # boot_case.sh, console.sh; options are words

case_pullverify() {
	boots
	dongle usb0 cv --fault VERIFY@1:drop
	pin
	expect 'counts as spent'
	sent VERIFY 1
	put_back
	pin
	opened
	sent VERIFY 2
}
case_pulldecipher() {
	boots
	dongle usb0 cv --fault DECIPHER@1:drop
	pin
	expect 'pulled out'
	put_back
	opened
	s_most=$(grep -c ' > VERIFY' "$D/trace")
	[ "$s_most" -le 2 ] || lost "VERIFY was sent $s_most times"
}
case_twodongles() {
	guest "$RELEASE" "$SET" "root=/dev/mapper/cryptroot rootfstype=ext4 ro" $(disks "$(disk root)") $(usb usb0 usb1)
	dongle usb0 other
	dongle usb1 cv
	expect '0B01'
	type_ 123456
	opened
	sent VERIFY 1
}
case_touch() {
	boots
	dongle usb0 touch --press "$D/button"
	pin
	expect 'Touch the dongle now'
	unopened
	lib_wait 300 test -e "$D/button.wanted" || lost 'the button is not waited for'
	: >"$D/button"
	opened
	sent VERIFY 1
}
# What /proc says of the program and its child while the PIN is asked for; and what they could not give up.
case_confined() {
	mkdir -p "$D/cpio/scripts/local-top"
	cat >"$D/cpio/scripts/local-top/bootlatch" <<-'END'
		#!/bin/sh
		[ "$1" != prereqs ] || exit 0
		said() { grep -E '^(Cap(Inh|Prm|Eff|Bnd)|NoNewPrivs|Seccomp):' "$1/status" | tr '\t' ' ' | sed "s/^/$2: /"; }
		watch() {
			until c=$(grep -l '^bootlatch-card' /proc/[0-9]*/comm 2>/dev/null); do sleep 1; done
			sleep 5
			p=$(grep -l '^bootlatch-unloc' /proc/[0-9]*/comm)
			said "${p%/comm}" parent
			said "${c%/comm}" child
		}
		watch >/dev/console &
		/usr/lib/bootlatch/bootlatch-unlock --crypttab /cryptroot/crypttab --debug
	END
	chmod 755 "$D/cpio/scripts/local-top/bootlatch"
	overlay
	boots
	expect 'child: Seccomp:'
	dongle usb0 cv
	pin
	opened
	sent VERIFY 1
	never 'not confined'
	never 'not given up'
	for c_line in 'CapPrm: 0000000000000000' 'CapEff: 0000000000000000' 'NoNewPrivs: 1' 'Seccomp: 2'; do
		grep -aq "child: $c_line" "$LOG" || lost "not '$c_line'"
	done
	# chown, dac_override, ipc_lock, sys_admin, sys_resource, mknod
	for c_line in CapInh:.0000000000000000 CapPrm:.0000000009204003 CapEff:.0000000009204003 CapBnd:.0000000009204003 'NoNewPrivs: 1'; do
		grep -aq "parent: $c_line" "$LOG" || lost "not '$c_line' of the parent"
	done
}
case_hostile() {
	boots
	dongle usb0 cv --fault frame@0:noise
	expect 'assphrase'
	sleep 5
	type_ "$PASSPHRASE"
	opened
	sent VERIFY 0
}
# Four ports, each time other seeds; two of the devices talk nonsense, too.
case_descriptors() {
	mkdir -p "$D/cpio/scripts/local-top"
	cat >"$D/cpio/scripts/local-top/bootlatch" <<-'END'
		#!/bin/sh
		[ "$1" != prereqs ] || exit 0
		/usr/lib/bootlatch/bootlatch-unlock --crypttab /cryptroot/crypttab --debug
	END
	chmod 755 "$D/cpio/scripts/local-top/bootlatch"
	overlay
	guest "$RELEASE" "$SET" "root=/dev/mapper/cryptroot rootfstype=ext4 ro" $(disks "$(disk root)") $(usb usb0 usb1 usb2 usb3)
	expect 'assphrase'
	d_all='' d_round=0 d_missed=0
	for d_k in 0 1 2 3; do
		dongle usb$d_k other --descriptors $((d_k * 100 + 1)) $([ $((d_k % 2)) = 0 ] || echo --fault frame@0:noise)
		d_all="$d_all $DONGLE"
	done
	while [ $d_round -lt "${VM_ROUNDS:-8}" ]; do
		[ $d_round = 0 ] || kill -USR2 $d_all
		d_round=$((d_round + 1))
		# Those that the kernel refuses are not waited for without end.
		lib_wait 150 sh -c '[ "$(grep -c ": configured" "$1")" -ge "$2" ]' sh "$D/said" $((4 * d_round - d_missed)) ||
			d_missed=$((4 * d_round - $(grep -c ': configured' "$D/said")))
		sleep 4 # libccid's turn
		kill -USR1 $d_all
		sleep 1.5
	done
	kill -USR2 $d_all # they are there to the end
	# Most get past the kernel; what libccid makes of them, and of cards behind them, we say.
	d_seen=$(grep -c ': .* messages' "$D/said") d_configured=$(grep -c ': configured' "$D/said")
	d_refused=$(grep -ac 'ifd: a device does not open' "$LOG") d_talked=$(grep -ac 'pick: reader looked into' "$LOG")
	NOTE="$d_seen devices, $d_configured configured, $d_refused times refused by libccid, $d_talked times a card behind one"
	[ "$((d_seen >= 3 * d_round && d_configured >= d_seen / 2 && d_refused > 2 && d_talked > 2))" = 1 ] ||
		lost "too few of them were tried: $NOTE"
	type_ "$PASSPHRASE"
	opened
	sent VERIFY 0
}
