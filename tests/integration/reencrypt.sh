#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A volume that was reencrypted: what record renew keeps of its ways in, and what it says of the rest.
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
need 'a reencrypted volume' unshare ip pcscd opensc-tool gpg cryptsetup jq
lib_reexec_in_namespace "$0" "$@"
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
volumes_start
SERIAL=00000A19
check 'a card' card_make card cv25519 $SERIAL

enrolled() { # NAME: a volume with a passphrase in keyslot 0 and the card in keyslot 2
	volume "$1" luks2
	D=$T/$1.img
	rm -rf "$BOOT/bootlatch" "$CONF/volumes"
	bl_both enroll "$D"
}
reencrypts() { cryptsetup reencrypt -q --force-offline-reencrypt "$@" "$D"; }

# --- Only the passphrase was given to cryptsetup: the dongle's keyslot is gone with the old key -
check 'a volume is enrolled' enrolled lost
check 'it is reencrypted with the passphrase alone' reencrypts --key-file "$T/key" --key-slot 0
check_says 'before the PIN is asked for: what differs, and what mends it' 7 'record renew' bl_pin unlock "$D"
check_says 'record renew tells which way in is lost, and what gives it back' 0 \
	"keyslot 2, openpgp-card FFFE:$SERIAL. To enroll it again: bootlatch enroll $D" \
	bl record renew "$D" --key-file "$T/key"
says_at_prompt() { # the boot's program, with a person at its prompt
	talk sh -c '"$@" >/dev/null' sh "$O/bootlatch-unlock" --device "$D" --boot "$BOOT" --config "$CONF" <<-END
		expect Only a passphrase opens
		expect bootlatch enroll
		expect assphrase for
		send $(cat "$T/key")\n
	END
}
check 'a person who waits for the prompt of the PIN is told why there is none' says_at_prompt
check_says 'list shows what is left' 0 'To give a dongle a way in' bl list "$D"
check_is 'no blob is left that would open nothing' 0 "$(find "$BOOT" -name '*.pgp' | wc -l)"
check 'the dongle is enrolled again' bl_both enroll "$D"
check_says 'its PIN opens the volume' 0 'openpgp-card' bl_pin unlock "$D"

# --- All passphrases were given, the dongle's among them: its keyslot moved, with its token ------
both() { printf '%s\n%s\n' "$(cat "$T/key")" "$(cat "$T/phrase")" | reencrypts "$@"; }
check 'a volume is enrolled' enrolled kept
check 'gpg and the card give out its passphrase' gpg_decrypts "$(blob_of "$D" 2)" "$T/phrase"
cp --sparse=always "$D" "$T/before.img"
mkdir "$T/before" && cp -r "$BOOT" "$CONF" "$T/before"
check 'it is reencrypted with both passphrases' both
check_is 'cryptsetup moved the keyslots' '1 3' "$(slots "$D")"
check_says 'record renew keeps the way in' 0 'ways in of ours: 1' bl record renew "$D" --key-file "$T/key"
check_says 'the PIN opens the volume' 0 'keyslot 3, openpgp-card' bl_pin unlock "$D"

# With another PBKDF than ours the keyslot is one that a person might type: no token's word makes it ours.
cp --sparse=always "$T/before.img" "$D"
rm -rf "$BOOT" "$CONF" && cp -r "$T"/before/* "$T"
argon='--pbkdf argon2id --pbkdf-memory 32768 --pbkdf-parallel 1 --pbkdf-force-iterations 4'
# shellcheck disable=SC2086 # words
check 'the same, and every keyslot gets a slow PBKDF' both $argon
check_says 'record renew does not take that for ours, and says so' 0 'A way in is lost: keyslot 2' \
	bl record renew "$D" --key-file "$T/key"
check_says 'nor does list send there once more' 0 'not as we make it: enroll again' bl list "$D"
check 'the dongle is enrolled again' bl_both enroll "$D"
check_says 'its PIN opens the volume' 0 'keyslot 2, openpgp-card' bl_pin unlock "$D"
finish
