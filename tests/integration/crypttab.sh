#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# enroll --crypttab and unenroll: the line, the image, and what an interruption leaves.
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
. "$(dirname "$0")/killed.sh"
. "$(dirname "$0")/files_list.sh"
need 'crypttab is edited' unshare ip pcscd opensc-tool gpg cryptsetup jq strace
lib_reexec_in_namespace "$0" "$@"
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
volumes_start
card_make alice cv25519 00000A01 || { fail 'gpg makes keys on the card'; finish; }
D=$T/disk.img TAB=$T/tab/crypttab OURS=keyscript=decrypt_bootlatch
volume disk luks2
UUID=$(uuid_of "$D")
mkdir "$T/tab"

# A stand-in for initramfs-tools: keeps the crypttab that it saw; ends as $T/status says.
mount -t tmpfs tmpfs /usr/local/sbin
cat >/usr/local/sbin/update-initramfs <<-EOF
	#!/bin/sh
	[ "\$*" = -u ] || exit 9
	cp "$TAB" "$T/image.new" && mv "$T/image.new" "$T/image"
	echo run >>"$T/runs"
	exit \$(cat "$T/status")
EOF
chmod 755 /usr/local/sbin/update-initramfs
echo 0 >"$T/status"

tab() { # LINE…: the crypttab; its mode and owner are odd on purpose
	printf '%s\n' '# <target> <source>	<key> <options>' 'other UUID=1-2 /key:file luks' "$@" '# end' >"$TAB"
	chmod 640 "$TAB"
	chown 12:34 "$TAB"
	cp -p "$TAB" "$T/before"
	rm -f "$T/image" "$T/runs"
	: >"$T/runs"
}
# shellcheck disable=SC2120 # check gives them
enrolls() { bl_both enroll "$D" --crypttab --crypttab-file "$TAB" "$@"; }
unenrolls() { bl unenroll "$D" --keyslot 2 --crypttab-file "$TAB" "$@"; }
line() { grep "^[^#]*$UUID" "$TAB"; }
as_before() { cmp "$TAB" "$T/before" && kept; }
kept() { [ "$(stat -c '%a %u %g' "$TAB")" = '640 12 34' ] || { stat "$TAB"; return 1; }; }
runs() { wc -l <"$T/runs" | tr -d ' '; }
nothing_beside() { [ "$(ls -A "$T/tab")" = crypttab ] || { ls -A "$T/tab"; return 1; }; }
only_the_line_differs() {
	[ "$(grep -v "$UUID" "$TAB")" = "$(grep -v "$UUID" "$T/before")" ]
}

# --- Refused before anything is asked --------------------------------------------------------

refused() { # SENTENCE TEXT LINE [OPTION…]
	r_said=$1 r_text=$2
	tab "$3"
	shift 3
	check_says "$r_said" 10 "$r_text" verifies alice 0 enrolls "$@"
	check '… and nothing is changed' as_before
	check_is '… and nothing enrolled' 0 "$(slots "$D")"
}
refused 'no line: the one to add is shown' "NAME UUID=$UUID none $OURS,luks,initramfs" 'x UUID=5-6 none luks'
refused 'a key file: refused' '/root/key' "a UUID=$UUID /root/key luks"
refused 'the word of systemd for none: told what to write' 'Write none there' "a UUID=$UUID - luks"
refused 'a comment behind the line: told' 'no comment behind them' "a UUID=$UUID none luks # mine"
refused 'another keyscript: refused' 'replace-keyscript' "a UUID=$UUID /k luks,keyscript=decrypt_gnupg-sc"
refused 'a colon: refused' "UUID=$UUID" "a UUID=$UUID none luks,header=/dev/disk/by-path/x:1"
refused 'two lines: refused' '--crypttab-name' "a UUID=$UUID none luks
b UUID=$UUID none luks"
refused 'the name of another volume: refused' 'another volume' 'x UUID=5-6 none luks' --crypttab-name x

# --- There and back --------------------------------------------------------------------------

