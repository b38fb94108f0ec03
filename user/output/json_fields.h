/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every field of every JSON record, once: the writer can emit nothing else
 * (json_writer.h takes only these ids), and the man page is made from it.
 * Fields are added, never renamed.
 */
#ifndef MEMTRACE_OUTPUT_JSON_FIELDS_H
#define MEMTRACE_OUTPUT_JSON_FIELDS_H

#include <stddef.h>
#include "call_text.h"

enum json_field_type {
	JSON_STRING,
	JSON_INTEGER,
	JSON_BOOLEAN,
	JSON_HEX,     /* a string: "0x7f3c50021000" */
	JSON_DECIMAL, /* a string: may exceed 2^53 */
	JSON_OBJECT,
	JSON_ARRAY, /* of objects */
};

/* Records, and objects that are part of them. */
#define JSON_RECORDS(X)                                                        \
	X(start, "first")                                                      \
	X(process, "a process was found, forked, executed a program or ended") \
	X(call, "a memory system call (-v)")                                   \
	X(frame, "object: one of call.stack, finding.stack")                   \
	X(change, "what a call, or anything else, changed (-v)")               \
	X(finding, "something worth telling")                                  \
	X(map, "the regions of a space (SIGUSR1)")                             \
	X(region, "object: one of map.regions")                                \
	X(history, "object: one of region.history")                            \
	X(origin, "object: history.created, one of history.changed")           \
	X(state, "a map became uncertain or exact")                            \
	X(lost, "events were lost")                                            \
	X(audit, "a map was found to be wrong")                                \
	X(sample, "what the memory of a process is for (--interval)")          \
	X(summary, "last")                                                     \
	X(causes, "object: summary.lost_by_cause")                             \
	X(process_sum, "object: one of summary.processes")                     \
	X(other_sum, "object: summary.other, all other processes together")    \
	X(usage, "object: at_start, peak, at_end, in bytes")                   \
	X(kinds, "object: usage.kinds")                                        \
	X(calls, "object: calls of a process")                                 \
	X(call_sum, "object: one of calls")                                    \
	X(protection_counts, "object: protection_classes of a process")        \
	X(allow_sum, "object: one of summary.allowed")                         \
	X(finding_counts, "object: findings of a process")                     \
	X(site, "object: one of process_sum.sites")                            \
	X(leak, "object: one of process_sum.leaks")                            \
	X(deleted_file, "object: one of process_sum.deleted")                 \
	X(malloc_heaps, "object: malloc of a process, a sample, a finding; in bytes") \
	X(parts, "object: what memory is for, at one moment")                  \
	X(part, "object: one of parts, in bytes")                              \
	X(committed, "object: heap_at_peak, in bytes")                    \
	X(sites_sum, "object: sites_sum of a process, and of other_sum")

enum json_record {
#define X(record, text) JSON_RECORD_##record,
	JSON_RECORDS(X)
#undef X
		JSON_RECORD_NR
};

/* The arguments of calls are named in call_text.h. X is whatever JSON_FIELDS is given. */
#define JSON_ARG_HEX JSON_HEX
#define JSON_ARG_INT JSON_INTEGER
#define JSON_ARG_NAMES JSON_STRING
#define JSON_CALL_ARG(field, type, text) X(call, field, JSON_##type, text)

/*
 * X(record, field, type, text). A field in capitals stands for any of a closed
 * list: KIND a kind of region, CALL a call, CAUSE a cause of loss, FINDING a
 * kind of finding, CLASS a class of changes of protection, PART what memory is for.
 * The macro given to JSON_FIELDS must be called X.
 */
