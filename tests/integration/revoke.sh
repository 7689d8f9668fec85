#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# bootlatch revoke: a lost dongle goes out of every volume, whatever cuts it short.
# STEP=N: it is killed at every N-th call only.
# shellcheck disable=SC2016 # for inner shells
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
. "$(dirname "$0")/killed.sh"
need 'dongles are revoked' unshare ip gpg cryptsetup jq strace
lib_reexec_in_namespace "$0" "$@"
volumes_start
STEP=${STEP:-1}
A=$T/a.img B=$T/b.img AWAY=$T/away.img TAB=$T/tab/crypttab
SERIAL=000F:00000A01 OURS=keyscript=decrypt_bootlatch
mkdir "$T/tab"

# Keys in software play the dongles': what is revoked is not here anyway.
GNUPGHOME=$T/gpg-soft
export GNUPGHOME
mkdir -m 700 "$GNUPGHOME"
soft_key() { # NAME: $T/NAME.pub, and the fingerprint of its encryption key in $T/NAME.fpr
	gpg -q --batch --passphrase '' --quick-gen-key "$1" future-default default never 2>"$T/gpg.err" &&
		gpg --export "$1" >"$T/$1.pub" &&
		gpg --with-colons --list-keys "$1" | awk -F: '$1 == "sub" { s = 1 } $1 == "fpr" && s { print $10 }' >"$T/$1.fpr"
}
if ! soft_key alice || ! soft_key bob; then
	fail 'gpg makes keys' "$(cat "$T/gpg.err")"
	finish
fi
ALICE=$(cat "$T/alice.fpr")

mount -t tmpfs tmpfs /usr/local/sbin
{
	echo '#!/bin/sh'
	echo '[ "$*" = -u ] || exit 9'
	echo "{ cat '$TAB' && cat '$CONF'/volumes/*.json; } >'$T/image.new' && mv '$T/image.new' '$T/image'"
	echo "echo run >>'$T/runs'"
	echo "exit \$(cat '$T/status')"
} >/usr/local/sbin/update-initramfs
chmod 755 /usr/local/sbin/update-initramfs
echo 0 >"$T/status"

