#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The card's own trace counts the PINs that it was sent: never one more than a person typed.
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
need 'no PIN try is spent that nobody typed' unshare ip pcscd opensc-tool gpg cryptsetup jq
lib_reexec_in_namespace "$0" "$@"
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
volumes_start
card_make alice cv25519 00000A01 || { fail 'gpg makes keys on the card'; finish; }
volume disk luks2
D=$T/disk.img

SELECT=00A4040006D27600012401
unblock() { # by opensc, with the admin PIN
	apdu 0 $SELECT 00200083083132333435363738 002C028106313233343536 >/dev/null
}
tries() { # N: so many tries are left, from a full counter, by wrong PINs that opensc sends
	unblock
	t_n=3
	while [ $t_n -gt "$1" ]; do
		apdu 0 $SELECT 0020008206393939393939 >/dev/null
		t_n=$((t_n - 1))
	done
	[ "$(vcard_field alice pin.pw1.tries)" = "0$1" ]
}
left() { vcard_field alice pin.pw1.tries; }
again() { # FAULT…: the card, started anew with these
	vcard_stop alice
	# Back sooner than pcscd looks, after a reset that failed, it would not be noticed.
	sleep 1
	a_n=$#
	while [ $a_n -gt 0 ]; do
		set -- "$@" --fault "$1"
		shift
		a_n=$((a_n - 1))
	done
	vcard_start alice "$@"
}

check 'enrolling sends the PIN once' verifies alice 1 bl_both enroll "$D"
volume second luks2
check 'enrolling it on another disk does too' verifies alice 1 bl_both enroll "$T/second.img"

# --- From a descriptor ----------------------------------------------------------------------

for verb in test unlock enroll; do
	case $verb in
	enroll) volume fresh luks2; disk=$T/fresh.img; run=bl_both ;;
	*) disk=$D; run=bl_pin ;;
	esac
	tries 3
	say_pin 12345
	check_status "$verb: a PIN that is too short is not sent" 3 verifies alice 0 $run $verb "$disk"
	say_pin "$(printf '%0128d' 7)"
	check_status "$verb: nor one that is too long" 3 verifies alice 0 $run $verb "$disk"
	printf '123456\0\n' >"$T/pin"
	check_says "$verb: nor one with a NUL behind it, that nobody could type" 3 'a byte that nobody can type' \
		verifies alice 0 $run $verb "$disk"
	check_is "$verb: nothing was spent" 03 "$(left)"
	say_pin 654321
	check_status "$verb: a wrong PIN is sent once" 3 verifies alice 1 $run $verb "$disk"
	check_is "$verb: and costs one try" 02 "$(left)"
	say_pin 654321 123456 123456
	check_status "$verb: more lines are no more tries" 3 verifies alice 1 $run $verb "$disk"
	check_is "$verb: that was the second" 01 "$(left)"
	say_pin 123456
	check_status "$verb: the last try is not spent on one line" 10 verifies alice 0 $run $verb "$disk"
	say_pin 123456 123457
	check_status "$verb: nor on two lines that differ" 10 verifies alice 0 $run $verb "$disk"
	check_is "$verb: it is still there" 01 "$(left)"
	say_pin 654321 654321
	check_status "$verb: a wrong PIN on two lines spends it" 4 verifies alice 1 $run $verb "$disk"
	check_is "$verb: and blocks the PIN" 00 "$(left)"
	say_pin 123456 123456
	check_status "$verb: a blocked PIN is not tried" 4 verifies alice 0 $run $verb "$disk"
	tries 1
	check "$verb: the right PIN on two lines is sent once" verifies alice 1 $run $verb "$disk"
	check_is "$verb: and fills the counter" 03 "$(left)"
done
say_pin 123456
two() { bl_pin unlock "$D" && bl_pin unlock "$T/second.img"; }
check 'two commands for two disks send it twice' verifies alice 2 two

# --- The connection fails -------------------------------------------------------------------

fails() { ! "$@"; }

volume other luks2
for fault in drop lose pull garbage short sw=6F00 sw=6982; do
	tries 3
	again "verify:$fault"
	check "VERIFY met by $fault: it fails, the PIN was sent once" \
		verifies alice 1 fails bl_pin test "$D"
	again "verify:$fault"
	check "VERIFY met by $fault: enroll too" verifies alice 1 fails bl_both enroll "$T/other.img"
done
again verify@1:drop
check_says 'a try whose answer was lost counts as spent, and it says so' 3 'as spent' \
	verifies alice 1 bl_pin unlock "$D"
again
check 'afterwards a clean unlock works' verifies alice 1 bl_pin unlock "$D"

