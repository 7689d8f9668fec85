#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every kind of card with every algorithm that it has, with gpg's keys on it: it opens our volume
# and messages of gpg, gpg reads what we wrote, and what it signed for us is verified by gpg,
# gpgv, sqv, sq and rnp.   PAIRS="PROFILE:ALGORITHM ..." cards.sh   tests only these.
set -eu
. "$(dirname "$0")/pairs.sh"
# shellcheck disable=SC2046 # a word each
[ -n "${PAIRS:-}" ] || in_runs $(every_pair)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
need 'every algorithm and card' unshare ip pcscd opensc-tool gpg cryptsetup jq
lib_reexec_in_namespace "$0" "$@"
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
volumes_start
vectors=$(cd "$(dirname "$0")/../unit/vectors" && pwd)

# The keys are made on the card, but where that takes minutes: those are brought to it.
# brought ALGORITHM: gpg's own signing and encryption subkeys to slots 1 and 2; sets KEY.
brought() {
	gpg --batch -q --import "$vectors/$1.secret" || return 1
	KEY=$(gpg --batch --with-colons -K | awk -F: '$1 == "fpr" { print $10; exit }')
	printf '%s\n' 'key 1' keytocard 1 'key 1' 'key 2' keytocard 2 save |
		gpg --no-tty --status-fd 2 --command-fd 0 --edit-key "$KEY" || return 1
	gpg --batch --card-status | grep -q '^Encryption key....: [0-9A-F]'
}
keys() { # PROFILE ALGORITHM
	case $1:$2 in
	default:*) gpg_card_generate "$2" ;;
	*:rsa3072 | *:rsa4096) brought "$2" ;;
	*) gpg_card_generate "$2" ;;
	esac
}

card_tool() { printf '123456\n' | "$O/cardtool" "$1" "$READER" "$T/cert" "$2"; }
decrypts_for_us() {
	card_tool decrypt "$1" >"$T/text" && cmp "$T/text" "$T/document"
}
gpg_reads_our_blob() {
	gpg_decrypts "$(echo "$BOOT"/bootlatch/"$(uuid_of "$D")".*.pgp)" "$T/phrase" &&
		opens_slot "$D" 2 "$T/phrase"
}
# Plain, armored, as it is, deflated twice over, for several and for the nameless.
gpg_encrypts() {
	gpg --batch -q --import "$vectors/nistp384.cert" "$vectors/rsa2048.cert" || return 1
	g_ec=$(gpg --show-keys --with-colons "$vectors/nistp384.cert" | awk -F: '$1 == "fpr" { print $10; exit }')
	g_rsa=$(gpg --show-keys --with-colons "$vectors/rsa2048.cert" | awk -F: '$1 == "fpr" { print $10; exit }')
	rm -f "$T"/message.*
	while read -r g_name g_options; do
		# shellcheck disable=SC2086  # words
		gpg --batch -q --yes $g_options -o "$T/message.$g_name" -e "$T/document" || return 1
	done <<-OPTIONS
		plain -r $KEY
		armored -a -r $KEY
		as-it-is -z 0 -r $KEY
		zip --compress-algo zip -r $KEY
		zlib --compress-algo zlib -z 9 -r $KEY
		several -r $g_ec -r $KEY -r $g_rsa
		hidden -R $KEY
		several-hidden -a -R $g_rsa -R $g_ec -R $KEY
	OPTIONS
}
decrypts_all_for_us() {
	for d_file in "$T"/message.*; do
		decrypts_for_us "$d_file" || { echo "$d_file"; return 1; }
	done
	[ "$d_file" = "$T/message.zlib" ]
}
sq_reads_our_packets() {
	sq packet dump "$(echo "$BOOT"/bootlatch/"$(uuid_of "$D")".*.pgp)" >"$T/dump" 2>&1
	cat "$T/dump"
	grep -q 'Public-Key Encrypted Session Key Packet' "$T/dump" &&
		grep -q 'Encrypted and Integrity Protected Data Packet' "$T/dump" && ! grep -qi 'unknown\|error' "$T/dump"
}
# knows PROGRAM ALGORITHM: Sequoia of Debian 12 does not know the Brainpool curves.
knows() {
	case $1 in
	sqv | sq) by_"$1" "$vectors/$2.cert" "$vectors/$2.signature" "$vectors/body" >/dev/null 2>&1 ;;
	esac
}
by_sqv() { sqv --keyring "$@"; } # CERTIFICATE SIGNATURE FILE
by_sq() {
	if sq --version 2>&1 | grep -q '^sq 0\.[0-2]'; then
		sq verify --signer-cert "$1" --detached "$2" "$3"
	else
		sq --home=none verify --signer-file "$1" --signature-file "$2" "$3"
	fi
}
by_rnp() {
	rm -rf "$T/rnp"
	mkdir -m 700 "$T/rnp"
	rnpkeys --homedir "$T/rnp" --notty --import-keys "$T/cert" &&
		rnp --homedir "$T/rnp" --notty --verify --source "$T/document" "$T/signature"
}
verify() { # PROGRAM
	case $1 in
	gpg) gpg --batch -q --verify "$T/signature" "$T/document" ;;
	gpgv) gpgv -q --keyring "$T/cert" "$T/signature" "$T/document" ;;
	sqv | sq) by_"$1" "$T/cert" "$T/signature" "$T/document" ;;
	rnp) by_rnp ;;
	esac
}

