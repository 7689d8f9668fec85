#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The Debian packages on a Debian with a plain passphrase for its root: installed by dpkg, two new dongles and a
# recovery key set up by keys on its console, booted with the PIN; a dongle lost, the other one boots and revokes it;
# the recovery key; the packages refuse to go while crypttab names them; after the way out that they tell, purged, the
# passphrase boots. A guest would need minutes for an image: update-initramfs runs in the same Debian outside of it.
#
#   VM_RELEASES=trixie    Debian 13 (package13.sh)    DEBS=FOLDER    packages that are made already, in a folder for each
set -eu
here=$(cd "$(dirname "$0")" && pwd)
TOP=$(cd "$here/../.." && pwd)
. "$here/../integration/lib.sh"
. "$here/../integration/volumes.sh"
. "$here/image.sh"
. "$here/tree.sh"
. "$here/boot_sets.sh"
. "$here/console.sh"
: "${VM_RELEASES:=bookworm}" "${VM_PATIENCE:=1200}" # a busy machine makes an image in minutes
VM_PACKAGES="$VM_PACKAGES libtss2-tcti-device0"
need 'packages in a guest' qemu-system-x86_64 mmdebstrap mke2fs cryptsetup busybox unshare
# vm_tree_build RELEASE: one that builds the packages
vm_tree_build() {
	vb_packages=$VM_PACKAGES
	VM_PACKAGES="build-essential debhelper $(sed -n '/^Build-Depends:/,/^$/s/^ \([a-z0-9.+-]*\).*/\1/p' "$TOP/debian/control" | grep -v debhelper-compat | paste -sd' ')"
	vb_rc=0
	vm_tree "$1" || vb_rc=$?
	VM_PACKAGES=$vb_packages
	return $vb_rc
}
MADE=${DEBS:-} # by somebody else
if [ -z "${LIB_INSIDE:-}" ]; then # the namespace has no network
	for r in $VM_RELEASES; do
		{ vm_tree "$r" && { [ -n "$MADE" ] || vm_tree_build "$r"; }; } || { fail "Debian $r can be had"; finish; }
	done
