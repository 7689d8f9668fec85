#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A TPM opens the root: OVMF and GRUB that measure, swtpm as TIS (Debian 12) and as CRB (Debian 13), PIN, cap, and
# everybody who tries without.
#
#   VM_CASES='pin gone'       only these, and what goes before all    VM_RELEASES=bookworm only that Debian
#   VM_CASES=all              each on each Debian
# shellcheck disable=SC2086,SC2016,SC2154 # PIN is a word; what the guest's shell reads
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../integration/lib.sh"
. "$here/../integration/volumes.sh"
. "$here/image.sh"
. "$here/tree.sh"
. "$here/boot_sets.sh"
. "$here/console.sh"
. "$here/tpm_guest.sh"
need 'a TPM opens the root' tpm2_pcrextend qemu-system-x86_64 mmdebstrap mke2fs cryptsetup busybox unshare pcscd opensc-tool gpg swtpm tpm2_getcap grub-mkimage jq
[ -e "$OVMF/OVMF_CODE_4M.fd" ] || { skip 'a TPM opens the root' 'no OVMF'; finish; }
: "${VM_RELEASES:=bookworm trixie}"
VM_PACKAGES="$VM_PACKAGES libtss2-tcti-device0"
if [ -z "${LIB_INSIDE:-}" ]; then # the namespace has no network
	for r in $VM_RELEASES; do
		vm_tree "$r" || { fail "Debian $r can be had"; finish; }
	done
fi
lib_reexec_in_namespace "$0" "$@"
export TSS2_LOG=all+NONE
LOGS=$O/vm PIN=271828 PASSPHRASE='correct horse battery staple'
NONCE=$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')
export NONCE
mkdir -p "$LOGS" "$T/plain" /run/bootlatch
mount -t tmpfs -o mode=700 tmpfs /run/bootlatch # this namespace's: what a guest kept there, for reseal

# --- what is made once for a release
root_fs() { # RELEASE: with tpmtool in it
	rm -rf --one-file-system "$T/root.dir"
	vm_root "$T/plain/small.ext4"
	FROM=$T/$1/tree
	cp "$O/tpmtool" "$FROM/usr/bin/tpmtool"
	for f in /usr/bin/tpmtool $(vm_libraries /usr/bin/tpmtool) /usr/lib/x86_64-linux-gnu/libtss2-tcti-device.so.0; do
		mkdir -p "$T/root.dir${f%/*}"
		cp "$FROM$(vm_real "$f")" "$T/root.dir$f"
	done
	mv "$T/root.dir/usr/bin/tpmtool" "$T/root.dir/bin/tpmtool"
	rm "$FROM/usr/bin/tpmtool"
	cp "$here/tpm_init.sh" "$T/root.dir/sbin/init"
	echo $PIN >"$T/root.dir/pin"
}
enrolled() {
	say_pin $PIN
	bl_both enroll "$S/root.img" --tpm2 --tpm-device "$way"
	tpm2_dictionarylockout --setup-parameters --max-tries=3 --recovery-time=600 --lockout-recovery-time=600
	tpm2_dictionarylockout -c
}
make_set() { # RELEASE: the volume with a card and the TPM, the records in its root, the image
	set_begin "tpm.$1"
	set_card cv cv25519 00000B01
	truncate -s 1M "$T/plain/empty"
	vm_volume "$S/root.img" luks2 "$T/plain/empty"
	set_enroll cv "$S/root.img"
	tpm_here enrolled || return 1
	set_line cryptroot "$S/root.img"
	mkdir -p "$T/root.dir/etc/bootlatch/volumes"
	"$O/bootlatch-unlock" --image-record "$CONF/volumes/$(uuid_of "$S/root.img").json" \
		>"$T/root.dir/etc/bootlatch/volumes/$(uuid_of "$S/root.img").json" || return 1
	chmod 755 "$T/root.dir/sbin/init"
	mke2fs -q -t ext4 -O ^metadata_csum -L root -d "$T/root.dir" "$T/plain/root.ext4" 48M
	truncate -s 64M "$S/root.img"
	"$O/seal" "$S/root.img" 16777216 "$T/volume.key" "$T/plain/root.ext4"
}
make_tree() {
	vm_tree "$1"
	mkdir "$T/$1"
	cp -a "$TREE" "$T/$1/tree"
	top=$(cd "$here/../.." && pwd)
	make -s -C "$top" O="${O#"$top/"}" DESTDIR="$T/$1/tree" install
}
make_image() {
	set_install "tpm.$1" "$T/$1/tree"
	vm_initramfs "$T/$1/tree" "$T/$1/initrd" || return 1
	boot_disk "$T/$1/tree/boot/vmlinuz-$(vm_versions "$T/$1/tree" | head -n 1)" "$T/$1/initrd"
}

