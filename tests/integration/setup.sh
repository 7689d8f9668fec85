#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# bootlatch setup: from a passphrase and an empty dongle to two dongles and a recovery key.
# STEP=N: it is killed at every N-th call only (4).
# shellcheck disable=SC2016 # for inner shells
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
. "$(dirname "$0")/killed.sh"
need 'setup' unshare ip pcscd opensc-tool cryptsetup jq strace
lib_reexec_in_namespace "$0" "$@"
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
volumes_start
A=$T/a.img B=$T/b.img TAB=$T/tab/crypttab OURS=keyscript=decrypt_bootlatch STEP=${STEP:-4}
mkdir "$T/tab"
ALICE=00000A01 BOB=00000B02

mount -t tmpfs tmpfs /usr/local/sbin
{
	echo '#!/bin/sh'
	echo '[ "$*" = "-u -k all" ] || exit 9'
	echo "{ cat '$TAB' && cat '$CONF'/volumes/*.json; } >'$T/image.new' && mv '$T/image.new' '$T/image'"
	echo "echo run >>'$T/runs'"
	echo "exit \$(cat '$T/status')"
} >/usr/local/sbin/update-initramfs
chmod 755 /usr/local/sbin/update-initramfs
echo 0 >"$T/status"

say() { printf '%s\n' "$@"; }
fresh() { # two volumes that a passphrase opens, nothing of ours
	rm -rf "${BOOT:?}" "${CONF:?}" "$T/image"
	mkdir "$BOOT" "$CONF"
	volume a luks2
	volume b luks1
	say '# crypttab' "aa $A none luks" "bb $B none luks" >"$TAB"
	: >"$T/runs"
}
empty_card() { # NAME SERIAL: as it comes from the maker
	[ ! -e "$T/vcard/$1/pid" ] || vcard_stop "$1"
	rm -f "$T/vcard/$1/state"
	vcard_start "$1" --serial "$2"
}
# The PINs are typed into descriptors: old and new ones, a line each.
# shellcheck disable=SC2120 # check gives them
sets_up() { # OPTION…: without the person
	bl setup --crypttab-file "$TAB" --yes --skip doctor --skip second --wait 30 --algorithm cv25519 \
		--pin-fd 3 --passphrase-fd 4 --recovery-fd 5 --admin-pin-fd 6 --new-pin-fd 7 "$@" \
		3<"$T/pin" 4<"$T/pass" 5>"$T/recovery.out" 6<"$T/admin" 7<"$T/new"
}
typed_for_empty() {
	say 123456 654321 >"$T/pin"
	say 12345678 >"$T/admin"
	say 654321 87654321 >"$T/new"
}
opened_by() { say "$2" >"$T/test.pin" && bl test "$1" --wait 2 --pin-fd 3 3<"$T/test.pin"; }
image_knows() { { cat "$TAB" && cat "$CONF"/volumes/*.json; } | cmp - "$T/image"; }
nothing_stray() {
	stray=$(find "$BOOT" "$CONF" "$T/tab" -name '.?*' -o -name '*.enrolling')
	[ -z "$stray" ] || { echo "left behind: $stray"; return 1; }
}
recovery_opens() { head -c 80 "$T/recovery.out" >"$T/recovery" && opens "$1" "$T/recovery"; }
# One dongle and one recovery key in each, and the passphrase.
is_set_up() { # PIN
	for i_v in "$A" "$B"; do
		in_json_is "$i_v" '(.enrolled | map(.backend) | sort) == ["openpgp-card","recovery"] and all(.enrolled[]; .complete)' || { in_json "$i_v" .; return 1; }
		[ "$(slots "$i_v")" = '0 2 3' ] || { echo "keyslots of $i_v: $(slots "$i_v")"; return 1; }
		opens "$i_v" || return 1
	done
	opened_by "$A" "$1" && opened_by "$B" "$1" && [ "$(grep -c "$OURS" "$TAB")" = 2 ] && image_knows && nothing_stray
}

# --- looked at, refused -----------------------------------------------------------------------
empty_card alice $ALICE || { fail 'a card'; finish; }
fresh
typed_for_empty
all() { sha256sum "$A" "$B" "$TAB" && find "$BOOT" "$CONF" -type f; }
all >"$T/all"
check_says 'what would be done is shown' 0 'keys are made on it' sets_up --dry-run
check 'as JSON' sh -c '"$@" 2>/dev/null | jq -e "[.steps[].state] == [\"to do\",\"to do\",\"to do\",\"to do\",\"no\",\"to do\",\"not here\",\"no\"]"' \
	- "$O/bootlatch" setup --crypttab-file "$TAB" --boot "$BOOT" --config "$CONF" --dry-run --json --recovery-fd 1 --skip doctor --skip second --wait 3
check_says 'a step that there is not' 2 'takes recovery' sets_up --skip nothing
check_says 'nobody to be asked' 2 'add --yes' setsid "$O/bootlatch" setup --crypttab-file "$TAB" --boot "$BOOT" --config "$CONF" --wait 3
talks() { # LINES-OF-SCRIPT [OPTION…]
	t_script=$1
	shift
	printf '%s\n' "$t_script" | "$O/ptytalk" "$O/bootlatch" setup --crypttab-file "$TAB" --boot "$BOOT" --config "$CONF" --wait 3 "$@"
}
# narrow OPTION…: on a terminal of 80 columns no row is broken within a word.
narrow() {
	"$O/ptytalk" sh -c 'stty cols 80; exec "$@"' - "$O/bootlatch" setup --boot "$BOOT" --config "$CONF" --wait 3 "$@" </dev/null >"$T/narrow" 2>&1
	tr -d '\r' <"$T/narrow" | sed 's/\x1b\[[0-9;]*[A-Za-z]//g' | awk 'length > 80 { bad = 1 } END { exit bad || NR < 2 }' || { cat "$T/narrow"; return 1; }
}
check 'its plan fits into 80 columns' narrow --dry-run --crypttab-file "$TAB"
check 'what it says when it fails, too' narrow --skip nothing
check_status 'no' 9 talks 'expect yes, no, or numbers
send no\n'
say '# nothing' >"$T/tab/empty"
check_says 'no volume in crypttab' 1 'has no LUKS volume' sets_up --crypttab-file "$T/tab/empty"
volume c luks2
{ cat "$TAB" && say "cc $T/c.img $T/key luks"; } >"$T/tab/more"
check_says 'what a key file opens is left as it is' 0 "c.img: left as it is" sets_up --dry-run --crypttab-file "$T/tab/more"
vcard_pull alice
check_says 'no dongle' 5 'card' sets_up --wait 3
vcard_insert alice
say wrong >"$T/pass"
check_says 'a wrong passphrase' 1 'passphrase' sets_up
say_pass 'correct horse battery staple'
check 'and nothing was changed' sh -c '{ sha256sum "$1" "$2" "$3" && find "$4" "$5" -type f; } | cmp - "$6"' - "$A" "$B" "$TAB" "$BOOT" "$CONF" "$T/all"

# --- all of it ----------------------------------------------------------------------------------
check_says 'from an empty card' 0 'type its PIN' sets_up
check 'both volumes open with the dongle and its new PIN' is_set_up 654321
check 'the recovery key opens the first' recovery_opens "$A"
check 'and the second' recovery_opens "$B"
check_is 'the image was made once' 1 "$(wc -l <"$T/runs" | tr -d ' ')"
cp -a "$TAB" "$T/tab.after"
say 654321 >"$T/pin"
vcard_trace_clear alice
check_says 'again: it is done' 0 'has keys, which are taken' sets_up
check 'and stays so' is_set_up 654321
check_is 'nothing was made anew' '0 2 3' "$(slots "$A")"

# --- steps left out, and done later ---------------------------------------------------------------
fresh
say 654321 >"$T/pin"
check 'without the boot and the recovery key, one PIN for two volumes' sets_up --skip boot --skip recovery
check_is 'crypttab is as it was' 0 "$(grep -c "$OURS" "$TAB" || true)"
check_is 'one way in' '0 2' "$(slots "$A")"
check 'the rest later' sets_up
check 'is all of it' is_set_up 654321
fresh
echo 1 >"$T/status"
check_says 'update-initramfs fails: what is left is told' 1 'Left to do: the boot' sets_up
check_is 'crypttab is as it was: no later image names us by half' 0 "$(grep -c "$OURS" "$TAB" || true)"
echo 0 >"$T/status"
check 'run again it is done' sets_up
check 'whole' is_set_up 654321
fresh
say '# crypttab' "aa $A none luks" "bb $B none luks,keyscript=/lib/other" >"$TAB"
cp "$TAB" "$T/tab/before"
check_says 'a line that is somebody else'"'"'s' 10 'has another keyscript' sets_up
check 'crypttab is as it was, with the first line too' cmp "$TAB" "$T/tab/before"
check_is 'no image was made' 0 "$(wc -l <"$T/runs" | tr -d ' ')"
fresh
check_says 'doctor has the last word' 1 'Left to do: check' bl setup --crypttab-file "$TAB" --yes --skip second --skip recovery --wait 3 --pin-fd 3 --passphrase-fd 4 3<"$T/pin" 4<"$T/pass"
fresh
say 000000 >"$T/pin"
check_says 'a wrong PIN' 3 'Left to do' sets_up
check 'the disk opens as before' opens "$A"
say 654321 654321 >"$T/pin" # the counter is not full: it is asked for once more
check 'with the right one it goes on' sets_up
check 'to the end' is_set_up 654321
check 'a volume that the dongle opens no more' bl unenroll "$B" --keyslot "$(in_json "$B" '.enrolled[] | select(.backend == "openpgp-card") | .keyslot')" --crypttab-file "$TAB" --no-initramfs
say 654321 >"$T/pin"
check 'is not held against it by doctor' sh -c '"$1" doctor --crypttab-file "$2" --boot "$3" --config "$4" --json --wait 3 --pin-fd 3 3<"$5" 2>/dev/null |
	jq -e "all(.findings[]; .id != \"test-failed\")"' - "$O/bootlatch" "$TAB" "$BOOT" "$CONF" "$T/pin"
fresh
for _ in 1 2 3 4 5 6 7; do cryptsetup luksAddKey -q --pbkdf-force-iterations 1000 --key-file "$T/key" "$B" "$T/key"; done
check_says 'no keyslot for the recovery key in the second volume: it is not said to open nothing' 1 'keep it' sets_up
check 'for it opens the first' recovery_opens "$A"

# --- cut between the PIN and the Admin PIN ----------------------------------------------------------
fresh
empty_card alice $ALICE
typed_for_empty
say 654321 >"$T/new"
check_says 'no new Admin PIN: what is left is told' 9 'Left to do: PINs of the dongle' sets_up
verifies_as() { apdu 0 00A4040006D27600012401 "002000$1$(printf %02X ${#2})$(printf %s "$2" | xxd -p)" | grep -q '9000$'; }
check 'the PIN is changed' verifies_as 82 654321
check 'the Admin PIN is not' verifies_as 83 12345678
say 654321 >"$T/pin"
vcard_trace_clear alice
check_says 'nobody there: it is told, and no Admin PIN is sent' 0 'card passwd --admin' sets_up --skip recovery --skip boot
check_is 'none at all' 0 "$(grep -c ' > VERIFY.* 00200083' "$T/vcard/alice/trace" || true)"
fresh
admin_at_terminal() {
	talks 'expect numbers to leave out
send 1 5 8\n
expect numbers to leave out
send yes\n
expect Passphrase for
send correct horse battery staple\n
expect PIN for card
send 654321\n
expect 12345678
expect yes or no:
send yes\n
expect Admin PIN for card
send 12345678\n
expect New Admin PIN
send 87654321\n
expect gain
send 87654321\n
expect Done'
}
check 'at a terminal it is taken up again' admin_at_terminal
check 'the Admin PIN is the new one' verifies_as 83 87654321

# --- at a terminal, with a second dongle ----------------------------------------------------------
fresh
vcard_stop alice
empty_card bob $BOB
vcard_pull bob
vcard_start alice --serial $ALICE
vcard_stop bob
SWAP_PID=$(vcard_pid alice)
# Up to the second dongle, which takes the place of the first.
SWAPS="expect numbers to leave out
send 1 8\\n
expect numbers to leave out
send yes\\n
expect Passphrase for
send correct horse battery staple\\n
expect PIN for card
send 654321\\n
expect 12345678
expect yes or no:
send no\\n
expect econd dongle opens
expect yes or no:
run kill -USR1 $SWAP_PID
send yes\\n
run sleep 2; '$O/bootlatch-vcard' --state '$T/vcard/bob/state' --vpcd 127.0.0.1:35964 --trace '$T/vcard/bob/trace' >/dev/null 2>&1 7<&- & echo \$! >'$T/bob.pid'"
at_terminal() {
	talks "$SWAPS
expect Admin PIN for card
send 12345678\\n
expect PIN for card
send 123456\\n
expect ew PIN
send 246810\\n
expect gain
send 246810\\n
expect Admin PIN for card
send 24681012\\n
expect gain
send 24681012\\n
expect PIN for card
send 246810\\n
expect Done" --algorithm cv25519
}
check 'typed at a terminal' at_terminal
check_is 'two ways in' '0 2 3' "$(slots "$A")"
check 'the second dongle opens it' sh -c 'echo 246810 >"$1" && "$2" test "$3" --serial '$BOB' --boot "$4" --config "$5" --wait 3 --pin-fd 3 3<"$1"' \
	- "$T/test.pin" "$O/bootlatch" "$A" "$BOOT" "$CONF"
bob_ends() {
	[ ! -s "$T/bob.pid" ] || lib_own "$(cat "$T/bob.pid")"
	[ ! -s "$T/bob.pid" ] || lib_end "$(cat "$T/bob.pid")"
	rm -f "$T/bob.pid"
	vcard_insert alice
}
bob_ends
# Keys are there this time; whose PIN it is, is looked at all the same.
fresh
has_keys() {
	talks "$SWAPS
expect PIN for card
send 246810\\n
expect 12345678
expect yes or no:
send no\\n
expect Done" --algorithm cv25519
}
check 'a second dongle that has keys' has_keys
check_is 'opens it too' '0 2 3' "$(slots "$A")"
bob_ends

# --- killed at every call that changes something ----------------------------------------------------
traced() {
	strace -f -y -o "$T/strace" -e trace="$CALLS" "$@" "$O/bootlatch" setup --crypttab-file "$TAB" --yes --skip doctor --skip second \
		--wait 30 --pin-fd 3 --passphrase-fd 4 --recovery-fd 5 --boot "$BOOT" --config "$CONF" \
		3<"$T/pin" 4<"$T/pass" 5>"$T/recovery.out" </dev/null
}
refresh() {
	cp --sparse=always "$T/kept.a" "$A"
	cp --sparse=always "$T/kept.b" "$B"
	rm -rf "${BOOT:?}" "${CONF:?}" "$T/image"
	mkdir "$BOOT" "$CONF"
	say '# crypttab' "aa $A none luks" "bb $B none luks" >"$TAB"
}
killed_at() { # NAME N: the passphrase opens both; run again it is all there
	refresh
	ka_rc=0
	traced -e "inject=$1:signal=KILL:when=$2" >"$T/said" 2>&1 || ka_rc=$?
	[ "$ka_rc" = 137 ] || { echo "status $ka_rc, not 137"; cat "$T/said"; return 1; }
	fired "$1" || { echo 'it was not killed there'; tail -n 2 "$T/strace"; return 1; }
	opens "$A" || { echo 'a does not open'; return 1; }
	opens "$B" || { echo 'b does not open'; return 1; }
	sets_up >"$T/said" 2>&1 || { echo "again: status $?"; cat "$T/said"; return 1; }
	is_set_up 654321 || { cat "$T/said"; return 1; }
}
fresh
cp --sparse=always "$A" "$T/kept.a"
cp --sparse=always "$B" "$T/kept.b"
say 654321 >"$T/pin"
check 'traced' traced
check 'it is set up' is_set_up 654321
points "$A" "$B" "$BOOT/" "$CONF/" "$T/tab" >"$T/points"
check 'calls change something' test "$(wc -l <"$T/points")" -gt 60
echo "     $(wc -l <"$T/points") calls change something"
n=0
while read -r name when; do
	n=$((n + 1))
	[ $((n % STEP)) = 0 ] || continue
	check "killed at $name number $when" killed_at "$name" "$when" <&-
done <"$T/points"
finish
