#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Guests that install a kernel package: pending is shown, the dongle signs, the verifier that was
# written from HEADS.md takes it, and what is signed as the default entry boots.
#
#   VM_RELEASES='bookworm trixie'   the second one runs systemd, with our units
set -eu
here=$(cd "$(dirname "$0")" && pwd)
TESTS=$(cd "$here/.." && pwd)
. "$here/../integration/lib.sh"
. "$here/../integration/volumes.sh"
. "$here/../sign/boot.sh"
. "$here/image.sh"
. "$here/tree.sh"
. "$here/console.sh"
: "${VM_RELEASES:=bookworm trixie}"
: "${VM_PATIENCE:=1200}" # a busy machine installs a kernel in minutes
# shellcheck disable=SC2034 # tree.sh
VM_PACKAGES='linux-image-amd64 linux-image-cloud-amd64 initramfs-tools zstd udev kmod e2fsprogs systemd-sysv grub-common grub2-common
	libccid libpcsclite1 libusb-1.0-0 libjson-c5 libgcrypt20 zlib1g libqrencode4 libcryptsetup12 libtss2-esys-3.0.2-0 libtss2-tctildr0'
need 'signing after updates' qemu-system-x86_64 mmdebstrap mke2fs debugfs dpkg-deb unshare pcscd opensc-tool gpg
if [ -z "${LIB_INSIDE:-}" ]; then # the namespace has no network
	for r in $VM_RELEASES; do
		vm_tree "$r" || { fail "Debian $r can be had"; finish; }
	done
fi
lib_reexec_in_namespace "$0" "$@"
LOGS=$O/vm
NONCE=$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')
mkdir -p "$LOGS"
card_profile() { echo default; }
volumes_start
sign_start
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
card_make cv cv25519 00000B01 || { fail 'gpg makes keys'; finish; }
CARD_KEY=$KEY