tab "sda3_crypt UUID=$UUID none luks,discard"
check 'enroll --crypttab' enrolls
check_is 'the line names our keyscript' "sda3_crypt UUID=$UUID none luks,discard,$OURS,initramfs" "$(line)"
check 'every other line is as it was' only_the_line_differs
check 'mode and owner too' kept
check 'the image was made from it' cmp "$TAB" "$T/image"
check_is 'once' 1 "$(runs)"
cp -p "$TAB" "$T/before"
check_says 'again: it is said that nothing is to do' 0 'already' enrolls
check '… and the line is as it was' as_before
check_is '… but the image is made anew' 2 "$(runs)"
check_says 'without --crypttab: the image is reminded of' 0 'update-initramfs -u' \
	bl_both enroll "$D" --crypttab-file "$TAB"
tab "sda3_crypt UUID=$UUID none luks,discard,$OURS,initramfs"
check_says 'removing the last dongle' 0 'old options' unenrolls
check_is 'gives the line back' "sda3_crypt UUID=$UUID none luks,discard" "$(line)"
check 'with mode and owner' kept
check 'the image was made from it' cmp "$TAB" "$T/image"
check 'nothing is left beside it' nothing_beside

tab "sda3_crypt UUID=$UUID none luks"
by_fd() { bl enroll "$D" --recovery-fd 5 --passphrase-fd 4 --keyslot 4 4<"$T/pass" 5>"$T/recovery"; }
both_ways() { enrolls && by_fd; }
check 'a dongle and a recovery key' both_ways
check_says 'with a recovery key left' 0 'cryptsetup, which asks for the passphrase at boot now, takes it only as it was shown: in small letters, with the dashes' unenrolls
check_says 'which is the last to go' 0 'recovery key is void' bl unenroll "$D" --keyslot 4 --crypttab-file "$TAB"
check_fails 'how to type it is said no more' grep -q 'with the dashes' "$T/words"

tab "a $D none"
check 'a line by path, without options' enrolls --no-initramfs
check_is 'gets all of ours' "a $D none $OURS,luks,initramfs" "$(grep -F "$D" "$TAB")"
check_is 'and with --no-initramfs the image is left alone' 0 "$(runs)"
check 'removing it' unenrolls --no-initramfs
check 'leaves no trace' as_before

tab 'x UUID=5-6 none luks'
check 'a name adds a line' enrolls --crypttab-name data
check_is 'at the end' "data UUID=$UUID none $OURS,luks,initramfs" "$(tail -n 1 "$TAB")"
rm "$TAB"
check 'and a file, where there was none' enrolls --crypttab-name data
check_is '… for all to read' 644 "$(stat -c %a "$TAB")"
# shellcheck disable=SC2016 # for the inner shell
check 'as JSON' sh -c '"$1" enroll "$2" --crypttab --crypttab-file "$3" --json --pin-fd 3 --boot "$4" --config "$5" 3<"$6" 2>/dev/null |
	jq -e ".ok and .crypttab_changed == false and .initramfs_made"' - "$O/bootlatch" "$D" "$TAB" "$BOOT" "$CONF" "$T/pin"

tab "a UUID=$UUID /etc/key.gpg luks,keyscript=decrypt_gnupg-sc"
check_says 'another keyscript is replaced when asked' 0 'unenroll brings it back' enrolls --replace-keyscript
check_is 'and its key with it' "a UUID=$UUID none luks,$OURS,initramfs" "$(line)"
check 'every other line is as it was' only_the_line_differs
check_is 'the old line is a comment' "# replaced by bootlatch: a UUID=$UUID /etc/key.gpg luks,keyscript=decrypt_gnupg-sc" \
	"$(grep '^# replaced' "$TAB")"
check 'removing the dongle' unenrolls --no-initramfs
check 'brings it back' as_before
check 'once more' enrolls --replace-keyscript

# --- The image cannot be made ----------------------------------------------------------------

