#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Signs a /boot as Heads does, from HEADS.md alone: nothing of the project is run or read.
#   heads_sign.sh [--style relative|absolute] [--key FPR] [--default N] [--counter 'ID: VALUE'] [--sig-only] [--pin-fd N] BOOT
# gpg takes the key from GNUPGHOME. --sig-only: the lists stay as they are.
set -eu
LC_ALL=C
export LC_ALL
here=$(cd "${0%/*}" && pwd)
style=relative key='' number='' counter='' lists=yes pin=''
while [ $# -gt 1 ]; do
	case $1 in
	--style) style=$2; shift ;;
	--key) key=$2; shift ;;
	--default) number=$2; shift ;;
	--counter) counter=$2; shift ;;
	--sig-only) lists=no ;;
	--pin-fd) pin="--pinentry-mode loopback --passphrase-fd $2"; shift ;;
	*) echo "heads_sign.sh: $1?" >&2; exit 2 ;;
	esac
	shift
done
cd "$1"

grub_files() { find . -name grub.cfg ! -path '*EFI*' ! -path '*efi*' | sort; }
if [ $lists = yes ]; then
	find ./ -xdev -type f ! -path './kexec*' -print0 | sort -z | xargs -0 -r sha256sum >kexec_hashes.txt
	find ./ -xdev ! -path './kexec*' -print0 | sort -z >kexec_tree.txt
	if [ -n "$number" ]; then
		rm -f kexec_default.*.txt
		# shellcheck disable=SC2046 # grub's own names have no blanks
		awk -v boot=. -f "$here/entries.awk" $(grub_files) | sed -n "${number}p" >"kexec_default.$number.txt"
		# shellcheck disable=SC2046
		awk -v boot=. -v files="$number" -f "$here/entries.awk" $(grub_files) |
			tr '\n' '\0' | xargs -0 sha256sum >kexec_default_hashes.txt
	fi
	if [ -n "$counter" ]; then
		sum=$(printf '%s\n' "$counter" | sha256sum | cut -d' ' -f1)
		echo "$sum  /tmp/counter-${counter%%:*}" >kexec_rollback.txt
	fi
fi
before=''
[ "$style" = relative ] || before=/boot/
# shellcheck disable=SC2086 # words
sha256sum kexec*.txt | sed "s,  ,  $before," |
	gpg $pin --batch --yes -q ${key:+-u "$key!"} -a -o kexec.sig --detach-sign -
