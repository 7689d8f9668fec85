# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# The cases of guest.sh, in the guest.
both() { # SENTENCE: the dongle opens the volume on both ways
	pcscd_on
	check "$1, through pcscd" 0 'opens keyslot' test_ pcsc
	pcscd_off
	check "$1, with libccid alone" 0 'opens keyslot' test_ ccid
}

# --- what a reader may be
want dongle cv25519 --profile default
pcscd_on
check 'pcscd and libccid see the dongle' 0 Yes opensc-tool -l
pcscd_off
both 'extended APDUs, a curve'
want dongle rsa2048
both 'extended APDUs, RSA'
for card in cv25519 rsa2048; do
	want dongle $card --level short
	both "short APDUs, $card"
	want dongle $card --level tpdu
	both "TPDUs of T=1, $card"
	want dongle $card --level tpdu --protocol t0
	both "TPDUs of T=0, $card"
done
for make in yubikey5 yubikey-neo nitrokey3 nitrokey-start nitrokey-pro nitrokey-storage librem-key; do
	card=rsa2048
	want dongle $card --profile $make
	both "as a $make"
done

# --- slow ones
want dongle cv25519 --latency 2500
check 'the reader asks for more time, libccid alone' 0 'opens keyslot' test_ ccid
want dongle cv25519 --latency 2500 --level tpdu
both 'the card asks for more time (T=1)'

# --- in and out
for at in VERIFY DECIPHER; do
	case $at in VERIFY) status=3 words='counts as spent' ;; *) status=5 words='' ;; esac
	for way in pcsc ccid; do
		want dongle cv25519 --fault $at@1:drop
		[ $way = ccid ] || pcscd_on
		check "unplugged at $at, $way: an error in words" $status "$words" test_ $way
		check "unplugged at $at, $way: plugged in again it opens" 0 'opens keyslot' test_ $way
		[ $way = ccid ] || pcscd_off
	done
done
for way in pcsc ccid; do
	[ $way = ccid ] || pcscd_on
	want unplug
	check "unplugged, $way: no reader" 5 '' test_ $way --wait 1
	test_ $way >/tmp/waited 2>&1 &
	waiting=$!
	usleep 1500000
	want plug
	check "plugged in while it is waited for, $way" 0 '' wait $waiting
	[ $way = ccid ] || pcscd_off
done
