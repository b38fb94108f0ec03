// SPDX-License-Identifier: GPL-2.0
/*
 * memtrace(1) in man(7) macros. Options, verbs, kinds, findings, losses and
 * JSON fields come from their tables; what has no table is written here, in
 * plain text that is escaped like the rest.
 */
#include "cmd.h"

#include <string.h>

#include "output/json_fields.h"

struct item {
	const char *tag, *text;
};

static const char about[] =
	"memtrace shows how processes use their address space: which regions exist and who made "
	"them, how the heap grows and why, which protections change. BPF programs on the memory "
	"system calls send every call to memtrace, which rebuilds the map of each process and "
	"reports from it.";

static const char command_rule[] =
	"Options end at the first word that is none: it is COMMAND. A COMMAND that has the name of "
	"a verb is given after --. COMMAND owns standard input, output and error; what memtrace "
	"writes goes to standard error, or to the file of -o. With -p and -a events go to standard "
	"output and everything else to standard error.";

static const char command_identity[] =
	"COMMAND runs as whoever runs memtrace, as under strace(1), or as the user of --user, and "
	"is traced from its first instruction with all that it creates.";

static const char default_output[] =
	"Unless told otherwise memtrace writes notable lines as they come and a closing report: "
	"how the heap grew, what was mapped and kept, which protections changed, how much is "
	"locked. With -v each call is a line of these columns:";

static const struct item columns[] = {
	{ "TIME", "time of day at which the call returned" },
	{ "PID, TID", "process and thread, as the pid namespace of memtrace has them" },
	{ "COMM", "name of the thread, escaped" },
	{ "EVENT", "name of the system call, or what happened to the process" },
	{ "ADDR", "first address that was acted on" },
	{ "SIZE", "bytes, with K, M, G as powers of 1024; a sign where memory came or went" },
	{ "PROT", "permissions as in /proc/PID/maps, before and after where they changed: "
		  "rw-p>r-xp" },
	{ "REGION", "what the range belongs to, then what is to be said of the call: its flags, "
		    "the error and the limit that was hit, W>X for memory that was writable and "
		    "became executable" },
};

static const char last_line[] =
	"The last line says how far the report can be trusted: calls seen in the kernel, events "
	"lost, maps read again, comparisons with the kernel's own counters that passed and failed, "
	"and the tier, the way in which changes are observed. Calls seen are those delivered and "
	"those lost. Events are lost for one of these causes:";

static const char names_rule[] =
	"Names chosen by programs (COMM, paths, cgroups) are made safe for terminals: control "
	"characters and bytes that are not UTF-8 are written as \\ooo, in octal.";

static const struct item signals[] = {
	{ "SIGUSR1", "writes the map of every traced process now, in the syntax of "
		     "/proc/PID/maps after a line # pid N (COMM) space ID tier TIER "
		     "exact|uncertain, and goes on." },
	{ "SIGINT", "with -p and -a ends tracing, with the closing report. With COMMAND it is "
		    "COMMAND's; the report follows when that ends." },
	{ "SIGTERM", "with -p and -a as SIGINT. With COMMAND it is passed on to it." },
};

static const struct item statuses[] = {
	{ "0", "Success." },
	{ "1", "Output could not be written." },
	{ "2", "The command line is wrong." },
	{ "3", "With --verify: a map differed from /proc/PID/maps. COMMAND's own status is lost "
	       "then." },
	{ "4", "Tracing is not possible: a privilege or something of the kernel is missing, or the "
	       "process does not exist or has no address space. The message says what and how to "
	       "get it." },
	{ "125", "With COMMAND: memtrace itself failed, or cannot trace." },
	{ "126", "COMMAND was found and could not be run." },
	{ "127", "COMMAND was not found." },
	{ "otherwise", "With COMMAND: its exit status, or 128 and the number of the signal that "
		       "killed it." },
};

static const struct item limits[] = {
	{ "exact and uncertain", "A map is called exact when nothing was lost and every call was "
	  "understood. After a lost event, calls of two threads that overlap in time and range, "
	  "or an error that may have changed something, the map is uncertain until it is read "
	  "again; each such reading is counted." },
	{ "what cannot be seen", "System calls of 32-bit programs (int 0x80) and io_uring's own "
	  "madvise have no tracepoint. A driver may map memory with none of the calls traced. "
	  "The growth of a stack is learned when a map is asked for." },
	{ "small leaks", "An allocator serves small blocks from memory that it has. memtrace shows "
	  "who needed more memory from the kernel, which need not be who leaks." },
	{ "its own share", "Unless it was started with another nice value, memtrace runs at nice "
	  "-10 so that it keeps up where all processors are busy; COMMAND does not." },
	{ "slow readers", "A reader that does not keep up costs lines of output, which are "
	  "counted, and never events." },
};

