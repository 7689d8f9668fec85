#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The whole life of every kind of card by bootlatch card: keys made, a certificate of them, PINs
# changed and unblocked, touch, reset; gpg and OpenSC agree after each step, a keyring as Heads has it
# verifies /boot with the certificate, and what one's own PINs are sent for is counted in the card's trace.   PAIRS="PROFILE:ALGORITHM ..." card_life.sh   tests
# only these, ALL=1 card_life.sh every kind with every algorithm (an hour).
set -eu
. "$(dirname "$0")/pairs.sh"
# Each kind once, each algorithm at least once; RSA of 4096 bits for one slot of v2.0 alone.
chosen='default:cv25519 outer-tags:nistp384 gnuk-like:nistp256 smartpgp-like:nistp521 pico-like:brainpoolP256r1
	canokey-like:nistp256 kdf:brainpoolP384r1 kdf-single:cv25519 short:brainpoolP512r1 le-6c:nistp256 v2:rsa2048
	yubikey5:cv25519 yubikey5-2:nistp384 yubikey4:rsa2048 yubikey-neo:rsa2048 nitrokey3:nistp521
	nitrokey-start:cv25519 zeitcontrol-2.1:rsa3072 zeitcontrol-3.4:brainpoolP512r1 v2.0:rsa4096'
if [ -z "${PAIRS:-}" ]; then
	[ -z "${ALL:-}" ] || chosen=$(every_pair)
	# shellcheck disable=SC2086 # a word each
	in_runs $chosen
fi
TESTS=$(cd "$(dirname "$0")/.." && pwd)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
. "$(dirname "$0")/../sign/boot.sh"
need 'the life of every card' unshare ip pcscd opensc-tool openpgp-tool gpg jq timeout
lib_reexec_in_namespace "$0" "$@"
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
state_apart
volumes_start
sign_start
printf 'every file of /boot\n' >"$T/document"

# --- the program ----------------------------------------------------------------------------

# card VERB...: with descriptors 3 admin, 4 new, 5 pin, 6 code where they are wanted.
card() { timeout 300 "$O/bootlatch" card "$@" --wait 5 </dev/null; }
in_file() { printf '%s\n' "$2" >"$T/in.$1"; }
by_admin() { # VERB...
	card "$@" --admin-pin-fd 3 3<"$T/in.admin"
}
new_pin() { # NEW VERB...
	in_file new "$1"
	shift
	card "$@" --new-pin-fd 4 4<"$T/in.new"
}
passwd() { # OLD NEW
	in_file pin "$1"
	new_pin "$2" passwd --pin-fd 5 5<"$T/in.pin" && PIN=$2 && echo "$2" >"$GNUPGHOME/pin"
}
passwd_admin() { # NEW
	new_pin "$1" passwd --admin --admin-pin-fd 3 3<"$T/in.admin" && in_file admin "$1" &&
		echo "$1" >"$GNUPGHOME/admin"
}

# --- what others say ------------------------------------------------------------------------

