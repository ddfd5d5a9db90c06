mkdir -p /tmp/misc
[ -e /tmp/misc/status ] || mount -t binfmt_misc none /tmp/misc
cat /proc/version /tmp/misc/status
grep -q '^Patched' /proc/version && grep -qx ENABLED /tmp/misc/status