hash_for() { # ALGORITHM: its OpenPGP number (HEADS.md, 12)
	case $1 in
	cv25519) echo 10 ;;
	rsa* | *256*) echo 8 ;;
	*384*) echo 9 ;;
	*) echo 10 ;;
	esac
}
hash_of() { gpg --list-packets "$1" | sed -n 's/.*digest algo \([0-9]*\),.*/\1/p'; }

serial=$((0xC0))
printf 'every file of /boot\n' >"$T/document"
printf 'every file of /b00t\n' >"$T/other"
for pair in $PAIRS; do
	profile=${pair%:*} algo=${pair#*:} serial=$((serial + 1))
	pair=$profile-$algo # no colon in the name of a keyring
	vcard_start "$pair" --serial "$(printf %08X $serial)" --profile "$profile"
	gpg_home_new "$pair"
	case $profile in
	kdf) gpg_card_edit admin kdf-setup >"$T/setup.log" 2>&1 || true ;;
	esac
	if ! keys "$profile" "$algo" >"$T/keys.log" 2>&1; then
		fail "$pair: keys" "$(cat "$T/keys.log")"
		vcard_stop "$pair"
		continue
	fi
	gpg --batch --export "$KEY" >"$T/cert"
	gpg_encrypts || fail "$pair: gpg encrypts"
	gpg_forget
	volume disk luks2
	D=$T/disk.img
	check "$pair: enrolled" bl_both enroll "$D"
	check "$pair: opens the volume" bl_pin unlock "$D"
	check "$pair: gpg and the card read our blob" gpg_reads_our_blob
	check "$pair: the card opens gpg's messages for us" decrypts_all_for_us
	command -v sq >/dev/null && check "$pair: sq reads our packets" sq_reads_our_packets
	check "$pair: it signs for us" card_tool sign "$T/document"
	cp "$T/check.out" "$T/signature"
	check_is "$pair: with the right hash" "$(hash_for "$algo")" "$(hash_of "$T/signature")"
	for program in gpg gpgv sqv sq rnp; do
		if ! command -v $program >/dev/null; then
			skip "$pair: $program verifies" "no $program"
		elif ! knows $program "$algo"; then
			[ "$profile" != default ] ||
				skip "$algo: $program verifies" 'it does not verify what gpg signed with such keys'
		else
			check "$pair: $program verifies" verify $program
		fi
	done
	check_fails "$pair: not for another document" gpgv -q --keyring "$T/cert" "$T/signature" \
		"$T/other"
	check_is "$pair: with every try left" 03 "$(vcard_field "$pair" pin.pw1.tries)"
	vcard_stop "$pair"
done
finish
