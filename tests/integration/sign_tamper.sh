#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A signed /boot changed in every way: bootlatch verify finds it and names it, and says whether stock
# Heads would see it, which the script that checks as Heads does (heads_verify.sh --lenient) confirms.
# docs/THREATS.md lists what it says here that Heads does not see.
set -eu
. "$(dirname "$0")/lib.sh"
need 'tampering with /boot is found' unshare ip pcscd opensc-tool gpg busybox jq mkfs.ext4
lib_reexec_in_namespace "$0" "$@"
# shellcheck disable=SC2034 # for boot.sh
TESTS=$(cd "$(dirname "$0")/.." && pwd)
. "$(dirname "$0")/../sign/boot.sh"
. "$(dirname "$0")/volumes.sh"
volumes_start
state_apart
sign_start
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
if ! vcard_start alice --serial 00000A01 || ! gpg_home_new alice || ! gpg_card_generate cv25519; then
	fail 'gpg makes keys on the card'
	finish
fi
gpg --batch --export >"$T/cert"
gpgconf --kill all
ALICE=$GNUPGHOME
card_signs() { bl_pin sign --rollback none --yes "$@"; }
verify() { "$O/bootlatch" verify --boot "$BOOT" --config "$CONF" "$@" </dev/null; }

keep() { rm -rf "${T:?}/$1" && cp -a "$BOOT" "$T/$1"; }
restore() { rm -rf "$BOOT" && cp -a "$T/$1" "$BOOT"; }
small_boot "$BOOT"
check 'it is signed' card_signs --key "$KEY" --default first
check 'and good' verify
keep signed

# tampered HEADS WHAT PATH SENTENCE COMMAND...: in $BOOT; HEADS: sees or blind; PATH - for none.
# The finding is there, heads_sees says the same, and so does Heads' own check.
tampered() {
	ta_heads=$1 ta_what=$2 ta_path=$3 ta_said=$4
	shift 4
	restore signed
	(cd "$BOOT" && "$@") >"$T/check.out" 2>&1 || { fail "$ta_said" "$(cat "$T/check.out")"; return; }
	check "$ta_said" is_found
}
is_found() {
	if_rc=0 if_sees=false
	[ "$ta_heads" != sees ] || if_sees=true
	timeout 20 "$O/bootlatch" verify --boot "$BOOT" --config "$CONF" --json >"$T/json" 2>"$T/words" </dev/null ||
		if_rc=$?
	[ "$if_rc" = 7 ] || { echo "verify: status $if_rc"; cat "$T/words"; return 1; }
	jq -e --arg what "$ta_what" --arg path "$ta_path" --argjson sees "$if_sees" '
		.verdict == "bad" and any(.findings[]; .what == $what and .path == $path and .heads_sees == $sees)' \
		"$T/json" >/dev/null || { cat "$T/json"; return 1; }
	for tools in gnu busybox; do
		TOOLS=$tools if_rc=0
		heads_verify --lenient "$BOOT" >"$T/heads" 2>&1 || if_rc=$?
		case $ta_heads:$if_rc in
		sees:1 | blind:0) ;;
		*) echo "the script ($tools): status $if_rc, $(cat "$T/heads")"; return 1 ;;
		esac
	done
	TOOLS=gnu
}
flip() { # FILE [OFFSET]: one bit of it
	fl_at=${2:-0}
	fl_byte=$(dd if="$1" bs=1 skip="$fl_at" count=1 2>/dev/null | od -An -tu1 | tr -d ' ')
	# shellcheck disable=SC2059 # an octal number
	printf "\\$(printf %o $((fl_byte ^ 1)))" | dd of="$1" bs=1 seek="$fl_at" conv=notrunc 2>/dev/null
}

# --- a bit of every class of file ---------------------------------------------------------
tampered sees changed ./vmlinuz-6.2 'a bit of the kernel' flip vmlinuz-6.2
tampered sees changed ./initrd.img-6.1 'a bit of an initrd that is not booted' flip initrd.img-6.1
tampered sees changed ./grub/grub.cfg 'a bit of the menu' flip grub/grub.cfg 5
tampered sees changed './sub/kexec_x' 'a bit of a file whose name, not path, begins with kexec' flip sub/kexec_x
tampered blind changed ./kexecdir/x 'a bit of a file in kexecdir/' flip kexecdir/x
for f in kexec_hashes.txt kexec_tree.txt kexec_bootlatch.txt kexec_default.1.txt kexec_default_hashes.txt; do
	tampered sees bad-signature kexec.sig "a bit of $f" flip $f 3
