// SPDX-License-Identifier: GPL-2.0
/*
 * memtrace(1) in man(7) macros. Options, verbs, kinds, findings, losses and
 * JSON fields come from their tables; what has no table is written here, in
 * plain text that is escaped like the rest.
 */
#include "cmd.h"

#include <string.h>

#include "output/json_fields.h"
#include "output/top_sites.h"

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

static const char parts_about[] =
	"The closing report, samples (-i) and JSON tell memory by what it is for. That is settled "
	"when it is mapped or becomes accessible, by the call and its stack, the name that the "
	"program gave, the libraries there are, or the shape; where none of these tells it is "
	"anonymous. Of each part: reserved is mapped without access, committed accessible, "
	"returned what calls gave back so far (unmapped, made inaccessible, or advised away and "
	"still committed), and resident what /proc/PID/smaps says is in memory: that is read as a "
	"running process is attached to, at each interval and at the end, while there is time.";

static const char top_about[] =
	"memtrace top shows the processes traced, every one unless -p or another scope is given, "
	"and how their memory changes from interval to interval. On a terminal it takes the "
	"screen, which has to be 80x24 or larger; without one, or with -b, it prints a table for "
	"each interval, after a line that begins with #. It ends after COUNT intervals, if that is "
	"given. The second line of the screen says what was seen and lost. Columns, of which a "
	"narrow screen shows those that it has room for, and always the one sorted by:";

static const struct item top_more[] = {
	{ "HISTORY", "accessible memory over the last intervals, on the screen only: the lowest of "
		     "them at the bottom and the highest at the top, unless they differ by less "
		     "than a 64th." },
};

static const char top_sites_about[] =
	"Sites of a process are who needed memory: the stack of the call that asked for it, where "
	"stacks are taken (-s), else the call, the kind of memory and the name of the thread. "
	"Tables of one process (-b -p PID) are followed by the ten sites that keep most. Columns:";

static const struct item top_keys[] = {
	{ "Enter", "opens a process: its memory by kind; and then the regions of a kind, or the "
		   "stack of a site and the memory that it made." },
	{ "Esc, q", "go back; q in the list of processes ends it." },
	{ "Tab", "of a process: kinds of memory, sites, calls, regions." },
	{ "<, >, s", "sort by another column; s among regions: those that grew first, or by "
		     "address." },
	{ "r", "reverses the order." },
	{ "/", "shows only processes with these characters in their name or pid, or sites with "
	       "them in a function, module or thread." },
	{ "p, space", "holds the screen still; tracing goes on." },
	{ "h, ?", "help." },
};

static const char exports_about[] =
	"At the end --folded and --pprof write what the closing report sums up: for each process "
	"the bytes that were made accessible for it and, of these, those that are kept, by the "
	"stack of the call that asked for them. A sampled stack stands for the calls that were "
	"not. What has no stack stands under the name of its call, [mmap]; what had no room under "
	"[others]; the frames that are missing of a stack under [cut]. All numbers together are "
	"those of sites_sum in the record summary. A process counts with the program that it ran "
	"last. The files are made beside FILE when tracing begins and get their names when they "
	"are whole; a device, a pipe or a link is written to as it is.";

static const struct item exports_items[] = {
	{ "--folded",
	  "A line for each stack: the process as COMM-PID, the frames from the outermost to the "
	  "innermost with ; between them, a blank and the bytes. FILE has the bytes asked for, "
	  "FILE.kept those kept; if FILE is a pipe or a device, there are the first alone. In "
	  "names ; is :, and a blank before a number at the end is _." },
	{ "--pprof",
	  "profile.proto, compressed, with the values alloc_space, alloc_objects (calls) and "
	  "inuse_space (kept) and the labels pid, comm and, without a stack, kind and thread. Each "
	  "file is mapped once, whatever processes had it, at an address of its own: address less "
	  "memory_start is the offset in the file." },
};

static const struct item signals[] = {
	{ "SIGUSR1", "writes the map of every traced process now, in the syntax of "
		     "/proc/PID/maps after a line # pid N (COMM) space ID tier TIER "
		     "exact|uncertain, and goes on. With --history who made a region follows "
		     "it." },
	{ "SIGINT", "with -p and -a ends tracing, with the closing report. With COMMAND it is "
		    "COMMAND's; the report follows when that ends." },
	{ "SIGTERM", "with -p and -a as SIGINT. With COMMAND it is passed on to it." },
};

