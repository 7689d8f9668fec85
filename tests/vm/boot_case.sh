#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# One case of boot.sh: NAME RELEASE SET; or --list RELEASE...: all there are, in that form.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/boot_cases.sh"
. "$here/boot_evil.sh"
. "$here/boot_dongles.sh"
. "$here/boot_crypttab.sh"
. "$here/boot_ways.sh"
if [ "$1" = --list ]; then
	shift
	list "$@"
	exit 0
fi
. "$here/../integration/lib.sh"
. "$here/boot_sets.sh"
. "$here/boot_installed.sh"
. "$here/console.sh"
NAME=$1 RELEASE=$2 SET=$3
D=$T/case.$NAME.$RELEASE LOG=$LOGS/$NAME.$RELEASE.log
S=$T/set/$SET
mkdir "$D"
: >"$LOG"
ends() {
	c_rc=$?
	trap - EXIT
	[ $c_rc -le 1 ] || echo "FAIL  $TITLE: status $c_rc"
	for c_p in $OWNED; do lib_end "$c_p"; done
	exit $c_rc
}
trap ends EXIT
TITLE="$(title "$NAME"), $RELEASE"
began=$(date +%s)
"case_$NAME"
echo "ok    $TITLE ($(($(date +%s) - began)) s)${NOTE:+
      $NOTE}"