# --- what a person does
typed() { # the passphrase, where no dongle is
	expect 'type the passphrase for cryptroot'
	type_ "$PASSPHRASE"
}
CLOSED='the TPM measured another boot than the one that was enrolled'
root_is_up() { # [SENTENCE]: what root is told that asks for the same with the right PIN
	expect "@$NONCE root"
	expect "@$NONCE end"
	never "@$NONCE runs"
	grep -aqF "@$NONCE unseal /dev/vdb: ${1:-$CLOSED}" "$LOG" || lost "root is not told: ${1:-$CLOSED}"
	[ "$TPM" != none ] || return 0
	grep -aqE "@$NONCE pcr13 [^ ]*sha256/13 [0-9A-F]{64}" "$LOG" || lost 'no PCR 13'
	! grep -aE "@$NONCE pcr13 [^ ]* 0*[[:space:]]*$" "$LOG" || lost 'the TPM was not capped'
}
kept() { # what the boot measured, for this machine's bootlatch
	tr -d '\r' <"$LOG" | sed -n "s/^.*@$NONCE saved //p" | base64 -d | gzip -dc >/run/bootlatch/pcrs.json && chmod 600 /run/bootlatch/pcrs.json
}
# card_comes: into the machine that was started with $(usb usb0)
card_comes() { dongle usb0 cv; }
resealed() {
	say_pin $PIN
	say_pass "$PASSPHRASE"
	bl_both tpm reseal "$S/root.img" --tpm-device "$way"
}
forgiven() { tpm2_dictionarylockout -c; }
opens_by_pin() { # once more, as it should
	power_on "$S/root.img"
	expect 'PIN for the TPM, to unlock cryptroot'
	type_ $PIN
	root_is_up
	power_off
}

