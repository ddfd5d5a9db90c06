// SPDX-License-Identifier: GPL-2.0-or-later
//
// Makes the kernel fault while it writes a signal frame: the signal stack cannot be
// written to. The kernel must find the fault in its exception table and send SIGSEGV
// instead.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void never_called(int number) {
  (void)number;
  _exit(0);
}

static void provoke(void) {
  const size_t size = 65536;
  stack_t stack = {.ss_size = size};
  stack.ss_sp = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const struct sigaction action = {.sa_handler = never_called, .sa_flags = SA_ONSTACK};
  if (stack.ss_sp == MAP_FAILED || sigaltstack(&stack, NULL) != 0 ||
      sigaction(SIGUSR1, &action, NULL) != 0)
    _exit(1);
  raise(SIGUSR1);
}

int main(void) {
  const pid_t child = fork();
  if (child == 0) {
    provoke();
    _exit(2);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child)
    return EXIT_FAILURE;
  const int killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
  printf("signal frame on an unwritable stack: %s\n", killed ? "SIGSEGV" : "no fault");
  return killed ? EXIT_SUCCESS : EXIT_FAILURE;
}
