#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# enroll --tpm2 and the verbs of the TPM, with a software TPM. tpm2-tools, openssl and cryptsetup are the judges.
# What tpm2_pcrextend does here is what the firmware, GRUB and the kernel do: nothing else of a boot is played.
# shellcheck disable=SC2016 # for inner shells
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
. "$(dirname "$0")/killed.sh"
need 'a TPM is enrolled' unshare ip pcscd opensc-tool gpg swtpm tpm2_getcap tpm2_unseal openssl cryptsetup jq strace xxd
lib_reexec_in_namespace "$0" "$@"
volumes_start
export TSS2_LOG=all+NONE
mkdir -p /run/bootlatch
mount -t tmpfs -o mode=700 tmpfs /run/bootlatch
echo wrong >"$T/wrong"
D=$T/disk.img TAB=$T/crypttab PIN=correct-horse
say_pin "$PIN"

# --- the machine: it is switched on, and what boots is measured
tpm_on() { # NAME
	mkdir -p "$T/$1"
	swtpm socket --tpm2 --tpmstate "dir=$T/$1" --server "type=unixio,path=$T/$1/s" \
		--ctrl "type=unixio,path=$T/$1/s.ctrl" --flags not-need-init,startup-clear >>"$T/$1/log" 2>&1 &
	TPM_PID=$!
	lib_own $TPM_PID
	chip=$T/$1/s
	direct
	lib_wait 100 timeout 5 tpm2_getcap properties-fixed || { cat "$T/$1/log"; exit 2; }
}
tpm_off() {
	tpm2_shutdown -c
	lib_end "$TPM_PID"
	rm -f /run/bootlatch/pcrs.json /run/bootlatch/tried
}
measure() { # PCR WHAT
	for m_bank in sha256 sha384; do
		tpm2_pcrextend "$1:$m_bank=$(printf %s "$2" | openssl dgst -$m_bank -r | cut -d' ' -f1)"
	done
}
boots() { # KERNEL: what GRUB loads
	measure 4 GRUB
	measure 7 keys
	measure 8 "menu of $1"
	measure 9 "$1"
}
direct() { WAY="swtpm:path=$chip" TPM2TOOLS_TCTI="swtpm:path=$chip"; export TPM2TOOLS_TCTI; }
bus() { WAY="cmd:$O/tpmbus $chip $T/bus $*"; }
# What the boot run does at its end: it writes down the values, then extends.
shut() { "$O/bootlatch-unlock" --cap --config "$CONF" --tpm-device "$WAY"; }
pcr() { tpm2_pcrread "sha256:$1" | sed -n "s/^ *$1 *: 0x//p" | tr A-F a-f; }
failed_tries() { lockout --json 2>/dev/null | jq .lockout.failed; }
nothing_left() {
	left=$(tpm2_getcap handles-loaded-session)$(tpm2_getcap handles-transient)$(tpm2_getcap handles-saved-session)
	[ -z "$left" ] || { echo "left in the TPM: $left"; return 1; }
}
keep_srk() { # the machine's own, where others look for it
	tpm2_createprimary -Q -C o -G ecc256:null:aes128cfb -c "$T/srk.ctx" \
		-a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt'
	tpm2_evictcontrol -Q -C o -c "$T/srk.ctx" 0x81000001
	tpm2_flushcontext -t
}
clear_tpm() { tpm2_flushcontext -l; tpm2_flushcontext -t; tpm2_flushcontext -s; }

# --- the program
bl_tpm() { bl "$@" --tpm-device "$WAY" --crypttab-file "$TAB" 3<"$T/pin" 4<"$T/pass"; }
# shellcheck disable=SC2120 # refused gives them
enroll() { bl_tpm enroll "$D" --tpm2 --key-file "$T/key" --pin-fd 3 "$@"; }
reseal() { bl_tpm tpm reseal "$D" --key-file "$T/key" --pin-fd 3 "$@"; }
status() { bl_tpm tpm status "$D" "$@"; }
forget() { bl tpm forget "$D" --crypttab-file "$TAB"; }
on_terminal() { # SCRIPT… -- VERB…
	script=
	while [ "$1" != -- ]; do
		script="$script$1
"
		shift
	done
	shift
	printf %s "$script" | "$O/ptytalk" "$O/bootlatch" "$@" --tpm-device "$WAY"
}
on_terminal_here() { on_terminal "$@" --boot "$BOOT" --config "$CONF" --crypttab-file "$TAB"; }
lockout() { "$O/bootlatch" tpm lockout --tpm-device "$WAY" "$@" </dev/null; }
fresh() { # luks1|luks2: nothing is enrolled
	TYPE=$1
	volume disk "$1"
	rm -rf "$BOOT" "$CONF"
	mkdir "$BOOT" "$CONF"
	UUID=$(uuid_of "$D")
}
refused() { # SENTENCE STATUS TEXT COMMAND…: and nothing was changed
	r_before=$(fingerprint "$D")
	check_says "$@"
	[ "$(fingerprint "$D")" = "$r_before" ] || fail "$1: something was changed"
}

