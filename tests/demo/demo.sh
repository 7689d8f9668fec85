#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The guided tour: a virtual dongle, a disk, and what bootlatch does with them. Leaves nothing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ "$(id -u)" != 0 ]; then
	echo 'The demo needs root: it starts a card reader service in namespaces of its own.' >&2
	exit 77
fi
for x in unshare ip pcscd opensc-tool gpg cryptsetup jq; do
	command -v "$x" >/dev/null || { echo "The demo needs $x: make deps" >&2; exit 77; }
done
for x in bootlatch bootlatch-unlock bootlatch-vcard ptytalk luks2_raw; do
	[ -x "${O:-build/release}/$x" ] || { echo "First: make all tools" >&2; exit 77; }
done
# shellcheck source=tests/integration/lib.sh
. "$here/../integration/lib.sh"
lib_reexec_in_namespace "$here/demo.sh" "$@"
# shellcheck source=tests/demo/show.sh
. "$here/show.sh"

PASS='correct horse battery staple'
mkdir "$T/bin" "$T/boot" "$T/etc"
for x in bootlatch bootlatch-unlock; do
	# shellcheck disable=SC2016 # for the inner shell
	printf '#!/bin/sh\n[ "$1" != card ] || exec "%s" "$@"\nexec "%s" "$@" --boot "%s" --config "%s"\n' \
		"$O/$x" "$O/$x" "$T/boot" "$T/etc" >"$T/bin/$x"
	chmod 755 "$T/bin/$x"
done
PATH=$T/bin:$PATH
export PATH
D=$T/disk.luks
printf '%s' "$PASS" >"$T/passphrase"
echo 123456 >"$T/pin"

commands_is() { [ "$(vcard_count dongle)" = "$1" ]; }
verifies_is() { [ "$(vcard_count dongle VERIFY)" = "$1" ]; }
tries_is() { [ "$(vcard_field dongle pin.pw1.tries)" = "$1" ]; }
stars() { grep -Fq '******' "$T/out"; }
opened_by_card() { done_ok && said 'openpgp-card FFFE:00000A01'; }
opened_by_pass() { done_ok && said 'keyslot 0, passphrase'; }
deciphers_is() { [ "$(vcard_count dongle DECIPHER)" = "$1" ]; }
nothing_asked() { ! grep -Eq '(PIN|[Pp]assphrase) for .*: ' "$T/out"; }
no_secret_shown() { ! grep -Fq -e 123456 -e "$PASS" "$T/out"; }

cat <<END
${BOLD}bootlatch: a disk that opens with your dongle and its PIN${PLAIN}

The dongle here is virtual, and so is the disk. The card service, gpg and
cryptsetup are the real ones. Every line marked ok was checked just now.
END

# --- 1
step 'A dongle with a key of its own' <<'END'
An OpenPGP card as you would plug it into USB. Its private keys are made on
it and never leave it. It is new: its Admin PIN is 12345678, its PIN 123456.
END
pcscd_start || stop 'pcscd does not start with its virtual reader' "$T/pcscd.log"
vcard_start dongle --serial 00000A01 || stop 'the card is not seen' "$T/vcard/dongle/log"
gpg_home_new dongle
talk 'bootlatch card generate --algorithm cv25519' <<'END'
expect Admin PIN for
send 12345678
settle
send \n
END
claim 'three keys were made on the card' done_ok
talk 'bootlatch card cert --user-id "You <you@example.org>" --output you.pgp' <<'END'
expect PIN for
send 123456
settle
send \n
END
claim 'the card signed a certificate of them' done_ok
run 'gpg -q --import you.pgp && gpg -q --card-status >/dev/null && gpg -K'
subkey() { gpg --batch --with-colons -K | grep -q '^ssb:.*:cv25519:'; }
claim 'gpg takes it, and knows that the keys are on the card' subkey
gpgconf --kill all

# --- 2
step 'A disk with a passphrase' <<'END'
An ordinary LUKS2 volume (a file stands in for the disk), made by
cryptsetup. What opens it so far is a passphrase only.
END
truncate -s 24M "$D"
typed 'cryptsetup luksFormat disk.luks'
cryptsetup luksFormat -q --type luks2 --pbkdf argon2id --pbkdf-memory 32768 \
	--pbkdf-force-iterations 4 --key-file "$T/passphrase" "$D" >"$T/out" 2>&1 ||
	stop 'cryptsetup failed' "$T/out"
opens_pass() { cryptsetup open --test-passphrase --key-file "$T/passphrase" "$D"; }
claim 'the passphrase opens it' opens_pass

# --- 3
step 'Enroll: give the dongle a way in' <<'END'
bootlatch makes a random passphrase, puts it in a keyslot of its own, and
encrypts it to the dongle. Your old passphrase keeps working.
END
talk 'bootlatch enroll disk.luks' <<END
expect PIN for
send 123456
settle
send \n
expect Passphrase for
send $PASS
settle
send \n
END
claim 'enrolled, and the new way in was gone through with the card' done_ok
claim 'what was typed showed as stars' stars
claim 'neither PIN nor passphrase was shown' no_secret_shown
run 'bootlatch list disk.luks'
claim 'the dongle is listed as ready' said 'FFFE:00000A01  ready'
claim 'the old passphrase still opens the disk' opens_pass

