#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The virtual card, judged by gpg, OpenSC and (where it is installed) ykman.
# PARTS, PROFILES and ALGOS narrow it down: PARTS="algorithms profiles edit ..."
# shellcheck disable=SC2317,SC2086  # functions called through check; one word each
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vcard_gpg.sh"
need 'gpg and OpenSC judge the virtual card' unshare ip pcscd opensc-tool openpgp-tool \
	pkcs15-tool pkcs15-crypt pkcs15-init pkcs11-tool openssl gpg cryptsetup
lib_reexec_in_namespace "$0" "$@"

# --- our program, with the PIN that pinentry tells ------------------------------------

ours() { # COMMAND OPTION...; sets what it said to $T/said
	o_rc=0
	"$O/bootlatch" "$@" --boot "$T/boot" --config "$T/etc" --wait 2 --pin-fd 3 \
		3<"$GNUPGHOME/pin" </dev/null >"$T/said" 2>&1 || o_rc=$?
	cat "$T/said"
	return $o_rc
}
enrolled() { # a new volume $T/disk
	rm -rf "${T:?}/boot" "${T:?}/etc" "${T:?}/disk"
	mkdir "$T/boot" "$T/etc"
	truncate -s 20M "$T/disk"
	printf 'correct horse' >"$T/key"
	echo 'correct horse' >"$T/pass"
	cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 \
		"$T/disk" "$T/key" && ours enroll "$T/disk" --passphrase-fd 4 4<"$T/pass"
}

# --- every algorithm, every profile ------------------------------------------------

one_cycle() { # NAME ALGO: keys made, used after a pull, a wrong PIN counted
	check "$1: gpg generates three $2 keys" generate "$2" || return
	check "$1: encrypting to it" encrypts
	gpg_forget "$1"
	check "$1: decrypts after pull and insert" decrypts
	check "$1: signs" signs
}
wrong_pin() { # NAME
	gpg_forget "$1"
	pin_is 654321
	vcard_trace_clear "$1"
	check_fails "$1: a wrong PIN does not decrypt" decrypts
	left=$((3 - $(vcard_count "$1" VERIFY)))
	[ $left -ge 0 ] || left=0
	check_is "$1: and each try was counted" "$left:3" "$(line pinretry | cut -d : -f 1,3)"
}
part_algorithms() {
	for algo in ${ALGOS:-rsa2048 rsa3072 nistp256 nistp384 nistp521 brainpoolP256r1 brainpoolP384r1 \
		brainpoolP512r1 secp256k1 cv25519}; do
		vcard_start "$algo" || fail "$algo: card in the reader"
		home "$algo"
		one_cycle "$algo" "$algo"
		authenticates "$algo"
		gpgconf --kill all
		vcard_stop "$algo"
	done
}
part_profiles() {
	for row in ${PROFILES:-outer-tags/nistp256 gnuk-like/rsa2048 gnuk-like/nistp256 smartpgp-like/rsa2048 \
		smartpgp-like/brainpoolP256r1 pico-like/cv25519 canokey-like/rsa2048 canokey-like/nistp256 \
		le-6c/nistp256 short/cv25519 v2/rsa2048 v2.0/rsa2048 yubikey5/rsa2048 yubikey5/cv25519 \
		yubikey5-2/nistp256 yubikey4/rsa2048 yubikey-neo/rsa2048 nitrokey3/nistp384 \
		nitrokey-start/cv25519 nitrokey-pro/rsa2048 librem-key/brainpoolP384r1}; do
		profile=${row%/*} name=${row%/*}-${row#*/}
		vcard_start "$name" --profile "$profile" || fail "$name: card in the reader"
		home "$name"
		check "$name: gpg sees the card" status
		one_cycle "$name" "${row#*/}"
		wrong_pin "$name"
		gpgconf --kill all
		vcard_stop "$name"
	done
}

