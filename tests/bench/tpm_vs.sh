#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What the TPM's way in costs, beside systemd's token (systemd-cryptenroll) and clevis on the same swtpm: a table, and
# build/bench-tpm.json. All but clevis, which knows none, with a PIN.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../integration/lib.sh"
. "$here/../integration/volumes.sh"
. "$here/rows.sh"
lib_reexec_in_namespace "$here/tpm_vs.sh" "$@"
ROUNDS=${ROUNDS:-10} OUT=${OUT:-$O/../bench-tpm.json} PIN=271828
need 'the TPM is measured' swtpm tpm2_pcrextend systemd-cryptenroll clevis-luks-bind cryptsetup jq strace
for p in run:'' token_open:-lcryptsetup; do
	${CC:-cc} -O2 -D_GNU_SOURCE -o "$T/${p%%:*}" "$here/${p%%:*}.c" ${p#*:} || stop "${p%%:*}.c does not compile"
done
export TSS2_LOG=all+NONE
volumes_start
say_pin "$PIN"
swtpm socket --tpm2 --tpmstate "dir=$T" --server "type=unixio,path=$T/s" --ctrl "type=unixio,path=$T/s.ctrl" \
	--flags not-need-init,startup-clear >"$T/swtpm.log" 2>&1 &
lib_own $!
WAY=swtpm:path=$T/s
export TPM2TOOLS_TCTI="$WAY"
lib_wait 100 tpm2_getcap properties-fixed || stop 'no TPM' "$T/swtpm.log"
for i in 4 7 8 9; do tpm2_pcrextend "$i:sha256=$(printf %064d "$i")"; done
# What others leave in the TPM, where there is no resource manager.
clear_tpm() { tpm2_flushcontext -l && tpm2_flushcontext -t && tpm2_flushcontext -s; }

# 64 MB, digest and keyslot stretched as little as may be, so that the TPM's part is seen.
volume clean luks2
truncate -s 64M "$T/clean.img"
fresh() {
	cp --sparse=always "$T/clean.img" "$T/$1.img"
	rm -rf "$BOOT" "$CONF"
	mkdir "$BOOT" "$CONF"
}
# Microseconds and KiB go to $T/used. $ON: words before it.
ON=''
timed_run() {
	# shellcheck disable=SC2086 # words
	$ON "$T/run" "$@" 4>"$T/used" >"$T/out" 2>"$T/err"
}
ours_enroll() {
	timed_run "$O/bootlatch" enroll "$T/ours.img" --tpm2 --tpm-device "$WAY" --boot "$BOOT" --config "$CONF" \
		--key-file "$T/key" --crypttab-file "$T/none" --pin-fd 3 3<"$T/pin"
}
systemd_enroll() {
	PASSWORD=$(cat "$T/key") NEWPIN=$PIN timed_run systemd-cryptenroll "--tpm2-device=$WAY" --tpm2-pcrs=4+7+8+9 \
		--tpm2-with-pin=yes "$T/systemd.img"
}
clevis_enroll() { timed_run clevis luks bind -y -k "$T/key" -d "$T/clevis.img" tpm2 '{"pcr_ids":"4,7,8,9"}'; }
ours_unlock() {
	timed_run "$O/bootlatch" unlock "$T/ours.img" --tpm-device "$WAY" --boot "$BOOT" --config "$CONF" --pin-fd 3 3<"$T/pin"
}
systemd_unlock() { timed_run "$T/token_open" "$T/systemd.img" "$WAY" <"$T/pin"; }
clevis_unlock() { timed_run clevis luks pass -d "$T/clevis.img" -s 1; }

# compare NAME GOAL VERB PEER [PREPARE]: in turn; medians of milliseconds.
compare() {
	cp_i=0
	: >"$T/$1.ours"
	: >"$T/$1.$4"
	while [ $cp_i -lt "$ROUNDS" ]; do
		for cp_who in ours "$4"; do
			[ -z "${5:-}" ] || "$5" "$cp_who"
			clear_tpm
			"${cp_who}_$3" || stop "${cp_who}_$3 failed" "$T/err"
			awk '{ print $2 / 1000 }' "$T/used" >>"$T/$1.$cp_who"
		done
		cp_i=$((cp_i + 1))
	done
	row "$1" ms "$(median <"$T/$1.ours")" "$(median <"$T/$1.$4")" "$2" least
}
# TPM commands (tag 8001 or 8002) that somebody sends at an unlock, as seen by the kernel.
commands() {
	clear_tpm
	ON="strace -f -o $T/strace -e trace=write,sendto,sendmsg" "${1}_unlock" || stop "$1: unlock failed" "$T/err"
	grep -c '"\\200[\\][12]\\0\\0' "$T/strace"
}

compare tpm2-enroll-vs-systemd 1 enroll systemd fresh
fresh ours
ours_enroll || stop 'enroll failed' "$T/err"
fresh_peer() { cp --sparse=always "$T/clean.img" "$T/$1.img"; }
fresh_peer systemd
systemd_enroll || stop 'systemd-cryptenroll failed' "$T/err"
fresh_peer clevis
clear_tpm
clevis_enroll || stop 'clevis luks bind failed' "$T/err"
compare tpm2-unlock-vs-systemd 1 unlock systemd
compare tpm2-unlock-vs-clevis 1 unlock clevis
row tpm2-commands count "$(commands ours)" "$(commands systemd)" 11 most
row tpm2-commands-vs-clevis count "$(commands ours)" "$(commands clevis)" null most
rows_show
