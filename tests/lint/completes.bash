# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What completions/bootlatch offers in bash, without a terminal. Says only what is wrong.
. completions/bootlatch
compopt() { :; } # works inside of a completion only
_bootlatch_luks() { echo /dev/vda5; }
_bootlatch_reader() { echo 'A reader 00 00'; }
bad=0
# offers WORDS WANT...: for the last of WORDS (commas between them)
offers() {
	IFS=, read -ra COMP_WORDS <<<"bootlatch,$1,x"
	unset 'COMP_WORDS[-1]'
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
	_bootlatch
	shift
	[[ "${COMPREPLY[*]}" == "$*" ]] && return
	echo "completion of ${COMP_WORDS[*]}: ${COMPREPLY[*]}, not $*"
	bad=1
}
offers 'unenr' unenroll
offers 'card,self' selftest
offers 'unenroll,' /dev/vda5
offers 'unenroll,--keyslot,2,' /dev/vda5
offers 'unenroll,/dev/vda5,'
offers 'unenroll,/dev/vda5,--forc' --force
offers 'list,--reader,' 'A\ reader\ 00\ 00'
offers 'list,--transport,' auto pcsc ccid
offers 'list,--transport,=,p' pcsc
offers 'sign,--rollback,=' bump keep none
offers 'enroll,--import,/et' /etc # the device
offers 'enroll,--import,=,/etc/os-rel' /etc/os-release
offers 'record,show,--boot,/et' /etc
offers 'nonsense,'
exit $bad