# INTERNAL AUTHENTICATE through ssh's own signatures, verified by ssh-keygen.
authenticates() { # NAME
	case $1 in brainpool* | secp*) return 0 ;; esac # ssh has no such keys
	command -v ssh-keygen >/dev/null || { skip "$1: ssh signs with key 3" "no ssh-keygen"; return; }
	check "$1: ssh signs with key 3" ssh_round
}
ssh_round() {
	gpgconf --launch gpg-agent
	SSH_AUTH_SOCK=$(gpgconf --list-dirs agent-ssh-socket)
	export SSH_AUTH_SOCK
	gpg-connect-agent 'scd serialno' /bye >/dev/null
	ssh-add -L | grep 'cardno:' >"$T/ssh.pub" || return 1
	rm -f "$T/plain.sig"
	ssh-keygen -Y sign -f "$T/ssh.pub" -n file "$T/plain" || return 1
	echo "card@example.org $(cut -d' ' -f1,2 "$T/ssh.pub")" >"$T/allowed"
	ssh-keygen -Y verify -f "$T/allowed" -I card@example.org -n file -s "$T/plain.sig" <"$T/plain"
}

# --- keys brought to the card ------------------------------------------------------

import_keys() { # ALGO-OF-PRIMARY ALGO-OF-SUBKEY: made by gpg, moved to slots 1 and 2
	gpg --batch --passphrase '' --quick-gen-key 'Card Test <card@example.org>' "$1" sign 0 &&
		find_key && gpg --batch --passphrase '' --quick-add-key "$KEY" "$2" encr 0 || return 1
	encrypts || return 1
	SLOT_NO=1
	menu --edit-key "$KEY" -- keytocard 'key 1' keytocard &&
		gpg --batch --with-colons -K | grep -c '^s[es][cb]:.*:D276' | grep -qx 2
}
import_attrs() { set_algo "$1"; edit key-attr; }
part_import() {
	for row in ${IMPORTS:-default/rsa4096 gnuk-like/rsa2048 yubikey-neo/rsa2048 zeitcontrol-3.4/nistp521 \
		nitrokey3/brainpoolP512r1 default/ed25519 gnuk-like/ed25519 default/secp256k1}; do
		profile=${row%/*} first=${row#*/} name=import-${row%/*}-${row#*/}
		vcard_start "$name" --profile "$profile"
		home "$name"
		case $first in
		rsa4096) check "$name: attributes" import_attrs rsa4096 ;;
		esac
		check "$name: gpg moves its keys to the card" import_keys "$first" "${first%ed25519}$(
			[ "$first" != ed25519 ] || echo cv25519)"
		gpg_forget "$name"
		check "$name: the card decrypts" decrypts
		check "$name: the card signs" signs
		gpgconf --kill all
		vcard_stop "$name"
	done
}

# --- gpg's card menu ---------------------------------------------------------------

