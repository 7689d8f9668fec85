#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The release programs, stopped at their exit and searched from outside: no secret is left.
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
need 'no secret is left in memory' unshare ip pcscd opensc-tool gpg cryptsetup jq pgrep
lib_reexec_in_namespace "$0" "$@"
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
volumes_start

random() { head -c 400 /dev/urandom | base64 -w 0 | tr -dc 'A-Za-z0-9' | head -c "$1"; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
needle() { echo "$1 $(printf '%s' "$2" | hex)" >>"$T/needles"; } # NAME TEXT

# scanned STATUS COMMAND…: its own status, and nothing found in it.
scanned() {
	s_want=$1
	shift
	s_rc=0
	"$@" 2>"$T/scan" || s_rc=$?
	cat "$T/scan"
	[ "$s_rc" = 0 ] || return 1
	grep -Eq '^memscan: 0 hits in [0-9]{7,} bytes of [0-9]+ processes, status '"$s_want"'$' "$T/scan"
}
scan() { "$O/memscan" "$T/needles" -- "$O/bootlatch" "$@" --boot "$BOOT" --config "$CONF" --wait 2; }
scan_pin() { scan "$@" --pin-fd 3 3<"$T/pin" </dev/null; }
scan_pass() { scan "$@" --passphrase-fd 4 4<"$T/pass" </dev/null; }
scan_enroll() { # its secrets are known afterwards: the memory is kept
	"$O/memscan" "$T/needles" --dump "$T/dump" -- "$O/bootlatch" enroll "$D" --boot "$BOOT" \
		--config "$CONF" "$@" --pin-fd 3 --passphrase-fd 4 3<"$T/pin" 4<"$T/pass" </dev/null
}
scan_keyscript() {
	CRYPTTAB_NAME=disk CRYPTTAB_SOURCE=$D CRYPTTAB_TRIED=0 "$O/memscan" "$T/needles" -- \
		"$O/bootlatch-unlock" none --boot "$BOOT" --config "$CONF" --wait 2 "$@" 3<"$T/pin" \
		4<"$T/pass" >"$T/stdout" </dev/null
}
typed() { # WHAT TEXT COMMAND… on a terminal
	t_what=$1 t_text=$2
	shift 2
	talk "$O/memscan" "$T/needles" -- "$O/bootlatch" "$@" --boot "$BOOT" --config "$CONF" <<-END
		expect $t_what
		$([ "$t_what" = PIN ] || printf 'send \\n\nexpect assphrase for')
		send $t_text\n
		expect memscan: 0 hits
	END
}

# --- Does the search find anything? ---------------------------------------------------------

needle planted "$(random 43)"
held() { # every needle, on the heap and on the stack
	h_rc=0
	"$O/memscan" "$T/needles" -- "$O/memscan" --hold "$T/needles" >/dev/null 2>"$T/scan" || h_rc=$?
	cat "$T/scan"
	[ "$h_rc" = 1 ] && grep -q 'in .*\[heap\]' "$T/scan" && grep -q 'in .*\[stack\]' "$T/scan"
}
check 'control: a secret planted in heap and stack is found' held

for ALGO in rsa2048 cv25519; do
	card_make "$ALGO" "$ALGO" 00000A01 || { fail "gpg makes $ALGO keys"; finish; }
	PIN=$(random 24) PASS=$(random 40) WRONG=$(random 24)
	apdu "$(cat "$T/vcard/$ALGO/slot")" 00A4040006D27600012401 \
		"002400811E$(printf '123456%s' "$PIN" | hex)" >"$T/out"
	echo "$PIN" >"$GNUPGHOME/pin"
	say_pin "$PIN"
	say_pass "$PASS"
	printf '%s' "$PASS" >"$T/key"
	head -c 64 /dev/urandom >"$T/volume-key"
	volume disk luks2 --key-size 512 --volume-key-file "$T/volume-key"
	D=$T/disk.img
	: >"$T/needles"
	needle PIN "$PIN"
	needle wrong-PIN "$WRONG"
	needle typed-passphrase "$PASS"
	echo "volume-key $(hex <"$T/volume-key")" >>"$T/needles"
	check "$ALGO: enroll leaves no PIN, passphrase or volume key" scanned 0 scan_enroll
	check "$ALGO: gpg opens what it wrote" gpg_decrypts "$(blob_of "$D" 2)" "$T/plain"
	gpg --batch --show-session-key -o /dev/null --yes -d "$(blob_of "$D" 2)" 2>"$T/out" || true
	gpg_forget
	needle keyslot-passphrase "$(cat "$T/plain")"
	echo "keyslot-passphrase-bytes $(base64 -d <"$T/plain" 2>/dev/null | hex)" >>"$T/needles"
	echo "session-key $(sed -n "s/.*session key: '[0-9]*:\([0-9A-F]*\)'.*/\1/p" "$T/out")" >>"$T/needles"
	check_is "$ALGO: all secrets are known now" 7 \
		"$(grep -Ec '^[a-zA-Z-]+ [0-9a-fA-F]{48,}$' "$T/needles")"
	check "$ALGO: nor, as it shows afterwards, keyslot passphrase or session key" \
		scanned 0 "$O/memscan" "$T/needles" --in "$T/dump"
	cat "$T/plain" >>"$T/dump"
	check_fails "$ALGO: control: it would be found in that dump" \
		scanned 0 "$O/memscan" "$T/needles" --in "$T/dump"
	rm "$T/dump"
	check "$ALGO: test" scanned 0 scan_pin test "$D"
	check "$ALGO: unlock with the card" scanned 0 scan_pin unlock "$D"
	check "$ALGO: unlock with the passphrase" scanned 0 scan_pass unlock "$D"
	check "$ALGO: list" scanned 0 scan list "$D"
	check "$ALGO: record renew" scanned 0 scan_pass record renew "$D"
	check "$ALGO: record renew with a key file" scanned 0 scan record renew "$D" --key-file "$T/key"
	check "$ALGO: enroll again, which changes nothing" scanned 0 scan_enroll
	check "$ALGO: the keyscript with the card" scanned 0 scan_keyscript --pin-fd 3
	check_is "$ALGO: which printed the passphrase" "$(cat "$T/plain")" "$(cat "$T/stdout")"
	check "$ALGO: the keyscript with the passphrase" scanned 0 scan_keyscript --passphrase-fd 4
	check "$ALGO: a PIN typed on a terminal" typed PIN "$PIN" unlock "$D"
	check "$ALGO: a passphrase typed on a terminal" typed passphrase "$PASS" unlock "$D"
	echo "$WRONG" >"$T/pin"
	check "$ALGO: a wrong PIN, which fails" scanned 3 scan_pin test "$D"
	echo "$PIN" >"$T/pin"
	check "$ALGO: and the right one again" scanned 0 scan_pin test "$D"
	echo "$WRONG" >"$T/pass"
	check "$ALGO: a wrong passphrase, which fails" scanned 1 scan_pass unlock "$D"
	vcard_stop "$ALGO"
	check "$ALGO: no card, which fails" scanned 5 scan_pin test "$D"
done
in_argv() { scan test "$D" --wait 0 --reader "$PIN" --pin-fd 3 3<"$T/pin" </dev/null; }
check_fails 'control: a PIN on the command line of the same program is found' scanned 5 in_argv
check 'and it is named' grep -q '^memscan: PIN, ' "$T/scan"

# --- Core dumps -----------------------------------------------------------------------------

vcard_start cv25519
mkdir "$T/cores"
# shellcheck disable=SC3045 # dash and bash have it
ulimit -c unlimited
dumped() { find "$T/cores" -type f | grep -q .; }
crashed() { # SIGNAL at the PIN prompt
	(
		cd "$T/cores" || exit 1
		bl_talk unlock "$D" <<-END
			expect PIN
			send $PIN
			run grep -q 'Max core file size  *0  *0' /proc/\$(pgrep -n -x bootlatch)/limits
			signal $1
		END
	)
}
# shellcheck disable=SC2016 # the inner shell's own number
(cd "$T/cores" && sh -c 'kill -SEGV $$') 2>/dev/null || true
case $(cat /proc/sys/kernel/core_pattern) in
'|'* | /*) skip 'control: a program that crashes makes a core file' 'cores go elsewhere here' ;;
*) check 'control: a program that crashes makes a core file' dumped ;;
esac
rm -f "$T"/cores/*
for sig in 6 11; do
	check_status "signal $sig at the PIN prompt ends it, with no room for a core" \
		$((128 + sig)) crashed $sig
	check_fails "signal $sig: no core file is made" dumped
done
finish
