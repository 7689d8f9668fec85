#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# bootlatch sign with the rollback counter of a software TPM, made as Heads makes it: raised with each
# signing, killed before and after that, finished by --resume; tpm2-tools and the verifier that was written
# from HEADS.md are the judges.
set -eu
. "$(dirname "$0")/lib.sh"
need 'signing with a counter' unshare ip pcscd opensc-tool gpg busybox strace swtpm tpm2_nvdefine tpm2_nvincrement tpm2_nvread
lib_reexec_in_namespace "$0" "$@"
# shellcheck disable=SC2034 # for boot.sh
TESTS=$(cd "$(dirname "$0")/.." && pwd)
. "$(dirname "$0")/../sign/boot.sh"
. "$(dirname "$0")/volumes.sh"
export TSS2_LOG=all+NONE
index=13d55da
volumes_start
state_apart
sign_start
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
if ! vcard_start alice --serial 00000A01 || ! gpg_home_new alice || ! gpg_card_generate cv25519; then
	fail 'gpg makes keys on the card'
	finish
fi
gpgconf --kill all

tpm_start() { # again and again with the same state
	mkdir -p "$T/tpm"
	swtpm socket --tpm2 --tpmstate "dir=$T/tpm" --server "type=unixio,path=$T/tpm/s" \
		--ctrl "type=unixio,path=$T/tpm/s.ctrl" --flags not-need-init,startup-clear >>"$T/tpm/log" 2>&1 &
	TPM_PID=$!
	lib_own $TPM_PID
	lib_wait 100 tpm2_getcap properties-fixed || { cat "$T/tpm/log"; exit 2; }
}
WAY="swtpm:path=$T/tpm/s"
export TPM2TOOLS_TCTI="$WAY"
truth() { tpm2_nvread -C "0x$index" -s 8 "0x$index" | od -An -tx1 | tr -d ' \n'; }
line() { printf '%s  /tmp/counter-%s\n' "$(printf '%s: %s\n' "$index" "$1" | sha256sum | cut -d' ' -f1)" "$index"; }
sign() {
	"$O/bootlatch" sign --boot "$BOOT" --config "$CONF" --wait 2 --yes --default first --tpm-device "$WAY" \
		--pin-fd 3 "$@" 3<"$T/pin" </dev/null
}
resume() { "$O/bootlatch" sign --resume --yes --boot "$BOOT" --config "$CONF" --tpm-device "$WAY" </dev/null; }
good() { heads_verify --counter "$index: $(truth)" --default 1 "$BOOT"; }
bad() { ! good; }
update() { echo "kernel $1" >"$BOOT/vmlinuz-6.2"; }
up() { # SENTENCE FROM: it went up by one since then
	check_is "$1" "$(printf '%016x' $((0x$2 + 1)))" "$(truth)"
}

tpm_start
small_boot "$BOOT"
tpm2_nvdefine -Q -C o -s 8 -a 'ownerread|authread|authwrite|nt=1' 0x$index
tpm2_nvincrement -Q -C 0x$index 0x$index
line "$(truth)" >"$BOOT/kexec_rollback.txt" # as Heads left it
was=$(truth)
check_says 'the counter goes up with the signing' 0 'goes up from' sign
up 'by one' "$was"
check 'and the line pins it' good
was=$(truth)
check_says 'what has not changed needs no count' 0 'nothing is to be done' sign
check_is 'and takes none' "$was" "$(truth)"
update 1
check 'an update is signed' sign
up 'it goes up again' "$was"
check 'and is pinned' good
cp -a "$BOOT" "$T/older"
was=$(truth)
update 2
check 'kept, when that is asked for' sign --rollback keep
check_is 'it stays' "$was" "$(truth)"
check 'and the line still pins it' good
update 3
check 'raised once more' sign
mv "$BOOT" "$T/newer" && cp -a "$T/older" "$BOOT"
check 'an older /boot with its older signature is refused' bad
rm -r "$BOOT" && mv "$T/newer" "$BOOT"
check 'the newer one is not' good
tpm2_nvincrement -Q -C 0x$index 0x$index
check 'raised behind our back: Heads refuses' bad
check 'signing again' sign
check 'mends it' good
check_says 'another TPM than there is' 2 'tpm-device' sign --tpm-device ''

# --- killed ---------------------------------------------------------------------------------------
# The calls of the process that signs: the list of the stage is renamed first, then what it moves.
killed() { # N: at the N-th rename
	k_rc=0
	strace -o "$T/strace" -e trace=renameat -e "inject=renameat:signal=KILL:when=$1" "$O/bootlatch" sign \
		--boot "$BOOT" --config "$CONF" --wait 2 --yes --default first --tpm-device "$WAY" --pin-fd 3 \
		3<"$T/pin" </dev/null >"$T/said" 2>&1 || k_rc=$?
	[ "$k_rc" = 137 ] && grep -q 'killed by SIGKILL' "$T/strace"
}
n=0
for at in 1 2 3 4 5; do
	n=$((n + 1))
	update "kill $n"
	was=$(truth) pins=$(vcard_count alice VERIFY)
	check "killed at rename $at" killed $at
	if [ $at = 1 ]; then
		check_is 'before the stage was whole the counter stays' "$was" "$(truth)"
		check 'and there is nothing to finish' resume
		check 'it is signed anew' sign
	else
		up "killed at rename $at: the counter is up" "$was"
		check "killed at rename $at: Heads would refuse" bad
		check_says "killed at rename $at: sign says what to do" 10 '--resume' sign
		check_says "killed at rename $at: it is finished" 0 'Signed' resume
		up "killed at rename $at: and has not gone up again" "$was"
		check_is "killed at rename $at: one PIN in all" $((pins + 1)) "$(vcard_count alice VERIFY)"
	fi
	check "killed at rename $at: in the end it is good" good
done

# --- between the stage and the counter: the TPM is gone -----------------------------------------------
update late
was=$(truth)
lib_end "$TPM_PID"
check_says 'without a TPM the counter stays, and that is told' 0 'stays as it is' sign
tpm_start
check_is 'it does' "$was" "$(truth)"
check 'what was signed then is good' good
update later
rm -f "$T/strace"
# It answers for the plan and is gone when it should count: whoever stages ends it.
check 'the TPM goes away in between' sh -c "! strace -o '$T/strace' -e trace=renameat -e inject=renameat:delay_exit=3000000:when=1 \
	'$O/bootlatch' sign --boot '$BOOT' --config '$CONF' --wait 2 --yes --default first --tpm-device '$WAY' --pin-fd 3 \
	3<'$T/pin' </dev/null >'$T/said' 2>&1 & p=\$!; until grep -q renameat '$T/strace' 2>/dev/null; do sleep 0.1; done; kill $TPM_PID; wait \$p"
check 'its words say what to do' grep -q -e --resume "$T/said"
tpm_start
check_is 'the counter stayed' "$was" "$(truth)"
check 'resumed with the TPM back' resume
up 'it counts then' "$was"
check 'and is good' good

# A stage for another count is thrown away.
update last
check 'killed once more' killed 2
tpm2_nvincrement -Q -C 0x$index 0x$index
check_says 'a stage for another count is thrown away' 10 'another count' resume
check 'signed anew' sign
check 'it is good' good
finish
