#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# All static checks (make lint).  Last line: N passed, N failed.
set -u
cd "$(dirname "$0")/../.." || exit
passed=0 failed=0 skipped=0
: "${CC:=gcc}" "${TIDY_FLAGS:=-std=gnu17 -fdouble-square-bracket-attributes -D_GNU_SOURCE -DBOOTLATCH_VERSION=\"lint\" -I.}"
out=$(mktemp)
trap 'rm -f "$out"' EXIT
check() { # check SENTENCE COMMAND...
  what=$1
  shift
  if "$@" >"$out" 2>&1; then
    echo "ok   $what"
    passed=$((passed + 1))
  else
    cat "$out"
    echo "FAIL $what"
    failed=$((failed + 1))
  fi
}
skip() {
  echo "skip $1: $2"
  skipped=$((skipped + 1))
}
c_files() { git ls-files '*.c'; }
headers_alone() {
  git ls-files '*.h' | while read -r h; do
    echo "#include \"$h\"" | $CC -std=gnu2x -D_GNU_SOURCE -I. -Wall -Wextra -Werror -xc -fsyntax-only - || exit 1
  done
}
formatted() { git ls-files '*.[ch]' | xargs clang-format --dry-run -Werror; }
tidy() {
  # One file a run: version 14 reports false va_list uses otherwise.
  # shellcheck disable=SC2016 # expanded by the inner shell
  c_files | TIDY_FLAGS="$TIDY_FLAGS" xargs -n1 -P2 sh -c \
    'clang-tidy --quiet "$0" -- $TIDY_FLAGS 2>/dev/null'
}
cpp_check() {
  c_files | xargs cppcheck -q --error-exitcode=1 --enable=warning,portability --inline-suppr \
    --suppress=missingInclude -j2 -I.
}
shells() { git ls-files '*.sh' .ci/run | xargs shellcheck; }
licensed() {
  bad=$(git ls-files '*.[ch]' '*.sh' Makefile | xargs grep -L 'SPDX-License-Identifier: GPL-2.0-or-later')
  [ -z "$bad" ] || { echo "no licence line: $bad"; return 1; }
}
check 'layers only include downwards' tests/lint/layers.sh
check 'each outside library is included where it belongs' tests/lint/libraries.sh
check 'every header compiles alone' headers_alone
check 'every source file names its licence' licensed
case $(clang-format --version) in
  *' 14.'*) check 'clang-format changes nothing' formatted ;;
  *) skip 'clang-format' 'the style is that of version 14' ;;
esac
case $(clang-tidy --version) in
  *' 14.'*) check 'clang-tidy is silent' tidy ;;
  *) skip 'clang-tidy' 'the checks are those of version 14' ;;
esac
case $(cppcheck --version) in
  *' 2.10'*) check 'cppcheck is silent' cpp_check ;;
  *) skip 'cppcheck' 'the checks are those of version 2.10' ;;
esac
check 'shellcheck is silent' shells
if [ "$skipped" -gt 0 ]; then
  echo "$passed passed, $failed failed, $skipped skipped"
else
  echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
