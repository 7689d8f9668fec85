#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The Debian packages: built without root, compared with make install, looked at by lintian, and the decisions of
# their maintainer scripts. What they do on a whole system is seen in tests/vm/package.sh.
# shellcheck disable=SC2016 # texts of other scripts
set -eu
. "$(dirname "$0")/lib.sh"
need 'Debian packages' unshare ip setpriv cryptsetup dpkg-buildpackage dh dpkg-deb
lib_reexec_in_namespace "$0" "$@"
TOP=$(cd "$(dirname "$0")/../.." && pwd)
(cd "$TOP" && dpkg-checkbuilddeps) >"$T/deps" 2>&1 || { skip 'Debian packages' "$(tail -n 1 "$T/deps")"; finish; }
changelog() { dpkg-parsechangelog -l "$TOP/debian/changelog" -S "$1"; }
V=$(changelog Version)
check_is 'the changelog has the version of the Makefile' "$(sed -n 's/^RELEASE *:= //p' "$TOP/Makefile")" "$V"

# --- built by nobody, from a copy
chmod 711 "$T"
mkdir -p "$T/src/bootlatch" "$T/home"
tar -C "$TOP" --exclude-vcs --exclude=./build -cf - . | tar -C "$T/src/bootlatch" -xf - --no-same-owner
chown -R nobody: "$T/src" "$T/home"
build() {
	(cd "$T/src/bootlatch" && setpriv --reuid=nobody --regid=nogroup --clear-groups env -i PATH="$PATH" HOME="$T/home" LC_ALL=C.UTF-8 \
		DEB_BUILD_OPTIONS='nocheck noautodbgsym parallel=2' dpkg-buildpackage -us -uc)
}
check 'the packages are built, without root' build
MAIN=$(echo "$T/src/bootlatch_${V}_"*.deb) BOOT=$(echo "$T/src/bootlatch-initramfs_${V}_"*.deb)
if [ ! -e "$MAIN" ] || [ ! -e "$BOOT" ]; then finish; fi

# --- what is in them
# files DEB: without what debhelper adds; compressed pages by their names
files() { dpkg-deb --fsys-tarfile "$1" | tar -tf - | sed -n 's,^\./,,; /\/$/d; /^usr\/share\/doc\//d; /^usr\/share\/lintian\//d; s,\(/man[58]/.*\)\.gz$,\1,; s,^lib/systemd/,usr/lib/systemd/,; /./p' | sort; }
files "$MAIN" >"$T/main"
files "$BOOT" >"$T/boot"
installs() { make -s -C "$TOP" O="$O" DESTDIR="$T/dest" STRIP=true install; }
check 'make install' installs
(cd "$T/dest" && find . ! -type d | sed 's,^\./,,' | sort) >"$T/installed"
check_is 'no file is in both' '' "$(comm -12 "$T/main" "$T/boot")"
check_is 'they hold what make install gives, and nothing else' '' "$(sort "$T/main" "$T/boot" | comm -3 - "$T/installed")"
check 'the programs for the initramfs are in their own package' \
	sh -c 'grep -qx usr/lib/bootlatch/bootlatch-unlock "$1" && grep -qx usr/lib/bootlatch/bootlatch-unlock-card "$1"' sh "$T/boot"
check 'the format that the manual points at is there, as text' sh -c 'dpkg-deb --fsys-tarfile "$1" | tar -tf - | grep -qx ./usr/share/doc/bootlatch/FORMAT.md' sh "$MAIN"
field() { dpkg-deb -f "$1" "$2"; }
has() { field "$1" "$2" | tr ',' '\n' | sed 's/^ *//; s/ .*//' | grep -qx "$3"; }
for p in bootlatch cryptsetup-initramfs initramfs-tools libccid libgcc-s1 libc6; do
	check "bootlatch-initramfs depends on $p" has "$BOOT" Depends "$p"
done
check 'bootlatch draws QR codes' has "$MAIN" Depends libqrencode4
check_fails '... and what opens disks at boot does not' has "$BOOT" Depends libqrencode4
check 'bootlatch recommends it' has "$MAIN" Recommends bootlatch-initramfs
for d in main:"$MAIN" boot:"$BOOT"; do
	mkdir "$T/ctl.${d%%:*}" && dpkg-deb -e "${d#*:}" "$T/ctl.${d%%:*}"
done
check 'dpkg calls it after changes below /boot' grep -qx 'interest-noawait /boot' "$T/ctl.main/triggers"
check 'images are made anew with it, and without it' grep -qx 'activate-noawait update-initramfs' "$T/ctl.boot/triggers"
check_is 'what an administrator may change is a conffile' "$(grep ^etc/ "$T/installed")" "$(sed 's,^/,,' "$T/ctl.main/conffiles" | sort)"
# --- lintian, in the version that this was written with
case $(lintian --version 2>/dev/null) in
*v2.116.*)
	lintian --allow-root -I --pedantic "$T/src/"*.changes >"$T/lintian" 2>&1 || true
	check_is 'lintian has neither error nor warning' '' "$(grep '^[EW]:' "$T/lintian")"
	;;