# --- 4
step 'Unlock with the PIN' <<'END'
As after switching on: the dongle is there, you type its PIN.
END
vcard_trace_clear dongle
talk 'bootlatch unlock disk.luks' <<'END'
expect PIN for
send 123456
settle
send \n
END
claim "The dongle opened it, in $(vcard_count dongle) commands to the card" opened_by_card
echo
echo '   At boot a smaller program does it and hands the key to cryptsetup:'
echo
run 'bootlatch-unlock --device disk.luks --pin-fd 3 3<pin |
      cryptsetup open --test-passphrase --key-file - disk.luks &&
      echo It opens.'
claim 'cryptsetup took the key from bootlatch-unlock' said 'It opens.'

# --- 5
step 'A wrong PIN' <<'END'
The card counts wrong tries, and bootlatch says how many are left.
END
vcard_trace_clear dongle
talk 'bootlatch unlock disk.luks' <<'END'
expect PIN for
send 111111
settle
send \n
expect 2 tries left
expect PIN for
send 123456
settle
send \n
END
claim 'it told of the wrong PIN, then opened with the right one' opened_by_card
claim 'each PIN went to the card once: two VERIFY in its trace' verifies_is 2
claim 'the right PIN gave all three tries back' tries_is 03

# --- 6
step 'The dongle is at home' <<'END'
One question waits for both: the dongle, or the passphrase of before.
END
vcard_pull dongle || stop 'the card would not leave the reader'
vcard_trace_clear dongle
talk 'bootlatch unlock disk.luks' <<END
expect Insert the dongle, or type the passphrase
send $PASS
settle
send \n
END
claim 'the passphrase opened it, with no dongle there' opened_by_pass
claim 'the passphrase was not shown' no_secret_shown

# --- 7
step 'The dongle is pulled out too early' <<'END'
It goes away in the middle of its decryption, and you put it back.
END
vcard_stop dongle || stop 'the card would not stop'
vcard_start dongle --fault DECIPHER@1:pull || stop 'the card is not seen' "$T/vcard/dongle/log"
vcard_trace_clear dongle
cat >"$T/put-back" <<END
i=0 # not before pcscd has noticed that it is gone
while [ \$i -lt 50 ] && opensc-tool -l | grep -q '^0 *Yes'; do
	i=\$((i + 1))
	sleep 0.1
done
sleep 0.5
kill -USR2 $(vcard_pid dongle)
END
talk 'bootlatch unlock disk.luks' <<'END'
expect PIN for
send 123456
settle
send \n
expect pulled out
settle
run sh "$T/put-back"
END
claim 'after it was put back the dongle opened the disk' opened_by_card
claim 'the card began to decrypt twice' deciphers_is 2
claim 'no try was lost' tries_is 03

# --- 8
step 'Somebody changed the header' <<'END'
The disk was left alone with a stranger, whose header says that it is not
encrypted: what you write next would be in the clear.
END
cp --sparse=always "$D" "$T/good.luks"
typed "jq '.segments[].encryption = \"cipher_null-ecb\"'  (into the header)"
"$O/luks2_raw" "$D" json | jq -c '.segments[].encryption = "cipher_null-ecb"' >"$T/json"
"$O/luks2_raw" "$D" put <"$T/json"
believes() { cryptsetup luksDump "$D" | grep -q 'cipher: cipher_null-ecb'; }
claim 'cryptsetup believes it' believes
vcard_trace_clear dongle
talk 'bootlatch unlock disk.luks' </dev/null
claim 'refused (exit status 7)' test "$RC" = 7
claim 'before anything was asked' nothing_asked
claim 'with 0 commands to the card' commands_is 0
mv "$T/good.luks" "$D"

# --- 9
step 'Without bootlatch' <<'END'
What lies on /boot is a plain OpenPGP message. If bootlatch were gone, gpg,
the dongle and cryptsetup would do.
END
BLOB=$(cd "$T" && find boot/bootlatch -name '*.pgp')
(cd "$T" && cp "$BLOB" way-in.pgp)
typed "cp $(dirname "$BLOB")/*.pgp way-in.pgp"
run 'gpg -q --decrypt way-in.pgp |
      cryptsetup open --test-passphrase --key-file - disk.luks &&
      echo It opens.'
claim 'gpg and cryptsetup opened it by themselves' said 'It opens.'

cat <<END

${BOLD}That was it: $STEP steps, every claim checked, nothing left behind.${PLAIN}

On your own disk, with your own dongle:

  \$ bootlatch setup       keys, PINs, every disk, the boot: step by step
  \$ bootlatch status      what is there
  \$ bootlatch doctor      will the next boot work?

Your passphrase stays. bootlatch revoke takes a lost dongle's ways in away.
END
