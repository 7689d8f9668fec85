#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Headers and records that an attacker wrote: refused before the card hears or a person types
# anything.
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
need 'tampered headers are refused' unshare ip pcscd opensc-tool gpg cryptsetup jq
lib_reexec_in_namespace "$0" "$@"
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
volumes_start
card_make alice cv25519 00000A01 || { fail 'gpg makes keys on the card'; finish; }

ASAN=${ASAN:-build/asan}
HEADER=32768 # both headers of LUKS2, 16 KiB each
D=$T/disk.img
OURS=2

keyscript() { # the program of the initramfs, its output to $T/stdout
	CRYPTTAB_NAME=disk CRYPTTAB_SOURCE=$D CRYPTTAB_TRIED=0 "$O/bootlatch-unlock" none "$@" \
		--boot "$BOOT" --config "$CONF" --wait 2 >"$T/stdout" </dev/null
}
ks_pin() { keyscript --pin-fd 3 3<"$T/pin"; }
ks_pass() { keyscript --passphrase-fd 4 4<"$T/pass"; }
on_terminal() { bl_talk "$@" </dev/null; }

# refused_by COMMAND…: status 7, or 1 when it is no LUKS any more, not one command to the card,
# no question, nothing on the keyscript's output.
refused_by() {
	: >"$T/stdout"
	rb_before=$(vcard_count alice) rb_rc=0
	"$@" >"$T/said" 2>&1 || rb_rc=$?
	cat "$T/said"
	case $rb_rc in 1 | 7) ;; *) echo "status $rb_rc: $*"; return 1 ;; esac
	[ "$(vcard_count alice)" = "$rb_before" ] || { echo "the card was asked: $*"; return 1; }
	! grep -Eq '(PIN|Passphrase|passphrase) for .*: ' "$T/said" || { echo "asked: $*"; return 1; }
	[ ! -s "$T/stdout" ] || { echo "printed a key: $*"; return 1; }
}

refused_everywhere() {
	refused_by bl_pin test "$D" && refused_by bl_pin unlock "$D" &&
		refused_by bl_pass unlock "$D" && refused_by on_terminal unlock "$D" &&
		refused_by ks_pin && refused_by ks_pass && refused_by bl record show "$D"
}

refused_enroll() { # too, and nothing is written
	re_before=$(fingerprint "$D")
	refused_by on_terminal enroll "$D" && [ "$(fingerprint "$D")" = "$re_before" ]
}

keep() { # what $D and the folders are now is what restore brings back
	dd if="$D" of="$T/good.header" bs="$HEADER" count=1 2>/dev/null
	rm -rf "$T/good.boot" "$T/good.etc"
	cp -a "$BOOT" "$T/good.boot"
	cp -a "$CONF" "$T/good.etc"
}
restore() {
	dd if="$T/good.header" of="$D" bs="$HEADER" count=1 conv=notrunc 2>/dev/null
	rm -rf "$BOOT" "$CONF"
	cp -a "$T/good.boot" "$BOOT"
	cp -a "$T/good.etc" "$CONF"
}

edit() { # JQ-FILTER on the header
	"$O/luks2_raw" "$D" json | jq -c "$1" >"$T/new.json"
	"$O/luks2_raw" "$D" put <"$T/new.json"
}

# tampered SENTENCE JQ-FILTER
tampered() {
	if edit "$2"; then
		check "refused: $1" refused_everywhere
		check "enroll leaves it alone: $1" refused_enroll
	else
		fail "refused: $1 (the header could not be edited)"
	fi
	restore
}

# --- LUKS2 ----------------------------------------------------------------------------------

volume disk luks2
check 'a card is enrolled' bl_both enroll "$D"
keep
check 'the header as it is opens' bl_pin unlock "$D"
edit .
check 'control: written by our editor, unchanged, it opens' bl_pin unlock "$D"
restore

tampered 'a data segment with the null cipher' '.segments["0"].encryption = "cipher_null-ecb"'
tampered 'a data segment with a weaker cipher' '.segments["0"].encryption = "aes-ecb"'
tampered 'a data segment with the null cipher in other letters' \
	'.segments["0"].encryption = "capi:ecb(cipher_null)-plain"'
tampered 'a segment of another sector size' '.segments["0"].sector_size = 512'
tampered 'a segment that begins elsewhere' '.segments["0"].offset = "20971008"'
tampered 'a segment that ends early' '.segments["0"].size = "1048576"'
tampered 'another tweak' '.segments["0"].iv_tweak = "8"'
tampered 'a segment that is linear' \
	'.segments["0"] |= {type: "linear", offset: .offset, size: .size}'
tampered 'a second segment' '.segments["1"] = .segments["0"]'
tampered 'segments marked as a backup of a reencryption' \
	'.segments["0"].flags = ["backup-final"]'
