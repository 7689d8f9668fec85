#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# bootlatch doctor and status of a volume that a TPM opens: what it is sealed to, held against what it measures now.
# A software TPM; what tpm2_pcrextend does here is what firmware and GRUB do.
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
need 'doctor of a TPM' unshare ip swtpm tpm2_getcap tpm2_pcrextend cryptsetup jq
lib_reexec_in_namespace "$0" "$@"
volumes_start
export TSS2_LOG=all+NONE
mkdir -p /run/bootlatch
mount -t tmpfs -o mode=700 tmpfs /run/bootlatch
D=$T/disk.img TAB=$T/crypttab WAY=swtpm:path=$T/tpm/s
export TPM2TOOLS_TCTI="$WAY"
say_pin correct-horse

tpm_on() {
	mkdir -p "$T/tpm"
	swtpm socket --tpm2 --tpmstate "dir=$T/tpm" --server "type=unixio,path=$T/tpm/s" \
		--ctrl "type=unixio,path=$T/tpm/s.ctrl" --flags not-need-init,startup-clear >>"$T/tpm/log" 2>&1 &
	TPM_PID=$!
	lib_own $TPM_PID
	lib_wait 100 timeout 5 tpm2_getcap properties-fixed || { fail 'swtpm starts' "$(cat "$T/tpm/log")"; finish; }
}
boots() { # KERNEL
	for b in "4 GRUB" "7 keys" "8 menu of $1" "9 $1"; do
		tpm2_pcrextend "${b%% *}:sha256=$(printf %s "${b#* }" | sha256sum | cut -d' ' -f1)"
	done
}
reboots() { # KERNEL
	tpm2_shutdown -c
	lib_end "$TPM_PID"
	rm -f /run/bootlatch/pcrs.json /run/bootlatch/tried
	tpm_on
	boots "$1"
}
# Of all that doctor finds on this machine only what is about the TPM counts here.
finds() { # WANT: the faults, a word each
	"$O/bootlatch" doctor "$D" --boot "$BOOT" --config "$CONF" --crypttab-file "$TAB" --no-card --tpm-device "${2:-$WAY}" --json \
		</dev/null >"$T/said" 2>"$T/err" || true
	f_got=$(jq -r '[.findings[]?.id | select(test("^tpm"))] | join(" ")' "$T/said") || { cat "$T/said" "$T/err"; return 1; }
	[ "$f_got" = "$1" ] || { echo "want '$1', got '$f_got'"; cat "$T/said"; return 1; }
}
what_is() { jq -r '.findings[] | select(.id | test("^tpm")) | .what' "$T/said" | grep -q "$1" || { cat "$T/said"; return 1; }; }
# shellcheck disable=SC2120 # the last check gives them
status() { "$O/bootlatch" status "$D" --boot "$BOOT" --config "$CONF" --crypttab-file "$TAB" --no-card --tpm-device "$WAY" --json </dev/null 2>/dev/null; }
status_shut() { status >"$T/status" || true; jq -e ".tpm.shut == $1" "$T/status" || { cat "$T/status"; return 1; }; }
# tpm status and doctor agree.
tpm_says() { "$O/bootlatch" tpm status "$D" --boot "$BOOT" --config "$CONF" --tpm-device "$WAY" </dev/null 2>&1 | grep -q "$1"; }

tpm_on
boots linux-1
volume disk luks2
echo "disk $D none luks" >"$TAB"
enrolls() { bl enroll "$D" --tpm2 --key-file "$T/key" --pin-fd 3 --tpm-device "$WAY" --crypttab-file "$TAB" 3<"$T/pin"; }
check 'a volume that the TPM opens' enrolls
check 'nothing is found' finds ''
check 'by status neither' status_shut 0
shut() { "$O/bootlatch-unlock" --cap --config "$CONF" --tpm-device "$WAY"; }
check 'the boot is shut' shut
check 'that is no fault: what counts is what the PCRs were before' finds ''
reboots linux-2
check 'another kernel: it is found' finds tpm-changed
check 'the PCRs are named' what_is 'PCR 8+9 '
check 'status tells it' status_shut 1
check 'tpm status the same' tpm_says 'does NOT open'
shut
check 'also behind the cap' finds tpm-changed
reboots linux-1
check 'the old kernel again: nothing' finds ''
note() { echo "$1" >/run/bootlatch/uncapped; }
uncapped() { status >"$T/status" || true; jq -e ".tpm.uncapped == $1" "$T/status" || { cat "$T/status"; return 1; }; }
check 'this boot was shut: status tells nothing' uncapped null
note open
check 'a boot whose TPM could not be closed' finds tpm-not-closed
check 'what that means' what_is 'could not be closed'
check 'status tells it too' uncapped '"open"'
check 'and tpm status' tpm_says 'NOT shut: the TPM did not do it'
note absent
check 'a boot that saw no TPM' finds tpm-unseen-at-boot
check 'status tells that' uncapped '"absent"'
check 'and tpm status' tpm_says 'NOT shut: the initramfs saw no TPM'
rm /run/bootlatch/uncapped
reseals() { bl tpm reseal "$D" --key-file "$T/key" --pin-fd 3 --tpm-device "$WAY" "$@" 3<"$T/pin"; }
check 'sealed without the boot loader' reseals --pcrs 7+8+9
check 'it is found' finds tpm-loader
check 'tpm status tells it, with the way out' tpm_says 'tpm reseal --profile uefi'
check 'the way out' reseals --profile uefi
check 'it ends that' finds ''
check 'a TPM that is gone' finds tpm-absent swtpm:path=/nowhere
sed -i 's/"cap":[0-9]*/"cap":5/' "$(record_of "$D")"
check 'an object that is not what the record says' finds tpm-damaged
check 'in words' what_is 'not what the record says'
finish
