/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Any bytes as a mapped ELF file: its head, sections, symbols, build id and call
 * frame information; and as a stack that is unwound by them. What comes out is
 * text without control bytes, and each step ends.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "input/stack_module.h"

#define DEPTH 128

static void check(bool holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "fuzz_module: %s\n", what);
		abort();
	}
}

static void check_text(const char *text)
{
	for (; *text; text++)
		check((unsigned char)*text >= ' ' && *text != 0x7f, "a control byte");
}

static const struct place *place(struct module *m, struct stacks *stacks, uint64_t offset,
				 bool call)
{
	const struct place *p = module__place(m, offset, call, stacks);
	const struct frame *f;

	check(p, "no memory");
	f = stacks__frame(stacks, p->frame);
	if (f) {
		check_text(f->function);
		check_text(f->build_id);
	}
	return p;
}

/* As unwinder__stack() goes: each frame higher than the one before. */
static void climb(struct module *m, struct stacks *stacks, const uint8_t *data, size_t size,
		  uint64_t pc)
{
	struct cfi_machine machine = {
		.pc = pc, .known = ~0u, .bytes = (const char *)data, .bytes_n = size
	};
	enum cfi_result result = CFI_STEPPED;
	uint64_t sp = 0;

	for (int i = 0; i < DEPTH && result == CFI_STEPPED; i++) {
		const struct place *p = place(m, stacks, machine.pc & 0xffff, i > 0);

		result = p->row ? cfi__step(p->row, &machine) : cfi__step_by_pointer(&machine);
		if (machine.sp <= sp)
			break;
		sp = machine.sp;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stacks *stacks = stacks__new();
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct module *m;

	check(stacks && fd >= 0 && write(fd, data, size) == (ssize_t)size, "no file");
	m = module__new(fd, "fuzz");
	check(m, "no module");
	for (uint64_t at = 0; at < size && at < 8192; at += 61) {
		place(m, stacks, at, at & 1);
		climb(m, stacks, data, size < 4096 ? size : 4096, at);
	}
	check(module__footprint(m) < (64u << 20) + 64 * size, "more memory than the file is worth");
	module__free(m);
	stacks__free(stacks);
	return 0;
}
