#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes the committed corpora anew and small (make fuzz-corpus): the seeds with a name, and of
# what fuzzing found the files that reach something more.
#
#   tests/fuzz/minimise.sh DIR CORPORA... -- TARGET...    DIR: where fuzz_TARGET is
#
# CORPORA: folders of folders named after targets.  FILES and BYTES bound a target's corpus.
set -eu
cd "$(dirname "$0")/../.."
: "${FILES:=60}" "${BYTES:=2000}"
dir=$1 corpora=''
shift
while [ "$1" != -- ]; do
  corpora="$corpora $1"
  shift
done
shift
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
for t in "$@"; do
  mine=tests/fuzz/corpus/$t
  mkdir -p "$mine" "$tmp/$t/seeds" "$tmp/$t/found" "$tmp/$t/new"
  # A found file is named after its SHA-1, a seed by a person.
  find "$mine" -type f | grep -vE '/[0-9a-f]{40}$' | xargs -r cp -t "$tmp/$t/seeds"
  find "$mine" -type f | grep -E '/[0-9a-f]{40}$' | xargs -r cp -t "$tmp/$t/found"
  for c in $corpora; do
    [ ! -d "$c/$t" ] || find "$c/$t" -type f -size -"$BYTES"c -exec cp -t "$tmp/$t/found" '{}' +
  done
  cp -r "$tmp/$t/seeds/." "$tmp/$t/new"
  # What the seeds reach is not taken again; smaller files come first.
  "$dir/fuzz_$t" -merge=1 "$tmp/$t/new" "$tmp/$t/found" >"$tmp/log" 2>&1 || { tail "$tmp/log"; exit 1; }
  find "$mine" -type f | grep -E '/[0-9a-f]{40}$' | xargs -r rm
  room=$((FILES - $(find "$tmp/$t/seeds" -type f | wc -l)))
  [ "$room" -gt 0 ] || room=0
  # Where there are too many, a sample: the same one each time.
  find "$tmp/$t/new" -type f | grep -E '/[0-9a-f]{40}$' | sort | head -n "$room" | xargs -r cp -t "$mine"
  echo "$t: $(find "$mine" -type f | wc -l) files, $(cat "$mine"/* | wc -c) bytes"
done
