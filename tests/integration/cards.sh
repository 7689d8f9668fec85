#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every algorithm and every kind of card, with gpg's keys on it: it opens our volume and
# messages of gpg, gpg reads what we wrote, and what it signed for us is verified by gpg, gpgv,
# sqv and rnp.   PAIRS="PROFILE:ALGORITHM ..." cards.sh   tests only these.
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
need 'every algorithm and card' unshare ip pcscd opensc-tool gpg cryptsetup jq
lib_reexec_in_namespace "$0" "$@"
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
volumes_start
vectors=$(cd "$(dirname "$0")/../unit/vectors" && pwd)

# The keys are made on the card, but where that takes minutes: those are brought to it.
PAIRS=${PAIRS:-default:rsa2048 default:rsa3072 default:rsa4096 default:cv25519 default:nistp256
	default:nistp384 default:nistp521 default:brainpoolP256r1 default:brainpoolP384r1
	default:brainpoolP512r1 outer-tags:nistp521 gnuk-like:nistp384 smartpgp-like:brainpoolP512r1
	pico-like:rsa2048 canokey-like:rsa4096 kdf:cv25519 kdf-single:nistp256 short:nistp521
	le-6c:rsa2048 v2:rsa3072 v2.0:rsa2048 yubikey5:rsa4096 yubikey5:cv25519 yubikey5-2:cv25519
	yubikey5-2:nistp384 yubikey4:rsa4096 yubikey-neo:rsa2048 nitrokey3:rsa4096
	nitrokey3:brainpoolP384r1 nitrokey-start:cv25519 nitrokey-start:rsa2048
	zeitcontrol-2.1:rsa4096 zeitcontrol-3.4:brainpoolP512r1 zeitcontrol-3.4:rsa2048}

# brought ALGORITHM: gpg's own signing and encryption subkeys to slots 1 and 2; sets KEY.
brought() {
	gpg --batch -q --import "$vectors/$1.secret" || return 1
	KEY=$(gpg --batch --with-colons -K | awk -F: '$1 == "fpr" { print $10; exit }')
	printf '%s\n' 'key 1' keytocard 1 'key 1' 'key 2' keytocard 2 save |
		gpg --no-tty --status-fd 2 --command-fd 0 --edit-key "$KEY" || return 1
	gpg --batch --card-status | grep -q '^Encryption key....: [0-9A-F]'
}
keys() { # ALGORITHM
	case $1 in
	rsa3072 | rsa4096) brought "$1" ;;
	*) gpg_card_generate "$1" ;;
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
gpg_encrypts() { gpg --batch -q --yes -r "$KEY" -o "$T/message" -e "$T/document"; }
# knows PROGRAM ALGORITHM: sqv of Debian 12 does not know the Brainpool curves.
knows() {
	[ "$1" != sqv ] || sqv --keyring "$vectors/$2.cert" "$vectors/$2.signature" \
		"$vectors/body" >/dev/null 2>&1
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
	sqv) sqv --keyring "$T/cert" "$T/signature" "$T/document" ;;
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
	if ! keys "$algo" >"$T/keys.log" 2>&1; then
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
	check "$pair: the card opens gpg's message for us" decrypts_for_us "$T/message"
	check "$pair: it signs for us" card_tool sign "$T/document"
	cp "$T/check.out" "$T/signature"
	check_is "$pair: with the right hash" "$(hash_for "$algo")" "$(hash_of "$T/signature")"
	for program in gpg gpgv sqv rnp; do
		if ! command -v $program >/dev/null; then
			skip "$pair: $program verifies" "no $program"
		elif ! knows $program "$algo"; then
			skip "$pair: $program verifies" 'it does not verify what gpg signed with such keys'
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