fi
lib_reexec_in_namespace "$0" "$@"
LOGS=$O/vm
NONCE=$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')
[ -n "$MADE" ] || DEBS=$T/debs
PASSPHRASE='correct horse battery staple'
mkdir -p "$LOGS"
# debs RELEASE: the packages for it; libraries have other names in each. $DEBS/RELEASE
debs() {
	[ -z "${MADE:-}" ] || return 0
	vm_tree_build "$1"
	mkdir -p "$DEBS/$1"
	cp -a "$TREE" "$DEBS/$1/tree"
	mkdir -p "$DEBS/$1/tree/build/bootlatch"
	tar -C "$TOP" --exclude-vcs --exclude=./build -cf - . | tar -C "$DEBS/$1/tree/build/bootlatch" -xf -
	vm_in "$DEBS/$1/tree" sh -c 'cd /build/bootlatch && DEB_BUILD_OPTIONS="nocheck noautodbgsym parallel=2" dpkg-buildpackage -us -uc -b' &&
		mv "$DEBS/$1"/tree/build/*.deb "$DEBS/$1/" && vm_remove "$DEBS/$1/tree"
}
card_profile() { echo default; }
volumes_start

# new_dongle NAME SERIAL: as it comes from the maker, in $W
new_dongle() {
	"$O/bootlatch-vcard" --state "$W/$1.state" --serial "$2" --vpcd 127.0.0.1:1 >/dev/null 2>&1 &
	lib_wait 100 test -s "$W/$1.state"
	lib_end $!
}
# prepare RELEASE: $W/root.img, encrypted, opened by the passphrase alone, the packages installed; $W/plain.initrd,
# which dpkg's trigger made
prepare() {
	vm_tree "$1"
	W=$T/$1 uuid=$(cat /proc/sys/kernel/random/uuid)
	mkdir "$W"
	new_dongle alice 00000B01
	new_dongle bob 00000B02
	cp -a "$TREE" "$W/tree"
	TREE=$W/tree
	mkdir "$TREE/debs"
	cp "$DEBS/$1"/bootlatch_*.deb "$DEBS/$1"/bootlatch-initramfs_*.deb "$TREE/debs/"
	echo "$NONCE" >"$TREE/nonce"
	cp "$here/package_guest.sh" "$TREE/usr/sbin/package-guest"
	chmod 755 "$TREE/usr/sbin/package-guest"
	echo "cryptroot UUID=$uuid none luks,discard,initramfs" >"$TREE/etc/crypttab"
	cp "$TREE/etc/crypttab" "$TREE/crypttab.before"
	echo '/dev/mapper/cryptroot / ext4 errors=remount-ro 0 1' >"$TREE/etc/fstab"
	printf '%s\n' 'COMPRESSLEVEL=1' 'MODULES=list' >"$TREE/etc/initramfs-tools/conf.d/vm"
	printf '%s\n' virtio_pci virtio_blk ext4 dm_crypt algif_skcipher xts aes sha256 >"$TREE/etc/initramfs-tools/modules"
	# After our hook, which cannot see from here what root lies on (package_image.sh).
	# shellcheck disable=SC2016 # for the hook
	printf '%s\n' '#!/bin/sh' '[ "$1" = prereqs ] || [ ! -s /tmp/roots ] || cp /tmp/roots "$DESTDIR/etc/bootlatch/roots"' \
		>"$TREE/etc/initramfs-tools/hooks/roots"
	chmod 755 "$TREE/etc/initramfs-tools/hooks/roots"
	version=$(vm_versions "$TREE" | head -n 1)
	check "the packages are installed, $1" vm_in "$TREE" env DEBIAN_FRONTEND=noninteractive dpkg -R -i /debs
	check "and nothing is changed at boot, $1" image_without_us
	check "the unit that notes is enabled, $1" test -L "$TREE/etc/systemd/system/paths.target.wants/bootlatch-boot.path"
	check_fails "the one that asks is not, $1" test -L "$TREE/etc/systemd/system/paths.target.wants/bootlatch-sign.path"
	cp "$TREE/boot/initrd.img-$version" "$W/plain.initrd"
	cp "$TREE/boot/vmlinuz-$version" "$W/vmlinuz"
	rm -rf --one-file-system "$TREE"/var/cache/apt/* "$TREE"/var/lib/apt/lists/*
	mv "$TREE/usr/sbin/update-initramfs" "$W/update-initramfs" # ours in its place, in the guest
	cp "$here/package_image.sh" "$TREE/usr/sbin/update-initramfs"
	chmod 755 "$TREE/usr/sbin/update-initramfs"
	mke2fs -q -t ext4 -E lazy_itable_init=0 -L root -d "$TREE" "$W/root.ext4" 1200M >"$W/out" 2>&1 || return 1
	mv "$W/update-initramfs" "$TREE/usr/sbin/update-initramfs"
	vm_volume "$W/root.img" luks2 "$W/root.ext4" --uuid "$uuid" >"$W/out" 2>&1 && rm "$W/root.ext4" || return 1
	truncate -s 128M "$W/made"
}
# Our scripts are in every image, and do nothing without the program.
image_without_us() {
	vm_in "$TREE" lsinitramfs "/boot/initrd.img-$version" >"$W/out" && grep -q cryptsetup "$W/out" && ! grep -q bootlatch-unlock "$W/out"
}
# boots STEP: with $INITRD; what the dongles keep goes from boot to boot. Memory that held code is slow to write to
# in QEMU, above all byte by byte: as little of it as can be is cleared.
boots() {
	D=$W/$1 LOG=$LOGS/package.$1.$r.log SEEN=0 DONGLES='' BOOTED=$(date +%s)
	mkdir "$D"
	: >"$LOG"
	cp "$W/alice.state" "$W/bob.state" "$D/"
	# shellcheck disable=SC2046 # words
	guest "$r" plain "root=/dev/mapper/cryptroot rootfstype=ext4 ro init=/usr/sbin/package-guest nosoftlockup init_on_alloc=0 vm.step=$1" \
		$(disks "$W/root.img" "$W/made") $(usb usb0 usb1) -cpu max,erms=off,fsrm=off,la57=off
}
# comes NAME PORT: that dongle is plugged in
comes() {
	dongle "$2" "$1"
	DONGLES="$DONGLES $DONGLE"
}
# makes TO: the guest wants an image (package_image.sh): update-initramfs, with what it is made of there
makes() {
	expect "@$NONCE image of "
	m_from=$SEEN
	expect ' bytes'
	m_n=$(tail -c "+$((m_from + 1))" "$LOG" | grep -ao '^[0-9]*' | head -n 1)
	for p in $(tr -d '\r' <"$here/package_image.sh" | sed -n 's/^OF=.\(.*\).$/\1/p'); do rm -rf --one-file-system "${TREE:?}/$p"; done
	head -c "$m_n" "$W/made" | tar -C "$TREE" -xf -
	vm_in "$TREE" update-initramfs -u -k "$version" >"$W/out" 2>&1 || lost "update-initramfs: $(cat "$W/out")"
	cp "$TREE/boot/initrd.img-$version" "$1"
	dd if="$1" of="$W/made" bs=1M seek=17 conv=notrunc status=none
	printf '%-512s' "$NONCE $D $(stat -c %s "$1") bytes" | dd of="$W/made" bs=1M seek=16 conv=notrunc status=none
}
# over: to the end of that boot; what the guest said is counted
over() {
	expect "@$NONCE end"
	lib_wait 6000 not_running || lost 'the machine does not switch itself off'
	lib_end "$QEMU"
	for p in $DONGLES; do lib_end "$p"; done
	cp "$D/alice.state" "$D/bob.state" "$W/"
	exec 7>&-
	tr -d '\r\000' <"$LOG" | sed -n "s/.*@$NONCE \(ok\|fail\|note\) /\1 /p" >>"$W/said"
	echo "note ${D##*/}: $(($(date +%s) - BOOTED)) s" >>"$W/said"
}
not_running() { ! kill -0 "$QEMU" 2>/dev/null; }
ends() {
	for p in $OWNED; do lib_end "$p"; done
}
root_is_up() { expect "@$NONCE root /dev/mapper/cryptroot"; }