# --- the cases, in this order: a machine's life
CASES='first pin declined cmdline image locked cuts fake null other replay break early mask gone cleared shell noshell'
# What the releases do not share is initramfs-tools, the libraries and the kind of TPM. A boot takes 40 s.
cases_of() { # RELEASE
	case ${VM_CASES:-$1} in
	all) echo $CASES ;;
	bookworm) echo first cmdline image cuts break shell ;;
	trixie) echo first declined locked fake null other replay gone cleared noshell ;;
	*) echo "first $VM_CASES" ;;
	esac
}
case_first() { # sealed where nothing measured: another boot than that
	menu
	power_on "$S/root.img"
	expect 'The TPM does not open cryptroot'
	expect 'Changed: PCR 4'
	typed
	root_is_up
	power_off
	kept || lost 'nothing was kept before the cap'
	tpm_here resealed >"$D/said" 2>&1 || lost 'tpm reseal'
}
case_pin() {
	power_on "$S/root.img"
	expect 'PIN for the TPM, to unlock cryptroot (3 tries left)'
	type_ 314159
	expect 'Wrong PIN. The TPM has 2 tries left.'
	expect 'PIN for the TPM'
	type_ $PIN
	root_is_up
	power_off
	tpm_here forgiven
}
case_declined() { # she would rather type the passphrase; the PIN is no use to root then
	power_on "$S/root.img"
	expect 'PIN for the TPM, to unlock cryptroot'
	type_ ''
	typed
	root_is_up
	power_off
}
case_cmdline() {
	menu vm.other
	power_on "$S/root.img"
	expect 'Changed: PCR 8'
	typed
	root_is_up
	power_off
	menu
}
case_image() { # the card opens; then it is blessed, and the PIN does
	mkdir -p "$D/cpio"
	echo x >"$D/cpio/x"
	truncate -s %512 "$W/esp/initrd.img"
	(cd "$D/cpio" && find . | cpio -o -H newc --quiet) >>"$W/esp/initrd.img"
	# shellcheck disable=SC2046 # words
	power_on "$S/root.img" $(usb usb0)
	expect 'Changed: PCR 9'
	card_comes
	expect 'PIN for card'
	type_ 123456
	root_is_up
	power_off
	lib_end "$DONGLE"
	kept || lost 'nothing was kept before the cap'
	tpm_here resealed >"$D/said" 2>&1 || lost 'tpm reseal'
	case_pin
}
LOCKED='the TPM is locked'
case_locked() {
	power_on "$S/root.img"
	expect '(3 tries left)'
	type_ 314159
	expect 'Wrong PIN. The TPM has 2 tries left.'
	expect '(2 tries left)'
	type_ 314160
	expect 'The TPM has one try left.'
	expect 'LAST try'
	expect '(1 try left)'
	type_ 161803
	expect 'again'
	type_ 161803
	expect 'The TPM is locked'
	expect '10 minutes'
	typed
	root_is_up "$LOCKED"
	power_off
	tpm_here forgiven
	opens_by_pin
}
case_cuts() { # three of them lock it, though each PIN was right
	for left in '3 tries' '2 tries' '1 try'; do
		power_on "$S/root.img"
		expect "($left left)"
		type_ $PIN
		[ "$left" != '1 try' ] || { expect 'again' && type_ $PIN; }
		root_is_up
		power_cut
	done
	power_on "$S/root.img"
	expect 'The TPM is locked'
	expect 'or the machine lost power too often'
	typed
	root_is_up "$LOCKED"
	power_off
	tpm_here forgiven
}
evil() { # DISK: refused, and the TPM is not asked
	power_on "$1"
	expect 'no PIN and no passphrase'
	sleep 5
	never 'PIN for the TPM'
	never "@$NONCE"
	power_cut
}
case_fake() {
	truncate -s 64M "$D/fake.img"
	cryptsetup luksFormat -q --type luks2 --sector-size 512 --cipher aes-xts-plain64 --key-size 512 \
		--uuid "$(uuid_of "$S/root.img")" --volume-key-file "$T/volume.key" --pbkdf pbkdf2 --pbkdf-force-iterations 1000 "$D/fake.img" "$T/key"
	"$O/seal" "$D/fake.img" 16777216 "$T/volume.key" "$T/plain/root.ext4"
	evil "$D/fake.img"
}
case_null() {
	cp --sparse=always "$S/root.img" "$D/null.img"
	"$O/luks2_raw" "$D/null.img" json >"$D/json"
	sed -i 's/\("segments":{.*"encryption":"\)aes-xts-plain64/\1cipher_null-ecb/' "$D/json"
	"$O/luks2_raw" "$D/null.img" put <"$D/json"
	evil "$D/null.img"
}
# tpm_token IMAGE: number of the token of a TPM
tpm_token() {
	for i in 0 1 2 3 4 5 6 7; do
		if cryptsetup token export --token-id $i "$1" 2>/dev/null | grep -q '"tpm2"'; then echo $i; fi
	done | tail -n 1
}
another() { # an attacker's way in, sealed by the same TPM to the same boot; it needs no PIN
	truncate -s 20M "$D/theirs.img"
	cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 "$D/theirs.img" "$T/key"
	printf 'expect to go on\nsend no pin\\n\nexpect assphrase\nsend %s\\n\n' "$PASSPHRASE" |
		"$O/ptytalk" "$O/bootlatch" enroll "$D/theirs.img" --tpm2 --no-pin --tpm-device "$way" --boot "$D" --config "$D"
}
case_other() {
	tpm_here another >"$D/said" 2>&1 || lost 'enrolled'
	cp --sparse=always "$S/root.img" "$D/other.img"
	t=$(tpm_token "$D/other.img")
	slot=$(cryptsetup token export --token-id "$t" "$D/other.img" | jq -r '.keyslots[0]')
	cryptsetup token remove --token-id "$t" "$D/other.img"
	cryptsetup token export --token-id "$(tpm_token "$D/theirs.img")" "$D/theirs.img" |
		jq -c --arg s "$slot" '.keyslots = [$s]' >"$D/token"
	cryptsetup token import --json-file "$D/token" "$D/other.img"
	power_on "$D/other.img"
	expect 'is not what was enrolled'
	typed
	never 'PIN for the TPM'
	root_is_up "the volume's header was changed"
	power_off
}
# measured: by GRUB from this disk into PCRs 8 and 9, an "N:sha256=DIGEST" a line. Nobody keeps that a secret.
measured() {
	m_line=$(sed -n 's/^linux //p' "$W/esp/EFI/BOOT/grub.cfg" | sed 's/ *$//')
	for m in "linux $m_line" "$m_line" 'initrd /initrd.img' boot; do
		echo "8:sha256=$(printf %s "$m" | sha256sum | cut -c 1-64)"
	done
	for m in EFI/BOOT/grub.cfg vmlinuz initrd.img; do
		echo "9:sha256=$(sha256sum "$W/esp/$m" | cut -c 1-64)"
	done
}
case_replay() { # who took the machine starts a GRUB that measures nothing, and does that by hand
	opens_by_pin
	kept || lost 'nothing was kept before the cap'
	mkdir -p "$D/cpio/tools/dev" "$D/esp/EFI/BOOT"
	measured >"$D/cpio/digests"
	cp -r "$T/root.dir" "$D/cpio/root"
	ln -s cpio/tools "$D/image"
	was=$T FROM='' T=$D
	vm_copy /usr/bin/tpm2_pcrextend /usr/lib/x86_64-linux-gnu/libtss2-tcti-device.so.0
	T=$was
	cp "$here/tpm_replay.sh" "$D/cpio/replay"
	chmod 755 "$D/cpio/replay"
	cp "$W/esp/vmlinuz" "$W/esp/initrd.img" "$D/esp/"
	truncate -s %512 "$D/esp/initrd.img"
	(cd "$D/cpio" && find . | cpio -o -H newc --quiet) | gzip -1 >>"$D/esp/initrd.img"
	grub-mkimage -O x86_64-efi -o "$D/esp/EFI/BOOT/BOOTX64.EFI" -p /EFI/BOOT ${GRUB_MODULES% tpm}
	sed 's, root=, rdinit=/replay root=,' "$W/esp/EFI/BOOT/grub.cfg" >"$D/esp/EFI/BOOT/grub.cfg"
	ESP=$D/esp
	power_on "$S/root.img"
	ESP=''
	expect "@$NONCE end"
	power_cut
	for p in 7 8 9 13; do # the attack is one: but for the loader itself nothing differs
		was=$(jq -r --argjson p $p '.banks[] | select(.bank == "sha256") | .pcrs[] | select(.pcr == $p).value' /run/bootlatch/pcrs.json)
		grep -aqiF "@$NONCE pcr $p $was" "$LOG" || lost "PCR $p is not what it was: the attack is none"
	done
	grep -aqF "@$NONCE unseal: $CLOSED" "$LOG" || lost 'the TPM answers them'
}
# asked_shell WHERE: that break= of the boot menu; behind it the TPM is closed
asked_shell() {
	menu "break=$1"
	power_on "$S/root.img"
	expect '(initramfs)'
	type_ 'echo pcr=$(cat /sys/class/tpm/tpm0/pcr-sha256/13)='
	expect 'pcr='
	expect 'pcr='
	type_ exit
	typed
	grep -aqE 'pcr=[0-9A-F]{64}=' "$LOG" || lost 'no PCR 13'
	! grep -aE 'pcr=0*[[:space:]]*=' "$LOG" || lost 'the TPM was not capped'
	never 'PIN for the TPM'
	root_is_up
	power_off
	menu
}
case_break() { asked_shell premount; }
case_early() { asked_shell top; } # before udev: where the driver is a module there is no shell
case_mask() {
	cp --sparse=always "$S/root.img" "$D/mask.img"
	t=$(tpm_token "$D/mask.img")
	cryptsetup token export --token-id "$t" "$D/mask.img" >"$D/token"
	cryptsetup token remove --token-id "$t" "$D/mask.img"
	jq -c 'walk(if type == "object" and has("pcrs") then .pcrs |= map(select(.pcr == 7 or .pcr == 13)) else . end)' "$D/token" >"$D/less"
	! cmp -s "$D/token" "$D/less" || lost 'the token was not changed'
	cryptsetup token import --token-id "$t" --json-file "$D/less" "$D/mask.img"
	power_on "$D/mask.img"
	typed
	never 'PIN for the TPM'
	root_is_up 'no card is enrolled'
	power_off
}
case_gone() {
	was=$TPM TPM=none
	power_on "$S/root.img"
	expect 'there is no TPM 2.0'
	typed
	expect 'no TPM to close for this start'
	root_is_up 'there is no TPM 2.0'
	power_off
	TPM=$was
}
case_cleared() {
	mv "$W/tpm" "$W/tpm.kept"
	mkdir "$W/tpm"
	power_on "$S/root.img"
	expect 'or it was cleared since'
	typed
	never 'PIN for the TPM'
	root_is_up 'this is not the TPM that was enrolled'
	power_off
	rm -r "$W/tpm"
	mv "$W/tpm.kept" "$W/tpm"
}
broken_root() { # only its superblock is left: init finds an ext4, cannot mount it, and panics
	cp --sparse=always "$S/root.img" "$D/broken.img"
	dd if=/dev/urandom of="$D/broken.img" bs=1k seek=$((16 * 1024 + 2)) count=4094 conv=notrunc status=none
}
case_shell() {
	broken_root
	# On a disk of its own: what asks the TPM, the PIN, and the record.
	power_on "$D/broken.img" -drive "file=$T/plain/root.ext4,format=raw,if=virtio,snapshot=on"
	expect 'PIN for the TPM'
	type_ $PIN
	expect '(initramfs)'
	type_ 'mkdir /r; mount -t ext4 /dev/vdc /r; for d in dev proc; do mount -o bind /$d /r/$d; done'
	expect '(initramfs)'
	type_ 'echo pcr=$(cat /sys/class/tpm/tpm0/pcr-sha256/13)='
	expect 'pcr='
	expect 'pcr='
	type_ 'echo un=$(chroot /r /bin/tpmtool - way /etc/bootlatch /dev/vdb $(cat /r/pin) 2>&1)='
	expect "un=$CLOSED="
	! grep -aE 'pcr=0*[[:space:]]*=' "$LOG" || lost 'the TPM was not capped'
	power_cut
}
case_noshell() {
	broken_root
	was=$TPM TPM=none
	power_on "$D/broken.img"
	typed
	expect 'so there is no shell'
	never '(initramfs)'
	power_cut
	TPM=$was
}
title() {
	case $1 in
	first) echo 'a first boot, by passphrase; sealed to what it measured' ;;
	pin) echo 'a wrong PIN is counted, the right one opens' ;;
	declined) echo 'the passphrase instead: afterwards the PIN opens nothing' ;;
	cmdline) echo 'another command line: not by the TPM' ;;
	image) echo 'another image: by the card; sealed anew, by the PIN' ;;
	locked) echo 'locked out: told, the passphrase opens; over: the PIN does' ;;
	cuts) echo 'three power cuts lock it; the passphrase opens' ;;
	fake) echo 'another volume of the same UUID is refused' ;;
	null) echo 'a segment with the null cipher is refused' ;;
	other) echo "an attacker's sealed object, without a PIN, is refused" ;;
	replay) echo "a loader that measures nothing, and the genuine one's measurements by hand" ;;
	break) echo 'a shell asked for in the boot menu finds the TPM closed' ;;
	early) echo 'one that is asked for before udev runs too' ;;
	mask) echo 'a token that names fewer PCRs' ;;
	gone) echo 'the TPM was taken out' ;;
	cleared) echo 'the TPM was cleared' ;;
	shell) echo 'a panic shell finds the TPM closed' ;;
	noshell) echo 'where it cannot be closed there is no panic shell' ;;
	esac
}

