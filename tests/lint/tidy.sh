#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# clang-tidy of one source file, unless it was silent about the very same bytes before: those
# of the file, of all it includes, of the flags and of the lists of checks.
#
#   TIDY_FLAGS=... tests/lint/tidy.sh FILE
set -eu
cd "$(dirname "$0")/../.."
silent=build/lint/tidy # an empty file for each that was
# shellcheck disable=SC2086 # several words
read_by=$(clang -M $TIDY_FLAGS "$1")
sum=$({
  clang-tidy --version
  echo "$1 $TIDY_FLAGS"
  printf '%s\n' "${read_by#*:}" | sed 's,\\$,,' | xargs cat .clang-tidy tests/.clang-tidy tests/lint/tidy.sh
} | sha256sum)
sum=${sum%% *}
[ ! -e "$silent/$sum" ] || exit 0
# shellcheck disable=SC2086 # several words
clang-tidy --quiet "$1" -- $TIDY_FLAGS 2>/dev/null
mkdir -p "$silent"
: >"$silent/$sum"
