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
. "$here/../integration/lib.sh"
lib_reexec_in_namespace "$here/demo.sh" "$@"
. "$here/show.sh"

PASS='correct horse battery staple'
mkdir "$T/bin" "$T/boot" "$T/etc"
for x in bootlatch bootlatch-unlock; do
	printf '#!/bin/sh\nexec "%s" "$@" --boot "%s" --config "%s"\n' \
		"$O/$x" "$T/boot" "$T/etc" >"$T/bin/$x"
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
no_secret_shown() { ! grep -Fq -e 123456 -e "$PASS" "$T/out"; }

cat <<END
${BOLD}bootlatch: a disk that opens with your dongle and its PIN${PLAIN}

The dongle here is virtual, and so is the disk. The card service, gpg and
cryptsetup are the real ones. Every line marked ok was checked just now.
END

# --- 1
step 'A dongle with a key of its own' <<'END'
An OpenPGP card as you would plug it into USB. Its private key is made on
the card and never leaves it. Its PIN is 123456 today.
END
pcscd_start || stop 'pcscd does not start with its virtual reader' "$T/pcscd.log"
vcard_start dongle --serial 00000A01 || stop 'the card is not seen' "$T/vcard/dongle/log"
gpg_home_new dongle
typed 'gpg --card-edit        (admin, key-attr, generate)'
gpg_card_generate cv25519 || stop 'gpg could not make keys' "$GNUPGHOME/edit.log"
gpg --batch -K >"$T/out" 2>/dev/null || true
grep -v -e '^/' -e '^-' -e '^$' "$T/out" >"$T/keys" || true
show "$T/keys"
subkey() { gpg --batch --with-colons -K | grep -q '^ssb:.*:cv25519:'; }
claim 'gpg made its three keys on the card' subkey
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
$ENROLL_SCRIPT
END
