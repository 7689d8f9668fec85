#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# udev/tokens.list: strict, sorted, true to its sources; and what is made of it does what it
# says, as udev itself sees it.
# shellcheck disable=SC2317,SC2329  # functions called through check
set -u
. "$(dirname "$0")/lib.sh"
need 'the udev rules' unshare awk udevadm make
lib_reexec_in_namespace "$0" "$@"
LC_ALL=C
export LC_ALL
LIST=udev/tokens.list
PLIST=${PLIST:-/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist}
SCDAEMON=/usr/lib/udev/rules.d/60-scdaemon.rules
USB_IDS=/usr/share/misc/usb.ids

generate() { awk -v make="$1" -f udev/generate.awk "$2"; }
pairs() { sed '/^#/d' "$LIST" | cut -d' ' -f1,2; }         # of the list
pairs_of() { awk -v s="$1" '!/^#/ && index($3, s) { print $1, $2 }' "$LIST"; }
is_empty() { [ -z "$1" ] || { echo "$1"; return 1; }; }
# All pairs of A are in B; both are sorted files.
within() { is_empty "$(comm -23 "$1" "$2")"; }

# --- the list ---------------------------------------------------------------
pairs >"$T/pairs"
check 'the list is not empty' test -s "$T/pairs"
check 'the list is sorted and names each pair once' sort -cu "$T/pairs"
while IFS='|' read -r what line; do
	# shellcheck disable=SC2059 # its escapes are meant
	printf "1050 0407 CGU YubiKey\n$line\n" >"$T/bad"
	rc=0
	out=$(generate rules "$T/bad" 2>"$T/err") || rc=$?
	check_is "$what is refused, with its line, and nothing is made" \
		"1 $T/bad:2 " "$rc $(cut -d: -f1,2 "$T/err") $out"
done <<'BAD'
an upper-case id|20A0 42b2 C Nitrokey 3
a short id|20a0 42b C Nitrokey 3
a long id|20a0 42b20 C Nitrokey 3
an id with 0x|20a0 0x42 C Nitrokey 3
a line without a name|20a0 42b2 CGU
a line without sources|20a0 42b2 Nitrokey 3
unknown sources|20a0 42b2 CX Nitrokey 3
sources in another order|20a0 42b2 UC Nitrokey 3
a quote in the name|20a0 42b2 C Nitrokey" 3
a backslash in the name|20a0 42b2 C Nitrokey\\\\n3
a percent sign in the name|20a0 42b2 C Nitrokey %%n
a name that is not ASCII|20a0 42b2 C Nitrok\303\251y
a carriage return|20a0 42b2 C Nitrokey\r
a tab|20a0\t42b2 C Nitrokey
two blanks|20a0 42b2  C Nitrokey
two blanks in the name|20a0 42b2 C Nitrokey  3
a blank at the end|20a0 42b2 C Nitrokey 
a blank at the start| 20a0 42b2 C Nitrokey
an endless name|20a0 42b2 C Nitrokey aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
a pair for the second time|1050 0407 CGU YubiKey
a pair out of order|1050 0406 CGU YubiKey
an empty line|
BAD
printf '# nothing\n' >"$T/bad"
check_status 'an empty list is refused' 1 generate rules "$T/bad"

# --- its sources ------------------------------------------------------------
pairs_of C >"$T/c"
pairs_of G >"$T/g"
pairs_of U >"$T/u"
plist_ids() { # KEY: the array's values
	sed -n "/<key>$1</,/<\/array>/s/.*<string>0x\(....\)<.*/\1/p" "$PLIST" | tr A-F a-f
}
if [ -r "$PLIST" ]; then
	plist_ids ifdVendorID >"$T/v"
	plist_ids ifdProductID >"$T/p"
	check_is 'libccid has as many vendors as products' "$(wc -l <"$T/v")" "$(wc -l <"$T/p")"
	paste -d' ' "$T/v" "$T/p" | sort -u >"$T/plist"
	check 'libccid lists what is marked C' within "$T/c" "$T/plist"
	check 'libccid drives the class, for what is not' grep -q CCIDCLASSDRIVER "$PLIST"
else
	fail 'libccid is there' "$PLIST"
fi
if [ -r "$SCDAEMON" ]; then
	sed -n 's/.*idVendor}=="\(....\)".*idProduct}=="\(....\)".*/\1 \2/p' "$SCDAEMON" |
		sort -u >"$T/scdaemon"
	check 'scdaemon lists what is marked G' within "$T/g" "$T/scdaemon"
	check 'and nothing that we leave out' within "$T/scdaemon" "$T/pairs"
else
	skip 'what is marked G' 'scdaemon is not installed'
fi
if [ -r "$USB_IDS" ]; then
	awk '/^# List of known device classes/ { exit }
		/^[0-9a-f][0-9a-f][0-9a-f][0-9a-f] / { v = $1 }
		/^\t[0-9a-f]/ { print v, $1 }' "$USB_IDS" | sort -u >"$T/usb.ids"
	check 'usb.ids lists what is marked U' within "$T/u" "$T/usb.ids"
else
	skip 'what is marked U' 'usb.ids is not installed'
fi
check 'every pair has a source' is_empty "$(sort -u "$T/c" "$T/g" "$T/u" | comm -13 - "$T/pairs")"

# --- what is made of it -----------------------------------------------------
generate names "$LIST" >"$T/names"
check 'the names in card/usb_names.inc are those of the list (make names)' \
	cmp "$T/names" card/usb_names.inc