#define JSON_FIELDS(X)                                                                            \
	X(start, type, JSON_STRING, "\"start\"")                                                  \
	X(start, ts, JSON_INTEGER, "0: ns since start, as in every record")                       \
	X(start, schema, JSON_INTEGER, "1")                                                       \
	X(start, version, JSON_STRING, "of memtrace")                                             \
	X(start, time, JSON_STRING, "wall clock at the start, RFC 3339, UTC")                     \
	X(start, wall_ns, JSON_DECIMAL, "the same, ns since the epoch")                           \
	X(start, mono_ns, JSON_DECIMAL, "the same on CLOCK_MONOTONIC")                            \
	X(start, boot_id, JSON_STRING, "/proc/sys/kernel/random/boot_id")                         \
	X(start, tier, JSON_STRING, "truth, ordered or calls")                                    \
	X(start, kernel, JSON_STRING, "release of the kernel")                                    \
	X(start, command, JSON_STRING, "command line of memtrace")                                \
	X(process, type, JSON_STRING, "\"process\"")                                              \
	X(process, ts, JSON_INTEGER, "ns since start")                                            \
	X(process, pid, JSON_INTEGER, "process")                                                  \
	X(process, ppid, JSON_INTEGER, "its parent; 0 if it is not known")                        \
	X(process, comm, JSON_STRING, "its name, escaped")                                        \
	X(process, event, JSON_STRING, "found, fork, exec or exit")                               \
	X(process, space, JSON_DECIMAL, "its address space, never reused")                        \
	X(process, status, JSON_INTEGER, "exit: exit status; absent if it was killed")            \
	X(process, signal, JSON_STRING, "exit: the signal that killed it")                        \
	X(process, core, JSON_BOOLEAN, "exit: killed, with a core dump")                          \
	X(call, type, JSON_STRING, "\"call\"")                                                    \
	X(call, ts, JSON_INTEGER, "ns since start, when it returned")                             \
	X(call, pid, JSON_INTEGER, "process")                                                     \
	X(call, tid, JSON_INTEGER, "thread")                                                      \
	X(call, comm, JSON_STRING, "name of the thread, escaped")                                 \
	X(call, call, JSON_STRING, "name of the system call")                                     \
	CALL_ARG_FIELDS(JSON_CALL_ARG)                                                            \
	X(call, name, JSON_STRING, "PR_SET_VMA_ANON_NAME: the name, escaped; \"\" takes it off")  \
	X(call, ret, JSON_INTEGER, "result, if it is a number")                                   \
	X(call, ret_addr, JSON_HEX, "result, if it is an address")                                \
	X(call, error, JSON_STRING, "name of the error; then ret is absent")                      \
	X(call, limit, JSON_STRING, "the limit that was hit: RLIMIT_AS, vm.max_map_count, ...")   \
	X(call, limit_value, JSON_DECIMAL, "its value: bytes, or regions")                        \
	X(call, duration_ns, JSON_INTEGER, "absent when it began before tracing did")             \
	X(call, space, JSON_DECIMAL, "the address space acted on")                                \
	X(call, caller_space, JSON_DECIMAL, "that of the caller, when it is another one")         \
	X(call, region, JSON_STRING, "name of the region acted on, escaped")                      \
	X(call, region_kind, JSON_STRING, "its kind")                                             \
	X(call, stack, JSON_ARRAY, "frame: innermost first; absent: not sampled")                 \
	X(call, stack_cut, JSON_BOOLEAN, "true: the outermost frames are not known; else absent") \
	X(call, for_bytes, JSON_INTEGER,                                                          \
	  "sampled: of the bytes asked for by such calls, those that it stands for")              \
	X(call, for_calls, JSON_INTEGER, "and in how many calls, this included")                  \
	X(frame, function, JSON_STRING, "demangled, escaped; \"\": not known")                    \
	X(frame, module, JSON_STRING, "as maps name it, escaped; \"\": generated code")           \
	X(frame, offset, JSON_HEX, "in the module's file; without a module the address")          \
	X(frame, build_id, JSON_STRING, "of the module; absent: it has none")                     \
	X(change, type, JSON_STRING, "\"change\"")                                                \
	X(change, ts, JSON_INTEGER, "ns since start")                                             \
	X(change, pid, JSON_INTEGER, "process that made the call")                                \
	X(change, tid, JSON_INTEGER, "thread that made the call")                                 \
	X(change, space, JSON_DECIMAL, "the space that changed")                                  \
	X(change, comm, JSON_STRING, "its name, escaped")                                         \
	X(change, call, JSON_STRING,                                                              \
	  "the call; or fork, syscall, compat, fault, io_uring, kernel, other")                   \
	X(change, nr, JSON_INTEGER, "syscall: the number of the system call; else absent")        \
	X(change, start, JSON_HEX, "first address acted on")                                      \
	X(change, end, JSON_HEX, "first address after it")                                        \
	X(change, old_perms, JSON_STRING, "rwxp of its first region before; absent: none")        \
	X(change, new_perms, JSON_STRING, "rwxp of its first region after; absent: none")         \
	X(change, mixed, JSON_BOOLEAN, "there were regions with other permissions before")        \
	X(change, mapped, JSON_INTEGER, "bytes newly mapped")                                     \
	X(change, unmapped, JSON_INTEGER, "bytes no longer mapped, or mapped over")               \
	X(change, committed, JSON_INTEGER, "bytes that became accessible")                        \
	X(change, uncommitted, JSON_INTEGER, "bytes that are no longer accessible")               \
	X(change, moved_from, JSON_HEX, "mremap: where it was before; absent: not moved")         \
	X(change, exact, JSON_BOOLEAN, "false: it may have changed otherwise")                    \
	X(change, why, JSON_STRING, "exact is false: why")                                        \
	X(finding, type, JSON_STRING, "\"finding\"")                                              \
	X(finding, ts, JSON_INTEGER, "ns since start")                                            \
	X(finding, pid, JSON_INTEGER, "process")                                                  \
	X(finding, tid, JSON_INTEGER, "thread; 0: none in particular")                            \
	X(finding, comm, JSON_STRING, "name of the process, escaped")                             \
	X(finding, space, JSON_DECIMAL, "its address space")                                      \
	X(finding, kind, JSON_STRING,                                                             \
	  "growth, protection, limit, failure, locked, near, leak, stack, deleted or free")       \
	X(finding, call, JSON_STRING, "the call that caused it; absent: none in particular")      \
	X(finding, severity, JSON_STRING, "info, warning or critical")                            \
	X(finding, class, JSON_STRING, "protection: W+X, W>X, X>W, stack-exec or heap-exec")      \
	X(finding, count, JSON_INTEGER, "protection: how often so far at this place")             \
	X(finding, start, JSON_HEX, "first address concerned; absent: none")                      \
	X(finding, end, JSON_HEX, "first address after it")                                       \
	X(finding, bytes, JSON_INTEGER, "how much grew, failed or was locked")                    \
	X(finding, old_perms, JSON_STRING, "protection: rwxp before")                             \
	X(finding, new_perms, JSON_STRING, "protection: rwxp after")                              \
	X(finding, error, JSON_STRING, "failure, limit: name of the error")                       \
	X(finding, limit, JSON_STRING, "limit: which")                                            \
	X(finding, limit_value, JSON_DECIMAL, "its value: bytes, or regions")                     \
	X(finding, region, JSON_STRING, "name of the region, escaped")                            \
	X(finding, region_kind, JSON_STRING, "its kind")                                          \
	X(finding, text, JSON_STRING, "one plain sentence")                                       \
	X(finding, stack, JSON_ARRAY,                                                             \
	  "frame: of the call, or the site; absent: not sampled")                                 \
	X(finding, left_ns, JSON_INTEGER,                                                         \
	  "near: until it is reached at the rate of now; absent: never")                          \
	X(finding, who, JSON_STRING, "leak: who needed the memory; absent: no one site")          \
	X(finding, confidence, JSON_STRING, "leak: low, medium or high")                          \
	X(finding, bytes_per_hour, JSON_INTEGER, "leak: how fast it rises")                       \
	X(finding, samples, JSON_INTEGER, "leak: that tell so")                                   \
	X(finding, first_ts, JSON_INTEGER, "leak: ns since start, of the first of them")          \
	X(finding, last_ts, JSON_INTEGER, "of the last")                                          \
	X(finding, from, JSON_INTEGER, "leak: bytes kept in the first of them")                   \
	X(finding, kept, JSON_INTEGER, "in the last")                                             \
	X(finding, malloc, JSON_OBJECT, "malloc_heaps: of free")                                  \
	X(map, type, JSON_STRING, "\"map\"")                                                      \
	X(map, ts, JSON_INTEGER, "ns since start")                                                \
	X(map, pid, JSON_INTEGER, "process")                                                      \
	X(map, comm, JSON_STRING, "its name, escaped")                                            \
	X(map, space, JSON_DECIMAL, "its address space")                                          \
	X(map, tier, JSON_STRING, "truth, ordered or calls")                                      \
	X(map, exact, JSON_BOOLEAN, "false: the map is uncertain")                                \
	X(map, why, JSON_STRING, "exact is false: why")                                           \
	X(map, regions, JSON_ARRAY, "region")                                                     \
	X(region, start, JSON_HEX, "first address")                                               \
	X(region, end, JSON_HEX, "first address after it")                                        \
	X(region, perms, JSON_STRING, "rwxp or rwxs")                                             \
	X(region, offset, JSON_HEX, "into the file, in bytes")                                    \
	X(region, dev, JSON_STRING, "device of the file, major:minor in hex")                     \
	X(region, inode, JSON_DECIMAL, "inode of the file; \"0\": none")                          \
	X(region, path, JSON_STRING, "as in /proc/PID/maps, escaped")                             \
	X(region, kind, JSON_STRING, "what it is for")                                            \
	X(region, locked, JSON_BOOLEAN, "true: locked in memory; else absent")                    \
	X(region, history, JSON_ARRAY, "history: of each part; absent: nothing is known")         \
	X(region, history_left, JSON_INTEGER, "parts that are not told; absent: none")            \
	X(history, start, JSON_HEX, "first address of the part")                                  \
	X(history, end, JSON_HEX, "first address after it")                                       \
	X(history, created, JSON_OBJECT, "origin: who made it")                                   \
	X(history, changed, JSON_ARRAY, "origin: who changed it, the newest first, at most 4")    \
	X(origin, call, JSON_STRING,                                                              \
	  "as change.call; or found (there when tracing began), exec, unseen, others")            \
	X(origin, nr, JSON_INTEGER, "syscall: the number of the system call; else absent")        \
	X(origin, prot, JSON_STRING, "rwx as it made them")                                       \
	X(origin, returned, JSON_BOOLEAN, "true: it gave pages back; else absent")                \
	X(origin, first_ts, JSON_INTEGER, "ns since start; of count calls the first")             \
	X(origin, last_ts, JSON_INTEGER, "of the last")                                           \
	X(origin, count, JSON_INTEGER, "calls of that thread, stack and result, this included")   \
	X(origin, tid, JSON_INTEGER, "thread; absent: none")                                      \
	X(origin, comm, JSON_STRING, "name of the thread, escaped")                               \
	X(origin, who, JSON_STRING, "the frames that tell most; absent: no stack")                \
	X(origin, stack, JSON_ARRAY, "frame: with --history and -v")                              \
	X(state, type, JSON_STRING, "\"state\"")                                                  \
	X(state, ts, JSON_INTEGER, "ns since start")                                              \
	X(state, pid, JSON_INTEGER, "a process that has the space")                               \
	X(state, space, JSON_DECIMAL, "the address space")                                        \
	X(state, exact, JSON_BOOLEAN, "true: the map is exact from now on")                       \
	X(state, why, JSON_STRING, "why it became so")                                            \
	X(state, sections, JSON_INTEGER, "exact: write sections since it was not")                \
	X(lost, type, JSON_STRING, "\"lost\"")                                                    \
	X(lost, ts, JSON_INTEGER, "ns since start")                                               \
	X(lost, pid, JSON_INTEGER, "a process that has the space")                                \
	X(lost, space, JSON_DECIMAL, "the address space")                                         \
	X(lost, count, JSON_INTEGER, "events lost since the last such record")                    \
	X(audit, type, JSON_STRING, "\"audit\"")                                                  \
	X(audit, ts, JSON_INTEGER, "ns since start")                                              \
	X(audit, pid, JSON_INTEGER, "a process that has the space")                               \
	X(audit, space, JSON_DECIMAL, "the address space")                                        \
	X(audit, why, JSON_STRING, "what it contradicts")                                         \
	X(audit, expected, JSON_STRING, "--verify: a line of /proc/PID/maps")                     \
	X(audit, got, JSON_STRING, "--verify: what the map has instead")                          \
	X(sample, type, JSON_STRING, "\"sample\"")                                                \
	X(sample, ts, JSON_INTEGER, "ns since start")                                             \
	X(sample, pid, JSON_INTEGER, "process")                                                   \
	X(sample, comm, JSON_STRING, "its name, escaped")                                         \
	X(sample, space, JSON_DECIMAL, "its address space")                                       \
	X(sample, exact, JSON_BOOLEAN, "false: its map is uncertain, and so are these")           \
	X(sample, reserved, JSON_INTEGER, "bytes mapped without access")                          \
	X(sample, committed, JSON_INTEGER, "bytes that are accessible")                           \
	X(sample, returned, JSON_INTEGER, "bytes that calls gave back so far")                    \
	X(sample, resident, JSON_INTEGER, "bytes in memory, by smaps; absent: it was not read")   \
	X(sample, parts, JSON_OBJECT, "parts: those of which there is anything")                  \
	X(sample, allocators, JSON_STRING, "other allocators that were found; absent: none")      \
	X(sample, malloc, JSON_OBJECT, "malloc_heaps; absent: as there, or there was no time")    \
	X(summary, type, JSON_STRING, "\"summary\"")                                              \
	X(summary, ts, JSON_INTEGER, "ns since start")                                            \
	X(summary, tier, JSON_STRING, "truth, ordered or calls")                                  \
	X(summary, duration_ns, JSON_INTEGER, "how long was traced")                              \
	X(summary, seen, JSON_INTEGER, "calls counted in the kernel: delivered + lost")           \
	X(summary, delivered, JSON_INTEGER, "calls that reached memtrace")                        \
	X(summary, lost, JSON_INTEGER, "calls that did not")                                      \
	X(summary, lost_by_cause, JSON_OBJECT, "causes")                                          \
	X(summary, lives_seen, JSON_INTEGER, "forks, execs, exits, walks: counted in the kernel") \
	X(summary, lives_lost, JSON_INTEGER, "those that did not reach memtrace")                 \
	X(summary, sections_seen, JSON_INTEGER, "write sections, counted in the kernel")          \
	X(summary, sections_delivered, JSON_INTEGER, "those that reached memtrace")               \
	X(summary, sections_lost, JSON_INTEGER, "those that did not")                             \
	X(summary, sections_missing, JSON_INTEGER, "noticed to be missing by number")             \
	X(summary, not_traced, JSON_INTEGER, "spaces and threads left untraced")                  \
	X(summary, lines_dropped, JSON_INTEGER, "records not written, the reader being too slow") \
	X(summary, stacks_why_not, JSON_STRING, "stacks cannot be taken, and why; else absent")   \
	X(summary, stacks_asked, JSON_INTEGER,                                                    \
	  "with stacks: calls that asked for memory and got it")                                  \
	X(summary, stacks_unwound, JSON_INTEGER, "those whose stack is told")                     \
	X(summary, stacks_cut, JSON_INTEGER, "of them, not up to the outermost frame")            \
	X(summary, stacks_lost, JSON_INTEGER, "those whose stack was to be told, but was lost")   \
	X(summary, stacks_bytes_asked, JSON_INTEGER, "bytes that all of them asked for")          \
	X(summary, stacks_bytes_taken, JSON_INTEGER, "bytes that the sampled ones asked for")     \
	X(summary, stack_ns, JSON_INTEGER, "that unwinding one took on average")                  \
	X(summary, resyncs, JSON_INTEGER, "maps read again")                                      \
	X(summary, bases, JSON_INTEGER, "maps read for the first time")                           \
	X(summary, audits, JSON_INTEGER, "comparisons of a map with what the kernel counts")      \
	X(summary, audit_failures, JSON_INTEGER, "those that differed")                           \
	X(summary, verified, JSON_INTEGER, "maps compared with /proc/PID/maps (--verify)")        \
	X(summary, differences, JSON_INTEGER, "those that differed")                              \
	X(summary, conflicts, JSON_INTEGER, "calls that overlapped in time and range")            \
	X(summary, uncertain, JSON_INTEGER, "live spaces whose map is uncertain at the end")      \
	X(summary, processes_seen, JSON_INTEGER, "processes, all in all")                         \
	X(summary, spaces_seen, JSON_INTEGER, "address spaces, all in all")                       \
	X(summary, threads_seen, JSON_INTEGER, "threads, all in all")                             \
	X(summary, allowed, JSON_ARRAY, "allow_sum: the rules of --allow, in their order")        \
	X(summary, processes, JSON_ARRAY, "process_sum: the 1,000 that grew most, largest first") \
	X(summary, other, JSON_OBJECT, "other_sum: all the others")                               \
	X(causes, CAUSE, JSON_INTEGER, "calls lost by that cause")                                \
	X(process_sum, pid, JSON_INTEGER, "process")                                              \
	X(process_sum, ppid, JSON_INTEGER, "its parent; 0 if it is not known")                    \
	X(process_sum, comm, JSON_STRING, "its last name, escaped")                               \
	X(process_sum, ended, JSON_BOOLEAN, "it ended")                                           \
	X(process_sum, status, JSON_INTEGER, "its exit status; absent: it runs or was killed")    \
	X(process_sum, signal, JSON_STRING, "the signal that killed it")                          \
	X(process_sum, growth, JSON_INTEGER, "accessible bytes, end less start")                  \
	X(process_sum, at_start, JSON_OBJECT, "usage")                                            \
	X(process_sum, peak, JSON_OBJECT, "usage: the most of each, not all at one moment")       \
	X(process_sum, at_end, JSON_OBJECT, "usage")                                              \
	X(process_sum, heap_at_start, JSON_OBJECT, "parts")                                       \
	X(process_sum, heap_at_peak, JSON_OBJECT, "committed: when most of all together was")     \
	X(process_sum, heap_at_end, JSON_OBJECT, "parts")                                         \
	X(process_sum, allocators, JSON_STRING, "other allocators that were found; absent: none") \
	X(process_sum, mapped, JSON_INTEGER, "bytes mapped by all calls")                         \
	X(process_sum, unmapped, JSON_INTEGER, "bytes unmapped by all calls")                     \
	X(process_sum, committed, JSON_INTEGER, "bytes made accessible by all calls")             \
	X(process_sum, uncommitted, JSON_INTEGER, "bytes made inaccessible by all calls")         \
	X(process_sum, brk_grown, JSON_INTEGER, "bytes by which brk grew the heap")               \
	X(process_sum, brk_shrunk, JSON_INTEGER, "bytes by which brk shrank the heap")            \
	X(process_sum, protections, JSON_INTEGER, "changes of protection")                        \
	X(process_sum, protection_classes, JSON_OBJECT, "protection_counts")                      \
	X(process_sum, allowed, JSON_INTEGER, "changes of protection that --allow allowed")       \
	X(process_sum, calls, JSON_OBJECT, "calls")                                               \
	X(process_sum, findings, JSON_OBJECT, "finding_counts")                                   \
	X(process_sum, sites, JSON_ARRAY,                                                         \
	  "site: the 16 that keep most; those of files, as libraries, come last")                 \
	X(process_sum, leaks, JSON_ARRAY,                                                         \
	  "leak: the 8 that rise and keep most, of those told")                                   \
	X(process_sum, deleted, JSON_ARRAY, "deleted_file: the first 8 that were told")           \
	X(process_sum, kept_stacks, JSON_INTEGER,                                                 \
	  "of ended threads, beyond libc's cache; absent: 0")                                     \
	X(process_sum, kept_stack_bytes, JSON_INTEGER, "of all of these")                         \
	X(process_sum, malloc, JSON_OBJECT,                                                       \
	  "malloc_heaps: when last looked at; absent: less than 1 MiB, none, or with -a")         \
	X(process_sum, sites_sum, JSON_OBJECT, "sites_sum: of all its sites")                     \
	X(other_sum, count, JSON_INTEGER, "processes")                                            \
	X(other_sum, growth, JSON_INTEGER, "of those still held")                                 \
	X(other_sum, mapped, JSON_INTEGER, "of those still held")                                 \
	X(other_sum, unmapped, JSON_INTEGER, "of those still held")                               \
	X(other_sum, calls, JSON_OBJECT, "calls")                                                 \
	X(other_sum, sites_sum, JSON_OBJECT, "sites_sum: of all their sites")                     \
	X(usage, total, JSON_INTEGER, "mapped, reserved included")                                \
	X(usage, accessible, JSON_INTEGER, "some access is allowed")                              \
	X(usage, locked, JSON_INTEGER, "locked in memory")                                        \
	X(usage, kinds, JSON_OBJECT, "kinds")                                                     \
	X(kinds, KIND, JSON_INTEGER, "bytes of that kind; absent: 0; of a peak only heap")        \
	X(calls, CALL, JSON_OBJECT, "call_sum; absent: not made")                                 \
	X(call_sum, count, JSON_INTEGER, "calls made")                                            \
	X(call_sum, errors, JSON_INTEGER, "those that failed")                                    \
	X(call_sum, bytes, JSON_INTEGER, "that those which worked acted on")                      \
	X(call_sum, ns, JSON_INTEGER, "spent in them")                                            \
	X(protection_counts, CLASS, JSON_INTEGER, "changes of that class, without the allowed")   \
	X(allow_sum, rule, JSON_STRING, "as it was given, escaped")                               \
	X(allow_sum, count, JSON_INTEGER, "changes of protection that it allowed")                \
	X(finding_counts, FINDING, JSON_INTEGER, "findings of that kind; absent: 0")              \
	X(site, who, JSON_STRING, "who needed the memory, in words")                              \
	X(site, stack, JSON_INTEGER, "number of the stack; absent: none was taken")               \
	X(site, call, JSON_STRING, "without a stack: as change.call")                             \
	X(site, kind, JSON_STRING, "without a stack: the kind of memory")                         \
	X(site, comm, JSON_STRING, "without a stack: name of the thread, escaped")                \
	X(site, bytes, JSON_INTEGER, "made accessible")                                           \
	X(site, error_bytes, JSON_INTEGER,                                                        \
	  "how wrong that may be, 19 times of 20: 2 sqrt(sum of w (w - b) over its samples) "     \
	  "+ 3 max w over those of all sites, b the bytes of a sampled call and w those that "    \
	  "it stands for; absent: it is exact")                                                   \
	X(site, calls, JSON_INTEGER, "by so many calls")                                          \
	X(site, kept, JSON_INTEGER, "bytes of them still accessible, and not returned")           \
	X(site, peak, JSON_INTEGER, "the most that was")                                          \
	X(site, share, JSON_INTEGER, "percent of what all sites of the process keep")             \
	X(site, rate, JSON_INTEGER, "bytes a second, while the process was traced")               \
	X(site, sampled, JSON_INTEGER,                                                            \
	  "of bytes, those of the calls themselves: the rest is of calls they stand for")         \
	X(site, first_ts, JSON_INTEGER, "ns since start, of the first call")                      \
	X(site, last_ts, JSON_INTEGER, "of the last")                                             \
	X(leak, who, JSON_STRING, "who needed the memory; absent: no one site")                   \
	X(leak, stack, JSON_INTEGER, "number of the stack; absent: none was taken")               \
	X(leak, stands, JSON_BOOLEAN, "false: withdrawn, for it rises no more")                   \
	X(leak, confidence, JSON_STRING, "low, medium or high, when it rose last")                \
	X(leak, bytes_per_hour, JSON_INTEGER, "how fast, then")                                   \
	X(leak, samples, JSON_INTEGER, "that told so")                                            \
	X(leak, first_ts, JSON_INTEGER, "ns since start, of the first of them")                   \
	X(leak, last_ts, JSON_INTEGER, "of the last")                                             \
	X(leak, from, JSON_INTEGER, "bytes kept in the first of them")                            \
	X(leak, kept, JSON_INTEGER, "in the last")                                                \
	X(deleted_file, path, JSON_STRING, "its end, escaped")                                    \
	X(deleted_file, bytes, JSON_INTEGER, "mapped of it")                                      \
	X(deleted_file, image, JSON_BOOLEAN, "true: a program or library")                        \
	X(malloc_heaps, ts, JSON_INTEGER, "ns since start, when they were looked at")             \
	X(malloc_heaps, heaps, JSON_INTEGER, "of glibc's malloc, that were found")                \
	X(malloc_heaps, total, JSON_INTEGER, "what they have")                                    \
	X(malloc_heaps, counted, JSON_INTEGER, "of total, what there was time to look at")        \
	X(malloc_heaps, free, JSON_INTEGER,                                                       \
	  "of counted, in free chunks; those in tcache and fastbins look used")                   \
	X(malloc_heaps, kept, JSON_INTEGER, "of free, in memory or swapped out: not returned")    \
	X(malloc_heaps, pages, JSON_INTEGER, "of kept, whole pages, as malloc_trim(3) returns")   \
	X(malloc_heaps, top, JSON_INTEGER, "of free, at the ends of heaps")                       \
	X(malloc_heaps, largest, JSON_INTEGER, "the free chunk of which most is kept")            \
	X(malloc_heaps, above, JSON_INTEGER, "used chunks above that one, in its heap")           \
	X(malloc_heaps, above_bytes, JSON_INTEGER, "of these")                                    \
	X(malloc_heaps, whole, JSON_BOOLEAN,                                                      \
	  "false: there is more, that there was no time for or that changed all the time")        \
	X(parts, PART, JSON_OBJECT, "part; absent: there was nothing of it")                      \
	X(part, reserved, JSON_INTEGER, "mapped without access")                                  \
	X(part, committed, JSON_INTEGER, "accessible")                                            \
	X(part, peak, JSON_INTEGER, "the most that was committed so far")                         \
	X(part, returned, JSON_INTEGER,                                                           \
	  "given back so far: unmapped, made inaccessible, MADV_DONTNEED and its like")           \
	X(part, resident, JSON_INTEGER, "in memory, by smaps; absent: it was not read")           \
	X(committed, PART, JSON_INTEGER, "bytes; absent: 0") \
	X(sites_sum, bytes, JSON_INTEGER, "made accessible")                                      \
	X(sites_sum, calls, JSON_INTEGER, "by so many calls")                                     \
	X(sites_sum, kept, JSON_INTEGER, "bytes of them still accessible, and not returned")

struct json_field {
	const char *record, *name;
	enum json_field_type type;
	const char *text; /* for the man page; of objects: which */
};

enum json_field_id {
#define X(record, field, type, text) JSON_##record##_##field,
	JSON_FIELDS(X)
#undef X
		JSON_FIELD_NR
};

/* The table, *ret_n long, in the order of enum json_field_id. */
const struct json_field *json_fields(size_t *ret_n);

/* "string", "integer", "hex string" for JSON_HEX and so on. */
const char *json_type__name(enum json_field_type type);

/* "call" for JSON_RECORD_call, and a line on it for the man page. */
const char *json_record__name(enum json_record record);
const char *json_record__text(enum json_record record);

/* The record that the field is of. */
enum json_record json_field__record(enum json_field_id id);

#endif
