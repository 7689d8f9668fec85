#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the booted system, once: is the card there for gpg, and is it as after a reset?
say() { echo "@$(cat /nonce) $*" >/dev/console; }
said() { while IFS= read -r line; do say "$1 $line"; done; }
say "root $(findmnt -no SOURCE /)"
GNUPGHOME=/run/probe
export GNUPGHOME
mkdir -m 700 $GNUPGHOME
timeout 600 gpg --batch --card-status >/run/probe/said 2>&1
say "gpg $?"
said card </run/probe/said
# VERIFY without a PIN asks whether one was verified: 9000 it was, 63Cx it was not.
gpg-connect-agent --hex 'scd serialno' 'scd apdu 00 20 00 82' /bye 2>&1 | said verified
for p in /proc/[0-9]*; do
	case $(readlink "$p/exe") in *bootlatch*) say "runs $(readlink "$p/exe")" ;; esac
done
find /run /tmp -name '*bootlatch*' | said left
journalctl -b --no-pager | grep -w 123456 | said left
say end
systemctl poweroff --force --force
