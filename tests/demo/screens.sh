#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What bootlatch setup, status and doctor show, on a terminal of 80 columns without colours:
#	O=build/release tests/demo/screens.sh >docs/SCREENS.md
# A virtual dongle, and a system of its own in a folder, in which the program runs with chroot; the terminal is tmux's.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck disable=SC2034 # for the files below
TESTS=$here/..
# shellcheck source=tests/integration/lib.sh
. "$here/../integration/lib.sh"
for x in unshare ip pcscd opensc-tool cryptsetup cpio gzip tmux chroot; do
	command -v "$x" >/dev/null || { echo "This needs $x: make deps" >&2; exit 77; }
done
lib_reexec_in_namespace "$here/screens.sh" "$@"
# Gone with the namespace, without being removed: what is mounted below it is in no danger.
ROOT=/mnt UUID=5a0c1d9e-3f57-4a52-9d0b-6a3f0c1f2b7d
mount -t tmpfs -o mode=755,dev tmpfs "$ROOT"
# shellcheck source=tests/integration/volumes.sh
. "$here/../integration/volumes.sh"
volumes_start
# shellcheck source=tests/integration/doctor_system.sh
. "$here/../integration/doctor_system.sh"
# shellcheck source=tests/integration/files_list.sh
. "$here/../integration/files_list.sh"
D=$ROOT/dev/sda3 KERNELS='6.1.0-9 6.1.0-10'

# --- a system, from a passphrase alone --------------------------------------------------------------