# A PIN that succeeded may be sent again after a reset (DESIGN.md, rule 3): every one that is
# sent here is the right one, and there is an end to it.
right_only() { # CARD COMMAND…: any status
	ro_all=$(vcard_count "$1" VERIFY) ro_good=$(grep -c '> VERIFY .* < 9000' "$(vcard_trace "$1")")
	ro_card=$1
	shift
	"$@" || true
	ro_all=$(($(vcard_count "$ro_card" VERIFY) - ro_all))
	ro_good=$(($(grep -c '> VERIFY .* < 9000' "$(vcard_trace "$ro_card")") - ro_good))
	echo "$ro_all sent, $ro_good of them right"
	[ "$ro_all" = "$ro_good" ] && [ "$ro_all" -le 3 ]
}
for fault in drop lose; do
	again "decipher@1:$fault"
	check "DECIPHER met by $fault once: the card is found again and opens it" bl_pin unlock "$D"
	again "decipher:$fault"
	check "DECIPHER met by $fault each time: no wrong PIN is sent, and it ends" \
		right_only alice bl_pin unlock "$D"
	check_is "DECIPHER met by $fault: the counter is full" 03 "$(left)"
done
again decipher:pull
check 'a card pulled at DECIPHER: it fails, the PIN was sent once' \
	verifies alice 1 fails bl_pin unlock "$D"
again

# --- A person on a terminal -----------------------------------------------------------------

# person STATUS SENTS VERB <SCRIPT
person() {
	p_rc=0
	verifies alice "$2" bl_talk "$3" "$D" || p_rc=$?
	[ "$p_rc" = "$1" ] || { echo "status $p_rc, not $1"; return 1; }
}

right_pin() {
	person 0 1 unlock <<-'END'
		expect PIN for card FFFE:00000A01
		expect 3 tries left
		echo off
		send 123456\n
		expect ******
		end
		echo on
	END
	! grep -q 123456 "$T/out"
}
check 'a PIN is typed blind, with a star each' right_pin

edited() {
	person 0 1 unlock <<-'END'
		expect tries left
		send 99999\x15123499\b\b56\n
	END
}
check 'back-space and ^U mend it' edited

wrong_right() {
	person 0 2 unlock <<-'END'
		expect 3 tries left
		send 654321\n
		expect 2 tries left
		expect 2 tries left
		send 123456\n
	END
}
check 'wrong, then right: two are sent' wrong_right

wrong_twice() {
	person 9 1 test <<-'END'
		expect 3 tries left
		send 654321\n
		expect 2 tries left
		expect 2 tries left
		send 654321\n
		expect refused this PIN before
		expect 2 tries left
		send \x04
	END
}
check 'the same wrong PIN again is not sent again' wrong_twice
check_is 'and cost one try' 02 "$(left)"

passphrase() {
	person 0 0 unlock <<-'END'
		expect tries left
		send \n
		expect assphrase
		echo off
		send correct horse battery staple\n
	END
}
check 'Enter alone: the passphrase instead, no PIN is sent' passphrase

short() {
	person 9 0 test <<-'END'
		expect tries left
		send 123\n
		expect At least 6 characters
		settle
		send \x04
	END
}
check 'a short PIN is not sent' short

last() { # STATUS SENTS FIRST SECOND THEN
	person "$1" "$2" test <<-END
		expect LAST try
		expect 1 try left
		send $3\n
		expect again to spend
		send $4
		$5
	END
}
tries 1
check 'the last try: typed once and ^C, nothing is sent' last 130 0 123456 '\x03' 'echo on'
check 'the last try: typed once and ^D, nothing is sent' last 9 0 123456 '\x04' end
check 'the last try: two that differ, nothing is sent' last 9 0 123456 '123457\n' \
	'expect differ
		settle
		send \x04'
check 'the last try: the same twice is sent' last 0 1 123456 '123456\n' end
check_is 'and the counter is full' 03 "$(left)"
tries 1
check 'the last try: wrong twice blocks it, one is sent' last 4 1 654321 '654321\n' end
check_is 'it is blocked' 00 "$(left)"
say_pin 123456
check_says 'blocked: it names the Admin PIN, and no reset code that is not set' 4 \
	'with the Admin PIN (bootlatch card unblock)' bl_pin test "$D"

blocked() {
	person 0 0 unlock <<-'END'
		expect blocked
		expect assphrase
		send correct horse battery staple\n
	END
}
check 'blocked: the passphrase is asked for' blocked
unblock

TOUCH='expect tries left
	send 123456\n
	expect Touch the dongle now
	expect in time'