# --- the judge: does the object of keyslot N open it, for that PIN? By tpm2-tools and openssl alone.
sealed_of() { cat "$BOOT/bootlatch/$UUID.$1.tpm2"; }
judge() { # SLOT [PIN]: its words in $T/judge
	(
		cd "$T"
		{
			rm -f j.*
			sealed_of "$1" >j.json
			for part in public private; do jq -r ".$part" j.json | base64 -d >"j.$part"; done
			jq -r '[.pcrs[].pcr | tostring] | join(",")' j.json >j.list
			tpm2_load -Q -C 0x81000001 -u j.public -r j.private -c j.ctx
			tpm2_flushcontext -t
			tpm2_startauthsession --policy-session -S j.session
			tpm2_policypcr -Q -S j.session -l "$(jq -r .bank j.json):$(cat j.list)"
			auth=
			if [ -n "${2:-}" ]; then
				tpm2_policyauthvalue -Q -S j.session
				auth="+hex:$(openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt "pass:$2" -kdfopt \
					"hexsalt:$(jq -r .salt j.json)" -kdfopt iter:10000 PBKDF2 | tr -d ':' | sed 's/\(00\)*$//')"
			fi
			j_rc=0
			tpm2_unseal -c j.ctx -p "session:j.session$auth" -o j.plain || j_rc=$?
			tpm2_flushcontext j.session
			tpm2_flushcontext -t
			[ "$j_rc" = 0 ]
		} >judge 2>&1 && base64 -w 0 j.plain | tr -d = >j.key &&
			cryptsetup open --test-passphrase --key-slot "$1" --key-file j.key "$D" >>judge 2>&1
	)
}

tpm_on one
tpm2_dictionarylockout --setup-parameters --max-tries=5 --recovery-time=1000 --lockout-recovery-time=0
tpm2_pcrallocate -Q sha1:none+sha256:all+sha384:all+sha512:none
tpm_off
tpm_on one
# Heads' key and the machine's own.
keep_srk
tpm2_createprimary -Q -C o -G rsa2048 -c "$T/rsa.ctx"
tpm2_evictcontrol -Q -C o -c "$T/rsa.ctx" 0x81000000
tpm2_flushcontext -t
handles=$(tpm2_getcap handles-persistent)
fresh luks2

# --- refusals, before anything is asked ------------------------------------------------------
part_refusals() {
	tpm_off
	tpm_on one # and nothing measures
	refused 'on a machine that measures nothing: no PIN is refused' 10 'empty' bl_tpm enroll "$D" --tpm2 --no-pin --key-file "$T/key"
	check_says 'with a PIN it is said' 0 'PCRs 4+7+8+9 are empty' enroll
	check 'tpm forget' forget
	fresh luks2
	cryptsetup luksAddKey -q --key-slot 3 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file "$T/key" "$D" "$T/pin"
	boots kernel-1
	for bad in 16 7,23 7+16; do
		refused "--pcrs $bad is refused" 10 'anybody can reset' enroll --pcrs "$bad"
	done
	for bad in seven 7++8 +7 7+ 7,7 24 07 7.8 '7 8' 256 -1; do
		refused "--pcrs $bad is not understood" 2 'numbers from 0 to 23' enroll --pcrs="$bad"
	done
	refused 'nor is an empty one' 2 'not empty' enroll --pcrs=
	refused 'the PCR of the cap alone is refused' 10 'says nothing alone' enroll --pcrs 13
	refused '--pcrs and --profile' 2 'or --profile' enroll --pcrs 7 --profile uefi
	refused 'a profile that nobody knows' 2 'uefi or heads' enroll --profile bios
	refused 'a bank that nobody knows' 2 'sha384 or sha512' enroll --bank sha1
	refused 'a bank that the TPM has not' 1 'no PCRs of bank sha512' enroll --bank sha512
	refused 'a keyslot that is in use' 1 'Keyslot 3 is in use' enroll --keyslot 3
	refused 'a handle that is none' 2 'persistent handle' enroll --srk 41000001
	refused 'a handle where nothing is' 6 'no storage root key' enroll --srk 81000009
	refused 'a handle of another kind of key' 6 'no storage root key' enroll --srk 0x81000000
	refused 'a way to the TPM that nobody knows' 2 'how to reach a TPM' enroll --tpm-device 'tpm:x'
	refused 'without a PIN and a set that measures no initramfs' 10 'Enroll with a PIN' bl_tpm enroll "$D" --tpm2 --no-pin --pcrs 0+7 --key-file "$T/key"
	refused 'without a PIN and without a terminal' 10 'no terminal' setsid -w sh -c \
		'"$1" enroll "$2" --tpm2 --no-pin --key-file "$3" --boot "$4" --config "$5" --tpm-device "$6"' - \
		"$O/bootlatch" "$D" "$T/key" "$BOOT" "$CONF" "$WAY"
	refused '--no-pin with --pin-fd' 2 'not both' enroll --no-pin
	refused '--pin with --no-pin' 2 'not both' enroll --pin --no-pin
	refused '--pcrs without --tpm2' 2 'go with --tpm2' bl enroll "$D" --pcrs 7
	refused '--tpm2 with --cert' 2 'leave --card' enroll --cert "$T/key"
	say_pin 12345
	refused 'a PIN that is too short' 3 '6 to 127' enroll
	printf '%s\0\n' "$PIN" >"$T/pin"
	refused 'one with a NUL, that nobody could type at the boot' 3 'a byte that nobody can type' enroll
	say_pin ''
	refused 'an empty one' 3 '6 to 127' enroll
	say_pin "$PIN"
	refused 'a key file that does not open it' 1 'does not open' enroll --key-file "$T/wrong"
	for dir in /nowhere/x /sys; do
		refused "that $dir takes no file is not the TPM's fault" 1 'bootlatch enroll: ' "$O/bootlatch" enroll "$D" --tpm2 \
			--tpm-device "$WAY" --boot "$dir" --config "$CONF" --key-file "$T/key" --pin-fd 3 3<"$T/pin"
		check_is 'nor said to be' 0 "$(grep -c 'bank\|hierarchy' "$T/words")"
	done
	if [ ! -e /dev/tpm0 ]; then
		refused 'no TPM in this machine' 5 'no TPM 2.0 here' bl enroll "$D" --tpm2 --key-file "$T/key" --pin-fd 3 3<"$T/pin"
	fi
	bus say 17e 101
	refused 'a TPM in failure mode' 5 'TPM failed' enroll
	bus mute 17e
	refused 'a TPM that does not answer' 5 'gave no answer' enroll
	bus say 153 922
	refused 'one that fails when it seals' 5 'TPM failed' enroll
	bus say 15e 101
	check_says 'one that does not give it back: nothing is enrolled' 5 'did not give back' enroll
	check_is 'no keyslot, no token, no file is left' '0 3 0 ' "$(slots "$D") $(tokens "$D") $(find "$BOOT" "$CONF" -type f)"
	direct
	lib_wait 20 timeout 5 tpm2_getcap properties-fixed
	clear_tpm
	tpm2_evictcontrol -Q -C o -c 0x81000001
	tpm2_changeauth -c owner secret
	refused 'an owner hierarchy with a password' 1 'owner hierarchy has a password' enroll
	tpm2_changeauth -c owner -p secret
	keep_srk
	touch "$BOOT/kexec_lukshdr_hash.txt"
	refused 'PCR 6 beside Heads' 10 'profile heads' enroll --pcrs 6+8
	rm "$BOOT/kexec_lukshdr_hash.txt"
}

