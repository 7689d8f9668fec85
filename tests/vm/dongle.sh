#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The virtual dongle on the USB bus of a guest: real kernel, libusb, libccid and pcscd; of
# this machine's Debian, or of $VM_DEBIAN (without pcscd then).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../integration/lib.sh"
. "$here/../integration/volumes.sh"
. "$here/image.sh"
. "$here/tree.sh"
need 'a dongle in a guest' qemu-system-x86_64 cpio busybox apt-get dpkg unshare ip pcscd opensc-tool gpg \
	cryptsetup udevadm
if [ -z "${LIB_INSIDE:-}" ]; then # the namespace has no network
	T=$(mktemp -d)
	if [ -n "${VM_DEBIAN:-}" ]; then
		vm_tree "$VM_DEBIAN" &&
			KERNEL=$(echo "$TREE"/boot/vmlinuz-*) MODULES=$(echo "$TREE"/lib/modules/*/kernel)
	else
		vm_kernel
	fi || { fail "Debian's kernel can be had"; rm -r "$T"; finish; }
	rm -r "$T"
	export KERNEL MODULES TREE
fi
lib_reexec_in_namespace "$0" "$@"
log=${VM_LOG:-$O/vm/dongle${VM_DEBIAN:-}.log}
mkdir -p "${log%/*}"
: >"$log"

# --- cards with keys, and a volume that both of them open
volumes_start
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
volume disk luks2
serial=0
for k in ${VM_CARDS:-cv25519 rsa2048}; do
	serial=$((serial + 1))
	card_make "$k" "$k" 00000A0$serial || { fail "gpg makes keys: $k"; finish; }
	check "enrolled: $k" bl_both enroll "$T/disk.img"
	vcard_stop "$k"
done
pcscd_stop

# --- the image
if [ -n "${VM_DEBIAN:-}" ]; then
	FROM=$T/debian
	cp -a "$TREE" "$FROM"
	mkdir -p "$FROM$O"
	cp "$O/bootlatch" "$O/bootlatch-unlock" "$O/stopwatch" "$FROM$O/"
fi
IFD=/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents
vm_copy "$IFD/Linux/libccid.so" "$IFD/Info.plist" /usr/bin/udevadm
[ -n "$FROM" ] || vm_copy /usr/sbin/pcscd /usr/bin/opensc-tool
vm_copy "$(cd "$FROM/" && find usr/lib -name libgcc_s.so.1 | sed 's,^,/,;q')" # a thread that is cancelled
mkdir -p "$T/image/bin" "$T/image/t" "$T/image/lib/systemd" "$T/image/etc"
ln -s /usr/bin/udevadm "$T/image/lib/systemd/systemd-udevd"
cp "$(command -v busybox)" "$T/image/bin/busybox"
for f in bootlatch bootlatch-unlock stopwatch; do
	cp "$O/$f" "$T/image/t/$f"
	for l in $(vm_libraries "$O/$f"); do vm_copy "$l"; done
done
cp -r "$T/disk.img" "$T/boot" "$T/etc" "$T/pin" "$here/way.sh" "$T/image/t/"
for p in ${VM_PARTS:-confined cases faults figures}; do
	cp "$here/$p.sh" "$T/image/t/"
	echo "$p" >>"$T/image/t/parts"
done
cp "$here/guest.sh" "$T/image/init"
chmod 755 "$T/image/init"
vm_modules usb-common usbcore xhci-hcd xhci-pci
vm_pack

# What each way adds to an image that has bootlatch-unlock in it.
added() { # FILE...
	vm_libraries "$O/bootlatch-unlock" >"$T/there"
	{ printf '%s\n' "$@"; vm_libraries "$@"; } | sort -u | grep -vxFf "$T/there" >"$T/added"
	# shellcheck disable=SC2046 # names without blanks
	vm_bytes $(cat "$T/added")
}
if [ -z "$FROM" ]; then
	echo "figure pcscd adds $(added /usr/sbin/pcscd "$IFD/Linux/libccid.so" "$IFD/Info.plist") bytes"
	echo "figure libccid alone adds $(added "$IFD/Linux/libccid.so" "$IFD/Info.plist") bytes"
fi

# --- the guest, and what it wants of us
NONCE=$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')
DONGLE='' NEXT='' SECOND=''
dongle() { # SOCKET CARD [OPTION]...
	d_socket=$1 d_card=$2
	shift 2
	vcard_trace_clear "$d_card"
	"$O/bootlatch-dongle" --state "$(vcard_state "$d_card")" --trace "$(vcard_trace "$d_card")" \
		--socket "$T/$d_socket" "$@" >>"$T/dongle.log" 2>&1 &
	lib_own $!
}
dongle_start() { # CARD [OPTION]...
	NAME=$1
	dongle usb0 "$@"
	DONGLE=$!
}
do_want() {
	case $1 in
	dongle)
		[ -z "$DONGLE" ] || lib_end "$DONGLE"
		shift
		NEXT=$* ;;
	unplug) kill -USR1 "$DONGLE" ;;
	plug) kill -USR2 "$DONGLE" ;;
	second)
		shift
		dongle usb1 "$@"
		SECOND=$! ;;
	no-second) lib_end "$SECOND" ;;
	counted)
		w_what=$2 w_times=$3
		shift 3
		check_is "$*" "$w_times" "$(vcard_count "$NAME" "$w_what")" ;;
	verifies)
		w_most=$2
		shift 2
		check "$*" test "$(vcard_count "$NAME" VERIFY)" -le "$w_most" ;;
	esac
}
vm_start -chardev "socket,id=r0,path=$T/usb0,server=on,wait=off" -device usb-redir,chardev=r0,bus=x.0 \
	-chardev "socket,id=r1,path=$T/usb1,server=on,wait=off" -device usb-redir,chardev=r1,bus=x.0
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
