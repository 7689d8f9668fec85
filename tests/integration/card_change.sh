#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# bootlatch card generate, passwd, unblock, touch, cert and reset at a terminal and when things
# fail: what is asked before anything is destroyed, what volumes are named, what a card is left with
# that was pulled out or refused in the middle, and that the same command again finishes it. A
# certificate written by the card is what a Heads keyring verifies /boot with.
set -eu
TESTS=$(cd "$(dirname "$0")/.." && pwd)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
. "$(dirname "$0")/../sign/boot.sh"
need 'cards are changed as they should' unshare ip pcscd opensc-tool gpg cryptsetup jq timeout
lib_reexec_in_namespace "$0" "$@"
state_apart
volumes_start
sign_start
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
vcard_start one --serial 00000B01
gpg_home_new one
printf '12345678\n' >"$T/admin"
printf '97531864\n' >"$T/wrong"
printf '123456\n' >"$T/pin"

card() { timeout 60 "$O/bootlatch" card "$@" --config "$CONF" --wait 5 </dev/null; }
plain() { timeout 60 "$O/bootlatch" card "$@" --wait 5 </dev/null; }
generate() { card generate --admin-pin-fd 3 "$@" 3<"$T/admin"; }
at_tty() { "$O/ptytalk" "$O/bootlatch" card "$@" --wait 5; }
again() { # the card, started anew without a fault
	vcard_stop one
	# Back sooner than pcscd looks, after a reset that failed, it would not be noticed.
	sleep 0.7
	vcard_start one
}
status_of_gpg() { gpg --batch --card-status --with-colons; gpgconf --kill all; }
fprs() { status_of_gpg 2>/dev/null | sed -n 's/^fpr:\(.*\):$/\1/p'; }
key() { fprs | cut -d: -f1; }

# --- keys -----------------------------------------------------------------------------------

check_status 'a wrong Admin PIN: its status' 3 verifies one 1 card generate --admin-pin-fd 3 3<"$T/wrong"
check_is 'one try less' 02 "$(vcard_field one pin.pw3.tries)"
check_says 'nobody to ask: said, and nothing is sent' 2 'terminal' verifies one 0 \
	setsid -w "$O/bootlatch" card generate --wait 1 </dev/null
check 'keys' verifies one 1 generate --algorithm cv25519
check_is 'every try again' 03 "$(vcard_field one pin.pw3.tries)"
check_says 'once more: the keys stay' 10 'already' verifies one 0 generate
check_says 'by force, and nobody types the number' 10 'a person who types' verifies one 0 generate --force
check 'a certificate' plain cert --pin-fd 3 --output "$T/cert" --user-id 'Heads <heads@example.org>' 3<"$T/pin"
check_status 'a file that is there is not written over' 1 verifies one 0 plain cert --pin-fd 3 --output "$T/cert" 3<"$T/pin"
check 'as text, on standard output' sh -c "'$O/bootlatch' card cert --armor --pin-fd 3 3<'$T/pin' </dev/null >'$T/cert.asc'"
check 'which gpg reads' sh -c "gpg --batch --show-keys '$T/cert.asc'"
check 'in JSON too' sh -c "'$O/bootlatch' card cert --json --pin-fd 3 3<'$T/pin' </dev/null | jq -re .certificate | base64 -d | gpg --batch --show-keys"
check_status 'an end in the past' 2 plain cert --expires 2020-01-01
check_status 'a slot that is none' 2 plain generate --slots sig,att
check_status 'an algorithm that is none' 2 plain generate --algorithm rsa1024

# --- Heads ----------------------------------------------------------------------------------

small_boot "$BOOT"
heads_takes_it() {
	KEY=$(key)
	bl_pin sign --yes --default first --key "$KEY" || return 1
	gpg --batch --import "$T/cert" && gpg --batch --export "$KEY" >"$T/keyring" &&
		heads_verify --style relative --keyring "$T/keyring" "$BOOT" &&
		"$O/bootlatch" verify --boot "$BOOT" --config "$T/none" --cert "$T/cert" </dev/null
}
check 'a Heads keyring with that certificate verifies what the card signed' heads_takes_it

# --- keys that volumes open with ------------------------------------------------------------

