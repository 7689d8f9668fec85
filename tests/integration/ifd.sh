#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Without pcscd: the same card through an IFD handler that we drive ourselves, and what goes
# wrong on that way.
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
HANDLER=/usr/lib/pcsc/drivers/serial/libifdvpcd.so
need 'a card without pcscd' unshare ip pcscd opensc-tool gpg cryptsetup jq timeout
lib_reexec_in_namespace "$0" "$@"
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
volumes_start

ifd() { # VERB [OPTION]...: with the PIN, without pcscd
	ifd_verb=$1
	shift
	timeout 150 "$O/bootlatch" "$ifd_verb" "$D" --boot "$BOOT" --config "$CONF" --wait 10 \
		--transport "$HANDLER@0x8C7B" --pin-fd 3 "$@" 3<"$T/pin" </dev/null
}
card() { # [OPTION]...: the virtual card, looking for a reader until there is one
	"$O/bootlatch-vcard" --state "$(vcard_state cv25519)" --trace "$(vcard_trace cv25519)" \
		--vpcd 127.0.0.1:35963 "$@" >"$T/card.log" 2>&1 &
	CARD=$!
	lib_own $CARD
}
nothing_left() {
	nl_p=$(pgrep -c '^bootlatch-card') || true
	[ "$nl_p" = 0 ] || { ps -ef; return 1; }
}

card_make cv25519 cv25519 00000A01 || { fail 'gpg makes keys'; finish; }
volume disk luks2
D=$T/disk.img
check 'enrolled through pcscd' bl_both enroll "$D"
vcard_stop cv25519
pcscd_stop

card
check 'the card opens the volume without pcscd' ifd test
vcard_trace_clear cv25519
check 'and once more' ifd unlock
check_is 'with one PIN' 1 "$(vcard_count cv25519 VERIFY)"
n=$(vcard_count cv25519)
check_is 'and no more commands than through pcscd' 5 "$n"
say_pin 999999
check_status 'a wrong PIN is one' 3 ifd test
say_pin 123456
check 'and the right one opens' ifd test
check 'a volume is enrolled without pcscd too' bl_both enroll "$D" --transport "$HANDLER@0x8C7B"
check 'nothing of ours is left' nothing_left
lib_end $CARD

while read -r fault status words; do
	card --fault "$fault"
	vcard_trace_clear cv25519
	check_says "$fault: an error in words" "$status" "$words" ifd test
	check "$fault: at most one PIN" test "$(vcard_count cv25519 VERIFY)" -le 1
	check "$fault: nothing of ours is left" nothing_left
	lib_end $CARD
	card
	check "$fault: without it the card opens the volume" ifd test
	lib_end $CARD
done <<'FAULTS'
SELECT@1:hang 5 no answer in time
VERIFY@1:drop 3 The try counts as spent
VERIFY@1:hang 3 The try counts as spent
FAULTS

# Every command in turn: a result or an error in words, and of the PINs that the card did not
# take there is one at most.
in_words() {
	iw_rc=0
	ifd test --wait 2 >"$T/said" 2>&1 || iw_rc=$?
	cat "$T/said" "$(vcard_trace cv25519)"
	case $iw_rc in
	0) ;;
	1 | 3 | 5 | 6) grep -q '^bootlatch [a-z]*: ..*\. [A-Z]' "$T/said" || return 1 ;;
	*) echo "status $iw_rc"; return 1 ;;
	esac
	iw_all=$(vcard_count cv25519 VERIFY)
	iw_good=$(grep -c '> VERIFY .* < 9000' "$(vcard_trace cv25519)") || true
	[ "$iw_all" -le 3 ] && [ $((iw_all - iw_good)) -le 1 ]
}
at=1
while [ $at -le "$n" ]; do
	for action in drop lose pull garbage long short cut sw=6F00 sw=6A82 sw=9000 sw=61FF sw=6C00; do
		card --fault "at=$at:$action"
		vcard_trace_clear cv25519
		check "command $at of $n meets $action" in_words
		lib_end $CARD
	done
	at=$((at + 1))
done
check 'nothing of ours is left' nothing_left
card
check 'a clean unlock afterwards' ifd test
lib_end $CARD
check_is 'with every try left' 03 "$(vcard_field cv25519 pin.pw1.tries)"

check_status 'no card: an error' 5 ifd test --wait 1
check_says 'no handler: an error in words' 5 'could not be loaded' \
	timeout 60 "$O/bootlatch" test "$D" --boot "$BOOT" --config "$CONF" --wait 1 \
	--transport /nonexistent.so@1 --pin-fd 3 3<"$T/pin"
check_says 'no transport: usage' 2 '--transport takes' \
	timeout 60 "$O/bootlatch" test "$D" --transport usb
finish
