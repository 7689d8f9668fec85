#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Sealing to a software TPM: every pitfall that is known. tpm2-tools is the judge.
set -eu
. "$(dirname "$0")/lib.sh"
lib_reexec_in_namespace "$0" "$@"
need 'sealing to a TPM' swtpm tpm2_getcap tpm2_createprimary tpm2_evictcontrol xxd
export TSS2_LOG=all+NONE

tpm_start() { # tpm_start NAME: with the state of that name
	mkdir -p "$T/$1"
	swtpm socket --tpm2 --tpmstate "dir=$T/$1" --server "type=unixio,path=$T/$1/s" \
		--ctrl "type=unixio,path=$T/$1/s.ctrl" --flags not-need-init,startup-clear >>"$T/$1/log" 2>&1 &
	TPM_PID=$!
	lib_own $TPM_PID
	chip=$T/$1/s
	way="swtpm:path=$chip"
	export TPM2TOOLS_TCTI="$way"
	lib_wait 100 timeout 5 tpm2_getcap properties-fixed || { cat "$T/$1/log"; exit 2; }
}
tool() { timeout 120 "$O/tpmtool" "$way" "$@" >"$T/out" 2>"$T/said"; }
out() { cat "$T/out"; }
refused() { # refused SENTENCE WORDS WHAT...
	what=$1 words=$2
	shift 2
	lib_st=0
	tool "$@" || lib_st=$?
	if [ $lib_st != 0 ] && [ $lib_st -lt 124 ] && [ ! -s "$T/out" ] && grep -q "$words" "$T/said"; then
		ok "$what"
	else
		fail "$what" "status $lib_st: $(cat "$T/out" "$T/said")"
	fi
}
seal() { tool seal "$@" && SECRET=$(out); }
opens() { # opens SENTENCE FILE [PIN]
	what=$1
	shift
	if tool unseal "$@"; then
		check_is "$what" "$SECRET" "$(out)"
	else
		fail "$what" "$(cat "$T/said")"
	fi
}
# Nothing of ours is left in the TPM.
nothing_left() {
	check_is "$1" '' "$(tpm2_getcap handles-loaded-session)$(tpm2_getcap handles-transient)$(tpm2_getcap handles-saved-session)"
}
failed_tries() { tool lockout && cut -d' ' -f1 "$T/out"; }
forgive() { tpm2_dictionarylockout --setup-parameters --max-tries=5 --recovery-time=1000 --lockout-recovery-time=1000 && tpm2_dictionarylockout -c; }
bus() { way="cmd:$O/tpmbus $chip $T/bus $*"; } # the TPM seen through tpmbus
direct() { way="swtpm:path=$chip"; }
pin=correct-horse

tpm_start one
forgive

# --- it works, and takes what it may
check 'sealed with a PIN' seal 380 "$T/pin" $pin
sealed_pin=$SECRET
opens 'opened with the PIN' "$T/pin" $pin
check 'sealed without a PIN' seal 380 "$T/none"
sealed_none=$SECRET
opens 'opened without one' "$T/none"
check 'without a persistent key it is made from the template' tool show "$T/none"
check_is 'and so written down' 00000000 "$(sed -n 1p "$T/out")"
nothing_left 'nothing is left in the TPM after these'
tool pcrs ffffff
# What tpm2-tools calls them.
tpm2_pcrread sha256 | sed -n 's/^ *\([0-9]*\) *: 0x\(.*\)/\1 \2/p' | tr A-F a-f >"$T/truth"
check 'PCRs as tpm2_pcrread has them' cmp "$T/truth" "$T/out"
refused 'a bank that is not allocated' 'not supported' pcrs 380 sha1
tool pcrs 380 sha384
check_is 'another bank' 3 "$(wc -l <"$T/out")"
: >"$T/bus"
bus say 17e 1c3 # PCR_Read: TPM_RC_HASH of its first parameter
refused 'a bank whose hash the TPM does not know' 'not found' pcrs 380 sha512
direct

# --- a PIN that is wrong
refused 'a wrong PIN' 'wrong PIN for the TPM' unseal "$T/pin" wrong
check_is 'is counted' 1 "$(failed_tries)"
nothing_left 'nothing is left after a wrong PIN'
SECRET=$sealed_pin
opens 'the right one opens after it' "$T/pin" $pin
for i in 2 3 4 5; do
	refused "wrong PIN number $i" 'wrong PIN\|is locked' unseal "$T/pin" wrong$i
done
refused 'locked: the right PIN too' 'the TPM is locked' unseal "$T/pin" $pin
tool lockout
check_is 'and it says so' '5 5 1000 1000 1' "$(out)"
nothing_left 'nothing is left after a lockout'
SECRET=$sealed_none
opens 'without a PIN it opens all the same' "$T/none"
tpm2_dictionarylockout -c
SECRET=$sealed_pin
opens 'the lockout is over' "$T/pin" $pin

