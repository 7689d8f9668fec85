#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The rows of the table of long runs in docs/FUZZ.md, out of libFuzzer's logs.
#
#   tests/fuzz/ledger.sh DIR    DIR: logs named COMPILER-TARGET.log, with -print_final_stats=1
set -eu
for log in "$1"/*.log; do
  name=$(basename "$log" .log)
  secs=$(sed -n 's/^Done [0-9]* runs in \([0-9]*\) second.*/\1/p' "$log")
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  features=$(sed -n 's/.* ft: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
  result=clean
  if grep -qE '^(SUMMARY|==[0-9]+==)' "$log"; then
    result=$(sed -n 's/^SUMMARY: //p' "$log" | head -n 1)
  elif [ -z "$secs" ]; then
    result='not over'
  fi
  printf '| %s | %s | %s | %s | %s | %s |\n' "${name#*-}" "${name%%-*}" "${secs:--}" "${runs:--}" "${features:--}" \
    "$result"
done | sort