bring() { # FILE…: and what they are linked with, where they are here
	for b_f in "$@"; do
		{ echo "$b_f"; ldd "$b_f" | sed -n 's,.* => \(/[^ ]*\) .*,\1,p; s,^[[:blank:]]*\(/[^ ]*\) (.*,\1,p'; } | while read -r b_p; do
			mkdir -p "$ROOT${b_p%/*}"
			[ -s "$ROOT$b_p" ] || cp -L --remove-destination "$b_p" "$ROOT$b_p"
		done
	done
}
script() { cat >"$ROOT$1" && chmod 755 "$ROOT$1"; }
files() {
	cd "$ROOT"
	mkdir -p usr/bin usr/sbin usr/lib/x86_64-linux-gnu usr/lib64 dev tmp etc/reader.conf.d run/lock
	for x in bin sbin lib lib64; do ln -s "usr/$x" "$x"; done
	for x in 'null 1 3' 'zero 1 5' 'urandom 1 9' 'random 1 8' 'tty 5 0'; do
		# shellcheck disable=SC2086 # words
		set -- $x
		mknod -m 666 "dev/$1" c "$2" "$3"
	done
	system_files
	ln -sfn ../../sda3 "dev/disk/by-uuid/$UUID"
	mv proc proc.ours
	mkdir proc
	mount -t proc proc proc
	for x in cmdline meminfo swaps; do mount --bind "proc.ours/$x" "proc/$x"; done
	rm run/pcscd/pcscd.comm
	mkdir -p usr/lib/locale
	cp -r /usr/lib/locale/C.utf8 usr/lib/locale/ # the QR code wants UTF-8
	bring /bin/sh "$(command -v gzip)" "$(command -v pcscd)" /usr/lib/pcsc/drivers/serial/libifdvpcd.so \
		"$(ldconfig -p | sed -n "s,.*libgcc_s.so.1 .*=> ,,p" | head -n 1)"
	# Where the Makefile would put them.
	for x in "$O"/bootlatch "$O"/bootlatch-unlock*; do
		case $x in */bootlatch) to=usr/sbin ;; *) to=usr/lib/bootlatch ;; esac
		bring "$x"
		mv -f "$ROOT$x" "$to/"
		strip "$to/${x##*/}"
	done
	printf '#!/bin/sh\nexec /lib64/ld-linux-x86-64.so.2 --list "$@"\n' | script /usr/bin/ldd
	script /usr/sbin/modprobe </usr/local/sbin/modprobe
	chmod 755 usr/lib/cryptsetup/scripts/decrypt_bootlatch
	# What it makes is made outside, as there is no such program here.
	script /usr/sbin/update-initramfs <<-'END'
		#!/bin/sh
		for v in 6.1.0-10 6.1.0-9; do
			echo "update-initramfs: Generating /boot/initrd.img-$v"
		done
		echo go >/run/image.go
		read -r x </run/image.made
	END
	mkfifo run/image.go run/image.made
	printf 'root:x:0:0::/root:/bin/sh\n' >etc/passwd
	echo "disk UUID=$UUID none luks,discard" >etc/crypttab
	cryptsetup luksFormat -q --type luks2 --uuid "$UUID" --pbkdf-force-iterations 4 --pbkdf-memory 65536 --pbkdf argon2id \
		--key-file "$T/key" "$D" || return 1
	for v in $KERNELS; do
		: >"boot/vmlinuz-$v"
		gzip -1 </dev/null >"boot/initrd.img-$v"
	done
}
images() {
	for v in $KERNELS; do
		content "$v"
		archive "$IMG" | gzip -1 >"$ROOT/boot/initrd.img-$v"
	done
}
image_maker() {
	while read -r _ <"$ROOT/run/image.go"; do
		images
		echo made >"$ROOT/run/image.made"
	done
}
reader() { # pcscd in there; who looks from outside finds it, too
	printf 'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:0x8C7B\nLIBPATH /usr/lib/pcsc/drivers/serial/libifdvpcd.so\nCHANNELID 0x8C7B\n' \
		>"$ROOT/etc/reader.conf.d/vpcd"
	r_opt=
	if pcscd --help 2>&1 | grep -q disable-polkit; then r_opt=--disable-polkit; fi
	# shellcheck disable=SC2086 # no word when there is no option
	chroot "$ROOT" "$(command -v pcscd)" -f -c /etc/reader.conf.d $r_opt >"$T/pcscd.log" 2>&1 &
	lib_own $!
	lib_wait 100 test -S "$ROOT/run/pcscd/pcscd.comm"
	ln -s "$ROOT/run/pcscd/pcscd.comm" /run/pcscd/pcscd.comm
	lib_wait 50 lib_listens 35964
}
truncate -s 32M "$T/disk"
{
	system_modprobe
	(mkdir -p "$ROOT/dev" && cp --sparse=always "$T/disk" "$D" && files) && reader && vcard_start alice --serial 00000A01
} >"$T/system.log" 2>&1 || { cat "$T/system.log" "$T/pcscd.log" >&2; exit 1; }
image_maker &
lib_own $!

# --- the terminal ---------------------------------------------------------------------------------

SCREENS=0
pane() { tmux -u -L "screens$$.$SCREENS" "$@"; }
shows() { pane capture-pane -p | grep -q -e "$1"; }
await() { lib_wait 600 shows "$1" || { echo "never shown: $1" >&2; pane capture-pane -p >&2; exit 1; }; }
begin() { # COMMAND…
	SCREENS=$((SCREENS + 1)) # a server that ends is still in the way of the next
	printf '\n```\n# bootlatch %s\n' "$*"
	printf 'LC_ALL=C.UTF-8 NO_COLOR=1 chroot %s /usr/sbin/bootlatch %s; touch "%s"; sleep 60\n' "$ROOT" "$*" "$T/done" >"$T/shown"
	rm -f "$T/done"
	pane -f /dev/null new-session -d -x 80 -y 200 sh "$T/shown"
}
types() { # TEXT-ON-THE-SCREEN ANSWER
	await "$1"
	pane send-keys "$2" Enter
}
ends() {
	lib_wait 900 test -e "$T/done" || { pane capture-pane -p >&2; exit 1; }
	sleep 0.5
	pane capture-pane -p | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
	pane kill-server
	printf '```\n'
}
screen() {
	begin "$@"
	ends
}
# The recovery key is on a screen of its own, which is gone when it was written down.
GROUP='[bcdefghijklnrtuv]\{8\}'
writes_down() {
	await 'Press Enter when it is'
	pane capture-pane -p >"$T/recovery.screen"
	KEYTEXT=$(sed -n "s/^ *\($GROUP-$GROUP-$GROUP-*\)\( .*\)\{0,1\}\$/\1/p" "$T/recovery.screen" | tr -d '\n')
	pane send-keys Enter
	for w_n in 1 2; do
		lib_wait 100 asked "$w_n"
		pane send-keys "$(printf %s "$KEYTEXT" | cut -d- -f "$(pane capture-pane -p | grep -o 'Group [1-9] of' | tail -n 1 | tr -dc 1-9)")" Enter
	done
}
asked() { [ "$(pane capture-pane -p | grep -c 'Group [1-9] of')" = "$1" ]; }