tab "a UUID=$UUID none luks"
echo 3 >"$T/status"
check_says 'update-initramfs fails: it is said' 1 'is as it was' enrolls
check 'and the line is as it was' as_before
check_is 'the dongle stays enrolled' '0 2' "$(slots "$D")"
# One that makes one of the images before it fails, and somebody who edits the file meanwhile.
mv /usr/local/sbin/update-initramfs "$T/update"
: >"$BOOT/initrd.img-6.1.0-9"
: >"$BOOT/initrd.img-6.1.0-10"
failing() { # COMMAND
	printf '#!/bin/sh\n%s\nexit 3\n' "$1" >/usr/local/sbin/update-initramfs
	chmod 755 /usr/local/sbin/update-initramfs
}
failing "echo new >'$BOOT/new' && mv '$BOOT/new' '$BOOT/initrd.img-6.1.0-9'"
check_says 'an image was made before it fails: it is named' 1 'are not like the others: 6.1.0-9. Once' enrolls
check 'and the line is as it was' as_before
failing "echo 'theirs UUID=7-8 none luks' >>'$TAB'"
check_says 'somebody edits the file meanwhile: it is said' 1 'Another program has changed' enrolls
check_fails 'with no word of images' grep -q 'made anew, with' "$T/words"
check 'and what they wrote is there' grep -q '^theirs' "$TAB"
check_is 'and the line as well' "a UUID=$UUID none luks,$OURS,initramfs" "$(line)"
failing "echo 'more UUID=7-9 none luks' >>'$TAB'"
check_says 'the same when it is taken out' 1 'Another program has changed' unenrolls
check 'what they wrote is there' grep -q '^more' "$TAB"
rm "$BOOT"/initrd.img-*
tab "a UUID=$UUID none luks"
bl_both enroll "$D" >/dev/null 2>&1 || fail 'enrolled again'
cp "$T/update" /usr/local/sbin/update-initramfs
echo 0 >"$T/status"
mv /usr/local/sbin/update-initramfs "$T/update"
check_says 'there is no update-initramfs: it is said' 1 'no update-initramfs' enrolls
check 'and the line is as it was' as_before
mv "$T/update" /usr/local/sbin/update-initramfs
ln -sf "$TAB" "$T/link"
check_fails 'a link in place of the file is not followed' bl_both enroll "$D" --crypttab --crypttab-file "$T/link"
rm "$T/link"

# --- status: the images of all kernels -----------------------------------------------------

IMG=$T/img LIST=$T/files.list
sed "s,@LIBDIR@,$O,g" "$(dirname "$0")/../../initramfs-hooks/files.list" >"$LIST"
# A stand-in for a kernel that has xts built in and no ohci_pci; dm_crypt needs another one.
cat >/usr/local/sbin/modprobe <<-'EOF'
	#!/bin/sh
	[ "$1 $2 $4" = '-q -S --show-depends' ] || exit 9
	m=/lib/modules/$3/kernel/x
	case $5 in
	ohci_pci) exit 1 ;;
	xts) echo 'builtin xts' ;;
	dm_crypt) echo "insmod $m/dm-mod.ko.xz "; echo "insmod $m/dm-crypt.ko.xz option=1" ;;
	*) echo "insmod $m/$5.ko.xz " ;;
	esac
