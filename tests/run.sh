#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs test programs and sums their last lines "N passed, N failed[, N skipped]" into one.
#   run.sh [--jobs N] [--under COMMAND] [--corpus DIR] PROGRAM...
# A program that ends without that line, or with a status that does not fit it, is one failure.
# --corpus DIR: PROGRAM replay_X gets the files of DIR/X as arguments.
set -u
jobs=1
export RUN_UNDER='' RUN_CORPUS=''
while :; do
  case ${1:-} in
    --jobs) jobs=$2; shift 2 ;;
    --under) RUN_UNDER=$2; shift 2 ;;
    --corpus) RUN_CORPUS=$2; shift 2 ;;
    *) break ;;
  esac
done
RUN_LOGS=$(mktemp -d)
export RUN_LOGS
trap 'rm -rf "$RUN_LOGS"' EXIT
# shellcheck disable=SC2016 # expanded by the inner shell
printf '%s\n' "$@" | xargs -P "$jobs" -I '{}' sh -c '
  log=$RUN_LOGS/$(basename "$1")
  program=$1
  shift
  if [ -n "$RUN_CORPUS" ]; then
    set -- "$RUN_CORPUS/$(basename "$program" | sed "s/^replay_//")"/*
    [ -e "$1" ] || { echo "it has no corpus" >"$log"; exit 0; }
  fi
  rc=0
  $RUN_UNDER "$program" "$@" >"$log" 2>&1 </dev/null || rc=$?
  echo "$rc" >"$log.rc"
' sh '{}'
passed=0 failed=0 skipped=0
for t in "$@"; do
  name=$(basename "$t")
  log=$RUN_LOGS/$name
  rc=$(cat "$log.rc" 2>/dev/null || echo none)
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$log" | tail -n 1)
  if [ -z "$line" ]; then
    cat "$log"
    echo "FAIL $name ended with status $rc and no sum"
    failed=$((failed + 1))
    continue
  fi
  p=${line%% *} f=${line#*, } s=0
  f=${f%% *}
  case $line in *skipped) s=${line##*, } s=${s%% *} ;; esac
  [ "$rc" = 0 ] || [ "$f" -gt 0 ] || { echo "FAIL $name ended with status $rc"; f=1; }
  if [ "$f" -gt 0 ]; then cat "$log"; else grep '^skip' "$log"; fi
  echo "$name: $line"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
if [ "$skipped" -gt 0 ]; then
  echo "$passed passed, $failed failed, $skipped skipped"
else
  echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
