#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# /init of who took the machine: the PCRs of the genuine start by hand, then what root knows.
export PATH=/usr/bin:/bin:/usr/sbin:/sbin
mkdir -p /dev /proc /sys
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sysfs /sys
say() { echo "@$(cat /root/nonce) $*" >/dev/ttyS0; }
for m in virtio_pci virtio_blk tpm_tis tpm_crb; do modprobe $m; done
for d in dev proc; do mount -o bind /$d /root/$d; done
mount -o bind /dev /tools/dev
n=0
until [ -e /dev/tpmrm0 ] && [ -e /dev/vdb ] || [ $n = 100 ]; do sleep 0.2 && n=$((n + 1)); done
# shellcheck disable=SC2046 # words
chroot /tools /usr/bin/tpm2_pcrextend -T device:/dev/tpmrm0 $(cat /digests) || say 'not extended'
for p in 7 8 9 13; do say "pcr $p $(cat /sys/class/tpm/tpm0/pcr-sha256/$p)"; done
say "unseal: $(chroot /root /bin/tpmtool - way /etc/bootlatch /dev/vdb "$(cat /root/pin)" 2>&1)"
say end
sleep 3600
