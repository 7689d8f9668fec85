#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every test with guests (make vm), one after the other, and one sum of what they counted.
#   all.sh NAME...
set -u
here=$(cd "$(dirname "$0")" && pwd)
sums=$(mktemp)
trap 'rm -f "$sums"' EXIT
for t in "$@"; do
	echo "== $t"
	"$here/$t.sh" </dev/null | tee "$sums.out"
	grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$sums.out" | tail -n 1 | grep . >>"$sums" ||
		echo '0 passed, 1 failed' >>"$sums"
	rm -f "$sums.out"
done
echo '== all guests'
awk '{ p += $1; f += $3; s += $5 }
	END { printf "%d passed, %d failed%s\n", p, f, s ? ", " s " skipped" : ""; exit f > 0 }' "$sums"
