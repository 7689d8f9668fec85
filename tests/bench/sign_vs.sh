#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What signing and verifying /boot cost, beside sha256sum, find, sort and gpg run as Heads runs them
# (tests/sign/heads_sign.sh, heads_verify.sh): a table, and build/bench-sign.json.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../integration/lib.sh"
. "$here/../integration/volumes.sh"
. "$here/rows.sh"
. "$here/../sign/boot.sh"
lib_reexec_in_namespace "$here/sign_vs.sh" "$@"
ROUNDS=${ROUNDS:-5} OUT=${OUT:-$O/../bench-sign.json}
CARD_MS=13 # as bench.sh
need 'signing is measured' unshare pcscd opensc-tool gpg jq taskset
${CC:-cc} -O2 -D_GNU_SOURCE -o "$T/run" "$here/run.c" || stop 'run.c does not compile'
volumes_start
state_apart
pcscd_start || stop 'pcscd does not start' "$T/pcscd.log"
vcard_start bench --serial 00000A01 || stop 'no card'
gpg_home_new bench
gpg_card_generate cv25519 || stop 'gpg made no keys' "$GNUPGHOME/edit.log"
gpg --batch --export >"$T/cert"
gpgconf --kill all
vcard_stop bench || stop 'the card would not stop'
vcard_start bench --latency "$CARD_MS" || stop 'no card'
N=0
# Something must have changed, or there is nothing to sign.
changed() {
	N=$((N + 1))
	echo "$N" >"$BOOT/changed"
}
# Through run, which writes microseconds and KiB to $T/used. $ON: words before it.
ON=''
timed_run() {
	# shellcheck disable=SC2086 # words
	$ON "$T/run" "$@" 4>"$T/used" >"$T/out" 2>"$T/err"
}
ours_sign() {
	timed_run "$O/bootlatch" sign --boot "$BOOT" --config "$CONF" --yes --key "$KEY" --default none \
		--rollback none --pin-fd 3 --wait 5 3<"$T/pin"
}
# gpg is given the PIN in the way meant for scripts.
peer_sign() {
	timed_run sh "$here/../sign/heads_sign.sh" --pin-fd 3 --key "$KEY" "$BOOT" 3<"$T/pin"
}
ours_verify() { timed_run "$O/bootlatch" verify --boot "$BOOT" --cert "$T/cert"; }
peer_verify() { timed_run sh "$here/../sign/heads_verify.sh" --lenient --keyring "$T/cert" "$BOOT"; }
sums() { timed_run sh -c "cd '$BOOT' && sha256sum -c --quiet kexec_hashes.txt"; }
cold() { gpgconf --kill all && sleep 0.5; }

# compare NAME GOAL OURS PEER [BEFORE]: in turn; milliseconds of the whole run.
compare() {
	cp_i=0
	: >"$T/$1.ours"
	: >"$T/$1.peer"
	while [ $cp_i -lt "$ROUNDS" ]; do
		for cp_who in ours peer; do
			cp_command=$3
			[ $cp_who = ours ] || cp_command=$4
			[ -z "${5:-}" ] || { $5 && cold; }
			$cp_command || stop "$cp_command failed" "$T/err"
			awk '{ print $2 / 1000 }' "$T/used" >>"$T/$1.$cp_who"
		done
		cp_i=$((cp_i + 1))
	done
	row "$1" ms "$(median <"$T/$1.ours")" "$(median <"$T/$1.peer")" "$2" least
}
rss() { awk '{ printf "%.1f\n", $3 / 1024 }' "$T/used"; }

fresh() {
	rm -rf "$BOOT" "$CONF"
	mkdir "$BOOT" "$CONF"
}
# --- 1 GB in 300 files: the cache holds them, as both hash them again and again
fresh
i=0
while [ $i -lt 300 ]; do
	head -c 3333333 /dev/urandom >"$BOOT/file$i"
	i=$((i + 1))
done
changed
ours_sign || stop 'sign failed' "$T/err"
rss >"$T/rss"
compare sign-1g-vs-heads 2 ours_sign peer_sign changed
changed
ours_sign || stop 'sign failed' "$T/err"
compare verify-1g 2 ours_verify peer_verify
ON='taskset -c 0'
compare verify-1g-one-core-vs-sha256sum 1 ours_verify sums
ON=''

# --- 20,000 small files in 20 folders
fresh
i=0
while [ $i -lt 20 ]; do
	mkdir "$BOOT/folder$i"
	head -c 4096000 /dev/urandom | split -b 4096 -a 4 -d - "$BOOT/folder$i/file"
	i=$((i + 1))
done
changed
ours_sign || stop 'sign failed' "$T/err"
rss >>"$T/rss"
compare sign-20k-files-vs-heads 2 ours_sign peer_sign changed
changed
ours_sign || stop 'sign failed' "$T/err"
compare verify-20k-files 2 ours_verify peer_verify
row verify-rss MB "$(ours_verify && rss)" null 20 most
row sign-rss MB "$(sort -n "$T/rss" | tail -n 1)" null 20 most
rows_show
