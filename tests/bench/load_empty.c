// SPDX-License-Identifier: GPL-2.0
/*
 * load_empty FILE: loads the BPF programs of FILE, attaches each where its
 * section says, prints "ready N" and keeps them there until a signal ends it.
 * For scripts/bench.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/libbpf.h>

static int print_warning(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, fmt, args) : 0;
}

static int print_nothing(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return 0;
}

/* Calls that this kernel does not have are passed over. */
static int attach_all(struct bpf_object *obj)
{
	struct bpf_program *prog;
	int n = 0;

	libbpf_set_print(print_nothing);
	bpf_object__for_each_program(prog, obj) {
		if (bpf_program__attach(prog))
			n++;
		else if (errno != ENOENT)
			fprintf(stderr, "load_empty: %s: %s\n", bpf_program__name(prog),
				strerror(errno));
	}
	libbpf_set_print(print_warning);
	return n;
}

int main(int argc, char **argv)
{
	struct bpf_object *obj;

	if (argc != 2) {
		fprintf(stderr, "usage: load_empty FILE\n");
		return 2;
	}
	libbpf_set_print(print_warning);
	obj = bpf_object__open_file(argv[1], NULL);
	if (!obj || bpf_object__load(obj)) {
		fprintf(stderr, "load_empty: %s: %s\n", argv[1], strerror(errno));
		return 4;
	}
	printf("ready %d\n", attach_all(obj));
	fflush(stdout);
	pause();
	return 0;
}
