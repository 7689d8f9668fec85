# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# A reader that lies, on both ways: an error in words or a recovery, never a crash, a child
# left behind, or a PIN sent twice.
# shellcheck disable=SC2009 # busybox of Debian has no pgrep
children() { ps | grep '[b]ootlatch' | grep -vc 'timeout ' || true; } # busybox's timeout lingers
endures() { # SENTENCE COMMAND...
	e_what=$1 e_status=0
	shift
	"$@" >/tmp/out 2>&1 || e_status=$?
	if [ $e_status -le 10 ] && [ -s /tmp/out ] && [ "$(children)" = 0 ]; then
		say ok "$e_what ($e_status: $(tail -n 1 /tmp/out))"
	else
		say fail "$e_what (status $e_status, $(children) processes left)"
		sed "s/^/@$N note /" /tmp/out
	fi
}
for fault in cut long huge seq type error empty noise lost; do
	for at in 1 2 3 4 5; do # ATR, SELECT, application data, VERIFY, DECIPHER
		want dongle cv25519 --fault frame@$at:$fault
		endures "frame $at $fault, ccid" test_ ccid --wait 2
		want verifies $((1 + at / 5)) "frame $at $fault, ccid: the PIN is not repeated"
	done
done
for fault in cut huge seq noise lost; do
	want dongle cv25519 --fault frame@4:$fault
	pcscd_on
	endures "frame 4 $fault, pcscd" test_ pcsc --wait 2
	want verifies 1 "frame 4 $fault, pcscd: the PIN is not repeated"
	pcscd_off
done
for way in pcsc ccid; do
	for fault in hang lose; do
		want dongle cv25519 --fault VERIFY@1:$fault
		[ $way = ccid ] || pcscd_on
		endures "$fault at VERIFY, $way" test_ $way --wait 2
		want verifies 1 "$fault at VERIFY, $way: the PIN is not repeated"
		[ $way = ccid ] || pcscd_off
	done
done
