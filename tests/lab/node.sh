#!/bin/bash
# PID 1 of a director node ($1): private name, /run, /tmp, /var/log and state directories.
# Few execs on purpose: each costs 25-60 ms in the guest.
n=$1; K=/run/lab/$n
exec </dev/null
echo $n > /proc/sys/kernel/hostname
rm -rf $K/run   # as after a reboot: no stale pid files
mkdir -p $K/{run/lab,run/lock,run/netns,mon,log} /var/lib/mon
cat > $K/fstab <<E
/run/lab $K/run/lab none rbind 0 0
$K/run /run none rbind 0 0
$K/log /var/log none bind 0 0
$K/mon /var/lib/mon none bind 0 0
E
mount -a -T $K/fstab
echo > /run/lab/$n/ready
trap : TERM INT
while :; do sleep 100000 & wait $!; done
