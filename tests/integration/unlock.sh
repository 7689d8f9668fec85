#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Enrolling, listing, testing, unlocking and removing, with gpg and cryptsetup as judges.
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
need 'a volume is opened with a card' unshare ip pcscd opensc-tool gpg cryptsetup jq
lib_reexec_in_namespace "$0" "$@"
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
volumes_start

is_passphrase() { # 43 characters of base64 and no newline (docs/FORMAT.md)
	[ "$(wc -c <"$1")" = 43 ] && grep -Eqx '[A-Za-z0-9+/]{43}' "$1"
}

token_blob() { # what Debian's cryptsetup gives out, without our program
	cryptsetup token export --token-id "$2" "$1" | jq -r .blob | base64 -d >"$3"
}

without_token() { # COMMAND… with the token of $D away: /boot's copy alone must do
	cp --sparse=always "$D" "$T/kept.img"
	cryptsetup token remove --token-id 0 "$D"
	wt_rc=0
	"$@" || wt_rc=$?
	mv "$T/kept.img" "$D"
	return "$wt_rc"
}

without_boot() { # COMMAND… with /boot's copy away: the token alone must do
	mv "$BOOT/bootlatch" "$T/kept.boot"
	wb_rc=0
	"$@" || wb_rc=$?
	mv "$T/kept.boot" "$BOOT/bootlatch"
	return "$wb_rc"
}

# --- Each algorithm, on LUKS2 and LUKS1 -----------------------------------------------------

gpg_blob() { # SENTENCE gpg options…: gpg encrypts the passphrase, and we open that
	gb_what=$1
	shift
	gpg -q --batch --yes --trust-model always "$@" -o "$(blob_of "$D" 2)" -e "$T/plain" || true
	check "$ALGO: we open gpg's message: $gb_what" without_token bl_pin test "$D"
}

luks2() {
	volume "$ALGO-2" luks2
	D=$T/$ALGO-2.img
	verified=$(vcard_count "$ALGO" VERIFY)
	check "$ALGO: a card is enrolled on LUKS2" bl_both enroll "$D"
	check_is "$ALGO: enrolling sends the PIN once" $((verified + 1)) \
		"$(vcard_count "$ALGO" VERIFY)"
	check_is "$ALGO: it takes the first keyslot of ours and leaves the old one" '0 2' "$(slots "$D")"
	check_is "$ALGO: list --json calls it complete, with gpg's fingerprint for the key" \
		"2 true $SUB FFFE:$SERIAL" \
		"$(in_json "$D" '.enrolled[] | "\(.keyslot) \(.complete) \(.fingerprint|ascii_upcase) \(.serials[0])"')"
	check "$ALGO: list shows the card" says "FFFE:$SERIAL" bl list "$D"
	check "$ALGO: test goes through it all" bl_pin test "$D"
	check_says "$ALGO: unlock opens it with the PIN" 0 'keyslot 2, openpgp-card' bl_pin unlock "$D"
	check_says "$ALGO: unlock opens it with a typed passphrase" 0 'passphrase' bl_pass unlock "$D"
	check "$ALGO: gpg decrypts our file" gpg_decrypts "$(blob_of "$D" 2)" "$T/plain"
	check "$ALGO: what gpg prints is 43 characters and no newline" is_passphrase "$T/plain"
	check "$ALGO: what gpg prints opens keyslot 2" opens_slot "$D" 2 "$T/plain"
	check "$ALGO: cryptsetup gives out the token's copy" token_blob "$D" 0 "$T/token.pgp"
	check "$ALGO: gpg decrypts the token's copy" gpg_decrypts "$T/token.pgp" "$T/plain2"
	check "$ALGO: both copies hold the same" cmp "$T/plain" "$T/plain2"
	check "$ALGO: without the file the token opens it" without_boot bl_pin test "$D"
	check "$ALGO: without the token the file opens it" without_token bl_pin test "$D"
	before=$(fingerprint "$D")
	check_says "$ALGO: enrolling again says so, status 0" 0 'already enrolled' bl_both enroll "$D"
	check_is "$ALGO: and changes nothing" "$before" "$(fingerprint "$D")"
	gpg_blob 'compressed (zip)' -r "$SUB" --compress-algo zip
	gpg_blob 'compressed (zlib)' -r "$SUB" --compress-algo zlib
	gpg_blob 'not compressed' -r "$SUB" -z 0
	gpg_blob 'armored' -r "$SUB" --armor
	gpg_blob 'the recipient hidden' -R "$SUB"
	gpg_blob 'AES-128' -r "$SUB" --cipher-algo AES128
	gpg_blob 'two recipients' -r "$SUB" -r "$OTHER"
	gpg_blob 'two recipients, ours last' -r "$OTHER" -r "$SUB"
	gpg_blob 'signed inside' -r "$SUB" --sign -u "$OTHER"
	gpg -q --batch --yes --trust-model always -r "$OTHER" -o "$(blob_of "$D" 2)" -e "$T/plain"
	check "$ALGO: a file for another key leaves the token to open it" bl_pin test "$D"
	check "$ALGO: unenroll by keyslot" bl unenroll "$D" --keyslot 2
	check_is "$ALGO: cryptsetup sees the keyslot gone" 0 "$(slots "$D")"
	check_is "$ALGO: and the token" 0 "$(tokens "$D")"
	check_fails "$ALGO: and the file" test -e "$(blob_of "$D" 2)"
	check_status "$ALGO: nothing is enrolled now" 8 bl_pin test "$D"
	check "$ALGO: the old passphrase still opens it" opens "$D"
}

