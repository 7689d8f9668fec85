#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A card that never answers and a pcscd that stands still: words and a way out, in bounded
# time, and nothing of ours left behind.
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
need 'what hangs is given up' unshare ip pcscd opensc-tool gpg cryptsetup jq timeout
lib_reexec_in_namespace "$0" "$@"
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
volumes_start

nothing_left() { # our processes: none but what the test itself runs
	nl_p=$(pgrep -c '^bootlatch-card') || true
	[ "$nl_p" = 0 ] || { ps -ef; return 1; }
}
again() { # [FAULT]
	vcard_stop cv25519
	sleep 0.7
	if [ $# = 0 ]; then vcard_start cv25519; else vcard_start cv25519 --fault "$1"; fi
}
by_pin() { timeout 150 "$O/bootlatch" test "$D" --boot "$BOOT" --config "$CONF" --wait 1 --pin-fd 3 3<"$T/pin" </dev/null; }
by_both() { # "unlock" without a name only proves it
	timeout 150 "$O/bootlatch" unlock "$D" --boot "$BOOT" --config "$CONF" --wait 1 --pin-fd 3 \
		--passphrase-fd 4 3<"$T/pin" 4<"$T/pass" </dev/null
}

card_make cv25519 cv25519 00000A01 || { fail 'gpg makes keys'; finish; }
volume disk luks2
D=$T/disk.img
check 'enrolled' bl_both enroll "$D"

while read -r at status words; do
	check "the card is back ($at)" again "$at"
	vcard_trace_clear cv25519
	check_says "hanging at $at: the program ends by itself" "$status" "$words" by_pin
	check "at most one PIN was sent ($at)" test "$(vcard_count cv25519 VERIFY)" -le 1
	check "nothing of ours is left ($at)" nothing_left
done <<'FAULTS'
SELECT@1:hang 5 no answer in time
GET-DATA@1:hang 5 no answer in time
VERIFY@1:hang 3 The try counts as spent
FAULTS
check 'the card is back (at SELECT, with a passphrase)' again 'SELECT@1:hang'
check 'the passphrase opens the volume all the same' by_both
check 'the card answers again' again
check 'and opens the volume' by_pin

# The child is hit while the question for the PIN stands: the PIN that was typed is not sent.
while read -r signal; do
	vcard_trace_clear cv25519
	check "the child gets SIG$signal at the prompt: the next PIN opens the volume" bl_talk unlock "$D" <<-END
		expect PIN for
		run kill -$signal \$(pgrep -x bootlatch-card)
		send 123456\n
		expect PIN for
		send 123456\n
		expect opens: keyslot
	END
	check_is "one PIN was sent (SIG$signal)" 1 "$(vcard_count cv25519 VERIFY)"
	check "nothing of ours is left (SIG$signal)" nothing_left
done <<'SIGNALS'
KILL
STOP
SIGNALS
not_waited_for() { (trap '' CHLD && by_pin); }
check 'where SIGCHLD is ignored the card opens the volume too' not_waited_for
check 'nothing of ours is left then' nothing_left
# A pipe that its reader wants to see the end of.
left_in_pipe() {
	(CRYPTTAB_NAME=disk timeout -s KILL 2 "$O/bootlatch-unlock" --device "$D" --boot "$BOOT" --config "$CONF" \
		--reader none --wait 60 --pin-fd 3 3<"$T/pin" </dev/null 2>/dev/null || true) | timeout 4 cat
}
check 'killed, the keyscript leaves no end of its pipe open' left_in_pipe
check 'nothing of ours is left of it' lib_wait 30 nothing_left

kill -STOP "$PCSCD_PID"
check_status 'pcscd stands still: the program ends by itself' 5 by_pin
check 'nothing of ours is left' nothing_left
check 'pcscd stands still: the passphrase opens the volume' by_both
kill -CONT "$PCSCD_PID"
check 'pcscd goes on: the card opens the volume' by_pin
check 'nothing of ours is left at the end' nothing_left
finish
