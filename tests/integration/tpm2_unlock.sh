#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Volumes opened with a software TPM, up to the mapping: the loop, the boot run, the cap.
# A machine's firmware is played here; guests with a real one are in tests/vm/tpm.sh.
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
need 'opening with a TPM' swtpm tpm2_pcrextend tpm2_pcrread tpm2_dictionarylockout cryptsetup unshare
lib_reexec_in_namespace "$0" "$@"
export TSS2_LOG=all+NONE
volumes_start
RUN=$T/run TAB=$T/crypttab PIN=271828
mkdir "$RUN"

# machine_on [WHAT GRUB LOADED]: the TPM, and what is measured before Linux runs.
machine_on() {
	mkdir -p "$T/tpm"
	rm -rf "$RUN/bootlatch" # memory
	swtpm socket --tpm2 --tpmstate "dir=$T/tpm" --server "type=unixio,path=$T/tpm/s" \
		--ctrl "type=unixio,path=$T/tpm/s.ctrl" --flags not-need-init,startup-clear >>"$T/tpm/log" 2>&1 &
	TPM_PID=$!
	lib_own $TPM_PID
	way=swtpm:path=$T/tpm/s
	export TPM2TOOLS_TCTI="$way"
	lib_wait 100 timeout 5 tpm2_getcap properties-fixed || { cat "$T/tpm/log"; exit 2; }
	for m in "4 GRUB" "7 keys" "8 menu" "9 ${1:-image}"; do
		tpm2_pcrextend "${m%% *}:sha256=$(printf %s "${m#* }" | sha256sum | cut -d' ' -f1)"
	done
}
machine_off() {
	tpm2_shutdown -c
	lib_end "$TPM_PID"
}
bus() { way="cmd:$O/tpmbus $T/tpm/s $T/bus $*"; } # the TPM seen through tpmbus
direct() { way=swtpm:path=$T/tpm/s; }

opener() { # IMAGE [OPTIONS]: the keyscript, not in an image
	op_image=$1
	shift
	"$O/bootlatch-unlock" --device "$op_image" --boot "$BOOT" --config "$CONF" --run "$RUN" --tpm-device "$way" \
		--wait 1 "$@" >"$T/stdout"
}
by_pin() { opener "$@" --pin-fd 3 3<"$T/pin" </dev/null; }
by_nobody() { opener "$@" --passphrase-fd 9 </dev/null 9<"$T/none"; }
gives() { # IMAGE SLOT COMMAND...: what opens that keyslot
	g_image=$1 g_slot=$2
	shift 2
	"$@" && opens_slot "$g_image" "$g_slot" "$T/stdout"
}
person() { # IMAGE; what she does is on standard input
	# shellcheck disable=SC2016 # the inner shell's
	"$O/ptytalk" sh -c 'out=$1; shift; exec "$@" >"$out"' sh "$T/stdout" \
		"$O/bootlatch-unlock" --device "$1" --boot "$BOOT" --config "$CONF" --run "$RUN" --tpm-device "$way" --wait 1
}
boot() {
	"$O/bootlatch-unlock" --crypttab "$TAB" --boot "$BOOT" --config "$CONF" --run "$RUN" --tpm-device "$way" --wait 1 "$@"
}
cap() { "$O/bootlatch-unlock" --cap --config "$CONF" --run "$RUN" --tpm-device "$way"; }
failed_tries() { echo $(($(tpm2_getcap properties-variable | sed -n 's/.*TPM2_PT_LOCKOUT_COUNTER: *//p'))); }
pcr() { tpm2_pcrread "sha256:$1" | sed -n "s/^ *$1 *: 0x//p" | tr A-F a-f; }
talk() { printf '%s\n' "$@"; }
both_opened() { boot "$@" >"$T/words" 2>&1; grep -q '^.*a could be opened' "$T/words" && grep -q 'b could be opened' "$T/words"; }

machine_on
tpm2_dictionarylockout --setup-parameters --max-tries=5 --recovery-time=600 --lockout-recovery-time=600
tpm2_dictionarylockout -c
: >"$T/none"
for i in one two three four; do volume $i luks2; done
say_pin $PIN
check 'a way in with a PIN' bl_both enroll "$T/one.img" --tpm2 --tpm-device "$way"
check 'a second volume with the same PIN' bl_both enroll "$T/two.img" --tpm2 --tpm-device "$way"
check 'and another one, for an image' bl_both enroll "$T/four.img" --tpm2 --tpm-device "$way"
unasked() { talk 'expect to go on' 'send no pin\n' 'expect assphrase' 'send correct horse battery staple\n' |
	"$O/ptytalk" "$O/bootlatch" enroll "$T/three.img" --tpm2 --no-pin --tpm-device "$way" --boot "$BOOT" --config "$CONF"; }
check 'and a third one without' unasked
SLOT=2
machine_off

# --- it opens
machine_on
check 'the PIN opens it' gives "$T/one.img" "$SLOT" by_pin "$T/one.img"
secret=$(cat "$T/stdout")
check_is 'nothing is counted' 0 "$(failed_tries)"
check 'without a PIN nobody is needed' gives "$T/three.img" "$SLOT" by_nobody "$T/three.img"
check 'bootlatch test goes the same way' bl_pin test "$T/one.img" --tpm-device "$way"
printf 'a %s none luks,keyscript=decrypt_bootlatch\nb %s none luks,keyscript=decrypt_bootlatch\n' "$T/one.img" "$T/two.img" >"$TAB"
once_for_both() { talk 'expect PIN for the TPM, to unlock a' "send $PIN\\n" 'expect b could be opened' |
	"$O/ptytalk" "$O/bootlatch-unlock" --crypttab "$TAB" --boot "$BOOT" --config "$CONF" --run "$RUN" --tpm-device "$way"; }
check_status 'one PIN opens two volumes' 1 once_for_both # nothing is mapped here

# --- the program of images without a TPM's way in
mkdir "$T/run.card"
without_tpm() { "$O/bootlatch-unlock-card" --boot "$BOOT" --config "$CONF" --run "$T/run.card" --tpm-device "$way" "$@" >"$T/stdout"; }
by_card_program() { without_tpm --device "$T/one.img" --wait 1 --pin-fd 3 3<"$T/pin" </dev/null; }
check_says 'says what that means, and what mends it' 1 'names one; if that is at boot, once the disk is open: update-initramfs -u -k all' by_card_program
check_says 'nor can it close the TPM' 1 'update-initramfs -u -k all' without_tpm --cap
check_is 'and gives nothing' '' "$(cat "$T/stdout")"

# --- who sits on the bus
: >"$T/bus"
bus
check 'opened through the bus' gives "$T/one.img" "$SLOT" by_pin "$T/one.img"
commands=$(grep -c '^>' "$T/bus")
check_is "at most 11 commands ($commands)" yes "$([ "$commands" -le 11 ] && echo yes)"
raw=$(printf '%s=' "$secret" | base64 -d | od -An -v -tx1 | tr -d ' \n')
check_is 'the secret is not on it' 0 "$(grep -c "$raw" "$T/bus")"
check_is 'the PIN is not on it' 0 "$(grep -c "$(printf %s "$PIN" | od -An -v -tx1 | tr -d ' \n')" "$T/bus")"
bus race 15e 2
check 'PCRs of others that change meanwhile do not matter' gives "$T/one.img" "$SLOT" by_pin "$T/one.img"
direct

# --- a PIN that nobody can type
printf '%s\0\n' $PIN >"$T/pin"
check_says 'a NUL behind the PIN: it is not sent' 3 'a byte that nobody can type' by_pin "$T/one.img"
check_is 'nothing is counted' 0 "$(failed_tries)"

# --- a wrong PIN
say_pin 161803
check_says 'a wrong PIN: status 3' 3 'wrong PIN for the TPM' by_pin "$T/one.img"
check_is 'it is counted' 1 "$(failed_tries)"
wrong() { talk 'expect (4 tries left)' 'send 314159\n' 'expect The TPM has 3 tries left' 'expect (3 tries left)' 'send 314159\n' \
	'expect It was not sent again' 'expect (3 tries left)' "send $PIN\\n" | person "$T/one.img"; }
check 'a person is told, and asked again' wrong
check_is 'the wrong one was sent once' 2 "$(failed_tries)"
for i in 3 4; do
	say_pin "16180310$i"
	by_pin "$T/one.img" >/dev/null 2>&1 || true
done
check_says 'a descriptor with one line does not spend the last one' 10 'give the PIN twice' by_pin "$T/one.img"
check_is 'nothing was sent' 4 "$(failed_tries)"
last() { talk 'expect LAST try' 'expect (1 try left)' 'send 424242\n' 'expect again' 'send 424243\n' 'expect The two PINs differ' \
	'expect (1 try left)' 'send 424242\n' 'expect again' 'send 424242\n' 'expect The TPM is locked' 'expect 10 minutes' \
	'expect assphrase for' 'send correct horse battery staple\n' | person "$T/one.img"; }
check 'the last try is spent only on purpose; the lockout is told with its time' last
check_is 'and the passphrase opens' 'correct horse battery staple' "$(cat "$T/stdout")"
say_pin $PIN
check_says 'locked: the right PIN is not even sent' 4 'The TPM is locked' by_pin "$T/one.img"
check 'what needs no PIN opens all the same' gives "$T/three.img" "$SLOT" by_nobody "$T/three.img"
tpm2_dictionarylockout -c
check 'the lockout is over' gives "$T/one.img" "$SLOT" by_pin "$T/one.img"

# --- one that does not work
bus late 0 300 # a slow one: seconds in all
check 'a slow one opens without a PIN' gives "$T/three.img" "$SLOT" by_nobody "$T/three.img"
slow() { talk 'expect PIN for the TPM' "send $PIN\\n" | person "$T/one.img" >"$T/talk" 2>&1 || { cat "$T/talk"; return 1; }
	! grep -F 'assphrase for' "$T/talk"; }
check 'and with one, and shows no other prompt meanwhile' gives "$T/one.img" "$SLOT" slow
bus late 15e 6000
late() { talk 'expect PIN for the TPM' "send $PIN\\n" 'expect need not wait' 'expect assphrase for' | person "$T/one.img"; }
check 'a later one opens beside the prompt' gives "$T/one.img" "$SLOT" late
typed() { talk 'expect need not wait' 'expect assphrase for' 'send correct horse battery staple\n' | person "$1"; }
bus mute 17e # PCR_Read
check 'one that never answers keeps nobody from typing' typed "$T/three.img"
bus mute 15e # Unseal
check 'nor one that falls silent' typed "$T/three.img"
left_behind() { tpm2_flushcontext -t && tpm2_flushcontext -l; } # there is no resource manager here
left_behind
hurried() { talk 'expect PIN for the TPM' "send $PIN\\ncorrect" 'expect still at work' 'expect assphrase for' \
	'send  horse battery staple\n' | person "$T/one.img"; }
check 'who types meanwhile has the prompt, with what was typed' hurried
check_is 'and it opens' 'correct horse battery staple' "$(cat "$T/stdout")"
left_behind
bus say 17e 101
broken() { talk 'expect The TPM cannot be used' 'expect assphrase for' 'send correct horse battery staple\n' | person "$T/one.img"; }
check 'nor one in failure mode' broken
bus say 13c 101 # PCR_Event
check_fails 'one that cannot be capped' cap
check 'that is noted' test -e "$RUN/bootlatch/uncapped"
rm -r "$RUN/bootlatch"
bus mute 13c
check_fails 'nor one that does not answer' cap
later() { # cryptroot's rounds: what was waited for once is not waited for each time
	timeout 4 "$O/bootlatch-unlock" --crypttab "$TAB" --boot "$BOOT" --config "$CONF" --run "$RUN" --tpm-device "$way" \
		--wait 0 --cap --source-wait 0 --pin-fd 3 3<"$T/pin" </dev/null
}
check_says 'who comes next does not wait for it again' 7 'could not be closed' later
bottom() { timeout 4 "$O/bootlatch-unlock" --cap --source-wait 0 --config "$CONF" --run "$RUN" --tpm-device "$way"; }
check_says 'nor does the end of the initramfs' 5 'could not be closed' bottom
direct
lib_wait 20 timeout 5 tpm2_getcap properties-fixed
check 'once it works it is capped' cap
check_fails 'and nothing is noted any more' test -e "$RUN/bootlatch/uncapped"
machine_off
machine_on
direct
lib_wait 20 timeout 5 tpm2_getcap properties-fixed
tpm2_flushcontext -l
tpm2_flushcontext -t

# --- what others wrote into header and /boot
token_of() { cryptsetup token export --token-id 0 "$1"; }
cp "$T/one.img" "$T/kept.img"
cp -r "$BOOT" "$T/kept.boot"
token_of "$T/three.img" >"$T/three.token"
# Another object in its place, genuine for another volume, which needs no PIN.
cryptsetup token remove --token-id 0 "$T/one.img"
cryptsetup token import --json-file "$T/three.token" "$T/one.img"
rm "$BOOT/bootlatch/$(uuid_of "$T/one.img")."*
cp "$T/kept.boot/bootlatch/$(uuid_of "$T/three.img").$SLOT.tpm2" "$BOOT/bootlatch/$(uuid_of "$T/one.img").$SLOT.tpm2"
before=$(failed_tries)
check_fails "another's sealed object is refused" by_pin "$T/one.img"
check_is 'and nothing is given out' '' "$(cat "$T/stdout")"
cp "$T/kept.img" "$T/one.img"
rm -r "$BOOT"
cp -r "$T/kept.boot" "$BOOT"
check_is 'the TPM was not asked' "$before" "$(failed_tries)"
luks2_fake() { # of the same UUID, with a passphrase of the attacker's
	rm "$T/one.img"
	truncate -s 20M "$T/one.img"
	cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --uuid "$(uuid_of "$T/kept.img")" "$T/one.img" "$T/key"
	token_of "$T/kept.img" >"$T/token"
	cryptsetup luksAddKey -q --key-slot "$SLOT" --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file "$T/key" "$T/one.img" "$T/key"
	cryptsetup token import --json-file "$T/token" "$T/one.img"
}
luks2_fake
check_says 'a fake volume is refused before a question' 7 'is not the one that was enrolled' by_pin "$T/one.img"
check_is 'and gets nothing' '' "$(cat "$T/stdout")"
cp "$T/kept.img" "$T/one.img"
machine_off

# --- another TPM
mv "$T/tpm" "$T/tpm.own"
machine_on
before=$(failed_tries)
foreign() { talk 'expect The TPM is not the one that was enrolled' 'expect assphrase for' 'send correct horse battery staple\n' |
	person "$T/one.img" >"$T/talk" 2>&1 || { cat "$T/talk"; return 1; }; ! grep -F 'PIN for' "$T/talk"; }
check 'an exchanged TPM is told before a PIN is asked for' foreign
check_says 'from a descriptor: status 6' 6 'not the TPM that was enrolled' by_pin "$T/one.img"
bus
check_fails 'and the bus' by_pin "$T/one.img"
direct
check_is 'sees no object, no session, no secret' '' "$(cut -c1-2,15-22 "$T/bus" | tail -n 8 | grep -E '^> 00000(157|176|15e)' || true)"
check_is 'nothing is counted' "$before" "$(failed_tries)"
machine_off
rm -r "$T/tpm"
mv "$T/tpm.own" "$T/tpm"

# --- in an image
image_record() { mkdir -p "$1/volumes" && "$O/bootlatch-unlock" --image-record "$(record_of "$T/four.img")" >"$1/volumes/$(uuid_of "$T/four.img").json"; }
machine_on 'the image with it'
check 'what an image knows of it' image_record "$T/image"
check_is 'is not what it is sealed to' '' "$(grep -E 'keyslot|object|passphrase' "$T/image/volumes/"* || true)"
reseal() { bl_both tpm reseal "$T/four.img" --tpm-device "$way"; }
check 'resealed to the boot of that image' reseal
check 'that boot opens it' by_pin "$T/four.img"
check 'the image stays the same' image_record "$T/image2"
check 'byte by byte' cmp "$T/image/volumes/"* "$T/image2/volumes/"*
kept=$CONF kept_boot=$BOOT
CONF=$T/image BOOT=$T/none.boot
check 'and by that record it opens, from the header alone' by_pin "$T/four.img"
check_is 'with the same' 43 "$(wc -c <"$T/stdout")"
CONF=$kept BOOT=$kept_boot
machine_off

# --- another boot, and the cap
machine_on 'another image'
changed() { talk 'expect Changed: PCR 9' 'expect bootlatch tpm reseal' 'expect assphrase for' 'send correct horse battery staple\n' | person "$T/one.img"; }
check 'another image: the PCR is named, the passphrase opens' changed
check_says 'where nobody can type: status 7' 7 'Changed: PCR 9' by_pin "$T/one.img"
check_is 'nothing is counted' 0 "$(failed_tries)"
machine_off
machine_on
check_status 'a later run of a boot whose first one died: the TPM is not used' 7 boot --cap --source-wait 0 --pin-fd 3 3<"$T/pin" </dev/null
check_is 'and it was capped' yes "$(pcr 13 | grep -q '[^0]' && echo yes)"
machine_off
machine_on
was=$(pcr 9)
check_status 'the boot run, and the cap' 1 boot --cap --pin-fd 3 3<"$T/pin" </dev/null
check 'what was measured is kept' grep -q "$was" "$RUN/bootlatch/pcrs.json"
capped=$(pcr 13)
check_is 'the PCR that caps is another one' no "$(printf %s "$capped" | grep -q '[^0]' && echo no)"
check 'again: nothing to do' cap
check_is 'nothing is extended twice' "$capped" "$(pcr 13)"
check_says 'nothing is unsealed any more' 7 'was closed when this system had started' by_pin "$T/one.img"
check_fails 'without a PIN neither' by_nobody "$T/three.img"
check_is 'and gets nothing' '' "$(cat "$T/stdout")"
machine_off
check_says 'the TPM is gone: it cannot be capped, and that is told' 5 'could not be closed' cap
gone() { talk 'expect The TPM cannot be used' 'expect assphrase for' 'send correct horse battery staple\n' | person "$T/one.img"; }
check 'and the passphrase opens' gone
rm -r "$CONF"
mkdir "$CONF"
check 'without a record of a TPM nothing is done' cap
check_is 'and nothing said' '' "$(cap 2>&1)"
check_is 'nothing of it runs on' '' "$(pgrep -f "$O/bootlatch-unlock" || true)"
finish
