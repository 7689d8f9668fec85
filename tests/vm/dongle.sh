#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The virtual dongle on the USB bus of a guest: real kernel, libusb, libccid and pcscd.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../integration/lib.sh"
. "$here/../integration/volumes.sh"
. "$here/image.sh"
need 'a dongle in a guest' qemu-system-x86_64 cpio busybox apt-get dpkg unshare ip pcscd opensc-tool gpg \
	cryptsetup udevadm
if [ -z "${LIB_INSIDE:-}" ]; then # the namespace has no network
	T=$(mktemp -d)
	vm_kernel || { fail "Debian's kernel can be had"; rm -r "$T"; finish; }
	rm -r "$T"
	export KERNEL MODULES
fi
lib_reexec_in_namespace "$0" "$@"
log=${VM_LOG:-$O/vm/dongle.log}
mkdir -p "${log%/*}"
: >"$log"

# --- cards with keys, and a volume that both of them open
volumes_start
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
volume disk luks2
for k in ${VM_CARDS:-cv25519 rsa2048}; do
	card_make "$k" "$k" 00000A01 || { fail "gpg makes keys: $k"; finish; }
	check "enrolled: $k" bl_both enroll "$T/disk.img"
	vcard_stop "$k"
done
pcscd_stop

# --- the image
IFD=/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents
vm_copy "$IFD/Linux/libccid.so" /usr/sbin/pcscd /usr/bin/opensc-tool /usr/bin/udevadm
vm_copy "$(find /lib /usr/lib -name libgcc_s.so.1 | head -n 1)" # a thread that is cancelled
cp -L "$IFD/Info.plist" "$T/image$IFD/"
mkdir -p "$T/image/bin" "$T/image/t" "$T/image/lib/systemd" "$T/image/etc"
ln -s /usr/bin/udevadm "$T/image/lib/systemd/systemd-udevd"
cp "$(command -v busybox)" "$T/image/bin/busybox"
for f in bootlatch bootlatch-unlock stopwatch; do
	cp "$O/$f" "$T/image/t/$f"
	for l in $(vm_libraries "$O/$f"); do vm_copy "$l"; done
done
cp -r "$T/disk.img" "$T/boot" "$T/etc" "$T/pin" "$here/cases.sh" "$T/image/t/"
cp "$here/guest.sh" "$T/image/init"
chmod 755 "$T/image/init"
vm_modules usb-common usbcore xhci-hcd xhci-pci
vm_pack

# --- the guest, and what it wants of us
NONCE=$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')
DONGLE='' NEXT=''
dongle_start() { # CARD [OPTION]...
	NAME=$1
	shift
	"$O/bootlatch-dongle" --state "$(vcard_state "$NAME")" --trace "$(vcard_trace "$NAME")" \
		--socket "$T/usb" "$@" >>"$T/dongle.log" 2>&1 &
	DONGLE=$!
	lib_own $DONGLE
}
do_want() {
	case $1 in
	dongle)
		[ -z "$DONGLE" ] || lib_end "$DONGLE"
		shift
		NEXT=$* ;;
	unplug) kill -USR1 "$DONGLE" ;;
	plug) kill -USR2 "$DONGLE" ;;
	esac
}
vm_start -chardev "socket,id=r0,path=$T/usb,server=on,wait=off" \
	-device usb-redir,chardev=r0,id=rd0,bus=x.0
ended=''
while IFS= read -r line; do
	line=$(printf %s "$line" | tr -d '\r')
	printf '%s\n' "$line" >>"$log"
	case $line in *"@$NONCE "*) ;; *) continue ;; esac
	line=${line#*"@$NONCE "}
	rest=${line#* }
	# shellcheck disable=SC2086 # words
	case $line in
	'ok '*) ok "$rest" ;;
	'fail '*) fail "$rest" ;;
	'note '*) echo "      $rest" ;;
	'figure '*) echo "figure $rest" ;;
	want-go) dongle_start $NEXT ;;
	'want '*) do_want $rest ;;
	end) ended=yes ;;
	esac
done <"$T/serial"
wait "$QEMU" || true
check 'the guest came to its end' test -n "$ended"
[ "$FAILED" = 0 ] || { echo "The serial log: $log"; cat "$T/qemu.err" "$T/dongle.log"; }
finish