# The three fingerprints and times that gpg and OpenSC read are those in $T/keys.json.
status_of_gpg() { gpg --batch --card-status --with-colons; }
gpg_agrees() {
	status_of_gpg >"$T/gpg.status" || return 1
	gpgconf --kill all
	for ga in 'fpr .fingerprint' 'fprtime .created'; do
		ga_ours=$(jq -r "[.keys[] | ${ga#* } | tostring] | join(\":\")" "$T/keys.json")
		grep -qx "${ga% *}:$ga_ours:" "$T/gpg.status" || { cat "$T/keys.json" "$T/gpg.status"; return 1; }
	done
}
opensc_agrees() {
	openpgp-tool -K -r 0 >"$T/opensc" || return 1
	for oa in $(jq -r '.keys[] | .use[0:3] + ":" + .fingerprint' "$T/keys.json"); do
		oa_fpr=$(printf '%s' "${oa#*:}" | tr 'A-F' 'a-f' | sed 's/../&:/g; s/:$//')
		grep -qi "^${oa%:*} Fingerprint: $oa_fpr" "$T/opensc" || { cat "$T/keys.json" "$T/opensc"; return 1; }
	done
	for oa in $(jq -r '.keys[] | .use[0:3] + ":" + (.created | todate | sub("T"; ":") | sub("Z"; ""))' "$T/keys.json"); do
		oa_use=${oa%%:*} oa=${oa#*:}
		grep -qi "^$oa_use Create Date: ${oa%%:*} ${oa#*:}" "$T/opensc" || { cat "$T/keys.json" "$T/opensc"; return 1; }
	done
}
opensc_takes() { # CHV PIN
	openpgp-tool -r 0 --verify "$1" --pin "$2" >"$T/opensc" 2>&1 || { cat "$T/opensc"; return 1; }
}
check_opensc() { # SENTENCE CHV PIN; it does not hash a PIN as a card with a KDF wants it
	if has_kdf; then skip "$1" 'OpenSC knows no KDF'; else check "$1" opensc_takes "$2" "$3"; fi
}
opensc_knows_no_key() {
	openpgp-tool -K -r 0 >"$T/opensc" 2>&1 || true
	for on in $(jq -r '.keys[].fingerprint' "$T/keys.json"); do
		! grep -qi "$(printf '%s' "$on" | sed 's/../&:/g; s/:$//')" "$T/opensc" || { cat "$T/opensc"; return 1; }
	done
}
# What it signs a Heads verifies that has nothing but the certificate in its keyring.
heads_takes_it() {
	rm -rf "${BOOT:?}" "${CONF:?}"
	mkdir "$BOOT" "$CONF"
	small_boot "$BOOT"
	printf '%s\n%s\n' "$PIN" "$PIN" >"$T/pins"
	bl sign --yes --default first --key "$KEY" --wait 5 --pin-fd 5 5<"$T/pins" &&
		heads_verify --style relative --keyring "$T/cert" "$BOOT"
}
gpg_knows_no_key() {
	status_of_gpg >"$T/gpg.status"
	gpgconf --kill all
	if ! grep -q '^fpr:0*:0*:0*:$\|^fpr::::$' "$T/gpg.status" || ! grep -q "^pinretry:$1:" "$T/gpg.status"; then
		cat "$T/gpg.status"
		return 1
	fi
}
tries() { # USER:CODE:ADMIN
	status_of_gpg >"$T/gpg.status"
	gpgconf --kill all
	grep -q "^pinretry:$1:" "$T/gpg.status" || { cat "$T/gpg.status"; return 1; }
}
gpg_signs_and_opens() {
	gs_rc=0
	{ gpg --batch -q --yes -o "$T/document.gpg" -r "$KEY" -e "$T/document" &&
		timeout 60 gpg --batch -q --yes -o "$T/text" -d "$T/document.gpg" && cmp "$T/text" "$T/document" &&
		timeout 60 gpg --batch -q --yes -u "$KEY" -b -o "$T/document.sig" "$T/document" &&
		gpg --batch -q --verify "$T/document.sig" "$T/document"; } || gs_rc=1
	gpg_forget
	return "$gs_rc"
}
imports() { # PROGRAM
	case $1 in
	gpg)
		gpg --batch --import "$T/cert" >"$T/import" 2>&1 || { cat "$T/import"; return 1; }
		cat "$T/import"
		! grep -qi 'warn\|error\|skipped\|unsupported\|bad sig' "$T/import" && status_of_gpg >/dev/null && gpgconf --kill all &&
			gpg --batch --with-colons -K "$KEY" >"$T/secret" && grep -q "^sec:.*:$AID:" "$T/secret" &&
			grep -q "^uid:[^:]*:.*:Card Test <card@example.org>:" "$T/secret" &&
			[ "$(grep -c "^ssb:.*:$AID:" "$T/secret")" = 2 ]
		;;
	sq) sq inspect "$T/cert" >"$T/inspected" 2>&1 && grep -q "$KEY" "$T/inspected" &&
		! grep -qi 'invalid\|not valid\|bad sig' "$T/inspected" ;;
	rnp)
		rm -rf "$T/rnp" && mkdir -m 700 "$T/rnp" &&
			rnpkeys --homedir "$T/rnp" --notty --import-keys "$T/cert" >"$T/import" 2>&1 &&
			grep -qi "$KEY" "$T/import" && ! grep -qi 'INVALID' "$T/import" ;;
	esac || { cat "$T/import" "$T/inspected" "$T/secret" 2>/dev/null; return 1; }
}
# Sequoia of Debian 12 does not know the Brainpool curves.
knows() { case $1:$2 in sq:brainpool*) return 1 ;; esac; }