# --- it works, as its judges see it -----------------------------------------------------------
part_enroll() {
	for TYPE in luks2 luks1; do
		fresh "$TYPE"
		check_says "$TYPE: enrolled" 0 'opens keyslot 2' enroll --json
		jq -e '.keyslot == 2 and .needs_pin and .bank == "sha256" and .cap == 13 and .proven and .ok and
			(.sealed_to_saved | not) and [.pcrs[].pcr] == [4, 7, 8, 9, 13] and .lockout.max == 5' >/dev/null 2>&1 <<-END ||
	$(sed -n '/^{/,$p' "$T/words")
	END
			fail "$TYPE: what it says as JSON" "$(cat "$T/words")"
		what='bootlatch tpm reseal'
		[ "$TYPE" = luks2 ] || what='cryptsetup convert'
		check_is "$TYPE: what has to follow is said" 1 "$(grep -c "$what" "$T/words" | sed 's/[2-9]/1/')"
		check "$TYPE: tpm2-tools open it with the PIN" judge 2 "$PIN"
		check_fails "$TYPE: and not with another" judge 2 wrong-horse
		check_is "$TYPE: the record" '[2,"tpm2",true,13]' \
			"$(jq -c '.ways[0] | [.keyslot, .backend, .needs_pin, .cap]' "$(record_of "$D")")"
		tpm2_readpublic -Q -c 0x81000001 -n "$T/name"
		check_is "$TYPE: the storage root key's name is in it" "$(xxd -p "$T/name" | tr -d '\n')" \
			"$(jq -r '.ways[0].srk' "$(record_of "$D")")"
		check "$TYPE: list knows it" in_json_is "$D" '.enrolled[0] | .complete and .backend == "tpm2" and .needs_pin'
		refused "$TYPE: twice" 1 'has a way into' enroll
		check_says "$TYPE: tpm status" 0 'opens at a boot like this one' status
		[ "$TYPE" = luks1 ] || check_is 'the token holds the same as the file' "$(sealed_of 2 | jq -Sc .)" \
			"$(cryptsetup token export --token-id 0 "$D" | jq -Sc .sealed)"
		check "$TYPE: tpm forget" forget
		check "$TYPE: leaves nothing" sh -c '[ "$1" = 0 ] && [ -z "$(find "$2" -type f)" ]' - "$(slots "$D")" "$BOOT"
	done
	check_is 'the handles of the TPM are what they were' "$handles" "$(tpm2_getcap handles-persistent)"
	check 'nothing of ours is left in the TPM' nothing_left
	check_is 'a wrong PIN was counted each time, and nothing else' 2 "$(failed_tries)"
	tpm2_dictionarylockout -c

	fresh luks2
	check_says 'a list without the cap has it added, and that is said' 0 'PCR 13 was added' enroll --pcrs 0,7 --bank sha384
	cp "$T/words" "$T/words.kept"
	check_is 'and what it does not measure' 1 "$(grep -c 'none of PCRs 0+7+13' "$T/words.kept")"
	check 'tpm2-tools open it' judge 2 "$PIN"
	forget >/dev/null
	fresh luks2
	refused 'without a PIN and without the boot loader' 10 'puts into them by hand' bl_tpm enroll "$D" --tpm2 --no-pin --pcrs 7+8+9 --key-file "$T/key"
	check_says 'with a PIN it is said' 0 'the boot loader is not measured into PCRs 7+8+9+13' enroll --pcrs 7+8+9
	forget >/dev/null
	fresh luks2
	check_says 'PCRs that go on changing are told of' 0 'go on changing' enroll --pcrs 9+11+13
	forget >/dev/null
	fresh luks2
	measure 4 mode
	measure 2 coreboot
	for f in kexec_lukshdr_hash.txt kexec_primhdl_hash.txt; do echo x >"$BOOT/$f"; done
	check_says 'beside Heads: that its key becomes stale is said before' 0 're-seal in Heads' enroll --profile heads
	check_is 'without PCR 6, capped in 4' '[[0,1,2,3,4,5,7],4]' \
		"$(echo "$(sealed_of 2 | jq -c '[.pcrs[].pcr]') $(jq '.ways[0].cap' "$(record_of "$D")")" | jq -sc .)"
	check 'tpm2-tools open it' judge 2 "$PIN"
	check_says 'forgetting says so too' 0 're-seal in Heads' forget

	fresh luks2
	check_status 'without a PIN, which a person types the words for' 0 on_terminal_here 'expect Type "no pin"' 'send no pin\n' end \
		-- enroll "$D" --tpm2 --no-pin --key-file "$T/key"
	check 'tpm2-tools open it without' judge 2
	check 'the record says so' jq -e '.ways[0].needs_pin == false' "$(record_of "$D")"
	measure 9 'an update'
	check_says 'it is resealed as it was, without a PIN' 0 'opens keyslot 3 of' bl_tpm tpm reseal "$D" --key-file "$T/key"
	check 'tpm2-tools open it' judge 3
	check_says 'or with one from now on' 0 'with the PIN' reseal --pin
	check 'tpm2-tools open it with it' judge 2 "$PIN"
	forget >/dev/null
	fresh luks2
	check_status 'other words: nothing is done' 10 on_terminal_here 'expect Type "no pin"' 'send yes\n' end \
		-- enroll "$D" --tpm2 --no-pin --key-file "$T/key"
	check_status 'a person types the PIN twice' 0 on_terminal_here 'expect New PIN of the TPM' 'send 123456\n' 'expect same PIN again' \
		'send 123457\n' 'expect not the same' 'expect New PIN' 'send 123456\n' 'expect same PIN again' 'send 123456\n' end \
		-- enroll "$D" --tpm2 --key-file "$T/key"
	check 'and that is it' judge 2 123456
	forget >/dev/null
	fresh luks2
	check_status 'never the same' 10 on_terminal_here 'expect New PIN' 'send 123456\n' 'expect again' 'send 123457\n' \
		'expect New PIN' 'send 123456\n' 'expect again' 'send 123457\n' 'expect New PIN' 'send 123456\n' 'expect again' 'send 123457\n' \
		end -- enroll "$D" --tpm2 --key-file "$T/key"
}

