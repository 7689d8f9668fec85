#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# enroll --import: systems that decrypt_gnupg-sc, smartcard-key-luks or luks-root-smartcard opens are taken over.
# shellcheck disable=SC2016 # for inner shells
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
need 'others are taken over from' unshare ip pcscd opensc-tool gpg cryptsetup jq strace
lib_reexec_in_namespace "$0" "$@"
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
volumes_start
card_make bob nistp256 00000B01 || { fail 'gpg makes keys on a card'; finish; }
gpg --export "$KEY" >"$T/bob.pub"
BOB=$KEY
vcard_stop bob
card_make alice rsa2048 00000A01 || { fail 'gpg makes keys on the card'; finish; }
gpg -q --import "$T/bob.pub"
D=$T/disk.img TAB=$T/crypttab OURS=keyscript=decrypt_bootlatch

# As README.gnupg-sc has it: 256 random bytes, encrypted by gpg, and the keyslot that they open.
key_file() { # FILE [gpg options]
	kf_file=$1
	shift
	head -c 256 /dev/urandom >"$T/plain"
	gpg -q --batch --yes --recipient "$KEY" --output "$kf_file" "$@" --encrypt <"$T/plain"
}
their_volume() { # luks1|luks2 SLOT [gpg options]: $D opens by the key file too
	tv_type=$1 tv_slot=$2
	shift 2
	volume disk "$tv_type"
	mkdir -p "$T/keys"
	key_file "$T/keys/cryptkey.gpg" "$@"
	add_key "$tv_slot"
	UUID=$(uuid_of "$D")
	printf '%s\n' '# <target> <source> <key> <options>' \
		"root UUID=$UUID $T/keys/cryptkey.gpg luks,keyscript=decrypt_gnupg-sc" >"$TAB"
	cp "$TAB" "$T/before"
	sha256sum "$T/keys/cryptkey.gpg" >"$T/sum"
}
add_key() { # SLOT: what $T/plain holds
	cryptsetup luksAddKey -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-slot "$1" --key-file "$T/key" "$D" "$T/plain"
}
takes() { bl_pin enroll "$D" --import --crypttab-file "$TAB" --no-initramfs "$@"; }
# shellcheck disable=SC2120 # check gives them
takes_boot() { takes --crypttab "$@"; }
ours_opens() { say_pin 123456 && bl_pin test "$D"; }
theirs_opens() { # gpg and cryptsetup, as the keyscript does
	gpg_decrypts "$T/keys/cryptkey.gpg" "$T/opened" && cmp "$T/opened" "$T/plain" && opens "$D" "$T/opened"
}
nothing_of_ours() { # but a record without ways in, whose pin guards the passphrase
	[ "$(tokens "$D")" = 0 ] && [ -z "$(find "$BOOT" -type f)" ] && [ "$(jq -c .ways "$(record_of "$D")")" = '[]' ] &&
		cmp "$TAB" "$T/before"
}

# --- decrypt_gnupg-sc ------------------------------------------------------------------------

their_volume luks2 1
check 'it opens by their key' theirs_opens
check_says 'taken over, with one PIN and no passphrase' 0 'opens keyslot 1' verifies alice 1 takes_boot
check 'the card opens it by our way' ours_opens
check 'by theirs too' theirs_opens
check_is 'in keyslots of their own' '0 1 2' "$(slots "$D")"
check 'their file is as it was' sha256sum -c --quiet "$T/sum"
check_is 'the line names our keyscript' "root UUID=$UUID none luks,$OURS,initramfs" "$(tail -n 1 "$TAB")"
fingerprint "$D" >"$T/print"
cp "$TAB" "$T/after"
check_says 'again: it is enrolled already' 0 'already' verifies alice 0 takes_boot
check_is 'and nothing is changed' "$(cat "$T/print")" "$(fingerprint "$D")"
check 'nor the line' cmp "$TAB" "$T/after"
check 'unenroll' bl unenroll "$D" --keyslot 2 --crypttab-file "$TAB" --no-initramfs
check 'undoes all of it' nothing_of_ours
check 'and their way still opens it' theirs_opens
check_says 'without --crypttab: the keyslot that Heads wipes is told of' 0 'Heads wipes' takes
check 'the line stays theirs' cmp "$TAB" "$T/before"
mkdir "$T/boot2" "$T/boot3"
check_says 'how to be rid of the old keyslot is said' 0 "luksKillSlot $D 1" sh -c \
	'"$1" enroll "$2" --import="$3" --keyslot 5 --boot "$4" --config "$5" --crypttab-file "$6" --wait 2 --pin-fd 3 3<"$7"' \
	- "$O/bootlatch" "$D" "$T/keys/cryptkey.gpg" "$T/boot2" "$T/etc2" "$TAB" "$T/pin"