untouched() { # STATUS VERB ANSWER…: the touch is missed, then so answered
	verifies alice 1 bl_talk "$2" "$D" <<-END
		$TOUCH
		send $3
		${4:-end}
	END
	ut_rc=$?
	[ "$ut_rc" = "$1" ] || { echo "status $ut_rc, not $1"; return 1; }
}
apdu 0 $SELECT 00200083083132333435363738 00DA00D7020120 >/dev/null
again decipher:sw=6600
check 'nobody touched it, ^D: test ends, and does not ask on' untouched 9 test '\x04'
again decipher:sw=6600
check 'nobody touched it, ^D: unlock asks for the passphrase' untouched 0 unlock '\x04' \
	'expect assphrase
	send correct horse battery staple\n'
again
apdu 0 $SELECT 00200083083132333435363738 00DA00D7020020 >/dev/null

interrupted() { # SIGNAL: its number, the terminal as it was
	person $((128 + $1)) 0 unlock <<-END
		echo on
		expect tries left
		echo off
		send 1234
		expect ****
		signal $1
		end
		echo on
	END
}
check 'SIGINT at the prompt ends it, echo back on, nothing sent' interrupted 2
check 'SIGTERM too' interrupted 15
check 'SIGHUP too' interrupted 1
check 'SIGQUIT too' interrupted 3

control_c() {
	person 130 0 unlock <<-'END'
		expect tries left
		echo off
		send 12\x03
		end
		echo on
	END
}
check '^C at the PIN prompt: ends by the signal, echo back on' control_c
control_z() { # by way of a shell, which alone can make jobs
	# shellcheck disable=SC2016 # for the inner shell
	verifies alice 1 talk sh -c 'set -m; "$@"; echo the shell has it; read -r x; fg' - \
		"$O/bootlatch" unlock "$D" --boot "$BOOT" --config "$CONF" <<-'END'
		expect tries left
		echo off
		send 12\x1a
		expect the shell has it
		echo on
		send \n
		expect tries left
		echo off
		send \x15123456\n
		end
		echo on
	END
}
check '^Z gives the terminal back, and the prompt returns with fg' control_z

pulled() { # while the question stands; put back, it is asked again
	person 0 1 unlock <<-END
		expect tries left
		send 1234
		run kill -USR1 $(vcard_pid alice)
		expect dongle
		settle
		run kill -USR2 $(vcard_pid alice)
		expect tries left
		send 123456\n
		expect nothing was sent
		send 123456\n
	END
}
check 'a card pulled at the prompt: what was typed is not sent, the rest is asked anew' pulled

lost_answer() {
	person 0 2 unlock <<-'END'
		expect 3 tries left
		send 123456\n
		expect as spent
		expect PIN for card
		send 123456\n
	END
}
again verify@1:drop
check 'an answer that was lost: sent again only when it is typed again' lost_answer
again

inserted() { # the prompt stands, the card comes
	person 0 1 unlock <<-END
		expect nsert
		run kill -USR2 $(vcard_pid alice)
		expect tries left
		send 123456\n
	END
}
vcard_pull alice
check 'a card put in at the prompt is asked for its PIN' inserted
half_typed() { # half a passphrase must not become a PIN
	person 0 0 unlock <<-END
		expect nsert
		send correct ho
		run kill -USR2 $(vcard_pid alice)
		settle
		send rse battery staple\n
	END
}
vcard_pull alice
check 'a card put in over half a passphrase gets no PIN' half_typed

# A card with nothing left that unblocks it
apdu 0 $SELECT 00200083083939393939393939 00200083083939393939393939 00200083083939393939393939 \
	0020008206393939393939 0020008206393939393939 0020008206393939393939 >/dev/null
say_pin 123456
check_says 'blocked for ever: it names no way that there is not' 4 \
	'so is everything that could unblock it' verifies alice 0 bl_pin unlock "$D"

# --- A card that hashes its PIN (KDF-DO) ----------------------------------------------------

vcard_stop alice
vcard_start kdf --serial 00000A0F --profile kdf
gpg_home_new kdf
check 'gpg sets up the KDF' gpg_card_edit admin kdf-setup
check 'gpg makes keys on that card' gpg_card_generate cv25519
gpg_forget
volume kdf luks2
D=$T/kdf.img
check 'a card with KDF is enrolled' verifies kdf 1 bl_both enroll "$D"
check 'it opens' verifies kdf 1 bl_pin unlock "$D"
say_pin 654321
check_status 'a wrong PIN is sent once' 3 verifies kdf 1 bl_pin unlock "$D"
finish
