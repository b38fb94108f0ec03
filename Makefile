# SPDX-License-Identifier: GPL-2.0
# memtrace: builds out of tree (O=build gives build/memtrace); nothing is
# written outside $(O). `make help` lists the targets and the variables.

VERSION := 0.1.0

O ?= build
V ?= 0
WERROR ?= 0
SANITIZE ?=
prefix ?= /usr/local
bindir ?= $(prefix)/bin
mandir ?= $(prefix)/share/man
bashcompdir ?= $(prefix)/share/bash-completion/completions

CC ?= cc
AR ?= ar
CLANG ?= clang
LLVM_STRIP ?= llvm-strip
PKG_CONFIG ?= pkg-config
PROTOC_C ?= protoc-c
INSTALL ?= install
CLANG_FORMAT ?= clang-format
# Often in /usr/sbin, which an ordinary user's PATH does not name.
BPFTOOL ?= $(or $(shell command -v bpftool 2>/dev/null),/usr/sbin/bpftool)
# As <bpf/bpf_tracing.h> spells it in __TARGET_ARCH_x86 and so on.
BPF_ARCH ?= $(patsubst x86_64,x86,$(patsubst aarch64,arm64,$(shell uname -m)))
FUZZ_SECONDS ?= 60
BENCH_ROUNDS ?= 7

comma := ,
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-8s %s\n'
endif

# What the chosen targets cannot do without is named once, before anything runs.
QUIET_GOALS := help clean format-check version uninstall
ifneq ($(filter-out $(QUIET_GOALS),$(or $(MAKECMDGOALS),all)),)
missing := $(foreach tool,$(firstword $(CC)) $(CLANG) $(PKG_CONFIG) $(BPFTOOL) $(PROTOC_C), \
	$(if $(shell command -v $(tool) 2>/dev/null),,$(tool)))
ifneq ($(strip $(missing)),)
$(error not found: $(strip $(missing)). On Debian, ./scripts/setup installs what the build needs)
endif
LIBS := libbpf libdw libelf zlib libcap-ng ncursesw libprotobuf-c
missing := $(foreach lib,$(LIBS),$(if $(shell $(PKG_CONFIG) --exists $(lib) && echo y),,$(lib)))
ifneq ($(strip $(missing)),)
$(error $(PKG_CONFIG) does not find: $(strip $(missing)). On Debian, ./scripts/setup installs them)
endif
BPF_LIB_CFLAGS := $(shell $(PKG_CONFIG) --cflags libbpf)
LIB_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(LIBS))
# libstdc++ has what demangles C++, libiberty what demangles Rust.
LIB_LDLIBS := $(shell $(PKG_CONFIG) --libs $(LIBS)) -liberty -lstdc++ -lpthread
CMOCKA_CFLAGS := $(shell $(PKG_CONFIG) --cflags cmocka 2>/dev/null)
CMOCKA_LIBS := $(shell $(PKG_CONFIG) --libs cmocka 2>/dev/null || echo -lcmocka)
JSON_CFLAGS := $(shell $(PKG_CONFIG) --cflags json-c 2>/dev/null)
JSON_LIBS := $(shell $(PKG_CONFIG) --libs json-c 2>/dev/null || echo -ljson-c)
endif

# ---------------------------------------------------------------- flags
CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wundef -Wvla -Wpointer-arith -Wwrite-strings -Wformat=2 -Wno-format-nonliteral -Wno-unused-parameter
ifeq ($(WERROR),1)
WARNINGS += -Werror
endif

sanitize_1 := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
sanitize_thread := -fsanitize=thread -fno-omit-frame-pointer
ifneq ($(filter-out 0,$(SANITIZE)),)
SANITIZE_FLAGS := $(sanitize_$(SANITIZE))
ifeq ($(SANITIZE_FLAGS),)
$(error SANITIZE=$(SANITIZE) is not known: it is 1 (address and undefined behaviour) or thread)
endif
endif

BASE_CFLAGS = -std=gnu11 $(WARNINGS) $(CFLAGS) $(SANITIZE_FLAGS)
BASE_CPPFLAGS = -Iinclude -Iuser $(CPPFLAGS)
LINK = $(CC) $(BASE_CFLAGS) $(LDFLAGS)
DEPFLAGS = -MMD -MP -MF $(@:.o=.d)

BPF_CFLAGS = -O2 -g -target bpf -mcpu=v3 -std=gnu11 -Wall -Wextra -Wno-unused-parameter \
	-Wno-missing-declarations -Wno-sign-compare $(if $(filter 1,$(WERROR)),-Werror) \
	-Ibpf -Iinclude $(BPF_LIB_CFLAGS)

