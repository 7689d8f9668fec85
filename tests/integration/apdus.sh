#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The commands that one unlock sends to the card, by the card's own trace: these and no others.
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
need 'an unlock sends the fewest commands' unshare ip pcscd opensc-tool gpg cryptsetup jq
lib_reexec_in_namespace "$0" "$@"
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
volumes_start

# Profile, algorithm, and what is sent: SELECT, related data (6E), KDF-DO where the card has
# one (F9), VERIFY, DECIPHER; a + is a block of a chain that goes on.  No GET-RESPONSE: 6E is
# asked for in extended length where it is longer than a short answer.
table() {
	cat <<-'END'
		default       rsa2048   SELECT 6E VERIFY DECIPHER+ DECIPHER
		default       nistp256  SELECT 6E VERIFY DECIPHER
		default       cv25519   SELECT 6E VERIFY DECIPHER
		outer-tags    rsa2048   SELECT 6E VERIFY DECIPHER+ DECIPHER
		short         cv25519   SELECT 6E VERIFY DECIPHER
		le-6c         rsa2048   SELECT 6E VERIFY DECIPHER+ DECIPHER
		smartpgp-like cv25519   SELECT 6E F9 VERIFY DECIPHER
		gnuk-like     rsa2048   SELECT 6E F9 VERIFY DECIPHER+ DECIPHER
		gnuk-like     nistp256  SELECT 6E F9 VERIFY DECIPHER
		pico-like     cv25519   SELECT 6E F9 VERIFY DECIPHER
		canokey-like  rsa2048   SELECT 6E VERIFY DECIPHER
		canokey-like  cv25519   SELECT 6E VERIFY DECIPHER
		kdf           nistp256  SELECT 6E F9 VERIFY DECIPHER
		kdf-single    cv25519   SELECT 6E F9 VERIFY DECIPHER
		v2            rsa2048   SELECT 6E VERIFY DECIPHER
	END
}

# The trace in the words of the table. A command sent again where the card told the right
# length (6Cxx) is left out, and must follow then.
sent() {
	awk '
		{
			name = $3; header = $4; sw = ""
			for (i = 5; i < NF; i++) if ($i == "<") sw = $(i + 1)
			if (name == "GET-DATA") name = substr(header, 7)
			if (name == "DECIPHER" && substr(header, 1, 2) == "10") name = "DECIPHER+"
			if (before ~ /^6C/ && header != last) out = out " (not sent again)"
			if (!(before ~ /^6C/ && header == last)) out = out " " name
			before = sw; last = header
		}
		END { print substr(out, 2) }' "$1"
}

serial=0
table >"$T/table"
while read -r profile algo want; do
	serial=$((serial + 1))
	card=$profile-$algo
	vcard_start "$card" --serial "$(printf '%08X' $serial)" --profile "$profile" <&-
	gpg_home_new "$card"
	case $profile in
	kdf*) gpg_card_edit admin kdf-setup <&- >"$T/setup.log" 2>&1 || true ;;
	esac
	gpg_card_generate "$algo" <&- >"$T/generate.log" 2>&1 || cat "$T/generate.log"
	gpg_forget
	volume disk luks2
	check "$card: enrolled" bl_both enroll "$T/disk.img"
	for verb in unlock test; do
		vcard_trace_clear "$card"
		check "$card: $verb" bl_pin $verb "$T/disk.img"
		check_is "$card: $verb sends $want" "$want" "$(sent "$(vcard_trace "$card")")"
	done
	printf '     %-24s %2d commands\n' "$card" "$(vcard_count "$card")"
	[ "$card" = default-cv25519 ] || { vcard_stop "$card"; continue; }
	vcard_trace_clear "$card"
	check 'a typed passphrase' bl_pass unlock "$T/disk.img"
	check_is 'sends nothing to the card' '' "$(sent "$(vcard_trace "$card")")"
	bl list "$T/disk.img" >"$T/out"
	check_is 'nor does list' '' "$(sent "$(vcard_trace "$card")")"
	vcard_stop "$card"
done <"$T/table"

# 257 bytes, no chaining, no extended length: this cannot work, and must leave nothing.
vcard_start short --serial 000000F0 --profile short
gpg_home_new short
check 'gpg makes RSA keys on a card of short commands without chaining' gpg_card_generate rsa2048
gpg_forget
volume disk luks2
before=$(find "$BOOT" "$CONF" -type f | wc -l)
check_status 'enrolling that card fails' 1 bl_both enroll "$T/disk.img"
check_is 'and leaves no keyslot' 0 "$(slots "$T/disk.img")"
check_is 'no token' 0 "$(tokens "$T/disk.img")"
check_is 'and no file' "$before" "$(find "$BOOT" "$CONF" -type f | wc -l)"
finish
