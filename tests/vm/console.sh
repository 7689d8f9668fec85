# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# A guest that boots: its serial console, its dongles. Sourced by boot_case.sh; $D is the
# folder of the case, $LOG its serial log. What is awaited in vain ends the case.

SEEN=0 # bytes of the log that were read
# For the kernel's command line: what a busy machine's systemd waits for, instead of 90 s.
# shellcheck disable=SC2034 # who sources this
SYSTEMD_PATIENCE='systemd.default_device_timeout_sec=1800 systemd.default_timeout_start_sec=1800'

lost() { # SENTENCE: the case has failed
	echo "FAIL  $TITLE: $*"
	echo "      the serial log: $LOG"
	[ ! -s "$D/said" ] || sed 's/^/      /' "$D/said"
	tail -n "${VM_TAIL:-12}" "$LOG" | tr -d '\r\000' | sed 's/^/      | /'
	exit 1
}

# guest RELEASE SET COMMANDLINE [qemu options]: boots that kernel and image.
guest() {
	g_kernel=$T/$1/vmlinuz g_initrd=$T/$1/$2.initrd g_line=$3
	[ ! -e "$T/$1/$2.vmlinuz" ] || g_kernel=$T/$1/$2.vmlinuz
	shift 3
	mkfifo "$D/serial.in" "$D/serial.out"
	cat "$D/serial.out" >"$LOG" &
	lib_own $!
	qemu-system-x86_64 -machine q35 -accel tcg -cpu max -m 768 -smp "${VM_CPUS:-1}" -nographic -no-reboot -nodefaults \
		-kernel "$g_kernel" -initrd "${INITRD:-$g_initrd}" -append "console=ttyS0 panic=-1 ${VM_QUIET-quiet} cryptomgr.notests mitigations=off no_timer_check $g_line" \
		-chardev "pipe,id=s,path=$D/serial" -serial chardev:s -display none -monitor none "$@" \
		>>"$D/said" 2>&1 &
	QEMU=$!
	lib_own "$QEMU"
	exec 7>"$D/serial.in"
}
# usb SOCKETS: options for that many USB ports, and for the controller.
usb() {
	printf -- '-device qemu-xhci,id=x'
	for u in "$@"; do
		printf ' -chardev socket,id=%s,path=%s,server=on,wait=off -device usb-redir,chardev=%s,bus=x.0' "$u" "$D/$u" "$u"
	done
}
# disks IMAGE...: options; the images are of this case alone.
disks() {
	for d in "$@"; do printf ' -drive file=%s,format=raw,if=virtio,cache=unsafe' "$d"; done
}

# dongle PORT CARD [options]: plugs it in; its state is a copy, which the case may spoil.
dongle() {
	d_port=$1 d_card=$2
	shift 2
	[ -e "$D/$d_card.state" ] || cp "$(vcard_state "$d_card")" "$D/$d_card.state"
	lib_wait 600 test -S "$D/$d_port" || lost "QEMU did not start"
	"$O/bootlatch-dongle" --state "$D/$d_card.state" --trace "$D/trace" --socket "$D/$d_port" \
		--profile "$(card_profile "$d_card")" "$@" >>"$D/said" 2>&1 &
	DONGLE=$!
	lib_own "$DONGLE"
}
pull_out() { kill -USR1 "$DONGLE"; }
put_back() { sleep 1; kill -USR2 "$DONGLE"; }

