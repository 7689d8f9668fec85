#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# update-initramfs in the guest of package.sh: hands what an image of ours is made of to the host, on the second disk,
# and puts the image that comes back into /boot. What root lies on is seen in here alone.
set -eu
OF='tmp/roots etc/crypttab etc/bootlatch boot/bootlatch usr/lib/bootlatch usr/lib/cryptsetup/scripts usr/share/initramfs-tools usr/sbin/bootlatch'
case "$*" in -u | '-u -k all') ;; *) exit 9 ;; esac
cd /
rm -f tmp/roots
[ ! -x usr/lib/bootlatch/bootlatch-unlock ] || usr/lib/bootlatch/bootlatch-unlock --below "$(findmnt -nvo SOURCE /)" >tmp/roots
for p in $OF; do [ ! -e "$p" ] || echo "$p"; done >/tmp/image.list
tar -cf /tmp/image.tar -T /tmp/image.list
size=$(stat -c %s /tmp/image.tar)
dd if=/tmp/image.tar of=/dev/vdb bs=1M conv=fsync status=none
from_host() { dd if=/dev/vdb bs=1M skip="$1" iflag=direct status=none 2>/dev/null; } # head has enough before it ends
header() { dd if=/dev/vdb bs=512 skip=32768 count=1 iflag=direct status=none; }
before=$(header | tr -d '\000')
echo "@$(cat /nonce) image of $size bytes" >/dev/ttyS0
while [ "$(header | tr -d '\000')" = "$before" ]; do sleep 1; done
from_host 17 | head -c "$(header | sed 's/ *$//; s/ bytes$//; s/.* //')" >"/boot/initrd.img-$(uname -r).new"
mv "/boot/initrd.img-$(uname -r).new" "/boot/initrd.img-$(uname -r)"
