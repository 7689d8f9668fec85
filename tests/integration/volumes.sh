# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Helpers for tests that enrol and unlock: sourced after lib.sh, POSIX sh.
#
#	volumes_start
#	card_make alice rsa2048 00000A01     # its keys made on the card by gpg
#	volume disk luks2                    # $T/disk.img, opened by $T/key
#	bl_both enroll "$T/disk.img"
#	say_pin 123456; bl_pin test "$T/disk.img"
#
# $BOOT and $CONF are the folders that the program gets; $T/pin and $T/pass what it reads.
# shellcheck disable=SC2034 # much of this is for the tests

volumes_start() {
	BOOT=$T/boot CONF=$T/etc WAIT=2
	mkdir -p "$BOOT" "$CONF"
	printf 'correct horse battery staple' >"$T/key"
	say_pass 'correct horse battery staple'
	say_pin 123456
}

# --- The program ----------------------------------------------------------------------------

# say_pin LINE…, say_pass LINE…: what the next commands read; one line each.
say_pin() { printf '%s\n' "$@" >"$T/pin"; }
say_pass() { printf '%s\n' "$@" >"$T/pass"; }

bl() { "$O/bootlatch" "$@" --boot "$BOOT" --config "$CONF" </dev/null; }
bl_pin() { bl "$@" --wait "$WAIT" --pin-fd 3 3<"$T/pin"; }
bl_pass() { bl "$@" --wait "$WAIT" --passphrase-fd 4 4<"$T/pass"; }
bl_both() { bl "$@" --wait "$WAIT" --pin-fd 3 --passphrase-fd 4 3<"$T/pin" 4<"$T/pass"; }

# says TEXT COMMAND…: its words, on either stream, have TEXT in them; any status.
says() {
	says_text=$1
	shift
	"$@" >"$T/words" 2>&1 || true
	cat "$T/words"
	grep -qiF -e "$says_text" "$T/words"
}

# check_says SENTENCE STATUS TEXT COMMAND…: both of them.
check_says() {
	cs_what=$1 cs_want=$2 cs_text=$3 cs_got=0
	shift 3
	"$@" >"$T/words" 2>&1 || cs_got=$?
	if [ "$cs_got" != "$cs_want" ]; then
		fail "$cs_what (status $cs_got, not $cs_want: $*)"
	elif ! grep -qiF -e "$cs_text" "$T/words"; then
		fail "$cs_what (does not say '$cs_text': $*)"
	else
		ok "$cs_what"
		return
	fi
	sed 's/^/     | /' "$T/words" | tail -n 15
}

# in_json DEVICE FILTER: what jq makes of `list --json`; in_json_is as a condition.
in_json() { bl list "$1" --json 2>/dev/null | jq -r "$2"; }
in_json_is() { bl list "$1" --json 2>/dev/null | jq -e "$2" >/dev/null; }

# verifies CARD N COMMAND…: its status; or 99 when the card did not see exactly N PINs meanwhile.
verifies() {
	vf_card=$1 vf_want=$2 vf_before=$(vcard_count "$1" VERIFY) vf_rc=0
	shift 2
	"$@" || vf_rc=$?
	vf_got=$(($(vcard_count "$vf_card" VERIFY) - vf_before))
	[ "$vf_got" = "$vf_want" ] && return "$vf_rc"
	echo "VERIFY was sent $vf_got times, not $vf_want (status $vf_rc)"
	return 99
}

# --- Volumes --------------------------------------------------------------------------------

# volume NAME luks1|luks2 [cryptsetup options]: $T/NAME.img, keyslot 0 opened by $T/key.
volume() {
	vol_img=$T/$1.img vol_type=$2
	shift 2
	rm -f "$vol_img"
	truncate -s 20M "$vol_img"
	cryptsetup luksFormat -q --type "$vol_type" --pbkdf pbkdf2 --pbkdf-force-iterations 1000 \
		"$@" "$vol_img" "$T/key"
}

uuid_of() { cryptsetup luksUUID "$1"; }
blob_of() { echo "$BOOT/bootlatch/$(uuid_of "$1").$2.pgp"; }
record_of() { echo "$CONF/volumes/$(uuid_of "$1").json"; }

# opens DEVICE [KEYFILE]: cryptsetup's word for it. opens_slot DEVICE SLOT KEYFILE
opens() { cryptsetup open --test-passphrase --key-file "${2:-$T/key}" "$1"; }
opens_slot() { cryptsetup open --test-passphrase --key-slot "$2" --key-file "$3" "$1"; }

# slots DEVICE: the numbers of the keyslots in use, on a line.
slots() {
	cryptsetup luksDump "$1" | sed -n \
		-e 's/^Key Slot \([0-9]*\): ENABLED$/\1/p' -e '/^Keyslots:/,/^[A-Z][a-z]*:$/s/^  \([0-9]*\): luks2.*$/\1/p' |
		tr '\n' ' ' | sed 's/ $//'
}
tokens() { cryptsetup luksDump "$1" | grep -c '^  [0-9]*: bootlatch$' || true; }

# Everything that enrolling may touch, as one number.
fingerprint() {
	{
		sha256sum <"$1"
		find "$BOOT" "$CONF" -type f -exec sha256sum {} + | sort
	} | sha256sum
}

# --- Cards and gpg --------------------------------------------------------------------------

# card_make NAME ALGO SERIAL [vcard options]: a card with keys made on it, in the first free
# slot, and a keyring of its own; $KEY the primary key, $SUB the encryption key.
card_make() {
	cm_name=$1 cm_algo=$2 cm_serial=$3
	shift 3
	vcard_start "$cm_name" --serial "$cm_serial" "$@" || return 1
	gpg_home_new "$cm_name" "$(cat "$T/vcard/$cm_name/slot")"
	gpg_card_generate "$cm_algo" >"$T/generate.log" 2>&1 || {
		cat "$T/generate.log"
		return 1
	}
	gpg_forget
	SUB=$(gpg --with-colons --list-keys "$KEY" |
		awk -F: '$1 == "sub" { s = $12 ~ /e/ } $1 == "fpr" && s { print $10; exit }')
	gpg --export "$KEY" >"$T/$cm_name.pub"
}

# gpg_home NAME: back to that card's keyring.
gpg_home() {
	GNUPGHOME=$T/gpg-$1
	export GNUPGHOME
}

# What gpg and the card make of a message, to a file; the card is let go afterwards.
gpg_decrypts() {
	gd_rc=0
	timeout 60 gpg -q --batch --yes -o "$2" -d "$1" || gd_rc=$?
	gpg_forget
	return "$gd_rc"
}

# --- A program on a terminal ----------------------------------------------------------------

# talk COMMAND… <SCRIPT: see ptytalk. bl_talk VERB…: our program.
talk() { "$O/ptytalk" "$@"; }
bl_talk() { "$O/ptytalk" "$O/bootlatch" "$@" --boot "$BOOT" --config "$CONF"; }
