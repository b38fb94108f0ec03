// SPDX-License-Identifier: GPL-2.0
/* What the tests of user/output share; see output_fixture.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "output_fixture.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const struct start_info sample_start = {
	.mono_ns = MONO_NS,
	.wall_ns = WALL_NS,
	.version = "0.1.0",
	.kernel = "6.18.0",
	.boot_id = "8a1d1a2e-0000-4000-8000-000000000000",
	.tier = "calls",
	.command_line = "memtrace -v -p 2623",
};

void capture__init(struct capture *c)
{
	c->fd = memfd_create("capture", MFD_CLOEXEC);
	assert_true(c->fd >= 0);
	c->out = writer__new(c->fd, 64 << 20);
	assert_non_null(c->out);
}

char *capture__take(struct capture *c)
{
	off_t len;
	char *text;

	assert_int_equal(writer__close(c->out, 5000), 0);
	len = lseek(c->fd, 0, SEEK_END);
	text = malloc(len + 1);
	assert_non_null(text);
	assert_int_equal(pread(c->fd, text, len, 0), len);
	text[len] = '\0';
	close(c->fd);
	return text;
}

void sample__init(struct sample *s, enum mt_call_id id)
{
	memset(s, 0, sizeof(*s));
	s->process.tgid = SAMPLE_TGID;
	s->process.parent = 1;
	s->process.start_ns = 42;
	s->process.space = SAMPLE_SPACE;
	strcpy(s->process.comm, "redis-server");
	s->space.id = SAMPLE_SPACE;
	s->space.tgid = SAMPLE_TGID;
	s->space.exact = true;
	s->call.id = id;
	s->call.tgid = SAMPLE_TGID;
	s->call.tid = SAMPLE_TID;
	s->call.space = s->call.target = SAMPLE_SPACE;
	s->call.exit_ns = MONO_NS + 1000000000;
	s->call.enter_ns = s->call.exit_ns - 1500;
	strcpy(s->call.comm, "io_thd_1");
	s->change.kind = CHANGE_APPLIED;
	s->rec.call = &s->call;
	s->rec.change = &s->change;
	s->rec.process = &s->process;
	s->rec.space = &s->space;
	s->rec.region_name = "[anon]";
	s->rec.kind = KIND_ANONYMOUS;
}

struct view view_all(void)
{
	struct view view = { .verbose = true };

	memset(view.calls, true, sizeof(view.calls));
	memset(view.findings, true, sizeof(view.findings));
	return view;
}

struct tracker *sample_tracker(size_t n)
{
	struct tracker *t = tracker__new(NULL, NULL);

	assert_non_null(t);
	for (size_t i = 0; i < n; i++) {
		struct mt_task task = {
			.space = 5000 + i,
			.start_ns = 42 + i,
			.tgid = 1000 + i,
			.tid = 1000 + i,
			.ts_ns = MONO_NS,
		};

		assert_int_equal(tracker__on_task(t, &task, "work"), 0);
	}
	return t;
}

struct summary sample_summary(struct tracker *t, uint64_t n)
{
	return (struct summary){
		.tier = "calls",
		.duration_ns = 2500000000,
		.seen = n,
		.delivered = n,
		.totals = tracker__totals(t),
		.tracker = t,
	};
}
