# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What guests boot from: a set is some volumes, a crypttab, records, blobs, and cards.
# set_NAME makes it in $T/set/NAME; set_install NAME TREE puts it into a Debian.
# shellcheck disable=SC2034,SC2154 # T, O, BOOT, CONF: lib.sh and volumes.sh

# vm_root FILE [FOLDER]: a small ext4 whose /sbin/init shows $NONCE.
vm_root() {
	vr_dir=$T/root.dir
	if [ ! -d "$vr_dir" ]; then
		for d in bin sbin etc dev proc sys run tmp root; do mkdir -p "$vr_dir/$d"; done
		cp "$(command -v busybox)" "$vr_dir/bin/busybox"
		cp "$here/boot_init.sh" "$vr_dir/sbin/init"
		chmod 755 "$vr_dir/sbin/init"
		echo "$NONCE" >"$vr_dir/nonce"
	fi
	mke2fs -q -t ext4 -O ^metadata_csum -L root -d "$vr_dir" "$1" 12M
}
# vm_volume FILE TYPE PLAIN [cryptsetup options]: a container with PLAIN in it, opened by $T/key.
vm_volume() {
	vv_img=$1 vv_type=$2 vv_plain=$3
	shift 3
	[ -e "$T/volume.key" ] || head -c 64 /dev/urandom >"$T/volume.key"
	truncate -s $(($(stat -c %s "$vv_plain") + 16 * 1048576)) "$vv_img"
	vv_sector=512
	[ "$vv_type" = luks2 ] || vv_sector=''
	cryptsetup luksFormat -q --type "$vv_type" ${vv_sector:+--sector-size 512} --cipher aes-xts-plain64 --key-size 512 \
		--volume-key-file "$T/volume.key" --pbkdf pbkdf2 --pbkdf-force-iterations 1000 \
		"$@" "$vv_img" "$T/key"
	case $vv_type in
	luks2) vv_at=$(cryptsetup luksDump "$vv_img" | awk '/offset: .*bytes/ { print $2; exit }') ;;
	*) vv_at=$(($(cryptsetup luksDump "$vv_img" | awk '/Payload offset/ { print $3 }') * 512)) ;;
	esac
	truncate -s $(($(stat -c %s "$vv_plain") + vv_at)) "$vv_img"
	"$O/seal" "$vv_img" "$vv_at" "$T/volume.key" "$vv_plain"
}

# set_begin NAME: a folder for it, which enrolling writes to.
set_begin() {
	S=$T/set/$1
	BOOT=$S/boot CONF=$S/etc/bootlatch
	mkdir -p "$BOOT" "$CONF"
	: >"$S/crypttab"
}
# set_line NAME IMAGE [OPTIONS]: a line of crypttab that names us
set_line() {
	echo "$1 UUID=$(uuid_of "$2") none luks,initramfs,keyscript=decrypt_bootlatch${3:+,$3}" >>"$S/crypttab"
}
set_install() {
	rm -rf --one-file-system "$2/boot/bootlatch" "$2/etc/bootlatch"
	cp -r "$T/set/$1/boot/bootlatch" "$2/boot/"
	cp -r "$T/set/$1/etc/bootlatch" "$2/etc/"
	cp "$T/set/$1/crypttab" "$2/etc/crypttab"
	[ ! -d "$T/set/$1/system" ] || cp -r "$T/set/$1/system/." "$2/"
	echo COMPRESSLEVEL=1 >"$2/etc/initramfs-tools/conf.d/vm" # of zstd; 9 takes minutes in all
	: >"$2/etc/initramfs-tools/modules"
	case $1 in full | gnupgsc | splash) return 0 ;; esac
	# Half the time; what dongles and volumes need is ours to bring.
	echo MODULES=list >>"$2/etc/initramfs-tools/conf.d/vm"
	printf '%s\n' virtio_pci virtio_blk ext4 >"$2/etc/initramfs-tools/modules"
}
# The make of a card; the dongle gets it too.
card_profile() { case $1 in kdf) echo kdf ;; touch) echo yubikey5 ;; *) echo default ;; esac; }
# set_card NAME ALGORITHM SERIAL [options]: once; in the reader until vcard_stop
set_card() { [ -d "$T/vcard/$1" ] || { card_make "$@" && vcard_stop "$1"; }; }
# set_enroll CARD IMAGE
set_enroll() {
	vcard_start "$1" --profile "$(card_profile "$1")"
	bl_both enroll "$2"
	vcard_stop "$1"
}