# --- auth values that end in zero bytes
salt=0101010101010101010101010101010101010101010101010101010101010101
tool zeros $salt
zero_pin=$(out)
check 'a PIN whose auth value ends in a zero byte' seal 380 "$T/zero" "$zero_pin" $salt
opens 'opens' "$T/zero" "$zero_pin"
check_is 'and counts for nothing' 0 "$(failed_tries)"

# --- the flag for the PIN, and what else a token says
cp "$T/pin" "$T/flag"
tool flag "$T/flag"
refused 'a PIN flag taken away' 'malformed' unseal "$T/flag"
cp "$T/none" "$T/flag"
tool flag "$T/flag"
refused 'a PIN flag put there' 'malformed' unseal "$T/flag" $pin
check_is 'and the TPM was not asked' 0 "$(failed_tries)"

# --- who sits on the bus
: >"$T/bus"
bus
SECRET=$sealed_pin
opens 'opened through the bus' "$T/pin" $pin
commands=$(grep -c '^>' "$T/bus")
check_is "at most 11 commands ($commands)" yes "$([ "$commands" -le 11 ] && echo yes)"
hex_of() { printf %s "$1" | xxd -p | tr -d '\n'; }
check_is 'the secret is not on the bus' 0 "$(grep -c "$sealed_pin" "$T/bus")"
check_is 'the PIN is not on the bus' 0 "$(grep -c "$(hex_of $pin)" "$T/bus")"
: >"$T/bus"
check 'sealed through the bus' seal 380 "$T/bus-sealed" $pin
check_is 'what is sealed is not on the bus' 0 "$(grep -c "$SECRET" "$T/bus")"
# The control: what does not encrypt shows both, so the looking works.
: >"$T/bus"
(
	export TPM2TOOLS_TCTI="$way"
	cd "$T"
	printf %s "$sealed_pin" | xxd -r -p >plain
	tpm2_createprimary -Q -C o -G ecc -c srk.ctx
	tpm2_flushcontext -t
	tpm2_create -Q -C srk.ctx -i plain -u plain.pub -r plain.priv -p $pin
	tpm2_flushcontext -t
	tpm2_load -Q -C srk.ctx -u plain.pub -r plain.priv -c plain.ctx
	tpm2_flushcontext -t
	tpm2_unseal -Q -c plain.ctx -p $pin -o unsealed
	tpm2_flushcontext -t
) || fail 'the control run' 'tpm2-tools failed'
check_is 'the control run shows the secret' yes "$(grep -q "$sealed_pin" "$T/bus" && echo yes)"
check_is 'and the PIN' yes "$(grep -q "$(hex_of $pin)" "$T/bus" && echo yes)"
# The same by the library's own recorder.
direct
export TCTI_PCAP_FILE="$T/bus.pcap"
SECRET=$sealed_pin
way="pcap:$way"
opens 'opened with pcap' "$T/pin" $pin
direct
unset TCTI_PCAP_FILE
check_is 'something was recorded' yes "$([ -s "$T/bus.pcap" ] && echo yes)"
check_is 'the secret is not in it' 0 "$(xxd -p "$T/bus.pcap" | tr -d '\n' | grep -c "$sealed_pin")"
check_is 'the PIN is not in it' 0 "$(grep -c $pin "$T/bus.pcap")"

# --- PCRs that change between policy and unsealing
SECRET=$sealed_pin
bus race 15e 3
opens 'PCRs that change three times: tried again' "$T/pin" $pin
check_is 'each time the TPM had said so' 3 "$(grep -c '^< 80010000000a00000128$' "$T/bus")"
bus race 15e 1000
refused 'PCRs that change for ever' 'measured another boot' unseal "$T/pin" $pin
direct
check_is 'counts for nothing' 0 "$(failed_tries)"
nothing_left 'and leaves nothing'

# --- a TPM that does not work
bus mute 131
refused 'a TPM that does not answer' 'gave no answer in time' unseal "$T/pin" $pin
bus mute 15e
refused 'a TPM that falls silent' 'gave no answer in time' unseal "$T/pin" $pin
direct
# No resource manager cleans up here after a child that was killed.
lib_wait 20 timeout 5 tpm2_getcap properties-fixed
tpm2_flushcontext -l
tpm2_flushcontext -t
bus say 131 101
refused 'failure mode' 'the TPM failed' unseal "$T/pin" $pin
bus say 176 903
refused 'no room for sessions' 'the TPM failed' unseal "$T/pin" $pin
bus say 131 922
refused 'one that says RETRY for ever' 'the TPM failed' unseal "$T/pin" $pin
direct
nothing_left 'nothing is left after all these'
bus flip 15e 60
refused 'an answer that was changed on the bus' 'the TPM failed' unseal "$T/pin" $pin
bus flip 176 30
refused 'a session that was changed on the bus' 'wrong PIN\|the TPM failed' unseal "$T/pin" $pin
direct
tpm2_dictionarylockout -c
# After an answer that was forged the library says no more: the resource manager cleans up.
tpm2_flushcontext -t
tpm2_flushcontext -l