done
for at in 60 100 150; do
	tampered sees bad-signature kexec.sig "byte $at of kexec.sig" flip kexec.sig $at
done

# --- there, and not there -----------------------------------------------------------------
add() { echo "${2:-evil}" >"$1"; }
tampered sees added ./evil 'a file added' add evil
tampered sees added './with blank/new' 'a file added in a folder with a blank' add 'with blank/new'
tampered sees added ./.hidden 'a hidden file added' add .hidden
tampered sees added ./newdir 'a folder added' mkdir newdir
tampered sees added ./newlink 'a link added' ln -s /etc/passwd newlink
tampered sees added ./newfifo 'a fifo added' mkfifo newfifo
tampered sees missing ./ucode.img 'a file removed' rm ucode.img
tampered sees missing ./dangling 'a link removed' rm dangling
tampered sees missing ./efi 'a folder removed' rmdir efi
tampered sees added ./vmlinuz-6.3 'a file renamed' mv vmlinuz-6.1 vmlinuz-6.3
tampered sees added ./Sub 'a folder renamed' mv sub Sub
tampered sees name './caf??' 'a name that Heads refuses' add "$(printf 'caf\303\251')"
swap() { mv "$1" tmp.swap && mv "$2" "$1" && mv tmp.swap "$2"; }
tampered blind name './kexecdir/caf??' 'such a name in kexecdir/, which only its signing would see' \
	add "$(printf 'kexecdir/caf\303\251')"
tampered sees changed ./vmlinuz-6.1 'two kernels swapped' swap vmlinuz-6.1 vmlinuz-6.2

# --- what Heads does not look at ------------------------------------------------------------
tampered blind mode ./vmlinuz-6.2 'a mode' chmod 777 vmlinuz-6.2
tampered blind mode ./initrd.img-6.2 'the setuid bit' chmod u+s initrd.img-6.2
tampered blind mode ./ 'the mode of /boot itself' chmod 777 .
tampered blind owner ./vmlinuz-6.2 'an owner' chown 1000 vmlinuz-6.2
tampered blind owner ./grub 'a group' chgrp 1000 grub
tampered blind owner ./vmlinuz 'the owner of a link' chown -h 1000 vmlinuz
tampered blind mode kexec_hashes.txt 'a list that all may write, and that runs as root' chmod 4777 kexec_hashes.txt
tampered blind mode kexec.sig 'a signature that all may write' chmod 666 kexec.sig
tampered blind owner kexec.sig "somebody else's signature" chown 1000 kexec.sig
tampered blind owner kexec_tree.txt "another group's list" chgrp 1000 kexec_tree.txt
relink() { ln -sfn "$2" "$1"; }
tampered blind target ./vmlinuz 'a link to another kernel' relink vmlinuz vmlinuz-6.1
tampered blind target ./dangling 'a link to out of /boot' relink dangling /etc/shadow
to_link() { mv vmlinuz-6.2 kexecdir/k && ln -s kexecdir/k vmlinuz-6.2; }
tampered blind type ./vmlinuz-6.2 'a link to the same bytes in place of a file' to_link
to_file() { rm vmlinuz && echo evil >vmlinuz; }
tampered blind type ./vmlinuz 'a file in place of a link' to_file
dir_to_link() { mv efi kexecdir/efi && ln -s kexecdir/efi efi; }
tampered blind type ./efi 'a link in place of a folder' dir_to_link
to_fifo() { rm dangling && mkfifo dangling; }
tampered blind type ./dangling 'a fifo in place of a link' to_fifo

