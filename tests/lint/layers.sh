#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Fails when a layer includes a header of a layer above it.
set -eu
cd "$(dirname "$0")/../.."
rc=0
allow() { # allow LAYER "LAYERS IT MAY INCLUDE"
  dir=$1 ok=" $1 $2 "
  [ -d "$dir" ] || return 0
  found=$(grep -hoE '^#include "[a-z0-9]+/' "$dir"/*.[ch] | sed 's/.*"//; s,/,,' | sort -u)
  for up in $found; do
    case $ok in
      *" $up "*) ;;
      *) echo "layer $dir must not include $up/"; rc=1 ;;
    esac
  done
}
allow core ''
allow crypto 'core'
allow card 'core crypto'
allow openpgp 'core crypto'
allow unlock 'core crypto card openpgp'
allow sign 'core crypto openpgp'
allow cli 'core crypto card openpgp unlock sign'
allow tests/vcard 'tests' # the virtual card shares nothing with what it judges
exit $rc
