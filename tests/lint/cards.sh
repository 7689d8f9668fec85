#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Fails when docs/CARDS.md names a file or a test that is not there.
set -eu
cd "$(dirname "$0")/../.."
rc=0
no() { echo "docs/CARDS.md: $1" && rc=1; }
# A line for each `program: case` of the last column; a case alone is of the program before it.
cases() {
  awk -F'|' '/^\|/ {
    n = split($(NF - 1), part, "`")
    program = ""
    for (i = 2; i <= n; i += 2) {
      if (part[i] ~ /^[a-z0-9_]+: /) {
        program = part[i]
        sub(/: .*/, "", program)
        sub(/^[a-z0-9_]+: /, "", part[i])
      }
      if (part[i] !~ /^make /) print program "|" part[i]
    }
  }' docs/CARDS.md | grep -v '^|[a-z0-9_.-]*\.[ch]$' | sort -u
}
found=$(cases)
[ "$(printf '%s\n' "$found" | wc -l)" -gt 40 ] || no 'its table of tests was not understood'
while IFS='|' read -r program name; do
  f=tests/unit/test_$program.c
  [ -f "$f" ] || { no "there is no $f ($name)"; continue; }
  [ "$name" = … ] || grep -qF "\"$name\"" "$f" || grep -qiw "$(printf '%s' "$name" | tr ' ' _)" "$f" ||
    no "$program has no case '$name'"
done <<END
$found
END
while read -r f; do
  [ -f "$f" ] || [ -f "card/$f" ] || no "there is no $f"
done <<END
$(grep -oE '[a-z0-9_/]+\.c\b' docs/CARDS.md | sort -u)
END
exit $rc
