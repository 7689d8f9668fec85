#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# All static checks (make lint).  Last line: N passed, N failed.
set -u
cd "$(dirname "$0")/../.." || exit
passed=0 failed=0 skipped=0
: "${CC:=gcc}" "${JOBS:=2}" "${TIDY_FLAGS:=-std=gnu17 -fdouble-square-bracket-attributes -D_GNU_SOURCE -DBOOTLATCH_VERSION=\"lint\" -DBOOTLATCH_LIBDIR=\"lint\" -I.}"
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
# What is new and not committed yet is looked at too.
files() { git ls-files -co --exclude-standard "$@"; }
c_files() { files '*.c'; }
headers_alone() {
  dirs=$(printf '%s\n' "$TIDY_FLAGS" | tr ' ' '\n' | grep '^-I' | sort -u)
  files '*.h' | while read -r h; do
    # shellcheck disable=SC2086 # several words
    echo "#include \"$h\"" | $CC -std=gnu2x -D_GNU_SOURCE $dirs -Wall -Wextra -Werror -xc -fsyntax-only - || exit 1
  done
}
formatted() { files '*.[ch]' | xargs clang-format --dry-run -Werror; }
# One file a run: version 14 reports false va_list uses otherwise.
tidy() { c_files | TIDY_FLAGS="$TIDY_FLAGS" xargs -n1 -P"$JOBS" tests/lint/tidy.sh; }
# With a single job it also guesses across files (ctu...), wrongly each time so far.
cpp_check() {
  c_files | xargs cppcheck -q --error-exitcode=1 --enable=warning,portability --inline-suppr \
    --suppress=missingInclude -j2 -I.
}
shells() { files '*.sh' .ci/run 'initramfs-hooks/initramfs-tools/*' initramfs-hooks/decrypt_bootlatch sign/hooks/kernel sign/hooks/initramfs sign/hooks/motd 'sign/hooks/boot-*' 'debian/*.p[ro][es]*' 'debian/tests/*' 'tests/lint/*.bash' | grep -v '^debian/tests/control$' | xargs -n4 -P"$JOBS" shellcheck; }
licensed() {
  bad=$(files '*.[ch]' '*.sh' Makefile | xargs grep -L 'SPDX-License-Identifier: GPL-2.0-or-later')
  [ -z "$bad" ] || { echo "no licence line: $bad"; return 1; }
}
# One that is forgotten is not built, not tested, or linked by chance.
listed() {
  bad=$(c_files | grep -v '^tests/bench/' | # bench.sh compiles its own
    sed -E 's,^tests/(unit/test|fuzz/fuzz)_(.*)\.c,\2,; s,^tests/integration/(.*)\.c,\1,' |
    while read -r f; do grep -qE "(^|[[:space:],/])$f([[:space:],)]|\$)" Makefile || echo "$f"; done)
  [ -z "$bad" ] || { echo "not in the Makefile: $bad"; return 1; }
}
# A test without the mode ends with status 126 when it is its turn.
startable() {
  bad=$(files '*.sh' .ci/run | while read -r f; do
    { head -n 1 "$f" | grep -q '^#!' && [ ! -x "$f" ] && echo "$f"; }; done; git ls-files -s | sed -n 's/^100644 .*	\(.*\.sh\)$/\1/p' |
    while read -r f; do { head -n 1 "$f" | grep -q '^#!' && echo "$f (in git)"; }; done)
  [ -z "$bad" ] || { echo "begins with #! and may not be executed: $bad"; return 1; }
}
check 'layers only include downwards' tests/lint/layers.sh
check 'scripts can be started' startable
check 'each outside library is included where it belongs' tests/lint/libraries.sh
check 'docs/CARDS.md names files and tests that there are' tests/lint/cards.sh
check 'manual, --help and completions agree' tests/lint/manual.sh
check 'every header compiles alone' headers_alone
check 'every source file names its licence' licensed
check 'every source file is listed in the Makefile' listed
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