# --- oddities of kexec ------------------------------------------------------------------------
tampered blind added ./kexecdir/new 'a file added in kexecdir/' add kexecdir/new
tampered blind added ./kexec_x 'kexec_x without .txt' add kexec_x
tampered blind added ./kexecfolder 'a folder kexecfolder/' mkdir kexecfolder
tampered blind missing ./kexecdir/x 'a file of kexecdir/ removed' rm kexecdir/x
tampered sees bad-signature kexec.sig 'kexec_extra.txt added' add kexec_extra.txt
tampered sees bad-signature kexec.sig 'kexec.txt added' add kexec.txt
tampered sees bad-signature kexec.sig 'our full manifest removed' rm kexec_bootlatch.txt
tampered sees no-file kexec_tree.txt 'kexec_tree.txt removed' rm kexec_tree.txt
tampered sees malformed kexec_x.txt 'a folder kexec_x.txt' mkdir kexec_x.txt
tampered sees malformed kexec_x.txt 'a link kexec_x.txt' ln -s kexec_tree.txt kexec_x.txt
tampered sees package-trigger kexec_package_trigger_pre.txt "a package's trigger" add kexec_package_trigger_pre.txt
list_to_link() { mv kexec_tree.txt kexec_t && ln -s kexec_t kexec_tree.txt; }
restore signed
(cd "$BOOT" && list_to_link)
check_status 'a link in place of a list is not followed' 7 timeout 20 "$O/bootlatch" verify --boot "$BOOT" --cert "$T/cert"
# Heads would wait for somebody to write into it, so it is not asked.
for f in kexec_x.txt kexec_tree.txt kexec.sig; do
	restore signed
	rm -f "$BOOT/$f"
	mkfifo "$BOOT/$f"
	check_status "a fifo $f is bad, and keeps nobody waiting" 7 timeout 20 "$O/bootlatch" verify --boot "$BOOT" --cert "$T/cert"
done
restore signed
truncate -s 1T "$BOOT/kexec_huge.txt"
check_status 'a list of a terabyte is bad at once' 7 timeout 20 "$O/bootlatch" verify --boot "$BOOT" --cert "$T/cert"
rm "$BOOT/kexec_huge.txt"

# --- the signature ----------------------------------------------------------------------------
cut_to() { head -c "$2" "$1" >tmp.cut && cat tmp.cut >"$1" && rm tmp.cut; }
tampered sees no-signature kexec.sig 'kexec.sig removed' rm kexec.sig
tampered sees bad-signature kexec.sig 'kexec.sig empty' cut_to kexec.sig 0
tampered sees bad-signature kexec.sig 'kexec.sig cut' cut_to kexec.sig 100
tampered sees bad-signature kexec.sig 'kexec.sig is another file' cp vmlinuz kexec.sig
by_other() { # STYLE
	soft_key nistp256 && heads_sign --sig-only --style "$1" --key "$KEY" "$BOOT"
	bo_rc=$?
	GNUPGHOME=$ALICE
	export GNUPGHOME
	return "$bo_rc"
}
tampered sees bad-signature kexec.sig "another's signature" by_other relative
tampered sees bad-signature kexec.sig "another's signature, absolute names" by_other absolute
beside() { # ORDER
	cp kexec.sig "$T/ours.sig"
	by_other relative && gpg --batch -q --dearmor <kexec.sig >"$T/other.bin" &&
		gpg --batch -q --dearmor <"$T/ours.sig" >"$T/ours.bin" || return 1
	case $1 in
	first) cat "$T/other.bin" "$T/ours.bin" ;;
	last) cat "$T/ours.bin" "$T/other.bin" ;;
	twice) cat "$T/ours.bin" "$T/ours.bin" ;;
	esac >kexec.sig
}
tampered sees bad-signature kexec.sig "another's signature before a good one" beside first
tampered sees bad-signature kexec.sig "another's signature after a good one" beside last
odd() { # PACKETS before ours, and after it, as printf writes them
	gpg --batch -q --dearmor <kexec.sig >"$T/ours.bin" || return 1
	# shellcheck disable=SC2059 # octal numbers
	{ printf "$1" && cat "$T/ours.bin" && printf "${2:-}"; } >kexec.sig
}
zeros='\0\0\0\0\0\0\0\0'
tampered sees bad-signature kexec.sig 'a marker that is none before it' odd '\312\003PGX'
tampered sees bad-signature kexec.sig 'padding before it' odd '\325\004xxxx'
tampered sees bad-signature kexec.sig 'a packet of private use before it' odd '\374\002xx'
tampered sees bad-signature kexec.sig 'a one-pass packet before it' odd "\304\015\003\000\010\026$zeros\001"
tampered sees bad-signature kexec.sig 'a signature of version 3 before it' \
	odd "\302\031\003\005\000\001\002\003\004$zeros\026\010ab\000\001\001\000\001\001"
