// SPDX-License-Identifier: GPL-2.0-or-later
// Keeps a kernel busy for a moment: processes, signals, memory, files, pipes, sockets, sleep. Fails if
// anything does not work as it should.
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile int caught;

static void on_signal(int number)
{
	caught += number;
}

static int fail(const char *what)
{
	perror(what);
	return 1;
}

static int run_child(void)
{
	int status = 0;
	const pid_t child = fork();

	if (child == 0) {
		execl("/bin/busybox", "true", (char *)0);
		_exit(99);
	}
	return child < 0 || waitpid(child, &status, 0) != child || status;
}

static int pass_bytes(int from, int to)
{
	char text[6] = "";

	return write(to, "hello", 6) != 6 || read(from, text, 6) != 6 || strcmp(text, "hello");
}

static int use_sockets(void)
{
	const int loopback = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int pair[2], failed;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || pass_bytes(pair[0], pair[1]))
		return fail("socketpair");
	failed = bind(loopback, (struct sockaddr *)&address, length) ||
		 getsockname(loopback, (struct sockaddr *)&address, &length) ||
		 sendto(loopback, "x", 1, 0, (struct sockaddr *)&address, length) != 1;
	close(pair[0]);
	close(pair[1]);
	close(loopback);
	return failed ? fail("sendto") : 0;
}

static int use_files(void)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	struct stat status;
	int ends[2];
	char *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const int file = open("/tmp/busy", O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (page == MAP_FAILED || file < 0 || pipe2(ends, O_CLOEXEC) || pass_bytes(ends[0], ends[1]))
		return fail("files");
	page[0] = 1;
	// Addresses outside of user space must be refused, not followed.
	if (write(file, page, 1) != 1 || write(file, (void *)0xffffffff81000000, 1) != -1 || fstat(file, &status))
		return fail("write");
	munmap(page, 4096);
	close(ends[0]);
	close(ends[1]);
	close(file);
	return nanosleep(&moment, 0);
}

int main(void)
{
	signal(SIGUSR1, on_signal);
	for (int round = 0; round < 50; round++) {
		kill(getpid(), SIGUSR1);
		if (run_child() || use_sockets() || use_files())
			return 1;
	}
	return caught != 50 * SIGUSR1;
}
