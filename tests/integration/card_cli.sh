#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# bootlatch card status and selftest: what they tell, how many PINs they send (the card's own
# trace counts), what a report does not tell, and failing cards.
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
need 'card status and selftest' unshare ip pcscd opensc-tool gpg jq timeout
hardware=$(cd "$(dirname "$0")/../hardware" && pwd)/check.sh
lib_reexec_in_namespace "$0" "$@"
WAIT=1
say_pin 123456

# shellcheck disable=SC2120 # by way of check and others
status() { "$O/bootlatch" card status --wait "$WAIT" "$@" </dev/null; }
selftest() { "$O/bootlatch" card selftest --wait "$WAIT" --pin-fd 3 "$@" 3<"$T/pin" </dev/null; }
# json FILTER COMMAND…: jq's word on its standard output, when that is one JSON text.
json() {
	js_filter=$1
	shift
	js_rc=0
	"$@" >"$T/json" 2>"$T/json.err" || js_rc=$?
	jq -s -e "length == 1 and (.[0] | $js_filter)" "$T/json" || { cat "$T/json" "$T/json.err"; return 1; }
	jq -e ".status == $js_rc and .ok == ($js_rc == 0)" "$T/json"
}
again() { # NAME [FAULT]: the card, started anew
	vcard_stop "$1"
	# Back sooner than pcscd looks, after a reset that failed, it would not be noticed.
	sleep 0.7
	if [ $# = 1 ]; then vcard_start "$1"; else vcard_start "$1" --fault "$2"; fi
}
no_colour() { ! grep -q "$(printf '\033')\[[0-9;]*m" "$1"; }

# --- Nothing is there -----------------------------------------------------------------------

check_says 'no pcscd: status says so' 5 'pcscd' status --transport pcsc
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
check_says 'no card: status says so' 5 'Insert the card' status
check_says 'no card: selftest too' 5 'Insert the card' selftest
check 'no card: in JSON' json '.error == "no card in the reader"' status --json
check_says 'no reader of that name' 5 'No reader with "nonesuch"' status --reader nonesuch
hardware() { REPORT=$T/hw "$hardware" --wait "$WAIT" --pin-fd 3 3<"$T/pin" </dev/null; }
check_says 'check-hardware without a card: skipped, no failure' 0 '0 failed, 1 skipped' hardware
check_status 'status takes no device' 2 status /dev/null
check_status 'status takes no --destructive' 2 status --destructive
check_says 'card needs a second word' 2 'needs a second word' "$O/bootlatch" card
check_says 'card foo is no verb' 2 'no verb "card foo"' "$O/bootlatch" card foo

# --- Several makes --------------------------------------------------------------------------

CARD='' N=0
state() { sha256sum <"$(vcard_state "$CARD")"; }
unchanged() { # COMMAND…: nothing that the card remembers
	un_before=$(state)
	"$@" && [ "$(state)" = "$un_before" ]
}
tells_no_one() { # FILE…: neither number nor keys
	for x in "0000C00$N" "$KEY" "$SUB"; do
		! grep -qi "$x" "$@" || return 1
	done
}
tells_all() {
	for x in ":0000C00$N" "$SUB"; do
		grep -q "$x" "$T/all.txt" && grep -q "$x" "$T/all.json" || return 1
	done
}
report_ok() {
	jq -e '.ok and .failed == 0 and .passed > 15 and ([.cases[] | select(.outcome == "ok")] |
		length) == .passed and .why_not == null and .destructive == false' "$T/rep.json" &&
		grep -q ' passed, 0 failed' "$T/rep.txt" && no_colour "$T/rep.txt" &&
		[ "$(stat -c %a "$T/rep.txt" "$T/rep.json" | sort -u)" = 600 ]
}
destructive() { # WORDS SCRIPT-LINES…: selftest --destructive on a terminal
	"$O/ptytalk" "$O/bootlatch" card selftest --destructive --wait "$WAIT" >"$T/out" 2>&1 <<-END
		expect wrong PIN will be sent
		expect to go on
		send $1\n
		${2:-end}
	END
	ds_rc=$?
	cat "$T/out"
	return "$ds_rc"
}
DESTROY='expect PIN for card
	send 123456\n
	expect to sign the test
	send 123456\n
	expect 0 failed'

