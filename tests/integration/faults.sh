#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The card and its reader failing at every command in turn, through pcscd and through a handler
# that we drive ourselves: words, a status, no PIN too many, no process left behind, and all is
# well afterwards. What a handler can do beyond this is in ifd.sh.
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
HANDLER=/usr/lib/pcsc/drivers/serial/libifdvpcd.so
need 'failing cards do no harm' unshare ip pcscd opensc-tool gpg cryptsetup jq timeout pgrep
lib_reexec_in_namespace "$0" "$@"
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
volumes_start

again() { # NAME [FAULT [OPTION]...]: the card, started anew with it
	vcard_stop "$1"
	# Back sooner than pcscd looks, after a reset that failed, it would not be noticed.
	sleep 0.7
	a_name=$1
	shift
	[ $# = 0 ] || set -- --fault "$@"
	vcard_start "$a_name" "$@"
}
nothing_left() { # the reader's child is reaped
	nl_p=$(pgrep -c '^bootlatch') || true
	nl_v=$(pgrep -c '^bootlatch-vcard') || true
	[ "$nl_p" = "$nl_v" ] || { ps -ef; return 1; }
}

in_words() { # COMMAND…: it ends by itself, with a sentence unless it succeeded
	iw_rc=0
	"$@" >"$T/said" 2>&1 || iw_rc=$?
	cat "$T/said"
	case $iw_rc in
	0) return 0 ;;
	1 | 3 | 4 | 5 | 6 | 9) ;; # 4: it says blocked; 9: nobody was there to touch it again
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
	in_words timeout 60 "$O/bootlatch" unlock "$D" --boot "$BOOT" --config "$CONF" --wait 2 --pin-fd 3 \
		3<"$T/pin" </dev/null || return 1
	cat "$(vcard_trace "$1")"
	few_pins "$1" && if_verify_then_one "$1" && nothing_left && every_try "$1"
}
every_try() { [ "$(vcard_field "$1" pin.pw1.tries)" = 03 ] || { echo 'a try is gone'; return 1; }; }

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
	cv25519) actions='drop lose pull garbage long short cut tlv huge stale sw=6F00 sw=6A82 sw=9000 sw=61FF
		sw=6C00 sw=6600 sw=6983 sw=63C0' from=1 last=$n ;;
	# The blocks of the chain.
	rsa2048) actions='drop lose garbage long short cut huge stale sw=6F00 sw=9000 sw=61FF sw=6C00' from=$((n - 1)) ;;
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
for at in $(seq 1 "$last"); do
	check "command $at is never answered: SIGTERM ends the program" hangs "$at"
done
again cv25519
check 'a clean unlock afterwards' bl_pin unlock "$D"

# An answer that comes when it is not waited for any more is not taken for that to the next
# command: the card, never started anew, opens the volume at once. A key is used for up to a minute.
late() { # MS N STATUS-OF-UNLOCK
	again cv25519 "at=$2:late" --late "$1" || return 1
	vcard_trace_clear cv25519
	l_rc=0
	timeout 150 "$O/bootlatch" unlock "$D" --boot "$BOOT" --config "$CONF" --wait 1 --pin-fd 3 \
		3<"$T/pin" </dev/null >"$T/said" 2>&1 || l_rc=$?
	cat "$T/said" "$(vcard_trace cv25519)"
	[ "$l_rc" = "$3" ] && [ "$(vcard_count cv25519 VERIFY)" -le 1 ] && nothing_left && every_try cv25519 || return 1
	[ "$l_rc" = 0 ] || grep -q '^bootlatch [a-z]*: ..*\. [A-Z]' "$T/said" || return 1
	WAIT=20 bl_pin test "$D"
}
while read -r ms at name status; do
	check "$name is answered after $ms ms: words, and the next unlock works" late "$ms" "$at" "$status"
