# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# A minimal guest: Debian's kernel and an initramfs of files copied from this machine, or
# from the Debian in the folder $FROM. Sourced after tests/integration/lib.sh; needs $T.

FROM=''
VM_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/bootlatch-tests

# vm_kernel: unpacks Debian's kernel into the cache, once; sets KERNEL and MODULES.
vm_kernel() {
	vk_name=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
	if [ -z "$vk_name" ]; then
		apt-get -qq update || return 1
		vk_name=$(apt-cache depends linux-image-amd64 |
			sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
	fi
	KERNEL=$VM_CACHE/$vk_name/boot/vmlinuz-${vk_name#linux-image-}
	MODULES=$VM_CACHE/$vk_name/lib/modules/${vk_name#linux-image-}/kernel
	[ ! -e "$KERNEL" ] || return 0
	mkdir -p "$VM_CACHE" "$T/kernel"
	(cd "$T/kernel" && apt-get -qq download "$vk_name") || return 1
	vk_new=$(mktemp -d "$VM_CACHE/new.XXXXXX") || return 1
	dpkg -x "$T"/kernel/*.deb "$vk_new" && mv "$vk_new" "$VM_CACHE/$vk_name" # whole or not
}

# vm_real FILE: behind its links
vm_real() { chroot "${FROM:-/}" readlink -f "$1"; }
# vm_libraries FILE...: what they need, each once.
vm_libraries() {
	chroot "${FROM:-/}" ldd "$@" 2>/dev/null | sed -n 's/.* => \(\/[^ ]*\) (.*/\1/p; s/^\t\(\/[^ ]*\) (.*/\1/p' | sort -u
}
# vm_copy FILE...: into the image at the same place, with the libraries.
vm_copy() {
	for vc_f in "$@" $(vm_libraries "$@"); do
		mkdir -p "$T/image${vc_f%/*}"
		[ -e "$T/image$vc_f" ] || cp "$FROM$(vm_real "$vc_f")" "$T/image$vc_f"
	done
}
# vm_modules NAME...: in the order in which they are loaded.
vm_modules() {
	mkdir -p "$T/image/modules"
	vm_i=0
	for vm_m in "$@"; do
		vm_i=$((vm_i + 1))
		vm_to=$T/image/modules/$(printf %02d $vm_i)-$vm_m.ko
		vm_m=$(find "$MODULES" -name "$vm_m.ko" -o -name "$vm_m.ko.xz")
		case $vm_m in *.xz) xz -dc "$vm_m" >"$vm_to" ;; *) cp "$vm_m" "$vm_to" ;; esac
	done
}
# vm_bytes FILE...: the sum of their sizes.
vm_bytes() { cat "$@" | wc -c; }

vm_pack() { (cd "$T/image" && find . | cpio -o -H newc --quiet) >"$T/initrd"; }

# vm_start [qemu options]: its serial console is read from $T/serial; sets QEMU.
vm_start() {
	mkfifo "$T/serial"
	timeout "${VM_LIMIT:-1800}" qemu-system-x86_64 -machine q35 -accel tcg -cpu max -m 1024 -smp 2 \
		-display none -nodefaults -no-reboot -serial stdio -kernel "$KERNEL" -initrd "$T/initrd" \
		-append "console=ttyS0 quiet panic=-1 nonce=$NONCE" -device qemu-xhci,id=x "$@" \
		>"$T/serial" 2>"$T/qemu.err" </dev/null &
	QEMU=$!
	lib_own $QEMU
}