# kept_waiting: for how many seconds so far the guest wanted a processor and got none. Limits are of the
# guest's own time: what a busy machine takes from it does not count.
kept_waiting() {
	cat /proc/"$QEMU"/task/*/schedstat 2>/dev/null | awk '$2 > m { m = $2 } END { printf "%d\n", m / 1e9 }'
}

# expect TEXT [SECONDS]: until the console shows it, behind what was expected before.
expect() {
	e_fifths=$((${2:-${VM_PATIENCE:-200}} * 5)) e_waited=$(kept_waiting)
	while :; do
		e_at=$(tail -c "+$((SEEN + 1))" "$LOG" | grep -abo -m 1 -F -e "$1" | head -n 1)
		[ -z "$e_at" ] || break
		kill -0 "$QEMU" 2>/dev/null || e_fifths=$((e_fifths > 5 ? 5 : e_fifths))
		e_fifths=$((e_fifths - 1))
		if [ $e_fifths -le 0 ]; then
			e_now=$(kept_waiting)
			e_fifths=$(((e_now - e_waited) * 5)) e_waited=$e_now
			[ $e_fifths -gt 0 ] || lost "no '$1' on the console"
		fi
		sleep 0.2
	done
	SEEN=$((SEEN + ${e_at%%:*} + ${#1}))
}
# type TEXT: as soon as the prompt stands; Enter is added.
type_() {
	sleep 0.3
	printf '%s\r' "$1" >&7
}
never() { # TEXT: it is not in the log
	! grep -aqF -e "$1" "$LOG" || lost "'$1' is on the console"
}
# opened: the nonce from within the root; then what its /sbin/init found is in the log.
opened() {
	expect "@$NONCE root" "${1:-}"
	expect "@$NONCE end" # a busy machine takes its time
	never "@$NONCE runs"
	! grep -aE "@$NONCE left .*bootlatch" "$LOG" || lost 'a file of ours is left'
	# The kernel's own in Debian 13, opal-boot-pin, holds nothing.
	! grep -aE "@$NONCE key .* (user|logon|encrypted|trusted) " "$LOG" | grep -v opal-boot-pin ||
		lost 'a key is left in a keyring'
}
unopened() { never "@$NONCE"; }
# sent COMMAND N: how many of them the dongles saw.
sent() {
	s_got=0
	[ ! -e "$D/trace" ] || s_got=$(grep -c " > $1" "$D/trace" || true)
	[ "$s_got" = "$2" ] || lost "$1 was sent $s_got times, not $2"
}

# monitor_ready, guest ... $(monitor_is): then monitor COMMAND.
monitor_ready() {
	: >"$D/screen.txt"
	: >"$D/screen.raw"
	mkfifo "$D/monitor.in" "$D/monitor.out"
	cat "$D/monitor.out" >"$D/monitor.log" &
	lib_own $!
}
monitor_is() { printf -- '-chardev pipe,id=m,path=%s -mon m' "$D/monitor"; }
monitor() { printf '%s\n' "$*" >"$D/monitor.in"; }
# screen_shows TEXT: a picture, as OCR reads it. text_shows TEXT: a screen of letters. Blanks do not count.
screen_shows() { looks screen_read "$1"; }
text_shows() { looks text_read "$1"; }
screen_read() {
	# A screen that plymouth finds after it was asked stays without the prompt until a key is pressed.
	[ $((sh_left % 10)) != 0 ] || monitor sendkey backspace
	monitor screendump "$D/screen.ppm"
	sleep 2
	tesseract "$D/screen.ppm" "$D/screen" --psm 6 >/dev/null 2>&1 || true
}
text_read() { # out of the adapter's memory: a letter, its colours, a letter
	monitor "pmemsave 0xb8000 32768 \"$D/screen.raw\""
	sleep 2
	tr -cd '[:print:]' <"$D/screen.raw" >"$D/screen.txt"
}
looks() { # HOW TEXT
	sh_left=$((${VM_PATIENCE:-200} / 2)) sh_waited=$(kept_waiting)
	sh_text=$(printf %s "$2" | tr -d ' ')
	until tr -d ' \n' <"$D/screen.txt" | grep -qF "$sh_text"; do
		kill -0 "$QEMU" 2>/dev/null || sh_left=0
		if [ "$sh_left" -le 0 ]; then
			sh_now=$(kept_waiting)
			sh_left=$(((sh_now - sh_waited) / 2)) sh_waited=$sh_now
			[ $sh_left -gt 0 ] || screen_lost "no '$2' on the screen"
		fi
		sh_left=$((sh_left - 1))
		"$1"
	done
}
screen_lost() { # SENTENCE; the picture lies beside the log
	cp "$D/screen.ppm" "${LOG%.log}.ppm" 2>/dev/null || true
	sed 's/^/      | /' "$D/screen.txt"
	lost "$1"
}
keys() {
	for k in "$@"; do
		monitor sendkey "$k"
		sleep 0.3
	done
}
