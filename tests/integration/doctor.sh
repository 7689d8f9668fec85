#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# bootlatch doctor: a system in a folder in which all is well, then with one fault after the
# other. Each is found by its name, nothing else is, and nothing is written.
# shellcheck disable=SC2086,SC2016 # paths without blanks; texts of other scripts
set -eu
. "$(dirname "$0")/lib.sh"
need 'doctor' unshare ip pcscd opensc-tool gpg cryptsetup jq cpio gzip
lib_reexec_in_namespace "$0" "$@"
TESTS=$(cd "$(dirname "$0")/.." && pwd)
. "$(dirname "$0")/volumes.sh"
. "$(dirname "$0")/../sign/boot.sh"
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
volumes_start
state_apart
card_make alice cv25519 00000A01 || { fail 'gpg makes keys on the card'; finish; }
. "$(dirname "$0")/doctor_system.sh"
. "$(dirname "$0")/files_list.sh"
good_system || { fail 'a system is made' "$(cat "$T/system.log")"; finish; }

# --- what is judged -------------------------------------------------------------------------

state() { # everything that doctor could have written to
	{
		find "$ROOT" -printf '%P %y %m %U %G %s %T@ %l\n' | LC_ALL=C sort
		find "$ROOT" -type f -exec sha256sum {} + | LC_ALL=C sort
		sha256sum <"$D"
		ls -lR --full-time /var/lib/bootlatch
	} | sha256sum
}
doctor() { "$O/bootlatch" doctor --root "$ROOT" "$@" </dev/null; }
ids() { jq -r '[.findings[]?.id] | unique | join(" ")' "$T/said"; }
# finds "ID…" [OPTION…]: these and no others; the status is that of the worst; nothing is written.
finds() {
	f_want=$1 f_rc=0
	shift
	f_before=$(state)
	doctor --json "$@" >"$T/said" 2>"$T/err" || f_rc=$?
	f_got=$(ids) || { cat "$T/said" "$T/err"; return 1; }
	[ "$f_got" = "$f_want" ] || { echo "want '$f_want', got '$f_got'"; cat "$T/err"; return 1; }
	jq -e 'all(.findings[]?; (.what | length > 10) and (.why | length > 10) and (.mend | length > 3) and
		(.mend | test("[@#]") | not))' "$T/said" >/dev/null || { echo 'a finding without words'; cat "$T/said"; return 1; }
	f_level=$(jq -r '[.findings[]?.level] | if index("tampered") then 7 elif index("error") then 1
		elif index("warning") then 11 else 0 end' "$T/said")
	[ "$f_rc" = "$f_level" ] || { echo "status $f_rc, not $f_level"; return 1; }
	[ "$(state)" = "$f_before" ] || { echo 'something was written'; return 1; }
	for f_id in $f_want; do echo "$f_id" >>"$T/seen"; done
}
# fault ID "MORE…" SENTENCE COMMAND…: done in the system, which is put right again.
fault() {
	x_id=$1 x_more=$2 x_said=$3
	shift 3
	if (cd "$ROOT" && "$@") >"$T/seed.log" 2>&1; then
		# shellcheck disable=SC2086 # words
		check "$x_id: $x_said" finds "$(printf '%s\n' $x_id $x_more | LC_ALL=C sort | tr '\n' ' ' | sed 's/ $//')" ${WITH:---no-card}
	else
		fail "$x_id: $x_said" "not seeded: $(cat "$T/seed.log")"
	fi
	restore
}
TAB=etc/crypttab LINE="disk UUID=$UUID none luks,keyscript=decrypt_bootlatch,initramfs"
RECORD=etc/bootlatch/volumes/$UUID.json BLOB=boot/bootlatch/$UUID.2.pgp
OLD=6.1.0-9 SIG=signature-bad
: >"$T/seen"

check 'a good system: nothing is found' finds '' --no-card
check 'and nothing is with the dongle and its PIN' verifies alice 1 finds '' --pin-fd 3 3<"$T/pin"
check_says 'in words' 0 'nothing stands in the way' doctor --no-card
check_says 'without PIN the dongle is not tried' 0 'a real unlock' verifies alice 0 doctor

# --- status, on one screen of the same system