# repacked PACKAGE: from the files that are installed in $TREE to $W/second.deb; taken out there.
repacked() {
	rp_info=$TREE/var/lib/dpkg/info
	mkdir -p "$W/deb/DEBIAN"
	sed 's,^/,,' "$rp_info/$1.list" | # folders may be links here
		(cd "$TREE" && while read -r rp_f; do [ ! -f "$rp_f" ] || echo "$rp_f"; done) >"$W/files"
	tar -C "$TREE" --no-recursion -T "$W/files" -c | tar -C "$W/deb" -x
	dpkg-query --admindir="$TREE/var/lib/dpkg" -s "$1" | sed '/^Status:/d' >"$W/deb/DEBIAN/control"
	for rp_s in preinst postinst prerm postrm; do
		[ ! -e "$rp_info/$1.$rp_s" ] || cp "$rp_info/$1.$rp_s" "$W/deb/DEBIAN/$rp_s"
	done
	dpkg-deb -Znone -b "$W/deb" "$W/second.deb" >"$W/out" && rm -rf --one-file-system "${W:?}/deb" &&
		vm_in "$TREE" dpkg --purge linux-image-cloud-amd64 "$1" >"$W/out" 2>&1
}
menu() { # VERSION: what there is before update-grub has run
	printf "menuentry 'Debian' {\n\tlinux /vmlinuz-%s root=/dev/vda ro\n\tinitrd /initrd.img-%s\n}\n" "$1" "$1"
}
# prepare RELEASE: a Debian with the first kernel, /boot signed; $W/root.ext4, $W/boot.ext4
prepare() {
	vm_tree "$1"
	W=$T/$1
	mkdir "$W"
	cp -a "$TREE" "$W/tree"
	TREE=$W/tree
	SECOND=$(cd "$TREE/lib/modules" && echo ./*-cloud-*)
	SECOND=${SECOND#./}
	repacked "linux-image-$SECOND" || return 1
	[ ! -e "$TREE/boot/vmlinuz-$SECOND" ] || return 1
	FIRST=$(vm_versions "$TREE" | head -n 1)
	make -s -C "$here/../.." O="$O" DESTDIR="$TREE" install >"$W/out" 2>&1 || return 1
	chroot "$TREE" /usr/sbin/bootlatch --version >"$W/out" || return 77
	printf '%s\n' 'COMPRESSLEVEL=1' 'MODULES=list' >"$TREE/etc/initramfs-tools/conf.d/vm"
	printf '%s\n' virtio_pci virtio_blk ext4 >"$TREE/etc/initramfs-tools/modules"
	vm_initramfs "$TREE" "$W/sign.initrd" >"$W/out" 2>&1 || return 1
	cp "$TREE/boot/vmlinuz-$FIRST" "$W/vmlinuz"
	printf '/dev/vda / ext4 defaults 0 0\n/dev/vdb /boot ext4 defaults 0 0\n' >"$TREE/etc/fstab"
	cp "$here/sign_guest.sh" "$TREE/usr/sbin/sign-guest"
	chmod 755 "$TREE/usr/sbin/sign-guest"
	echo "$NONCE" >"$TREE/nonce"
	cp "$T/pin" "$TREE/pin"
	mv "$W/second.deb" "$TREE/second.deb"
	mkdir -m 700 "$TREE/boot/lost+found"
	mkdir -p "$TREE/boot/grub"
	menu "$FIRST" >"$TREE/boot/grub/grub.cfg"
	chroot "$TREE" grub-editenv /boot/grub/grubenv create || return 1
	bl_sign >"$W/out" 2>&1 || return 1
	# A service of GRUB's writes grubenv at every boot, the same each time.
	sed 's,/usr/sbin/probe,/usr/sbin/sign-guest,; s,^\[Unit\],&\nAfter=grub-common.service,' "$here/probe.service" >"$TREE/etc/systemd/system/probe.service"
	echo 'StandardOutput=null' >>"$TREE/etc/systemd/system/probe.service"
	for p in ../probe.service:multi-user.target.wants /usr/lib/systemd/system/bootlatch-boot.path:paths.target.wants \
		/usr/lib/systemd/system/bootlatch-sign.path:paths.target.wants; do
		mkdir -p "$TREE/etc/systemd/system/${p#*:}"
		ln -s "${p%:*}" "$TREE/etc/systemd/system/${p#*:}/"
	done
	mv "$TREE/boot" "$W/boot"
	mkdir "$TREE/boot"
	rm -rf --one-file-system "$TREE"/var/cache/apt/* "$TREE"/var/lib/apt/lists/*
	mke2fs -q -t ext4 -L root -d "$TREE" "$W/root.ext4" 1500M >"$W/out" 2>&1 &&
		mke2fs -q -t ext4 -L boot -d "$W/boot" "$W/boot.ext4" 400M >"$W/out" 2>&1
}
bl_sign() {
	"$O/bootlatch" sign --boot "$TREE/boot" --config "$TREE/etc/bootlatch" --yes --default first --wait 10 --pin-fd 3 \
		3<"$T/pin" </dev/null
}
# What the guest said, counted here.
counted() {
	tr -d '\r\000' <"$LOG" | sed -n "s/.*@$NONCE \(ok\|fail\|note\) /\1 /p" >"$W/said"
	while read -r c_kind c_text; do
		case $c_kind in
		ok) ok "$c_text, $r" ;;
		fail) fail "$c_text, $r" ;;
		note) echo "      | $c_text" ;;
		esac
	done <"$W/said"
}
boots() { # INIT COMMANDLINE: to its end
	D=$W/$1 LOG=$LOGS/sign.$1.$r.log
	mkdir "$D"
	: >"$LOG"
	[ ! -e "$W/cv.state" ] || cp "$W/cv.state" "$D/cv.state"
	# QEMU 7.2 without KVM spoils the flags at the cmpxchg16b of 6.12's cloud kernel, which panics.
	# shellcheck disable=SC2046,SC2154 # words
	VM_QUIET='quiet loglevel=3' guest "$r" sign "$2" -cpu max,-cx16 $(disks "$W/root.ext4" "$W/boot.ext4") $(usb usb0)
	dongle usb0 cv
	SEEN=0
	expect "@$NONCE end"
	lib_wait 300 not_running "$QEMU" || true
	lib_end "$QEMU"
	lib_end "$DONGLE"
	cp "$D/cv.state" "$W/cv.state"
	exec 7>&-
}
not_running() { ! kill -0 "$1" 2>/dev/null; }
# /boot as it lies on the disk, to $W/after.
taken_out() {
	rm -rf --one-file-system "${W:?}/after"
	mkdir "$W/after"
	debugfs -R "rdump / $W/after" "$W/boot.ext4" >"$W/out" 2>&1
	[ -s "$W/after/kexec.sig" ]
}
entry_part() { # KEY: of the signed default entry
	tr '|' '\n' <"$(echo "$W"/after/kexec_default.*.txt)" | sed -n "s/^$1 //p"
}
# As Heads starts it: the files and the command line that are signed.
boots_default() {
	cp "$W/after$(entry_part kernel)" "$W/vmlinuz"
	cp "$W/after$(entry_part initrd)" "$W/sign.initrd"
	boots booted "$(entry_part append) rw init=/usr/sbin/sign-guest step=booted"
}

for r in $VM_RELEASES; do
	TITLE="signing after an update, $r"
	began=$(date +%s) rc=0
	prepare "$r" || rc=$?
	if [ $rc = 77 ]; then
		skip "$TITLE" 'what was built on this machine does not run there'
		continue
	elif [ $rc != 0 ]; then
		fail "$TITLE: the guest is made" "$(cat "$W/out")"
		continue
	fi
	GNUPGHOME=$T/gpg-cv KEY=$CARD_KEY
	export GNUPGHOME
	check "before: the independent verifier takes it, $r" heads_verify --default 1 "$W/boot"
	init='init=/usr/sbin/sign-guest'
	[ "$r" = bookworm ] || init="systemd.mask=getty-static.service $SYSTEMD_PATIENCE"
	boots install "root=/dev/vda rw $init"
	counted
	check "the disk after it, $r" taken_out
	check "the independent verifier takes it, $r" heads_verify "$W/after"
	check_is "the default entry is the new kernel, $r" "/vmlinuz-$SECOND" "$(entry_part kernel)"
	boots_default
	counted
	check "the new kernel has booted, $r" grep -aqF "@$NONCE kernel $SECOND" "$LOG"
	echo "      $(($(date +%s) - began)) s"
done
finish
