#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Tests the card that is really here and writes build/hardware-report.{txt,json}.
#
#	check.sh [options of bootlatch card selftest]
#
# Writes nothing to the card, unless --destructive. Without a card nothing is tested: that is
# a skip and no failure, as nobody has such a card in every machine.
set -eu
cd "$(dirname "$0")/../.."
bootlatch=${O:-build/release}/bootlatch report=${REPORT:-build/hardware-report}

rc=0
"$bootlatch" card status || rc=$?
if [ $rc = 5 ]; then
	echo 'skip  the card cases (no card can be reached: plug one in, and see README.md)'
	echo '0 passed, 0 failed, 1 skipped'
	exit 0
fi
echo
rm -f "$report.txt" "$report.json" # of the time before
rc=0
"$bootlatch" card selftest --report "$report" "$@" || rc=$?
[ $rc = 0 ] || echo "card selftest ended with status $rc" >&2
[ ! -e "$report.txt" ] || echo "To help others with such a card, send in $report.txt and $report.json."
exit $rc