# --- an update, and what blesses it -------------------------------------------------------------
part_update() {
	fresh luks2
	enroll >/dev/null
	tpm_off
	tpm_on one
	boots kernel-2
	check_fails 'after an update the TPM does not open it' judge 2 "$PIN"
	check_says 'tpm status says which PCR' 7 "CHANGED    GRUB's menu" status
	check_is 'in JSON too' '["changed",[8,9]]' \
		"$(status --json 2>/dev/null | jq -c '.volumes[0].ways[0] | [.state, [.pcrs[] | select(.same | not) | .pcr]]')"
	refused 'resealing asks for what opens it' 1 'does not open' reseal --key-file "$T/wrong"
	own=$TPM_PID
	tpm_on other
	boots kernel-2
	refused 'another TPM is told nothing' 6 'cleared or exchanged' reseal
	tpm_off
	TPM_PID=$own chip=$T/one/s
	direct
	check_says 'resealed' 0 'PCR  9 has changed' reseal
	check_is 'in a keyslot of its own, the old one is gone' '0 3' "$(slots "$D")"
	check_is 'one token' 1 "$(tokens "$D")"
	check_is 'one file' "$UUID.3.tpm2" "$(ls "$BOOT/bootlatch")"
	check 'tpm2-tools open it' judge 3 "$PIN"
	check_says 'tpm status: it opens' 0 'opens at a boot' status
	check_says 'tpm status of a TPM that is gone' 5 'TPM failed' bl tpm status "$D" --tpm-device swtpm:path=/nowhere
	before=$(fingerprint "$D")
	check_says 'again: nothing to do' 0 'already' reseal
	check_is 'and nothing is done' "$before" "$(fingerprint "$D")"
	say_pin another-horse
	check_says 'another PIN' 0 'opens keyslot 2' reseal --pin
	check 'which it is' judge 2 another-horse
	check_fails 'and the old one is not' judge 2 "$PIN"
	say_pin "$PIN"
	say_pass 'correct horse battery staple'
	check_says 'by a typed passphrase' 0 'opens keyslot 3' bl_tpm tpm reseal "$D" --force --pin-fd 3 --passphrase-fd 4 --wait 1
	check 'which opens' judge 3 "$PIN"
	cp "$BOOT/bootlatch/$UUID.3.tpm2" "$T/kept"
	echo '{' >"$BOOT/bootlatch/$UUID.3.tpm2"
	check_says 'a damaged file: the token serves' 0 'opens at a boot' status
	cryptsetup token remove --token-id "$(cryptsetup luksDump --dump-json-metadata "$D" | jq -r '.tokens | keys[0]')" "$D"
	check_says 'no token either: it is damaged' 7 'damaged' status
	check_says 'and made anew' 0 'opens keyslot 2' reseal
	check 'which opens' judge 2 "$PIN"
	tpm2_dictionarylockout -c
}

part_card() {
	pcscd_start || { fail 'pcscd starts with vpcd'; return; }
	card_make alice cv25519 00000A01 || { fail 'gpg makes keys on the card'; return; }
	fresh luks2
	say_pin 123456
	say_pass 'correct horse battery staple'
	check 'a card has a way in' bl_both enroll "$D" --crypttab-file "$TAB"
	say_pin "$PIN"
	check 'and the TPM' enroll
	measure 9 'an update'
	say_pin 123456 "$PIN"
	check_says 'the card opens it, and so it may be resealed' 0 'opens keyslot 4' verifies alice 1 \
		bl_tpm tpm reseal "$D" --wait 2 --pin-fd 3
	say_pin "$PIN"
	check 'tpm2-tools open it' judge 4 "$PIN"
	check_is 'both have a way in' '["openpgp-card","tpm2"]' "$(in_json "$D" '[.enrolled[] | select(.complete) | .backend] | tojson')"
	check_says 'what the TPM has is forgotten' 0 'Keyslot 4' forget
	check_is "the card's stays" '["openpgp-card"]' "$(in_json "$D" '[.enrolled[] | select(.complete) | .backend] | tojson')"
	pcscd_stop
}