make_() { make --no-print-directory O="$O" DESTDIR="$T/root" PREFIX=/usr "$@"; }
RULES=$T/root/usr/lib/udev/rules.d/70-bootlatch.rules
EARLY=$T/root/usr/lib/bootlatch/70-bootlatch-initramfs.rules
check 'the rules are installed' make_ install-udev
generate rules "$LIST" >"$T/rules"
generate initramfs "$LIST" >"$T/early"
check 'and are those of the list' cmp "$T/rules" "$RULES"
check 'the initramfs has its own' cmp "$T/early" "$EARLY"
# Each line is of a known form, whatever a udev may say of it.
KEYS='^(#.*|ACTION=="remove", GOTO="bootlatch_end"|SUBSYSTEM!="usb", GOTO="bootlatch_end"'
KEYS=$KEYS'|ENV\{DEVTYPE\}!="usb_device", GOTO="bootlatch_end"|LABEL="bootlatch_end"|'
KEYS=$KEYS'|ATTR\{idVendor\}=="[0-9a-f]{4}", ATTR\{idProduct\}=="[0-9a-f]{4}", '
KEYS=$KEYS'(ENV\{ID_SMARTCARD_READER\}="1", TAG\+="uaccess"|MODE="0600"))$'
unknown_lines() { is_empty "$(grep -vE "$KEYS" "$1")"; }
for f in "$RULES" "$EARLY"; do
	name=${f##*/}
	check "$name: no program, no group, nothing but rights" unknown_lines "$f"
	sed -n 's/^ATTR{idVendor}=="\(....\)", ATTR{idProduct}=="\(....\)", .*/\1 \2/p' "$f" >"$T/made"
	check "$name: a rule for each pair, in order" cmp "$T/pairs" "$T/made"
done

# --- as udev sees it --------------------------------------------------------
# devices RULES ACTION DEVTYPE PAIRS [WITHOUT]...
devices() {
	de_rules=$1 de_action=$2 de_type=$3 de_pairs=$4
	shift 4
	tests/udev/devices.sh "$de_rules" "$de_action" "$de_type" "$T/udev.log" "$@" <"$de_pairs"
}
# udev accepts a file: by its own verb (since 254), else by reading it without complaint.
accepts() {
	cp "$1" "$T/70-bootlatch.rules"
	if udevadm verify --help >/dev/null 2>&1; then
		udevadm verify --resolve-names=never "$T/70-bootlatch.rules"
		return
	fi
	devices "$1" add usb_device "$T/one" || return
	grep -q 'rules file: /run/udev/rules.d/70-bootlatch.rules' "$T/udev.log" &&
		is_empty "$(grep '^/run/udev/rules.d/70-bootlatch.rules' "$T/udev.log")"
}
echo '20a0 42b2' >"$T/one"
rc=0
devices "$RULES" add usb_device "$T/one" >"$T/out" 2>&1 || rc=$?
if [ $rc = 77 ]; then
	skip 'what udev makes of the rules' 'no mounts or devices of our own here'
	finish
fi
check 'udev accepts the rules' accepts "$RULES"
check 'udev accepts those of the initramfs' accepts "$EARLY"
sed 's/ATTR{idVendor}=="316d"/ATR{idVendor}=="316d"/' "$RULES" >"$T/broken"
check_fails 'udev does not accept a key that is none' accepts "$T/broken"
sed 's/GOTO="bootlatch_end"/GOTO="elsewhere"/' "$RULES" >"$T/broken"
check_fails 'udev does not accept a label that is none' accepts "$T/broken"

# result SENTENCE RULES ACTION DEVTYPE PAIRS WANT [WITHOUT]...: the same for every pair
result() {
	re_said=$1 re_pairs=$5 re_want=$6 rc=0
	re_rules=$2 re_action=$3 re_type=$4
	shift 6
	devices "$re_rules" "$re_action" "$re_type" "$re_pairs" "$@" >"$T/out" 2>&1 || rc=$?
	sed "s/\$/ $re_want/" "$re_pairs" >"$T/want"
	check_is "$re_said" '0 ' "$rc $(diff "$T/want" "$T/out")"
}
# A keyboard; a token's vendor with another's product; a boot loader.
printf '%s\n' '046d c31c' '20a0 0407' '03eb 2ff1' >"$T/others"
none='reader=0 uaccess=0 mode=640'
result 'every token is for whoever sits at the machine' "$RULES" add usb_device "$T/pairs" \
	'reader=1 uaccess=1 mode=664' 60-scdaemon.rules
result "and with scdaemon's rules too" "$RULES" add usb_device "$T/g" \
	'reader=1 uaccess=1 mode=664'
result 'and stays so when a driver is bound' "$RULES" bind usb_device "$T/one" \
	'reader=1 uaccess=1 mode=640'
result 'other devices are left alone' "$RULES" add usb_device "$T/others" \
	'reader=0 uaccess=0 mode=664'
result 'a token that is pulled is left alone' "$RULES" remove usb_device "$T/one" "$none"
result 'an interface is left alone' "$RULES" add usb_interface "$T/one" "$none"
result "in the initramfs every token is root's alone" "$EARLY" add usb_device "$T/pairs" \
	'reader=0 uaccess=0 mode=600' 60-scdaemon.rules
result 'and other devices are left alone' "$EARLY" add usb_device "$T/others" \
	'reader=0 uaccess=0 mode=664'
check 'the rules are removed again' make_ uninstall
check_is 'and nothing of them stays' '' "$(find "$T/root" -type f)"
finish
