grep -qx "patched 340" /proc/b