# --- what the person does
answer() { # QUESTION ANSWER
	expect "$1"
	type_ "$2"
}
# noted: the recovery key, from the screen onto paper: $W/paper
noted() {
	n_from=$SEEN
	expect 'Press Enter when it is written down'
	tail -c "+$((n_from + 1))" "$LOG" | tr -d '\r' | grep -aoE '([b-v]{8}-){2}[b-v]{8}' | head -n 3 | paste -sd- >"$W/paper"
	[ "$(tr -d '\n' <"$W/paper" | wc -c)" = 80 ] || lost 'the recovery key is not on the console'
	type_ ''
	typed_back
	typed_back
}
typed_back() { # one group of it
	t_from=$SEEN
	expect 'of the recovery key for'
	type_ "$(cut -d- -f"$(tail -c "+$((t_from + 1))" "$LOG" | grep -ao 'Group [1-9] of' | head -n 1 | tr -dc 1-9)" "$W/paper")"
}
# made_own PIN ADMIN: keys and PINs of a new dongle, and its way in
made_own() {
	answer 'Admin PIN for card' 12345678
	answer 'PIN for card' 123456
	answer 'New PIN for card' "$1"
	answer 'The same PIN again' "$1"
	answer 'New Admin PIN for card' "$2"
	answer 'The same Admin PIN again' "$2"
	answer 'to unlock' "$1"
}
sets_up() {
	answer 'numbers to leave out' yes
	answer 'Passphrase for' "$PASSPHRASE"
	noted
	made_own 271828 31415926
	expect 'A second dongle opens the disk'
	expect 'yes or no'
	pull_out
	comes bob usb1
	type_ yes
	made_own 161803 57721566
	makes "$W/setup.initrd"
	expect 'nothing stands in the way of the next boot'
	expect 'Done. At the next start put the dongle in and type its PIN.'
}
still_with_us() { ! image_without_us || lost 'the image has nothing of us'; }
course() {
	boots setup
	comes alice usb0
	answer 'unlock disk cryptroot' "$PASSPHRASE"
	root_is_up
	sets_up
	over
	still_with_us

	INITRD=$W/setup.initrd
	boots daily
	comes alice usb0
	answer 'PIN for card' 271828
	root_is_up
	over
	sent VERIFY 1

	boots lost # alice is
	comes bob usb0
	answer 'PIN for card' 161803
	root_is_up
	answer 'Type "yes" to go on' yes
	makes "$W/revoked.initrd"
	over

	INITRD=$W/revoked.initrd
	boots found # by somebody else
	expect 'Insert the dongle, or type the passphrase for cryptroot'
	comes alice usb0
	expect enrolled
	pull_out
	answer 'Insert the dongle, or type the passphrase for cryptroot' "$(tr -d - <"$W/paper" | tr '[:lower:]' '[:upper:]')"
	root_is_up
	makes "$W/revoked.initrd" # dpkg -r, though it is refused
	still_with_us
	makes "$W/purged.initrd"
	over
	sent VERIFY 0
	image_without_us || lost 'the image has something of us'

	INITRD=$W/purged.initrd
	boots after
	answer 'unlock disk cryptroot' "$PASSPHRASE"
	root_is_up
	over
	never 'PIN for'
}
for r in $VM_RELEASES; do
	TITLE="packages, $r"
	began=$(date +%s) INITRD=''
	debs "$r" >"$T/built.$r" 2>&1 || { fail "the packages are built, $r" "$(tail -n 20 "$T/built.$r")"; continue; }
	prepare "$r" || { fail "$TITLE: the guest is made" "$(cat "$W/out")"; continue; }
	: >"$W/said"
	# In a shell of its own, which ends where something is awaited in vain.
	rc=0
	(OWNED='' && trap ends EXIT && course) || rc=$?
	while read -r kind text; do
		case $kind in
		ok) ok "$text, $r" ;;
		fail) fail "$text, $r" ;;
		note) echo "      | $text" ;;
		esac
	done <"$W/said"
	check "$TITLE: set up, PIN, one lost, recovery key, purged, passphrase" [ $rc = 0 ]
	echo "      $(($(date +%s) - began)) s"
done
finish
