#!/bin/bash
# PID 1 of the lab guest.  Arguments come as environment variables from the kernel
# command line: LAB_OUT = host directory shared read-write (status, files out),
# LAB_DIR = where this file lies, LAB_TOP = the checkout.
# Everything else of the host tree is only ever a read-only lower layer.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
stty -F /dev/console -opost 2>/dev/null
die() { echo "LAB-INIT: $*"; echo o > /proc/sysrq-trigger; sleep 9; }
mount -t proc proc /proc || die proc
# stage 1: a place for the overlay; /mnt exists on the host and is never written to
mount -t tmpfs -o mode=755 tmpfs /mnt || die tmpfs
mkdir -p /mnt/up /mnt/work /mnt/new /mnt/mods
mount -t hostfs -o /usr/lib/uml/modules none /mnt/mods || die mods
M=/mnt/mods/$(uname -r)/kernel
insmod $M/fs/overlayfs/overlay.ko || die overlay
mount -t overlay -o lowerdir=/,upperdir=/mnt/up,workdir=/mnt/work overlay /mnt/new || die overlay-mount
cd /mnt/new
mkdir -p out lib/modules
mount -t hostfs -o /usr/lib/uml/modules none lib/modules
mount -t hostfs -o "$LAB_OUT" none out || die out
mount -t proc proc proc; mount -t sysfs sys sys; mount -t devtmpfs dev dev
mkdir -p dev/pts dev/shm
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts dev/pts
[ -e dev/ptmx ] || ln -sf pts/ptmx dev/ptmx
mkdir -p mnt-top; mount -n --bind ".$LAB_TOP" mnt-top  # a checkout below one of these stays where it is
for d in run tmp var/log var/run var/tmp dev/shm; do
  [ -L $d ] || { mkdir -p $d; mount -t tmpfs -o mode=1777 tmpfs $d; }
done
mkdir -p ".$LAB_TOP"; mount -n --move mnt-top ".$LAB_TOP"
mkdir -p run/lock; chmod 755 run
mount -t cgroup2 none sys/fs/cgroup 2>/dev/null
pivot_root . mnt || die pivot_root   # not just chroot: setns(mount) goes to the namespace's root
umount -l /mnt
exec chroot . /bin/bash "$LAB_DIR/init2.sh" </dev/console >/dev/console 2>&1
