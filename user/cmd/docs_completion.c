// SPDX-License-Identifier: GPL-2.0
/*
 * Completion for bash, made from the tables of options.c. Owns the shell code;
 * knows options by their kind only. The script needs nothing but bash.
 */
#include "cmd.h"

#include <string.h>

/* Shell words that complete a value of a kind; NULL: nothing does. */
static const char *kind__action(enum option_kind kind)
{
	static const char *const actions[OPTION_KIND_NR] = {
		[OPTION_FILE] = "compgen -f -- \"$cur\"",
		[OPTION_ALLOW_FILE] = "compgen -f -- \"$cur\"",
		[OPTION_ALLOW] = "compgen -W 'path: comm: class: stack:' -- \"$cur\"",
		[OPTION_CGROUP] = "_memtrace_cgroups \"$cur\"",
		[OPTION_COMM] = "compgen -W \"$(ps -eo comm= 2>/dev/null)\" -- \"$cur\"",
		[OPTION_USER] = "compgen -u -- \"$cur\"",
		[OPTION_UID] = "compgen -u -- \"$cur\"",
		[OPTION_PIDS] = "_memtrace_list \"$(_memtrace_pids)\" \"$cur\"",
		[OPTION_EVENTS] = "_memtrace_list \"$events\" \"$cur\"",
		[OPTION_STACKS] = "compgen -W \"$stacks\" -- \"$cur\"",
		[OPTION_TIER] = "compgen -W \"$tiers\" -- \"$cur\"",
		[OPTION_SORT] = "compgen -W \"$columns\" -- \"$cur\"",
	};

	return actions[kind];
}

static void print__names(FILE *out)
{
	size_t i;

	fputs("\tlocal events='", out);
	for (i = MT_CALL_NONE + 1; i < MT_CALL_NR; i++)
		fprintf(out, "%s ", call__name((enum mt_call_id)i));
	for (i = 0; i < FINDING_NR; i++)
		fprintf(out, "%s%s", i ? " " : "", finding_kind__name((enum finding_kind)i));
	fputs("'\n\tlocal stacks='", out);
	for (i = 0; i < STACKS_NR; i++)
		fprintf(out, "%s%s", i ? " " : "", stacks_mode__name((enum stacks_mode)i));
	fputs("'\n\tlocal tiers='", out);
	for (i = 0; i < TIER_NR; i++)
		fprintf(out, "%s ", tier__name((enum tier)i));
	fputs(TIER_CHOICE_AUTO, out);
	fputs("'\n\tlocal columns='", out);
	for (i = 0; i < TOP_COLUMN_NR; i++)
		fprintf(out, "%s%s", i ? " " : "", top_column__row((enum top_column)i)->key);
	fputs("'\n\tlocal verbs='", out);
	for (i = 0; i < VERB_NR; i++) {
		if (!verb__row((enum verb)i)->hidden)
			fprintf(out, "%s%s", i ? " " : "", verb__row((enum verb)i)->name);
	}
	fputs("'\n", out);
}

/* The words that a verb takes as options; what: 'all', or only those with a value. */
static void print__options(FILE *out, enum verb verb, bool with_value)
{
	const struct option_row *rows;
	const char *separator = "";
	size_t n, i;

	rows = option_rows(&n);
	for (i = 0; i < n; i++) {
		bool value = rows[i].arg && !option_row__optional(&rows[i]);

		if (!(rows[i].verbs & 1u << verb) || (with_value && !value))
			continue;
		fprintf(out, "%s--%s", separator, rows[i].name);
		separator = with_value ? "|" : " ";
		if (rows[i].key < 256)
			fprintf(out, "%s-%c", separator, rows[i].key);
	}
}

static void print__verb_cases(FILE *out)
{
	size_t i;

	fputs("\tcase $verb in\n", out);
	for (i = 0; i < VERB_NR; i++) {
		fprintf(out, "\t%s) options='", verb__row((enum verb)i)->name);
		print__options(out, (enum verb)i, false);
		fputs("' ;;\n", out);
	}
	fputs("\tesac\n", out);
}

static void print__value_cases(FILE *out)
{
	const struct option_row *rows;
	size_t n, i;

	rows = option_rows(&n);
	fputs("\tcase $prev in\n", out);
	for (i = 0; i < n; i++) {
		const char *action = kind__action(rows[i].kind);

		if (!rows[i].arg || option_row__optional(&rows[i]))
			continue;
		fprintf(out, "\t--%s", rows[i].name);
		if (rows[i].key < 256)
			fprintf(out, "|-%c", rows[i].key);
		if (action)
			fprintf(out, ") mapfile -t COMPREPLY < <(%s) ;;\n", action);
		else
			fputs(") ;;\n", out);
	}
	fputs("\t*) value= ;;\n\tesac\n", out);
}

