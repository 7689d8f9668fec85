#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Where a secret decides, time tells nothing of it: memcheck on marked secrets (consttime.c).
set -eu
program=${O:-build/release}/consttime
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! command -v valgrind >/dev/null; then
	echo 'skip constant time: valgrind is not installed'
	echo '0 passed, 0 failed, 1 skipped'
	exit 0
fi
passes=0 fails=0
ends() { # ends STATUS WHAT ARGUMENT...
	want=$1 what=$2 got=0
	shift 2
	valgrind -q --error-exitcode=9 "$program" "$@" >"$log" 2>&1 || got=$?
	if [ "$got" = "$want" ]; then
		passes=$((passes + 1))
		echo "ok   $what"
	else
		fails=$((fails + 1))
		echo "FAIL $what: status $got"
		cat "$log"
	fi
}
ends 9 'a branch on a secret is found' --leak-branch
ends 9 'a look-up by a secret is found' --leak-table
ends 0 'unpadding, MDC, comparison, sending, PIN'
echo "$passes passed, $fails failed"
[ "$fails" -eq 0 ]