static const struct item files[] = {
	{ "/sys/kernel/btf/vmlinux", "The kernel's types." },
	{ "/sys/kernel/tracing", "tracefs: the tracepoints." },
	{ "/proc/PID/maps",
	  "Read for the base of a process that runs already, but in tier truth for --verify "
	  "alone." },
};

static const struct item environment[] = {
	{ "NO_COLOR", "When set and not empty: no colour. There is none either when output is not "
		      "a terminal." },
	{ "MEMTRACE_BTF",
	  "When set and not empty: a file with the types of this kernel, instead of "
	  "/sys/kernel/btf/vmlinux." },
	{ "MEMTRACE_SELF_TEST",
	  "0: tier truth does not try its reading of maps on memtrace's own map first. For tests "
	  "of memtrace itself." },
	{ "MEMTRACE_DEBUG",
	  "When set and not empty: what libbpf says while it loads the programs, and what the "
	  "kernel's verifier says of one that it refuses, on stderr." },
};

static const struct item examples[] = {
	{ "memtrace -p 1234", "Why does process 1234 grow?" },
	{ "memtrace -v -- gcc -c hello.c", "Each memory call of a compilation and all its parts." },
	{ "memtrace -a -d 10 -e protection", "Ten seconds of protection changes, system-wide." },
	{ "memtrace -e '!madvise,mincore' -z 1M -p 1234", "Calls but these, of 1 MiB or more." },
	{ "memtrace --json -o trace.json -- ./test", "JSON Lines to a file." },
	{ "memtrace maps 1234", "What is mapped now, by kind." },
};

/* man(7) text: - is a minus sign to be copied, \ and a leading . or ' are kept. */
static void print__text(FILE *out, const char *text)
{
	bool first = true;

	for (; *text; text++, first = false) {
		if (first && (*text == '.' || *text == '\''))
			fputs("\\&", out);
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '-')
			fputs("\\-", out);
		else if (*text == '\'')
			fputs("\\(aq", out);
		else if (*text == '^' || *text == '~' || *text == '`')
			fprintf(out, "\\(%s", *text == '^' ? "ha" : *text == '~' ? "ti" : "ga");
		else
			fputc(*text, out);
	}
}

/* One sentence a line, as roff wants it to space sentences. */
static void print__paragraph(FILE *out, const char *text)
{
	while (*text) {
		const char *stop = strstr(text, ". ");
		char line[1024];
		int len = stop ? (int)(stop - text) + 1 : (int)strlen(text);

		snprintf(line, sizeof(line), "%.*s", len, text);
		print__text(out, line);
		fputc('\n', out);
		text += len;
		text += *text == ' ';
	}
}

static void print__font(FILE *out, char font, const char *text)
{
	fprintf(out, "\\f%c", font);
	print__text(out, text);
	fputs("\\fR", out);
}

static void print__item(FILE *out, const char *tag, const char *text)
{
	fputs(".TP\n", out);
	print__font(out, 'B', tag);
	fputc('\n', out);
	print__paragraph(out, text);
}

static void print__items(FILE *out, const char *section, const struct item *items, size_t n)
{
	size_t i;

	if (section)
		fprintf(out, ".SH %s\n", section);
	for (i = 0; i < n; i++)
		print__item(out, items[i].tag, items[i].text);
}
#define PRINT_ITEMS(out, section, items) \
	print__items(out, section, items, sizeof(items) / sizeof((items)[0]))

static void print__synopsis(FILE *out)
{
	size_t i;

	fputs(".SH SYNOPSIS\n.nf\n", out);
	for (i = 0; i < VERB_NR; i++) {
		const struct verb_row *row = verb__row((enum verb)i);
		const char *use = row->use;

		while (!row->hidden && *use) {
			char line[128];
			size_t len = strcspn(use, "\n");

			snprintf(line, sizeof(line), "%.*s", (int)len, use);
			print__font(out, 'B', "memtrace");
			fprintf(out, " %s%s", i == VERB_TRACE ? "" : row->name,
				i == VERB_TRACE ? "" : " ");
			print__text(out, line);
			fputc('\n', out);
			use += len + (use[len] == '\n');
		}
	}
	fputs(".fi\n", out);
}

static void print__verbs(FILE *out)
{
	size_t i;

	fputs(".SS Verbs\n", out);
	for (i = 0; i < VERB_NR; i++) {
		const struct verb_row *row = verb__row((enum verb)i);

		if (!row->hidden)
			print__item(out, row->name, row->text);
	}
}

