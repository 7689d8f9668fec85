#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The rollback counter in a software TPM, made as Heads makes it; tpm2-tools is the judge.
set -eu
. "$(dirname "$0")/lib.sh"
lib_reexec_in_namespace "$0" "$@"
need 'the rollback counter' swtpm tpm2_nvdefine tpm2_nvincrement tpm2_nvread
export TSS2_LOG=all+NONE
index=13d55da

tpm_start() { # each with an empty state of its own
	mkdir "$T/tpm$1"
	swtpm socket --tpm2 --tpmstate "dir=$T/tpm$1" --server "type=unixio,path=$T/tpm$1/s" \
		--ctrl "type=unixio,path=$T/tpm$1/s.ctrl" --flags not-need-init,startup-clear >"$T/tpm$1/log" 2>&1 &
	TPM_PID=$!
	lib_own $TPM_PID
	way="swtpm:path=$T/tpm$1/s"
	export TPM2TOOLS_TCTI="$way"
	lib_wait 100 tpm2_getcap properties-fixed || { cat "$T/tpm$1/log"; exit 2; }
}
# The line as HEADS.md has it: SHA-256 of "ID: VALUE\n", two spaces, the name.
line() { printf '%s  /tmp/counter-%s\n' "$(printf '%s: %s\n' "$1" "$2" | sha256sum | cut -d' ' -f1)" "$1"; }
truth() { tpm2_nvread -C "0x$index" -s 8 "0x$index" | od -An -tx1 | tr -d ' \n'; }
tool() { timeout 20 "$O/countertool" "$way" "$1" "$T/line" >"$T/out" 2>"$T/said"; }
said() { grep -q "$1" "$T/said"; }
refused() { # refused SENTENCE WORDS [read|increment]
	lib_st=0
	tool "${3:-read}" || lib_st=$?
	if [ $lib_st != 0 ] && [ $lib_st -lt 128 ] && said "$2"; then
		ok "$1"
	else
		fail "$1" "status $lib_st: $(cat "$T/out" "$T/said")"
	fi
}

tpm_start 1
line $index 0000000000000001 >"$T/line"
refused 'no counter at that index' 'no such counter'
refused 'none to increment either' 'no such counter' increment
tpm2_nvdefine -Q -C o -s 8 -a 'ownerread|authread|authwrite|nt=1' 0x$index
refused 'one that nothing was ever counted with' 'never been incremented'
tpm2_nvincrement -Q -C 0x$index 0x$index
check 'read: Heads made it and incremented it once' tool read
check_is 'as tpm2_nvread has it' "$(truth)" "$(sed -n 1p "$T/out")"
check_is 'pinned by the line' pinned "$(sed -n 3p "$T/out")"
line $index "$(truth)" >"$T/want"
sed -n 2p "$T/out" >"$T/got"
check 'our line is that of HEADS.md' cmp "$T/want" "$T/got"
was=$(truth)
check 'incremented' tool increment
check_is 'by one' "$(printf '%016x' $((0x$was + 1)))" "$(truth)"
check_is 'the new value is told' "$(truth)" "$(sed -n 1p "$T/out")"
check_is 'the old line no longer pins it' 'not pinned' "$(sed -n 3p "$T/out")"
sed -n 2p "$T/out" >"$T/line"
check 'read again' tool read
check_is 'the new line does' pinned "$(sed -n 3p "$T/out")"
tpm2_nvincrement -Q -C 0x$index 0x$index
check 'incremented behind our back' tool read
check_is 'seen' 'not pinned' "$(sed -n 3p "$T/out")"

for wrong in 'an ordinary index:-s 8:ownerread|authread|authwrite' \
	'bits:-s 8:ownerread|authread|authwrite|nt=2' \
	'a counter that only the owner increments:-s 8:ownerread|authread|ownerwrite|nt=1'; do
	what=${wrong%%:*} rest=${wrong#*:}
	tpm2_nvundefine -Q -C o 0x$index
	# shellcheck disable=SC2086 # an option and its value
	tpm2_nvdefine -Q -C o ${rest%%:*} -a "${rest#*:}" 0x$index
	refused "wrong attributes: $what" 'no counter as Heads makes'
	refused "not incremented: $what" 'no counter as Heads makes' increment
done
tpm2_nvundefine -Q -C o 0x$index
tpm2_nvdefine -Q -C o -s 8 -a 'ownerread|authwrite|nt=1' 0x$index
tpm2_nvincrement -Q -C 0x$index 0x$index
check 'a counter that only the owner reads' tool read
tpm2_nvundefine -Q -C o 0x$index
tpm2_nvdefine -Q -C o -s 8 -a 'ownerread|authread|authwrite|nt=1' -p secret 0x$index
tpm2_nvincrement -Q -C 0x$index -P secret 0x$index
refused 'one with a password' 'does not let us'
refused 'not incremented' 'does not let us' increment

line 1234 00000001 >"$T/line"
refused 'a counter of a TPM 1.2' 'no TPM 2.0'
echo nonsense >"$T/line"
refused 'a line that is none' 'malformed'
line $index 0000000000000001 >"$T/line"
lib_end "$TPM_PID"
refused 'the TPM is gone' 'failed or went away'
refused 'gone before an increment' 'failed or went away' increment

# A TPM that answers everything in the same way.
answers() { # answers BYTES, as printf takes them
	cat >"$T/stub" <<-STUB
		#!/bin/sh
		while dd bs=4096 count=1 of=/dev/null 2>&1 | grep -q '^1+0\|^0+1'; do
			printf '$1'
		done
	STUB
	chmod +x "$T/stub"
	way="cmd:$T/stub"
}
code() { answers "\\200\\001\\000\\000\\000\\012\\000\\000$1"; } # Part 2, 6.6.3
code '\001\001'
refused 'a TPM in failure mode' 'failed or went away'
refused 'not incremented in failure mode' 'failed or went away' increment
code '\011\042'
refused 'a TPM that says RETRY for ever' 'busy'
code '\011\010'
refused 'a TPM that yields for ever' 'busy'
code '\011\041'
refused 'a TPM that is locked out' 'does not let us'
answers '\200\001\000\000\000\014\000\000\000\000xx'
refused 'a TPM that claims success and says nothing' 'failed or went away'
way="cmd:true"
refused 'a TPM that answers nothing' 'failed or went away'
way=-
if [ ! -e /dev/tpmrm0 ]; then
	refused 'no TPM in this machine' 'no TPM 2.0'
fi
finish