status() { "$O/bootlatch" status --root "$ROOT" "$@" </dev/null; }
check_says 'status tells of the dongle' 0 'FFFE:00000A01' verifies alice 0 status
check_says 'of the volume and its ways in' 0 'openpgp-card FFFE:00000A01: ready' status --no-card
check_says 'of /boot' 0 'as it was signed on' status --no-card
check_says 'and of the images' 0 'image of 6.1.0-10: ready' status --no-card
as_json() { status --no-card --json | jq -e '.ok and (.volumes | length == 1) and .volumes[0].crypttab and .boot.good and
	([.images[].ready] == [true, true]) and (.volumes[0].keyslots | length == 2)'; }
check 'as JSON' as_json
on_tty() { "$O/ptytalk" env TERM=xterm "$@" "$O/bootlatch" status --root "$ROOT" --no-card </dev/null >"$T/typescript" 2>&1 || true; }
coloured() { grep -q "$(printf '\033')" "$T/typescript"; }
on_tty
check 'with colours on a terminal' coloured
on_tty NO_COLOR=1
check_fails 'not with NO_COLOR' coloured
check_is 'in 80 columns, but for names without blanks' yes "$([ "$(tr -d '\r' <"$T/typescript" | grep ' .* ' |
	awk 'length > 80 && !/root\/dev/ { n++ } END { print n + 0 }')" = 0 ] && echo yes)"
status --no-card >"$T/typescript"
check_fails 'and not in a pipe' coloured

# --- crypttab and what makes the images -------------------------------------------------------

line() { echo "$*" >>$TAB; }
instead() { echo "$*" >$TAB; }
fault crypttab-unreadable crypttab-not-ours 'there is none' rm $TAB
fault crypttab-line '' 'a source that is none' line 'x nonsense none luks,keyscript=decrypt_bootlatch,initramfs'
fault crypttab-option '' 'an option that we leave to cryptroot' instead "$LINE,no-such"
fault crypttab-not-ours '' 'a line without our keyscript' instead "disk UUID=$UUID none luks"
not_root() { rm -r sys/dev && instead "disk UUID=$UUID none luks,keyscript=decrypt_bootlatch"; }
fault crypttab-not-ours '' 'its line is a comment' sed -i 's/^/#/' $TAB
said() { jq -e ".findings | any(.what | test(\"$1\"))" "$T/said"; }
check 'which is told' said 'as a comment, behind a #'
fault crypttab-systemd '' 'no initramfs, and it is not the root file system' not_root
fault crypttab-device '' 'a disk that is not there' line "x UUID=1-2 none luks,keyscript=decrypt_bootlatch,initramfs"
no_luks() { echo text >plain && ln -s "$ROOT/plain" dev/disk/by-uuid/5-6 && line 'x UUID=5-6 none luks,keyscript=decrypt_bootlatch,initramfs'; }
fault crypttab-not-luks '' 'a disk without LUKS' no_luks
fault crypttab-heads '' 'a colon' instead "$LINE,header=/dev/x:1"
nothing_enrolled() { rm -r etc/bootlatch/volumes && cp "$T/fresh.img" "$D" && instead "disk UUID=$UUID none luks"; }
fault nothing-enrolled '' 'no dongle at all' nothing_enrolled
only_recovery() { # as after revoke
	nothing_enrolled
	"$O/bootlatch" enroll "$D" --recovery --recovery-fd 5 --boot boot --config etc/bootlatch --key-file "$T/key" 5>"$T/recovery" </dev/null
}
fault nothing-enrolled "$SIG" 'a recovery key, which needs no line of ours' only_recovery
fault generator-missing '' 'no update-initramfs' rm usr/sbin/update-initramfs
fault generator-other '' 'dracut instead' mv usr/sbin/update-initramfs usr/bin/dracut
fault cryptroot-hook '' 'no cryptsetup-initramfs' rm usr/share/initramfs-tools/hooks/cryptroot
fault our-hook '' 'no hook of ours' rm usr/share/initramfs-tools/hooks/bootlatch
fault our-keyscript '' 'no keyscript' rm usr/lib/cryptsetup/scripts/decrypt_bootlatch
fault generator-other '' 'dracut, with an update-initramfs of its own' mv usr/sbin/mkinitramfs usr/bin/dracut
fault our-hook '' 'a hook that is no program' chmod -x usr/share/initramfs-tools/hooks/bootlatch
fault our-keyscript '' 'a keyscript that is none' chmod -x usr/lib/cryptsetup/scripts/decrypt_bootlatch
frozen() { mkdir etc/initramfs-tools && echo 'update_initramfs=no' >etc/initramfs-tools/update-initramfs.conf; }
fault images-frozen '' 'update-initramfs is switched off' frozen
thawed() { frozen && echo 'update_initramfs=all # again' >>etc/initramfs-tools/update-initramfs.conf; }
fault '' '' 'and on again' thawed
fault files-list '' 'a list that is none' sh -c 'echo nonsense >usr/lib/bootlatch/files.list'

# --- volumes and ways in ----------------------------------------------------------------------

raw() { cryptsetup "$@" --batch-mode --key-file "$T/key"; }
fault header-strange header-pin 'a reencryption that was begun' raw reencrypt --init-only --key-slot 0 "$D"
fault header-pin image-old-record 'another header than recorded' sed -i 's/"header_pin":"......../"header_pin":"00000000/' "$RECORD"
fault record-broken '' 'a record that is none' sh -c 'echo "{" >"$1"' - "$RECORD"
fault record-missing '' 'no record' rm "$RECORD"
fault config-writable '' 'others may write to the records' chmod g+w etc/bootlatch/volumes
fault keyslot-gone '' 'the keyslot was killed' raw luksKillSlot "$D" 2
no_copy() { cryptsetup token remove --token-id 0 "$D" && rm "$BLOB"; }
fault blob-missing $SIG 'neither copy' no_copy
fault boot-copy-missing $SIG 'no copy on /boot' rm "$BLOB"
fault token-missing '' 'no token' cryptsetup token remove --token-id 0 "$D"
fault copies-differ "image-old-blob $SIG" 'another passphrase on /boot' cp "$T/other.pgp" "$BLOB"
no_recipient() { cryptsetup token remove --token-id 0 "$D" && echo nonsense >"$BLOB"; }
fault blob-recipient "token-missing image-old-blob $SIG" 'a passphrase for nobody' no_recipient
second_token() { cryptsetup token export --token-id 0 "$D" | sed 's/"keyslots":\["2"\]/"keyslots":["0"]/' | cryptsetup token import "$D"; }
fault keyslot-not-ours '' 'a token for the keyslot of a passphrase' second_token
no_record_of_it() {
	raw luksAddKey --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-slot 5 "$D" "$T/pass2"
	cryptsetup token export --token-id 0 "$D" | sed 's/"keyslots":\["2"\]/"keyslots":["5"]/' | cryptsetup token import "$D"
}
fault not-recorded '' 'a token that the record does not know' no_record_of_it
twice() { cryptsetup token export --token-id 0 "$D" | cryptsetup token import "$D"; }
fault '' '' 'its token twice' twice
fault copies-differ "image-old-blob $SIG" 'half a file on /boot' truncate -s 20 "$BLOB"
fault record-broken '' 'a folder where the record was' sh -c 'rm "$1" && mkdir "$1"' - "$RECORD"
fault record-alone '' 'a record of another volume' cp "$RECORD" "etc/bootlatch/volumes/0$(echo "$UUID" | cut -c 2- | tr 0-9a-f 1-9a-f0).json"
journal() { echo "{\"version\":1,\"keyslot\":3,\"recipient\":\"$SUB\"}" >"${RECORD%json}enrolling"; }
fault interrupted '' 'an enrolment that was cut short' journal
fault priority '' 'the keyslot is like others' cryptsetup config --priority normal --key-slot 2 "$D"
slow() { cryptsetup luksConvertKey --batch-mode --key-file "$T/pass2" --key-slot 2 --pbkdf pbkdf2 --pbkdf-force-iterations 2000 "$D"; }
fault keyslot-slow '' 'the keyslot is a slow one' slow
fault only-way '' 'no passphrase left' cryptsetup luksKillSlot --batch-mode --key-file "$T/pass2" "$D" 0
hungry() {
	cryptsetup luksConvertKey --batch-mode --key-file "$T/key" --key-slot 0 --pbkdf argon2id --pbkdf-memory 65536 \
		--pbkdf-parallel 1 --pbkdf-force-iterations 4 "$D" && echo 'MemTotal:  32768 kB' >proc/meminfo
}
fault keyslot-memory '' 'a keyslot that asks for more memory than there is' hungry
tpm_way() { # [RECORD]
	sed -i 's/}\]}$/},{"keyslot":3,"backend":"tpm2","needs_pin":true,"object":"'"$(printf %040d 1)"'","srk":"000b'"$(printf %064d 1)"'","cap":12}]}/' "${1:-$RECORD}"
}
fault tpm-absent 'image-lacks image-old-program image-old-record keyslot-gone' 'the TPM is a way in, and there is none' tpm_way

# --- Heads --------------------------------------------------------------------------------------

heads_sealed() {
	echo "/dev/sda3 $UUID" >boot/kexec_key_devices.txt
	rm -f "$T/backup"
	cryptsetup luksHeaderBackup "$D" --header-backup-file "$T/backup"
	sha256sum <"$T/backup" | sed 's,-$,/tmp/lukshdr-_dev_sda3,' >boot/kexec_lukshdr_hash.txt
}
fault $SIG '' 'Heads has sealed, the header is the same' heads_sealed
older_heads() { heads_sealed && rm boot/kexec_lukshdr_hash.txt; }
skipped() { jq -e ".skipped | any(.what == \"Heads' sealed key\" and (.why | test(\"$1\")))" "$T/said"; }
fault $SIG '' 'an older Heads, which left no hash of it' older_heads
check 'is told as not looked at' skipped 'newer ones'
stale() { heads_sealed && cryptsetup config --label new "$D"; }
fault heads-key-stale $SIG 'Heads has sealed, the header has changed since' stale
# LUKS1: a backup has zeros where nothing is kept.
luks1_is() { # JQ: of doctor on a volume that Heads has sealed for, after COMMAND…
	li_want=$1
	shift
	(cd "$ROOT" && echo "/dev/sda3 $(uuid_of "$T/one.img")" >boot/kexec_key_devices.txt && rm -f "$T/backup" &&
		cryptsetup luksHeaderBackup "$T/one.img" --header-backup-file "$T/backup" &&
		sha256sum <"$T/backup" | sed 's,-$,/tmp/lukshdr-_dev_sda3,' >boot/kexec_lukshdr_hash.txt)
	"$@"
	doctor --no-card --json "$T/one.img" >"$T/said" 2>"$T/err" || true
	restore
	jq -e "([.findings[].id] | index(\"heads-key-stale\") != null) == $li_want and ([.skipped[]?.what] | index(\"Heads' sealed key\") == null)" "$T/said"
}
one_image() {
	volume one luks1
	for o_at in 1500 3000 2067000; do printf unused | dd of="$T/one.img" bs=1 seek=$o_at conv=notrunc 2>/dev/null; done
}
one_image
check 'LUKS1: Heads has sealed, the header is the same' luks1_is false true
check 'LUKS1: it has changed since' luks1_is true cryptsetup luksAddKey -q --pbkdf-force-iterations 1000 --key-file "$T/key" "$T/one.img" "$T/pass2"
in_slot_1() {
	heads_sealed
	"$O/bootlatch" enroll "$D" --boot boot --config etc/bootlatch --cert "$T/bob.pub" --keyslot 1 --force \
		--passphrase-fd 4 4<"$T/pass" </dev/null
}
fault heads-keyslot "heads-key-stale image-old-blob image-old-record $SIG" 'a dongle in a keyslot of Heads' in_slot_1

# --- images ---------------------------------------------------------------------------------------

image_with() { # COMMAND…: the older kernel's, with that done in it
	content $OLD
	(cd "$IMG" && "$@")
	archive "$IMG" | gzip -1 >boot/initrd.img-$OLD
}
fault no-kernel "default-gone $SIG" 'no kernel' sh -c 'rm boot/vmlinuz-*'
fault image-missing $SIG 'a kernel without image' rm boot/initrd.img-$OLD
fault image-unreadable $SIG 'an image that is none' sh -c 'echo garbage >boot/initrd.img-6.1.0-9'
if command -v lzop >/dev/null && ! mount --bind /dev/null "$(command -v lzop)"; then
	skip 'image-not-judged: who unpacks it is not here' 'lzop is here'
else
	fault image-not-judged $SIG 'who unpacks it is not here' sh -c 'printf "\211LZO\0\r\n\032\nmore" >boot/initrd.img-6.1.0-9'
	mends() { jq -e ".findings | any(.mend == \"$1\")" "$T/said"; }
	check 'and what to install is told' mends 'apt install lzop'
fi
fault image-lacks $SIG 'without libccid' image_with rm usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Linux/libccid.so
fault image-modules $SIG 'loads no dm_crypt' image_with sed -i /dm_crypt/d conf/modules
fault image-old-program $SIG 'another version of us' image_with sh -c 'echo old >usr/lib/bootlatch/bootlatch-unlock'
fault image-old-record $SIG 'a record of before' image_with sh -c 'for f in etc/bootlatch/volumes/*; do echo >>$f; done'
# The hook takes the program with tss2 where any record names a TPM, be its disk here or not.
tpm_elsewhere() {
	other=00000000-$(echo "$UUID" | cut -d- -f2-)
	sed "s/$UUID/$other/" "$RECORD" >"etc/bootlatch/volumes/$other.json"
	tpm_way "etc/bootlatch/volumes/$other.json"
	rm -f "$T"/entries.*
	for v in $OLD 6.1.0-10; do
		content "$v" && archive "$IMG" | gzip -1 >"boot/initrd.img-$v" || return 1
	done
	rm -f "$T"/entries.*
}
fault $SIG 'default-gone record-alone' 'a record elsewhere names a TPM, and the images have its program' tpm_elsewhere
fault image-old-blob $SIG 'a passphrase of before' image_with sh -c 'for f in etc/bootlatch/boot/bootlatch/*; do echo >>$f; done'
fault image-crypttab $SIG 'a crypttab without us' image_with sh -c 'echo a b none luks >cryptroot/crypttab'
fault image-any-root $SIG 'it does not say what root lies on' image_with rm etc/bootlatch/roots
fault keymap-missing '' 'a German keyboard, and no keymap' sed -i s/us/de/ etc/default/keyboard
fault keyboard-digits keymap-missing 'a French keyboard' sed -i s/us/fr/ etc/default/keyboard
with_keymap() {
	sed -i s/us/be/ etc/default/keyboard
	for v in $OLD 6.1.0-10; do
		content $v
		: >"$IMG/etc/boottime.kmap.gz"
		archive "$IMG" | gzip -1 >boot/initrd.img-$v
	done
}
fault keyboard-digits "default-gone $SIG" 'a Belgian one, with its keymap' with_keymap
if [ -n "$(PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin command -v modprobe)" ]; then
	skip 'image-not-judged: no modprobe' 'there is one'
	echo image-not-judged >>"$T/seen"
else
	mv /usr/local/sbin/modprobe /usr/local/sbin/away
	fault image-not-judged '' 'no modprobe' true
	mv /usr/local/sbin/away /usr/local/sbin/modprobe
fi

# --- /boot ----------------------------------------------------------------------------------------

fault boot-unmounted '' 'not mounted' sh -c 'echo "/dev/sda1 /boot ext4 defaults 0 2" >>etc/fstab'
cp -a "$ROOT/boot" "$T/boot.kept"
mount -t tmpfs -o mode=755,size=$(($(du -sk "$ROOT/boot" | cut -f1) + 700))k tmpfs "$ROOT/boot"
cp -a "$T/boot.kept/." "$ROOT/boot/"
check 'boot-full: hardly any room left' finds boot-full --no-card
mount -o remount,ro "$ROOT/boot"
check 'boot-readonly: nothing can be written there' finds boot-readonly --no-card
umount "$ROOT/boot"
fault $SIG '' 'a file that nobody signed' sh -c ': >boot/new'
fault signers-missing '' 'nobody whose signature counts' rm -r etc/bootlatch/signers
fault signing-interrupted '' 'a stage was left' mkdir -m 700 boot/kexec_bootlatch.stage
fault signing-pending '' 'something is pending' cp "$T/pending" var/lib/bootlatch/pending
fault default-gone $SIG 'the menu has changed' sed -i s/quiet/noisy/ boot/grub/grub.cfg
fault default-old "image-missing $SIG" 'a newer kernel' sh -c ': >boot/vmlinuz-6.1.0-11'
fault clock '' 'the clock is behind' touch -d '+2 years' etc/bootlatch/volumes

# --- readers and the running system -----------------------------------------------------------------

fault libccid-missing '' 'no libccid' rm usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Linux/libccid.so
fault pcscd-off '' 'no socket' rm run/pcscd/pcscd.comm
fault scdaemon-ccid '' 'scdaemon may take the reader' rm root/.gnupg/scdaemon.conf
pipe_at_home() { rm root/.gnupg/scdaemon.conf && mkfifo root/.gnupg/scdaemon.conf; }
fault scdaemon-ccid '' 'a pipe in its place is not waited for' pipe_at_home
fault scdaemon-runs '' 'scdaemon runs' sh -c 'mkdir proc/42 && echo scdaemon >proc/42/comm'
fault udev-rules '' 'no rules' rm usr/lib/udev/rules.d/70-bootlatch.rules
fault swap-plain '' 'swap is not encrypted' rm sys/class/block/dm-1/dm/uuid
fault cmdline-anyroot '' 'the check of root is off' sed -i 's/$/ bootlatch.anyroot/' proc/cmdline
fault cmdline-cryptopts '' 'crypttab is not asked' sed -i 's/^/cryptopts=x /' proc/cmdline
fault cmdline-panic '' 'a shell for whom root does not mount' sed -i 's/panic=30//' proc/cmdline

# --- the dongle ---------------------------------------------------------------------------------------

WITH='--wait 2'
# plugged NAME NUMBER [DRIVER]: a dongle on the bus; one of its two interfaces may be driven.
plugged() {
	(cd sys/bus/usb/devices && mkdir -p "$1" "$1:1.0" "$1:1.1" && echo 0b | tee "$1:1.0/bInterfaceClass" >"$1:1.1/bInterfaceClass" &&
		{ [ -z "${3:-}" ] || ln -s "../../../../bus/usb/drivers/$3" "$1:1.1/driver"; } &&
		cd "$1" && echo 20a0 >idVendor && echo 42b2 >idProduct && echo 1 >busnum && echo "$2" >devnum)
}
twins() { # in a hub, two of a kind
	mkdir -p sys/bus/usb/devices
	plugged 1-1.1 4 usbfs
	plugged 1-1.2 5
}
found_once() { [ "$(jq "[.findings[] | select(.id == \"usb-no-reader\") | .what] | length == 1 and (.[0] | test(\"$1\"))" "$T/said")" = true ]; }
fault usb-no-reader '' 'two of a kind on USB, one of which has no driver' twins
check 'that one is named, once, and the other is not' found_once 'Nitrokey 3 .*device 5'
twins_status() { # and status tells the same
	(cd "$ROOT" && twins)
	tw_rc=0
	status --wait 2 --json | jq -e '(.usb_unused | map(.device | test("device 5")) == [true]) and (.usb_held | not)' || tw_rc=1
	restore
	return $tw_rc
}
check 'status names it too' twins_status
all_driven() { # and a reader is missing all the same
	mkdir -p sys/bus/usb/devices
	for u in 1 2 3; do plugged 1-$u $u usbfs; done
}
fault usb-no-reader '' 'more driven on USB than there are readers' all_driven
check 'that another program has it is said' found_once 'Another program'
fault dongle-foreign nothing-enrolled 'one that opens nothing here' nothing_enrolled
fault dongle-kdf image-old-record 'it wants the PIN otherwise' sed -i 's/"kdf":"none"/"kdf":"'"$(printf %064d 1)"'"/' "$RECORD"
touch_is() { apdu 0 00A4040006D27600012401 00200083083132333435363738 "00DA00D702${1}20" | grep -q '9000$'; }
fault dongle-touch '' 'it waits for a touch' touch_is 01
touch_is 00 || fail 'the touch is off again'
WITH="--wait 2 --pin-fd 3"
fault test-failed "blob-recipient image-old-blob $SIG token-missing" 'it does not open the volume' no_recipient 3<"$T/pin"
WITH='--wait 2'
wrong_pin() { apdu 0 00A4040006D27600012401 0020008206393939393939; }
fault pin-tries '' 'somebody typed a wrong PIN' wrong_pin
wrong_pin >/dev/null
fault pin-blocked '' 'and once more' wrong_pin

# --- every one of them ------------------------------------------------------------------------------

sed -n 's/^	\[FAULT_[A-Z_]*\] = {"\([a-z-]*\)".*/\1/p' "$TESTS/../cli/doctor_faults.c" | sort >"$T/all"
check_is 'the table is read' yes "$([ "$(wc -l <"$T/all")" -gt 60 ] && echo yes)"
# Not seeded here: a TPM that is locked, a card that another program holds. doctor_tpm.sh: what a TPM is sealed to.
sort -u "$T/seen" - <<-END | comm -23 "$T/all" - >"$T/unseen"
	dongle-busy
	tpm-changed
	tpm-damaged
	tpm-locked
	tpm-not-closed
	tpm-loader
	tpm-unseen-at-boot
END
check_is 'every fault of the table was seen' '' "$(cat "$T/unseen")"
check_says 'a folder that is no path' 2 'absolute' "$O/bootlatch" doctor --root x
finish
