# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# How long each way takes from exec to the passphrase, in the guest: medians.
median() { sort -n | sed -n "$((($1 + 1) / 2))p"; }
figure() { # WHAT WAY: of 11 runs
	: >/tmp/times
	f=0
	while [ $f -lt 11 ]; do
		f=$((f + 1))
		stopwatch /bin/sh /t/way.sh "$2" >>/tmp/times || say fail "$1: run $f opens the volume ($(cat /tmp/unlock.err))"
		[ ! -e /tmp/pcscd.pid ] || { end_pid "$(cat /tmp/pcscd.pid)"; rm -f /tmp/pcscd.pid; }
	done
	say figure "$1: $(median 11 </tmp/times) ms ($(sort -n /tmp/times | head -n 1) to $(sort -n /tmp/times | tail -n 1))"
}
not_running() { ! kill -0 "$1" 2>/dev/null; }
end_pid() {
	kill "$1"
	until_ 50 not_running "$1"
	rm -f /run/pcscd/pcscd.comm /run/pcscd/pcscd.pid
}
for option in '' --no-interrupt; do
	want dongle cv25519 $option
	figure "fresh pcscd $option" fresh
	pcscd_on
	figure "pcscd that runs $option" running
	pcscd_off
	figure "libccid alone $option" none
done
