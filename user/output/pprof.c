// SPDX-License-Identifier: GPL-2.0
/*
 * Writes the profile part by part: messages of one type that follow one another
 * are one, their repeated fields joined (protobuf's encoding), so that no more than
 * a sample need be in memory. Each thing is written when it is first named.
 */
#include "pprof.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "core/region_kind.h"
#include "frame_text.h"
#include "pprof_table.h"
#include "profile.pb-c.h"

#define LABELS_MAX 4
#define CALLS_FIRST (1ull << 32) /* ids of locations that are calls: beyond those of frames */

typedef Perftools__Profiles__Profile Profile;

struct pprof {
	gzFile gz;
	const struct ledger *ledger;
	const struct stacks *stacks;
	struct pprof_table *table;
	uint8_t *buf;
	size_t room;
	int err; /* the first */
};

static void emit(struct pprof *p, const Profile *part)
{
	size_t len = perftools__profiles__profile__get_packed_size(part);
	uint8_t *buf;

	if (p->err)
		return;
	if (len > p->room) {
		buf = realloc(p->buf, len);
		if (!buf) {
			p->err = -ENOMEM;
			return;
		}
		p->buf = buf;
		p->room = len;
	}
	perftools__profiles__profile__pack(part, p->buf);
	errno = 0;
	if (len && gzwrite(p->gz, p->buf, (unsigned int)len) != (int)len)
		p->err = errno ? -errno : -EIO;
}

static void emit_string(struct pprof *p, const char *text)
{
	Profile part = PERFTOOLS__PROFILES__PROFILE__INIT;
	char *strings[] = { (char *)text };

	part.n_string_table = 1;
	part.string_table = strings;
	emit(p, &part);
}

/* Never NULL: without memory an empty string, and the error. */
static struct pprof_string *string_of(struct pprof *p, const char *text)
{
	static struct pprof_string none;
	struct pprof_string *string;
	bool is_new;

	if (!*text)
		return &none;
	string = pprof_table__string(p->table, text, &is_new);
	if (!string) {
		p->err = p->err ? p->err : -ENOMEM;
		return &none;
	}
	if (is_new)
		emit_string(p, text);
	return string;
}

static int64_t number_of(struct pprof *p, const char *text)
{
	return string_of(p, text)->number;
}

/* Its name is its id. */
static uint64_t function_of(struct pprof *p, const char *name)
{
	Perftools__Profiles__Function function = PERFTOOLS__PROFILES__FUNCTION__INIT;
	Perftools__Profiles__Function *functions[] = { &function };
	Profile part = PERFTOOLS__PROFILES__PROFILE__INIT;
	struct pprof_string *string = string_of(p, name);

	if (string->is_function || !string->number)
		return (uint64_t)string->number;
	string->is_function = true;
	function.id = (uint64_t)string->number;
	function.name = string->number;
	part.n_function = 1;
	part.function = functions;
	emit(p, &part);
	return function.id;
}

/* function NULL: it is not known. */
static void emit_location(struct pprof *p, uint64_t id, uint64_t mapping, uint64_t address,
			  const char *function)
{
	Perftools__Profiles__Location location = PERFTOOLS__PROFILES__LOCATION__INIT;
	Perftools__Profiles__Location *locations[] = { &location };
	Perftools__Profiles__Line line = PERFTOOLS__PROFILES__LINE__INIT;
	Perftools__Profiles__Line *lines[] = { &line };
	Profile part = PERFTOOLS__PROFILES__PROFILE__INIT;

	location.id = id;
	location.mapping_id = mapping;
	location.address = address;
	if (function) {
		line.function_id = function_of(p, function);
		location.n_line = 1;
		location.line = lines;
	}
	part.n_location = 1;
	part.location = locations;
	emit(p, &part);
}

static uint64_t location_of_frame(struct pprof *p, uint32_t id)
{
	const struct frame *f = stacks__frame(p->stacks, id);
	const struct pprof_file *file = pprof_table__file_of(p->table, id);
	bool mapped = file && file->end;
	uint64_t address = f ? f->offset : 0;

	if (!f || !pprof_table__is_new(p->table, id))
		return id;
	/* A return address may belong to the next function: the call is before it. */
	address = (mapped ? file->start : 0) + (address ? address - 1 : 0);
	emit_location(p, id, mapped ? file->number : 0, address,
		      *f->function ? f->function : NULL);
	return id;
}

