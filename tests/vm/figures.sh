# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# How long each way takes from exec to the passphrase, in the guest: medians. The ways take
# turns, so that what else the host does hits all of them.
RUNS=21
median() { sort -n | sed -n "$(((RUNS + 1) / 2))p"; }
not_running() { ! kill -0 "$1" 2>/dev/null; }
end_pid() {
	kill "$1"
	until_ 50 not_running "$1"
	rm -f /run/pcscd/pcscd.comm /run/pcscd/pcscd.pid
}
one_run() { # WAY
	stopwatch /bin/sh /t/way.sh "$1" >>"/tmp/times.$1" || say fail "$1: the volume opens ($(cat /tmp/unlock.err))"
}
figure() { # WHAT WAY
	say figure "$1: $(median <"/tmp/times.$2") ms ($(sort -n "/tmp/times.$2" | sed -n 1p) to $(sort -n "/tmp/times.$2" | tail -n 1))"
}
for option in '' --no-interrupt; do
	want dongle cv25519 $option
	rm -f /tmp/times.*
	run=0
	while [ $run -lt $RUNS ]; do
		run=$((run + 1))
		one_run fresh
		PCSCD=$(cat /tmp/pcscd.pid)
		one_run running
		end_pid "$PCSCD"
		one_run none
	done
	figure "fresh pcscd $option" fresh
	figure "pcscd that runs $option" running
	figure "libccid alone $option" none
done
