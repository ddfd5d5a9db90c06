// SPDX-License-Identifier: GPL-2.0-or-later
int a_value(int x);
int b_twice(int x);