*) skip 'lintian' 'its version is not 2.116, that of Debian 12' ;;
esac

# --- their scripts, on another root
R=$T/root
mkdir "$R"
dpkg-deb -x "$MAIN" "$R"
# script main|boot NAME ARGUMENT...
script() {
	s_file=$T/ctl.$1/$2
	shift 2
	env DPKG_ROOT="$R" DPKG_MAINTSCRIPT_PACKAGE=bootlatch sh "$s_file" "$@"
}
if [ -d /run/systemd/system ]; then
	skip 'which units are enabled' 'postinst would speak to the systemd that runs here'
else
	check 'installed' script main postinst configure ''
	check_is '... the unit that only notes is enabled, the one that asks is not' bootlatch-boot.path \
		"$(find "$R/etc/systemd/system" -type l -printf '%f\n' | paste -sd' ')"
fi
refuses() { ! script boot prerm remove >"$T/said" 2>&1 && grep -q 'bootlatch unenroll' "$T/said"; }
line() { printf '%s\n' '# <target> <source> <key> <options>' "$@" >"$R/etc/crypttab"; }
check 'removed where there is no crypttab' script boot prerm remove
line 'root UUID=1-2 none luks,discard'
check '... where crypttab does not name us' script boot prerm remove
line '#root UUID=1-2 none luks,keyscript=decrypt_bootlatch' 'root UUID=1-2 none luks,keyscript=decrypt_bootlatch_not'
check '... where a comment does' script boot prerm remove
line 'other UUID=3-4 none luks' 'root	UUID=1-2  none   luks,keyscript=decrypt_bootlatch,initramfs'
check 'not removed where crypttab names us; the way out is told' refuses
check '... and the volume' grep -q '^  root, UUID=1-2$' "$T/said"
check_fails '... and no other' grep -q other "$T/said"
check '... upgraded' script boot prerm upgrade 9
check '... deconfigured' script boot prerm deconfigure in-favour x 1
line 'root /dev/sda3 none keyscript=/lib/cryptsetup/scripts/decrypt_bootlatch'
check 'not removed: with a path in front of the name' refuses

# --- bootlatch alone: nothing that its images would need
truncate -s 20M "$T/disk.img"
echo key >"$T/key"
mkdir "$T/boot.dir" "$T/etc.dir"
[ ! -e /lib/cryptsetup/scripts/decrypt_bootlatch ] || mount -t tmpfs tmpfs /lib/cryptsetup/scripts
check 'a volume' cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 "$T/disk.img" "$T/key"
enrolls() { "$O/bootlatch" enroll "$T/disk.img" --crypttab-name root --boot "$T/boot.dir" --config "$T/etc.dir" --wait 0 >"$T/said" 2>&1; }
check_status 'bootlatch without bootlatch-initramfs writes no line that would leave the disk out of the image' 10 enrolls
check '... and names the package' grep -q bootlatch-initramfs "$T/said"

# --- purged
state() { (cd "$R" && find etc/bootlatch var/lib/bootlatch -type f 2>/dev/null | sort | paste -sd' '); }
make_state() {
	rm -rf "${R:?}/etc/bootlatch" "${R:?}/var"
	mkdir -p "$R/etc/bootlatch/volumes" "$R/etc/bootlatch/signers" "$R/var/lib/bootlatch/signed/boot"
	for f in etc/bootlatch/signers/F.pgp var/lib/bootlatch/pending var/lib/bootlatch/signed/boot/kexec.sig "$@"; do : >"$R/$f"; done
}
make_state etc/bootlatch/volumes/1-2.json
before=$(state)
for a in remove 'upgrade 9' 'failed-upgrade 9' abort-install; do
	# shellcheck disable=SC2086 # words
	check "postrm $a" script main postrm $a
	check_is '... keeps everything' "$before" "$(state)"
done
purge() { script main postrm purge >"$T/said" 2>&1; }
check 'purged' purge
check_is '... the record of an enrolled volume stays' etc/bootlatch/volumes/1-2.json "$(state)"
check '... and that is said' grep -q 'volumes/1-2.json' "$T/said"
make_state
check 'purged where nothing is enrolled' purge
check_is '... nothing stays' '' "$(cd "$R" && find etc/bootlatch var/lib/bootlatch 2>/dev/null)"
check_is '... and nothing is said' '' "$(cat "$T/said")"
check 'purged twice' purge
make_state
echo '{"version":1,"uuid":"1-2","header_pin":"00","ways":[]}' >"$R/etc/bootlatch/volumes/1-2.json"
check 'purged where nothing is enrolled any more' purge
check_is '... the record without ways goes too' '' "$(state)"

printf '#!/bin/sh\nprintf "%%s\\n" "$*" >"%s/triggered"\n' "$T" >"$T/boot-triggered"
chmod 755 "$T/boot-triggered"
sed -i "s,/usr/lib/bootlatch/boot-triggered,$T/boot-triggered,g" "$T/ctl.main/postinst"
check 'dpkg triggers it' script main postinst triggered '/boot /boot/grub'
check_is '... and it is told of what' '/boot /boot/grub' "$(cat "$T/triggered")"
finish