luks1() {
	volume "$ALGO-1" luks1
	D=$T/$ALGO-1.img
	check "$ALGO: a card is enrolled on LUKS1, with a key file" bl_pin enroll "$D" --key-file "$T/key"
	check_is "$ALGO: in keyslot 2 of LUKS1" '0 2' "$(slots "$D")"
	check "$ALGO: LUKS1 test" bl_pin test "$D"
	check_says "$ALGO: LUKS1 unlock" 0 'keyslot 2, openpgp-card' bl_pin unlock "$D"
	check "$ALGO: gpg decrypts our file for LUKS1" gpg_decrypts "$(blob_of "$D" 2)" "$T/plain"
	check "$ALGO: and it opens the volume" opens_slot "$D" 2 "$T/plain"
	before=$(fingerprint "$D")
	check_says "$ALGO: enrolling LUKS1 again says so" 0 'already enrolled' bl_both enroll "$D"
	check_is "$ALGO: and changes nothing" "$before" "$(fingerprint "$D")"
	check "$ALGO: unenroll by serial number" bl unenroll "$D" --serial "$SERIAL"
	check_is "$ALGO: the LUKS1 keyslot is gone" 0 "$(slots "$D")"
	check_is "$ALGO: nothing of the enrolment stays on /boot" '' \
		"$(find "$BOOT" -name "$(uuid_of "$D")*")"
	check "$ALGO: the old passphrase still opens LUKS1" opens "$D"
}

SERIAL=00000A00
for ALGO in rsa2048 nistp256 cv25519; do
	SERIAL=$(printf '%08X' $((0x$SERIAL + 1)))
	card_make "$ALGO" "$ALGO" "$SERIAL" || { fail "$ALGO: gpg makes keys on the card"; finish; }
	gpg -q --batch --no-auto-check-trustdb --pinentry-mode loopback --passphrase '' \
		--quick-generate-key other@example.org rsa2048 encr,sign never 2>/dev/null
	OTHER=$(gpg --with-colons --list-keys other@example.org 2>/dev/null |
		sed -n 's/^fpr:*\([0-9A-F]*\):$/\1/p')
	luks2
	luks1
	vcard_stop "$ALGO"