tries() { line pinretry; }
block_pin() { # three wrong PINs, not by gpg: it asks again and again
	gpgconf --kill all
	[ "$(apdu 0 00A4040006D2760001240100 0020008106303030303030 0020008106303030303030 \
		0020008106303030303030 0020008106303030303030)" = 6983 ]
}
passwd() { CHOICE=$1; edit passwd; }
part_edit() {
	vcard_start edit
	home edit
	check 'edit: keys' generate nistp256
	check 'edit: name, language, URL, login, salutation' edit name lang url login sex
	check_is 'edit: the name' 'Sam:Sample:' "$(line name)"
	check_is 'edit: the language' 'de:' "$(line lang)"
	check_is 'edit: the URL' 'https\x3a//example.org/key:' "$(line url)"
	check_is 'edit: the login' 'sam:' "$(line login)"
	check 'edit: a signature PIN that is asked once' edit forcesig
	check_is 'edit: says C4' '1:::' "$(line forcepin)"
	check 'edit: three CA fingerprints' edit \
		'cafpr 1 0102030405060708090A0B0C0D0E0F1011121314'
	echo 234567 >"$GNUPGHOME/new"
	check 'edit: the PIN is changed' passwd 1
	check_is 'edit: the old PIN is none any more' 6982 \
		"$(gpgconf --kill all; apdu 0 00A4040006D2760001240100 0020008106313233343536)"
	pin_is 234567
	gpg_forget edit
	check 'edit: the new one does' signs
	cp "$GNUPGHOME/rc" "$GNUPGHOME/new"
	check 'edit: a reset code is set' passwd 4
	check_is 'edit: with three tries' '3:3:3:' "$(tries)"
	check 'edit: three wrong PINs' block_pin
	check_is 'edit: block it' '0:3:3:' "$(tries)"
	echo 345678 >"$GNUPGHOME/new"
	check 'edit: the reset code unblocks' menu --card-edit -- unblock
	pin_is 345678
	check 'edit: the PIN set by it signs' signs
	check 'edit: blocked once more' block_pin
	echo 456789 >"$GNUPGHOME/new"
	check 'edit: the admin PIN unblocks' passwd 2
	pin_is 456789
	check 'edit: and that PIN signs' signs
	echo 23456789 >"$GNUPGHOME/new"
	check 'edit: the admin PIN is changed' passwd 3
	cp "$GNUPGHOME/new" "$GNUPGHOME/admin"
	gpg_forget edit
	check 'edit: and used' edit forcesig
	for profile in default canokey-like smartpgp-like gnuk-like pico-like zeitcontrol-2.1; do
		[ $profile = default ] || { vcard_stop; vcard_start "edit-$profile" --profile $profile; }
		gpgconf --kill all
		menu --card-edit -- admin login >/dev/null
		check "edit: factory reset of $profile" edit factory-reset
		vcard_pull && vcard_insert
		gpgconf --kill all
		check_is "edit: nothing is left on $profile" ':' "$(line login)"
		check_is "edit: PINs of $profile are new" '3:0:3:' "$(tries)"
		printf '12345678' >"$GNUPGHOME/admin"
	done
	gpgconf --kill all
	vcard_stop
}

# --- KDF ------------------------------------------------------------------------------