set_root() { root_of "${1:-root}"; }
set_full() { root_of full; } # its image holds every module, as Debian's do
set_kernels() { root_of kernels; }
set_splash() { root_of splash; }
root_of() { # SET [EXT4]
	set_begin "$1"
	set_card cv cv25519 00000B01
	set_card other cv25519 00000B02
	vm_volume "$S/root.img" luks2 "${2:-$ROOT_EXT4}"
	set_enroll cv "$S/root.img"
	set_line cryptroot "$S/root.img"
}
set_three() {
	set_root three
	for n in data1 data2; do
		echo "$NONCE" >"$T/plain/data"
		truncate -s 1M "$T/plain/data"
		vm_volume "$S/$n.img" luks2 "$T/plain/data"
		set_enroll cv "$S/$n.img"
		set_line "$n" "$S/$n.img"
	done
	# One that another dongle opens; the image's crypttab does not name it.
	vm_volume "$S/data3.img" luks2 "$T/plain/data" --label third
	set_enroll other "$S/data3.img"
}
# of another card: card_set NAME ALGORITHM [options]
card_set() {
	set_begin "$1"
	set_card "$@"
	vm_volume "$S/root.img" luks2 "$ROOT_EXT4"
	set_enroll "$1" "$S/root.img"
	set_line cryptroot "$S/root.img"
}
set_rsa4096() { card_set rsa4096 rsa4096 00000B03; }
set_nistp384() { card_set nistp384 nistp384 00000B04; }
# made_card NAME SERIAL COMMAND...: a card on which that is done before its keys are made
made_card() {
	mc_name=$1 mc_serial=$2
	shift 2
	vcard_start "$mc_name" --serial "$mc_serial" --profile "$(card_profile "$mc_name")"
	gpg_home_new "$mc_name"
	"$@" && gpg_card_generate cv25519
	gpg_forget
	vcard_stop "$mc_name"
}
set_kdf() {
	made_card kdf 00000B05 gpg_card_edit admin kdf-setup
	card_set kdf
}
# Its decryption key wants the button pressed; gpg can set that since 2.3 only.
set_touch() {
	made_card touch 00000B06 true
	vcard_start touch --profile yubikey5
	[ "$(apdu 0 00A4040006D2760001240100 00200083083132333435363738 00DA00D7020120)" = 9000 ] || return 1
	vcard_stop touch
	card_set touch
}
set_luks1() {
	set_begin luks1
	set_card cv cv25519 00000B01
	vm_volume "$S/root.img" luks1 "$ROOT_EXT4"
	set_enroll cv "$S/root.img"
	set_line cryptroot "$S/root.img"
}
# Debian's own keyscript for cards, with gpg; our blob is its key file.
set_gnupgsc() {
	root_of gnupgsc
	mkdir -p "$S/system/etc/keys" "$S/system/etc/cryptsetup-initramfs"
	cp "$S"/boot/bootlatch/*.pgp "$S/system/etc/keys/root.pgp"
	cp "$T/cv.pub" "$S/system/etc/cryptsetup-initramfs/pubring.gpg"
	sed -i 's, none , /etc/keys/root.pgp ,; s,=decrypt_bootlatch,=decrypt_gnupg-sc,' "$S/crypttab"
}
# Such a system, with a key of its own, taken over: nobody typed its passphrase.
set_import() {
	set_begin import
	set_card cv cv25519 00000B01
	vm_volume "$S/root.img" luks2 "$ROOT_EXT4"
	mkdir -p "$S/system/etc/keys" "$S/system/etc/cryptsetup-initramfs"
	mkdir -m 700 "$S/gpg"
	cp "$T/cv.pub" "$S/system/etc/cryptsetup-initramfs/pubring.gpg"
	head -c 256 /dev/urandom >"$S/gpg/key"
	cryptsetup luksAddKey -q --key-file "$T/key" --pbkdf pbkdf2 --pbkdf-force-iterations 1000 "$S/root.img" "$S/gpg/key" &&
		gpg --homedir "$S/gpg" --batch --quiet --trust-model always --recipient-file "$T/cv.pub" \
			--output "$S/system/etc/keys/root.gpg" --encrypt "$S/gpg/key" || return 1
	rm "$S/gpg/key"
	echo "cryptroot UUID=$(uuid_of "$S/root.img") $S/system/etc/keys/root.gpg luks,initramfs,keyscript=decrypt_gnupg-sc" >"$S/crypttab"
	vcard_start cv --profile default
	bl_pin enroll "$S/root.img" --import --crypttab --crypttab-file "$S/crypttab" --no-initramfs || return 1
	vcard_stop cv
	sed -i "s,$S/system,," "$S/crypttab"
	cat "$S/crypttab"
	grep -q '^cryptroot .*decrypt_bootlatch' "$S/crypttab"
}
# A whole Debian: systemd, and a service that asks gpg for the card.
set_system() {
	ss_root=$T/system.root
	cp -al "$T/system/tree" "$ss_root"
	rm -rf --one-file-system "${ss_root:?}/boot" "$ss_root"/lib/modules/*-rt-* "$ss_root"/var/cache/apt "$ss_root"/var/lib/apt
	echo "$NONCE" >"$ss_root/nonce"
	cp "$here/gpg_probe.sh" "$ss_root/usr/sbin/probe"
	cp "$here/probe.service" "$ss_root/etc/systemd/system/"
	mkdir -p "$ss_root/etc/systemd/system/multi-user.target.wants"
	ln -s ../probe.service "$ss_root/etc/systemd/system/multi-user.target.wants/"
	mke2fs -q -t ext4 -L root -d "$ss_root" "$T/plain/system.ext4" 900M
	root_of system "$T/plain/system.ext4"
	rm "$T/plain/system.ext4"
}
# LVM wants a kernel that has it: a guest, in the image that Debian made for itself.
# lvm_in_guest RELEASE-FOLDER WORK-FOLDER DISK ROOT SWAP
lvm_in_guest() {
	mkdir "$2/cpio"
	cp "$here/lvm_init.sh" "$2/cpio/lvm_init"
	chmod 755 "$2/cpio/lvm_init"
	cat "$1/lvm.initrd" >"$2/initrd"
	truncate -s %512 "$2/initrd"
	(cd "$2/cpio" && find . | cpio -o -H newc --quiet) >>"$2/initrd"
	timeout 1800 qemu-system-x86_64 -machine q35 -accel tcg -cpu max -m 768 -nographic -no-reboot -nodefaults \
		-serial stdio -kernel "$1/vmlinuz" -initrd "$2/initrd" -append "console=ttyS0 panic=-1 quiet cryptomgr.notests \
			mitigations=off no_timer_check rdinit=/lvm_init vm.root=$(mib_of "$4") vm.swap=$(mib_of "$5")" \
		-drive "file=$3,format=raw,if=virtio,cache=unsafe" </dev/null >"$2/log" 2>&1
	tail -n 30 "$2/log"
	# MiB before the first extent, MiB of one, and the extents of both.
	# shellcheck disable=SC2046 # words
	set -- "$3" "$4" "$5" $(tr -d '\r' <"$2/log" | sed -n 's,^@volumes \([0-9]*\)\.00 \([0-9]*\)\.00 /dev/vda:\([0-9]*\)-[0-9]* /dev/vda:\([0-9]*\)-[0-9]*$,\1 \2 \3 \4,p')
	[ $# = 7 ] && dd if="$2" of="$1" bs=1M seek=$(($4 + $5 * $6)) conv=notrunc status=none &&
		dd if="$3" of="$1" bs=1M seek=$(($4 + $5 * $7)) count=1 conv=notrunc status=none
}
mib_of() { echo $(($(stat -c %s "$1") / 1048576)); }