done

# --- Two dongles ----------------------------------------------------------------------------

gpg_home rsa2048
RSA=00000A01 CURVE=00000A03
vcard_start rsa2048
vcard_start cv25519
volume two luks2
D=$T/two.img
check_says 'two cards that would do: enroll asks for --serial' 2 'FFFE:00000A03' bl_both enroll "$D"
check 'the first dongle is enrolled by serial number' bl_both enroll "$D" --serial $RSA
check 'the second one, by its full name' bl_both enroll "$D" --serial FFFE:$CURVE
check_is 'each has its own keyslot' '0 2 3' "$(slots "$D")"
check_is 'list tells which is which' "2 FFFE:$RSA 3 FFFE:$CURVE" \
	"$(in_json "$D" '[.enrolled[] | "\(.keyslot) \(.serials[0])"] | join(" ")')"
check_says 'unlock with the first' 0 'keyslot 2' bl_pin unlock "$D" --serial $RSA
check_says 'unlock with the second' 0 'keyslot 3' bl_pin unlock "$D" --serial $CURVE
check_says 'the reader chooses too' 0 'keyslot 3' bl_pin unlock "$D" --reader '00 01'
check_status 'a serial number that no card has: another card' 6 bl_pin test "$D" --serial 00000BAD
check 'with both there and nothing chosen, one of them does' bl_pin unlock "$D"
vcard_stop rsa2048
check_says 'with the first away the second opens' 0 'keyslot 3' bl_pin unlock "$D"
check 'unenroll of the one that is lost, by serial number' bl unenroll "$D" --serial FFFE:$RSA
check_is 'takes only that keyslot' '0 3' "$(slots "$D")"
check 'and the other one still opens' bl_pin test "$D"
vcard_stop cv25519

# --- A dongle in the safe -------------------------------------------------------------------

volume safe luks2
D=$T/safe.img
check_says 'a certificate is enrolled with no card there' 0 'bootlatch test' \
	bl_pass enroll "$D" --cert "$T/rsa2048.pub"
vcard_start rsa2048
check 'the dongle then opens it' bl_pin test "$D"
check_says 'enrolling that dongle says that its key is enrolled' 0 'already enrolled' \
	bl_both enroll "$D"
gpg_home rsa2048
gpg --armor --export other@example.org >"$T/other.asc"
check 'an armored certificate of a key on no card' bl_pass enroll "$D" --cert "$T/other.asc"
gpg -q --batch -d "$(blob_of "$D" 3)" >"$T/plain" || true
check 'opens with that key' opens_slot "$D" 3 "$T/plain"
check_says 'a file that is no certificate is refused in words' 1 'no encryption key' \
	bl_pass enroll "$D" --cert "$T/key"
gpg_forget

# --- Other disks, other output --------------------------------------------------------------

volume argon luks2
cryptsetup luksConvertKey -q --key-file "$T/key" --key-slot 0 --pbkdf argon2id \
	--pbkdf-force-iterations 4 --pbkdf-memory 65536 "$T/argon.img"
check 'a disk whose passphrase has argon2id is enrolled' bl_both enroll "$T/argon.img"
check_is 'the passphrase keeps it, ours has the minimum and goes first' \
	'0 argon2id false 2 pbkdf2 true' \
	"$(in_json "$T/argon.img" '[.keyslots[] | "\(.keyslot) \(.kdf) \(.prefer)"] | join(" ")')"
check 'and the card opens it' bl_pin unlock "$T/argon.img"

truncate -s 16M "$T/header" "$T/data"
cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 \
	--header "$T/header" "$T/data" "$T/key"
data=$(sha256sum <"$T/data")
check 'a disk with a detached header is enrolled' bl_both enroll "$T/data" --header "$T/header"
check 'and opens' bl_pin unlock "$T/data" --header "$T/header"
check_is 'and its data is left alone' "$data" "$(sha256sum <"$T/data")"
check_status 'without its header it is no LUKS' 1 bl_pin unlock "$T/data"

