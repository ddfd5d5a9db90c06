// SPDX-License-Identifier: GPL-2.0-or-later
// Preloaded into kpatch: the kernel has no memory for a module, and files of sysfs cannot be read, each at random
// once in so many times as $SOAK_NO_MEMORY and $SOAK_NO_READ say (0: never).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_hit(const char *variable)
{
	const char *text = getenv(variable);
	const unsigned one_in = text ? (unsigned)atoi(text) : 0;
	unsigned number = 0;

	return one_in && getrandom(&number, sizeof(number), 0) == sizeof(number) && number % one_in == 0;
}

static int is_in_sysfs(int fd)
{
	char link[32], path[256];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path));
	return length > 5 && strncmp(path, "/sys/", 5) == 0;
}

ssize_t read(int fd, void *buffer, size_t size)
{
	ssize_t (*real)(int, void *, size_t) = dlsym(RTLD_NEXT, "read");

	if (is_in_sysfs(fd) && is_hit("SOAK_NO_READ")) {
		errno = EIO;
		return -1;
	}
	return real(fd, buffer, size);
}

long syscall(long number, ...)
{
	long (*real)(long, ...) = dlsym(RTLD_NEXT, "syscall");
	long a[6];
	va_list rest;

	va_start(rest, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(rest, long);
	va_end(rest);
	if ((number == SYS_init_module || number == SYS_finit_module) && is_hit("SOAK_NO_MEMORY")) {
		errno = ENOMEM;
		return -1;
	}
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
