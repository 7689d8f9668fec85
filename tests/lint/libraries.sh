#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Fails when an outside library is included by a file that is not its own.
set -eu
cd "$(dirname "$0")/../.."
rc=0
only() { # only HEADER "FILES THAT MAY INCLUDE IT" (shell patterns)
  for f in $(git ls-files 'core/*.[ch]' 'crypto/*.[ch]' 'card/*.[ch]' 'openpgp/*.[ch]' \
    'unlock/*.[ch]' 'sign/*.[ch]' 'cli/*.[ch]' | xargs grep -lE "^#include <$1" || true); do
    ok=no
    for pattern in $2; do
      # shellcheck disable=SC2254 # a pattern on purpose
      case $f in $pattern) ok=yes ;; esac
    done
    [ $ok = yes ] || { echo "$f must not include <$1"; rc=1; }
  done
}
set -f
only 'winscard|<PCSC/' 'card/pcsc.c'
only 'reader\.h' 'card/part10.c'
only 'ifdhandler' 'card/ifd_handler.[ch]'
only 'dlfcn' 'card/ifd_handler.[ch] card/confine.c unlock/openssl.c'
only 'libusb' 'card/ifd_usb.c'
only 'gcrypt' 'crypto/*.[ch]'
only 'libcryptsetup' 'unlock/luks*.c unlock/luks_internal.h'
only 'json' 'unlock/json*.c cli/output.c'
only 'zlib' 'openpgp/compress.c'
only 'tss2' 'sign/counter_tpm2.c unlock/tpm2*.c unlock/tpm2_esys.h'
only 'qrencode' 'cli/qr_job.c'
exit $rc