done <<ROWS
12000 1 SELECT 5
12000 2 GET-DATA 5
12000 3 F9 5
12000 $((last - 1)) VERIFY 3
12000 $last DECIPHER 0
ROWS

# pcscd is killed while the card has a command.
pcscd_dies() { # N
	again cv25519 "at=$1:hang" || return 1
	vcard_trace_clear cv25519
	(lib_wait 100 grep -q '< hang' "$(vcard_trace cv25519)" && kill -9 "$PCSCD_PID") &
	pd_killer=$!
	pd_rc=0
	in_words timeout 60 "$O/bootlatch" unlock "$D" --boot "$BOOT" --config "$CONF" --wait 2 --pin-fd 3 \
		3<"$T/pin" </dev/null || pd_rc=1
	wait "$pd_killer" || pd_rc=1
	few_pins cv25519 && if_verify_then_one cv25519 && nothing_left || pd_rc=1
	pcscd_stop
	pcscd_start && lib_card_is Yes 0 && return "$pd_rc"
}
at=1
while [ "$at" -le "$last" ]; do
	check "pcscd dies at command $at of $last" pcscd_dies "$at"
	at=$((at + 1))
done
again cv25519
check 'a clean unlock afterwards, through the new pcscd' bl_pin unlock "$D"

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
	in_words timeout 60 "$O/bootlatch" enroll "$D" --boot "$BOOT" --config "$CONF" --wait 2 --pin-fd 3 \
		--passphrase-fd 4 3<"$T/pin" 4<"$T/pass" </dev/null || return 1
	few_pins cv25519 && if_verify_then_one cv25519 && nothing_left && every_try cv25519 || return 1
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
	for action in drop lose sw=6F00 garbage cut tlv huge stale; do
		check "enrolling: command $at of $n meets $action" enroll_fault "at=$at:$action"
	done
	at=$((at + 1))
done
again cv25519
check 'a clean enrolment afterwards' bl_both enroll "$D"

# The same without pcscd: what ifd.sh does not do, and answers that the reader gives late, then
# once more as that to the next command.
vcard_stop cv25519
pcscd_stop
D=$T/cv25519.img
card() { # [OPTION]...: the virtual card, looking for a reader until there is one
	"$O/bootlatch-vcard" --state "$(vcard_state cv25519)" --trace "$(vcard_trace cv25519)" \
		--vpcd 127.0.0.1:35963 "$@" >"$T/card.log" 2>&1 &
	CARD=$!
	lib_own "$CARD"
}
ifd() { # VERB SECONDS
	timeout 150 "$O/bootlatch" "$1" "$D" --boot "$BOOT" --config "$CONF" --wait "$2" \
		--transport "$HANDLER@0x8C7B" --pin-fd 3 3<"$T/pin" </dev/null
}
ifd_fault() { # FAULT MS
	card --fault "$1" --late "$2"
	vcard_trace_clear cv25519
	if_rc=0
	in_words ifd test 2 || if_rc=1
	cat "$(vcard_trace cv25519)"
	few_pins cv25519 && if_verify_then_one cv25519 && nothing_left && every_try cv25519 || if_rc=1
	lib_end "$CARD"
	return "$if_rc"
}
at=1
while [ "$at" -le "$last" ]; do
	for action in tlv huge stale sw=6600 sw=6983 sw=63C0; do
		check "without pcscd: command $at of $last meets $action" ifd_fault "at=$at:$action" 0
	done
	at=$((at + 1))
done
while read -r ms at name; do
	check "without pcscd: $name is answered after $ms ms, the next command with the same" \
		ifd_fault "at=$at:stale" "$ms"
done <<ROWS
12000 1 SELECT
12000 2 GET-DATA
12000 3 F9
12000 $((last - 1)) VERIFY
62000 $last DECIPHER
ROWS
card
check 'without pcscd: a clean unlock afterwards' ifd unlock 10
lib_end "$CARD"
check_is 'with every try left' 03 "$(vcard_field cv25519 pin.pw1.tries)"
finish
