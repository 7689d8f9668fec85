#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The hook that makes the image: which drivers it takes for a TPM, and what it writes down of what root
# lies on. The rest of it runs in tests/vm, with a whole Debian around it.
# shellcheck disable=SC2016 # texts of other scripts
set -eu
. "$(dirname "$0")/lib.sh"
need 'what the hook writes' unshare ip
lib_reexec_in_namespace "$0" "$@"

# What a TPM needs. A device of sysfs has a driver, and that a module, where it is one.
HOOK=$(dirname "$0")/../../initramfs-hooks/initramfs-tools/hooks/bootlatch
mkdir -p "$T/tpm/records" "$T/sys/module"
{
	printf 'set -e\nversion=6.1.0\nput() { echo "put $*"; }\nforce_load() { echo "load $1"; }\n'
	echo 'has_module() { [ "$1" != missing ]; }'
	sed -n '/^# Once: /,/^no_tpm2() /p' "$HOOK" | sed "s,/etc/bootlatch/volumes,$T/tpm/records," | tee "$T/tpm/once"
	sed -n '/^# The TPM that is here/,/^tpm2 tpm_drivers/p' "$HOOK" | sed "s,/sys/,$T/sys/,g"
} >"$T/tpm/part"
driven() { # DEVICE MODULE
	mkdir -p "$T/sys/devices/$1" "$T/sys/bus/drivers/$2" "$T/sys/module/$2"
	ln -sfn "$T/sys/module/$2" "$T/sys/bus/drivers/$2/module"
	ln -sfn "$T/sys/bus/drivers/$2" "$T/sys/devices/$1/driver"
}
tpm_is() { # DEVICE
	rm -rf "$T/sys/class"
	mkdir -p "$T/sys/class/tpm/tpm0"
	ln -s "$T/sys/devices/$1" "$T/sys/class/tpm/tpm0/device"
}
loads() { sh "$T/tpm/part" 2>"$T/tpm/said" | paste -sd' '; }
driven pci0/0000:00:1f.5 spi_intel_pci
driven pci0/0000:00:1f.5/spi0/spi-MSFT0101:00 tpm_tis_spi
driven platform/old missing
driven platform/bus missing # as what is built in and was never a module
driven platform/bus/tpm tpm_tis
mkdir -p "$T/sys/bus/drivers/inside" "$T/sys/devices/platform/inside"
ln -s "$T/sys/bus/drivers/inside" "$T/sys/devices/platform/inside/driver" # built in
tpm_is pci0/0000:00:1f.5/spi0/spi-MSFT0101:00
echo '{"backend": "openpgp-card"}' >"$T/tpm/records/one.json"
check_is 'no record names a TPM: no driver of one' '' "$(loads)$(cat "$T/tpm/said")"
printf '%s\n' 'tpm2 echo tss2' 'echo tpm2 | sed "s/.*/\"&\"/" >'"$T/tpm/records/two.json" 'no_tpm2 echo program' 'tpm2 echo library' >>"$T/tpm/once"
check_is 'a record that is written meanwhile does not halve the files' program "$(sh -e "$T/tpm/once" | paste -sd' ')"
echo '{"backend": "tpm2"}' >"$T/tpm/records/two.json"
check_is "the TPM's own driver, and before it that of its bus" 'load spi_intel_pci load tpm_tis_spi' "$(loads)"
check_is 'of which nothing is said' '' "$(cat "$T/tpm/said")"
tpm_is platform/inside
check_is 'one that the kernel has built in' '' "$(loads)$(cat "$T/tpm/said")"
tpm_is platform/old
check_is 'a driver that the kernel of the image has not: no image less' '' "$(loads)"
check 'but it is told' grep -q '^W: .*works with the driver missing, which kernel 6.1.0 has not' "$T/tpm/said"
tpm_is platform/bus/tpm
check_is 'a bus whose driver is no module' 'load tpm_tis' "$(loads)"
check_is 'of which nothing is said either' '' "$(cat "$T/tpm/said")"
rm -r "$T/sys/class"
check_is 'no TPM to be seen: no image less' '' "$(loads)"
check 'but that is told' grep -q '^W: .*no TPM is seen from here' "$T/tpm/said"

# The hook's last part, which writes that down; what it asks for is played.
mkdir -p "$T/hook/bin" "$T/hook/lib"
for f in findmnt lib/bootlatch-unlock; do
	case $f in lib/*) f_to=$T/hook/$f ;; *) f_to=$T/hook/bin/$f ;; esac
	printf '#!/bin/sh\n. "%s"\n' "$T/hook/$f.plays" >"$f_to" && chmod 755 "$f_to"
done
echo 'resolve_device() { case $1 in UUID=s) echo /dev/swap ;; /dev/*) echo "$1" ;; *) return 1 ;; esac; }' >"$T/hook/functions"
sed -n '/^# What root and/,$p' "$HOOK" |
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

# --- cryptroot left our line out of the image (a comment behind it, a device that is not there) --
sed -n '1,/^refuse()/p' "$(dirname "$0")/../../initramfs-hooks/initramfs-tools/hooks/bootlatch" | sed '$d' |
	sed "s,/usr/share/initramfs-tools/hook-functions,/dev/null,; s,/etc/crypttab,$T/hook/crypttab," >"$T/hook/first"
left_out() { # LINE: what is said when the image has none of ours
	rm -rf "$T/hook/image"
	mkdir -p "$T/hook/image/cryptroot"
	: >"$T/hook/image/cryptroot/crypttab"
	printf '# decrypt_bootlatch,initramfs\n%s\n' "$1" >"$T/hook/crypttab"
	(DESTDIR=$T/hook/image sh -e "$T/hook/first" 2>&1 || echo failed) | grep -c 'left that line out\|failed' || true
}
check_is 'a line of ours that cryptroot leaves out is told' 1 "$(left_out 'a UUID=1 none luks,keyscript=decrypt_bootlatch,initramfs # x')"
check_is "one that is systemd's is not" 0 "$(left_out 'a UUID=1 none luks,keyscript=decrypt_bootlatch')"
check_is 'nor is a table without us' 0 "$(left_out 'a UUID=1 none luks,initramfs')"
finish