volume bare luks2
json_is() { # FILTER COMMAND…: its standard output, whatever its status
	json_filter=$1
	shift
	"$@" >"$T/json" || true
	jq -e "$json_filter" "$T/json" >/dev/null || { cat "$T/json"; return 1; }
}
check 'test --json is one object with ok, status, keyslot and serial' json_is \
	'.ok and .status == 0 and .keyslot == 2 and .serial == "FFFE:00000A01"' \
	bl_pin test "$D" --json
check 'a failure in --json has its status and words' json_is \
	'(.ok | not) and .status == 8 and (.message | test("enrolled"))' \
	bl_pin test "$T/bare.img" --json

# --- A disk that was moved ------------------------------------------------------------------

home=$CONF CONF=$T/etc2 BOOT=$T/boot2
mkdir "$CONF" "$BOOT"
check_says 'a moved disk is not opened without a record' 7 'no record' bl_pin unlock "$D"
check_says 'nor with the passphrase' 7 'no record' bl_pass unlock "$D"
check_status 'nor is it tested' 7 bl_pin test "$D"
check_status '--no-record needs a person at a terminal' 10 bl_pin unlock "$D" --no-record
talk_no_record() {
	bl_talk unlock "$D" --no-record <<-END
		expect $PIN_START
		expect to go on
		send $1\n
		${2:-}
		${3:-}
	END
}
PIN_START=$(in_json "$D" .header_pin | cut -c1-16)
check_status '--no-record shows the header pin, and no is no' 10 talk_no_record no
check '--no-record opens it after a yes, with dongle and PIN' talk_no_record yes \
	'expect PIN' 'send 123456\n'
check_status 'record show: none is 7' 7 bl record show "$D"
say_pass 'not the passphrase'
check_status 'record renew wants a passphrase that opens it' 1 bl_pass record renew "$D"
check_fails 'and writes nothing without' test -e "$(record_of "$D")"
say_pass 'correct horse battery staple'
check 'record renew with the passphrase' bl_pass record renew "$D"
check 'record show: 0' bl record show "$D"
check 'the moved disk opens now' bl_pin unlock "$D"
check_is 'renewing wrote the files on /boot anew' 2 "$(find "$BOOT/bootlatch" -name '*.pgp' | wc -l)"
check 'record renew with a key file' bl record renew "$D" --key-file "$T/key"
CONF=$home BOOT=$T/boot

# --- Every refusal has its status -----------------------------------------------------------

check_status 'usage: no verb' 2 "$O/bootlatch"
check_status 'usage: no such verb' 2 "$O/bootlatch" open
check_status 'usage: no device' 2 bl list
check_status 'usage: no such option' 2 bl list "$D" --pin 123456
check_status 'usage: a descriptor that is not open' 2 bl test "$D" --pin-fd 77
check_status 'usage: one descriptor for both' 2 bl enroll "$D" --pin-fd 3 --passphrase-fd 3 3<"$T/pin"
check_status 'usage: not a serial number' 2 bl_pin test "$D" --serial 12x
check_status 'usage: unenroll of what' 2 bl unenroll "$D"
check_status 'usage: keyslot and serial number' 2 bl unenroll "$D" --keyslot 2 --serial $RSA
check_status 'usage: not a keyslot' 2 bl enroll "$D" --keyslot 32
full() { "$@" >/dev/full; }
check_says 'what cannot be printed is an error, in words' 1 'could not be written' \
	full bl list "$D"
check_says 'a key file with a newline too much is told' 1 'newline' \
	bl_pin enroll "$T/bare.img" --key-file "$T/pass"
for name in a/b .. control "$(printf '%0128d' 7)"; do
	check_status "usage: no mapping can be called $(echo "$name" | cut -c 1-8)" 2 \
		verifies rsa2048 0 bl_pin unlock "$D" "$name"
