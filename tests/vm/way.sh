#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# One unlock on one way, for the stopwatch: fresh (pcscd is started too), running, none.
unlock() { # HOW
	exec bootlatch-unlock --device /t/disk.img --boot /t/boot --config /t/etc --transport "$1" \
		--wait 10 --pin-fd 3 3</t/pin </dev/null 2>/tmp/unlock.err
}
case $1 in
fresh)
	pcscd -f >/dev/null 2>&1 &
	echo $! >/tmp/pcscd.pid
	unlock pcsc ;;
running) unlock pcsc ;;
none) unlock ccid ;;
esac