static const struct item statuses[] = {
	{ "0", "Success." },
	{ "1", "Output, or a file of --folded or --pprof, could not be written." },
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

static const struct item suspicions[] = {
	{ "leak",
	  "Bytes that are kept (accessible, and not given back with madvise(2)) are "
	  "sampled each second, by site: who needed them. What rises in 8 samples or "
	  "more, over 10 seconds or more, is told: the test is that of Mann and Kendall, "
	  "the rate the median of all slopes (Sen); and it must have risen of late, again "
	  "and again, without having fallen by more than an eighth of that. Where no one "
	  "site rises and all that is kept does, that is told after a minute. It is told "
	  "again when confidence has grown or the bytes have doubled; the closing report "
	  "withdraws what has stopped to rise." },
	{ "stack",
	  "Stacks of threads that have ended are mapped yet, more than the 40 MiB that "
	  "glibc keeps for new threads: those of threads that nobody joined. Stacks that "
	  "a program makes itself are not told." },
	{ "deleted",
	  "A file that is mapped was deleted or replaced: a program or library is a "
	  "warning. Looked for at the start, then more and more seldom, up to each 10 "
	  "seconds. Memory that is called like a file (memfd, /dev/zero, SysV) is none." },
	{ "free",
	  "The program has freed memory, and glibc's malloc(3) keeps it: at least 1 MiB and a "
	  "quarter of its heaps, and again when that is twice as much. Told from the headers of "
	  "the chunks in the heaps themselves, when a running process is attached to, at each "
	  "interval and at the end, of the processes of -p and COMMAND. Only what is in memory, "
	  "or swapped out, is kept; chunks in tcache and fastbins look used, so that it is a "
	  "lower bound. What keeps the break or an arena from shrinking are the used chunks "
	  "above the largest free run. Whole pages of it malloc_trim(3) would return." },
	{ "near",
	  "80% and 95% of vm.max_map_count, RLIMIT_MEMLOCK, RLIMIT_DATA, and of the "
	  "cgroup's memory.max (what cannot be dropped of it: anonymous and shared "
	  "memory), with the time that is left at the rate of the last 10 to 20 seconds." },
};

static const char suspicions_limits[] =
	"A cache that fills at an even rate for longer than 10 seconds cannot be told from a "
	"leak until it is full. Confidence is low from 10 seconds on, medium after a minute "
	"and high after ten, if it rose in each quarter of that time and hardly ever fell. "
	"Who needed memory need not be who leaks it. Memory that a program has freed and its "
	"allocator keeps is told of glibc's malloc(3) alone: what others keep only they know. "
	"Of a process at most 256 MiB of chunks are read, in 50 milliseconds at most; heaps whose "
	"chunks do not follow each other to their end, because they are no chunks of malloc's or "
	"changed while they were read, are left out, and so is what was swapped out. Nothing is "
	"told of 32-bit programs, nor of a process that ended unless --interval saw it before.";

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
	{ "/proc/PID/limits, /proc/PID/status",
	  "Read of a process that locks 64 KiB or more, or has 16 MiB or more of writable memory, "
	  "and again when that has doubled: to tell of limits that come near." },
	{ "/proc/PID/map_files, /proc/PID/root",
	  "Whether a file that is mapped is there still: by map_files, which is kept open to "
	  "memtrace with stacks alone (CAP_CHECKPOINT_RESTORE), else by its name and inode." },
	{ "/proc/PID/cgroup, memory.max, memory.stat",
	  "Of processes with 16 MiB or more of accessible memory: how near their cgroup is to its "
	  "limit (cgroup v1: memory.limit_in_bytes)." },
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
	{ "memtrace --folded mem -p 1234", "For flamegraph.pl mem.kept > kept.svg." },
	{ "memtrace --pprof mem.pb.gz -- ./server", "For go tool pprof -top mem.pb.gz." },
	{ "memtrace top", "Which processes grow, and what of them." },
	{ "memtrace top -b -i 10 6 --sort calls", "A minute in six tables." },
	{ "memtrace maps 1234", "What is mapped now, by kind." },
	{ "memtrace maps --history -d 10 1234", "And who made or changed what in ten seconds." },
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
	fputs(".SS Parts of memory\n", out);
	print__paragraph(out, parts_about);
#define X(id, name, text) print__item(out, name, text);
	HEAP_PARTS(X)
#undef X
}

static void print__top(FILE *out)
{
	fputs(".SH TOP\n", out);
	print__paragraph(out, top_about);
#define X(id, key, heading, width, rank, text) print__item(out, heading, text ".");
	TOP_COLUMNS(X)
#undef X
	PRINT_ITEMS(out, NULL, top_more);
	print__paragraph(out, top_sites_about);
#define X(id, heading, width, text) print__item(out, heading, text ".");
	TOP_SITE_COLUMNS(X)
#undef X
	fputs(".PP\nKeys:\n", out);
	PRINT_ITEMS(out, NULL, top_keys);
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
	print__top(out);
	PRINT_ITEMS(out, "SUSPICIONS", suspicions);
	fputs(".PP\n", out);
	print__paragraph(out, suspicions_limits);
	fputs(".SH EXPORTS\n", out);
	print__paragraph(out, exports_about);
	PRINT_ITEMS(out, NULL, exports_items);
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