for pair in default:cv25519:3.4 nitrokey-start:cv25519:2.0 yubikey5:cv25519:3.4 \
	zeitcontrol-2.1:rsa2048:2.1 pico-like:nistp256:3.4 outer-tags:nistp384:3.4; do
	profile=${pair%%:*} algo=${pair#*:} N=$((N + 1))
	version=${algo#*:} algo=${algo%:*}
	CARD=$profile
	vcard_start "$CARD" --serial "0000C00$N" --profile "$profile"
	check "$CARD: a card without keys is shown" verifies "$CARD" 0 \
		json '.cards[0].can_enroll == false and (.cards[0].why_not | test("no decryption key"))' status --json
	check_says "$CARD: its selftest skips what needs a key" 0 'no decryption key' \
		verifies "$CARD" 0 selftest
	vcard_stop "$CARD"
	card_make "$CARD" "$algo" "0000C00$N" || { fail "$CARD: gpg makes keys"; continue; }
	check "$CARD: status, with no PIN" verifies "$CARD" 0 unchanged status
	check "$CARD: in JSON, with gpg's fingerprint" json ".cards[0] | (.serial | test(\":0000C00$N\")) and
		.application == \"$version\" and .can_enroll and .tries_user == 3 and
		.keys[1].fingerprint == \"$SUB\" and .keys[1].use == \"decryption\"" status --json
	check "$CARD: selftest, with one PIN" verifies "$CARD" 1 unchanged selftest --report "$T/rep"
	check "$CARD: its report is whole" report_ok
	check "$CARD: and tells no one's number or keys" tells_no_one "$T/rep.txt" "$T/rep.json"
	check "$CARD: with --with-serial it does" selftest --with-serial --report "$T/all"
	check "$CARD: it does indeed" tells_all
	check "$CARD: selftest in JSON" verifies "$CARD" 1 json '.failed == 0' selftest --json
	check "$CARD: --destructive, with a wrong PIN and two right ones" verifies "$CARD" 3 \
		destructive "0000C00$N" "$DESTROY"
	check "$CARD: it shows a wrong PIN refused" grep -q 'ok .*a wrong PIN is refused' "$T/out"
	check "$CARD: and a signature that verifies" grep -q 'ok .*signs, and its public key verifies that' "$T/out"
	check_is "$CARD: and every try left" 03 "$(vcard_field "$CARD" pin.pw1.tries)"
	rm -f "$T"/rep.* "$T"/all.*
	[ "$CARD" != default ] || D_KEY=$KEY D_SUB=$SUB
	vcard_stop "$CARD"
done
N=1 CARD=default KEY=$D_KEY SUB=$D_SUB
vcard_start default

# --- The PIN --------------------------------------------------------------------------------

SELECT=00A4040006D27600012401
wrong() { apdu 0 $SELECT 0020008206393939393939 >/dev/null; }
unblock() { apdu 0 $SELECT 00200083083132333435363738 002C028106313233343536 >/dev/null; }
left() { vcard_field default pin.pw1.tries; }

check_says '--destructive without a terminal is refused' 10 'types the card' \
	verifies default 0 selftest --destructive
check_says '--destructive with another number is refused' 10 'not the serial number' \
	verifies default 0 destructive 0000C099
say_pin 654321
check_says 'a wrong PIN: its status, and no fault of the card' 3 '0 failed' verifies default 1 selftest
say_pin 123456
check_says 'two tries left: no wrong one is sent' 0 'fewer than 3 tries' \
	verifies default 2 destructive 0000C001 "$DESTROY"
wrong
wrong
check_says 'one try left: status warns' 0 'One wrong PIN more' status
check_says 'one try left: it is not spent' 0 'is not spent here' verifies default 0 selftest
wrong
check_says 'blocked: status says so' 0 'PIN is blocked' status
check 'blocked: not to be enrolled now' json '.cards[0].can_enroll == false' status --json
check_says 'blocked: no PIN is sent' 0 'PIN is blocked' verifies default 0 selftest
unblock
no_tty() { setsid -w "$O/bootlatch" card selftest --wait 1 </dev/null; }
check_says 'nobody to ask: what needs the PIN is skipped' 0 'nobody can be asked' \
	verifies default 0 no_tty
check_is 'all is as before' 03 "$(left)"

# --- Colour ---------------------------------------------------------------------------------

coloured() { "$@" >"$T/out" 2>&1 && ! no_colour "$T/out"; }
plain() { "$@" >"$T/out" 2>&1 && no_colour "$T/out"; }
on_tty() { "$O/ptytalk" env TERM=xterm "$@" "$O/bootlatch" card selftest --wait 1 <<-END
	expect PIN for card
	send 123456\n
	expect 0 failed
	END
}
check 'on a terminal there is colour' coloured on_tty A=b
check 'not with NO_COLOR' plain on_tty NO_COLOR=1
check 'not on a dumb one' plain on_tty TERM=dumb
check 'not in a pipe' plain selftest

# --- Two cards ------------------------------------------------------------------------------

vcard_start second --serial 0000C0AA --profile gnuk
check 'two cards: both are listed' json '[.cards[].serial] == ["FFFE:0000C001", "FFFE:0000C0AA"]' \
	status --json
check 'one of them by its number' json '.cards | length == 1' status --json --serial 0000C0AA
check 'one of them by its reader' json '.cards[0].serial == "FFFE:0000C001"' status --json --reader '00 00'
check_says 'another number: not here' 6 'Card 0000C0AB is not here' status --serial 0000C0AB
check_says 'two cards: selftest wants to know which' 2 'FFFE:0000C0AA' verifies default 0 selftest
check 'and is told' verifies default 1 selftest --serial 0000C001
vcard_stop second

# --- check-hardware -------------------------------------------------------------------------

check_says 'check-hardware tests the card' 0 'send in' verifies default 1 hardware
check 'and leaves a report that names nobody' tells_no_one "$T/hw.txt" "$T/hw.json"
unwritable() { selftest --report "$T/none/rep"; }
check_says 'a report that cannot be written is said' 1 'cannot be written' unwritable

# --- A button -------------------------------------------------------------------------------

apdu 0 $SELECT 00200083083132333435363738 00DA00D7020120 >/dev/null
check 'status tells of the button' json '.cards[0].keys[1].touch == "on"' status --json
check_says 'a touch is announced' 0 'Touch the dongle now' verifies default 1 selftest
again default decipher@2:sw=6600
check_says 'nobody touches it: that case fails' 1 'nobody touched' verifies default 1 selftest
again default
apdu 0 $SELECT 00200083083132333435363738 00DA00D7020020 >/dev/null

# --- Failing cards --------------------------------------------------------------------------

ends_in_words() { # CARD VERIFYs COMMAND…
	ew_card=$1 ew_most=$2 ew_rc=0 ew_before=$(vcard_count "$1" VERIFY)
	shift 2
	timeout 60 "$@" >"$T/said" 2>&1 || ew_rc=$?
	cat "$T/said"
	[ $(($(vcard_count "$ew_card" VERIFY) - ew_before)) -le "$ew_most" ] || { echo 'PINs'; return 1; }
	case $ew_rc in
	0) return 0 ;;
	1 | 3 | 5 | 6) grep -q '^bootlatch card [a-z]*: ..*\. [A-Z]' "$T/said" ;;
	*) echo "status $ew_rc"; return 1 ;;
	esac
}
with_fault() { # FAULT VERIFYs COMMAND…
	wf_fault=$1
	shift
	again default "$wf_fault" || return 1
	ends_in_words default "$@"
}
vcard_trace_clear default
status >/dev/null
n=$(vcard_count default) at=1
cat >"$T/run" <<-END
	#!/bin/sh
	exec "$O/bootlatch" card "\$@" --wait 2 --pin-fd 3 3<"$T/pin" </dev/null
