// SPDX-License-Identifier: GPL-2.0-or-later
#include "b.h"
int b_twice(int x) { return 2 * a_value(x); }