static uint64_t location_of_name(struct pprof *p, const char *name)
{
	struct pprof_string *string = string_of(p, name);
	uint64_t id = CALLS_FIRST + (uint64_t)string->number;

	if (!string->is_location) {
		string->is_location = true;
		emit_location(p, id, 0, 0, name);
	}
	return id;
}

static size_t locations_of(struct pprof *p, const struct ledger_row *row,
			   uint64_t ids[STACKS_DEPTH + 1])
{
	const struct stack *stack = p->stacks ? stacks__stack(p->stacks, row->stack) : NULL;
	char text[FRAME_TEXT_ROOM];
	size_t n;

	for (n = 0; stack && n < stack->n; n++)
		ids[n] = location_of_frame(p, stack->frames[n]);
	if (n && stack->cut)
		ids[n++] = location_of_name(p, FRAME_TEXT_CUT);
	if (!n)
		ids[n++] = location_of_name(p, row->stack ? FRAME_TEXT_OTHERS :
							    frame_text__call(row, text));
	return n;
}

static void emit_row(struct pprof *p, const struct ledger_row *row)
{
	const struct ledger_process *process = ledger__process(p->ledger, row->process);
	Perftools__Profiles__Sample sample = PERFTOOLS__PROFILES__SAMPLE__INIT;
	Perftools__Profiles__Sample *samples[] = { &sample };
	Perftools__Profiles__Label label[LABELS_MAX], *labels[LABELS_MAX];
	Profile part = PERFTOOLS__PROFILES__PROFILE__INIT;
	uint64_t ids[STACKS_DEPTH + 1];
	int64_t values[] = { (int64_t)row->sums.bytes, (int64_t)row->sums.calls,
			     (int64_t)row->sums.kept };
	size_t i;

	if (!row->sums.bytes && !row->sums.kept)
		return;
	for (i = 0; i < LABELS_MAX; i++) {
		perftools__profiles__label__init(&label[i]);
		labels[i] = &label[i];
	}
	label[0].key = number_of(p, "pid");
	label[0].num = process->tgid;
	label[1].key = number_of(p, "comm");
	label[1].str = number_of(p, process->comm);
	sample.n_label = 2;
	if (!row->stack && row->what != CAUSE_OTHERS) {
		label[2].key = number_of(p, "kind");
		label[2].str = number_of(p, region_kind__name((enum region_kind)row->kind));
		label[3].key = number_of(p, "thread");
		label[3].str = number_of(p, row->comm);
		sample.n_label = LABELS_MAX;
	}
	sample.label = labels;
	sample.n_location_id = locations_of(p, row, ids);
	sample.location_id = ids;
	sample.n_value = sizeof(values) / sizeof(values[0]);
	sample.value = values;
	part.n_sample = 1;
	part.sample = samples;
	emit(p, &part);
}

static void emit_mapping(struct pprof *p, const struct pprof_file *file)
{
	Perftools__Profiles__Mapping mapping = PERFTOOLS__PROFILES__MAPPING__INIT;
	Perftools__Profiles__Mapping *mappings[] = { &mapping };
	Profile part = PERFTOOLS__PROFILES__PROFILE__INIT;

	if (!file->end)
		return;
	mapping.id = file->number;
	mapping.memory_start = file->start;
	mapping.memory_limit = file->end;
	mapping.filename = number_of(p, file->name);
	mapping.build_id = number_of(p, file->build_id);
	/* pprof looks for the file itself where no function at all is known. */
	mapping.has_functions = file->has_functions;
	part.n_mapping = 1;
	part.mapping = mappings;
	emit(p, &part);
}