volume disk luks2
D=$T/disk.img
check 'a volume is enrolled' bl_both enroll "$D"
check 'the card opens it' bl_pin test "$D"
forced() { # TYPED SCRIPT-LINES...
	fo_typed=$1
	shift
	at_tty generate --config "$CONF" --force --algorithm cv25519 >"$T/out" 2>&1 <<-END
		expect $(uuid_of "$D") opens with this card (keyslot 2)
		expect which Heads
		expect to go on
		send $fo_typed\n
		${1:-end}
	END
	fo_rc=$?
	cat "$T/out"
	return "$fo_rc"
}
before=$(fprs)
check_says 'by force: the volume is named, another number is refused' 10 'not the serial number' \
	verifies one 0 forced 00000B02
check_is 'the keys are as they were' "$before" "$(fprs)"
check 'and open it' bl_pin test "$D"
check 'with the number they are replaced' verifies one 1 forced 00000B01 'expect Admin PIN for card
	send 12345678\n
	expect authentication'
check_fails 'all three' test "$before" = "$(fprs)"
check_fails 'and open it no more' bl_pin test "$D"

# --- PINs at a terminal ---------------------------------------------------------------------

check 'a PIN with letters is warned of, and taken when typed again' at_tty passwd <<-END
	expect PIN for card FFFE:00000B01 (3 tries left):
	send 123456\n
	expect 6 to 127 characters
	expect New PIN for card
	send azerty\n
	expect keyboard layout
	expect The same PIN again
	send azerty\n
	expect is changed
	END
check 'that one and another' at_tty passwd <<-END
	expect PIN for card
	send azerty\n
	expect New PIN
	send 123456\n
	expect every new card has
	expect New PIN
	send 135791\n
	expect again
	send 135792\n
	expect differ
	expect New PIN
	send 135791\n
	expect again
	send 135791\n
	expect is changed
	END
printf '135791\n' >"$T/pin"
check_says 'a card pulled out at the prompt withdraws it' 5 'went away' at_tty passwd <<-END
	expect PIN for card
	run kill -USR1 $(vcard_pid one)
	end
	END
vcard_insert one
check_is 'no try is gone' 03 "$(vcard_field one pin.pw1.tries)"
check_says '--admin and --reset-code exclude each other' 2 'at a time' plain passwd --admin --reset-code

# --- touch ----------------------------------------------------------------------------------

touch_by() { plain touch "$@" --admin-pin-fd 3 3<"$T/admin"; }
check_says 'touch: a key that is none' 2 'one of sig' touch_by key on
check_says 'touch: a setting that is none' 2 'one of off' touch_by sig forever
check_says 'touch: fixed needs a person' 10 'a person who types' verifies one 0 touch_by sig fixed
check_says 'touch: cached, which this card does not know' 1 'does not know' touch_by sig cached
check 'touch: fixed, when the word was typed' at_tty touch sig fixed <<-END
	expect for good
	expect Type "fixed" to go on
	send fixed\n
	expect Admin PIN
	send 12345678\n
	expect is fixed
	END
check_says 'touch: fixed stays' 10 'Only a reset' verifies one 0 touch_by sig off
check_says 'touch: fixed already' 0 'already' verifies one 0 touch_by sig fixed

# --- keys, interrupted ----------------------------------------------------------------------

new_card() {
	vcard_stop one
	rm -f "$(vcard_state one)"
	vcard_start one --serial 00000B01 "$@"
	printf '123456\n' >"$T/pin"
}
ended_in_words() { # STATUS: with a sentence, and what to do
	case $1 in
	1 | 3 | 5 | 9) tr -s '\r\n' '  ' <"$T/said" | grep -q 'bootlatch card [a-z]*: ..*\. [A-Z]' || { echo 'no words'; return 1; } ;;
	*) echo "status $1"; return 1 ;;
	esac
}
interrupted() { # FAULT: then without it
	new_card --fault "$1"
	vcard_trace_clear one
	in_rc=0
	generate --algorithm cv25519 >"$T/said" 2>&1 || in_rc=$?
	cat "$T/said"
	[ "$(vcard_count one VERIFY)" -le 1 ] && ended_in_words "$in_rc" || return 1
	again
	generate --algorithm cv25519 || return 1
	[ "$(fprs | tr -d '0:' | wc -c)" -gt 100 ] || { fprs; return 1; }
	gpg --batch --yes --delete-keys "$(key)" >/dev/null 2>&1 || true
	plain cert --pin-fd 3 --output "$T/cert.$1" 3<"$T/pin" && gpg --batch --import "$T/cert.$1"
}
for fault in verify:drop generate:drop generate:lose generate@2:lose generate@3:sw=6600 generate@2:sw=6985 \
	put-data@4:lose put-data@5:lose put-data@5:pull put-data@8:sw=6982 read-key@5:drop; do
	check "keys: $fault, and the same again" interrupted "$fault"