tampered 'our keyslot with the null cipher' \
	".keyslots[\"$OURS\"].area.encryption = \"cipher_null-ecb\""
tampered "the person's keyslot with the null cipher" \
	'.keyslots["0"].area.encryption = "cipher_null-ecb"'
tampered 'another digest' '.digests["0"].digest |= (.[1:44] | "B" + .[1:] | . + "=" | .[0:44])'
tampered 'fewer iterations of the digest' '.digests["0"].iterations = 1000 + 1'
tampered 'another salt of the digest' '.digests["0"].salt |= ("A" + .[1:])'
tampered 'a requirement of a reencryption' \
	'.config.requirements = {mandatory: ["online-reencrypt-v2"]}'
tampered 'an unknown requirement' '.config.requirements = {mandatory: ["luck"]}'
tampered 'a flag that allows discards' '.config.flags = ["allow-discards"]'

# Only the second header, but newer than the first: cryptsetup takes the newer one.
newer() {
	edit '.segments["0"].encryption = "cipher_null-ecb"'
	dd if="$D" of="$T/second" bs=16384 skip=1 count=1 2>/dev/null
	restore
	printf '\377' | dd of="$T/second" bs=1 seek=23 conv=notrunc 2>/dev/null # its sequence number
	dd if="$T/second" of="$D" bs=16384 seek=1 conv=notrunc 2>/dev/null
	dd if="$D" of="$T/first" bs=16384 count=1 2>/dev/null
	"$O/luks2_raw" "$D" fix
	dd if="$T/first" of="$D" bs=16384 conv=notrunc 2>/dev/null
}
newer
check 'control: cryptsetup takes the newer, second header' \
	sh -c "cryptsetup luksDump '$D' | grep -q cipher_null"
newer
check 'refused: the null cipher in a newer second header' refused_everywhere
restore

damage_first() {
	printf 'damaged' | dd of="$D" bs=1 seek=5000 conv=notrunc 2>/dev/null
}
damage_first
check 'a damaged first header: the second one is as good' bl_pin unlock "$D"
restore

# The header of 32 KiB says 16: the second one lies further out than the first one admits.
wrong_size() {
	volume wide luks2 --luks2-metadata-size 32k
	printf '\100' | dd of="$T/wide.img" bs=1 seek=14 conv=notrunc 2>/dev/null
	bl list "$T/wide.img"
}
check 'a damaged first header that says it is smaller: the same' wrong_size

for uuid in '../../../etc/passwd' '' 'c0ffee g'; do
	"$O/luks2_raw" "$D" uuid "$uuid"
	check "refused: the UUID '$uuid'" refused_everywhere
	check "list refuses the UUID '$uuid' too" says REFUSED bl list "$D"
	restore
done

# No pin covers a keyslot: what it costs is the attacker's choice. Without the limits the first
# takes gigabytes and the second forever.
costly() { # FILTER: our keyslot opens nothing, the person's passphrase does
	edit ".keyslots[\"$OURS\"] |= ($1)"
	co_rc=0
	timeout -s KILL 60 sh -c "ulimit -v 8000000; exec '$O/bootlatch' unlock '$D' --boot '$BOOT' \
		--config '$CONF' --wait 2 --pin-fd 3 --passphrase-fd 4" 3<"$T/pin" 4<"$T/pass" || co_rc=$?
	restore
	return "$co_rc"
}
check 'a keyslot with a key of two gigabytes leaves the passphrase' costly '.key_size = 2147483647'
check 'and so does one whose derivation never ends' costly \
	'.kdf = {type: "argon2id", time: 2147483647, memory: 65536, cpus: 1, salt: .kdf.salt}'
check 'and one that asks for more memory than there is' costly \
	'.kdf = {type: "argon2id", time: 4, memory: 2147483647, cpus: 4, salt: .kdf.salt}'

check_says 'the null cipher is named' 7 'null' sh -c "
	'$O/luks2_raw' '$D' json | jq -c '.segments[\"0\"].encryption = \"cipher_null-ecb\"' |
		'$O/luks2_raw' '$D' put
	exec '$O/bootlatch' unlock '$D' --boot '$BOOT' --config '$CONF' --pin-fd 3 3<'$T/pin'"
edit '.segments["0"].encryption = "cipher_null-ecb"'
check 'list shows it and is no failure' says REFUSED bl list "$D"
check_is 'list --json says why' false "$(in_json "$D" '.refused == null')"
check_status 'record renew refuses it too' 7 bl record renew "$D" --key-file "$T/key"
check_status 'and --no-record' 7 on_terminal unlock "$D" --no-record
restore

# --- A volume of the attacker's own ---------------------------------------------------------

