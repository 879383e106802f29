#!/bin/sh
# Start-up script around the short-lived `start` action of containerd-shim-runc-v1 v1.2; the daemon that it leaves behind is the untouched binary.
# Cures two things of the surroundings, none of the shim's own faults:
# 1. Without CAP_SYS_RESOURCE the action fails with "failed to set OOM Score on shim", after its daemon is up and ./address is written.
# 2. Go since about 1.21 binds an abstract socket without the trailing NUL with which older Go (Debian's containerd 1.6) dials the bare name.
real="${0%/*}/real/${0##*/}"
for action; do :; done
[ "$action" = start ] || exec "$real" "$@"

errors=$("$real" "$@" 2>&1 >/dev/null)
code=$?
if [ $code -ne 0 ]; then
  case "$errors" in
    *"failed to set OOM Score on shim"*) [ -s address ] || exit $code ;;
    *) printf '%s\n' "$errors" >&2; exit $code ;;
  esac
fi

address=$(cat address)
# /proc/net/unix shows the NUL bytes of an abstract name as @: a name that ends in @ has the trailing one.
if ! grep -q -F -- "@$address@" /proc/net/unix; then
  address="unix://@$address"
  printf %s "$address" >address.new && mv address.new address
fi
printf %s "$address"