# ---------------------------------------------------------------- sources
CORE_SRCS := $(sort $(wildcard user/core/*.c))
APP_SRCS := $(sort $(wildcard user/input/*.c user/output/*.c user/cmd/*.c user/util/*.c))
MAIN_SRC := user/cmd/main.c
BPF_HDRS := $(wildcard bpf/*.h)

obj = $(patsubst %.c,$(O)/obj/%.o,$(1))
CORE_OBJS := $(call obj,$(CORE_SRCS))
APP_OBJS := $(call obj,$(filter-out $(MAIN_SRC),$(APP_SRCS)))
MAIN_OBJ := $(call obj,$(MAIN_SRC))
# The code that packs profiles, made from their description.
PROTO_SRC := user/output/profile.proto
PROTO_C := $(O)/gen/profile.pb-c.c
PROTO_OBJ := $(O)/obj/gen/profile.pb-c.o
PPROF_OBJ := $(O)/obj/user/output/pprof.o
# The only code that may see libbpf and the skeleton.
LIVE_OBJS := $(filter $(O)/obj/user/input/live%,$(APP_OBJS))

UNIT_CORE := $(sort $(wildcard tests/unit/core/test_*.c))
UNIT_APP := $(sort $(wildcard tests/unit/app/test_*.c))
PROPERTY := $(sort $(wildcard tests/property/prop_*.c tests/property/live_*.c))
KERNEL_TESTS := $(sort $(wildcard tests/kernel/*.c))
KERNEL_HARNESS := $(if $(KERNEL_TESTS),$(O)/kernel-harness)
MODEL_TESTS := $(sort $(wildcard tests/model/*.c))
MODEL_TRUTH := $(if $(MODEL_TESTS),$(O)/model-truth)
WORKLOADS := $(sort $(wildcard tests/workloads/*.c))
FUZZERS := $(sort $(wildcard tests/fuzz/*.c))
BENCH := $(sort $(wildcard tests/bench/*.c))
BENCH_BPF := $(filter %.bpf.c,$(BENCH))
bin = $(patsubst tests/%.c,$(O)/tests/%,$(1))
CHECK_BINS := $(call bin,$(UNIT_CORE) $(PROPERTY) $(UNIT_APP))
WORKLOAD_BINS := $(patsubst tests/workloads/%.c,$(O)/workloads/%,$(WORKLOADS))
FUZZ_BINS := $(patsubst tests/fuzz/%.c,$(O)/fuzz/%,$(FUZZERS))
BENCH_BINS := $(patsubst tests/bench/%.c,$(O)/bench/%,$(filter-out $(BENCH_BPF),$(BENCH))) \
	$(patsubst tests/bench/%.c,$(O)/bench/%.o,$(BENCH_BPF))
# Other .c files in a test directory are helpers, linked with each of its tests.
helpers = $(call obj,$(sort $(filter-out $(2),$(wildcard $(1)/*.c))))
CORE_HELPERS := $(call helpers,tests/unit/core,$(UNIT_CORE))
APP_HELPERS := $(call helpers,tests/unit/app,$(UNIT_APP))
PROPERTY_HELPERS := $(call helpers,tests/property,$(PROPERTY))

LIBCORE := $(O)/libcore.a
LIBAPP := $(O)/libapp.a

# ---------------------------------------------------------------- targets
.PHONY: all bpf check check-core check-app check-source check-kernel check-matrix check-arm64 workloads fuzz \
	bench bench-programs soak install uninstall clean help format-check version FORCE

all: $(O)/memtrace ## Build $(O)/memtrace (the default)

bpf: $(O)/memtrace.bpf.o $(O)/memtrace.skel.h ## Build only the BPF object and its skeleton

check: $(CHECK_BINS) ## Build and run the unit and property tests
	$(Q)./scripts/run-checks $(CHECK_BINS)

check-core: $(call bin,$(UNIT_CORE) $(PROPERTY)) ## Only those that need the core library alone
	$(Q)./scripts/run-checks $^

check-app: $(call bin,$(UNIT_APP)) ## Only those that need everything but main
	$(Q)./scripts/run-checks $^

check-source: $(LIBCORE) $(LIBAPP) $(MAIN_OBJ) ## Rules on the source: layout, lengths, purity, who includes whom
	$(Q)./scripts/check-source $^

check-kernel: $(O)/memtrace $(KERNEL_HARNESS) $(MODEL_TRUTH) $(O)/tests/property/live_call_model workloads ## Run the tests under live tracing (root)
	$(Q)O=$(O) $(if $(SANITIZE),FEW=1) ./tests/kernel/run

check-matrix: $(O)/memtrace $(KERNEL_HARNESS) workloads ## Run tests on Debian's kernels in QEMU's emulator
	$(Q)O=$(O) ./scripts/kernel-matrix

check-arm64: $(O)/arm64/memtrace.bpf.o ## Compile the BPF side for arm64

workloads: $(WORKLOAD_BINS) ## Build the workload programs in $(O)/workloads

fuzz: $(FUZZ_BINS) ## Run each fuzzer for FUZZ_SECONDS (clang with libFuzzer)
	$(Q)./scripts/run-fuzzers $(O)/fuzz $(FUZZ_SECONDS) $(notdir $(FUZZ_BINS))

bench-programs: $(BENCH_BINS)

bench: $(O)/memtrace $(BENCH_BINS) workloads ## What tracing costs, and what it keeps up with (root)
	$(Q)O=$(O) ./scripts/bench $(BENCH_ROUNDS); status=$$?; \
	O=$(O) ./scripts/bench-stacks $(BENCH_ROUNDS) || status=1; \
	O=$(O) ./scripts/bench-flood || status=1; \
	$(O)/bench/bench_records || status=1; \
	$(O)/bench/bench_region_map || status=1; exit $$status

soak: $(O)/memtrace $(KERNEL_HARNESS) workloads ## Long runs under live tracing, by hand (root)
	$(Q)O=$(O) ./tests/kernel/soak

format-check: ## Show where clang-format would change something
	$(Q)if command -v $(CLANG_FORMAT) >/dev/null; then \
		find bpf include user tests -name '*.[ch]' -print0 | \
			xargs -0 -r $(CLANG_FORMAT) --dry-run --Werror; \
	else \
		echo "format-check: $(CLANG_FORMAT) is not installed"; exit 1; \
	fi

version: ## Print the version
	@echo $(VERSION)

help: ## This list
	@printf 'Targets:\n'
	@sed -n 's/^\([a-z][a-z0-9-]*\):.*## \(.*\)/  \1|\2/p' Makefile | \
		sed 's/$$(O)/$(subst /,\/,$(O))/g' | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'
	@printf '\nVariables:\n'
	@printf '  %-26s %s\n' \
		'O=$(O)' 'where everything is built' \
		'V=1' 'show each command' \
		'WERROR=1' 'warnings are errors' \
		'SANITIZE=1|thread' 'AddressSanitizer and UBSan, or ThreadSanitizer' \
		'CC= CLANG= BPFTOOL=' 'the tools; CLANG compiles the BPF side' \
		'BPF_ARCH=$(BPF_ARCH)' 'architecture of the BPF side' \
		'prefix=$(prefix) DESTDIR=' 'where install puts things'

# Only ever a directory that this Makefile has built in.
clean: ## Remove $(O)
	$(Q)if [ -e "$(O)/.flags" ]; then rm -rf -- "$(O)"; \
	elif [ -e "$(O)" ]; then echo "clean: $(O) was not made by this Makefile; left alone"; fi

# ---------------------------------------------------------------- flags seen
# Objects are made again when the flags they were made with change.
SEEN := $(CC)|$(CLANG)|$(BASE_CFLAGS)|$(BASE_CPPFLAGS)|$(LDFLAGS)|$(BPF_ARCH)|$(BPF_CFLAGS)|$(VERSION)
$(O)/.flags: FORCE
	@mkdir -p $(O)
	@echo '$(subst ','\'',$(SEEN))' | cmp -s - $@ || echo '$(subst ','\'',$(SEEN))' > $@

# So that an archive loses the objects whose sources are gone.
$(O)/.sources: FORCE
	@mkdir -p $(O)
	@echo '$(CORE_SRCS) $(APP_SRCS)' | cmp -s - $@ || echo '$(CORE_SRCS) $(APP_SRCS)' > $@

# ---------------------------------------------------------------- BPF
$(O)/memtrace.bpf.o: bpf/memtrace.bpf.c $(O)/.flags
	$(say) BPF $@
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -D__TARGET_ARCH_$(BPF_ARCH) -MMD -MP -MT $@ -MF $@.d -c $< -o $@
	$(Q)if command -v $(LLVM_STRIP) >/dev/null; then $(LLVM_STRIP) -g $@; fi

$(O)/arm64/memtrace.bpf.o: bpf/memtrace.bpf.c $(O)/.flags
	$(say) BPF $@
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -D__TARGET_ARCH_arm64 -MMD -MP -MT $@ -MF $@.d -c $< -o $@

$(O)/memtrace.skel.h: $(O)/memtrace.bpf.o
	$(say) SKEL $@
	$(Q)$(BPFTOOL) gen skeleton $< name memtrace_bpf > $@

# ---------------------------------------------------------------- objects
$(CORE_OBJS): $(O)/obj/%.o: %.c $(O)/.flags
	$(say) CC $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CPPFLAGS) $(BASE_CFLAGS) $(DEPFLAGS) -c $< -o $@

$(APP_OBJS) $(MAIN_OBJ): $(O)/obj/%.o: %.c $(O)/.flags
	$(say) CC $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CPPFLAGS) $(EXTRA_CPPFLAGS) -DMEMTRACE_VERSION='"$(VERSION)"' \
		$(BASE_CFLAGS) $(DEPFLAGS) -c $< -o $@

$(APP_OBJS) $(MAIN_OBJ): EXTRA_CPPFLAGS = $(LIB_CFLAGS)
$(LIVE_OBJS): EXTRA_CPPFLAGS = -I$(O) $(LIB_CFLAGS)
$(LIVE_OBJS): $(O)/memtrace.skel.h

$(PROTO_C): $(PROTO_SRC) $(O)/.flags
	$(say) PROTOC $@
	@mkdir -p $(@D)
	$(Q)$(PROTOC_C) --proto_path=$(<D) --c_out=$(@D) $<

# Its warnings are not ours to mend.
$(PROTO_OBJ): $(PROTO_C)
	$(say) CC $@
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(CFLAGS) $(SANITIZE_FLAGS) $(LIB_CFLAGS) -I$(O)/gen -c $< -o $@

$(PPROF_OBJ): EXTRA_CPPFLAGS = -I$(O)/gen $(LIB_CFLAGS)
$(PPROF_OBJ): $(PROTO_C)

$(O)/obj/tests/%.o: tests/%.c $(O)/.flags
	$(say) CC $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CPPFLAGS) -I$(<D) $(CMOCKA_CFLAGS) $(JSON_CFLAGS) $(BASE_CFLAGS) $(DEPFLAGS) -c $< -o $@

# It reads back what was packed.
$(O)/obj/tests/unit/app/test_exports.o: CPPFLAGS += -I$(O)/gen
$(O)/obj/tests/unit/app/test_exports.o: $(PROTO_C)

# Removed first: ar would keep members whose sources are gone.
$(LIBCORE): $(CORE_OBJS)
$(LIBAPP): $(APP_OBJS) $(PROTO_OBJ)
$(LIBCORE) $(LIBAPP): $(O)/.flags $(O)/.sources
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

$(O)/memtrace: $(MAIN_OBJ) $(LIBAPP) $(LIBCORE)
	$(say) LINK $@
	$(Q)$(LINK) $^ $(LIB_LDLIBS) -o $@

# ---------------------------------------------------------------- tests
# The core's tests link with nothing else, so a broken boundary does not link.
$(call bin,$(UNIT_CORE)): $(O)/tests/%: $(O)/obj/tests/%.o $(CORE_HELPERS) $(LIBCORE)
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(LINK) $^ $(CMOCKA_LIBS) -o $@

$(call bin,$(PROPERTY)): $(O)/tests/%: $(O)/obj/tests/%.o $(PROPERTY_HELPERS) $(LIBCORE)
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(LINK) $^ $(CMOCKA_LIBS) -lpthread -o $@

$(call bin,$(UNIT_APP)): $(O)/tests/%: $(O)/obj/tests/%.o $(APP_HELPERS) $(LIBAPP) $(LIBCORE)
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(LINK) $^ $(CMOCKA_LIBS) $(JSON_LIBS) $(LIB_LDLIBS) -o $@

# It knows memtrace only from outside, and links with none of it.
$(O)/kernel-harness: $(call obj,$(KERNEL_TESTS))
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(LINK) $^ $(JSON_LIBS) -lpthread -o $@

# Stands between the decoder and the tracker.
MODEL_WRAPPED := $(addprefix -Wl$(comma)--wrap=tracker__on_,call walk section fork)
$(O)/model-truth: $(call obj,$(MODEL_TESTS)) $(LIBAPP) $(LIBCORE)
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(LINK) $(MODEL_WRAPPED) $^ $(LIB_LDLIBS) -o $@

# Its heap has to be where a 32-bit call can reach it.
WORKLOAD_FLAGS_compat := -fno-pie -no-pie

# Workloads are what is traced: never sanitized (that would change their calls).
$(WORKLOAD_BINS): $(O)/workloads/%: tests/workloads/%.c $(O)/.flags
	$(say) CC $@
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARNINGS) -O1 -g -MMD -MP -MT $@ -MF $@.d $(BASE_CPPFLAGS) $(WORKLOAD_FLAGS_$*) $< -lpthread -lrt -o $@

# ---------------------------------------------------------------- fuzz
FUZZ_CFLAGS = -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -DMEMTRACE_VERSION='"$(VERSION)"' $(BASE_CPPFLAGS) $(LIB_CFLAGS)
# What takes bytes from strangers, and all that it needs; not the verbs, nor libbpf.
FUZZ_SRCS := $(CORE_SRCS) $(filter-out user/input/live% user/output/pprof.c user/cmd/%,$(APP_SRCS)) \
	$(filter user/cmd/option% user/cmd/allow.c,$(APP_SRCS))
FUZZ_OBJS := $(patsubst %.c,$(O)/fuzz/obj/%.o,$(FUZZ_SRCS))

$(O)/fuzz/obj/%.o: %.c $(O)/.flags
	$(say) FUZZCC $@
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link $(DEPFLAGS) -c $< -o $@

$(O)/fuzz/libfuzzed.a: $(FUZZ_OBJS)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(FUZZ_BINS): $(O)/fuzz/%: tests/fuzz/%.c $(O)/fuzz/libfuzzed.a $(O)/.flags
	$(say) FUZZ $@
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer -MMD -MP -MT $@ -MF $@.d $< $(O)/fuzz/libfuzzed.a \
		$(LIB_LDLIBS) -o $@

# ---------------------------------------------------------------- bench
$(O)/bench/%.bpf.o: tests/bench/%.bpf.c $(O)/.flags
	$(say) BPF $@
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -D__TARGET_ARCH_$(BPF_ARCH) -MMD -MP -MT $@ -MF $@.d -c $< -o $@

$(O)/bench/%: tests/bench/%.c $(LIBAPP) $(LIBCORE) $(O)/.flags
	$(say) CC $@
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARNINGS) -O2 -g -MMD -MP -MT $@ -MF $@.d $(BASE_CPPFLAGS) $(LIB_CFLAGS) $< \
		$(LIBAPP) $(LIBCORE) $(LIB_LDLIBS) -o $@

# ---------------------------------------------------------------- install
# Made by the program itself, from the table that also parses its options.
$(O)/memtrace.man: $(O)/memtrace
	$(say) GEN $@
	$(Q)$< docs man > $@

$(O)/memtrace.bash-completion: $(O)/memtrace
	$(say) GEN $@
	$(Q)$< docs bash-completion > $@

MAN_SECTION := 1
install: $(O)/memtrace $(O)/memtrace.man $(O)/memtrace.bash-completion ## Install under prefix (DESTDIR)
	$(INSTALL) -D -m 755 $(O)/memtrace $(DESTDIR)$(bindir)/memtrace
	$(INSTALL) -D -m 644 $(O)/memtrace.man $(DESTDIR)$(mandir)/man$(MAN_SECTION)/memtrace.$(MAN_SECTION)
	$(INSTALL) -D -m 644 $(O)/memtrace.bash-completion $(DESTDIR)$(bashcompdir)/memtrace

uninstall: ## Remove what install put there
	rm -f $(DESTDIR)$(bindir)/memtrace $(DESTDIR)$(mandir)/man$(MAN_SECTION)/memtrace.$(MAN_SECTION) \
		$(DESTDIR)$(bashcompdir)/memtrace

# ---------------------------------------------------------------- dependencies
.SECONDARY:
ALL_OBJS := $(CORE_OBJS) $(APP_OBJS) $(MAIN_OBJ) $(FUZZ_OBJS) $(CORE_HELPERS) $(APP_HELPERS) \
	$(PROPERTY_HELPERS) $(call obj,$(UNIT_CORE) $(UNIT_APP) $(PROPERTY) $(KERNEL_TESTS) $(MODEL_TESTS))
-include $(wildcard $(ALL_OBJS:.o=.d) $(addsuffix .d,$(WORKLOAD_BINS) $(FUZZ_BINS) $(BENCH_BINS) \
	$(O)/memtrace.bpf.o $(O)/arm64/memtrace.bpf.o))
