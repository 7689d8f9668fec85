#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# /init of the guest that makes LVM's volumes on vda: root and swap, of so many MiB. Says where they
# begin; what belongs into them the host puts there.
export PATH=/sbin:/usr/sbin:/bin:/usr/bin
mkdir -p /dev /proc /sys /run /tmp
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs run /run
for m in virtio_pci virtio_blk dm_mod; do modprobe $m; done
mib() { sed "s/.*vm\.$1=\([0-9]*\).*/\1/" /proc/cmdline; }
make_volumes() {
	no_udev='activation { udev_sync=0 udev_rules=0 verify_udev_operations=0 }'
	lvm pvcreate --config "$no_udev" /dev/vda &&
		lvm vgcreate --config "$no_udev" vg /dev/vda &&
		lvm lvcreate --config "$no_udev" -y -Zn -Wn -L "$(mib root)M" -n root vg &&
		lvm lvcreate --config "$no_udev" -y -Zn -Wn -L "$(mib swap)M" -n swap_1 vg &&
		sync
}
extents() { lvm lvs --noheadings -o seg_pe_ranges "vg/$1"; }
i=0
while [ ! -b /dev/vda ] && [ $i -lt 300 ]; do
	i=$((i + 1))
	sleep 0.1
done
# shellcheck disable=SC2046 # blanks around them
make_volumes && echo "@volumes" $(lvm pvs --noheadings --nosuffix --units m -o pe_start,vg_extent_size) $(extents root) $(extents swap_1)
poweroff -f