# --- a boot that was shut -----------------------------------------------------------------------
part_shut() {
	fresh luks2
	enroll >/dev/null
	measure 9 'something later' # as an update would
	shut
	check_says 'a boot that was shut: what was measured before counts' 0 'before that' reseal --json
	check_is 'JSON says so' true "$(sed -n '/^{/,$p' "$T/words" | jq .sealed_to_saved)"
	check_fails 'now it does not open' judge 3 "$PIN"
	check_says 'tpm status knows why' 0 'was shut with PCR 13' status
	pcr9=$(pcr 9)
	cp /run/bootlatch/pcrs.json "$T/pcrs.json"
	tpm_off
	tpm_on one
	boots kernel-1
	measure 9 'something later'
	check_is 'the same is measured' "$pcr9" "$(pcr 9)"
	check 'the next boot opens it' judge 3 "$PIN"
	(umask 077 && cp "$T/pcrs.json" /run/bootlatch/pcrs.json) # as a cap that failed leaves it
	check_says 'what was to be shut and is open is told' 0 'was NOT shut: PCR 13' status
	check_is 'in JSON too' false "$(status --json 2>/dev/null | jq .capped)"
	shut
	check_is 'and shut it is' true "$(status --json 2>/dev/null | jq .capped)"
	chmod 644 /run/bootlatch/pcrs.json
	check_says 'a note that others may read is not believed' 0 'PCR 13, which' reseal --force
	chmod 600 /run/bootlatch/pcrs.json
	chown 65534 /run/bootlatch/pcrs.json
	check_says 'nor one that is not root'"'"'s' 0 'PCR 13, which' reseal --force
	chown 0 /run/bootlatch/pcrs.json
	chmod 755 /run/bootlatch
	check_says 'nor one in a folder of others' 0 'PCR 13, which' reseal --force
	chmod 700 /run/bootlatch
	echo '{"version":1' >/run/bootlatch/pcrs.json
	check_says 'nor a damaged one' 0 'PCR 13, which' reseal --force
	tpm_off
	tpm_on one
	boots kernel-1
}

# --- what others wrote ----------------------------------------------------------------------------
part_forged() {
	fresh luks2
	enroll >/dev/null
	mkdir "$T/theirs" "$T/theirs/boot" "$T/theirs/etc"
	cp --sparse=always "$D" "$T/theirs.img"
	"$O/bootlatch" enroll "$T/theirs.img" --boot "$T/theirs/boot" --config "$T/theirs/etc" --tpm2 --key-file "$T/key" --pin-fd 3 \
		--tpm-device "$WAY" --crypttab-file "$TAB" 3<"$T/pin" </dev/null >/dev/null
	their=$(ls "$T/theirs/boot/bootlatch")
	cp "$T/theirs/boot/bootlatch/$their" "$BOOT/bootlatch/$UUID.2.tpm2"
	check_is "an attacker's file on /boot is not taken" false "$(in_json "$D" '.enrolled[0].has_blob_file')"
	check_says 'the token serves' 0 'opens at a boot' status
	cryptsetup token remove --token-id 0 "$D"
	jq -c '{type: "bootlatch", keyslots: ["2"], version: 1, backend: "tpm2", sealed: .}' "$BOOT/bootlatch/$UUID.2.tpm2" >"$T/token"
	cryptsetup token import --token-id 0 --json-file "$T/token" "$D"
	check_is "an attacker's token is not either" false "$(in_json "$D" '.enrolled[0].complete')"
	check_says 'tpm status: nothing opens' 7 'damaged' status
	fresh luks2
	enroll >/dev/null
	jq -c '.ways[0].needs_pin = false' "$(record_of "$D")" >"$T/r" && cat "$T/r" >"$(record_of "$D")"
	check_says 'a PIN flag that differs from the record' 7 'NOT what the record says' status
	fresh luks2
	enroll >/dev/null
	jq -c '.ways[0].cap = 5' "$(record_of "$D")" >"$T/r" && cat "$T/r" >"$(record_of "$D")"
	check_says 'a cap that is not among its PCRs' 7 'NOT what the record says' status
	echo '{' >"$(record_of "$D")"
	check_says 'a record that cannot be read is no way in less' 7 'record of' status
	refused 'nor is anything resealed' 7 'cannot be read' reseal
	refused 'or forgotten' 7 'cannot be read' forget
}

# --- a token is anybody's word where no record is -----------------------------------------------------
token_for() { # SLOT: the token of the TPM's way in, for another keyslot
	cryptsetup token export --token-id 0 "$D" | jq -c ".keyslots = [\"$1\"]" >"$T/token"
	cryptsetup token import --json-file "$T/token" "$D"
}
part_tokens() {
	fresh luks2
	enroll >/dev/null
	cryptsetup luksAddKey -q --key-slot 5 --pbkdf pbkdf2 --pbkdf-force-iterations 200000 --key-file "$T/key" "$D" "$T/wrong"
	token_for 0
	token_for 5
	check_says 'forget goes by the record' 0 'Keyslot 2' forget
	check_is "a token kills nobody else's keyslot" '0 5' "$(slots "$D")"
	fresh luks2
	enroll >/dev/null
	cryptsetup luksAddKey -q --key-slot 5 --pbkdf pbkdf2 --pbkdf-force-iterations 200000 --key-file "$T/key" "$D" "$T/wrong"
	token_for 0
	token_for 5
	rm -r "$CONF"
	mkdir "$CONF"
	check_says 'without a record: status says what to do' 7 'has no record of' status
	check_says 'without a record: refused for those that are not as we make them' 10 'does not look like one of ours' forget
	check_is 'ours is removed all the same' '0 5' "$(slots "$D")"
	check_is 'the TPM kept nothing that could be deleted' "$handles" "$(tpm2_getcap handles-persistent)"
}

