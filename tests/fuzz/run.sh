#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Fuzzes each target for some time.  Last line: N passed, N failed.
#
#   tests/fuzz/run.sh DIR SECONDS TARGET...    DIR: where fuzz_TARGET is
#
# What is found goes on in build/corpus/TARGET; what fails is kept in DIR/crashes and named.
set -u
cd "$(dirname "$0")/../.." || exit
dir=$1 secs=$2 passed=0 failed=0
shift 2
mkdir -p "$dir/crashes" "$dir/logs"
for t in "$@"; do
  mkdir -p "build/corpus/$t"
  log=$dir/logs/$t.log
  if "$dir/fuzz_$t" -max_total_time="$secs" -timeout=25 -rss_limit_mb=3000 -print_final_stats=1 \
    -artifact_prefix="$dir/crashes/$t-" "build/corpus/$t" "tests/fuzz/corpus/$t" >"$log" 2>&1; then
    echo "ok   $t: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs"
    passed=$((passed + 1))
  else
    grep -E '^(SUMMARY|==[0-9]+== *ERROR|.*Test unit written)' "$log" || tail -n 20 "$log"
    echo "FAIL $t ($log)"
    failed=$((failed + 1))
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