tampered sees bad-signature kexec.sig 'a signature of version 6 before it' odd '\302\003\006\000\026'
tampered sees bad-signature kexec.sig 'a name after it' odd '' '\315\005alice'
tampered sees bad-signature kexec.sig 'a byte after it' odd '' '\0'
both_take() { verify && heads_verify --lenient "$BOOT"; }
restore signed
(cd "$BOOT" && beside twice) || fail 'the same signature twice'
check 'two good ones are good, to Heads too' both_take
restore signed
chmod 4777 "$BOOT/kexec_hashes.txt"
chmod 666 "$BOOT/kexec.sig"
chown 1000:1000 "$BOOT/kexec.sig" "$BOOT/kexec_tree.txt"
check 'sign' card_signs
check 'takes the signed files back' verify
check_is '... all of them' '644 0:0' "$(cd "$BOOT" && stat -c '%a %u:%g' kexec*.txt kexec.sig | sort -u)"
for name in 'kexec foo.txt' 'kexec_[x].txt' "$(printf 'kexecdir/caf\303\251')"; do
	restore signed
	echo x >"$BOOT/$name"
	check_says "'$name' is not signed" 10 'Rename or remove' card_signs
	check_fails '... nothing was' grep -q "$name" "$BOOT/kexec_bootlatch.txt"
done
restore signed
echo other >"$BOOT/vmlinuz-6.1"
check 'signed anew' card_signs
keep newer
tampered sees bad-signature kexec.sig 'the signature of another day' cp "$T/newer/kexec.sig" kexec.sig
tampered sees bad-signature kexec.sig 'a list of another day' cp "$T/newer/kexec_hashes.txt" .
with_kernel() { cp -a "$T"/newer/kexec* .; }
tampered sees changed ./vmlinuz-6.1 'all of the signed files of another day' with_kernel
# Only the counter tells these: docs/THREATS.md.
restore newer
restore signed
check_status 'an older /boot with its older signature is good but for the counter' 0 verify

# --- odd things beside the files ------------------------------------------------------------------
tampered sees added ./newdev 'a device added' mknod newdev c 1 3
tampered sees added ./hard 'a hard link added' ln vmlinuz-6.1 hard
link_loop() { ln -s loop-b loop-a && ln -s loop-a loop-b; }
tampered sees added ./loop-a 'links that lead to each other' link_loop
deep=$(seq -s / 1 60)
deeper() { mkdir -p "$deep" && echo x >"$deep/x"; }
tampered sees added "./$deep/x" 'a file sixty folders down' deeper
tampered sees added './ ' 'a name that is a blank' add ' '
tampered sees added './..x' 'a name that begins with dots' add ..x
restore signed
(cd "$BOOT" && ln vmlinuz-6.2 "$T/outside")
check 'a hard link from elsewhere changes nothing' verify # docs/THREATS.md
rm "$T/outside"
mkdir -p "$BOOT/$(seq -s / 1 66)"
check_says 'what is deeper than is taken is not signed' 10 'folders within folders' card_signs
check_fails 'nor good' verify
restore signed

