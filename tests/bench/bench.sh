#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What unlocking costs, beside gpg --decrypt from cold: a table, and build/bench.json.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/integration/lib.sh
. "$here/../integration/lib.sh"
. "$here/rows.sh"
lib_reexec_in_namespace "$here/bench.sh" "$@"

ROUNDS=${ROUNDS:-15}
OUT=${OUT:-$O/../bench.json}
PASS='correct horse battery staple'
CARD_MS=13       # an OpenPGP card (ZeitControl); a YubiKey 5 needs about 10
SLOW_CARD_MS=127 # a Nitrokey 3

for x in unshare pcscd opensc-tool gpg cryptsetup jq; do
	command -v "$x" >/dev/null || stop "needs $x"
done

# Both through run, which writes when the key was there, the end (both in microseconds) and
# KiB to $T/used.
ours() { # the passphrase, as the initramfs gets it
	"$T/run" "$O/bootlatch-unlock" --device "$D" --boot "$T/boot" --config "$T/etc" \
		--wait 5 --pin-fd 3 3<"$T/pin" 4>"$T/used" >"$T/ours.key" 2>"$T/err"
}
peer() { # the same from gpg, which is given the PIN in the way meant for scripts
	"$T/run" gpg -q --batch --pinentry-mode loopback --passphrase-fd 3 --decrypt "$BLOB" \
		3<"$T/pin" 4>"$T/used" >"$T/peer.key" 2>"$T/err"
}
cold() { gpgconf --kill all && sleep 0.5; } # no agent, no scdaemon; the card forgot the PIN

timed() { # FILE COMMAND: adds microseconds
	"$2" || stop "$2 failed" "$T/err"
	cut -d' ' -f1 "$T/used" >>"$1"
}
ms() { median <"$1" | awk '{ printf "%.1f", $1 / 1000 }'; }

${CC:-cc} -O2 -D_GNU_SOURCE -o "$T/run" "$here/run.c" || stop 'run.c does not compile'
echo 123456 >"$T/pin"
printf '%s' "$PASS" >"$T/pass"
pcscd_start || stop 'pcscd does not start' "$T/pcscd.log"
vcard_start bench --serial 00000A01 || stop 'no card'
gpg_home_new bench
gpg_card_generate cv25519 || stop 'gpg made no keys' "$GNUPGHOME/edit.log"
cold

# volume NAME [OPTION of luksFormat]...: enrolled with the card; sets D and BLOB.
volume() {
	D=$T/$1.luks
	mkdir "$T/boot" "$T/etc"
	truncate -s 24M "$D"
	shift
	cryptsetup luksFormat -q --type luks2 --pbkdf argon2id --pbkdf-memory 32768 \
		--key-file "$T/pass" "$@" "$D"
	"$O/bootlatch" enroll "$D" --boot "$T/boot" --config "$T/etc" \
		--key-file "$T/pass" --pin-fd 3 3<"$T/pin" >"$T/err" 2>&1 ||
		stop 'enroll failed' "$T/err"
	BLOB=$(find "$T/boot" -name '*.pgp')
}
# compare NAME MILLISECONDS ROUNDS GOAL: in turn, the card answering after so long.
compare() {
	vcard_stop bench || stop 'the card would not stop'
	vcard_start bench --latency "$2" || stop 'no card'
	cold
	ours || stop 'unlock failed' "$T/err"
	peer || stop 'gpg failed' "$T/err"
	cmp "$T/ours.key" "$T/peer.key" || stop 'ours and gpg disagree'
	i=0
	while [ $i -lt "$3" ]; do
		cold
		timed "$T/$1.ours" ours
		cold
		timed "$T/$1.peer" peer
		i=$((i + 1))
	done
	row "$1" ms "$(ms "$T/$1.ours")" "$(ms "$T/$1.peer")" "$4" least
}

# The volume key's digest in the header as cheap as it may be: what luksFormat measures for it
# is up to the machine that formats, and is told in a row of its own. See docs/BENCH.md.
volume fast --pbkdf-force-iterations 4
compare unlock-vs-gpg-cold "$CARD_MS" "$ROUNDS" 5
compare unlock-vs-gpg-cold-latency0 0 "$ROUNDS" null
compare unlock-vs-gpg-cold-slow-card "$SLOW_CARD_MS" $(((ROUNDS + 2) / 3)) null

cold
vcard_trace_clear bench
ours || stop 'unlock failed' "$T/err"
n_ours=$(vcard_count bench)
vcard_trace_clear bench
peer || stop 'gpg failed' "$T/err"
row unlock-apdus-vs-gpg apdus "$n_ours" "$(vcard_count bench)" 3 least
cold

ours || stop 'unlock failed' "$T/err"
row unlock-rss MB "$(awk '{ printf "%.1f", $3 / 1024 }' "$T/used")" null 16 most

rm -r "${T:?}/boot" "${T:?}/etc"
volume formatted --iter-time 500
compare unlock-vs-gpg-cold-full-digest "$CARD_MS" "$ROUNDS" null

rows_show
