#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# bootlatch sign at a terminal and from a script: what it asks, what it refuses, what it tells, and
# /boot as before whenever it does not come to its end.
set -eu
. "$(dirname "$0")/lib.sh"
lib_reexec_in_namespace "$0" "$@"
need 'bootlatch sign' gpg opensc-tool strace jq
TESTS=$(cd "$(dirname "$0")/.." && pwd)
. "$(dirname "$0")/../sign/boot.sh"
. "$(dirname "$0")/volumes.sh"
volumes_start
state_apart
sign_start
pcscd_start || { fail 'pcscd starts with vpcd'; finish; }
vcard_start alice --serial 00000A01
gpg_home_new alice
gpg_card_generate cv25519 || { fail 'gpg makes keys on the card'; finish; }
gpg --batch --export >"$T/cert"
SIGNER=$(gpg --with-colons --list-keys | awk -F: '$1 == "pub" { s = 1 } $1 == "fpr" && s { print $10; exit }')
gpgconf --kill all

# The first in the background of the checks: no terminal, no answer.
by_pin() { bl_pin sign --yes "$@"; }
at_tty() { bl_talk sign --wait 5 "$@"; }
is_good() { heads_verify "$BOOT" && "$O/bootlatch" verify --boot "$BOOT" --config "$CONF" </dev/null; }
# Whatever is signed and signs, and that nothing else came or went.
state() { (cd "$BOOT" && find . | LC_ALL=C sort && sha256sum kexec*.txt kexec.sig) 2>&1 || true; }
keep_state() { state >"$T/state"; }
as_before() {
	state >"$T/state.now"
	diff "$T/state" "$T/state.now"
}
new_kernel() { head -c 32 /dev/urandom >"$BOOT/vmlinuz-6.2"; }
tries() { printf %d "0x$(vcard_field alice pin.pw1.tries)"; }
pins() { vcard_count alice 'VERIFY'; }

# --- the first time, at a terminal --------------------------------------------------------------
small_boot "$BOOT"
keep_state
first_time() {
	at_tty --default first <<-END
		expect signing key
		expect Nothing was signed on this machine before
		expect No signature is there yet
		expect Type "yes" to go on:
		send yes\n
		expect to sign $BOOT (3 tries left):
		send 123456\n
		expect Signed $BOOT
		end
	END
}
check 'it asks once, then for the PIN, and signs' first_time
check 'which Heads and bootlatch verify take' is_good
check 'the key is remembered, for everybody to read' test "$(stat -c %a "$CONF/signers" "$CONF/signers/$SIGNER.pgp" | tr '\n' ' ')" = '755 644 '
keep_state
check_says 'when nothing has changed it says so' 0 'nothing is to be done' by_pin
check 'and writes nothing' as_before

# --- what a script is told -----------------------------------------------------------------------
new_kernel
rm "$BOOT/dangling"
chmod 600 "$BOOT/initrd.img-6.2"
keep_state
check_says 'a dry run tells what would be written' 0 'kexec_hashes.txt' "$O/bootlatch" sign --boot "$BOOT" --config "$CONF" --dry-run
diff_json() {
	"$O/bootlatch" sign --boot "$BOOT" --config "$CONF" --diff --json >"$T/json" 2>"$T/err" &&
		jq -e "$1" "$T/json"
}
check 'the difference as JSON' diff_json '.changed == 3 and
	(.changes | map(.path + " " + .change) | sort) == ["dangling removed", "initrd.img-6.2 mode", "vmlinuz-6.2 changed"]'
check 'neither writes' as_before
ln -s "$(printf 'to\\xc3 \303\244')" "$BOOT/odd"
check 'names in JSON can be read back' diff_json '.changed == 4 and (.changes[] | select(.path == "odd") |
	.change == "added" and .target == "to\\x5cxc3 \\xc3\\xa4")'
rm "$BOOT/odd"
json_signs() {
	by_pin --json >"$T/json" 2>"$T/err" && jq -e ".key == \"$SIGNER\" and .style == \"relative\" and
		.serial == \"FFFE:00000A01\" and .default.number == 1 and .published and .rollback == \"none\" and .ok" "$T/json"
}
check 'signing as JSON' json_signs
check 'the new state is good' is_good