# What GnuPG since 2.3 does with cards that only store F9; hashes of 123456 and 12345678.
H1=773784A602B6C81E3F092F4D7D00E17CC822D88F7360FCF2D2EF2D9D901F44B6
H3=2675D6164A0D4827D1D00C7EEA620D015C00030A1CAB38B4D0DD600B27DC9630
HS=FB156E263DE1EB1EA0FECCF31C707DD328F7165D819B427A769B0CC6230505A5 # 12345678, the salt of H1
kdf_do() { # SALTS HASH-OF-PW3: PUT DATA
	echo "00DA00F9$(printf %02X $(((${#1} + 160) / 2)))8101038201088304000186A0$1""8720$H1""8820$2"
}
kdf_by_hand() { # SLOT SALTS
	[ "$(apdu "$1" 00A4040006D2760001240100 00200083083132333435363738 \
		00240083283132333435363738$H3 0020008320$H3 002C028120$H1 "$(kdf_do "$2" $H3)")" = 9000 ]
}
# One salt for all, and the card takes both PINs from it. Since 2.3 gpg does that with those
# alone that it knows for a Gnuk or a whole YubiKey.
kdf_single_by_hand() { # SLOT
	[ "$(apdu "$1" 00A4040006D2760001240100 00200083083132333435363738 \
		"$(kdf_do 84083031323334353637 $HS)" 0020008320$HS)" = 9000 ]
}
# A card whose gpg and we agree on the hash of a PIN, before and after gpg changed it.
kdf_ours() { # NAME
	gpg_forget "$1"
	check "$1: we enrol a volume" enrolled
	check "$1: it opens" ours unlock "$T/disk"
	vcard_trace_clear "$1"
	check "$1: and again, by a hash of 32 bytes" ours test "$T/disk"
	check_is "$1: which was sent once" 1 "$(grep -c ' > VERIFY 00200082 lc=32 ' "$(vcard_trace "$1")")"
	echo 234567 >"$GNUPGHOME/new"
	check "$1: gpg changes the PIN" passwd 1
	gpg_forget "$1"
	check_status "$1: the old one is wrong" 3 ours test "$T/disk"
	check_is "$1: and counted" 02 "$(vcard_field "$1" pin.pw1.tries)"
	pin_is 234567
	check "$1: the new one opens the volume" ours test "$T/disk"
	check "$1: and signs for gpg" signs
	gpg_forget "$1"
	cp "$GNUPGHOME/rc" "$GNUPGHOME/new"
	check "$1: gpg sets a reset code" passwd 4
	gpgconf --kill all
	echo 345678 >"$GNUPGHOME/new"
	check "$1: and with it a PIN" menu --card-edit -- unblock
	gpg_forget "$1"
	pin_is 345678
	check "$1: which opens the volume" ours test "$T/disk"
}
kdf_cycle() { # NAME SEEN
	check_is "$1: is seen" "$2:" "$(line kdf)"
	one_cycle "$1" cv25519
	kdf_ours "$1"
	wrong_pin "$1"
	gpgconf --kill all
	vcard_stop "$1"
}
part_kdf() {
	for row in gnuk-like/kdf-setup 'gnuk-like/kdf-setup single' yubikey5/kdf-setup kdf/kdf-setup; do
		profile=${row%%/*} name=kdf-${row%%/*} seen=on
		[ "${row#* }" != single ] || seen=single name=$name-single
		vcard_start "$name" --profile "$profile"
		home "$name"
		check "$name: gpg's ${row#*/}" edit "${row#*/}"
		kdf_cycle "$name" $seen
	done
	name=kdf-yubikey5-single
	vcard_start $name --profile yubikey5
	check "$name: F9 sets both PINs" kdf_single_by_hand 0
	home $name
	kdf_cycle $name single
	# Since 2.3 gpg sets the PINs one by one where the card only stores F9.
	for profile in smartpgp-like pico-like nitrokey3; do
		name=kdf-$profile salts=840830313233343536378508393031323334353686084142434445464748
		vcard_start "$name" --profile $profile
		if [ "$NEWER" ]; then
			home "$name"
			check "$name: gpg's kdf-setup" edit kdf-setup
		else
			check "$name: F9 and the PINs set one by one" kdf_by_hand 0 $salts || continue
			home "$name"
		fi
		kdf_cycle "$name" on
	done
}

# --- touch ----------------------------------------------------------------------------

press() { # when it is wanted
	lib_wait 100 test -e "$T/button.wanted" && touch "$T/button"
}
pressed() { # COMMAND...
	press &
	"$@"
}
# The flag of a key by gpg's own command; else by PUT DATA.
uif() { # KEY off|on|permanent
	u_n=$1 u_mode=$2
	if [ "$NEWER" ]; then
		edit "uif $u_n $u_mode"
		return
	fi
	case $u_mode in off) u_mode=00 ;; on) u_mode=01 ;; *) u_mode=02 ;; esac
	gpgconf --kill all
	[ "$(apdu 0 00A4040006D2760001240100 00200083083132333435363738 \
		"00DA00D$((5 + u_n))02${u_mode}20")" = 9000 ]
}
uif_is() { # SENTENCE FLAGS, as the card has them; gpg tells of on and permanent as of 1
	check_is "$1" "$2" "$(vcard_field "$VCARD" uif.sig):$(vcard_field "$VCARD" uif.dec):$(
		vcard_field "$VCARD" uif.aut)"
	[ -z "$NEWER" ] ||
		check_is "$1, says gpg" "$(echo "$2" | sed 's/00*\([0-9]\)20/\1/g; s/[2-4]/1/g'):" "$(line uif)"
}
part_touch() {
	vcard_start touch --profile yubikey5 --press "$T/button" --press-wait 20000
	home touch
	if [ -z "$NEWER" ]; then
		skip "touch: gpg's uif" 'gpg has it since 2.3; the flags are written as it would'
	fi
	check 'touch: keys' generate cv25519
	uif_is 'touch: wanted for no key of a new card' 0020:0020:0020
	check 'touch: wanted for signatures' uif 1 on
	check 'touch: for decryption' uif 2 on
	check 'touch: and for logging in' uif 3 on
	uif_is 'touch: which the card remembers' 0120:0120:0120
	check 'touch: no more for signatures' uif 1 off
	check 'touch: nor for logging in' uif 3 off
	uif_is 'touch: which it remembers too' 0020:0120:0020
	check 'touch: encrypting' encrypts
	gpg_forget touch
	check 'touch: decrypts when pressed' pressed decrypts
	check 'touch: signs without' signs
	check 'touch: wanted for signatures for ever' uif 1 permanent
	uif_is 'touch: says so' 0220:0120:0020
	check_fails 'touch: which cannot be taken back' uif 1 off
	check_fails 'touch: nor made less' uif 1 on
	uif_is 'touch: and stays' 0220:0120:0020
	gpg_forget touch
	check 'touch: signs when pressed' pressed signs
	touch_for_us
	vcard_stop touch
	vcard_start touch --press "$T/button" --press-wait 300
	gpgconf --kill all
	vcard_trace_clear touch
	check_fails 'touch: not pressed in time, not decrypted' decrypts
	check 'touch: and that was 6600' grep -q '> DECIPHER .* < 6600 ' "$(vcard_trace touch)"
	check_fails 'touch: not pressed in time, not signed' signs
	check 'touch: and that was 6600 too' grep -q '> SIGN .* < 6600 ' "$(vcard_trace touch)"
	check_fails 'touch: nothing is waited for any more' test -e "$T/button.wanted"
	touch_missed_for_us
	gpgconf --kill all
	vcard_stop touch
	for profile in ${NEWER:+gnuk-like nitrokey3 yubikey4}; do # with a button, as 7F74 says
		vcard_start "touch-$profile" --profile $profile
		home "touch-$profile"
		check "touch: gpg sets it on $profile" uif 2 on
		uif_is "touch: $profile remembers it" 0020:0120:0020
		gpgconf --kill all
		vcard_stop
	done
	[ "$NEWER" ] || return 0
	vcard_start touch-none --profile zeitcontrol-3.4
	home touch-none
	check_is 'touch: gpg sees no button on zeitcontrol-3.4' '' "$(line uif)"
	gpgconf --kill all
	vcard_stop
}
touch_for_us() {
	gpg_forget touch
	check 'touch: a volume is enrolled when pressed' pressed enrolled
	check 'touch: it opens when pressed' pressed ours unlock "$T/disk"
	check 'touch: and we say that it is wanted' grep -qi touch "$T/said"
}
touch_missed_for_us() {
	gpg_forget touch
	vcard_trace_clear touch
	check_status 'touch: not pressed in time, the volume stays closed' 9 ours unlock "$T/disk"
	check 'touch: and we say why' grep -qi 'touch' "$T/said"
	check_is 'touch: with one PIN' 1 "$(vcard_count touch VERIFY)"
	check_is 'touch: which is not counted as wrong' 03 "$(vcard_field touch pin.pw1.tries)"
}