# --- a date, a style, a form ---------------------------------------------------------------------------
soft_key cv25519
restore signed
later() { gpg --batch --yes -q --no-tty --faked-system-time "$1" 2>/dev/null -u "$KEY!" -a -o "$BOOT/kexec.sig" --detach-sign "$T/manifest"; }
heads_sign --key "$KEY" "$BOOT"
(cd "$BOOT" && sha256sum kexec*.txt) >"$T/manifest"
later "$(date -u -d '+2 hours' +%Y%m%dT%H%M%S)!"
check_says 'a signature of the future is bad' 7 'dated in the future' verify --cert "$T/cert"
check 'gpg takes it' heads_verify "$BOOT" # 2.2.40; of keys only it looks at the date
formed() { gpg --batch --yes -q --no-tty 2>/dev/null -u "$KEY!" -a -o "$BOOT/kexec.sig" "$@" --detach-sign "$T/manifest"; }
formed --digest-algo SHA1
check_says 'one over SHA-1 is bad' 7 'not one of a known key' verify --cert "$T/cert"
formed --textmode
check_says 'one over text is bad' 7 'not one of a known key' verify --cert "$T/cert"
formed
check 'the usual one is good' verify --cert "$T/cert"
heads_sign --key "$KEY" --style absolute "$BOOT"
check 'a signature of the other style is good, and its style told' \
	says 'with absolute names' verify --cert "$T/cert"
check_fails 'Heads would want the one it knows' heads_verify --style relative "$BOOT"

# --- Heads has signed since ---------------------------------------------------------------------
GNUPGHOME=$ALICE
export GNUPGHOME
restore signed
echo update >"$BOOT/initrd.img-6.1"
cp -a "$BOOT/kexec_bootlatch.txt" "$T/full"
soft_key cv25519
heads_sign --key "$KEY" "$BOOT"
cmp -s "$BOOT/kexec_bootlatch.txt" "$T/full" || fail 'the script left our manifest alone'
resigned() { # STATUS FILTER
	re_rc=0
	verify --cert "$T/cert" --json >"$T/json" 2>"$T/words" || re_rc=$?
	if [ "$re_rc" = "$1" ] && jq -e "$2" "$T/json" >/dev/null; then return; fi
	echo "status $re_rc"
	cat "$T/json"
	return 1
}
check 'Heads having signed an update is told, and good' resigned 0 \
	'.verdict == "resigned" and .since == 1 and .findings == null'
chmod 600 "$BOOT/ucode.img"
check 'but a mode changed since is not passed over' resigned 7 \
	'.verdict == "resigned" and .findings == [{what: "mode", path: "./ucode.img", heads_sees: false}]'
echo evil >"$BOOT/vmlinuz-6.2"
check 'and a kernel changed since is bad' resigned 7 \
	'.verdict == "bad" and any(.findings[]; .what == "changed" and .path == "./vmlinuz-6.2")'

# --- places ---------------------------------------------------------------------------------------
GNUPGHOME=$ALICE
export GNUPGHOME
restore signed
mount -t tmpfs tmpfs "$BOOT/efi"
echo esp >"$BOOT/efi/file"
check_status 'what is mounted below is not Heads'"'"'s, nor ours' 0 verify
check 'the script says so too' heads_verify "$BOOT"
# Who may not look below says so; what was signed there is not found missing.
without_looking() { setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin "$O/bootlatch" verify --boot "$BOOT" --config "$CONF" "$@" </dev/null; }
check_says 'who may not look below it says so' 0 'below ./efi: not looked at' without_looking
check_fails 'who may does not' says 'not looked at' verify
umount "$BOOT/efi"
echo under >"$BOOT/efi/under"
check 'a file there is signed' card_signs
check_fails 'and nothing is said without a mount' says 'not looked at' without_looking
mount -t tmpfs tmpfs "$BOOT/efi"
check_status 'below a mount, it is verified' 0 verify
check_says 'and it is not called good by who cannot see it' 7 'What was signed below ./efi was not looked at' without_looking
without_looking --json >"$T/json" 2>/dev/null || true
check 'nor missing' jq -e '.verdict == "good" and .findings == null and .not_looked_below == [{path: "./efi"}]' "$T/json"
echo evil >"$BOOT/vmlinuz-6.2"
check_says 'what else is wrong is told' 7 './vmlinuz-6.2' without_looking
echo newer >"$BOOT/vmlinuz-6.2"
umount "$BOOT/efi"
rm "$BOOT/efi/under"
truncate -s 4097M "$BOOT/large"
check 'a file of more than 4 GiB is signed' card_signs
check_status 'and verified' 0 verify
flip "$BOOT/large" 4296015872
check_says 'its last byte changed' 7 './large' verify
finish
