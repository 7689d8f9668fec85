#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every test with guests (make vm), two at a time, and one sum of what they counted.
#   all.sh NAME...
set -u
here=$(cd "$(dirname "$0")" && pwd)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
export here out
# shellcheck disable=SC2016 # for the inner shell
printf '%s\n' "$@" | xargs -P 2 -I '{}' sh -c '
	began=$(date +%s)
	"$here/{}.sh" </dev/null 2>&1 | tee "$out/{}" | sed -u "s/^/{}: /"
	echo "{}: $(($(date +%s) - began)) s"'
echo '== all guests'
for t in "$@"; do
	grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$out/$t" | tail -n 1 | grep . || echo '0 passed, 1 failed'
done | awk '{ p += $1; f += $3; s += $5 }
	END { printf "%d passed, %d failed%s\n", p, f, s ? ", " s " skipped" : ""; exit f > 0 }'