static void emit_head(struct pprof *p, const struct pprof_info *info)
{
	static const char *const types[][2] = {
		{ "alloc_space", "bytes" }, { "alloc_objects", "count" }, { "inuse_space", "bytes" }
	};
	Perftools__Profiles__ValueType type[3], *list[3];
	Perftools__Profiles__ValueType period = PERFTOOLS__PROFILES__VALUE_TYPE__INIT;
	Profile part = PERFTOOLS__PROFILES__PROFILE__INIT;
	int64_t comment;
	size_t i;

	emit_string(p, "");
	for (i = 0; i < 3; i++) {
		perftools__profiles__value_type__init(&type[i]);
		type[i].type = number_of(p, types[i][0]);
		type[i].unit = number_of(p, types[i][1]);
		list[i] = &type[i];
	}
	part.n_sample_type = 3;
	part.sample_type = list;
	part.time_nanos = (int64_t)info->wall_ns;
	part.duration_nanos = (int64_t)info->duration_ns;
	period.type = number_of(p, "space");
	period.unit = number_of(p, "bytes");
	part.period_type = &period;
	part.period = (int64_t)info->period;
	part.default_sample_type = type[2].type;
	comment = number_of(p, info->comment);
	part.n_comment = comment ? 1 : 0;
	part.comment = &comment;
	emit(p, &part);
}

/* Frame `at` of a row's stack; NULL: there is none. */
static const struct frame *frame_at(const struct pprof *p, const struct ledger_row *row, size_t at,
				    uint32_t *ret_id)
{
	const struct stack *stack = p->stacks ? stacks__stack(p->stacks, row->stack) : NULL;

	*ret_id = stack && at < stack->n ? stack->frames[at] : 0;
	return *ret_id ? stacks__frame(p->stacks, *ret_id) : NULL;
}

/* pprof names a profile by its first file: the program that needed most, not its loader. */
static int note_program(struct pprof *p)
{
	const struct frame *f, *program = NULL;
	uint32_t id, program_id = 0;
	uint64_t most = 0;
	const char *name;
	size_t i;

	for (i = 0; i < ledger__rows(p->ledger); i++) {
		const struct ledger_row *row = ledger__row(p->ledger, i);
		const struct stack *stack = p->stacks ? stacks__stack(p->stacks, row->stack) : NULL;

		f = frame_at(p, row, stack && stack->n ? stack->n - 1 : 0, &id);
		name = f ? frame_text__base(f->module) : "";
		if (!*name || !strncmp(name, "ld-", 3) || !strncmp(name, "libc", 4) ||
		    row->sums.bytes <= most)
			continue;
		most = row->sums.bytes;
		program = f;
		program_id = id;
	}
	return program ? pprof_table__note(p->table, program_id, program) : 0;
}

static int note_files(struct pprof *p)
{
	int err = note_program(p);
	const struct frame *f;
	uint32_t id;
	size_t i, at;

	for (i = 0; i < ledger__rows(p->ledger); i++) {
		const struct ledger_row *row = ledger__row(p->ledger, i);

		for (at = 0; !err && (f = frame_at(p, row, at, &id)); at++)
			err = pprof_table__note(p->table, id, f);
	}
	pprof_table__lay_out(p->table);
	return err;
}

static void emit_all(struct pprof *p, const struct pprof_info *info)
{
	struct ledger_row rest = { .what = CAUSE_OTHERS };
	size_t i;

	p->err = note_files(p);
	if (p->err)
		return;
	emit_head(p, info);
	for (i = 1; i <= pprof_table__files(p->table); i++)
		emit_mapping(p, pprof_table__file(p->table, i));
	for (i = 0; i < ledger__rows(p->ledger); i++)
		emit_row(p, ledger__row(p->ledger, i));
	for (i = 0; i < ledger__processes(p->ledger); i++) {
		rest.process = (uint32_t)i;
		rest.sums = ledger__process(p->ledger, i)->rest;
		emit_row(p, &rest);
	}
}

int pprof__write(int fd, const struct ledger *ledger, const struct stacks *stacks,
		 const struct pprof_info *info)
{
	struct pprof p = { .ledger = ledger, .stacks = stacks, .table = pprof_table__new() };
	int copy = dup(fd), err;

	p.gz = copy < 0 ? NULL : gzdopen(copy, "wb");
	if (p.gz && p.table)
		emit_all(&p, info);
	else
		p.err = copy < 0 ? -errno : -ENOMEM;
	if (!p.gz && copy >= 0)
		close(copy);
	/* It writes what is left, and closes the copy in any case. */
	errno = 0;
	err = p.gz && gzclose(p.gz) != Z_OK ? (errno ? -errno : -EIO) : 0;
	pprof_table__free(p.table);
	free(p.buf);
	return p.err ? p.err : err;
}