# --- refused before anything is asked or read -------------------------------------------------------
new_kernel
keep_state
before=$(pins)
check_says 'nobody to ask: --yes is wanted' 2 '--yes' sh -c "'$O/bootlatch' sign --boot '$BOOT' --config '$CONF' --pin-fd 3 3<'$T/cert' </dev/null"
check_says 'another key than the card has' 6 'that --key names' by_pin --key 0123456789ABCDEF0123456789ABCDEF01234567
check_says 'half a fingerprint' 2 '40 hexadecimal' by_pin --key 01234567
check_says 'a style that is none' 2 'relative or absolute' by_pin --manifest both
check_says 'an entry that is none' 2 'number of an entry' by_pin --default zero
check_says 'an order that is none' 2 'auto, file or sorted' by_pin --menu up
check_says 'a way with the counter that is none' 2 'bump, keep or none' by_pin --rollback up
check_says 'a folder that is not there' 1 'no folder' "$O/bootlatch" sign --boot "$T/none" --config "$CONF" --yes
check_says 'a counter that is not there' 10 'no rollback counter' by_pin --rollback bump
check_says 'no card' 5 'card' sh -c "'$O/bootlatch' sign --boot '$BOOT' --config '$CONF' --yes --wait 0 --reader nowhere </dev/null"
printf x >"$BOOT/grub/b\\ad"
check_says 'a name that Heads refuses is listed' 10 'grub/b\x5cad' by_pin
rm "$BOOT/grub/b\\ad"
exec 7<"$(echo /var/lib/bootlatch/signed/*-boot.lock)"
flock 7
check_says 'a second one at the same time' 10 'Another bootlatch sign' by_pin
exec 7<&-
not_root() { setpriv --reuid 65534 --clear-groups "$O/bootlatch" sign --boot "$BOOT" --config "$CONF" --yes </dev/null; }
chmod 755 "$T" "$O"
check_says 'not root' 1 'Run this as root' not_root
check 'nothing of it sent a PIN' test "$before" = "$(pins)"
check 'or wrote anything' as_before

# --- given up -----------------------------------------------------------------------------------
given_up() { # SENTENCE STATUS <SCRIPT
	check_status "$1" "$2" at_tty
	check "$1: all as before" as_before
}
given_up 'no for an answer' 9 <<-END
	expect to go on:
	send no\n
	end
END
given_up 'an interrupt at the question' 130 <<-END
	expect to go on:
	send \x03
	end
END
given_up 'the end of input at the question' 9 <<-END
	expect to go on:
	send \x04
	end
END
given_up 'an interrupt at the PIN' 130 <<-END
	expect to go on:
	send yes\n
	expect tries left):
	send \x03
	end
END
given_up 'the end of input at the PIN' 9 <<-END
	expect to go on:
	send yes\n
	expect tries left):
	send \x04
	end
END
given_up 'the card pulled at the PIN' 5 <<-END
	expect to go on:
	send yes\n
	expect tries left):
	run kill -USR1 $(vcard_pid alice)
	end
END
vcard_insert alice
given_up 'a file written while the PIN is asked for' 10 <<-END
	expect to go on:
	send yes\n
	expect tries left):
	run touch $BOOT/grub/grub.cfg
	send 123456\n
	expect changed while
	end
END
wrong_first() {
	at_tty <<-END
		expect to go on:
		send yes\n
		expect (3 tries left):
		send 111111\n
		expect Wrong PIN
		expect (2 tries left):
		send 123456\n
		expect Signed
		end
	END
}
check 'a wrong PIN is asked for again' wrong_first
check 'and all three tries are back' test "$(tries)" = 3
check 'signed' is_good

# --- the dongle goes while it signs -----------------------------------------------------------------
# Back sooner than pcscd looks it would not be noticed.
again() {
	vcard_stop alice
	sleep 1
	vcard_start alice --serial 00000A01 "$@"
}
again --fault sign:pull
new_kernel
keep_state
check_says 'unplugged while it signs' 5 'Nothing was changed' by_pin
check 'all as before' as_before
again