# --- OpenSC and ykman -------------------------------------------------------------------

opensc_signs() { # KEY-ID ALGORITHM-OPTION...: signs a digest, openssl verifies it
	os_id=$1
	shift
	openssl dgst -sha256 -binary "$T/plain" >"$T/digest" &&
		pkcs15-tool --read-public-key "$os_id" -o "$T/pub.pem" &&
		pkcs15-crypt --sign -k "$os_id" --sha-256 "$@" --pin 123456 -i "$T/digest" -o "$T/raw" &&
		openssl dgst -sha256 -verify "$T/pub.pem" -signature "$T/raw" "$T/plain"
}
opensc_deciphers() {
	pkcs15-tool --read-public-key 2 -o "$T/pub.pem" &&
		openssl pkeyutl -encrypt -pubin -inkey "$T/pub.pem" -in "$T/plain" -out "$T/raw" &&
		pkcs15-crypt --decipher -k 2 --pkcs1 --raw --pin 123456 -i "$T/raw" -o "$T/back" &&
		cmp "$T/plain" "$T/back"
}
# PKCS #11: a slot of OpenSC's for each PIN, the first for keys 2 and 3, the second for key 1.
p11() { # SLOT OPTION...
	p11_slot=$1
	shift
	timeout 60 pkcs11-tool --module "$MODULE" --slot-index "$p11_slot" --login --pin 123456 "$@"
}
p11_lists() { # SLOT ID WORD...: a private and a public key of that number, and the words
	p11 "$1" --list-objects >"$T/objects"
	cat "$T/objects"
	for os_word in 'Private Key Object' 'Public Key Object' "ID: *$2\$"; do
		grep -q "$os_word" "$T/objects" || return 1
	done
	shift 2
	for os_word; do grep -q "$os_word" "$T/objects" || return 1; done
}
p11_signs() { # MECHANISM [OPENSSL-OPTION...]
	os_mech=$1
	shift
	pkcs15-tool --read-public-key 1 -o "$T/pub.pem" &&
		p11 1 --sign --id 01 -m "$os_mech" "$@" -i "$T/plain" -o "$T/raw" &&
		openssl dgst -sha256 -verify "$T/pub.pem" -signature "$T/raw" "$T/plain"
}
p11_decrypts() {
	pkcs15-tool --read-public-key 2 -o "$T/pub.pem" &&
		openssl pkeyutl -encrypt -pubin -inkey "$T/pub.pem" -in "$T/plain" -out "$T/raw" &&
		p11 0 --decrypt --id 02 -m RSA-PKCS -i "$T/raw" -o "$T/back" &&
		cmp "$T/plain" "$T/back"
}
p11_wrong_pin() { ! timeout 60 pkcs11-tool --module "$MODULE" --slot-index 0 --login --pin 654321 --list-objects; }
# A certificate that fits in the object 7F21, which is that of key 3 at first.
os_certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/x.key" \
		-out "$T/x.pem" -subj /CN=card -days 2 &&
		pkcs15-init --store-certificate "$T/x.pem" --id 3 --auth-id 3 --pin 12345678 \
			--verify-pin </dev/null &&
		pkcs15-tool --list-certificates >"$T/certs" && grep -q 'X.509 Certificate' "$T/certs" &&
		grep -q 'ID *: 03' "$T/certs" &&
		pkcs15-tool --read-certificate 3 -o "$T/y.pem" &&
		openssl x509 -in "$T/x.pem" -outform DER -out "$T/x.der" &&
		openssl x509 -in "$T/y.pem" -outform DER | cmp - "$T/x.der"
}
os_tells() { # ERE..., of what openpgp-tool says of card, holder and keys
	openpgp-tool --card-info --user-info --key-info >"$T/tells" 2>&1
	cat "$T/tells"
	for os_word; do grep -Eq "$os_word" "$T/tells" || return 1; done
}
set_prints() {
	sp=0102030405060708090A0B0C0D0E0F1011121314
	apdu 0 00A4040006D2760001240100 00200083083132333435363738 00DA00C714$sp 00DA00C814$sp \
		00DA00C914$sp
}
# OpenSC 0.23 refuses Gnuks (OpenSC#2752).
os_knows() { pkcs15-tool --list-keys >"$T/keys" 2>&1; }
part_opensc() {
	MODULE=$(find /usr/lib -name opensc-pkcs11.so | head -n 1)
	for profile in default smartpgp-like canokey-like zeitcontrol-3.4 v2.0 outer-tags yubikey5 nitrokey3 \
		zeitcontrol-2.1 yubikey-neo gnuk-like; do
		vcard_start "opensc-$profile" --profile "$profile"
		os_knows || {
			skip "opensc: $profile" "$(opensc-tool --info | head -n 1) says: $(tail -n 1 "$T/keys")"
			vcard_stop
			continue
		}
		for key in 1 2 3; do
			check "opensc: openpgp-tool makes RSA key $key on $profile" \
				openpgp-tool --verify CHV3 --pin 12345678 --gen-key $key -t rsa2048
		done
		# openpgp-tool 0.23 leaves the fingerprint at zero on some, and lists no such key.
		check_is "opensc: fingerprints of $profile" 9000 "$(set_prints)"
		check "opensc: pkcs15-tool lists $profile" pkcs15-tool --list-keys
		check "opensc: $profile signs, openssl verifies" opensc_signs 1 --pkcs1
		check "opensc: $profile deciphers" opensc_deciphers
		check "opensc: openpgp-tool tells of $profile" os_tells '^AID: *d2:76:00:01:24:01' \
			'^Serial number: *[0-9A-F]{8}' '^Language: *en' 'RSA *2048|rsa2048|2048'
		os_cert='Certificate Object'
		case $profile in
		gnuk-like) os_cert=Object ;; # OpenSC writes it with a Gnuk's own command
		*) check "opensc: a certificate on $profile" os_certificate ;;
		esac
		check "opensc: PKCS #11 lists what PIN 2 opens on $profile" \
			p11_lists 0 02 'ID: *03$' "$os_cert" 'Usage: *decrypt'
		check "opensc: and key 1 of $profile" p11_lists 1 01 'Usage: *sign'
		check "opensc: PKCS #11 signs on $profile, openssl verifies" p11_signs SHA256-RSA-PKCS
		check "opensc: PKCS #11 decrypts on $profile" p11_decrypts
		check "opensc: on $profile not with a wrong PIN" p11_wrong_pin
		check_is "opensc: which $profile counts" 02 "$(vcard_field "opensc-$profile" pin.pw1.tries)"
		vcard_stop
	done
	part_opensc_curves
}
part_opensc_curves() {
	for row in default/nistp256 smartpgp-like/nistp384 zeitcontrol-3.4/nistp521 nitrokey3/nistp256; do
		name=opensc-${row%/*}-${row#*/}
		vcard_start "$name" --profile "${row%/*}"
		home "$name"
		check "$name: keys" generate "${row#*/}"
		gpgconf --kill all
		check "$name: PKCS #11 lists the keys" p11_lists 1 01 'EC'
		check "$name: PKCS #11 signs, openssl verifies" p11_signs ECDSA-SHA256 --signature-format openssl
		vcard_stop
	done
}
ykman_says() { # ERE, of its lines as one
	ykman --reader "$YKMAN" openpgp info >"$T/ykman.out" 2>&1
	cat "$T/ykman.out"
	tr '\n' ' ' <"$T/ykman.out" | grep -Eq "$1"
}
yk() { timeout 60 ykman --reader "$YKMAN" openpgp "$@" </dev/null; }
# The public point of a key on P-256, by card and by certificate.
card_point() { # CRT
	opensc-tool -c default -r 0 -s 00A4040006D2760001240100 -s "0047810002${1}00" 2>/dev/null |
		sed -n '/^7F 49/,$p' | cut -c 1-48 | tr -d ' \n' | sed 's/^7F49438641//'
}
cert_point() {
	openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform DER | tail -c 65 |
		od -An -v -tx1 | tr -d ' \n' | tr a-f A-F
}
part_ykman() {
	command -v ykman >/dev/null || { skip 'ykman: openpgp info' 'no ykman'; return; }
	pcscd_stop
	YKMAN='Yubico YubiKey CCID' # since 5, ykman takes nothing else at USB for one
	check 'ykman: a reader of its name' pcscd_start "$YKMAN"
	vcard_start ykman --profile yubikey5
	home ykman
	check 'ykman: keys' generate nistp256 # those without are not listed by ykman since 5
	gpgconf --kill all
	check_is 'ykman: touch is wanted for decryption' 9000 \
		"$(apdu 0 00A4040006D2760001240100 00200083083132333435363738 00DA00D7020120)"
	YKMAN="$YKMAN $READER"
	check 'ykman: knows the version' ykman_says 'Application version: *5\.4\.3'
	check 'ykman: counts tries' ykman_says 'PIN tries remaining: *3'
	check 'ykman: sees where touch is wanted' \
		ykman_says '(En|De)cryption key:?( *Fingerprint: *[0-9A-F ]*Touch policy:)? *On '
	check 'ykman: and where not' \
		ykman_says 'Signature key:?( *Fingerprint: *[0-9A-F ]*Touch policy:)? *Off '
	check 'ykman: sets where' yk keys set-touch sig cached --admin-pin 12345678 --force
	check_is 'ykman: as it says' 0320 "$(vcard_field ykman uif.sig)"
	check 'ykman: attests the signature key' yk keys attest sig "$T/sig.pem" --pin 123456
	check 'ykman: tells the certificate of the attestation key' yk certificates export att "$T/att.pem"
	check 'ykman: which certifies itself' openssl verify -CAfile "$T/att.pem" "$T/att.pem"
	check 'ykman: and the signature key' openssl verify -CAfile "$T/att.pem" "$T/sig.pem"
	check_is 'ykman: which is the one of the card' "$(card_point B600)" "$(cert_point "$T/sig.pem")"
	check 'ykman: attests the decryption key' yk keys attest enc "$T/enc.pem" --pin 123456
	check_is 'ykman: which is another' "$(card_point B800)" "$(cert_point "$T/enc.pem")"
	check 'ykman: the card keeps the first' yk certificates export sig "$T/sig2.pem"
	check 'ykman: as it was' cmp "$T/sig.pem" "$T/sig2.pem"
	check 'ykman: another certificate is brought' yk certificates import aut "$T/enc.pem" --admin-pin 12345678
	check 'ykman: and kept beside them' yk certificates export aut "$T/aut.pem"
	check 'ykman: as it was too' cmp "$T/enc.pem" "$T/aut.pem"
	vcard_stop
	pcscd_stop
	check 'ykman: the reader as before' pcscd_start
}