enrolled() { # two volumes that alice and bob open at boot, a third that is not here; alice's number is known for the first
	rm -rf "$BOOT" "$CONF"
	mkdir "$BOOT" "$CONF"
	volume a luks2
	volume b luks1
	volume away luks2
	printf '%s\n' '# crypttab' "aa $A none luks" "bb $B none luks" >"$TAB"
	cp "$TAB" "$T/tab.before"
	for e_v in "$A" "$B"; do
		bl enroll "$e_v" --cert "$T/alice.pub" --cert "$T/bob.pub" --key-file "$T/key" --crypttab --crypttab-file "$TAB" --wait 1
	done
	change_record "$A" ".ways[0].cards = [\"$SERIAL\"]"
	/usr/local/sbin/update-initramfs -u
	: >"$T/runs"
}
change_record() { # DEVICE FILTER
	jq -c "$2" "$(record_of "$1")" >"$T/record"
	cat "$T/record" >"$(record_of "$1")"
}
revokes() { bl revoke --crypttab-file "$TAB" "$@"; }
runs() { wc -l <"$T/runs" | tr -d ' '; }
all() { sha256sum "$A" "$B" "$TAB" && find "$BOOT" "$CONF" -type f -exec sha256sum {} + | sort; }
keep() {
	rm -rf "${T:?}/kept"
	mkdir "$T/kept"
	cp -a --sparse=always "$A" "$B" "$AWAY" "$BOOT" "$CONF" "$T/tab" "$T/image" "$T/kept"
}
restore() {
	rm -rf "${BOOT:?}" "${CONF:?}" "${T:?}/tab"
	cp -a --sparse=always "$T/kept/." "$T"
	: >"$T/runs"
}
opens_by() { # NAME DEVICE SLOT: gpg, as the dongle would
	gpg -q --batch --yes -o "$T/opened" -d "$(blob_of "$2" "$3")" && opens_slot "$2" "$3" "$T/opened"
}
knows_only() { jq -e ".ways | map(.recipient) == [\"$(cat "$T/$2.fpr")\"]" "$(record_of "$1")"; }
# Of one volume: alice's way is gone whole, bob's and the passphrase are there.
only_bob() {
	[ "$(slots "$1")" = '0 3' ] || { echo "keyslots of $1: $(slots "$1")"; return 1; }
	knows_only "$1" bob || { cat "$(record_of "$1")"; return 1; }
	[ "$(find "$BOOT" -name "$(uuid_of "$1").2.*" | wc -l)" = 0 ] || { ls "$BOOT/bootlatch"; return 1; }
	opens "$1" && opens_by bob "$1" 3
}
image_knows() { # the image was made after all the rest
	{ cat "$TAB" && cat "$CONF"/volumes/*.json; } | cmp - "$T/image"
}
nothing_stray() {
	stray=$(find "$BOOT" "$CONF" "$T/tab" -name '.?*' -o -name revoking -o -name '*.enrolling')
	[ -z "$stray" ] || { echo "left behind: $stray"; return 1; }
}
revoked() { only_bob "$A" && only_bob "$B" && [ "$(tokens "$A")" = 1 ] && image_knows && nothing_stray; }

# --- nothing happens yet ----------------------------------------------------------------------
check 'two dongles in two volumes' enrolled
keep
all >"$T/all"
unchanged() { all | cmp - "$T/all" && [ "$(runs)" = 0 ]; }
check_says '--dry-run tells' 0 "$A: keyslot 2" revokes --serial "$SERIAL" --dry-run
check_says 'of all volumes' 0 "$B: keyslot 2" revokes --serial "$SERIAL" --dry-run
check 'as JSON' sh -c '"$@" 2>/dev/null | jq -e ".ok and (.volumes | length == 2) and .keys[0].fingerprint == \"$0\" and (.volumes[0].last_way | not)"' \
	"$ALICE" "$O/bootlatch" revoke --crypttab-file "$TAB" --serial "$SERIAL" --dry-run --json --boot "$BOOT" --config "$CONF"
check_says 'a number that nobody has' 8 'has a way in for card' revokes --serial 00000B02 --yes
check_says 'a key that nobody has' 8 'for that key' revokes --fingerprint 0000000000000000000000000000000000000000 --yes
check_says 'no fingerprint at all' 2 '40 hexadecimal' revokes --fingerprint 1234 --yes
check_says 'both' 2 'Either' revokes --fingerprint "$ALICE" --serial "$SERIAL"
check_says 'nobody to be asked' 2 'add --yes' setsid "$O/bootlatch" revoke --crypttab-file "$TAB" --serial "$SERIAL" --boot "$BOOT" --config "$CONF"
check_says 'nobody to choose' 2 'Say which dongle' setsid "$O/bootlatch" revoke --crypttab-file "$TAB" --boot "$BOOT" --config "$CONF"
# LINES-OF-SCRIPT [OPTION…]
talk_revoke() {
	tr_script=$1
	shift
	printf '%s\n' "$tr_script" | "$O/ptytalk" "$O/bootlatch" revoke --crypttab-file "$TAB" --boot "$BOOT" --config "$CONF" "$@"
}
check_status 'a no' 9 talk_revoke 'expect to go on:
send no\n' --serial "$SERIAL"
check_status 'no number of the list' 9 talk_revoke 'expect Number of the lost dongle
send 3\n'
check 'and nothing is changed by any of that' unchanged

# --- done -------------------------------------------------------------------------------------
check_says 'revoked: what is left to do is told' 0 "cryptsetup reencrypt $A" revokes --serial "$SERIAL" --yes
check 'its ways in are gone, the others are as they were' revoked
check_is 'the image was made once' 1 "$(runs)"
check 'crypttab names us still' grep -q "$OURS" "$TAB"
check_says 'again: there is nothing' 8 'no volume' revokes --serial "$SERIAL" --yes
restore
check_status 'by the list, at a terminal' 0 talk_revoke 'expect opens 2
expect Number of the lost dongle
send 1\n
expect to go on:
send yes\n
expect opens no volume of this machine any more'
check 'the same is gone' revoked
check 'the other one too' revokes --fingerprint "$(cat "$T/bob.fpr")" --yes
check_is 'only the passphrase is left' '0 0' "$(slots "$A") $(slots "$B")"
check 'and crypttab is as it was before all dongles' cmp "$TAB" "$T/tab.before"
check 'and the image knows' image_knows
restore
check 'a recovery key beside them' bl enroll "$A" --recovery --recovery-fd 5 --key-file "$T/key" 5>"$T/paper"
check 'both dongles are revoked' sh -c '"$@" --fingerprint '"$ALICE"' && "$@" --fingerprint '"$(cat "$T/bob.fpr")" - \
	"$O/bootlatch" revoke --crypttab-file "$TAB" --boot "$BOOT" --config "$CONF" --yes
check_is 'the recovery key stays' recovery "$(in_json "$A" '.enrolled[].backend')"
check 'it opens at any prompt: crypttab is as it was before all dongles' cmp "$TAB" "$T/tab.before"
restore
check 'one volume alone' bl revoke "$A" --crypttab-file "$TAB" --serial "$SERIAL" --yes
check 'is done' only_bob "$A"
check_is 'and the other is not' '0 2 3' "$(slots "$B")"
restore
change_record "$A" ".ways[0].cards = [\"$SERIAL\",\"000F:00000B02\"]"
check_says 'another card with the same key is told of' 0 'Card 000F:00000B02 holds the same key' revokes --serial "$SERIAL" --dry-run
mkdir -p "$CONF/signers"
SIGNER=$(gpg --with-colons --list-keys alice | awk -F: '$1 == "fpr" { print $10; exit }')
gpg --export alice >"$CONF/signers/$SIGNER.pgp"
check_says 'who may sign /boot is told' 0 "signers/$SIGNER.pgp" revokes --serial "$SERIAL" --yes

# --- the last way in --------------------------------------------------------------------------
restore
opens_by bob "$A" 3
cryptsetup luksKillSlot -q --key-file "$T/opened" "$A" 0
bl unenroll "$A" --keyslot 3 --crypttab-file "$TAB" --no-initramfs >/dev/null
check_says 'the last way in stays' 10 'LAST way in' revokes --serial "$SERIAL" --yes
check_is 'as it is' 2 "$(slots "$A")"
check 'the other volume is done' only_bob "$B"
check_status 'by force, with other words' 10 talk_revoke 'expect lock me out
send yes\n' --serial "$SERIAL" --force --yes
check_is 'it stays' 2 "$(slots "$A")"
check_status 'by force, with the words' 0 talk_revoke 'expect lock me out
send lock me out\n' --serial "$SERIAL" --force --yes
check_is 'it goes' '' "$(slots "$A")"

# --- a volume that is not here, or not what it was ------------------------------------------------
restore
bl enroll "$AWAY" --cert "$T/alice.pub" --key-file "$T/key" --wait 1 >/dev/null
check_says 'a volume that is not here is told of' 1 'not here' revokes --serial "$SERIAL" --yes
check 'the others are done' revoked
echo "cc $AWAY none luks,noauto" >>"$TAB"
check_says 'when it is here' 0 "$AWAY: keyslot 2" revokes --fingerprint "$ALICE" --yes
check_is 'it is done too' 0 "$(slots "$AWAY")"
restore
change_record "$A" '.header_pin = "'"$(printf '%064d' 0)"'"'
check_says 'a header that differs: what looks like ours goes all the same' 0 'reencrypt' revokes --serial "$SERIAL" --yes
check_is 'and only that' '0 3' "$(slots "$A")"
restore
echo x >>"$(record_of "$A")"
check_says 'a record that is damaged: nobody knows who has a way in there' 7 'cannot be read' revokes --fingerprint "$ALICE" --yes
check_is 'nothing is done there' '0 2 3' "$(slots "$A")"
check 'the other volume is done' only_bob "$B"
restore
echo "$ALICE" >"$CONF/revoking"
check_says 'cut short before, and one volume alone: refused' 10 'Finish it first' bl revoke "$A" --crypttab-file "$TAB" --serial "$SERIAL" --yes
restore
echo broken >"$CONF/revoking"
check_says 'a note that is damaged' 1 'cut short' revokes --serial "$SERIAL" --yes
check_is 'stops it' '0 2 3' "$(slots "$A")"
restore
echo 1 >"$T/status"
check_says 'update-initramfs fails: said' 1 'run this again' revokes --serial "$SERIAL" --yes
echo 0 >"$T/status"
check_says 'and run again, which finishes' 0 'cut short before' revokes --yes
check 'all is done' revoked
restore
check 'alice alone' bl unenroll "$A" --keyslot 3 --crypttab-file "$TAB" --no-initramfs
mv "$TAB" "$T/aside"
mkdir "$TAB"
check_says 'crypttab cannot be read: said' 1 'run this again' bl revoke "$A" --crypttab-file "$TAB" --serial "$SERIAL" --yes
rmdir "$TAB"
mv "$T/aside" "$TAB"
check_says 'mended, and run again, which finishes' 0 'cut short before' revokes --yes
check_is 'its line is not ours any more' "aa $A none luks" "$(grep '^aa' "$TAB")"

# --- killed at every call that changes something -------------------------------------------------
traced() {
	strace -f -y -o "$T/strace" -e trace="$CALLS" "$@" "$O/bootlatch" revoke --serial "$SERIAL" --yes --crypttab-file "$TAB" \
		--boot "$BOOT" --config "$CONF" </dev/null
}
killed_at() { # NAME N: every volume opens, by the passphrase and by who is not revoked; run again it is done
	restore
	ka_rc=0
	traced -e "inject=$1:signal=KILL:when=$2" >"$T/said" 2>&1 || ka_rc=$?
	[ "$ka_rc" = 137 ] || { echo "status $ka_rc, not 137"; cat "$T/said"; return 1; }
	fired "$1" || { echo 'it was not killed there'; tail -n 2 "$T/strace"; return 1; }
	for ka_v in "$A" "$B"; do
		opens "$ka_v" || { echo "$ka_v does not open by its passphrase"; return 1; }
		opens_by bob "$ka_v" 3 || { echo "$ka_v does not open by the other dongle"; return 1; }
	done
	ka_rc=0
	revokes --serial "$SERIAL" --yes >"$T/said" 2>&1 || ka_rc=$?
	case $ka_rc in 0 | 8) ;; *) echo "again: status $ka_rc"; cat "$T/said"; return 1 ;; esac
	revoked || { cat "$T/said"; return 1; }
}
restore
check 'traced' traced
check 'it is done' revoked
points "$A" "$B" "$BOOT/" "$CONF/" "$T/tab" >"$T/points"
check 'calls change something' test "$(wc -l <"$T/points")" -gt 30
echo "     $(wc -l <"$T/points") calls change something"
n=0
while read -r name when; do
	n=$((n + 1))
	[ $((n % STEP)) = 0 ] || continue
	check "killed at $name number $when" killed_at "$name" "$when" <&-
done <"$T/points"
finish