static const char helpers[] =
	"# bash completion for memtrace; made by `memtrace docs bash-completion`\n"
	"_memtrace_pids()\n"
	"{\n"
	"\tlocal dir\n"
	"\tfor dir in /proc/[0-9]*; do printf '%s ' \"${dir##*/}\"; done\n"
	"}\n"
	"\n"
	"# The last item of a list with commas: words, what is typed.\n"
	"_memtrace_list()\n"
	"{\n"
	"\tlocal before='' last=$2\n"
	"\tcase $2 in\n"
	"\t*,*) before=${2%,*}, last=${2##*,} ;;\n"
	"\t'!'*) before='!' last=${2#!} ;;\n"
	"\tesac\n"
	"\tcompgen -P \"$before\" -W \"$1\" -- \"$last\"\n"
	"}\n"
	"\n"
	"_memtrace_cgroups()\n"
	"{\n"
	"\tcompgen -d -- \"$1\"\n"
	"\t(cd /sys/fs/cgroup 2>/dev/null && compgen -d -- \"$1\")\n"
	"}\n"
	"\n";

static const char begin[] =
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	"\tlocal verb=trace options='' value=1 i=1 word\n"
	"\tCOMPREPLY=()\n"
	"\t# Bash splits --name=value into three words.\n"
	"\tif [[ $cur == = ]]; then\n"
	"\t\tcur=\n"
	"\telif [[ $prev == = ]]; then\n"
	"\t\tprev=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"\tfi\n"
	"\tif ((COMP_CWORD > 1)) && [[ \" $verbs docs \" == *\" ${COMP_WORDS[1]} \"* ]]; then\n"
	"\t\tverb=${COMP_WORDS[1]}\n"
	"\t\ti=2\n"
	"\tfi\n";

/* Where COMMAND begins, bash-completion knows how to complete the rest. */
static const char command_before[] =
	"\tif [[ $verb == trace ]]; then\n"
	"\t\twhile ((i < COMP_CWORD)); do\n"
	"\t\t\tword=${COMP_WORDS[i]}\n"
	"\t\t\tcase $word in\n"
	"\t\t\t--) ((i++)); break ;;\n"
	"\t\t\t";
static const char command_after[] =
	") ((i++)); [[ ${COMP_WORDS[i]} == = ]] && ((i++)) ;;\n"
	"\t\t\t-*) ;;\n"
	"\t\t\t*) break ;;\n"
	"\t\t\tesac\n"
	"\t\t\t((i++))\n"
	"\t\tdone\n"
	"\t\tif ((i < COMP_CWORD)) || [[ ${COMP_WORDS[i - 1]} == -- ]]; then\n"
	"\t\t\tif declare -F _command_offset >/dev/null; then\n"
	"\t\t\t\t_command_offset \"$i\"\n"
	"\t\t\telif ((i == COMP_CWORD)); then\n"
	"\t\t\t\tmapfile -t COMPREPLY < <(compgen -c -- \"$cur\")\n"
	"\t\t\telse\n"
	"\t\t\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	"\t\t\tfi\n"
	"\t\t\treturn\n"
	"\t\tfi\n"
	"\tfi\n";

static const char end[] =
	"\t[[ $value ]] && return\n"
	"\tif [[ $cur == -* ]]; then\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\")\n"
	"\telif ((COMP_CWORD == 1)); then\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \"$verbs\" -c -- \"$cur\")\n"
	"\telif [[ $verb == maps ]]; then\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \"$(_memtrace_pids)\" -- \"$cur\")\n"
	"\telif [[ $verb == docs ]]; then\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W 'man bash-completion options' -- \"$cur\")\n"
	"\telif [[ $verb == trace ]]; then\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -c -- \"$cur\")\n"
	"\tfi\n"
	"}\n"
	"complete -o bashdefault -F _memtrace memtrace\n";

void docs__bash_completion(FILE *out)
{
	fputs(helpers, out);
	fputs("_memtrace()\n{\n", out);
	print__names(out);
	fputs(begin, out);
	print__verb_cases(out);
	fputs(command_before, out);
	print__options(out, VERB_TRACE, true);
	fputs(command_after, out);
	print__value_cases(out);
	fputs(end, out);
}
