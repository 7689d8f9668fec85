#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Enrolling and removing, killed or failing at every system call that changes something.
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/volumes.sh"
. "$(dirname "$0")/killed.sh"
need 'enrolling survives an interruption' unshare ip pcscd opensc-tool gpg cryptsetup jq strace
lib_reexec_in_namespace "$0" "$@"
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
volumes_start
card_make alice cv25519 00000A01 || { fail 'gpg makes keys on the card'; finish; }
D=$T/disk.img

keep() { # NAME: disk and folders as they are now
	rm -rf "$T/kept-$1"
	mkdir "$T/kept-$1"
	cp --sparse=always "$D" "$T/kept-$1/disk"
	cp -a "$BOOT" "$T/kept-$1/boot"
	cp -a "$CONF" "$T/kept-$1/etc"
}
restore() {
	cp --sparse=always "$T/kept-$1/disk" "$D"
	rm -rf "$BOOT" "$CONF"
	cp -a "$T/kept-$1/boot" "$BOOT"
	cp -a "$T/kept-$1/etc" "$CONF"
}

# under STRACE-OPTIONS… -- VERB…: our program, its system calls to $T/strace
under() {
	u_options=
	while [ "$1" != -- ]; do
		u_options="$u_options $1"
		shift
	done
	shift
	# shellcheck disable=SC2086 # words without blanks
	strace -f -y -o "$T/strace" -e trace=$CALLS $u_options "$O/bootlatch" "$@" --boot "$BOOT" \
		--config "$CONF" --wait 2 3<"$T/pin" 4<"$T/pass" </dev/null
}

# points as lines NAME N WHERE: on the disk, or in the folders before or after the record was in place.
points_where() {
	calls | awk -v disk="<$D>" -v boot="<$BOOT" -v etc="<$CONF" '
		BEGIN { where = "before" }
		{
			if (index($0, disk)) print $1, $2, "disk"
			else if (index($0, boot) || index($0, etc)) print $1, $2, where
			if ($1 ~ /^rename/ && index($0, etc) && $0 ~ /json"\)/) where = "after"
		}'
}

ours_only() { # the keyslots in use are the person's and at most one more
	case $(slots "$D") in 0 | '0 2') ;; *) echo "keyslots: $(slots "$D")"; return 1 ;; esac
}

# list names every keyslot that is in use: complete, or interrupted, or not of ours.
list_is_clear() {
	bl list "$D" --json >"$T/list" || { echo "list: status $?"; return 1; }
	jq -e '
		([.enrolled[] | select(.complete)] | length) <= 1 and
		([.keyslots[].keyslot] - [.enrolled[] | select(.complete) | .keyslot]
			- [.interrupted_keyslot]) == [0] and
		(.refused == null)' "$T/list" >/dev/null || { cat "$T/list"; return 1; }
}

one_enrolment() { # complete, and nothing beside it
	bl list "$D" --json >"$T/list"
	jq -e '(.enrolled | length) == 1 and .enrolled[0].complete and .enrolled[0].has_blob_file
		and .interrupted_keyslot == null' "$T/list" >/dev/null || { cat "$T/list"; return 1; }
	[ "$(slots "$D")" = '0 2' ] || { echo "keyslots: $(slots "$D")"; return 1; }
	[ "$TYPE" = luks1 ] || [ "$(tokens "$D")" = 1 ] || { echo "tokens: $(tokens "$D")"; return 1; }
	nothing_stray
}
nothing_stray() {
	stray=$(find "$BOOT" "$CONF" -name '.?*' -o -name '*.enrolling')
	[ -z "$stray" ] || { echo "left behind: $stray"; return 1; }
}

enroll_killed() { # NAME N
	restore clean
	ek_rc=0
	under -e "inject=$1:signal=KILL:when=$2" -- enroll "$D" --pin-fd 3 --passphrase-fd 4 || ek_rc=$?
	[ "$ek_rc" = 137 ] || { echo "status $ek_rc, not 137"; return 1; }
	fired "$1" || { echo 'it was not killed there'; tail -n 2 "$T/strace"; return 1; }
	opens "$D" || { echo 'the old passphrase does not open it'; return 1; }
	ours_only && list_is_clear || return 1
	bl_both enroll "$D" || { echo "the second enrolment: status $?"; return 1; }
	one_enrolment && bl_pin test "$D" && opens "$D"
}

unenroll_killed() { # NAME N
	restore enrolled
	uk_rc=0
	under -e "inject=$1:signal=KILL:when=$2" -- unenroll "$D" --keyslot 2 || uk_rc=$?
	[ "$uk_rc" = 137 ] || { echo "status $uk_rc, not 137"; return 1; }
	fired "$1" || { echo 'it was not killed there'; tail -n 2 "$T/strace"; return 1; }
	opens "$D" || { echo 'the old passphrase does not open it'; return 1; }
	bl list "$D" || { echo "list: status $?"; return 1; }
	uk_rc=0
	bl unenroll "$D" --keyslot 2 || uk_rc=$?
	case $uk_rc in 0 | 8) ;; *) echo "again: status $uk_rc"; return 1 ;; esac
	[ "$(slots "$D")" = 0 ] || { echo "keyslots: $(slots "$D")"; return 1; }
	[ "$TYPE" = luks1 ] || [ "$(tokens "$D")" = 0 ] || { echo "tokens: $(tokens "$D")"; return 1; }
	in_json_is "$D" '.enrolled == []' || { in_json "$D" .; return 1; }
	[ -z "$(find "$BOOT" -type f)" ] || { find "$BOOT" -type f; return 1; }
	nothing_stray && opens "$D"
}

