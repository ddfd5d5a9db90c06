grep -qx "patched 340 210" /proc/b