# --- two copies: the TPM takes one ---------------------------------------------------------------------
spoil() { jq -c '.private |= (.[0:80] + (if .[80:81] == "A" then "B" else "A" end) + .[81:])'; }
tests() { bl test "$D" --tpm-device "$WAY" --pin-fd 3 3<"$T/pin"; }
part_copies() {
	fresh luks2
	enroll >/dev/null
	sealed_of 2 >"$T/whole"
	spoil <"$T/whole" >"$BOOT/bootlatch/$UUID.2.tpm2"
	check 'a garbled copy on /boot hides no good one' tests
	cryptsetup token export --token-id 0 "$D" >"$T/token"
	cryptsetup token remove --token-id 0 "$D"
	jq -c .sealed "$T/token" | spoil | jq -c --slurpfile t "$T/token" '. as $s | $t[0] | .sealed = $s' >"$T/token.bad"
	cryptsetup token import --token-id 0 --json-file "$T/token.bad" "$D"
	cp "$T/whole" "$BOOT/bootlatch/$UUID.2.tpm2"
	check 'nor does a garbled one in the header' tests
	check_is 'of the tries none was spent' 0 "$(failed_tries)"
	spoil <"$T/whole" >"$BOOT/bootlatch/$UUID.2.tpm2"
	check_says 'both garbled: that is told' 1 'is damaged' tests
	check 'nothing of ours is left in the TPM' nothing_left
	check_is 'and none was spent' 0 "$(failed_tries)"
}

# --- several volumes -------------------------------------------------------------------------------------
all_of() { bl_tpm "$@" --key-file "$KEY" --pin-fd 3; }
part_several() {
	volume second luks2
	fresh luks2
	first=$D first_uuid=$UUID KEY=$T/key
	enroll >/dev/null
	D=$T/second.img UUID=$(uuid_of "$T/second.img")
	enroll >/dev/null
	printf 'a %s none luks,keyscript=decrypt_bootlatch\nb %s none luks,keyscript=decrypt_bootlatch\n' "$first" "$D" >"$TAB"
	check_is 'tpm status of the machine: both open' '["opens","opens"]' \
		"$(bl_tpm tpm status --json 2>/dev/null | jq -c '[.volumes[].ways[0].state]')"
	tpm_off
	tpm_on one
	boots kernel-2
	echo another >"$T/second.key"
	cryptsetup luksAddKey -q --key-slot 5 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file "$T/key" "$D" "$T/second.key"
	KEY=$T/second.key
	check_says 'reseal: one that fails is told' 1 "does not open $first" all_of tpm reseal --json
	check_is 'and keeps not the other from it' "[[\"$first\",false],[\"$D\",true]]" \
		"$(sed -n '/^{/,$p' "$T/words" | jq -c '[.volumes[] | [.device, .proven // false]]')"
	check_is 'how many is said at the end' '1 of 2 volumes failed, as told above.' "$(sed -n '/^{/,$p' "$T/words" | jq -r .message)"
	check 'the other one opens at boots like this one' judge 3 "$PIN"
	check_is 'the first is as it was' '0 2' "$(slots "$first")"
	KEY=$T/key
	check_says 'again: one has been, one is resealed' 0 'already' all_of tpm reseal
	check_is 'both open' '["opens","opens"]' "$(bl_tpm tpm status --json 2>/dev/null | jq -c '[.volumes[].ways[0].state]')"
	check_is 'and each has one way in' '0 3/0 3 5' "$(slots "$first")/$(slots "$D")"
	D=$first UUID=$first_uuid
	check 'that of the first' judge 3 "$PIN"
	cryptsetup luksKillSlot -q "$D" 0
	check_says 'forget: the last way into one is kept' 10 '1 of 2 volumes failed' bl tpm forget --crypttab-file "$TAB" --no-initramfs
	check_is 'and the other is forgotten' '3/0 5' "$(slots "$D")/$(slots "$T/second.img")"
	rm "$TAB"
}

keyscript() { # by the passphrase, as what cryptsetup calls
	"$O/bootlatch-unlock" --device "$D" --boot "$BOOT" --config "$CONF" --run "$T" --tpm-device "$WAY" --wait 1 \
		--pin-fd 3 --passphrase-fd 4 3<"$T/pin" 4<"$T/pass" >"$T/stdout"
}

# --- a TPM 1.2 ---------------------------------------------------------------------------------------------
part_old() {
	fresh luks2
	enroll >/dev/null
	tpm_off
	mkdir -p "$T/old"
	swtpm socket --tpmstate "dir=$T/old" --server "type=unixio,path=$T/old/s" \
		--ctrl "type=unixio,path=$T/old/s.ctrl" --flags not-need-init,startup-clear >>"$T/old/log" 2>&1 &
	TPM_PID=$!
	lib_own "$TPM_PID"
	lib_wait 100 test -S "$T/old/s" || { fail 'a TPM 1.2' "$(cat "$T/old/log")"; return; }
	WAY=swtpm:path=$T/old/s
	volume plain luks2
	old=$D D=$T/plain.img
	refused 'a TPM 1.2: enrolling says what serves' 1 'This machine has a TPM 1.2' enroll
	check_is "Heads' key is one" 1 "$(grep -c 'With Heads its own disk unlock key' "$T/words")"
	D=$old
	check_says 'tpm lockout too' 1 'This machine has a TPM 1.2' lockout
	check_says 'tpm status too' 1 'This machine has a TPM 1.2' status
	check_says 'tpm reseal too' 1 'This machine has a TPM 1.2' reseal
	say_pass 'correct horse battery staple'
	check_says 'at boot that is told' 0 'The TPM cannot be used' keyscript
	check_is 'and the passphrase opens' 'correct horse battery staple' "$(cat "$T/stdout")"
	lib_end "$TPM_PID"
	tpm_on one
}

