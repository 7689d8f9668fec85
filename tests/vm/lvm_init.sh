#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# /init of the guest that makes LVM's volumes: vda the disk, vdb the root, vdc the swap.
export PATH=/sbin:/usr/sbin:/bin:/usr/bin
mkdir -p /dev /proc /sys /run /tmp
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs run /run
for m in virtio_pci virtio_blk dm_mod; do modprobe $m; done
make_volumes() {
	no_udev='activation { udev_sync=0 udev_rules=0 verify_udev_operations=0 }'
	lvm pvcreate --config "$no_udev" /dev/vda &&
		lvm vgcreate --config "$no_udev" vg /dev/vda &&
		lvm lvcreate --config "$no_udev" -y -Zn -Wn -L "$(cat /sys/block/vdb/size)s" -n root vg &&
		lvm lvcreate --config "$no_udev" -y -Zn -Wn -L "$(cat /sys/block/vdc/size)s" -n swap_1 vg &&
		lvm vgmknodes --config "$no_udev" vg &&
		dd if=/dev/vdb of=/dev/mapper/vg-root bs=1M &&
		dd if=/dev/vdc of=/dev/mapper/vg-swap_1 bs=1M count=1 &&
		sync
}
i=0
while [ ! -b /dev/vdc ] && [ $i -lt 300 ]; do
	i=$((i + 1))
	sleep 0.1
done
make_volumes && echo '@volumes made'
poweroff -f
