#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The programs' --help, the manual and the completions say the same; the manual is sound and fits into 80
# columns. O: where the programs lie. Says only what is wrong.
set -u
cd "$(dirname "$0")/../.." || exit
P=${O:-build/release}/bootlatch U=${O:-build/release}/bootlatch-unlock
t=$(mktemp -d) || exit 2
trap 'rm -r "$t"' EXIT
bad=0
wrong() {
  echo "$*"
  bad=1
}
# same WHAT NAME NAME: these two files, of which the names are what they hold
same() {
  diff "$2" "$3" >"$t/diff" && return
  wrong "$1:"
  sed -n "s/^< /  only $(basename "$2"): /p; s/^> /  only $(basename "$3"): /p" "$t/diff"
}
if [ ! -x "$P" ] || [ ! -x "$U" ]; then
  echo "no programs in ${P%/*}: make all"
  exit 1
fi

# --- verbs and their options
completions/helps.sh "$P" >"$t/helps"
awk -v make=table -f completions/generate.awk "$t/helps" | sort >"$t/--help" || bad=1
grep -v ' --' "$t/--help" >"$t/verbs"
pages=$(for f in man/bootlatch-*.8; do [ "$f" = man/bootlatch-unlock.8 ] || echo "$f"; done)
# shellcheck disable=SC2086 # names of files
awk -f tests/lint/manual.awk "$t/verbs" man/bootlatch.8 $pages | sort >"$t/manual"
same 'verbs and options ("=" takes a value, "?" may take one)' "$t/--help" "$t/manual"
sed 's/ .*//' "$t/verbs" | sort -u >"$t/first-words"
sed -n 's/^\.It Ic //p' man/bootlatch.8 | tr -d ' ' | tr ',' '\n' | sort -u >"$t/bootlatch.8"
same 'the list of verbs' "$t/first-words" "$t/bootlatch.8"

# --- bootlatch-unlock
"$U" --help | sed -n 's/^  --\([a-z-]*\).*/\1/p' | sort >"$t/unlock-help"
sed -n '/^\.Sh OPTIONS/,/^\.El/s/^\.It //p' man/bootlatch-unlock.8 | grep -o 'Fl -[a-z-]*' | sed 's/Fl -//' | sort >"$t/unlock-manual"
same 'options of bootlatch-unlock' "$t/unlock-help" "$t/unlock-manual"

# --- exit statuses: the manual's words begin with those of --help
statuses() { tr '\n' ' ' | sed -n 's/.*Exit status: \(.*\)\..*/\1/p' | sed 's/  */ /g; s/, \([0-9]\)/\n\1/g; s/$/\n/' | sed '/^$/d'; }
"$P" enroll --help | statuses >"$t/help-statuses"
"$U" --help | statuses | sed 's/ .*//' | sort >"$t/unlock-numbers"
sed -n '/^\.Sh EXIT STATUS/,/^\.El/{ s/^\.It \([0-9]*\)$/\1/p; /^[a-zA-Z]/p; }' man/bootlatch.8 | paste -d' ' - - >"$t/manual-statuses"
[ "$(wc -l <"$t/help-statuses")" -gt 9 ] || wrong 'exit statuses: --help does not tell them'
sed 's/ .*//' "$t/help-statuses" >"$t/help-numbers"
sort "$t/help-numbers" | comm -13 - "$t/unlock-numbers" | sed 's/^/bootlatch-unlock alone has the exit status /' | grep . && bad=1
sed 's/ .*//' "$t/manual-statuses" >"$t/manual-numbers"
same 'exit statuses' "$t/help-numbers" "$t/manual-numbers"
paste -d'|' "$t/help-statuses" "$t/manual-statuses" | while IFS='|' read -r h m; do
  case $m in "$h"*) ;; *) echo "exit status: --help says \"$h\", the manual \"$m\"" ;; esac
done | grep . && bad=1
sed -n '/^## Exit statuses/,$s/^| \([0-9]*\) | .*/\1/p' docs/FORMAT.md >"$t/FORMAT-numbers"
same 'exit statuses' "$t/help-numbers" "$t/FORMAT-numbers"

# --- completions: what make completions would write
for s in bash:bootlatch zsh:_bootlatch; do
  { cat "completions/bootlatch.${s%%:*}.in" && awk -v "make=${s%%:*}" -f completions/generate.awk "$t/helps"; } >"$t/made" || bad=1
  cmp -s "$t/made" "completions/${s#*:}" || wrong "completions/${s#*:} is not what --help says: make completions"
done
bash -n completions/bootlatch || bad=1
command -v zsh >/dev/null && { zsh -n completions/_bootlatch || bad=1; }
bash tests/lint/completes.bash || bad=1

# --- the pages
grep -oE '\.Xr (bootlatch[a-z-]*|kexec_bootlatch\.txt) [0-9]' man/*.[58] | sed 's/.*Xr //; s/ /./' | sort -u | while read -r page; do
  [ -e "man/$page" ] || echo "the manual points at $page, which is not there"
done | grep . && bad=1
for f in man/*.[58]; do
  n=$(basename "$f")
  case $n in bootlatch.8) ;; *) grep -q "^\.Xr ${n%.*} ${n##*.}" man/bootlatch.8 || wrong "bootlatch.8 does not point at $n" ;; esac
  command -v mandoc >/dev/null || continue
  # Whether other pages are there depends on what is installed.
  (cd man && mandoc -T lint "$n" 2>/dev/null) | grep -v 'referenced manual not found' && bad=1
  mandoc -T ascii -O width=80 "$f" | col -b | awk -v f="$n" 'length > 80 { print f ": wider than 80 columns: " $0; b = 1 } END { exit b }' || bad=1
done
exit $bad