done
check_says 'half a verb is told apart from none' 2 'second word' "$O/bootlatch" record
check_says 'a header that is not there is named' 1 'nothing.hdr does not exist' \
	bl list "$D" --header "$T/nothing.hdr"
check_says 'nobody to ask: it says what to do' 2 'use --pin-fd' bl test "$D"
check_says 'enroll with nobody to ask for the passphrase: usage' 2 'use --pin-fd' \
	bl_pin enroll "$T/bare.img"
check_says 'a reader that is not there is named, its name harmless' 5 'with "x?[2Jy" in its name' \
	bl_pin test "$D" --reader "$(printf 'x\033[2Jy')"
check_says 'a serial number that is not there is named' 6 'Card 00000BAD is not here' \
	bl_pin test "$D" --serial 00000BAD
check_status '--help is no error' 0 "$O/bootlatch" enroll --help
check_status '--version is no error' 0 "$O/bootlatch" --version

truncate -s 1M "$T/zeros"
check_status 'not LUKS: 1' 1 bl list "$T/zeros"
check_status 'no such file: 1' 1 bl list "$T/none"
volume plain luks2
check_status 'LUKS of somebody else: test is 8' 8 bl_pin test "$T/plain.img"
check_status 'LUKS of somebody else: unlock is 8' 8 bl_pin unlock "$T/plain.img"
check_status 'LUKS of somebody else: unenroll is 8' 8 bl unenroll "$T/plain.img" --keyslot 2
check 'LUKS of somebody else: list is no error' says 'Nothing is enrolled' bl list "$T/plain.img"
check_status 'unenroll of a passphrase keyslot is 8' 8 bl unenroll "$D" --keyslot 0

before=$(fingerprint "$T/plain.img")
for s in 0 1 31; do
	check_says "enroll into keyslot $s: refused, 10" 10 'reserved' \
		bl_both enroll "$T/plain.img" --keyslot $s
done
say_pass 'not the passphrase'
check_status 'enroll with a wrong passphrase: 1' 1 bl_both enroll "$T/plain.img"
say_pass 'correct horse battery staple'
say_pin 654321
check_says 'enroll with a wrong PIN: 3, and it says what is left' 3 '2 tries' bl_both enroll "$T/plain.img"
check_is 'none of these changed anything' "$before" "$(fingerprint "$T/plain.img")"
check_says 'unlock with a wrong PIN: 3' 3 'one try' bl_pin unlock "$D"
say_pin 123456
check_says 'the last try is not spent on one line: 10' 10 'twice' bl_pin unlock "$D"
say_pin 123456 123456
check 'it is on two' bl_pin unlock "$D"
check_is 'and the counter is full again' 03 "$(vcard_field rsa2048 pin.pw1.tries)"
say_pin 123456
check_status 'enroll into a keyslot in use: 1' 1 bl_both enroll "$T/two.img" --keyslot 3
check 'enroll into a keyslot of choice' bl_both enroll "$T/plain.img" --keyslot 7
check_is 'takes that one' '0 7' "$(slots "$T/plain.img")"
cryptsetup luksKillSlot -q "$T/plain.img" 0 2>/dev/null
check_status 'the last way in is not removed: 10' 10 bl unenroll "$T/plain.img" --keyslot 7
check_status 'not by --force without a terminal either: 10' 10 setsid -w \
	"$O/bootlatch" unenroll "$T/plain.img" --keyslot 7 --force --boot "$BOOT" --config "$CONF"
last() {
	bl_talk unenroll "$T/plain.img" --keyslot 7 --force <<-END
		expect to go on
		send $1\n
	END
}
check_status 'nor with other words: 10' 10 last yes
check_is 'it is still there' 7 "$(slots "$T/plain.img")"
check 'with the right words it is' last 'lock me out'
check_is 'and then nothing opens it' '' "$(slots "$T/plain.img")"