one() { # CASE: in a subshell, which ends what it started
	OWNED='' BOOTS=0
	rm -f "${LOG%.log}".boot*.log
	trap 'one_rc=$?; trap - EXIT; for p in $OWNED; do lib_end "$p"; done; exit $one_rc' EXIT
	"case_$1"
}

volumes_start
mkdir "$T/vm"
for r in $VM_RELEASES; do
	TPM=tis
	[ "$r" != trixie ] || TPM=crb
	W=$T/vm/$r
	mkdir -p "$W/tpm"
	check "$r: a Debian with it" make_tree "$r"
	pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
	check "$r: a root file system" root_fs "$r"
	check "$r: a volume with a card and a TPM" make_set "$r"
	pcscd_stop
	check "$r: its image" make_image "$r"
	for c in $CASES; do
		case " $(cases_of "$r") " in *" $c "*) ;; *) continue ;; esac
		TITLE="$(title "$c"), $r by $TPM" D=$W/$c LOG=$LOGS/tpm.$c.$r.log
		mkdir "$D"
		began=$(date +%s)
		if (one "$c") >"$T/case.out" 2>&1; then
			ok "$TITLE ($(($(date +%s) - began)) s)"
		else
			fail "$TITLE" "$(cat "$T/case.out")"
			[ "$c" != first ] || break
		fi
	done
done
finish
