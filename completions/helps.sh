#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# helps.sh PROGRAM: what bootlatch says of itself and of each of its verbs, for generate.awk
set -eu
"$1" --help
"$1" --help | sed -n 's/^  \([a-z].*\)$/\1/p' | while read -r one two _; do
	for verb in "$one $two" "$one"; do # of one word, or of two
		# shellcheck disable=SC2086 # two words
		help=$("$1" $verb --help 2>/dev/null) || continue
		case $help in "Usage: bootlatch $verb "*) printf '== %s\n%s\n' "$verb" "$help" && break ;; esac
	done
done
