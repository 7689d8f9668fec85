# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# shellcheck disable=SC2034 # much of this is for the tests
# A system in a folder, as bootlatch doctor --root looks at it: sourced after volumes.sh and
# sign/boot.sh, with a card named alice.
#
#	good_system          # $ROOT, $D its disk, $UUID (both may be set before);
#	                     # $T/system.log says why it is not made
#	restore              # as it was made
#	content VERSION      # $IMG: what the image of that kernel holds
#	archive DIR          # as cpio

ROOT=${ROOT:-$T/root} D=$T/disk.img IMG=$T/img
BOOT=$ROOT/boot CONF=$ROOT/etc/bootlatch

archive() { (cd "$1" && find . | cpio -o -H newc 2>/dev/null); }

# A stand-in for a kernel that has xts built in and no ohci_pci.
system_modprobe() {
	mount -t tmpfs tmpfs /usr/local/sbin
	cat >/usr/local/sbin/modprobe <<-'EOF'
		#!/bin/sh
		[ "$1" != -q ] || shift
		root=
		[ "$1" != -d ] || { root=$2; shift 2; }
		[ "$1 $3" = '-S --show-depends' ] || exit 9
		m=$root/lib/modules/$2/kernel/x
		case $4 in
		ohci_pci) exit 1 ;;
		xts) echo 'builtin xts' ;;
		dm_crypt) echo "insmod $m/dm-mod.ko.xz "; echo "insmod $m/dm-crypt.ko.xz option=1" ;;
		*) echo "insmod $m/$4.ko.xz " ;;
		esac
	EOF
	chmod 755 /usr/local/sbin/modprobe
}

entries() { # VERSION
	e_tpm=''
	! grep -qs '"tpm2"' "$ROOT"/etc/bootlatch/volumes/*.json || e_tpm=tpm2
	listed "$ROOT/usr/lib/bootlatch/files.list" "$ROOT" "$1" $e_tpm
}
content() {
	rm -rf "$IMG"
	[ -s "$T/entries.$1" ] || entries "$1" >"$T/entries.$1"
	sed "s,^,$IMG," "$T/entries.$1" >"$T/paths"
	sed 's,/[^/]*$,,' "$T/paths" | sort -u | xargs mkdir -p
	xargs touch <"$T/paths"
	cp "$ROOT$(sed -n 's/^exec \([^ ]*bootlatch-unlock[^ ]*\).*/\1/p' "$T/list")" "$IMG/usr/lib/bootlatch/bootlatch-unlock"
	mkdir -p "$IMG/etc/bootlatch/volumes" "$IMG/etc/bootlatch/boot/bootlatch" "$IMG/cryptroot" "$IMG/conf"
	sed -n 's/^load //p' "$ROOT/usr/lib/bootlatch/files.list" >"$IMG/conf/modules"
	cp "$ROOT/etc/bootlatch/volumes/"*.json "$IMG/etc/bootlatch/volumes/"
	cp "$ROOT/boot/bootlatch/"*.pgp "$IMG/etc/bootlatch/boot/bootlatch/"
	cp "$ROOT/etc/crypttab" "$IMG/cryptroot/crypttab"
	echo "$UUID" >"$IMG/etc/bootlatch/roots"
}