# --- one card -------------------------------------------------------------------------------

SELECT=00A4040006D27600012401
field() { vcard_field "$pair" "$1"; }
verifies_of() { # N COMMAND...: as verifies, of this card
	vo=$1
	shift
	verifies "$pair" "$vo" "$@"
}
generate() { # OPTION...: all three, into $T/keys.json
	by_admin generate --json "$@" >"$T/out.json" 2>"$T/err" || { cat "$T/out.json" "$T/err"; return 1; }
	cp "$T/out.json" "$T/keys.json"
	KEY=$(jq -r '.keys[] | select(.use == "signature") | .fingerprint' "$T/keys.json")
	[ "$(jq '.keys | length' "$T/keys.json")" = 3 ] || { cat "$T/keys.json"; return 1; }
}
# 4096 bits three times would take too long: one place of it, the others as the card is set.
generate_4096() {
	by_admin generate --json --slots sig,aut >"$T/a.json" && by_admin generate --json --slots dec --algorithm rsa4096 >"$T/b.json" &&
		jq -s '{keys: [.[0].keys[0], .[1].keys[0], .[0].keys[1]]}' "$T/a.json" "$T/b.json" >"$T/keys.json" &&
		KEY=$(jq -r '.keys[0].fingerprint' "$T/keys.json")
}
certificate() {
	printf '%s\n%s\n%s\n' "$PIN" "$PIN" "$PIN" >"$T/pins"
	rm -f "$T/cert"
	card cert --user-id 'Card Test <card@example.org>' --output "$T/cert" --pin-fd 5 5<"$T/pins"
}
wrong_pin() { # Three of them, or as many as it takes: blocked.
	wp_i=0
	while [ "$(field pin.pw1.tries)" != 00 ] && [ "$wp_i" -lt 6 ]; do
		apdu 0 "$SELECT" 0020008208393939393939393937 >/dev/null
		wp_i=$((wp_i + 1))
	done
	[ "$(field pin.pw1.tries)" = 00 ]
}
reset_at_tty() { # SERIAL
	"$O/ptytalk" "$O/bootlatch" card reset --wait 5 --admin-pin-fd 3 3<"$T/in.admin" >"$T/out" 2>&1 <<-END
		expect will be erased
		expect to go on
		send $1\n
		end
	END
	ra_rc=$?
	cat "$T/out"
	return "$ra_rc"
}
has_kdf() { card status --json 2>/dev/null | jq -e '.cards[0].kdf' >/dev/null; }
has() { # touch|fixed-algorithms|keys-first|kdf-setup|reset
	case $1:$profile in
	touch:v2 | touch:v2.0 | touch:smartpgp-like | touch:yubikey-neo | touch:zeitcontrol-*) return 1 ;;
	reset:yubikey-neo) return 1 ;; # its historical bytes say that it has no life cycle
	touch:* | reset:*) return 0 ;;
	keys-first:gnuk-like | keys-first:nitrokey-start) return 0 ;;
	fixed:yubikey-neo) return 0 ;;
	*) return 1 ;;
	esac
}

