#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# package.sh with Debian 13.
VM_RELEASES=trixie exec "$(dirname "$0")/package.sh" "$@"
