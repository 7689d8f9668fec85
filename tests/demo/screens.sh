#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What bootlatch status and doctor show, on a terminal of 80 columns without colours:
#	O=build/release tests/demo/screens.sh >docs/SCREENS.md
# A virtual dongle, and a system in a folder; the terminal is tmux's.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck disable=SC2034 # for the files below
TESTS=$here/..
# shellcheck source=tests/integration/lib.sh
. "$here/../integration/lib.sh"
for x in unshare ip pcscd opensc-tool gpg cryptsetup cpio tmux; do
	command -v "$x" >/dev/null || { echo "This needs $x: make deps" >&2; exit 77; }
done
lib_reexec_in_namespace "$here/screens.sh" "$@"
# shellcheck source=tests/integration/volumes.sh
. "$here/../integration/volumes.sh"
# shellcheck source=tests/sign/boot.sh
. "$here/../sign/boot.sh"
# A system as it lies under a rescue system's /mnt.
ROOT=/mnt UUID=5a0c1d9e-3f57-4a52-9d0b-6a3f0c1f2b7d
mount -t tmpfs -o mode=755 tmpfs /mnt
pcscd_start >&2
volumes_start
state_apart
card_make alice cv25519 00000A01 >&2
# shellcheck source=tests/integration/doctor_system.sh
. "$here/../integration/doctor_system.sh"
good_system || { cat "$T/system.log" >&2; exit 1; }

SCREENS=0
pane() { tmux -L "screens$$.$SCREENS" "$@"; }
shows() { pane capture-pane -p | grep -q -e "$1"; }
# screen COMMAND…: what it leaves on the screen. ANSWERS: what is typed where it asks
screen() {
	SCREENS=$((SCREENS + 1)) # a server that ends is still in the way of the next
	printf '\n```\n# bootlatch %s\n' "$*"
	printf 'NO_COLOR=1 "%s" %s; touch "%s"; sleep 60\n' "$O/bootlatch" "$*" "$T/done" >"$T/shown"
	rm -f "$T/done"
	pane -f /dev/null new-session -d -x 80 -y 200 sh "$T/shown"
	for s_a in ${ANSWERS:-}; do
		lib_wait 600 shows "${s_a%=*}"
		pane send-keys "${s_a#*=}" Enter
	done
	lib_wait 600 test -e "$T/done"
	sleep 0.5
	pane capture-pane -p | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
	pane kill-server
	printf '```\n'
}
cat <<END
<!-- SPDX-License-Identifier: GPL-2.0-or-later -->
# Screens

Made by \`tests/demo/screens.sh\`: a virtual dongle, a system that is mounted on /mnt, a terminal of 80 columns without
colours. With colours what is well is green, what should be mended yellow, what will not work red; the words say the
same. At the end of a pipe a row is one line.

## All is well
END
screen status --root /mnt
ANSWERS='Type.*on:=yes left):=123456' screen doctor --root /mnt
cat <<'END'

## Something is not

A French keyboard, swap in the clear, an option in crypttab that only cryptroot knows, a kernel whose image was made
before libccid was there, and a second file on /boot that nobody signed.
END
cd "$ROOT"
sed -i s/us/fr/ etc/default/keyboard
rm sys/class/block/dm-1/dm/uuid
sed -i 's/$/,no-such-option/' etc/crypttab
content 6.1.0-9
rm "$IMG/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Linux/libccid.so"
archive "$IMG" | gzip -1 >boot/initrd.img-6.1.0-9
: >boot/grub/evil.mod
cd /
screen status --root /mnt --no-card
screen doctor --root /mnt --no-card