# --- no room, no writing ----------------------------------------------------------------------------
home=$BOOT
BOOT=$T/small
mkdir "$BOOT"
mount -t tmpfs -o size=1m,mode=755 tmpfs "$BOOT"
small_boot "$BOOT"
check 'a small /boot is signed' by_pin
new_kernel
keep_state
head -c 2m /dev/zero >"$BOOT/full" 2>/dev/null || true
state >"$T/state"
check_says 'no room is told before the PIN' 1 'no room' by_pin
check 'and changes nothing' as_before
rm "$BOOT/full"
mount -o remount,ro "$BOOT"
keep_state
check_says 'read-only is told before the PIN' 1 'read-only' by_pin
check 'nothing changed' as_before
mount -o remount,rw "$BOOT"

# Room that ends later: every call that takes any fails once, and each is seen to have failed.
fails_at() { # CALL NTH ERROR: by_pin under strace
	rc=0
	by_pin_under strace -f -o "$T/strace" -e "trace=$1" -e "inject=$1:error=$3:when=$2" >"$T/check.out" 2>&1 || rc=$?
	[ "$rc" = 1 ] && grep -q INJECTED "$T/strace"
}
by_pin_under() {
	"$@" "$O/bootlatch" sign --boot "$BOOT" --config "$CONF" --yes --wait 5 --pin-fd 3 3<<-END
		123456
	END
}
no_room_once() {
	nr_n=1
	while [ $nr_n -le "$2" ]; do
		check "$1 number $nr_n finds no room" fails_at "$1" $nr_n ENOSPC
		check 'all as before' as_before
		nr_n=$((nr_n + 1))
	done
}
rm "$BOOT"/kexec_bootlatch.txt # so that one name is new
keep_state
no_room_once mkdirat 1
no_room_once fsync 6
no_room_once renameat 2 # of the list, and of the new name
umount "$BOOT"
rmdir "$BOOT"
BOOT=$home

# --- cut short in the middle ---------------------------------------------------------------------------
new_kernel
by_pin_under strace -f -o "$T/strace" -e trace=renameat -e inject=renameat:signal=KILL:when=3 >/dev/null 2>&1 || true
check 'killed between two moves' grep -q 'killed by SIGKILL' "$T/strace"
check_fails 'neither the old nor the new is whole' heads_verify "$BOOT"
check_says 'signing says what to do' 10 'bootlatch sign --resume' by_pin
before=$(pins)
check_says 'which needs neither card nor PIN' 0 'verified what lies there now' \
	"$O/bootlatch" sign --boot "$BOOT" --config "$CONF" --resume --yes --reader nowhere
check 'it is the new state' is_good
check 'no PIN was sent' test "$before" = "$(pins)"
check_says 'there is nothing more to finish' 0 'nothing to finish' \
	"$O/bootlatch" sign --boot "$BOOT" --config "$CONF" --resume

# --- on /boot itself: what hooks noted is forgotten when it is finished -----------------------------------
BOOT=/boot
mount -t tmpfs -o mode=755 tmpfs /boot
small_boot /boot
check 'signed on /boot itself' by_pin --default first
new_kernel
"$O/bootlatch" pending record kernel linux-image-6.2 --config "$CONF" || true
check 'a hook has noted it' test -s /var/lib/bootlatch/pending
by_pin_under strace -f -o "$T/strace" -e trace=renameat -e inject=renameat:signal=KILL:when=3 >/dev/null 2>&1 || true
check_fails 'cut short, it is not whole' heads_verify /boot
check 'and what was noted stays' test -s /var/lib/bootlatch/pending
check_says 'finished' 0 'verified what lies there now' "$O/bootlatch" sign --boot /boot --config "$CONF" --resume --yes
check_fails 'what was noted is forgotten' test -e /var/lib/bootlatch/pending
check 'what was signed is kept' test -s /var/lib/bootlatch/signed/boot/kexec.sig
umount /boot
BOOT=$home

