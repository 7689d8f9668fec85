# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Debian as a folder, by mmdebstrap, and images of initramfs made in it.
# Sourced after image.sh, whose VM_CACHE it shares.

VM_PACKAGES='linux-image-amd64 initramfs-tools zstd busybox cryptsetup-initramfs cryptsetup-bin udev kmod e2fsprogs
	lvm2 libccid libpcsclite1 libusb-1.0-0 libjson-c5 libgcrypt20 zlib1g libqrencode4 libtss2-esys-3.0.2-0 libtss2-tctildr0'
# The release "system": Debian 13 with a second kernel, systemd, a splash, and gpg for its smart cards. "gpg12":
# Debian 12 with that gpg.
VM_GPG='gpg gpg-agent gpgconf scdaemon pinentry-curses'
VM_SYSTEM="linux-image-rt-amd64 systemd-sysv plymouth $VM_GPG"

# The mirror that this machine itself uses.
vm_mirror() {
	# shellcheck disable=SC2016 # apt's own fields
	apt-get indextargets --format '$(CREATED_BY) $(REPO_URI)' |
		sed -n 's,^Packages \(.*/debian/\)$,\1,p' | head -n 1
}

# vm_tree RELEASE: that Debian in the cache, once; sets TREE. Never used itself, only copied.
vm_tree() {
	vt_suite=$1 vt_more=''
	case $1 in
	system) vt_suite=trixie vt_more=$VM_SYSTEM ;;
	gpg12) vt_suite=bookworm vt_more=$VM_GPG ;;
	esac
	# shellcheck disable=SC2086 # words
	vt_list=$(printf '%s\n' $VM_PACKAGES $vt_more | sort -u | paste -sd,)
	TREE=$VM_CACHE/debian-$1-$(printf '%s' "$vt_list" | sha256sum | cut -c1-12)
	mkdir -p "$VM_CACHE"
	(
		flock 9 # another test may want the same one
		[ -d "$TREE" ] || vm_tree_make
	) 9>"$TREE.lock"
}
vm_tree_make() {
	vt_new=$(mktemp -d "$VM_CACHE/new.XXXXXX") || return 1
	chmod 755 "$vt_new"
	# mmdebstrap mounts below the folder: in a namespace that ends with it.
	if unshare -m --propagation "$(vm_propagation)" mmdebstrap --quiet --mode=root --variant=minbase \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' --include="$vt_list" \
		"$vt_suite" "$vt_new" "$(vm_mirror)" >"$vt_new.log" 2>&1 9>&-; then
		rm "$vt_new.log"
		mv -T "$vt_new" "$TREE" # whole or not
		return
	fi
	cat "$vt_new.log"
	rm "$vt_new.log"
	vm_remove "$vt_new"
	return 1
}
# "private", or "unchanged" where / is no mount point, as in a chroot.
vm_propagation() {
	if unshare -m --propagation private true 2>/dev/null; then echo private; else echo unchanged; fi
}
# vm_remove FOLDER: unless something is mounted below it.
vm_remove() {
	if grep -q " $1[/ ]" /proc/self/mounts; then
		echo "NOT removing $1: something is mounted below it" >&2
		return 1
	fi
	rm -rf --one-file-system "$1"
}

# vm_in ROOT COMMAND...: in that Debian, with a /proc of its own that ends with the command.
# No folder of this machine is mounted there: mmdebstrap left the devices that are needed.
vm_in() {
	# shellcheck disable=SC2016 # for the inner shell
	unshare -m --propagation "$(vm_propagation)" sh -c '
		r=$1
		shift
		mount -t proc proc "$r/proc" &&
			PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C exec chroot "$r" "$@"' vm_in "$@"
}
# vm_versions ROOT: of its kernels, a line each; the plain one first.
vm_versions() { (cd "$1/lib/modules" && printf '%s\n' *) | LC_ALL=C sort; }
# vm_initramfs ROOT TO: update-initramfs there, for the plain kernel; copies the image to TO.
vm_initramfs() {
	vi_version=$(vm_versions "$1" | head -n 1)
	vm_in "$1" update-initramfs -u -k "$vi_version" && cp "$1/boot/initrd.img-$vi_version" "$2"
}
