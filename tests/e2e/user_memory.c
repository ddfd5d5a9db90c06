// SPDX-License-Identifier: GPL-2.0-or-later
//
// Calls what edits/user-memory.edit changes. Succeeds if it answers as patched, and a pointer
// to nowhere is an error.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
  unsigned cpu = 0;
  const long good = syscall(SYS_getcpu, &cpu, NULL, NULL);
  const long bad = syscall(SYS_getcpu, (unsigned*)16, NULL, NULL);
  printf("%ld, processor %u; %ld, %s\n", good, cpu, bad, bad ? "error" : "none");
  return good == 0 && cpu >= 100 && bad == -1 && errno == EFAULT ? EXIT_SUCCESS : EXIT_FAILURE;
}