done

# --- PINs, interrupted ----------------------------------------------------------------------

printf '246810\n' >"$T/new"
change_fault() { # FAULT PIN-AFTERWARDS
	new_card --fault "$1"
	cf_rc=0
	plain passwd --pin-fd 3 --new-pin-fd 4 3<"$T/pin" 4<"$T/new" >"$T/said" 2>&1 || cf_rc=$?
	cat "$T/said"
	ended_in_words "$cf_rc" || return 1
	again
	apdu 0 00A4040006D27600012401 "0020008206$(printf %s "$2" | xxd -p)" >"$T/sw"
	cat "$T/sw"
	[ "$(cat "$T/sw")" = 9000 ]
}
check 'a PIN: pulled before it was changed' change_fault change-pin:drop 123456
check 'a PIN: pulled after it was changed' change_fault change-pin:lose 246810
check 'that nobody knows which is said' grep -q 'may be the old one or the new' "$T/said"
check 'a PIN: refused' change_fault change-pin:sw=6985 123456

# --- the end --------------------------------------------------------------------------------

reset_by_admin() {
	at_tty reset --config "$CONF" >"$T/said" 2>&1 <<-END
		expect to go on
		send 00000B01\n
		expect Admin PIN for
		send 12345678\n
		end
	END
	rb_rc=$?
	cat "$T/said"
	return "$rb_rc"
}
reset_ended() {
	at_tty reset --config "$CONF" >"$T/said" 2>&1 <<-END
		expect was ended before
		expect Type "new" to go on
		send new\n
		expect as when it was new
	END
}
reset_fault() { # FAULT HOW-AGAIN
	new_card --fault "$1"
	rf_rc=0
	reset_by_admin || rf_rc=$?
	ended_in_words "$rf_rc" || return 1
	again
	"$2" || { cat "$T/said"; return 1; }
	[ "$(vcard_field one pin.pw1.tries)$(vcard_field one pin.pw3.tries)" = 0303 ]
}
check 'reset: pulled before the card was ended' reset_fault terminate:drop reset_by_admin
check 'reset: pulled after the card was ended' reset_fault terminate:lose reset_ended
check 'reset: pulled before it was begun' reset_fault activate:drop reset_ended
check 'reset: refused' reset_fault terminate:sw=6F00 reset_by_admin
new_card
check_status 'reset: another number' 10 at_tty reset --config "$CONF" <<-END
	expect to go on
	send 00000B09\n
	end
	END
check 'reset: without the Admin PIN both PINs are blocked first, when that was confirmed' at_tty reset --config "$CONF" <<-END
	expect to go on
	send FFFE:00000B01\n
	expect Admin PIN for
	send \x04
	expect Type "block" to go on
	send block\n
	expect as when it was new
	END
check_is 'reset: and the card is as new' 0303 "$(vcard_field one pin.pw1.tries)$(vcard_field one pin.pw3.tries)"
check_status 'reset: not when it was not confirmed' 10 at_tty reset --config "$CONF" <<-END
	expect to go on
	send 00000B01\n
	expect Admin PIN for
	send \x04
	expect to go on
	send no\n
	end
	END
check_is 'reset: then no try is gone' 0303 "$(vcard_field one pin.pw1.tries)$(vcard_field one pin.pw3.tries)"

# --- two cards ------------------------------------------------------------------------------

vcard_start two --serial 00000B02
check_says 'two cards: which one?' 2 'Several cards' generate --algorithm cv25519
check 'that one' generate --algorithm cv25519 --serial 00000B02 --slots dec
check_is 'the other is as it was' '::' "$(vcard_stop two; fprs | tr -d 0)"
finish