their_volume luks1 3
check_says 'LUKS1' 0 'opens keyslot 3' takes_boot
check 'opens by our way' ours_opens
check_is 'in keyslots of their own' '0 2 3' "$(slots "$D")"

their_volume luks2 1 --armor
check 'an armored file' takes
check 'opens by our way' ours_opens
their_volume luks2 1 --recipient "$BOB"
check 'a file for two cards' takes
check 'opens by our way' ours_opens
their_volume luks2 1 --throw-keyids
check 'a file that does not name its key' takes
check 'opens by our way' ours_opens

# Debian's text makes the volume with that key alone: then nothing else opens it.
their_volume luks2 1
cryptsetup luksKillSlot -q --key-file "$T/plain" "$D" 0
check_says 'no passphrase at all: said, and how to add one' 0 'luksAddKey' takes
check 'opens by our way' ours_opens
check 'as JSON' sh -c '"$1" enroll "$2" --import --boot "$3" --config "$4" --crypttab-file "$5" --no-initramfs --keyslot 4 --wait 2 --json --pin-fd 3 3<"$6" 2>/dev/null |
	jq -e ".ok and .imported == \"$7\" and .imported_keyslot == 1 and .keyslot == 4 and .proven"' \
	- "$O/bootlatch" "$D" "$T/boot3" "$T/etc3" "$TAB" "$T/pin" "$T/keys/cryptkey.gpg"

# --- smartcard-key-luks: the same, in the usual place ----------------------------------------

[ -d /etc/cryptsetup-initramfs ] || { mkdir /etc/cryptsetup-initramfs && touch "$T/made"; }
mount -t tmpfs tmpfs /etc/cryptsetup-initramfs
their_volume luks2 1
mv "$T/keys/cryptkey.gpg" /etc/cryptsetup-initramfs/
echo "root UUID=$UUID /etc/cryptsetup-initramfs/cryptkey.gpg luks,keyscript=/lib/cryptsetup/scripts/decrypt_gnupg-sc" >"$TAB"
check 'smartcard-key-luks' takes_boot
check 'opens by our way' ours_opens
check_is 'the line names our keyscript' "root UUID=$UUID none luks,$OURS,initramfs" "$(tail -n 1 "$TAB")"
check 'unenroll' bl unenroll "$D" --keyslot 2 --crypttab-file "$TAB" --no-initramfs
echo "root UUID=$UUID none luks" >"$TAB"
check_says 'the file lies there, and no line names it' 0 '/etc/cryptsetup-initramfs/cryptkey.gpg' takes_boot
check 'opens by our way' ours_opens
umount /etc/cryptsetup-initramfs
[ ! -e "$T/made" ] || rmdir /etc/cryptsetup-initramfs

# --- luks-root-smartcard: a token in the header ----------------------------------------------

token() { # TYPE FILE KEYSLOTS
	printf '{"type":"%s","keyslots":[%s],"gpg-recipient":"%s","gpg-key":"%s"}' "$1" "$3" "$KEY" "$(base64 -w 0 <"$2")" >"$T/token"
	cryptsetup token import --json-file "$T/token" "$D"
}
their_token() { # TYPE KEYSLOTS: 512 bytes in base64, as their script has it
	volume disk luks2
	head -c 512 /dev/urandom | base64 >"$T/plain"
	gpg -q --batch --yes --recipient "$KEY" --output "$T/keys/cryptkey.gpg" --encrypt <"$T/plain"
	add_key 1
	token "$1" "$T/keys/cryptkey.gpg" "$2"
	UUID=$(uuid_of "$D")
	echo "root UUID=$UUID none luks" >"$TAB"
}
their_token gpg-token '"1"'
check_says 'a gpg-token' 0 "token 0 of $D" verifies alice 1 takes_boot
check 'opens by our way' ours_opens
check 'by theirs too' theirs_opens
check_is 'their token is still there' 1 "$(cryptsetup luksDump "$D" | grep -c '^  [0-9]*: gpg-token$')"
their_token root-gpg ''
printf x >"$T/x"
token gpg-token "$T/x" ''
check_says 'of two tokens one is damaged: the other one' 0 "token 0 of $D" takes
check 'opens by our way' ours_opens

# --- What is refused -------------------------------------------------------------------------

