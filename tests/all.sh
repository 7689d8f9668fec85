#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every test, one after the other, each part's sum added to the last line (make test).
set -u
cd "$(dirname "$0")/.." || exit
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0
part() { # part NAME COMMAND... : its last sum counts; a status without a failure is one
  name=$1
  shift
  printf '\n== %s\n' "$name"
  start=$(date +%s)
  { "$@" 2>&1; echo "status $?"; } | tee "$log"
  rc=$(sed -n 's/^status \([0-9]*\)$/\1/p' "$log" | tail -n 1)
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$log" | tail -n 1)
  p=0 f=0 s=0
  if [ -n "$line" ]; then
    p=${line%% *} f=${line#*, } f=${f%% *}
    case $line in *skipped) s=${line##*, } s=${s%% *} ;; esac
  fi
  if [ -z "$line" ] || { [ "$rc" -ne 0 ] && [ "$f" -eq 0 ]; }; then f=$((f + 1)); fi
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  printf -- '-- %s: %s s\n' "$name" "$(($(date +%s) - start))"
}
build() { # build COMPILER DIRECTORY
  make --no-print-directory -j2 CC="$1" CFLAGS=-Werror O="$2" all && echo '1 passed, 0 failed'
}
part 'build with gcc' build gcc build/release
part 'build with clang' build clang build/clang
part 'unit tests' make --no-print-directory -j2 CFLAGS=-Werror check-all
part 'unit tests, sanitised' make --no-print-directory -j2 asan
part 'fuzz corpora, sanitised' make --no-print-directory -j2 fuzz-replay
part 'lint' make --no-print-directory lint
part 'integration' make --no-print-directory integration
echo
if [ "$skipped" -gt 0 ]; then
  echo "$passed passed, $failed failed, $skipped skipped"
else
  echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