# --- how Heads counts its menu ----------------------------------------------------------------------------
default_is() { # JSON FILTER; options
	di=$1
	shift
	by_pin --json "$@" >"$T/json" 2>"$T/err" && jq -e ".default | $di" "$T/json" >/dev/null && is_ours
}
is_ours() { "$O/bootlatch" verify --boot "$BOOT" --config "$CONF" </dev/null; }
printf "menuentry 'A third' {\n\tlinux /vmlinuz-6.1 root=/dev/r\n}\n" >>"$BOOT/grub/grub.cfg"
check 'in a sorted menu the first one found is the second' default_is '.number == 2 and .menu == "sorted"' --menu sorted --default first
check 'so a Heads that sorts counts' heads_verify --sorted --default 2 "$BOOT"
check_fails 'and no other one' heads_verify "$BOOT"
printf "menuentry 'A fourth' {\n\tlinux /vmlinuz-6.1 root=/dev/r\n}\n" >>"$BOOT/grub/grub.cfg"
check 'that it sorts is remembered' default_is '.number == 3 and .menu == "sorted"'
check 'by what is signed' heads_verify --sorted --default 3 "$BOOT"
rm "$BOOT/kexec_bootlatch_sorted.txt"
by_gpg() { heads_sign --key "$SIGNER" --sig-only --pin-fd 3 "$BOOT" 3<"$T/pin" && gpgconf --kill all; }
check 'Heads signs' by_gpg
check 'its own order is fine to verify' is_ours
check_says 'that it seems to sort is said' 0 '--menu sorted' "$O/bootlatch" sign --boot "$BOOT" --config "$CONF" --dry-run
check 'as it is found again' default_is '.number == 1 and .menu == "file"' --menu file
check 'which others count' heads_verify --default 1 "$BOOT"

# --- loader/entries ------------------------------------------------------------------------------------------
mkdir -p "$BOOT/loader/entries"
printf 'set default_kernelopts="root=/dev/mapper/f ro "\nblscfg\n' >"$BOOT/grub/grub.cfg"
for v in 6.1 6.2; do
	# shellcheck disable=SC2016 # not the shell's variables
	printf 'title F (%s)\nlinux /vmlinuz-%s\ninitrd /initrd.img-%s $tuned_initrd\noptions $kernelopts quiet $tuned_params\n' \
		$v $v $v >"$BOOT/loader/entries/f-$v.conf"
done
printf 'title No options\nlinux /vmlinuz-6.1\ninitrd /initrd.img-6.1\n' >"$BOOT/loader/entries/f.conf"
for n in 1 2 3; do
	check "loader/entries: entry $n" default_is ".number == $n" --default $n
	check "loader/entries: entry $n is Heads' own" heads_verify --default $n "$BOOT"
done
check 'loader/entries: sorted' default_is '.menu == "sorted"' --menu sorted --default 1
check 'loader/entries: Heads has them so' heads_verify --sorted --default 1 "$BOOT"
echo 'kernelopts=root=/dev/mapper/g@h ro' >"$BOOT/grub/grubenv"
check 'loader/entries: words of grubenv' default_is '.line | contains("root=/dev/mapper/g_h ro")' --default 3
check 'loader/entries: Heads has them too' heads_verify --sorted --default 3 "$BOOT"

# --- a card that stumbles while it is put in ------------------------------------------------------------
stumbles() { # FAULT WAIT
	vcard_stop alice
	sleep 0.7
	vcard_start alice --fault "$1"
	new_kernel
	WAIT=$2 by_pin
}
check 'lost at its first command: waited for' stumbles SELECT@1:lose 20
check_status 'and not without a time for that' 1 stumbles SELECT@1:lose 0

# --- the terminal ---------------------------------------------------------------------------------------
wide() { ! grep -q '.\{81,\}' "$1"; }
new_kernel
at_tty --dry-run </dev/null >"$T/tty" 2>&1 || true
tr -d '\r' <"$T/tty" >"$T/tty.plain"
check 'nothing is wider than a terminal' wide "$T/tty.plain"
check_fails 'no bar when it is quick' grep -q '%' "$T/tty.plain"
finish
