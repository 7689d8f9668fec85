#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The boot run of bootlatch-unlock up to the mapping, which this kernel refuses (make vm maps for real).
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
need 'the boot run opens volumes' unshare ip pcscd opensc-tool gpg cryptsetup jq
if (: >/dev/mapper/control) 2>/dev/null; then
	skip 'the boot run opens volumes' 'this kernel has device-mapper, and nothing shall be mapped here'
	finish
fi
lib_reexec_in_namespace "$0" "$@"
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
volumes_start

TAB=$T/crypttab
OURS=luks,keyscript=decrypt_bootlatch
boot() { # OPTIONS…
	"$O/bootlatch-unlock" --crypttab "$TAB" --boot "$BOOT" --config "$CONF" --wait "$WAIT" "$@" </dev/null
}
boot_pin() { boot --pin-fd 3 "$@" 3<"$T/pin"; }
boot_pass() { boot --passphrase-fd 4 "$@" 4<"$T/pass"; }
has() { printf '%s\n' "$@" | while read -r h; do grep -qF -e "$h" "$T/words" || { echo "not said: $h"; return 1; }; done; }

printf 'a %s none luks\n# b\n' "$T/none.img" >"$TAB"
check_is 'nothing of ours in crypttab: status 0, and not a word' '' "$(boot 2>&1)"
check_status 'no crypttab' 1 "$O/bootlatch-unlock" --crypttab "$T/none"
head -c 70000 /dev/zero >"$T/long"
check_status 'one without an end' 1 "$O/bootlatch-unlock" --crypttab "$T/long"
check_status '--crypttab with a key field' 2 boot none
check_status '--crypttab with --device' 2 boot --device /dev/null
check_status '--source-wait without a number' 2 boot --source-wait x

card_make cv25519 cv25519 00000B01 || { fail 'gpg makes keys on the card'; finish; }
volume one luks2
volume two luks1
for i in one two; do bl_both enroll "$T/$i.img" >/dev/null || fail "$i is enrolled"; done

printf 'a %s none %s\nb\\040c %s none %s,discard\n' "$T/one.img" $OURS "$T/two.img" $OURS >"$TAB"
check_says 'one PIN opens both volumes' 1 'a could be opened, but not mapped' verifies cv25519 1 boot_pin
check 'the second one too, by its decoded name' has 'b c could be opened, but not mapped'
say_pin 654321
check_says 'a wrong PIN from a descriptor: status 3' 3 'Wrong PIN' boot_pin
say_pin 123456
check 'the right one again' says 'a could be opened' boot_pin
check_says 'one passphrase opens both, and no card is used' 1 'a could be opened' verifies cv25519 0 boot_pass
check 'the second one too' has 'b c could be opened, but not mapped'

printf 'a %s none %s,sector-size=512\nb UUID=00000000-1111-4222-8333-444455556666 none %s\nc %s none %s\n' \
	"$T/one.img" $OURS $OURS "$T/two.img" $OURS >"$TAB"
check_says 'an option that we do not know leaves its line alone' 1 'a has the option sector-size' boot_pin --source-wait 1
check 'what never appears is told, and the rest is opened' has 'b is left to cryptroot' 'c could be opened'

printf 'a %s none %s # the first\nb %s none %s\n' "$T/one.img" $OURS "$T/two.img" $OURS >"$TAB"
check_says 'a comment behind a line leaves it alone' 1 'a in crypttab does not have three or four fields (a comment' boot_pin
check 'and the rest is opened' has 'b could be opened'

printf 'a %s none %s\nb %s none %s\n' "$T/one.img" $OURS "$T/two.img" $OURS >"$TAB"
cryptsetup config --priority prefer --key-slot 0 "$T/one.img"
check 'a keyslot with another priority is the same volume' says 'a could be opened' boot_pin
volume one luks2 # a fake volume; the record is another one's
check_says 'a volume that is not enrolled is refused before a question' 8 'Nothing is enrolled for a' boot_pin
check 'and the other one is opened' has 'b could be opened' 'a stays locked'
refused() { CRYPTTAB_NAME=a CRYPTTAB_SOURCE=$T/one.img CRYPTTAB_TRIED=$1 "$O/bootlatch-unlock" none --boot "$BOOT" --config "$CONF" </dev/null; }
check_says 'the keyscript refuses it as well, and says why' 8 'Nothing is enrolled for a' refused 0
check_says 'on later tries in one line' 8 'a: no card is enrolled for this volume' refused 1
check_is 'and no more' 1 "$(refused 1 2>&1 | wc -l)"
vcard_stop cv25519
printf 'b %s none %s\n' "$T/two.img" $OURS >"$TAB"
check_says 'no card and nobody to ask: status 5' 5 'b was not opened' boot --pin-fd 3 --wait 1 3<"$T/pin"