static void print__options(FILE *out)
{
	const struct option_row *rows;
	const char *group = NULL;
	size_t n, i;

	rows = option_rows(&n);
	fputs(".SH OPTIONS\n", out);
	for (i = 0; i < n; i++) {
		char name[64];

		if (!group || strcmp(group, rows[i].group))
			fprintf(out, ".SS %s\n", rows[i].group);
		group = rows[i].group;
		fputs(".TP\n", out);
		if (rows[i].key < 256) {
			snprintf(name, sizeof(name), "-%c", rows[i].key);
			print__font(out, 'B', name);
			fputs(", ", out);
		}
		snprintf(name, sizeof(name), "--%s", rows[i].name);
		print__font(out, 'B', name);
		if (rows[i].arg) {
			fputs(option_row__equals(&rows[i]), out);
			print__font(out, 'I', rows[i].arg);
		}
		fputc('\n', out);
		print__paragraph(out, rows[i].text);
	}
}

static void print__events(FILE *out)
{
	size_t i;

	fputs(".SS Events of \\-e\nCalls: ", out);
	for (i = MT_CALL_NONE + 1; i < MT_CALL_NR; i++) {
		print__text(out, call__name((enum mt_call_id)i));
		fputs(i + 1 < MT_CALL_NR ? ", " : ".\n", out);
	}
	fputs(".PP\nFindings:\n", out);
#define X(id, name, text) print__item(out, name, text);
	FINDING_KINDS(X)
#undef X
}

static void print__output(FILE *out)
{
	fputs(".SH OUTPUT\n", out);
	print__paragraph(out, default_output);
	PRINT_ITEMS(out, NULL, columns);
	fputs(".PP\n", out);
	print__paragraph(out, last_line);
#define X(id, name, text) print__item(out, #name, text);
	MT_LOSSES(X)
#undef X
	fputs(".PP\n", out);
	print__paragraph(out, names_rule);
	fputs(".SS Kinds of regions\n", out);
#define X(id, name, text) print__item(out, name, text);
	REGION_KINDS(X)
#undef X
}

static void print__json(FILE *out)
{
	enum json_record record = JSON_RECORD_NR;
	const struct json_field *fields;
	char tag[128];
	size_t n, i;

	fields = json_fields(&n);
	fputs(".SH JSON RECORDS\n", out);
	print__paragraph(out, "With --json each line is one record, whose type is the first "
			      "field. Fields are added in later versions and never renamed; "
			      "a reader ignores what it does not know. A field in capitals "
			      "stands for any name of a closed list.");
	for (i = 0; i < n; i++) {
		if (json_field__record((enum json_field_id)i) != record) {
			record = json_field__record((enum json_field_id)i);
			fputs(".SS ", out);
			print__text(out, json_record__name(record));
			fputc('\n', out);
			print__paragraph(out, json_record__text(record));
		}
		snprintf(tag, sizeof(tag), "%s (%s)", fields[i].name,
			 json_type__name(fields[i].type));
		print__item(out, tag, fields[i].text);
	}
}

void docs__man(FILE *out)
{
	fputs(".\\\" SPDX-License-Identifier: GPL-2.0\n"
	      ".\\\" Made by `memtrace docs man` from the tables in the source.\n"
	      ".TH MEMTRACE 1 \"\" \"memtrace " MEMTRACE_VERSION "\" \"User Commands\"\n"
	      ".SH NAME\nmemtrace \\- show how processes use their address space\n", out);
	print__synopsis(out);
	fputs(".SH DESCRIPTION\n", out);
	print__paragraph(out, about);
	fputs(".PP\n", out);
	print__paragraph(out, command_rule);
	fputs(".PP\n", out);
	print__paragraph(out, command_identity);
	print__verbs(out);
	print__options(out);
	print__events(out);
	print__output(out);
	print__json(out);
	PRINT_ITEMS(out, "SIGNALS", signals);
	PRINT_ITEMS(out, "EXIT STATUS", statuses);
	PRINT_ITEMS(out, "LIMITS", limits);
	PRINT_ITEMS(out, "ENVIRONMENT", environment);
	PRINT_ITEMS(out, "FILES", files);
	PRINT_ITEMS(out, "EXAMPLES", examples);
	fputs(".SH SEE ALSO\n.BR strace (1),\n.BR perf (1),\n.BR pmap (1),\n"
	      ".BR proc_pid_maps (5),\n.BR mmap (2)\n", out);
}