# --- the slots of the reader, cards that go away, crashes ------------------------------------

# By AID and reader both: before 2.3 scdaemon has the one reader that it is told, since then
# it opens every reader that holds a card and has to be told which card is meant.
ONE=D276000124010304FFFE000000010000 TWO=D276000124010200F517000000020000
seen() { [ -n "$(serial "$1")" ]; } # gpg's status says nothing of it: 0 without a card too
part_slots() {
	home faults
	SLOT=0 vcard_start one --serial 00000001
	SLOT=1 vcard_start two --profile gnuk-like --serial 00000002
	check_is "two cards: the first slot has the first" 00000001 "$(serial $ONE)"
	gpgconf --kill all
	sed -i 's/^reader-port.*/reader-port Virtual PCD 00 01/' "$GNUPGHOME/scdaemon.conf"
	check_is "two cards: the second slot has the second" 00000002 "$(serial $TWO)"
	gpgconf --kill all
	vcard_pull two
	check_fails "a pulled card is not seen" seen $TWO
	gpgconf --kill all
	vcard_insert two
	check_is "an inserted card is seen" 00000002 "$(serial $TWO)"
	gpgconf --kill all
	vcard_stop two
	vcard_trace_clear two
	SLOT=1 vcard_start two --fault pull-at=4 --latency 5
	check_fails "a card that vanishes at the fourth command is an error" seen $TWO
	check_is "and the trace says when" 4 "$(vcard_count two)"
	gpgconf --kill all
	vcard_stop two
	vcard_stop one
}
part_crash() {
	for round in 1 2 3; do
		SLOT=0 vcard_start crash --latency 5
		for _ in 1 2 3 4 5 6 7 8; do # names are written over and over
			apdu 0 00A4040006D2760001240100 00200083083132333435363738 00DA005B0441424344 \
				00DA005B0461626364 00DA005B0441424344 00DA005B0461626364
		done >/dev/null 2>&1 &
		writer=$!
		sleep 0.$((round + 2))
		kill -9 "$(vcard_pid crash)"
		wait $writer
		check_is "crash $round: the state is whole" 03 "$(vcard_field crash pin.pw1.tries)"
		check "crash $round: nobody is left" lib_card_is No 0
	done
	vcard_stop crash
}

check "pcscd has the virtual reader" pcscd_start
echo "a short plain text" >"$T/plain"
NEWER= # whether gpg is one since 2.3
case $(gpg --version | head -n 1) in *\ 2.[012].*) ;; *) NEWER=yes ;; esac
for part in ${PARTS:-algorithms profiles import edit kdf touch opensc ykman slots crash}; do
	"part_$part"
done
finish