cancelled() {
	bl_talk test "$D" <<-'END'
		expect PIN
		send \x04
	END
}
check_status 'cancelled at the prompt: 9' 9 verifies rsa2048 0 cancelled
no_pin() { bl test "$D" --wait 0 --pin-fd 3 3</dev/null; }
check_status 'the descriptor ends without a PIN: 9' 9 no_pin
say_pin ''
check_status 'an empty PIN is not sent: 3' 3 verifies rsa2048 0 bl_pin test "$D"
say_pin 123456

tampered() { # FILTER: the record, edited
	cp "$(record_of "$D")" "$T/record"
	jq -c "$1" "$T/record" >"$(record_of "$D")"
	t_rc=0
	bl_pin unlock "$D" || t_rc=$?
	mv "$T/record" "$(record_of "$D")"
	return "$t_rc"
}
other_pin=0000000000000000000000000000000000000000000000000000000000000000
check_status 'a record with another header pin: 7' 7 tampered \
	"with_entries(if (.value|type) == \"string\" and (.value|length) == 64 then .value = \"$other_pin\" else . end)"
check 'the record as it was opens again' bl_pin unlock "$D"

# The PIN blocked, by opensc
apdu 0 00A4040006D27600012401 0020008206393939393939 0020008206393939393939 \
	0020008206393939393939 >"$T/out"
check_says 'a blocked PIN: 4' 4 'blocked' bl_pin unlock "$D"
check_status 'a blocked PIN: enroll is 4 too' 4 bl_both enroll "$T/two.img"
apdu 0 00A4040006D27600012401 00200083083132333435363738 002C028106313233343536 >"$T/out"
check_is 'unblocked with the admin PIN' 03 "$(vcard_field rsa2048 pin.pw1.tries)"
check 'it opens again' bl_pin unlock "$D"
vcard_stop rsa2048

check_says 'no card: 5' 5 'card' bl_pin test "$D"
check_status 'no card: unlock is 5' 5 bl_pin unlock "$D"
told() { # the prompt says why the card in the reader does not help
	bl_talk unlock "$D" <<-'END'
		expect nsert
		expect no OpenPGP application
		send correct horse battery staple\n
	END
}
vcard_start nistp256 --fault select:sw=6A82
check 'a card of another kind: a person at the prompt is told' told
check_says 'and so is a script' 6 'no OpenPGP application' bl_pin test "$D"
vcard_stop nistp256
vcard_start nistp256
check_says 'another card: 6, and no PIN for it' 6 'not enrolled' verifies nistp256 0 bl_pin test "$D"
vcard_stop nistp256
pcscd_stop
check_says 'no pcscd: 5' 5 'pcscd' bl_pin test "$D" --transport pcsc
check_says 'no pcscd, no reader of its own: 5' 5 'no card reader' bl_pin test "$D"
check 'no pcscd: the passphrase opens it' bl_pass unlock "$D"
waits() {
	bl_talk test "$D" --transport pcsc <<-'END'
		expect Waiting
		expect pcscd
		send \x03
	END
}
check_status 'no pcscd: who waits at a terminal is told' 130 waits
pcscd_start

# --- Beside gpg -----------------------------------------------------------------------------

vcard_start rsa2048
gpg_home rsa2048
sed -i '/pcsc-shared/d' "$GNUPGHOME/scdaemon.conf"
check 'gpg takes the card for itself' gpg --card-status
check_says 'a card that scdaemon holds: 5, with the way out' 5 'gpgconf --kill scdaemon' \
	bl_pin test "$D"
