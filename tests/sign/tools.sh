#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# tools.sh FOLDER: fills it with busybox's sh, find, sort and the like, and with the OpenPGP programs,
# so that PATH=FOLDER runs heads_sign.sh and heads_verify.sh as Heads' own tools would.
set -eu
mkdir -p "$1"
box=$(command -v busybox)
for applet in sh sha256sum find sort cmp awk grep sed xargs cat mktemp rm mv cut tr head wc uniq tail printf test; do
	"$box" "$applet" --help >/dev/null 2>&1 || [ "$applet" = test ]
	ln -sf "$box" "$1/$applet"
done
for program in gpg gpgv gpg-agent; do
	ln -sf "$(command -v $program)" "$1/$program"
done