# --- the storage root key
tpm2_createprimary -Q -C o -G ecc256:null:aes128cfb -c "$T/other.ctx" \
	-a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt'
tpm2_evictcontrol -Q -C o -c "$T/other.ctx" 0x81000001
tpm2_flushcontext -t
check 'a persistent key is used' seal 380 "$T/kept" $pin
tool show "$T/kept"
check_is 'by its handle' 81000001 "$(sed -n 1p "$T/out")"
tpm2_readpublic -Q -c 0x81000001 -n "$T/name"
check_is 'its name is what tpm2_readpublic says' "$(xxd -p "$T/name" | tr -d '\n')" "$(sed -n 2p "$T/out")"
opens 'opened under it' "$T/kept" $pin
: >"$T/bus"
bus
opens 'through the bus' "$T/kept" $pin
check_is 'at most 11 commands' yes "$([ "$(grep -c '^>' "$T/bus")" -le 11 ] && echo yes)"
bus flip 173 60
refused 'a storage root key that was exchanged on the bus' 'not the TPM that was enrolled' unseal "$T/kept" $pin
direct
tpm2_evictcontrol -Q -C o -c 0x81000001
refused 'the persistent key is gone' 'not the TPM that was enrolled' unseal "$T/kept" $pin
# Somebody else's, of the same kind, at the same place.
tpm2_createprimary -Q -C e -G ecc256:null:aes128cfb -c "$T/other.ctx" \
	-a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt'
tpm2_evictcontrol -Q -C o -c "$T/other.ctx" 0x81000001 2>/dev/null ||
	{ # an endorsement key cannot be kept by the owner: another owner's key then
		printf 'x' >"$T/unique"
		tpm2_createprimary -Q -C o -G ecc256:null:aes128cfb -u "$T/unique" -c "$T/other.ctx" \
			-a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt' 2>/dev/null ||
			tpm2_createprimary -Q -C o -G ecc256:null:aes128cfb -c "$T/other.ctx" \
				-a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|decrypt'
		tpm2_evictcontrol -Q -C o -c "$T/other.ctx" 0x81000001
	}
tpm2_flushcontext -t
refused "an attacker's key in its place" 'not the TPM that was enrolled' unseal "$T/kept" $pin
check_is 'no PIN was spent on it' 0 "$(failed_tries)"
tpm2_evictcontrol -Q -C o -c 0x81000001
tpm2_createprimary -Q -C o -G rsa2048 -c "$T/rsa.ctx"
tpm2_evictcontrol -Q -C o -c "$T/rsa.ctx" 0x81000001
tpm2_flushcontext -t
check 'a key of another kind is left alone' seal 380 "$T/beside" $pin
tool show "$T/beside"
check_is 'and one is made' 00000000 "$(sed -n 1p "$T/out")"
opens 'which opens' "$T/beside" $pin
nothing_left 'nothing is left'

# --- many times
SECRET=$sealed_pin
opens "${MANY:-1000} times" "$T/pin" $pin "${MANY:-1000}"
nothing_left 'no session is left after that'

# --- the machine starts again, and measures
lib_end "$TPM_PID"
refused 'the TPM is gone' 'the TPM failed' unseal "$T/pin" $pin
tpm_start one
SECRET=$sealed_pin
opens 'after a restart' "$T/pin" $pin
# Linux sends tpm2_shutdown when it goes down in order (docs/FORMAT.md).
check_is 'a power cut after a right PIN is counted' 1 "$(failed_tries)"
tpm2_dictionarylockout -c
opens 'once more' "$T/pin" $pin
tpm2_shutdown -c
lib_end "$TPM_PID"
tpm_start one
opens 'after an orderly end' "$T/pin" $pin
check_is 'nothing is counted' 0 "$(failed_tries)"
check 'the cap' tool extend 8
refused 'what was sealed with a PIN is shut' 'measured another boot' unseal "$T/pin" $pin
refused 'what was sealed without one too' 'measured another boot' unseal "$T/none"
check_is 'and that counts for nothing' 0 "$(failed_tries)"
zero=$(printf '%064d' 0)
tool pcrs 100 sha256
check_is 'every bank was extended: sha256' no "$([ "$(out)" = "8 $zero" ] && echo yes || echo no)"
for bank in sha384 sha512; do
	tool pcrs 100 $bank
	check_is "every bank was extended: $bank" no "$(grep -q '^8 00*$' "$T/out" && echo yes || echo no)"
done
lib_end "$TPM_PID"
tpm_start one
opens 'and open again after the next restart' "$T/pin" $pin
lib_end "$TPM_PID"

tpm_start two
refused 'another TPM' 'not the TPM that was enrolled' unseal "$T/pin" $pin
lib_end "$TPM_PID"
way=-
if [ ! -e /dev/tpm0 ]; then
	refused 'no TPM in this machine' 'there is no TPM' pcrs 380
fi
finish