# --- built without tss2 --------------------------------------------------------------------------------------
# The objects are the same but for those that are not: they are compiled, and both programs linked.
without_tss2() {
	mkdir "$T/notpm"
	(cd "$O" && find core crypto card openpgp unlock sign cli -name '*.o' ! -name 'tpm2_esys.o' -print0 | tar -c --null -T -) |
		tar -x -C "$T/notpm"
	(unset MAKEFLAGS MAKELEVEL && cd "$(dirname "$0")/../.." &&
		make -s WITH_TPM2=0 "O=$T/notpm" "$T/notpm/bootlatch" "$T/notpm/bootlatch-unlock")
}
part_none() {
	fresh luks2
	enroll >/dev/null
	check 'it is built without tss2' without_tss2 || return 0
	check_is 'and linked without' '' "$(ldd "$T/notpm/bootlatch" "$T/notpm/bootlatch-unlock" | grep tss2 || true)"
	with=$O O=$T/notpm
	say_pass 'correct horse battery staple'
	check_says 'what a TPM has a way into: that is told' 0 'The TPM cannot be used' keyscript
	check_is 'and the passphrase opens' 'correct horse battery staple' "$(cat "$T/stdout")"
	for verb in status reseal; do
		check_says "tpm $verb says so" 1 'built without TPM support' bl_tpm tpm "$verb" "$D"
	done
	check_says 'tpm lockout says so' 1 'built without TPM support' lockout
	check_says 'tpm forget needs none' 0 'Keyslot 2' forget
	refused 'enroll --tpm2 says so' 1 'built without TPM support' enroll
	O=$with
}

# --- the last way in, and unenroll ------------------------------------------------------------------
part_last() {
	fresh luks2
	enroll >/dev/null
	cryptsetup luksKillSlot -q "$D" 0
	refused 'the last way in is kept' 10 'last way into' forget
	refused 'also with --force where nobody confirms it' 10 'terminal' setsid -w sh -c \
		'"$1" tpm forget "$2" --force --boot "$3" --config "$4" --crypttab-file "$5"' - "$O/bootlatch" "$D" "$BOOT" "$CONF" "$TAB"
	volume plain luks2
	check_says 'status of a volume without one' 8 'no way into' sh -c \
		'"$1" tpm status "$2" --boot "$3" --config "$4" --tpm-device "$5"' - "$O/bootlatch" "$T/plain.img" "$BOOT" "$CONF" "$WAY"
	fresh luks2
	enroll >/dev/null
	check 'unenroll takes it away as well' bl unenroll "$D" --keyslot 2 --crypttab-file "$TAB"
	check_is 'all of it' 0 "$(slots "$D")"
	fresh luks2
	enroll >/dev/null
	rm "$BOOT/bootlatch/$UUID.2.tpm2"
	check 'record renew' bl record renew "$D" --key-file "$T/key"
	check 'writes the file on /boot anew' judge 2 "$PIN"
}

# --- the lockout --------------------------------------------------------------------------------------
part_lockout() {
	fresh luks2
	enroll >/dev/null
	for i in 1 2 3 4 5; do judge 2 "wrong-$i" || true; done
	fresh luks2
	refused 'a locked TPM: enrolling says so' 4 'is locked: 5 wrong PINs' enroll
	check_says 'tpm lockout tells it' 0 'IS locked' lockout
	check_is 'in JSON' '[5,5,1000,true,false]' "$(lockout --json 2>/dev/null | jq -c '.lockout | [.failed, .max, .interval_s, .locked, .password]')"
	check_says '--reset forgets them' 0 '0 counted' lockout --reset
	check 'and it works again' enroll
	check_says '--set is confirmed on a terminal' 10 'no terminal' setsid -w "$O/bootlatch" tpm lockout --tpm-device "$WAY" --set 10,600,60
	for bad in 10 10,600 10,600,60,1 a,b,c 010,1,1 1,,2 4294967296,1,1; do
		check_says "--set $bad is not understood" 2 'TRIES,SECONDS,SECONDS' lockout --set "$bad"
	done
	check_says 'too few tries' 10 'power cut' lockout --set 2,600,60
	check_says 'no time' 10 'count no wrong PINs' lockout --set 10,0,60
	check_status 'which a person does' 0 on_terminal 'expect After 10 wrong PINs' 'expect Type "set it"' 'send set it\n' end -- \
		tpm lockout --set 10,600,0
	check_is 'it is set' '[10,600,0]' "$(lockout --json 2>/dev/null | jq -c '.lockout | [.max, .interval_s, .recovery_s]')"
	: >"$T/bus"
	bus
	check_status 'a password of its own' 0 on_terminal 'expect Windows and Heads' 'expect Type "new password"' 'send new password\n' \
		'expect New password' 'send open-sesame\n' 'expect The same again' 'send open-sesame\n' end -- tpm lockout --password
	direct
	check_is 'which is not on the bus' 0 "$(grep -c "$(printf open-sesame | xxd -p)" "$T/bus")"
	check_is 'it has one' true "$(lockout --json 2>/dev/null | jq -c .lockout.password)"
	judge 2 wrong-1 || true
	printf 'open-sesame\n' >"$T/auth"
	check_says '--reset asks for it' 0 '0 counted' sh -c '"$1" tpm lockout --tpm-device "$2" --reset --auth-fd 5 5<"$3"' - \
		"$O/bootlatch" "$WAY" "$T/auth"
	printf 'wrong\n' >"$T/auth"
	check_says 'a wrong one' 3 'not the password' sh -c '"$1" tpm lockout --tpm-device "$2" --reset --auth-fd 5 5<"$3"' - \
		"$O/bootlatch" "$WAY" "$T/auth"
	printf 'open-sesame\n' >"$T/auth"
	check_says 'shuts the right one out too' 4 'waits after a wrong password' sh -c \
		'"$1" tpm lockout --tpm-device "$2" --reset --auth-fd 5 5<"$3"' - "$O/bootlatch" "$WAY" "$T/auth"
	check 'nothing of ours is left in the TPM' nothing_left
}