# each SENTENCE FUNCTION POINTS STEP: every STEP-th point; one case each
each() {
	e_n=0
	while read -r e_name e_when e_where; do
		e_n=$((e_n + 1))
		[ $((e_n % $4)) = 0 ] || continue
		check "$1 $e_name number $e_when" "$2" "$e_name" "$e_when" "$e_where" <&-
	done <"$3"
}

# What a failed enrolment must leave as it was.
state() {
	{
		slots "$D"
		[ "$TYPE" = luks1 ] || cryptsetup luksDump --dump-json-metadata "$D" |
			jq -S -c '[.keyslots, .tokens, .segments, .digests]'
		find "$BOOT" "$CONF" -type f -exec sha256sum {} +
	} 2>&1
}

error_at() { # NAME N WHERE
	restore clean
	before=$(state)
	ef_rc=0
	under -e "inject=$1:error=$ERRNO:when=$2" -- enroll "$D" --pin-fd 3 --passphrase-fd 4 >"$T/said" 2>&1 ||
		ef_rc=$?
	cat "$T/said"
	grep -q INJECTED "$T/strace" || { echo 'nothing was injected'; return 1; }
	# libcryptsetup does not look at what fsync says, and only one call was made to fail: ours,
	# which comes after it, went well. What comes after the record is only tidied up: the
	# enrolment stands, and the next one ends it.
	if [ "$ef_rc" = 0 ] && case "$1 $3" in 'fsync disk' | *' after') true ;; *) false ;; esac; then
		bl_pin test "$D" && bl_both enroll "$D" && one_enrolment
		return
	fi
	[ "$ef_rc" = 1 ] || { echo "status $ef_rc, not 1"; return 1; }
	grep -q '^bootlatch enroll: ' "$T/said" || { echo 'no words'; return 1; }
	[ "$(state)" = "$before" ] || { echo "before:"; echo "$before"; echo "after:"; state; return 1; }
	opens "$D"
}

for TYPE in luks2 luks1; do
	[ $TYPE = luks2 ] && step=1 || step=4
	volume disk $TYPE
	rm -rf "$BOOT" "$CONF"
	mkdir "$BOOT" "$CONF"
	keep clean
	check "$TYPE: enrolling, traced" under -- enroll "$D" --pin-fd 3 --passphrase-fd 4
	keep enrolled
	points_where >"$T/enroll.points"
	echo "     $(wc -l <"$T/enroll.points") calls change something; each $step. is tried"
	each "$TYPE: enroll killed at" enroll_killed "$T/enroll.points" "$step"
	restore enrolled
	check "$TYPE: removing, traced" under -- unenroll "$D" --keyslot 2
	points_where >"$T/unenroll.points"
	each "$TYPE: unenroll killed at" unenroll_killed "$T/unenroll.points" "$step"
	grep -E '^(fsync|rename|mkdir)' "$T/enroll.points" >"$T/io.points"
	ERRNO=EIO
	each "$TYPE: input/output error at" error_at "$T/io.points" "$step"
	grep '^write' "$T/enroll.points" >"$T/write.points"
	ERRNO=ENOSPC
	each "$TYPE: no space at" error_at "$T/write.points" $((4 * step))
done

# --- File systems that are full or read-only ------------------------------------------------

TYPE=luks2
volume disk luks2
rm -rf "$BOOT" "$CONF"
mkdir "$BOOT" "$CONF"
refused() { # TEXT
	before=$(state)
	r_rc=0
	bl_both enroll "$D" >"$T/said" 2>&1 || r_rc=$?
	cat "$T/said"
	[ "$r_rc" = 1 ] || { echo "status $r_rc, not 1"; return 1; }
	grep -q "$1" "$T/said" || return 1
	[ "$(state)" = "$before" ] || { echo "before:"; echo "$before"; echo "after:"; state; return 1; }
	opens "$D"
}
for folder in "$BOOT" "$CONF"; do
	what=${folder##*/}
	mount -t tmpfs -o size=16k tmpfs "$folder"
	dd if=/dev/zero of="$folder/full" bs=4k 2>/dev/null || true
	check "a full $what: it fails with words, and all is as before" refused 'no space'
	umount "$folder"
	mount --bind "$folder" "$folder"
	mount -o remount,ro,bind "$folder"
	check "a read-only $what: it fails with words, and all is as before" refused 'read-only'
	umount "$folder"
done
check 'with both as they should be it works' bl_both enroll "$D"
finish