# Same UUID, a keyslot of theirs, and a blob that they encrypted to the card's public key.
fake_make() {
	printf 'AttackersOwnPassphraseOfFortyThreeCharacter' >"$T/theirs"
	truncate -s 20M "$T/fake.img"
	cryptsetup luksFormat -q --type luks2 --uuid "$(uuid_of "$D")" --key-slot 2 --pbkdf pbkdf2 \
		--pbkdf-force-iterations 1000 "$T/fake.img" "$T/theirs"
	gpg -q --batch --yes --trust-model always -r "$SUB" -o "$T/theirs.pgp" -e "$T/theirs"
	"$O/luks2_raw" "$D" json | jq -c --arg blob "$(base64 -w 0 "$T/theirs.pgp")" \
		'.tokens["0"] | .blob = $blob' >"$T/token.json"
	cryptsetup token import --json-file "$T/token.json" --token-id 0 "$T/fake.img"
	cp "$T/theirs.pgp" "$(blob_of "$D" 2)"
}
fake_make
GENUINE=$D D=$T/fake.img
check 'control: the card decrypts what opens the fake' opens_slot "$D" 2 "$T/theirs"
check 'refused: a fake volume of the same UUID with a good blob' refused_everywhere
cat "$T/theirs" >"$T/pass"
check "refused: the attacker's passphrase typed into it" refused_by bl_pass unlock "$D"
say_pass 'correct horse battery staple'
"$O/luks2_raw" "$GENUINE" json | jq -c .digests >"$T/digests"
"$O/luks2_raw" "$D" json | jq -c --slurpfile d "$T/digests" \
	'.digests = $d[0] | .digests["0"].keyslots = ["2"]' >"$T/new.json"
"$O/luks2_raw" "$D" put <"$T/new.json"
# Segments, digest and UUID are the genuine ones: the pin matches. No key of theirs does.
grafted() {
	: >"$T/stdout"
	g_rc=0
	"$@" || g_rc=$?
	[ "$g_rc" != 0 ] && [ ! -s "$T/stdout" ]
}
check 'the genuine digest grafted onto it: the card opens nothing' grafted bl_pin unlock "$D"
check 'nor does test' grafted bl_pin test "$D"
check 'nor does the keyscript print what the card decrypted' grafted ks_pin
cat "$T/theirs" >"$T/pass"
check "nor does the attacker's passphrase" grafted bl_pass unlock "$D"
say_pass 'correct horse battery staple'
check_is 'and no PIN try was lost' 03 "$(vcard_field alice pin.pw1.tries)"
D=$GENUINE
restore

# --- What is checked is what is used --------------------------------------------------------

swapped() { # the header changes while the person types
	dd if=/dev/zero of="$T/zero" bs="$HEADER" count=1 2>/dev/null
	bl_talk unlock "$D" <<-END
		expect PIN
		run dd if=$T/zero of=$D bs=$HEADER conv=notrunc 2>/dev/null
		send 123456\n
	END
}
check 'a header that is swapped at the prompt is not read again' swapped
restore

# --- The record -----------------------------------------------------------------------------

R=$(record_of "$D")
record() { # SENTENCE COMMAND…: the record edited by COMMAND from $T/record
	r_what=$1
	shift
	cp "$R" "$T/record"
	"$@" >"$T/record.new"
	cat "$T/record.new" >"$R"
	check "refused: $r_what" refused_everywhere
	check_status "$r_what: 7" 7 bl_pin unlock "$D"
	restore
}
no_record() {
	rm "$R"
	check 'refused: no record' refused_everywhere
	restore
}
no_record
record 'a record cut short' head -c 100 "$T/record"
record 'an empty record' true
record 'a record with something after it' sh -c "cat '$T/record'; echo x"
record 'a record with an unknown field' jq -c '.luck = 1' "$T/record"
record 'a record of another volume' jq -c \
	'.uuid = "00000000-0000-4000-8000-000000000000"' "$T/record"
record 'a record of another version' jq -c '.version = 2' "$T/record"
record 'a record that holds a name twice' sed 's/^{/{"version":1,/' "$T/record"
check 'as it was, it opens' bl_pin unlock "$D"

# Tokens and blobs are the attacker's to write: they cost a way in, never more.
odd_token() { # SENTENCE FILTER: the copy on /boot still opens it
	edit "$2"
	check "a token $1 leaves the file to open it" bl_pin unlock "$D"
	restore
}
odd_token 'with an unknown field' '.tokens["0"].luck = 1'
odd_token 'of another version' '.tokens["0"].version = 2'
odd_token 'of another backend' '.tokens["0"].backend = "tpm2"'
odd_token 'without a blob' 'del(.tokens["0"].blob)'
odd_token 'with an odd blob' '.tokens["0"].blob = "AAAA"'
odd_token 'for another card' '.tokens["0"].recipients = ["0000000000000000000000000000000000000000"]'
odd_token 'that is not there' '.tokens = {}'
for bytes in 0 1 100; do
	head -c "$bytes" "$T/good.boot/bootlatch/$(uuid_of "$D").2.pgp" >"$(blob_of "$D" 2)"
	check "a file of $bytes bytes leaves the token to open it" bl_pin unlock "$D"
