#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# dongle.sh with Debian 13's kernel, libusb, libccid and glibc.
VM_DEBIAN=trixie VM_PARTS=${VM_PARTS:-confined cases} exec "$(dirname "$0")/dongle.sh" "$@"
