# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# shellcheck disable=SC2034 # much of this is for the tests
# A small /boot for tests of signing, and who judges it. Sourced after lib.sh; TESTS: the folder tests/.
#
#	sign_start; small_boot DIR        # kernels, menu, links, oddities that stock Heads does not see
#	soft_key ALGORITHM                # a GNUPGHOME with gpg's key in it; sets KEY, exports $T/cert
#	heads_sign [OPTION]... DIR        # by a shell script, with that key
#	heads_verify [OPTION]... DIR      # by another; TOOLS=busybox: with its tools
COUNTER='13d55da: 0000000000000001'
TOOLS=gnu

# In a mount namespace: what is signed is kept there, and this machine's own is not a test's to write.
state_apart() {
	mkdir -p /var/lib/bootlatch
	mount -t tmpfs -o mode=700 tmpfs /var/lib/bootlatch
}
sign_start() {
	sh "$TESTS/sign/tools.sh" "$T/bin"
}
with_tools() {
	if [ "$TOOLS" = busybox ]; then PATH=$T/bin "$@"; else "$@"; fi
}
heads_sign() { with_tools sh "$TESTS/sign/heads_sign.sh" "$@"; }
heads_verify() { with_tools sh "$TESTS/sign/heads_verify.sh" "$@"; }

soft_key() { # ALGORITHM, as the files in tests/unit/vectors are called
	GNUPGHOME=$T/gpg-soft-$1
	export GNUPGHOME
	if [ ! -d "$GNUPGHOME" ]; then
		mkdir -m 700 "$GNUPGHOME"
		echo 'trust-model always' >"$GNUPGHOME/gpg.conf"
		gpg --batch -q --import "$TESTS/unit/vectors/$1.secret" || return 1
	fi
	KEY=$(gpg --batch --with-colons -K | awk -F: '
		$1 == "sec" || $1 == "ssb" { signs = $12 ~ /s/ }
		$1 == "fpr" && signs { print $10; exit }')
	gpg --batch --export >"$T/cert"
	[ -n "$KEY" ]
}

small_boot() {
	mkdir -p "$1/grub/fonts" "$1/efi" "$1/kexecdir" "$1/sub" "$1/with blank"
	echo kernel >"$1/vmlinuz-6.1"
	echo initrd >"$1/initrd.img-6.1"
	echo newer >"$1/vmlinuz-6.2"
	echo 'newer initrd' >"$1/initrd.img-6.2"
	echo xen >"$1/xen-4.17.gz"
	echo microcode >"$1/ucode.img"
	ln -s vmlinuz-6.2 "$1/vmlinuz"
	ln -s nowhere "$1/dangling"
	: >"$1/with blank/an empty file"
	: >"$1/-dash"
	echo unseen >"$1/kexecdir/x"
	echo 1 >"$1/kexec_hotp_counter"
	echo seen >"$1/sub/kexec_x"
	cat >"$1/grub/grub.cfg" <<-'END'
		set timeout=5
		menuentry 'Debian GNU/Linux' --class debian {
			search --no-floppy --fs-uuid --set=root 1234
			linux	/vmlinuz-6.2 root=/dev/mapper/r ro  quiet ${extra} --- splash
			initrd	/ucode.img /initrd.img-6.2
		}
		submenu 'Advanced options' {
			menuentry "Debian|6.1" {
				linux	(hd0,1)/vmlinuz-6.1 root=/dev/mapper/r ro single
				initrd	(hd0,1)/ucode.img,/initrd.img-6.1
			}
			menuentry 'gone' {
				linux	/vmlinuz-5.0 root=/dev/mapper/r
			}
			menuentry 'Xen' {
				multiboot2	/xen-4.17.gz placeholder dom0_mem=1G ${xen_rm_opts}
				module2	/vmlinuz-6.1 placeholder root=/dev/mapper/r ro
				module2	--nounzip   /initrd.img-6.1
			}
		}
	END
}