done
rm "$(blob_of "$D" 2)"
ln -s /etc/shadow "$(blob_of "$D" 2)"
check 'a link in its place leaves the token to open it' bl_pin unlock "$D"
rm "$(blob_of "$D" 2)"
mkfifo "$(blob_of "$D" 2)"
check 'and so does a pipe' timeout 20 "$O/bootlatch" unlock "$D" --boot "$BOOT" --config "$CONF" \
	--pin-fd 3 3<"$T/pin"
restore

# --- Mutations ------------------------------------------------------------------------------

# The JSON that decides, as jq sees it, on one line. Control characters inside of strings,
# which jq refuses and json-c does not, become question marks.
decides() {
	"$O/luks2_raw" "$1" json 2>/dev/null | tr '\000-\037' '?' | sed 's/?*$//' |
		jq -S -c '[.segments, (.digests | map_values(del(.keyslots))), .config.flags,
			.config.requirements]' 2>/dev/null || echo 'not JSON'
}

# A seed's mutation must not crash; when it touches what decides, the card hears nothing.
mutation() { # SEED fix|as-is
	"$O/luks2_raw" "$D" flip "$1" || return 1
	m_decides=$(decides "$D")
	[ "$2" = as-is ] || "$O/luks2_raw" "$D" fix
	m_before=$(vcard_count alice) m_rc=0
	timeout 20 "$PROGRAM" unlock "$D" --boot "$BOOT" --config "$CONF" --wait 2 --pin-fd 3 3<"$T/pin" \
		</dev/null >"$T/said" 2>&1 || m_rc=$?
	dd if="$T/good.header" of="$D" bs="$HEADER" conv=notrunc 2>/dev/null
	m_asked=$(($(vcard_count alice) - m_before))
	if [ "$m_rc" -gt 10 ] || grep -q Sanitizer "$T/said"; then
		echo "seed $1 ($2): status $m_rc"
		cat "$T/said"
		return 1
	fi
	[ "$2" = fix ] && [ "$m_decides" = "$DECIDES" ] && m_same=1 || m_same=0
	if [ "$m_same" = 0 ] && { [ "$m_rc" = 0 ] || [ "$m_asked" != 0 ]; }; then
		echo "seed $1 ($2): status $m_rc, $m_asked commands to the card, though it changed"
		echo "$m_decides"
		return 1
	fi
	case $m_rc in 0) m_opened=$((m_opened + 1)) ;; 7) m_refused=$((m_refused + 1)) ;; esac
	return 0
}
mutations() { # FROM TO fix|as-is
	m_bad=0 m_opened=0 m_refused=0
	m_n=$1
	while [ "$m_n" -le "$2" ]; do
		mutation "$m_n" "$3" || m_bad=$((m_bad + 1))
		m_n=$((m_n + 1))
	done
	echo "$m_opened opened, $m_refused refused with 7"
	[ "$m_bad" = 0 ]
}
DECIDES=$(decides "$D")
PROGRAM=$O/bootlatch WORD=
if [ -x "$ASAN/bootlatch" ]; then
	PROGRAM=$ASAN/bootlatch WORD=' (under AddressSanitizer)'
	# It cannot trace a process that is not dumpable.
	export ASAN_OPTIONS=detect_leaks=0
fi
check "250 headers with one bit changed and good checksums$WORD" mutations 1 250 fix
echo "     $m_opened opened, $m_refused refused"
check 'some of them were harmless and opened, many were refused' \
	[ "$m_opened" -gt 0 -a "$m_refused" -gt 20 ]
check "50 headers with one bit changed, checksums as before$WORD" mutations 251 300 as-is
check_is 'no PIN try was lost in all that' 03 "$(vcard_field alice pin.pw1.tries)"
check 'the header as it was opens' bl_pin unlock "$D"

# --- LUKS1 ----------------------------------------------------------------------------------

volume one luks1
D=$T/one.img
check 'a card is enrolled on LUKS1' bl_both enroll "$D"
keep
# one SENTENCE OFFSET BYTES: of the specification, figure 3
one() {
	printf '%b' "$3" | dd of="$D" bs=1 seek="$2" conv=notrunc 2>/dev/null
	check "refused on LUKS1: $1" refused_everywhere
	restore
}
one 'the null cipher' 8 'cipher_null\0000'
one 'another mode' 40 'ecb\0000'
one 'another payload offset' 106 '\0001'
one 'another key digest' 112 'x'
one 'another salt' 132 'x'
one 'another iteration count' 165 '\0001'
check 'LUKS1 as it was opens' bl_pin unlock "$D"
finish