END
cat >"$T/look" <<-END
	#!/bin/sh
	exec "$O/bootlatch" card status --wait 2 </dev/null
END
chmod +x "$T/run" "$T/look"
while [ "$at" -le "$n" ]; do
	for action in drop garbage sw=6F00; do
		check "status: command $at of $n meets $action" with_fault "at=$at:$action" 0 "$T/look"
	done
	at=$((at + 1))
done
for fault in select:drop get-data:garbage read-key:cut decipher:sw=6F00 decipher:garbage decipher:drop \
	decipher@2:pull verify:drop verify:sw=6F00 verify:garbage at=10:pull at=20:drop at=30:garbage; do
	check "selftest meets $fault" with_fault "$fault" 1 "$T/run" selftest
done
again default decipher@2:sw=6F00
check_says 'decryption that fails is a failed case, and the status is 1' 1 'FAIL  deciphers' selftest
again default decipher@1:garbage
check_says 'a card that deciphers without a PIN is found out' 1 'FAIL  without a PIN' selftest
again default sign:garbage
BAD_SIGN='expect PIN for card
	send 123456\n
	expect to sign the test
	send 123456\n
	expect 1 failed'
check_says 'so is a signature that does not verify' 1 'its public key verifies that (malformed' destructive 0000C001 "$BAD_SIGN"
again default
check 'a clean selftest afterwards' verifies default 1 selftest
check_is 'with every try left' 03 "$(left)"
vcard_pull default
check_says 'a card that was pulled out is not there' 5 'Insert the card' status
finish
