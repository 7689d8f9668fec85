#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The card failing at every command in turn, through the real pcscd: words, a status, no PIN
# too many, and all is well afterwards.
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
need 'failing cards do no harm' unshare ip pcscd opensc-tool gpg cryptsetup jq timeout
lib_reexec_in_namespace "$0" "$@"
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
volumes_start

again() { # NAME [FAULT]: the card, started anew with it
	vcard_stop "$1"
	# Back sooner than pcscd looks, after a reset that failed, it would not be noticed.
	sleep 0.7
	if [ $# = 1 ]; then vcard_start "$1"; else vcard_start "$1" --fault "$2"; fi
}

in_words() { # COMMAND…: it ends by itself, with a sentence unless it succeeded
	iw_rc=0
	timeout 60 "$@" >"$T/said" 2>&1 || iw_rc=$?
	cat "$T/said"
	case $iw_rc in
	0) return 0 ;;
	1 | 3 | 5 | 6 | 9) ;; # 9: nobody was there to touch it again
	*) echo "status $iw_rc"; return 1 ;;
	esac
	grep -q '^bootlatch [a-z]*: ..*\. [A-Z]' "$T/said" || { echo 'no words'; return 1; }
}

# PINs since the trace was cleared: of those that the card did not take there is one at most;
# a PIN that it took may be sent again after a reset, three times at most in all.
few_pins() { # CARD
	fp_all=$(vcard_count "$1" VERIFY) fp_good=$(grep -c '> VERIFY .* < 9000' "$(vcard_trace "$1")")
	[ "$fp_all" -le 3 ] && [ $((fp_all - fp_good)) -le 1 ] && return
	echo "$fp_all PINs, $fp_good taken"
	return 1
}
if_verify_then_one() { # CARD: the fault met VERIFY itself: then no other was sent
	grep -q '> VERIFY .* < \(9000\|6982\|63C.\) ' "$(vcard_trace "$1")" ||
		[ "$(vcard_count "$1" VERIFY)" -le 1 ] || { echo 'PIN sent again'; return 1; }
}

one_fault() { # CARD FAULT: unlock with it, then without
	again "$1" "$2" || return 1
	vcard_trace_clear "$1"
	in_words "$O/bootlatch" unlock "$D" --boot "$BOOT" --config "$CONF" --wait 2 --pin-fd 3 \
		3<"$T/pin" </dev/null || return 1
	cat "$(vcard_trace "$1")"
	few_pins "$1" && if_verify_then_one "$1"
}

for card in cv25519 rsa2048; do
	[ $card = cv25519 ] && serial=00000A01 || serial=00000A02
	card_make $card $card "$serial" || { fail "gpg makes $card keys"; finish; }
	volume $card luks2
	D=$T/$card.img
	check "$card: enrolled" bl_both enroll "$D"
	vcard_trace_clear $card
	check "$card: opens" bl_pin unlock "$D"
	n=$(vcard_count $card)
	case $card in
	cv25519) actions='drop lose pull garbage long short cut sw=6F00 sw=6A82 sw=9000 sw=61FF sw=6C00 sw=6600' from=1 last=$n ;;
	rsa2048) actions='drop garbage sw=6F00' from=$((n - 1)) ;; # the blocks of the chain
	esac
	at=$from
	while [ "$at" -le "$n" ]; do
		for action in $actions; do
			check "$card: command $at of $n meets $action" one_fault $card "at=$at:$action"
		done
		at=$((at + 1))
	done
	again $card
	check "$card: a clean unlock afterwards" bl_pin unlock "$D"
	check_is "$card: with every try left" 03 "$(vcard_field $card pin.pw1.tries)"
	[ $card = rsa2048 ] || vcard_stop $card
done

# A card that says nothing more: the person ends the program, and it goes.
vcard_stop rsa2048
D=$T/cv25519.img
hangs() { # N
	again cv25519 "at=$1:hang" || return 1
	vcard_trace_clear cv25519
	h_rc=0
	timeout -k 5 3 "$O/bootlatch" unlock "$D" --boot "$BOOT" --config "$CONF" --wait 2 --pin-fd 3 \
		3<"$T/pin" </dev/null || h_rc=$?
	case $h_rc in 124 | 1 | 3 | 5) ;; *) echo "status $h_rc"; return 1 ;; esac
	few_pins cv25519
}
vcard_start cv25519
for at in 1 $((last - 1)) "$last"; do # SELECT, VERIFY, DECIPHER
	check "command $at is never answered: SIGTERM ends the program" hangs "$at"
done
again cv25519
check 'a clean unlock afterwards' bl_pin unlock "$D"

# Enrolling asks for more; whatever fails, all is as before, or it is enrolled.
volume other luks2
D=$T/other.img
cp --sparse=always "$D" "$T/other.kept"
vcard_trace_clear cv25519
check 'a disk is enrolled' bl_both enroll "$D"
n=$(vcard_count cv25519)
check 'and removed' bl unenroll "$D" --keyslot 2
files=$(find "$BOOT" "$CONF" -type f -exec sha256sum {} + | sort)
enroll_fault() { # FAULT
	cp --sparse=always "$T/other.kept" "$D"
	again cv25519 "$1" || return 1
	vcard_trace_clear cv25519
	in_words "$O/bootlatch" enroll "$D" --boot "$BOOT" --config "$CONF" --wait 2 --pin-fd 3 \
		--passphrase-fd 4 3<"$T/pin" 4<"$T/pass" </dev/null || return 1
	few_pins cv25519 && if_verify_then_one cv25519 || return 1
	opens "$D" || return 1
	if [ "$iw_rc" = 0 ]; then
		in_json_is "$D" '.enrolled[0].complete' && bl unenroll "$D" --keyslot 2
	else
		[ "$(slots "$D") $(tokens "$D")" = '0 0' ] && in_json_is "$D" '.enrolled == []' &&
			[ "$(find "$BOOT" "$CONF" -type f -exec sha256sum {} + | sort)" = "$files" ]
	fi
}
at=1
while [ "$at" -le "$n" ]; do
	for action in drop sw=6F00 garbage; do
		check "enrolling: command $at of $n meets $action" enroll_fault "at=$at:$action"
	done
	at=$((at + 1))
done
again cv25519
check 'a clean enrolment afterwards' bl_both enroll "$D"
finish