EOF
chmod 755 /usr/local/sbin/modprobe
# shellcheck disable=SC2120 # check gives them
status() { "$O/bootlatch" status "$D" --no-card --crypttab-file "$TAB" --boot "$BOOT" --config "$CONF" --files-list "$LIST" "$@"; }
entries() { listed "$LIST" '' "$1"; } # VERSION
content() { # what the hook puts into an image, here in $IMG
	rm -rf "$IMG"
	for c_v in 6.1.0-9 6.1.0-10; do
		entries $c_v | sed "s,^,$IMG," >"$T/paths"
		sed 's,/[^/]*$,,' "$T/paths" | sort -u | xargs mkdir -p
		xargs touch <"$T/paths"
	done
	mkdir -p "$IMG/etc/bootlatch/volumes" "$IMG/etc/bootlatch/boot/bootlatch" "$IMG/cryptroot" "$IMG/conf"
	sed -n 's/^load //p' "$LIST" >"$IMG/conf/modules"
	cp "$(record_of "$D")" "$IMG/etc/bootlatch/volumes/"
	cp "$BOOT"/bootlatch/*.pgp "$IMG/etc/bootlatch/boot/bootlatch/"
	cp "$TAB" "$IMG/cryptroot/crypttab"
}
archive() { (cd "$1" && find . | cpio -o -H newc 2>/dev/null); }
image() { # VERSION COMMAND…: packed by it, behind an archive that is not packed, as microcode is
	: >"$BOOT/vmlinuz-$1"
	i_to=$BOOT/initrd.img-$1
	shift
	mkdir -p "$T/early/kernel"
	{ archive "$T/early"; archive "$IMG" | "$@"; } >"$i_to"
}
tab "a UUID=$UUID none luks"
check_says 'status: crypttab does not name us' 8 'bootlatch enroll' status
tab "a UUID=$UUID none luks,$OURS,initramfs"
check_says 'status: no kernel at all' 1 'no kernel' status
content
: >"$BOOT/initrd.img-9-removed"
for packer in cat zstd gzip xz bzip2; do
	command -v cpio $packer >/dev/null || { skip "status: an image made by $packer"; continue; }
	image 6.1.0-9 $packer
	check_says "status: an image made by $packer is ready" 0 'image of 6.1.0-9: ready' status
done
image 6.1.0-10 gzip
check 'status as JSON' sh -c '"$@" | jq -e ".ok and ([.images[].ready] == [true, true]) and .images[0].kernel == \"6.1.0-9\""' \
	- "$O/bootlatch" status "$D" --crypttab-file "$TAB" --boot "$BOOT" --config "$CONF" --files-list "$LIST" --json
lacking() { # SENTENCE TEXT FILE COMMAND…
	l_said=$1 l_text=$2
	shift 2
	content
	(cd "$IMG" && "$@")
	image 6.1.0-10 gzip
	check_says "status: $l_said" 1 "6.1.0-10: LACKS $l_text" status
}
entries 6.1.0-10 >"$T/entries"
check_is 'the list names more than forty files' yes "$([ "$(wc -l <"$T/entries")" -gt 40 ] && echo yes)"
# Each of them is missed, and nothing else: of a library its base name is told, of a module no .xz.
while read -r f; do
	case $f in *.so.* | /lib64/*) t=${f##*/} ;; *) t=${f#/} t=${t#usr/} t=${t%.xz} ;; esac
	content
	rm "$IMG$f"
	image 6.1.0-10 gzip
	check_is "status: an image without ${f##*/}" "image of 6.1.0-10: LACKS $t" "$(status 2>&1 | grep '^image of 6.1.0-10')"
done <"$T/entries"
lacking 'an image that loads no dm_crypt' 'conf/modules (not as it is now)' sed -i /dm_crypt/d conf/modules
lacking 'an image without records' etc/bootlatch/volumes rm -r etc/bootlatch/volumes
lacking 'an image without encrypted passphrases' etc/bootlatch/boot/bootlatch rm -r etc/bootlatch/boot
content
rm -r "$IMG" && mkdir "$IMG"
image 6.1.0-10 gzip
check_says 'status: an image without anything' 1 ', and more' status
echo "module nonesuch" >>"$LIST"
sed -i 's/ohci_pci) exit 1/nonesuch | &/' /usr/local/sbin/modprobe
lacking 'a kernel without a module that is needed' 'module nonesuch' true
sed -i '$d' "$LIST"
mv /usr/local/sbin/modprobe "$T/modprobe"
if [ -n "$(PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin command -v modprobe)" ]; then
	skip 'status: no modprobe' 'there is one'
else
	check_says 'status: no modprobe' 1 'apt install kmod' status
fi
mv "$T/modprobe" /usr/local/sbin/modprobe
for bad in exec 'copy /bin/true' 'module a b' 'file /a /b /c'; do
	echo "$bad" >"$T/bad"
	check_says "status: a list with \"$bad\"" 1 'cannot be understood' status --files-list "$T/bad"
done
check_says 'status: no list' 1 'cannot be read: not found' status --files-list "$T/nowhere"
lacking 'an image with an old record' "etc/bootlatch/volumes/$UUID.json (not as it is now)" \
	truncate -s +1 "etc/bootlatch/volumes/$UUID.json"
lacking 'an image with an old passphrase' "etc/bootlatch/boot/bootlatch/$UUID.2.pgp (not as it is now)" \
	truncate -s -1 "etc/bootlatch/boot/bootlatch/$UUID.2.pgp"
lacking 'an image whose crypttab does not name us' 'cryptroot/crypttab (not as it is now)' \
	sh -c 'echo "a b none luks" >cryptroot/crypttab'
lacking 'an image whose line for the disk is a comment' 'cryptroot/crypttab (not as it is now)' \
	sed -i 's/^/#/' cryptroot/crypttab
lacking 'an image that knows us for another disk only' 'cryptroot/crypttab (not as it is now)' \
	sed -i 's/UUID=./UUID=x/' cryptroot/crypttab
if command -v lzop >/dev/null && ! mount --bind /dev/null "$(command -v lzop)"; then
	skip 'status: the program that unpacks the image is not here' 'lzop is here'
else
	printf '\211LZO\0\r\n\032\nmore' >"$BOOT/initrd.img-6.1.0-10"
	check_says 'status: the program that unpacks the image is not here' 1 \
		'image of 6.1.0-10: not judged: lzop is not here (apt install lzop)' status
	check_says 'and that is no word against the image' 1 '1 of 2 images were not judged' status
fi
echo garbage >"$BOOT/initrd.img-6.1.0-10"
check_says 'status: an image that is none' 1 'cannot be read' status
truncate -s 0 "$BOOT/initrd.img-6.1.0-10"
check_says 'status: an empty image' 1 'cannot be read' status
rm -f "$BOOT"/initrd.img-* "$BOOT"/vmlinuz-*

# --- Killed ----------------------------------------------------------------------------------

under() { # STRACE-OPTIONS… -- VERB…
	u_options=
	while [ "$1" != -- ]; do
		u_options="$u_options $1"
		shift
	done
	shift
	# shellcheck disable=SC2086 # words without blanks
	strace -f -y -o "$T/strace" -e trace=$CALLS $u_options "$O/bootlatch" "$@" --crypttab-file "$TAB" --boot "$BOOT" \
		--config "$CONF" --wait 2 --pin-fd 3 3<"$T/pin" </dev/null
}
killed() { # NAME N VERB…: the line is the old one or the new, and the next run ends it
	k_name=$1 k_n=$2 k_rc=0
	shift 2
	cp -p "$T/before" "$TAB"
	under -e "inject=$k_name:signal=KILL:when=$k_n" -- "$@" || k_rc=$?
	[ "$k_rc" = 137 ] || { echo "status $k_rc, not 137"; return 1; }
	if cmp -s "$TAB" "$T/before"; then :; elif cmp -s "$TAB" "$T/after"; then :; else
		cat "$TAB"
		return 1
	fi
	kept || return 1
	enrolls || { echo "the next run: status $?"; return 1; }
	cmp "$TAB" "$T/after" && kept && nothing_beside
}
tab "a UUID=$UUID none luks"
check 'enroll --crypttab, traced' under -- enroll "$D" --crypttab
cp -p "$TAB" "$T/after"
points "$T/tab/" >"$T/points"
check_is 'there are calls to be killed in' yes "$([ "$(wc -l <"$T/points")" -ge 5 ] && echo yes)"
while read -r name n; do
	check "killed at $name number $n" killed "$name" "$n" enroll "$D" --crypttab <&-
done <"$T/points"

# The keyslot goes first, so an unenroll that is killed may leave the line: the next one ends it.
under -e inject=rename:signal=KILL:when=1 -e inject=renameat:signal=KILL:when=1 -- unenroll "$D" --keyslot 2 || true
bl unenroll "$D" --keyslot 2 --no-initramfs --crypttab-file /nonexistent/x >/dev/null 2>&1 || true
check_is 'the keyslot is gone' 0 "$(slots "$D")"
check 'and the line is still ours' cmp "$TAB" "$T/after"
check 'removing once more gives it back' unenrolls
check 'as it was' as_before
check_says 'and then there is nothing to remove' 8 'Nothing of ours' unenrolls
finish
