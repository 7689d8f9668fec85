# SPDX-License-Identifier: GPL-2.0-or-later
# Makes udev rules or C rows from tokens.list, or refuses the whole list (status 1).
#
#   awk -v make=rules|initramfs|names -f generate.awk tokens.list
#
# rules: for the running system; whoever sits at the machine may use the device, as with
#   every reader that udev knows by its class.  Owner, group and mode stay as others set them.
# initramfs: nobody sits there yet; the devices are for root only, and no group is needed.
# names: what card/usb_names.c includes.

function refuse(why)
{
	printf "%s:%d: %s\n", FILENAME, FNR, why >"/dev/stderr"
	refused = 1
	exit 1
}

function emit(line)
{
	out[++lines] = line
}

function begin_rules()
{
	emit("# Made from udev/tokens.list by udev/generate.awk; do not edit.")
	emit("ACTION==\"remove\", GOTO=\"bootlatch_end\"")
	emit("SUBSYSTEM!=\"usb\", GOTO=\"bootlatch_end\"")
	emit("ENV{DEVTYPE}!=\"usb_device\", GOTO=\"bootlatch_end\"")
	emit("")
}

BEGIN {
	hex = "^[0-9a-f][0-9a-f][0-9a-f][0-9a-f]$"
	if (make == "rules")
		then = "ENV{ID_SMARTCARD_READER}=\"1\", TAG+=\"uaccess\""
	else if (make == "initramfs")
		then = "MODE=\"0600\""
	else if (make != "names") {
		print "make is rules, initramfs or names" >"/dev/stderr"
		refused = 1
		exit 2
	}
	if (then != "")
		begin_rules()
}

/^#/ { next }

{
	if (NF < 4)
		refuse("not VENDOR PRODUCT SOURCES NAME")
	if ($1 !~ hex || $2 !~ hex)
		refuse("ids are four lower-case hexadecimal digits")
	if ($3 !~ /^C?G?U?$/)
		refuse("sources are of C, G and U, in this order")
	name = substr($0, length($1 $2 $3) + 4)
	if ($0 != $1 " " $2 " " $3 " " name || name !~ /^[A-Za-z0-9]/ ||
	    name ~ /[^A-Za-z0-9 .\/()+-]/ || name ~ /  / || name ~ / $/ || length(name) > 40)
		refuse("a name is letters, digits and .+-/() between single blanks, 40 at most")
	if (rows++ && "x" $1 $2 <= "x" last)
		refuse("not sorted, or twice")
	last = $1 $2
	if (make == "names") {
		emit("{0x" $1 ", 0x" $2 ", \"" name "\"},")
	} else {
		emit("# " name)
		emit("ATTR{idVendor}==\"" $1 "\", ATTR{idProduct}==\"" $2 "\", " then)
	}
}

END {
	if (!refused && !rows) {
		print "an empty list" >"/dev/stderr"
		refused = 1
	}
	if (refused)
		exit 1
	if (make != "names") {
		emit("")
		emit("LABEL=\"bootlatch_end\"")
	}
	for (i = 1; i <= lines; i++)
		print out[i]
}