# --- another TPM ---------------------------------------------------------------------------------------
part_other() {
	tpm_off
	tpm_on two
	boots kernel-2
	tpm2_dictionarylockout --setup-parameters --max-tries=5 --recovery-time=1000 --lockout-recovery-time=0
	fresh luks2
	check_says 'a storage root key is made where none is kept' 0 'opens keyslot 2' enroll
	check_is 'and so written down' none "$(sealed_of 2 | jq -r .srk)"
	check_is 'none is kept then either' '' "$(tpm2_getcap handles-persistent)"
}

# --- killed at whatever changes something ----------------------------------------------------------------
under() { # STRACE-OPTIONS… -- VERB…
	u_options=
	while [ "$1" != -- ]; do
		u_options="$u_options $1"
		shift
	done
	shift
	# shellcheck disable=SC2086 # words without blanks
	strace -y -o "$T/strace" -e trace=$CALLS $u_options "$O/bootlatch" "$@" --boot "$BOOT" --config "$CONF" \
		--tpm-device "$WAY" --crypttab-file "$TAB" 3<"$T/pin" </dev/null
}
keep() {
	rm -rf "$T/kept-$1"
	mkdir "$T/kept-$1"
	cp --sparse=always "$D" "$T/kept-$1/disk"
	cp -a "$BOOT" "$T/kept-$1/boot"
	cp -a "$CONF" "$T/kept-$1/etc"
}
restore() {
	cp --sparse=always "$T/kept-$1/disk" "$D"
	rm -rf "$BOOT" "$CONF"
	cp -a "$T/kept-$1/boot" "$BOOT"
	cp -a "$T/kept-$1/etc" "$CONF"
}
one_way() { # complete, proven by the program, and nothing beside it
	in_json_is "$D" '(.enrolled | length) == 1 and .enrolled[0].complete and .enrolled[0].has_blob_file and
		.interrupted_keyslot == null and (.keyslots | length) == 2' || { bl list "$D"; return 1; }
	[ "$(tokens "$D")" = 1 ] || { echo "tokens: $(tokens "$D")"; return 1; }
	[ -z "$(find "$BOOT" "$CONF" -name '.?*' -o -name '*.enrolling')" ] || { find "$BOOT" "$CONF"; return 1; }
	status >/dev/null || { status; return 1; }
}
killed() { # STATE NAME N VERB…: killed there, the passphrase opens it and the verb ends it when it runs again
	k_state=$1 k_name=$2 k_n=$3 k_rc=0
	shift 3
	restore "$k_state"
	under -e "inject=$k_name:signal=KILL:when=$k_n" -- "$@" >"$T/said" 2>&1 || k_rc=$?
	clear_tpm
	[ "$k_rc" = 137 ] || { echo "status $k_rc"; cat "$T/said"; return 1; }
	opens "$D" || { echo 'the passphrase does not open it'; return 1; }
	[ "$k_state" = clean ] || in_json_is "$D" '[.enrolled[] | select(.complete)] | length >= 1' ||
		{ echo 'no way in is left'; bl list "$D"; return 1; }
	"$AGAIN" || { echo "again: status $?"; return 1; }
	one_way
}
each() { # SENTENCE STATE STEP VERB…
	e_what=$1 e_state=$2 e_step=$3 e_n=0 e_last=$(wc -l <"$T/points")
	shift 3
	while read -r e_name e_when; do
		e_n=$((e_n + 1))
		# The last ones are when all is there but the end of it.
		[ $((e_n % e_step)) = 0 ] || [ "$e_n" -gt $((e_last - 3)) ] || continue
		check "$e_what killed at $e_name number $e_when" killed "$e_state" "$e_name" "$e_when" "$@" <&-
	done <"$T/points"
}
again_enroll() { enroll || [ "$(in_json "$D" '.enrolled[0].complete')" = true ]; }
part_killed() {
	fresh luks2
	keep clean
	check 'enrolling, traced' under -- enroll "$D" --tpm2 --key-file "$T/key" --pin-fd 3
	keep enrolled
	points "$D" "$BOOT/" "$CONF/" >"$T/points"
	AGAIN=again_enroll
	each 'enrolling' clean "${STEP:-4}" enroll "$D" --tpm2 --key-file "$T/key" --pin-fd 3
	restore enrolled
	measure 9 'another update'
	check 'resealing, traced' under -- tpm reseal "$D" --key-file "$T/key" --pin-fd 3
	points "$D" "$BOOT/" "$CONF/" >"$T/points"
	AGAIN=reseal
	each 'resealing' enrolled "${STEP:-6}" tpm reseal "$D" --key-file "$T/key" --pin-fd 3
}

for part in ${PARTS:-refusals enroll update card shut forged tokens copies several old none last lockout other killed}; do
	tpm_off
	tpm_on one
	boots kernel-1
	"part_$part"
done
tpm_off
finish