gpg_forget
check 'once gpg has let go it opens' bl_pin test "$D"
check 'gpg has the card at once afterwards' gpg --card-status
gpg_forget
echo pcsc-shared >>"$GNUPGHOME/scdaemon.conf"
check 'gpg shares the card' gpg --card-status
check 'a card that scdaemon shares opens it' bl_pin test "$D"
# To a reader it shares gpg's first word after a reset by others is an error, its next is not.
gpg --card-status >"$T/out" 2>&1 || true
check 'and gpg goes on with it' gpg --card-status
pin_state() { # without SELECT, which would end it
	apdu 0 00200082
}
gpg-connect-agent 'SCD APDU 00A4040006D27600012401' 'SCD APDU 0020008206313233343536' /bye \
	>"$T/out" 2>&1
check_is 'control: a PIN that gpg left verified is seen' 9000 "$(pin_state)"
gpg_forget
check 'our program ends' bl_pin test "$D"
check_is 'with the card reset: no application is selected, no PIN verified' 6D00 "$(pin_state)"

# --- As a keyscript -------------------------------------------------------------------------

unlocker() { # bootlatch-unlock as cryptdisks runs it
	env -i PATH="$PATH" CRYPTTAB_NAME=disk_crypt CRYPTTAB_SOURCE="$D" CRYPTTAB_KEY=none \
		CRYPTTAB_OPTIONS=luks CRYPTTAB_TRIED="$TRIED" "$O/bootlatch-unlock" "$@" \
		--boot "$BOOT" --config "$CONF" --wait 2
}
ks_pin() { unlocker none --pin-fd 3 3<"$T/pin" >"$T/stdout" </dev/null; }
ks_pass() { unlocker none --passphrase-fd 4 4<"$T/pass" >"$T/stdout" </dev/null; }
TRIED=0
check 'the keyscript takes its volume from the environment' ks_pin
check 'it prints 43 characters and nothing else' is_passphrase "$T/stdout"
check 'which open the volume' opens "$D" "$T/stdout"
check 'a typed passphrase comes out as it was typed' ks_pass
check 'without a newline' cmp "$T/stdout" "$T/key"
say_pin 999999
check_status 'a wrong PIN: 3' 3 ks_pin
check_is 'and nothing on stdout' 0 "$(wc -c <"$T/stdout")"
say_pin 123456
check 'the right one afterwards' ks_pin
to_terminal() { # a key is not for the screen
	CRYPTTAB_NAME=x CRYPTTAB_SOURCE=$D CRYPTTAB_TRIED=0 "$O/ptytalk" "$O/bootlatch-unlock" none \
		--boot "$BOOT" --config "$CONF" --wait 2 </dev/null
}
closed() { unlocker none --pin-fd 3 3<"$T/pin" </dev/null >&-; }
check_status 'standard output must not be closed' 2 verifies rsa2048 0 closed
check_fails 'standard output must not be a terminal' verifies rsa2048 0 to_terminal
on_terminal() { # asks on the terminal, prints into the file
	# shellcheck disable=SC2016 # for the inner shell
	CRYPTTAB_NAME=disk_crypt CRYPTTAB_SOURCE=$D CRYPTTAB_TRIED=0 "$O/ptytalk" sh -c \
		'exec "$0" none --boot "$1" --config "$2" >"$3"' \
		"$O/bootlatch-unlock" "$BOOT" "$CONF" "$T/stdout" <<-'END'
		expect PIN
		send 123456\n
	END
}
check 'it asks on the terminal' on_terminal
check 'and prints only the passphrase' is_passphrase "$T/stdout"
detached() {
	env -i PATH="$PATH" CRYPTTAB_NAME=x CRYPTTAB_SOURCE="$T/data" CRYPTTAB_TRIED=0 \
		CRYPTTAB_OPTION_header="$1" "$O/bootlatch-unlock" none --boot "$BOOT" \
		--config "$CONF" --wait 2 --pin-fd 3 3<"$T/pin" >"$T/stdout" </dev/null
}
check "crypttab's header= is used" detached "$T/header"
check 'and its passphrase comes out' is_passphrase "$T/stdout"
check_status 'without it that disk is no LUKS' 1 detached ''
broken() { # the record
	cp "$(record_of "$D")" "$T/record"
	echo '{' >"$(record_of "$D")"
	b_rc=0
	ks_pin || b_rc=$?
	mv "$T/record" "$(record_of "$D")"
	return "$b_rc"
}
check_says 'a broken record is not called a changed header' 7 'disk_crypt was not opened' broken
check_fails 'nor followed by other advice' grep -q 'header was changed' "$T/words"
D_KEPT=$D D=$T/none
check_fails 'a volume that is not there' ks_pin
D=$D_KEPT
KEPT=$CONF CONF=$T/none
check_status 'no record: 7' 7 ks_pin
check_status 'no record: 7 for a passphrase as well' 7 ks_pass
check_is 'and nothing on stdout' 0 "$(wc -c <"$T/stdout")"
CONF=$KEPT

