# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What is wanted of the images that boot.sh makes: all that is listed, nothing else of ours,
# none at all when something is missing, one for each kernel. Sourced after tree.sh.
# shellcheck disable=SC2154 # T, check: lib.sh

# images RELEASE SET...: all of that Debian's, and what is wanted of them. In a subshell: a folder of
# its own for what the checks write.
images() {
	im_release=$1
	shift
	mkdir "$T/images.$im_release"
	ln -s "$T/set" "$T/$im_release" "$T/images.$im_release/"
	T=$T/images.$im_release
	for s in "$@"; do image_make "$im_release" "$s"; done
	[ "$im_release" != system ] || return 0
	check "$im_release: the image holds what is listed, and nothing that enrolls" image_holds "$T/$im_release/tree"
	check "$im_release: with a blob missing no image is made, and the old one stays" image_refused "$T/$im_release/tree"
	check "$im_release: mkinitramfs is warned where nothing opens disks in an image" image_warned "$T/$im_release/tree"
}
# image_make RELEASE SET: $T/RELEASE/SET.initrd
image_make() {
	im_tree=$T/$1/tree
	set_install "$2" "$im_tree"
	im_began=$(date +%s)
	if [ "$2" = kernels ]; then
		images_of_all_kernels "$1"
	else
		check "$1: update-initramfs makes the image of the set $2" vm_initramfs "$im_tree" "$T/$1/$2.initrd"
	fi
	echo "      $(($(date +%s) - im_began)) s"
}
image_holds() { # TREE: what lsinitramfs says
	vm_in "$1" lsinitramfs "/boot/initrd.img-$(vm_versions "$1" | head -n 1)" >"$T/files" || return 1
	for f in usr/lib/bootlatch/bootlatch-unlock Contents/Linux/libccid.so Contents/Info.plist etc/libccid_Info.plist \
		libgcc_s.so.1 libusb-1.0.so.0 70-bootlatch-initramfs.rules etc/bootlatch/volumes/ etc/bootlatch/boot/bootlatch/ \
		scripts/local-top/bootlatch scripts/local-block/bootlatch scripts/local-premount/bootlatch cryptsetup/scripts/decrypt_bootlatch; do
		grep -q "$f" "$T/files" || { echo "no $f"; return 1; }
	done
	! grep -E 'bin/(bootlatch|gpg|pcscd)|bootlatch.*crypttab' "$T/files"
}
image_refused() { # TREE
	ir_image=$1/boot/initrd.img-$(vm_versions "$1" | head -n 1)
	ir_sum=$(sha256sum <"$ir_image")
	mv "$1/boot/bootlatch" "$1/boot/away"
	! vm_initramfs "$1" /dev/null || return 1
	mv "$1/boot/away" "$1/boot/bootlatch"
	[ "$(sha256sum <"$ir_image")" = "$ir_sum" ]
}
image_warned() { # TREE: what mkinitramfs reads first
	iw_hook='. /usr/share/initramfs-tools/conf-hooks.d/bootlatch'
	vm_in "$1" sh -ec "$iw_hook" >"$T/warned" 2>&1 && ! grep . "$T/warned" || return 1
	mv "$1/usr/share/initramfs-tools/hooks/cryptroot" "$1/away"
	vm_in "$1" sh -ec "$iw_hook" >"$T/warned" 2>&1
	mv "$1/away" "$1/usr/share/initramfs-tools/hooks/cryptroot"
	cat "$T/warned"
	grep -q '^W: bootlatch: .*apt install cryptsetup-initramfs$' "$T/warned"
}

# --- two kernels, and what bootlatch status says of their images (issue 4, 16)
status_is() { # TREE STATUS
	si_got=0
	vm_in "$1" bootlatch status /root.img >"$T/status" 2>&1 || si_got=$?
	cat "$T/status"
	[ $si_got = "$2" ]
}
# names_all VERSION FILE...: status said of that image that it lacks these
names_all() {
	na_line=$(grep "^image of $1: LACKS " "$T/status") || return 1
	shift
	for na_f in "$@"; do
		case $na_line in *"$na_f"*) ;; *) echo "does not name $na_f"; return 1 ;; esac
	done
}
images_of_all_kernels() { # RELEASE
	ia_tree=$T/$1/tree
	ia_first=$(vm_versions "$ia_tree" | head -n 1) ia_last=$(vm_versions "$ia_tree" | tail -n 1)
	cp --sparse=always "$T/set/kernels/root.img" "$ia_tree/root.img"
	check_fails "$1: status, when neither of two kernels has an image that knows the disk" status_is "$ia_tree" 0
	check "$1: update-initramfs -u -k all makes the images of two kernels" vm_in "$ia_tree" update-initramfs -u -k all
	check "$1: status: both images are complete" status_is "$ia_tree" 0
	check_is "$1: status: it looked at both" 2 "$(grep -c '^image of .*: ready$' "$T/status")"
	cp "$ia_tree/boot/initrd.img-$ia_last" "$T/$1/kernels.initrd"
	cp "$ia_tree/boot/vmlinuz-$ia_last" "$T/$1/kernels.vmlinuz"
	mv "$ia_tree/usr/lib/bootlatch/files.list" "$T/files.list"
	echo '# nothing' >"$ia_tree/usr/lib/bootlatch/files.list"
	check "$1: an image of the second kernel without all that is listed" \
		vm_in "$ia_tree" update-initramfs -u -k "$ia_last"
	mv "$T/files.list" "$ia_tree/usr/lib/bootlatch/files.list"
	check "$1: status fails" status_is "$ia_tree" 1
	check "$1: status: the first kernel's image is complete" grep -qx "image of $ia_first: ready" "$T/status"
	check "$1: status: what the second one's lacks" names_all "$ia_last" bootlatch-unlock libccid.so Info.plist \
		70-bootlatch-initramfs.rules etc/bootlatch/volumes/ etc/bootlatch/boot/bootlatch/
	rm "$ia_tree/root.img"
}
