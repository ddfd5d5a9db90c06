// SPDX-License-Identifier: GPL-2.0-or-later
//
// Calls what edits/system-call.edit changes, with the number that it knows. Succeeds
// if all of them answer as patched.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kKnown = 0x6b70 };

static const struct {
  const char* name;
  long number;
  long arguments[2];
} kCalls[] = {
    {"getpriority", SYS_getpriority, {kKnown, 0}},
    {"setpriority", SYS_setpriority, {kKnown, 0}},
    {"prlimit64",   SYS_prlimit64,   {0, kKnown}},
    {"prctl",       SYS_prctl,       {kKnown, 0}},
    {"futex",       SYS_futex,       {0, kKnown}},
};

int main(void) {
  int patched = EXIT_SUCCESS;
  for (size_t i = 0; i < sizeof(kCalls) / sizeof(kCalls[0]); ++i) {
    errno = 0;
    syscall(kCalls[i].number, kCalls[i].arguments[0], kCalls[i].arguments[1], 0, 0, 0, 0);
    printf("%s: %s\n", kCalls[i].name, errno == EXDEV ? "patched" : "original");
    if (errno != EXDEV)
      patched = EXIT_FAILURE;
  }
  return patched;
}
