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

# The table: a card, its keys, what is sent, how many commands, data bytes to the card and back.
rows() { sed -n 's/^| \([a-z][^|]*[0-9a-z]\) | \([a-z]*[0-9]*\) | \([^|]*\) | \([0-9]*\) | \([0-9]*\) | \([0-9]*\) |$/\1 \2 \4 \5 \6 \3/p' \
	"$(dirname "$0")/../../docs/APDUS.md"; }

# The trace in the same words: number, bytes, bytes, commands. A command sent again where the
# card told the right length (6Cxx), or for the rest of an answer, is no other one.
sent() {
	awk '
		{
			name = $3; header = $4; sw = ""
			for (i = 5; i < NF; i++) if ($i == "<") sw = $(i + 1)
			for (i = 5; i <= NF; i++) {
				if ($i ~ /^lc=/) to += substr($i, 4)
				if ($i ~ /^n=/) back += substr($i, 3)
			}
			if (name == "GET-DATA") name = substr(header, 7)
			if (name == "DECIPHER" && substr(header, 1, 2) == "10") name = "DECIPHER+"
			same = before ~ /^6C/ && header == last || before ~ /^61/ && name == "GET-RESPONSE"
			if (before ~ /^6[1C]/ && !same) out = out " (not fetched)"
			if (!same) { out = out " " name; n++ }
			before = sw; last = header
		}
		END { printf "%d %d %d%s\n", n, to, back, out }' "$1"
}

serial=0
rows >"$T/table"
check 'the table has every kind of card' test "$(cut -d ' ' -f 1 "$T/table" | sort -u)" = \
	"$("$O/bootlatch-vcard" --profile list | sed '/ the same as /d; s/ .*//' | sort -u)"
while read -r profile algo want; do
	serial=$((serial + 1))
	card=$profile-$algo
	vcard_start "$card" --serial "$(printf '%08X' $serial)" --profile "$profile" <&-
	gpg_home_new "$card"
	case $profile in
	kdf-single) ;; # has it already, and gpg since 2.3 sets the PINs before that is refused
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
	[ "$card" = default-cv25519 ] || { vcard_stop "$card"; continue; }
	vcard_trace_clear "$card"
	check 'a typed passphrase' bl_pass unlock "$T/disk.img"
	check_is 'sends nothing to the card' 0 "$(vcard_count "$card")"
	bl list "$T/disk.img" >"$T/out"
	check_is 'nor does list' 0 "$(vcard_count "$card")"
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
