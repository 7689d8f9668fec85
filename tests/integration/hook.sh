#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The hook that makes the image: what it writes down of what root lies on. The rest of it runs in
# tests/vm, with a whole Debian around it.
# shellcheck disable=SC2016 # texts of other scripts
set -eu
. "$(dirname "$0")/lib.sh"
need 'what the hook writes' unshare ip
lib_reexec_in_namespace "$0" "$@"

# The hook's last part, which writes that down; what it asks for is played.
mkdir -p "$T/hook/bin" "$T/hook/lib"
for f in findmnt lib/bootlatch-unlock; do
	case $f in lib/*) f_to=$T/hook/$f ;; *) f_to=$T/hook/bin/$f ;; esac
	printf '#!/bin/sh\n. "%s"\n' "$T/hook/$f.plays" >"$f_to" && chmod 755 "$f_to"
done
echo 'resolve_device() { case $1 in UUID=s) echo /dev/swap ;; /dev/*) echo "$1" ;; *) return 1 ;; esac; }' >"$T/hook/functions"
sed -n '/^# What root and/,$p' "$(dirname "$0")/../../initramfs-hooks/initramfs-tools/hooks/bootlatch" |
	sed "s,@LIBDIR@,$T/hook/lib,; s,/usr/share/initramfs-tools/scripts/functions,$T/hook/functions,; s,/proc/cmdline,$T/hook/cmdline,; s,/sys/dev/block,$T/hook,g" >"$T/hook/part"
echo '[ "$2" != /dev/plain ] && echo "uuid of $2"' >"$T/hook/lib/bootlatch-unlock.plays"
# writes ROOT RESUME COMMANDLINE: what is in the image then, in one line
writes() {
	rm -rf "$T/hook/image"
	mkdir -p "$T/hook/image/conf/conf.d"
	echo "RESUME=$2" >"$T/hook/image/conf/conf.d/zz-resume-auto"
	echo "$3" >"$T/hook/cmdline"
	echo "[ -n '$1' ] && echo '$1'" >"$T/hook/findmnt.plays"
	DESTDIR=$T/hook/image PATH=$T/hook/bin:$PATH sh -e "$T/hook/part" 2>&1 || echo failed
	[ ! -e "$T/hook/image/etc/bootlatch/roots" ] || (cd "$T/hook/image/etc/bootlatch" && grep -H '' -- *; ls)
}
in_line() { writes "$@" | paste -sd' '; }
check_is 'the hook: root and swap on volumes of ours' 'roots:uuid of /dev/root roots:uuid of /dev/swap roots' "$(in_line /dev/root UUID=s 'a b')"
check_is 'the command line comes before the configuration' 'roots:uuid of /dev/root resume-elsewhere roots' \
	"$(in_line /dev/root UUID=s 'a resume=/dev/plain b')"
check_is 'nothing to resume from' 'roots:uuid of /dev/root roots' "$(in_line /dev/root none '')"
check_is 'a plain root' '' "$(in_line /dev/plain UUID=s '')"
in_line '' UUID=s '' >"$T/said"
check 'a root that cannot be seen is told' grep -q '^W: .*cannot be seen from here' "$T/said"
finish