refused() { # SENTENCE STATUS VERIFYS TEXT [OPTION…]
	rf_said=$1 rf_want=$2 rf_pins=$3 rf_text=$4
	shift 4
	fingerprint "$D" >"$T/print"
	check_says "$rf_said" "$rf_want" "$rf_text" verifies alice "$rf_pins" takes "$@"
	check_is '… and nothing is changed' "$(cat "$T/print")" "$(fingerprint "$D")"
}
their_volume luks2 1
rm -rf "$BOOT" "$CONF"
mkdir "$BOOT" "$CONF"
check 'a recovery key is no dongle' sh -c '"$1" enroll "$2" --recovery --key-file "$3" --recovery-fd 5 --boot "$4" --config "$5" 5>/dev/null' \
	- "$O/bootlatch" "$D" "$T/key" "$BOOT" "$CONF"
mv "$TAB" "$T/tab.aside"
echo "root UUID=$UUID none luks" >"$TAB"
refused 'nothing to take over' 1 0 'Nothing to take over'
mv "$T/tab.aside" "$TAB"
rm -rf "$BOOT" "$CONF"
mkdir "$BOOT" "$CONF"
their_volume luks2 1
refused 'a file that is not there' 1 0 'cannot be read: not found' --import="$T/nowhere"
refused 'a file that is none of OpenPGP' 1 0 'is no OpenPGP message' --import="$T/plain"
head -c 70000 /dev/zero >"$T/long"
printf '\324\002\001\011' >"$T/aead.gpg" # packet 20
refused 'a file with AEAD' 1 0 'is not read here: AEAD' --import="$T/aead.gpg"
refused 'a file that is too long' 1 0 'longer than we read' --import="$T/long"
gpg -q --batch --yes --passphrase x --pinentry-mode loopback -o "$T/sym.gpg" -c "$T/plain"
refused 'a file that a passphrase opens' 1 0 'is no OpenPGP message' --import="$T/sym.gpg"
gpg -q --batch --yes -r "$BOB" -o "$T/bob.gpg" -e "$T/plain"
refused "another card's" 6 0 'does not hold that key' --import="$T/bob.gpg"
head -c 256 /dev/urandom | gpg -q --batch --yes -r "$KEY" -o "$T/other.gpg" -e
refused 'a key that opens nothing' 1 1 'opens no keyslot' --import="$T/other.gpg"
gpg -q --batch --yes -r "$KEY" -o "$T/whole.gpg" -e "$T/plain"
len=$(wc -c <"$T/whole.gpg")
{ head -c $((len - 9)) "$T/whole.gpg"; printf '123456789'; } >"$T/hurt.gpg"
refused 'a damaged one' 1 1 'is damaged' --import="$T/hurt.gpg"
say_pin 000000
refused 'a wrong PIN' 3 1 'wrong PIN' --import="$T/whole.gpg"
say_pin 123456
check 'the right one, which the counter forgives for' theirs_opens
echo "root UUID=$UUID $T/keys/none.gpg luks,keyscript=decrypt_gnupg-sc" >"$TAB"
refused 'the line names a file that is not there' 1 0 "$T/keys/none.gpg cannot be read"
echo "root UUID=$UUID none luks" >"$TAB"
refused 'a line without such a keyscript' 1 0 'no line of'
echo "root UUID=$UUID none luks,keyscript=/sbin/askpass" >"$TAB"
refused 'a line with another keyscript' 1 0 'keyscript askpass, which is not one that we know'
rm "$TAB"
refused 'no crypttab' 1 0 'Nothing to take over'
cp "$T/before" "$TAB"
check_says 'a key file beside it' 2 'leave --key-file' takes --key-file "$T/key"
check_says 'a certificate beside it' 2 'leave --key-file' takes --cert "$T/bob.pub"
check_says 'an empty name' 2 'needs a value' takes --import=
vcard_pull alice
check_says 'no card' 5 'card' takes
vcard_insert alice

# --- Killed half way -------------------------------------------------------------------------

killed() { # NAME N: and run again
	k_rc=0
	strace -f -y -o "$T/strace" -e trace="$1" -e "inject=$1:signal=KILL:when=$2" "$O/bootlatch" enroll "$D" --import --crypttab \
		--no-initramfs --crypttab-file "$TAB" --boot "$BOOT" --config "$CONF" --wait 2 --pin-fd 3 3<"$T/pin" </dev/null || k_rc=$?
	[ "$k_rc" = 137 ] || { echo "status $k_rc, not 137"; return 1; }
	opens "$D" && theirs_opens && takes_boot && ours_opens && [ "$(slots "$D")" = '0 1 2' ] && [ "$(tokens "$D")" = 1 ] &&
		bl unenroll "$D" --keyslot 2 --crypttab-file "$TAB" --no-initramfs && nothing_of_ours
}
rm -rf "$BOOT" "$CONF"
mkdir "$BOOT" "$CONF"
for n in 1 2 3 4; do # journal, blob, record, crypttab
	check "killed at rename number $n, and run again" killed renameat "$n"
done
finish