cat <<END
<!-- SPDX-License-Identifier: GPL-2.0-or-later -->
# Screens

Made by \`tests/demo/screens.sh\`: a virtual dongle, a system in a folder (kernels and images are stand-ins), a terminal
of 80 columns without colours. With colours what is well is green, what should be mended yellow, what will not work red;
the words say the same. At the end of a pipe a row is one line.

## From a passphrase to a dongle

What is typed for PINs and passphrases shows as stars. The recovery key is on a screen of its own:

END
begin setup --algorithm cv25519 >"$T/setup.md"
types 'numbers to leave out' yes
types 'Passphrase for' 'correct horse battery staple'
writes_down
types 'Admin PIN for' 12345678
types '^PIN for card FFFE:00000A01.*3 tries left' 123456
types 'New PIN for' 654321
types 'The same PIN again' 654321
types 'New Admin PIN' 87654321
types 'The same Admin PIN again' 87654321
types '^PIN for card.*unlock' 654321
types 'yes or no' no
ends >>"$T/setup.md"
printf '```\n'
sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' "$T/recovery.screen"
printf '```\n\nAnd all that stays on the terminal:\n'
cat "$T/setup.md"

# --- all is well --------------------------------------------------------------------------------------

printf '\n## All is well\n'
screen status
begin doctor
types 'Type.*on:' yes
types '^PIN for card' 654321
ends

# --- something is not ---------------------------------------------------------------------------------

signed() {
	printf '654321\n654321\n' >"$T/pins"
	chroot "$ROOT" /usr/sbin/bootlatch sign --yes --default first --pin-fd 3 3<"$T/pins" </dev/null
}
signed >"$T/sign.log" 2>&1 || { cat "$T/sign.log" >&2; exit 1; }
cat <<'END'

## Something is not

/boot is signed; then a French keyboard, swap in the clear, an option in crypttab that only cryptroot knows, a kernel
whose image was made before libccid was there, a second file on /boot that nobody signed, and a second dongle of the
same kind that no program has taken.
END
cd "$ROOT"
sed -i s/us/fr/ etc/default/keyboard
rm sys/class/block/dm-1/dm/uuid
sed -i 's/luks,discard/luks,no-such-option,discard/' etc/crypttab
content 6.1.0-9
rm "$IMG/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Linux/libccid.so"
archive "$IMG" | gzip -1 >boot/initrd.img-6.1.0-9
: >boot/grub/evil.mod
mkdir -p sys/bus/usb/devices/1-1 sys/bus/usb/devices/1-1:1.0 dev/bus/usb/001
(cd sys/bus/usb/devices && echo 0b >1-1:1.0/bInterfaceClass && cd 1-1 && echo 20a0 >idVendor && echo 42b2 >idProduct && echo 1 >busnum &&
	echo 5 >devnum)
: >dev/bus/usb/001/005
cd /
screen status
begin doctor
types 'Type.*on:' no
ends
