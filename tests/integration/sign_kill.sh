#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# bootlatch sign killed, or failing, at every system call that changes something: what lies on /boot
# verifies as before or as after, or, in the window of docs/adr/0014, sign --resume makes it so without a
# PIN. Judged by the script, not by us. STEP=N: only every N-th call.
set -eu
. "$(dirname "$0")/lib.sh"
need 'signing survives an interruption' unshare ip pcscd opensc-tool gpg busybox jq strace taskset
lib_reexec_in_namespace "$0" "$@"
# shellcheck disable=SC2034 # for boot.sh
TESTS=$(cd "$(dirname "$0")/.." && pwd)
. "$(dirname "$0")/../sign/boot.sh"
. "$(dirname "$0")/volumes.sh"
. "$(dirname "$0")/killed.sh"
STEP=${STEP:-1}
volumes_start
state_apart
STATE=/var/lib/bootlatch
sign_start
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
if ! vcard_start alice --serial 00000A01 || ! gpg_home_new alice || ! gpg_card_generate cv25519; then
	fail 'gpg makes keys on the card'
	finish
fi
gpgconf --kill all

keep() {
	rm -rf "${T:?}/kept-$1"
	mkdir "$T/kept-$1"
	cp -a "$BOOT" "$T/kept-$1/boot"
	cp -a "$CONF" "$T/kept-$1/etc"
	cp -a "$STATE" "$T/kept-$1/var"
}
restore() {
	rm -rf "$BOOT" "$CONF" "${STATE:?}"/*
	cp -a "$T/kept-$1/boot" "$BOOT"
	cp -a "$T/kept-$1/etc" "$CONF"
	cp -a "$T/kept-$1/var/." "$STATE"
}
under() { # STRACE-OPTIONS...
	# shellcheck disable=SC2086 # words without blanks
	# On one processor, so that what opens folders is always the same thread.
	taskset -c 0 strace -f -y -o "$T/strace" -e trace=$CALLS "$@" "$O/bootlatch" sign --boot "$BOOT" --config "$CONF" \
		--wait 2 --yes --rollback none $WISH --pin-fd 3 3<"$T/pin" </dev/null
}
# Wherever it is, but for a pipe, a socket, a terminal, and what it says.
points_anywhere() {
	calls | grep -vE '^[a-z0-9]+ [0-9]+ ([a-z0-9]+\([0-9]+<(pipe|socket|anon_inode|/dev/|/proc/)|write\([12]<)' |
		cut -d ' ' -f 1,2
}

# As before or as after, by the judge of the scenario: BEFORE and AFTER are commands.
state_is() {
	if $AFTER >/dev/null 2>&1; then
		IS=after
	elif $BEFORE >/dev/null 2>&1; then
		IS=before
	else
		IS=between
	fi
}
nothing_stray() {
	stray=$(cd "$BOOT" && find . -name '.?*' -o -name '*.stage' -o -name '*.new')
	[ -z "$stray" ] || { echo "left behind: $stray"; return 1; }
}
# --resume asks for no PIN, and has no card; after it nothing is in between.
resumes() { # WAS
	"$O/bootlatch" sign --resume --yes --boot "$BOOT" --config "$CONF" </dev/null >"$T/resumed" 2>&1 ||
		{ echo "--resume: status $?"; cat "$T/resumed"; return 1; }
	state_is
	case $1:$IS in
	before:before | before:after | between:after | after:after) ;;
	*) echo "it was $1, and is $IS after --resume"; return 1 ;;
	esac
	nothing_stray
}
then_signs() {
	# shellcheck disable=SC2086
	bl_pin sign --yes --rollback none $WISH && $AFTER && nothing_stray
}
killed_at() { # NAME N
	restore "$FROM"
	ki_rc=0
	under -e "inject=$1:signal=KILL:when=$2" >"$T/said" 2>&1 || ki_rc=$?
	[ "$ki_rc" = 137 ] || { echo "status $ki_rc, not 137"; cat "$T/said"; return 1; }
	fired "$1" || { echo 'it was not killed there'; tail -n 2 "$T/strace"; return 1; }
	state_is
	echo "$IS $1 $2" >>"$T/states"
	resumes "$IS" || { ls -la "$BOOT"; return 1; }
	[ "$IS" = after ] || then_signs
}
failing_at() { # NAME N, with $ERRNO
	restore "$FROM"
	fa_rc=0
	under -e "inject=$1:error=$ERRNO:when=$2" >"$T/said" 2>&1 || fa_rc=$?
	grep -q INJECTED "$T/strace" || { echo 'nothing was injected'; return 1; }
	state_is
	case $fa_rc:$IS in
	0:after) return 0 ;;
	0:*) echo "status 0, but it is $IS"; return 1 ;;
	*:between) grep -q -e --resume "$T/said" || { echo 'no word of --resume'; cat "$T/said"; return 1; } ;;
	*) grep -q '^bootlatch sign: ' "$T/said" || { echo 'no words'; cat "$T/said"; return 1; } ;;
	esac
	resumes "$IS" || { cat "$T/said"; return 1; }
	[ "$IS" = after ] || then_signs
}
each() { # SENTENCE FUNCTION POINTS
	ea_n=0
	while read -r ea_name ea_when; do
		ea_n=$((ea_n + 1))
		[ $((ea_n % STEP)) = 0 ] || continue
		check "$1 $ea_name number $ea_when" "$2" "$ea_name" "$ea_when" <&-
	done <"$3"
}
scenario() { # NAME
	FROM=$1
	: >"$T/states"
	restore "$FROM"
	check "$FROM: as before it is as it should be" $BEFORE
	check "$FROM: traced, it signs" under
	check "$FROM: and that is what should come of it" $AFTER
	points_anywhere >"$T/points"
	echo "     $(wc -l <"$T/points") calls change something"
	[ "$(wc -l <"$T/points")" -gt 15 ] || fail "$FROM: these are too few"
	each "$FROM: killed at" killed_at "$T/points"
	echo "     before: $(grep -c ^before "$T/states"), in between: $(grep -c ^between "$T/states"), after: $(
		grep -c ^after "$T/states")"
	[ "$STEP" -gt 1 ] || check "$FROM: the window is what is moved, and no more" window_is_small
}
# From the first rename to the last.
window_is_small() {
	! grep ^between "$T/states" | grep -vE ' (rename|renameat|renameat2|unlink|unlinkat|fsync) '
}

# --- signed the first time ------------------------------------------------------------------------
unsigned() { ! ls "$BOOT"/kexec*.txt "$BOOT/kexec.sig" 2>/dev/null; }
signed_1() { heads_verify --style relative --default 1 "$BOOT"; }
small_boot "$BOOT"
keep first
WISH="--key $KEY --default 1" BEFORE=unsigned AFTER=signed_1
scenario first

# --- signed again: all files are other ones, one comes and one goes -------------------------------
signed_2() { heads_verify --style absolute --default 2 "$BOOT"; }
# shellcheck disable=SC2034 # for scenario
{
	restore first
	WISH="--key $KEY --default 1"
	# shellcheck disable=SC2086
	bl_pin sign --yes --rollback none $WISH >"$T/said" 2>&1 || fail 'signed for what follows' "$(cat "$T/said")"
	keep again
	WISH='--manifest absolute --default 2' BEFORE=signed_1 AFTER=signed_2
}
scenario again
grep -E '^(fsync|rename|mkdir|unlink|openat)' "$T/points" >"$T/io.points"
ERRNO=EIO
each 'again: input/output error at' failing_at "$T/io.points"
grep -E '^(write|mkdir|openat|rename)' "$T/points" >"$T/write.points"
ERRNO=ENOSPC
each 'again: no space at' failing_at "$T/write.points"

# --- file systems that are full or read-only --------------------------------------------------------
listing() { (cd "$BOOT" && find . | sort && find . -type f -exec sha256sum {} + | sort); }
refused() { # TEXT
	listing >"$T/listing"
	re_rc=0
	# shellcheck disable=SC2086
	bl_pin sign --yes --rollback none $WISH >"$T/said" 2>&1 || re_rc=$?
	cat "$T/said"
	if [ "$re_rc" = 0 ]; then
		RE_DONE=yes
		$AFTER && nothing_stray
		return
	fi
	[ "$re_rc" = 1 ] || { echo "status $re_rc, not 1"; return 1; }
	grep -q "$1" "$T/said" || { echo "no word of $1"; return 1; }
	listing >"$T/listing.now"
	diff "$T/listing" "$T/listing.now" && $BEFORE
}
on_small() { # FREE-PAGES: a tmpfs with the signed folder and so many pages free
	mount -t tmpfs -o size=400k tmpfs "$BOOT"
	cp -a "$T/kept-again/boot/." "$BOOT"
	dd if=/dev/zero of="$BOOT/kexec_fill" bs=4k count="$1" 2>/dev/null
	dd if=/dev/zero of="$BOOT/kexec_full" bs=4k 2>/dev/null || true
	rm "$BOOT/kexec_fill"
}
restore again
RE_DONE=no pages=0
while [ $RE_DONE = no ] && [ $pages -lt 40 ]; do
	on_small $pages
	check "with $pages pages free: as before, or signed" refused 'no room'
	umount "$BOOT"
	pages=$((pages + 1))
done
check_is 'with some pages more it signs' yes "$RE_DONE"
check 'and with none it did not' test "$pages" -gt 1
restore again
mount --bind "$BOOT" "$BOOT"
mount -o remount,ro,bind "$BOOT"
check 'read-only: it says so, and all is as before' refused 'read-only'
umount "$BOOT"

# --- the dongle pulled out ----------------------------------------------------------------------------
pulled_at() { # N: with the N-th command
	restore again
	vcard_stop alice
	vcard_start alice --fault "at=$1:pull"
	pu_rc=0
	# shellcheck disable=SC2086
	bl_pin sign --yes --rollback none $WISH >"$T/said" 2>&1 || pu_rc=$?
	cat "$T/said"
	state_is
	case $pu_rc:$IS in
	0:after) PULLED=no ;;
	0:* | *:after | *:between) echo "status $pu_rc, and it is $IS"; return 1 ;;
	esac
	nothing_stray
}
PULLED=yes n=1
while [ $PULLED = yes ] && [ $n -lt 60 ]; do
	check "the dongle is pulled out with its command $n: as before" pulled_at $n
	n=$((n + 1))
done
check_is 'until it is pulled out too late' no "$PULLED"
check 'and there were such commands' test "$n" -gt 5
finish
