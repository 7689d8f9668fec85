#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Line coverage of files and of their folders; fails where a folder lies below its floor.
#   coverage.sh BUILD FOLDER=PERCENT... -- FILE...
set -eu
build=$1
shift
floors=
while [ "$1" != -- ]; do
	floors="$floors $1"
	shift
done
shift
for f in "$@"; do
	# A file that no test ran has no figures of its own: gcov counts its lines all the same.
	lines=$(gcov -n -o "$build/${f%.c}.gcda" "$f" 2>/dev/null |
		awk -v f="File '$f'" '$0 == f { getline; print; exit }')
	printf '%s %s\n' "$f" "${lines:-none}"
done | awk -v floors="$floors" '
	{ dir = $1; sub("/.*", "", dir) }
	$2 == "Lines" {
		sub("executed:", "", $3); sub("%", "", $3)
		all[dir] += $5; ran[dir] += int($5 * $3 / 100 + 0.5)
		printf "%6.2f %% of %4d  %s\n", $3, $5, $1
		next
	}
	{ print "no figures for " $1; bad = 1 }
	END {
		n = split(floors, want, " ")
		for (i = 1; i <= n; i++) {
			split(want[i], w, "=")
			floor[w[1]] = w[2]
			if (!all[w[1]]) { print "no figures for " w[1] "/"; bad = 1 }
		}
		for (dir in all) {
			p = 100 * ran[dir] / all[dir]
			low = dir in floor && p < floor[dir]
			bad = bad || low
			printf "%6.2f %% of %4d  %s/%s\n", p, all[dir], dir,
				low ? ": BELOW THE FLOOR of " floor[dir] " %" : ""
		}
		exit bad
	}'
