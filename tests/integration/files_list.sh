# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What the hook makes of files.list: sourced, POSIX sh. /usr/local/sbin/modprobe is a stand-in's.
#
#	listed LIST ROOT VERSION [tpm2]    # a path in the image each; tpm2: of a machine with such a way in
#
# The lines that count are in $T/list then.
listed() {
	li_not=tpm2
	[ "${4:-}" != tpm2 ] || li_not=no-tpm2
	sed "/^$li_not /d; s/^\(no-\)\?tpm2 //" "$1" >"$T/list"
	while read -r li_kind li_what li_target; do
		case $li_kind in
		exec)
			echo "${li_target:-$li_what}"
			ldd "$2$li_what" | sed -n 's,.* => \(/[^ ]*\) .*,\1,p; s,^[[:blank:]]*\(/[^ ]*\) (.*,\1,p' ;;
		library) echo "/lib/somewhere/$li_what" ;;
		file) echo "${li_target:-$li_what}" ;;
		there) echo "$li_what" ;;
		module | load | try)
			/usr/local/sbin/modprobe -q -S "$3" --show-depends "$li_what" | sed -n 's/^insmod \([^ ]*\).*/\1/p' ;;
		esac
	done <"$T/list" | sort -u
}
