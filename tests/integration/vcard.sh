#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The virtual card, judged by gpg: generate, sign, decrypt, wrong PIN, pull and insert.
# shellcheck disable=SC2317  # functions called through check
set -u
. "$(dirname "$0")/lib.sh"
lib_reexec_in_namespace "$0" "$@"

encrypt_to_card() { gpg --batch --yes -q -r "$KEY" -o "$T/cipher" -e "$T/plain"; }
decrypts() { [ "$(gpg --batch -q -d "$T/cipher" 2>"$GNUPGHOME/decrypt.log")" = "$(cat "$T/plain")" ]; }
signs() {
	gpg --batch --yes -q -o "$T/sig" -b "$T/plain" &&
		gpg --batch -q --verify "$T/sig" "$T/plain"
}
tries() { gpg --batch --with-colons --card-status | grep '^pinretry:'; }

check "pcscd has the virtual reader" pcscd_start
echo "a short plain text" >"$T/plain"

for profile in ${PROFILES:-default outer-tags smartpgp-like gnuk-like}; do
	for algo in ${ALGOS:-rsa2048 nistp256 cv25519}; do
		name=$profile-$algo
		vcard_start "$name" --profile "$profile" || fail "$name: card in the reader"
		gpg_home_new "$name"
		check "$name: gpg sees the card" gpg --batch --card-status
		if gpg_card_generate "$algo"; then
			ok "$name: gpg generates three keys on it"
		else
			fail "$name: gpg generates three keys on it" "$(cat "$GNUPGHOME/edit.log")"
			vcard_stop "$name"
			continue
		fi
		check "$name: encrypting to it" encrypt_to_card
		gpg_forget "$name"
		check "$name: decrypts after pull and insert" decrypts
		check "$name: signs" signs
		gpg_forget "$name"
		echo 654321 >"$GNUPGHOME/pin"
		vcard_trace_clear "$name"
		check_fails "$name: a wrong PIN does not decrypt" decrypts
		left=$((3 - $(vcard_count "$name" VERIFY)))
		[ $left -ge 0 ] || left=0
		check_is "$name: and each try was counted" "pinretry:$left:0:3:" "$(tries)"
		gpgconf --kill all
		vcard_stop "$name"
	done
done

# Two cards at once, a card that is away, one that vanishes and one that hangs.
gpg_home_new faults 0
status() { timeout 20 gpg --batch --with-colons --card-status; }
serial() { status 2>/dev/null | awk -F: '$1 == "serial" { print $2 }'; }
vcard_start one --profile default --serial 00000001
SLOT=1 vcard_start two --profile gnuk-like --serial 00000002
check_is "two cards: the first slot has the first" 00000001 "$(serial)"
gpgconf --kill all
sed -i 's/^reader-port.*/reader-port Virtual PCD 00 01/' "$GNUPGHOME/scdaemon.conf"
check_is "two cards: the second slot has the second" 00000002 "$(serial)"
gpgconf --kill all
vcard_pull two
check_fails "a pulled card is not seen" status
gpgconf --kill all
vcard_insert two
check_is "an inserted card is seen" 00000002 "$(serial)"
gpgconf --kill all
vcard_stop two
vcard_trace_clear two
SLOT=1 vcard_start two --fault pull-at=4 --latency 5
check_fails "a card that vanishes at the fourth command is an error" status
check_is "and the trace says when" 4 "$(vcard_count two)"
gpgconf --kill all
vcard_stop two
vcard_stop one
finish