system_files() {
	mkdir -p boot/grub etc/default root/.gnupg home usr/bin usr/sbin usr/lib/bootlatch usr/lib/gnupg usr/lib/cryptsetup/scripts \
		usr/lib/udev/rules.d usr/share/initramfs-tools/hooks proc run/pcscd var/lib/bootlatch dev/disk/by-uuid \
		usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Linux "sys/dev/block/$(stat -c %Hd:%Ld .)/dm" sys/class/block/dm-1/dm
	: >usr/sbin/update-initramfs
	: >usr/sbin/mkinitramfs
	: >usr/sbin/pcscd
	: >usr/lib/gnupg/scdaemon
	: >usr/share/initramfs-tools/hooks/cryptroot
	: >usr/share/initramfs-tools/hooks/bootlatch
	: >usr/lib/cryptsetup/scripts/decrypt_bootlatch
	chmod 755 usr/sbin/* usr/share/initramfs-tools/hooks/* usr/lib/cryptsetup/scripts/*
	: >usr/lib/udev/rules.d/70-bootlatch.rules
	: >run/pcscd/pcscd.comm
	sed 's,@LIBDIR@,/usr/lib/bootlatch,g' "$TESTS/../initramfs-hooks/files.list" >usr/lib/bootlatch/files.list
	cp "$O/bootlatch-unlock" "$O/bootlatch-unlock-card" usr/lib/bootlatch/
	strip usr/lib/bootlatch/bootlatch-unlock*
	cp -L /usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Linux/libccid.so usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Linux/
	echo disable-ccid >root/.gnupg/scdaemon.conf
	echo 'root=/dev/mapper/disk ro quiet panic=30' >proc/cmdline
	echo 'MemTotal:        8000000 kB' >proc/meminfo
	printf 'Filename Type Size Used Priority\n/dev/dm-1 partition 1000 0 -2\n' >proc/swaps
	echo CRYPT-PLAIN-swap >sys/class/block/dm-1/dm/uuid
	echo "CRYPT-LUKS2-$(echo "$UUID" | tr -d -)-disk" >"sys/dev/block/$(stat -c %Hd:%Ld .)/dm/uuid"
	ln -s "$D" "dev/disk/by-uuid/$UUID"
	echo 'XKBLAYOUT="us"' >etc/default/keyboard
	echo '/dev/mapper/disk / ext4 defaults 0 1' >etc/fstab
	echo "disk UUID=$UUID none luks,keyscript=decrypt_bootlatch,initramfs" >etc/crypttab
	cat >boot/grub/grub.cfg <<-'END'
		menuentry 'Debian' {
			linux /vmlinuz-6.1.0-10 root=/dev/mapper/disk ro quiet
			initrd /initrd.img-6.1.0-10
		}
		menuentry 'older' {
			linux /vmlinuz-6.1.0-9 root=/dev/mapper/disk ro quiet
			initrd /initrd.img-6.1.0-9
		}
	END
}
system_steps() {
	volume disk luks2 ${UUID:+--uuid "$UUID"} || return 1
	cp "$D" "$T/fresh.img"
	UUID=$(uuid_of "$D")
	mkdir -p "$ROOT" && chmod 755 "$ROOT"
	(cd "$ROOT" && system_files) || return 1
	bl_both enroll "$D" --crypttab-file "$ROOT/etc/crypttab" || return 1
	for s_v in 6.1.0-9 6.1.0-10; do
		content $s_v
		: >"$ROOT/boot/vmlinuz-$s_v"
		archive "$IMG" | gzip -1 >"$ROOT/boot/initrd.img-$s_v" || return 1
	done
	bl_pin sign --yes --default first || return 1
	# What others need: the passphrase of our keyslot, another message to the card, another key, a note.
	gpg_decrypts "$(blob_of "$D" 2)" "$T/pass2" || return 1
	echo other | gpg --batch -q --yes -r "$SUB" -o "$T/other.pgp" -e || return 1
	cp "$TESTS/unit/vectors/rsa2048.pub" "$T/bob.pub" 2>/dev/null ||
		GNUPGHOME=$T/gpg-bob sh -c 'mkdir -m 700 "$GNUPGHOME" && gpg -q --batch --passphrase "" --quick-gen-key bob future-default default never &&
			gpg --batch --export >"$1"; gpgconf --kill all' - "$T/bob.pub" || return 1
	gpg_forget alice
	"$O/bootlatch" pending record kernel 'a test' --boot "$BOOT" --config "$CONF" || return 1
	mv /var/lib/bootlatch/pending "$T/pending"
	rm -rf "$T/good"
	cp -a "$ROOT" "$T/good"
	cp "$D" "$T/good.img"
}
good_system() {
	system_modprobe
	system_steps >"$T/system.log" 2>&1
}
restore() {
	find "$ROOT" -mindepth 1 -maxdepth 1 -exec rm -rf --one-file-system {} +
	cp -a "$T/good/." "$ROOT/"
	cp "$T/good.img" "$D"
}
