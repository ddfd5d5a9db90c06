// SPDX-License-Identifier: GPL-2.0-or-later
// Watches a function of the kernel for some seconds or until SIGTERM, as tracers do that use no file of tracefs, and
// prints how often a BPF program of its own has run. fmod_ret answers ECHILD in the place of the function.
// usage: soak_tracer perf ADDRESS SECONDS | fentry|fexit|fmod_ret FUNCTION SECONDS
//        soak_tracer ask: prints what getpgid(2) answers, which edits/others.edit changes
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fail(const char *what)
{
	perror(what);
	return -1;
}

// A kprobe that belongs to a perf event.
static int open_perf(unsigned long address)
{
	struct perf_event_attr attributes = { .size = sizeof(attributes), .kprobe_addr = address };
	FILE *file = fopen("/sys/bus/event_source/devices/kprobe/type", "r");
	int fd;

	if (!file || fscanf(file, "%u", &attributes.type) != 1)
		return fail("kprobe/type");
	fclose(file);
	fd = (int)syscall(SYS_perf_event_open, &attributes, -1, 0, -1, 0);
	return fd < 0 ? fail("perf_event_open") : fd;
}

static enum bpf_attach_type type_of(const char *kind)
{
	if (strcmp(kind, "fmod_ret") == 0)
		return BPF_MODIFY_RETURN;
	return strcmp(kind, "fexit") == 0 ? BPF_TRACE_FEXIT : BPF_TRACE_FENTRY;
}

// A program of two instructions, which return a number. The program's descriptor is left in *program.
static int attach_bpf(enum bpf_attach_type type, const char *function, int *program)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = type == BPF_MODIFY_RETURN ? -ECHILD : 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = type);
	const int id = libbpf_find_vmlinux_btf_id(function, type);
	int attached;

	if (id < 0)
		return fail("libbpf_find_vmlinux_btf_id");
	options.attach_btf_id = (unsigned)id;
	*program = bpf_prog_load(BPF_PROG_TYPE_TRACING, "soak", "GPL", code, 2, &options);
	if (*program < 0)
		return fail("bpf_prog_load");
	attached = bpf_raw_tracepoint_open(NULL, *program);
	return attached < 0 ? fail("bpf_raw_tracepoint_open") : attached;
}

static void on_signal(int number)
{
	(void)number;
}

// The kernel counts only while somebody keeps statistics open.
static void print_runs(int program)
{
	struct bpf_prog_info info = { 0 };
	unsigned size = sizeof(info);

	if (bpf_obj_get_info_by_fd(program, &info, &size) == 0)
		printf("hits %llu\n", (unsigned long long)info.run_cnt);
}

static int ask(void)
{
	puts(getpgid(getpid()) >= 0 ? "original" : errno == EXDEV ? "patched" : errno == ECHILD ? "bypassed" : "odd");
	return 0;
}

int main(int argc, char **argv)
{
	const struct sigaction wake = { .sa_handler = on_signal };
	int fd, program = -1;

	if (argc == 2 && strcmp(argv[1], "ask") == 0)
		return ask();
	if (argc != 4)
		return 2;
	sigaction(SIGTERM, &wake, NULL);
	bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (strcmp(argv[1], "perf") == 0)
		fd = open_perf(strtoul(argv[2], NULL, 16));
	else
		fd = attach_bpf(type_of(argv[1]), argv[2], &program);
	if (fd < 0)
		return 1;
	puts("attached");
	fflush(stdout);
	sleep((unsigned)atoi(argv[3]));
	if (program >= 0)
		print_runs(program);
	close(fd);
	return 0;
}
