#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs the named Debian packages that are missing (make deps).
set -eu
missing=''
for p in "$@"; do
  case $(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null || true) in
    installed) ;;
    *) missing="$missing $p" ;;
  esac
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
  echo "These packages are missing; install them as root: apt-get install$missing" >&2
  exit 1
fi
echo "Installing:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of package names
if ! { apt-get -q update && apt-get -q install -y --no-install-recommends $missing; } >"$log" 2>&1
then
  cat "$log"
  echo 'The packages above could not be installed.' >&2
  exit 1
fi
