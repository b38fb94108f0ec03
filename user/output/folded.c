// SPDX-License-Identifier: GPL-2.0
/*
 * Stacks that differ in places within functions alone are one: frames are interned
 * once more by what they are called, and so are the stacks made of them.
 */
#include "folded.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "frame_text.h"

#define ROWS_MAX (LEDGER_ROWS_MAX + LEDGER_PROCESSES_MAX + 1)

struct fold {
	uint32_t process; /* of the ledger */
	uint32_t stack;	  /* of names; 0: what had no room */
	uint64_t bytes;
};

struct folding {
	const struct ledger *ledger;
	const struct stacks *stacks;
	struct stacks *names;
	struct intern folds;
	uint32_t *number; /* of each frame's name, by the frame's id; 0: not looked up */
	bool kept;
};

const char *folded__name(const char *text, bool whole, char *buf, size_t size)
{
	size_t len = 0, number;

	for (; text[len] && len + 1 < size; len++) {
		unsigned char c = (unsigned char)text[len];
		bool blank = c == ' ' && (whole || !len);

		buf[len] = c == ';' ? ':' : c < ' ' || c == 0x7f || blank ? '_' : (char)c;
	}
	buf[len] = '\0';
	number = len;
	while (number && strchr("0123456789.", buf[number - 1]))
		number--;
	if (number && buf[number - 1] == ' ')
		buf[number - 1] = '_';
	return buf;
}

static uint32_t name_number(struct folding *f, const char *text)
{
	char name[FRAME_TEXT_ROOM];
	struct frame frame = { .function = folded__name(text, false, name, sizeof(name)),
			       .module = "", .build_id = "" };
	uint32_t id;

	return stacks__add_frame(f->names, &frame, &id) ? 0 : id;
}

/* Frames stand in many stacks. */
static uint32_t frame_number(struct folding *f, uint32_t id)
{
	const struct frame *frame = stacks__frame(f->stacks, id);
	char text[FRAME_TEXT_ROOM];

	if (!frame || id > STACKS_FRAMES_MAX)
		return 0;
	if (!f->number[id])
		f->number[id] = name_number(f, frame_text(frame, text));
	return f->number[id];
}

/* The stack of a row by names; 0: there is no room, or it is not known. */
static uint32_t stack_number(struct folding *f, const struct ledger_row *row)
{
	const struct stack *stack = f->stacks ? stacks__stack(f->stacks, row->stack) : NULL;
	uint32_t frames[STACKS_DEPTH], id;
	char text[FRAME_TEXT_ROOM];
	bool all = true;
	size_t i;

	if (row->stack && (!stack || !stack->n))
		return 0;
	if (!row->stack) {
		frames[0] = name_number(f, frame_text__call(row, text));
		return frames[0] && !stacks__add(f->names, frames, 1, false, &id) ? id : 0;
	}
	for (i = 0; i < stack->n && all; i++) {
		frames[i] = frame_number(f, stack->frames[i]);
		all = frames[i];
	}
	return all && !stacks__add(f->names, frames, stack->n, stack->cut, &id) ? id : 0;
}

static void add(struct folding *f, uint32_t process, uint32_t stack, const struct site_sums *sums)
{
	struct fold key = { .process = process, .stack = stack }, *fold;

	if (!(f->kept ? sums->kept : sums->bytes))
		return;
	fold = intern__at(&f->folds, intern__get(&f->folds, &key));
	fold->bytes += f->kept ? sums->kept : sums->bytes;
}

/* The first is what intern__get() gives when there is no room for more. */
static int collect(struct folding *f)
{
	struct fold first = { 0 };
	size_t i;

	intern__get(&f->folds, &first);
	if (!f->folds.n)
		return -ENOMEM;
	for (i = 0; i < ledger__rows(f->ledger); i++) {
		const struct ledger_row *row = ledger__row(f->ledger, i);

		add(f, row->process, stack_number(f, row), &row->sums);
	}
	for (i = 0; i < ledger__processes(f->ledger); i++)
		add(f, (uint32_t)i, 0, &ledger__process(f->ledger, i)->rest);
	return 0;
}

static void print_fold(FILE *out, const struct folding *f, const struct fold *fold)
{
	const struct ledger_process *process = ledger__process(f->ledger, fold->process);
	const struct stack *stack = stacks__stack(f->names, fold->stack);
	char comm[CAUSE_COMM];
	size_t i;

	fputs(folded__name(process->comm, true, comm, sizeof(comm)), out);
	/* As stackcollapse-perf.pl --pid has it. */
	if (process->tgid)
		fprintf(out, "-%" PRIu32, process->tgid);
	if (!stack)
		fputs(";" FRAME_TEXT_OTHERS, out);
	else if (stack->cut)
		fputs(";" FRAME_TEXT_CUT, out);
	for (i = stack ? stack->n : 0; i; i--) {
		fputc(';', out);
		fputs(stacks__frame(f->names, stack->frames[i - 1])->function, out);
	}
	fprintf(out, " %" PRIu64 "\n", fold->bytes);
}

int folded__write(FILE *out, const struct ledger *ledger, const struct stacks *stacks, bool kept)
{
	struct folding f = { .ledger = ledger, .stacks = stacks, .kept = kept };
	const struct fold *fold;
	int err = -ENOMEM;
	uint32_t i;

	f.names = stacks__new();
	f.number = calloc(STACKS_FRAMES_MAX + 1, sizeof(*f.number));
	intern__init(&f.folds, sizeof(struct fold), offsetof(struct fold, bytes), ROWS_MAX);
	if (f.names && f.number)
		err = collect(&f);
	for (i = 0; !err && i < f.folds.n; i++) {
		fold = intern__at(&f.folds, i);
		errno = 0;
		if (fold->bytes)
			print_fold(out, &f, fold);
		if (ferror(out))
			err = errno ? -errno : -EIO;
	}
	intern__fini(&f.folds);
	stacks__free(f.names);
	free(f.number);
	return !err && fflush(out) ? -errno : err;
}
