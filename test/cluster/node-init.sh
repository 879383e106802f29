#!/bin/sh
# First process of a node, in network, pid, mount and uts namespaces of its own: gives the node its own disk, its own /run and its own /proc,
# then becomes "pause", which waits for orphans. When it is killed, the kernel ends all that runs on the node and drops its mounts.
#   node-init.sh DIRECTORY NAME PAUSE
set -e
directory=$1 name=$2 pause=$3

hostname "$name"
mount -t proc proc /proc
# A real node's /var: kubelet, containerd, CNI, logs and KDR's state at their usual paths.
mkdir -p "$directory/var/lib/kubelet" "$directory/var/lib/containerd" "$directory/var/lib/kdr" "$directory/var/log" "$directory/var/tmp"
ln -sfn /run "$directory/var/run"
mount --bind "$directory/var" /var
# A real node's /run. It also hides the host's /run/netns: a copy of a pod's mount there would keep its sandbox from being removed.
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lock /run/containerd /run/netns

# The kubelet demands certain values of the kernel's settings and would set them for the whole machine. Here it finds what it wants.
mkdir -p "$directory/sysctl"
settle() {
  printf '%s\n' "$2" >"$directory/sysctl/${1##*/}"
  mount --bind "$directory/sysctl/${1##*/}" "/proc/sys/$1"
}
settle vm/overcommit_memory 1
settle vm/panic_on_oom 0
settle kernel/panic 10
settle kernel/panic_on_oops 1
settle kernel/keys/root_maxkeys 1000000
settle kernel/keys/root_maxbytes 25000000
# Of this network namespace alone.
echo 1 >/proc/sys/net/ipv4/ip_forward

# Pods may ask for mount propagation, for which mounts have to be shared: among this node's namespaces only, since this one was made private.
mount --make-rshared /
: >"$directory/ready"
exec "$pause"