# --- At a terminal ----------------------------------------------------------------------------

wrong() { # N: as many wrong passphrases
	i=0
	while [ "$i" -lt "$1" ]; do
		printf 'send wrong %s\\n\nexpect does not open b.\n' "$i"
		i=$((i + 1))
	done
}
at_terminal() { # N
	{
		echo 'expect type the passphrase'
		wrong "$1"
		printf 'send correct horse battery staple\\n\nexpect b could be opened, but not mapped\n'
	} | "$O/ptytalk" "$O/bootlatch-unlock" --crypttab "$TAB" --boot "$BOOT" --config "$CONF"
}
check_status 'no dongle and fifty wrong passphrases: the prompt still stands' 1 at_terminal 50
printf 'b %s none %s,tries=2\n' "$T/two.img" $OURS >"$TAB"
given_up() { { echo 'expect type the passphrase'; wrong 1; printf 'send wrong\\n\nexpect that was try 2 of 2\n'; } |
	"$O/ptytalk" "$O/bootlatch-unlock" --crypttab "$TAB" --boot "$BOOT" --config "$CONF"; }
check_fails 'but tries= in crypttab counts' given_up
check 'in words' says 'try 2 of 2' given_up

# shellcheck disable=SC2016 # the inner shell's
keyscript() { # VARIABLE=VALUE…
	env "$@" CRYPTTAB_NAME=b CRYPTTAB_SOURCE="$T/two.img" "$O/ptytalk" sh -c \
		'exec "$0" none --boot "$1" --config "$2" >"$3"' "$O/bootlatch-unlock" "$BOOT" "$CONF" "$T/stdout"
}
again() { { echo 'expect type the passphrase'; wrong 4; printf 'send correct horse battery staple\\n\n'; } |
	keyscript CRYPTTAB_TRIED=1; }
once() { printf 'expect type the passphrase\nsend wrong\\n\n' | keyscript "$@"; }
check 'the keyscript of a later try asks again by itself' again
check_is 'and writes what opens the volume' 'correct horse battery staple' "$(cat "$T/stdout")"
check 'on the first try it leaves that to cryptsetup' once CRYPTTAB_TRIED=0
check_is 'and writes what was typed' wrong "$(cat "$T/stdout")"
check 'so it does when crypttab counts the tries' once CRYPTTAB_TRIED=1 CRYPTTAB_OPTION_tries=3
check_is 'and writes what was typed then too' wrong "$(cat "$T/stdout")"
# keyslot=5: cryptsetup would try nothing else
told() { printf 'expect keyslot=5 for b\nexpect assphrase for b\nsend wrong\\n\n' |
	keyscript CRYPTTAB_TRIED=0 CRYPTTAB_OPTION_keyslot=5; }
kept() { printf 'expect assphrase for b\nsend correct horse battery staple\\n\nexpect does not open b\nsignal 15\n' |
	keyscript CRYPTTAB_TRIED=1 CRYPTTAB_OPTION_keyslot=5; }
check 'the keyscript tells of keyslot=' told
check_status 'and takes no passphrase of another one' 143 kept
check_status 'a keyslot= that is none: status 2' 2 env CRYPTTAB_OPTION_keyslot=x CRYPTTAB_SOURCE=/dev/null "$O/bootlatch-unlock"

# What the root lies on; where the kernel has device-mapper, tests/vm shows the rest.
mkdir -p "$T/none"
: >"$T/none/roots"
check_is 'a root that is no disk is not checked, and that is told' 'tank/root is no disk, so what it lies on is not checked.' \
	"$("$O/bootlatch-unlock" --check-root tank/root </dev/null 2>&1 | sed 's/.*system //')"
for d in /dev/none $(find /dev -type b | head -n 1); do
	check_says "a root on $d is refused" 7 'is not on the encrypted disk' \
		"$O/bootlatch-unlock" --check-root "$d" --config "$T/none"
	check_says "and so is resuming from it" 7 'Nothing is resumed from it' \
		"$O/bootlatch-unlock" --check-resume "$d" --config "$T/none"
	check_fails 'and no volume is below it' "$O/bootlatch-unlock" --below "$d" --config "$T/none"
done
check_is 'nothing of it runs on' '' "$(pgrep -f "$O/bootlatch-unlock" || true)"
finish
