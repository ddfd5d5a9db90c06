# SPDX-License-Identifier: GPL-2.0-or-later
# For the scripts beside it, which set $here: where patches and checks are. A file in a folder named after the
# kernel's series goes before one for all series.

# file FOLDER NAME
file() {
	local own=$here/$1/${KPATCH_TEST_SERIES:-6.1}/$2
	if [ -e "$own" ]; then echo "$own"; else echo "$here/$1/$2"; fi
}