# What the record knows is printed unopened on the first try, and nothing else ever is.
SLOT=$(in_json "$D" '.enrolled[0].keyslot')
cp "$D" "$T/kept.img"
BLOB=$(blob_of "$D" "$SLOT")
cp "$BLOB" "$T/kept.pgp"
cryptsetup luksKillSlot -q --key-file "$T/key" "$D" "$SLOT"
TRIED=1
check_fails 'a dead keyslot: the second try finds out' ks_pin
check_is 'and prints nothing' 0 "$(wc -c <"$T/stdout")"
cp "$T/kept.img" "$D"
check 'the second try goes through the keyslot' ks_pin
check 'and prints the passphrase' is_passphrase "$T/stdout"
TRIED=0
for TOKEN in 0 1 2; do cryptsetup token remove --token-id $TOKEN "$D" 2>/dev/null || true; done
printf '0123456789012345678901234567890123456789012' |
	gpg --batch --yes --trust-model always -q -r card@example.org -o "$BLOB" -e
check_fails 'a blob that somebody else wrote to the card is not printed' ks_pin
check_is 'not even its passphrase' 0 "$(wc -c <"$T/stdout")"
cp "$T/kept.img" "$D"
cp "$T/kept.pgp" "$BLOB"
check 'control: put back, it is printed again' ks_pin

# /secret.key lies in the root folder: one file is made there, for as long as a command takes, and
# only where none is. Nothing is mounted: what clears up must never find the machine's own folders.
with_key() { # TRIED KEYFIELD [no-key]
	rc=0
	[ "${3:-}" = no-key ] || printf 'what Heads injected' >/secret.key
	env -i PATH="$PATH" CRYPTTAB_NAME=disk_crypt CRYPTTAB_SOURCE="$D" CRYPTTAB_KEY="$2" \
		CRYPTTAB_OPTIONS=luks CRYPTTAB_TRIED="$1" \
		"$O/bootlatch-unlock" "$2" --boot "$BOOT" --config "$CONF" --wait 2 --pin-fd 3 \
		3<"$T/pin" >"$T/stdout" </dev/null || rc=$?
	rm -f /secret.key
	return "$rc"
}
if [ -e /secret.key ] || ! [ -w / ]; then
	skip 'the key that Heads injects' 'there is a /secret.key, or / cannot be written'
else
	check 'given /secret.key, the first try prints it' verifies rsa2048 0 with_key 0 /secret.key
	check_is 'byte by byte' 'what Heads injected' "$(cat "$T/stdout")"
	check 'the second try goes on with the card' verifies rsa2048 1 with_key 1 /secret.key
	check 'and prints the passphrase' is_passphrase "$T/stdout"
	check 'any other key field means the card' verifies rsa2048 1 with_key 0 /secret.key2
	check 'and prints the passphrase' is_passphrase "$T/stdout"
	check 'no /secret.key: the card, on the first try' verifies rsa2048 1 with_key 0 /secret.key no-key
	check 'and prints the passphrase' is_passphrase "$T/stdout"
fi
finish