serial=$((0xC00))
for pair in $PAIRS; do
	profile=${pair%:*} algo=${pair#*:} serial=$((serial + 1))
	pair=$profile-$algo # no colon in the name of a keyring
	number=$(printf %08X $serial)
	vcard_start "$pair" --serial "$number" --profile "$profile"
	gpg_home_new "$pair"
	in_file admin 12345678
	PIN=123456
	case $profile in
	kdf | gnuk-like) # the card takes the hashes itself
		gpg_card_edit admin kdf-setup >"$T/setup.log" 2>&1 || true
		gpg_forget
		check "$pair: gpg has set its KDF up" has_kdf ;;
	esac
	AID=$(status_of_gpg 2>/dev/null | sed -n 's/^Reader:.*:AID:\([0-9A-F]*\):.*/\1/p')
	gpgconf --kill all

	# Keys.
	if has keys-first; then
		check_says "$pair: no new PIN before there are keys" 1 'card generate' passwd 123456 246810
	fi
	if has fixed; then
		check_says "$pair: fixed algorithms are told" 1 'are fixed' verifies_of 0 by_admin generate --algorithm nistp256
		check "$pair: keys" verifies_of 1 generate
	elif [ "$algo" = rsa4096 ]; then
		check "$pair: keys" generate_4096
	else
		check "$pair: keys, with one Admin PIN" verifies_of 1 generate --algorithm "$algo"
	fi
	check "$pair: gpg agrees" gpg_agrees
	check "$pair: OpenSC agrees" opensc_agrees
	check_says "$pair: a key that is there stays" 10 'already' verifies_of 0 by_admin generate
	check "$pair: still as it was" gpg_agrees

	# A certificate.
	check "$pair: a certificate" certificate
	for program in gpg sq rnp; do
		if ! command -v $program >/dev/null; then
			skip "$pair: $program imports it" "no $program"
		elif knows $program "$algo"; then
			check "$pair: $program imports it" imports $program
		fi
	done
	check "$pair: with it gpg signs and opens" gpg_signs_and_opens
	check "$pair: a Heads keyring with it verifies /boot" heads_takes_it

	# PINs.
	check "$pair: another PIN" passwd 123456 246810
	check "$pair: gpg signs and opens with it" gpg_signs_and_opens
	check_opensc "$pair: OpenSC takes it" CHV1 246810
	check_says "$pair: the old one is refused" 3 'Wrong PIN' passwd 123456 135791
	check "$pair: and that is counted" tries 2:0:3
	check_says "$pair: a factory PIN is not set" 10 'every new card' passwd 246810 123456
	check "$pair: another Admin PIN" passwd_admin 97531864
	check_opensc "$pair: OpenSC takes it" CHV3 97531864
	in_file code 86420975
	check "$pair: a reset code" new_pin 86420975 passwd --reset-code --admin-pin-fd 3 3<"$T/in.admin"
	check "$pair: gpg sees all tries" tries 3:3:3
	check "$pair: the PIN is blocked" wrong_pin
	check "$pair: unblocked with the code" new_pin 579135 unblock --reset-code-fd 6 6<"$T/in.code"
	check "$pair: and blocked again" wrong_pin
	check "$pair: unblocked with the Admin PIN" new_pin 579246 unblock --admin-pin-fd 3 3<"$T/in.admin"
	PIN=579246
	echo $PIN >"$GNUPGHOME/pin"
	check "$pair: all tries are there" tries 3:3:3
	check "$pair: gpg signs and opens with the new PIN" gpg_signs_and_opens
	check_opensc "$pair: OpenSC takes it, too" CHV1 579246
	check "$pair: and finds the keys" opensc_agrees

	# Touch.
	if has touch; then
		check "$pair: a touch is wanted" by_admin touch dec on
		check_is "$pair: it is" 01 "$(field uif.dec | cut -c1-2)"
		check "$pair: and no more" by_admin touch dec off
		check_is "$pair: it is not" 00 "$(field uif.dec | cut -c1-2)"
		check "$pair: gpg opens" gpg_signs_and_opens
		check "$pair: OpenSC agrees" opensc_agrees
		case $profile in yubikey5*)
			check "$pair: a touch that lasts" by_admin touch aut cached
			check_is "$pair: it is so" 03 "$(field uif.aut | cut -c1-2)"
			check "$pair: of the attestation key" by_admin touch att on
		esac
	else
		check_says "$pair: no touch to be set" 1 'no touch setting' verifies_of 0 by_admin touch dec on
	fi

	# Its end.
	if has reset; then
		check_says "$pair: reset" 0 'when it was new' reset_at_tty "$number"
		new=3:0:3
		check "$pair: gpg finds a new card" gpg_knows_no_key "$new"
		check "$pair: OpenSC finds no key" opensc_knows_no_key
		check_opensc "$pair: its PIN is the one of before" CHV1 123456
		in_file admin 12345678
		echo 12345678 >"$GNUPGHOME/admin"
		echo 123456 >"$GNUPGHOME/pin"
	else
		check_says "$pair: no reset" 1 'cannot be reset' verifies_of 0 by_admin reset
	fi
	vcard_stop "$pair"
done
finish
