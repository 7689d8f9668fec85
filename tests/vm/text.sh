#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# docs/BOOT.md from the serial logs of make vm: what the person sees, without the kernel's
# own lines, each as it stood in the end: a prompt that was taken back is not there.
#   text.sh FOLDER >docs/BOOT.md
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/boot_cases.sh"
cat <<'END'
# What a boot says

Serial consoles of guests of QEMU, written by `make vm` and put here by `tests/vm/text.sh`: Debian's kernel and
initramfs with our hooks, the virtual dongle on the USB bus. Lines with @ and a number come from the encrypted root.
Each line is as it stood in the end: a question that was taken back, since another one took its place, is not here.
END
for n in pin wrong late blocked passphrase three twodongles touch pulldecipher latedisk nullcipher plainroot; do
	for r in bookworm trixie; do
		log=$1/$n.$r.log
		[ -s "$log" ] || continue
		printf '\n## %s\n\n```\n' "$(title $n | sed 's/^([0-9]*) //'), $r"
		# What a carriage return goes back over is written again; the last one counts.
		tr -d '\000\007' <"$log" | sed -e 's/.*\r\(\x1b\[A\)*\x1b\[J//' -e 's/\x1b\[[0-9;?]*[A-Za-z]//g' -e 's/\x1bc//g' -e 's/\r*$//' -e 's/ \r\([^\r]\)/\1/g' -e 's/.*\r//' \
			-e '/^SeaBIOS/d' -e '/^Booting from/d' -e '/^Probing EDD/d' -e '/^\[\( *[0-9.]*\]\|$\)/d' -e '/^$/d' -e '/^@.* key /d' -e 's/[ \t]*$//' | awk 1
		printf '```\n'
		break
	done
done
