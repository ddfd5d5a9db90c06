// SPDX-License-Identifier: GPL-2.0-or-later
// Watches a function of the kernel for some seconds, as tracers do that use no file of tracefs.
// usage: soak_tracer perf ADDRESS SECONDS | fentry FUNCTION SECONDS
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/perf_event.h>
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

// A program of two instructions, return 0, at the entry of the function.
static int open_fentry(const char *function)
{
	const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_FENTRY);
	const int id = libbpf_find_vmlinux_btf_id(function, BPF_TRACE_FENTRY);
	int loaded, attached;

	if (id < 0)
		return fail("libbpf_find_vmlinux_btf_id");
	options.attach_btf_id = (unsigned)id;
	loaded = bpf_prog_load(BPF_PROG_TYPE_TRACING, "soak", "GPL", program, 2, &options);
	if (loaded < 0)
		return fail("bpf_prog_load");
	attached = bpf_raw_tracepoint_open(NULL, loaded);
	return attached < 0 ? fail("bpf_raw_tracepoint_open") : attached;
}

int main(int argc, char **argv)
{
	int fd;

	if (argc != 4)
		return 2;
	if (strcmp(argv[1], "perf") == 0)
		fd = open_perf(strtoul(argv[2], NULL, 16));
	else
		fd = open_fentry(argv[2]);
	if (fd < 0)
		return 1;
	sleep((unsigned)atoi(argv[3]));
	close(fd);
	return 0;
}
