# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# The cases of guest.sh, in the guest.
# shellcheck disable=SC2086 # ways are words
both() { # SENTENCE: the dongle opens the volume on both ways, if there are two
	if [ "$W" = 2 ]; then
		pcscd_on
		check "$1, through pcscd" 0 'opens keyslot' test_ pcsc
		pcscd_off
	fi
	check "$1, with libccid alone" 0 'opens keyslot' test_ ccid
}

# --- what a reader may be
want dongle cv25519 --profile default
if [ "$W" = 2 ]; then
	pcscd_on
	check 'pcscd and libccid see the dongle' 0 Yes opensc-tool -l
	pcscd_off
fi
both 'extended APDUs, a curve'
want dongle rsa2048
both 'extended APDUs, RSA'
want counted DECIPHER $((W * 2)) 'extended APDUs, RSA: the card chains, so a chain of two each time'
want dongle rsa2048 --profile canokey-like
both 'extended APDUs, RSA, a card without chains'
want counted DECIPHER "$W" 'extended APDUs, RSA, a card without chains: one command each time'
for card in cv25519 rsa2048; do
	want dongle $card --level short
	both "short APDUs, $card"
	[ $card = cv25519 ] || want counted DECIPHER $((W * 2)) 'short APDUs, RSA: a chain of two each time'
	want dongle $card --level tpdu
	both "TPDUs of T=1, $card"
	want dongle $card --level tpdu --protocol t0
	both "TPDUs of T=0, $card"
done
for make in yubikey5 yubikey-neo nitrokey3 nitrokey-start nitrokey-pro nitrokey-storage librem-key; do
	want dongle rsa2048 --profile $make
	both "as a $make"
	[ $make != nitrokey-pro ] || want counted DECIPHER "$W" 'TPDUs of T=1: one extended command each time'
done

# --- slow ones
want dongle cv25519 --latency 2500
check 'the reader asks for more time, libccid alone' 0 'opens keyslot' test_ ccid
want dongle cv25519 --latency 2500 --level tpdu
both 'the card asks for more time (T=1)'
want dongle cv25519 --latency 2500 --level tpdu --protocol t0
check 'the reader asks for more time (T=0), libccid alone' 0 'opens keyslot' test_ ccid

# --- two at once
want second rsa2048 --profile yubikey5
check 'the enrolled one of two, libccid alone' 0 'opens keyslot' test_ ccid --serial 00000A02
if [ "$W" = 2 ]; then
	pcscd_on
	check 'the enrolled one of two, through pcscd' 0 'opens keyslot' test_ pcsc --serial 00000A01
	pcscd_off
fi
want no-second

# --- in and out
for way in $WAYS; do
	want dongle cv25519 --fault VERIFY@1:drop
	[ $way = ccid ] || pcscd_on
	check "unplugged at VERIFY, $way: an error in words" 3 'counts as spent' test_ $way
	want verifies 1 "unplugged at VERIFY, $way: the PIN was sent once"
	check "plugged in again, $way: it opens" 0 'opens keyslot' test_ $way
	[ $way = ccid ] || pcscd_off
	want dongle cv25519 --fault DECIPHER@1:drop
	[ $way = ccid ] || pcscd_on
	check "unplugged at DECIPHER, $way: plugged in again it opens" 0 'pulled out' test_ $way
	want verifies 2 "unplugged at DECIPHER, $way: nothing is asked of the card needlessly"
	[ $way = ccid ] || pcscd_off
done
finishes() { # PID: its status, and what it said
	f_status=0
	wait "$1" || f_status=$?
	cat /tmp/waited
	return $f_status
}
for way in $WAYS; do
	[ $way = ccid ] || pcscd_on
	want unplug
	check "unplugged, $way: no reader" 5 '' test_ $way --wait 1
	test_ $way >/tmp/waited 2>&1 &
	waiting=$!
	usleep 1500000
	want plug
	check "plugged in while it is waited for, $way" 0 'opens keyslot' finishes $waiting
	[ $way = ccid ] || pcscd_off
done

# --- where no udevd tells of devices (libccid alone; pcscd would see nothing new)
udevd_off() {
	kill "$(ps | awk '/[s]ystemd-udevd/ { print $1; exit }')"
	until_ 50 sh -c '! ps | grep -q "[s]ystemd-udevd"' && rm -rf /run/udev
}
udevd_off || say fail 'udevd ends'
want dongle cv25519
check 'without udevd, libccid alone: it opens' 0 'opens keyslot' test_ ccid
want unplug
test_ ccid >/tmp/waited 2>&1 &
waiting=$!
usleep 1500000
want plug
check 'without udevd, libccid alone: plugged in while it is waited for' 0 'opens keyslot' finishes $waiting
