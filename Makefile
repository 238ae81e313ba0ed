# SPDX-License-Identifier: Apache-2.0
#
# Touchstone. `make help` lists the targets. Everything generated goes below build/, one directory per configuration:
# CONFIG = debug | release | coverage (gcc-12), asan | tsan | fuzz (clang-14), afl (afl-clang-fast).
# V=1 shows the commands.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.PHONY: FORCE

CONFIG ?= debug
B := build/$(CONFIG)
JOBS ?= $(shell nproc)
Q := $(if $(V),,@)
SUBMAKE = $(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))
say = @printf '  %-5s %s\n' $(1) $(2)

# ------------------------------------------------------------------------------------------------------------- packages
# README lists the reason of each; keep the two lists equal.
CHECK_PACKAGES := gcc-12 g++-12 libc6-dev libboost-context-dev libcmocka-dev libjansson-dev libxxhash-dev valgrind
CAMPAIGN_PACKAGES := $(CHECK_PACKAGES) clang-14 libclang-rt-14-dev llvm-14 clang-format-14 clang-tidy-14 lcov afl++

# ---------------------------------------------------------------------------------------------------------------- flags
# The mutant runner sets WERROR to nothing: a defect put back may leave a variable unused.
WERROR ?= -Werror
WARNINGS := -Wall -Wextra $(WERROR) -Wconversion -Wshadow
COMMON := -g -fPIC -fno-omit-frame-pointer -pthread
LINK_FLAGS := -pthread

ifeq ($(CONFIG),debug)
    CC := gcc-12
    CXX := g++-12
    MODE := -O1
else ifeq ($(CONFIG),release)
    CC := gcc-12
    CXX := g++-12
    MODE := -O2 -DNDEBUG -fno-semantic-interposition
else ifeq ($(CONFIG),coverage)
    CC := gcc-12
    CXX := g++-12
    MODE := -O0 -DTOUCHSTONE_COVERAGE
    INSTRUMENT := --coverage -fprofile-update=atomic
else ifeq ($(CONFIG),asan)
    CC := clang-14
    CXX := clang++-14
    MODE := -O1
    SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
else ifeq ($(CONFIG),tsan)
    CC := clang-14
    CXX := clang++-14
    MODE := -O1
    SANITIZE := -fsanitize=thread
else ifeq ($(CONFIG),fuzz)
    CC := clang-14
    CXX := clang++-14
    MODE := -O1 -DTOUCHSTONE_FUZZ
    SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
    INSTRUMENT := -fsanitize=fuzzer-no-link
    # Where no byte of an input comes as it is, comparisons with it are nothing to learn from; to tell them all to
    # libFuzzer is half of a random program's execution.
    INSTRUMENT_INNER := -fno-sanitize-coverage=trace-cmp
    FUZZ_LINK := -fsanitize=fuzzer
else ifeq ($(CONFIG),afl)
    # AFL++ instruments whatever it compiles; user code goes through plain clang, which keeps it without coverage.
    CC := afl-clang-fast
    CXX := afl-clang-fast++
    USER_CC := clang-14
    USER_CXX := clang++-14
    MODE := -O1 -DTOUCHSTONE_FUZZ
    SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
    FUZZ_LINK := -fsanitize=fuzzer
    FUZZ_SUFFIX := _afl
    export AFL_QUIET := 1
else
    $(error CONFIG=$(CONFIG): use debug, release, coverage, asan, tsan, fuzz or afl)
endif
USER_CC ?= $(CC)
USER_CXX ?= $(CXX)

# Only the C++ guard needs libstdc++, and AddressSanitizer from the start, or it cannot pass on exceptions of user code.
ifneq ($(SANITIZE),)
    CXX_RUNTIME := -Wl,--no-as-needed -lstdc++
else
    CXX_RUNTIME := -Wl,--as-needed -lstdc++
endif
# Sanitizer runtimes are in the executables, so only plain builds can insist that every symbol is resolved.
CLOSED := $(if $(SANITIZE)$(filter afl,$(CONFIG)),,-Wl,-z,defs)
CFLAGS := -std=c11 -D_GNU_SOURCE $(WARNINGS) $(COMMON) $(MODE) $(SANITIZE)
# UBSan's C++-only checks would pull its C++ runtime into C executables.
CXXFLAGS := -std=c++17 -D_GNU_SOURCE $(WARNINGS) $(COMMON) $(MODE) $(SANITIZE) \
    $(if $(SANITIZE),-fno-sanitize=vptr -fno-sanitize=function)
INCLUDES := -Iref -I.
SO_LINK := -shared -Wl,--build-id=sha1 $(LINK_FLAGS)
PLACES := -DTOP_DIR='"$(CURDIR)"' -DREF_DIR='"$(CURDIR)/ref"' -DBUILD_DIR='"$(CURDIR)/$(B)"'
VARIANT_DEFINES_a2a3 := -DNPU_ARCH_A2A3
VARIANT_DEFINES_a5 := -DNPU_ARCH_A5
VARIANT_DEFINES_trb := -DRUNTIME_TRB
VARIANT_DEFINES_hbg := -DRUNTIME_HBG
VARIANT_DEFINES_sim := -DPLATFORM_SIM
VARIANT_DEFINES_onboard := -DPLATFORM_ONBOARD

# -------------------------------------------------------------------------------------------------------------- sources
# What is built: arch/runtime/platform for the host program, arch/runtime for the device programs.
HOST_VARIANTS := $(foreach p,sim onboard,$(foreach r,trb hbg,$(foreach a,a2a3 a5,$a/$r/$p)))
DEVICE_VARIANTS := a2a3/trb a5/trb a2a3/hbg a5/hbg
# The variant for which the harness and most tests are compiled.
TEST_VARIANT := a2a3/trb/sim
# Unit tests of a program's insides: the folder's variant, for which its tests are compiled and whose objects they get,
# those of the host program or, without a platform, of both device programs, tested together as they meet in a run. On
# board it is a2a3, which alone has ACL and a race in its register mapping, and hbg, whose orchestrations can be
# functions of a test; a5, which maps core by core, has a folder for that, and one for its numbers of threads and
# blocks.
UT_VARIANT_host := a2a3/trb/sim
UT_VARIANT_host_hbg := a2a3/hbg/sim
UT_VARIANT_host_onboard := a2a3/hbg/onboard
UT_VARIANT_host_onboard_a5 := a5/trb/onboard
UT_VARIANT_aicpu := a2a3/trb
UT_VARIANT_aicpu_a5 := a5/trb
UT_VARIANT_aicpu_hbg := a2a3/hbg
UT_VARIANT_aicore := a2a3/trb
# What a folder takes from another one.
UT_SHARED_host_hbg := ut/host/host_fixture.c
UT_SHARED_host_onboard := ut/host/host_fixture.c ut/host_hbg/graph_fixture.c
UT_SHARED_host_onboard_a5 := ut/host/host_fixture.c
UT_SHARED_aicpu_a5 := $(filter-out %_test.c,$(wildcard ut/aicpu/*.c))

NPU_C := $(wildcard ref/base/*.c ref/exec/*.c ref/npu/*.c ref/npu/driver/*.c)
GUARD_CXX := $(wildcard ref/base/*.cpp)
WORKER_C := $(wildcard ref/worker/*.c)
HARNESS_C := $(foreach d,choice property oracle program fault leak explorer report model,$(wildcard harness/$d/*.c))
CLI_C := $(wildcard harness/cli/*.c)
BENCH_C := $(wildcard harness/bench/*.c)
SCENES := $(sort $(patsubst st/scenes/%/scene.c,%,$(wildcard st/scenes/*/scene.c)))
FIXTURES := $(wildcard st/fixtures/*/*.c st/fixtures/*/*.cpp)
UT_C := $(wildcard ut/*/*_test.c)
ST_C := $(wildcard st/*_test.c)
FUZZ_C := $(wildcard fuzz/*.c)
# Everything in a test folder that is no test is linked to each of its tests.
UT_FOLDERS := $(sort $(patsubst ut/%/,%,$(dir $(UT_C))))
ut_helpers = $(filter-out %_test.c,$(wildcard ut/$(1)/*.c)) $(wildcard ut/$(1)/*.cpp) $(UT_SHARED_$(1))
# How a folder is compiled: like everything else, or in a group of its variant.
ut_group = test$(if $(filter-out $(TEST_VARIANT) a2a3/trb,$(UT_VARIANT_$(1))),-$(subst /,-,$(UT_VARIANT_$(1))))
ST_HELPERS := $(filter-out %_test.c,$(wildcard st/*.c))

o = $(patsubst %,$(B)/obj/$(1)/%.o,$(2))
host_name = libhost_runtime_$(subst /,_,$(1)).so
aicpu_name = libaicpu_$(subst /,_,$(1)).so
aicore_name = libaicore_$(subst /,_,$(1)).so
DISPATCHER_NAME := libaicpu_dispatcher.so

LIBRARIES := $(B)/libnpu.so $(B)/$(DISPATCHER_NAME) $(foreach v,$(HOST_VARIANTS),$(B)/$(call host_name,$v)) \
    $(foreach v,$(DEVICE_VARIANTS),$(B)/$(call aicpu_name,$v) $(B)/$(call aicore_name,$v))
USER_SO := $(patsubst st/%.c,$(B)/%.so,$(wildcard st/scenes/*/orchestration*.c st/scenes/*/kernels*/*.c)) \
    $(foreach k,kernels kernels_hbg,$(patsubst st/scenes/kernels/%.c,$(B)/scenes/$k/%.so,$(wildcard \
    st/scenes/kernels/*.c))) \
    $(patsubst st/%,$(B)/%.so,$(basename $(FIXTURES)))
TOOL := $(if $(CLI_C),$(B)/touchstone)
BENCH_TOOL := $(if $(BENCH_C),$(B)/bench)
UT_TESTS := $(UT_C:%.c=$(B)/%)
ST_TESTS := $(ST_C:%.c=$(B)/%)
FUZZERS := $(FUZZ_C:fuzz/%.c=$(B)/fuzz_%$(FUZZ_SUFFIX))

ifneq ($(filter fuzz afl,$(CONFIG)),)
    BUILD := $(LIBRARIES) $(USER_SO) $(FUZZERS)
else
    BUILD := $(LIBRARIES) $(USER_SO) $(TOOL) $(UT_TESTS) $(ST_TESTS) $(if $(filter release,$(CONFIG)),$(BENCH_TOOL))
endif

# ------------------------------------------------------------------------------------------------------ what to rebuild
# Objects depend on the flags, archives and links on the list of what goes into them.
FLAGS_TEXT := $(CC) $(CXX) $(USER_CC) $(CFLAGS) $(CXXFLAGS) $(INSTRUMENT) $(INSTRUMENT_INNER) $(INCLUDES) $(CLOSED)
LISTS_TEXT = $(NPU_C) $(GUARD_CXX) $(WORKER_C) $(HARNESS_C) $(CLI_C) $(BENCH_C) $(SCENES) $(wildcard ref/host/*.c \
    ref/host/*/*.c ref/aicpu/*.c ref/aicpu/*/*.c ref/aicore/*.c ref/aicore/*/*.c ut/*/*.c ut/*/*.cpp st/*.c) \
    $(HOST_VARIANTS) $(DEVICE_VARIANTS)
quote = '$(subst ','\'',$(1))'
remember = @mkdir -p $(@D); printf '%s\n' $(quote) | cmp -s - $@ || printf '%s\n' $(quote) >$@
$(B)/.flags: FORCE
	$(call remember,$(FLAGS_TEXT))
$(B)/.sources: FORCE
	$(call remember,$(LISTS_TEXT))

# -------------------------------------------------------------------------------------------------------------- compile
# compile_rules GROUP, EXTRA_FLAGS: sources compiled once per group, since the variants differ by defines.
define compile_rules
$(B)/obj/$(1)/%.c.o: %.c $(B)/.flags
	$$(call say,CC,$$<)
	@mkdir -p $$(@D)
	$$(Q)$(if $(filter user%,$(1)),$(USER_CC),$(CC)) $(CFLAGS) $(2) $(INCLUDES) $$(FILE_FLAGS) -MMD -MP -c -o $$@ $$<
$(B)/obj/$(1)/%.cpp.o: %.cpp $(B)/.flags
	$$(call say,CXX,$$<)
	@mkdir -p $$(@D)
	$$(Q)$(if $(filter user%,$(1)),$(USER_CXX),$(CXX)) $(CXXFLAGS) $(2) $(INCLUDES) -MMD -MP -c -o $$@ $$<
endef
variant_defines = $(foreach p,$(subst /, ,$(1)),$(VARIANT_DEFINES_$p))
$(eval $(call compile_rules,common,$(INSTRUMENT)))
$(eval $(call compile_rules,user,))
$(eval $(call compile_rules,user-hbg,-DRUNTIME_HBG))
$(eval $(call compile_rules,test,$(INSTRUMENT) $(PLACES) $(call variant_defines,$(TEST_VARIANT))))
$(foreach v,$(sort $(foreach f,$(UT_FOLDERS),$(if $(filter test,$(call ut_group,$f)),,$(UT_VARIANT_$f)))),$(eval \
    $(call compile_rules,test-$(subst /,-,$v),$(INSTRUMENT) $(PLACES) $(call variant_defines,$v))))
$(eval $(call compile_rules,guard,$(INSTRUMENT)))
$(B)/obj/test/%_openmp.c.o: FILE_FLAGS := -fopenmp
INNER_OBJECTS := common/ref/exec/% aicpu-% aicore-% test/harness/oracle/%
$(foreach p,$(INNER_OBJECTS),$(eval $(B)/obj/$p.c.o: FILE_FLAGS := $(INSTRUMENT_INNER)))

# ---------------------------------------------------------------------------------------------------------- the product
# libboost_context.a: only its two assembly routines are linked, and they are not exported.
$(B)/libnpu.so: $(call o,common,$(NPU_C)) $(B)/.sources
	$(call say,LINK,$@)
	$(Q)$(CC) $(SANITIZE) $(INSTRUMENT) $(SO_LINK) $(CLOSED) -Wl,-soname,libnpu.so -o $@ $(filter %.o,$^) \
	    -Wl,--exclude-libs,libboost_context.a -l:libboost_context.a -ljansson

# program_rules NAME, GROUP, SOURCES, DEFINES, COMPILER: one of the three programs, hidden but for what it exports
# itself.
define program_rules
$(call compile_rules,$(2),$(INSTRUMENT) -fvisibility=hidden $(4))
$(B)/$(1): $(call o,$(2),$(3)) $(B)/.sources | $(B)/libnpu.so
	$$(call say,LINK,$$@)
	$$(Q)$(5) $(SANITIZE) $(INSTRUMENT) $(SO_LINK) $(CLOSED) -Wl,-soname,$(1) -Wl,-rpath,'$$$$ORIGIN' -o $$@ \
	    $$(filter %.o,$$^) -L$(B) -lnpu
endef
part = $(word $(2),$(subst /, ,$(1)))
# Whoever calls orchestrations guards against their exceptions: the host under hbg, the AICPU under trb.
host_sources = $(wildcard ref/host/*.c ref/host/comm/*.c ref/host/dfx/*.c \
    ref/host/platform/$(call part,$(1),3)*.c ref/host/runtime/$(call part,$(1),2)*.c) \
    $(if $(filter hbg,$(call part,$(1),2)),$(GUARD_CXX))
host_linker = $(if $(filter hbg,$(call part,$(1),2)),$(CXX),$(CC))
aicpu_sources = $(wildcard ref/aicpu/*.c ref/aicpu/$(call part,$(1),2)/*.c ref/aicpu/dfx/*.c) \
    $(if $(filter trb,$(call part,$(1),2)),$(GUARD_CXX))
aicore_sources = $(wildcard ref/aicore/*.c ref/aicore/$(call part,$(1),2)/*.c)
$(foreach v,$(HOST_VARIANTS),$(eval $(call program_rules,$(call host_name,$v),host-$(subst /,-,$v),$(call \
    host_sources,$v),$(call variant_defines,$v),$(call host_linker,$v))))
$(foreach v,$(DEVICE_VARIANTS),$(eval $(call program_rules,$(call aicpu_name,$v),aicpu-$(subst /,-,$v),$(call \
    aicpu_sources,$v),$(call variant_defines,$v),$(CXX))))
$(foreach v,$(DEVICE_VARIANTS),$(eval $(call program_rules,$(call aicore_name,$v),aicore-$(subst /,-,$v),$(call \
    aicore_sources,$v),$(call variant_defines,$v),$(CC))))
# One bootstrap program for all devices: it reads nothing in which they differ.
$(eval $(call program_rules,$(DISPATCHER_NAME),aicpu-dispatcher,$(wildcard ref/aicpu/dispatcher/*.c),,$(CC)))

# ------------------------------------------------------------------------------------------------------------ user code
# Orchestrations, kernels and fixtures: sanitizers but no coverage. Who needs a symbol of libnpu.so gets it; a kernel
# that names pto_kernel_wait gets it too, because a weak reference alone would not make the linker keep the library.
define link_user
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(1) $(SANITIZE) $(SO_LINK) -Wl,-rpath,'$$ORIGIN/../..:$$ORIGIN/../../..' -o $@ $(filter %.o,$^) -L$(B) \
	    $$(grep -q pto_kernel_wait $(2) && echo -Wl,--no-as-needed || echo -Wl,--as-needed) -lnpu
endef
# The kernels of all scenes: once for each runtime's arguments.
$(B)/scenes/kernels_hbg/%.so: $(B)/obj/user-hbg/st/scenes/kernels/%.c.o | $(B)/libnpu.so
	$(call link_user,$(USER_CC),st/scenes/kernels/$*.c)
$(B)/scenes/%.so: $(B)/obj/user/st/scenes/%.c.o | $(B)/libnpu.so
	$(call link_user,$(USER_CC),st/scenes/$*.c)
$(B)/fixtures/%.so: $(B)/obj/user/st/fixtures/%.c.o | $(B)/libnpu.so
	$(call link_user,$(USER_CC),st/fixtures/$*.c)
$(B)/fixtures/%.so: $(B)/obj/user/st/fixtures/%.cpp.o | $(B)/libnpu.so
	$(call link_user,$(USER_CXX),st/fixtures/$*.cpp)

# ---------------------------------------------------------------------------------------------- client side and harness
define archive
	$(call say,AR,$@)
	@rm -f $@
	$(Q)ar rcs $@ $(filter %.o,$^)
endef
$(B)/libworker.a: $(call o,common,$(WORKER_C)) $(B)/.sources
	$(archive)
$(B)/libharness.a: $(call o,test,$(HARNESS_C)) $(B)/.sources
	$(archive)
$(B)/libguard.a: $(call o,guard,$(GUARD_CXX)) $(B)/.sources
	$(archive)
$(B)/libscenes.a: $(foreach s,$(SCENES),$(call o,test,st/scenes/$s/scene.c)) $(B)/obj/scenes.o $(B)/.sources
	$(archive)
$(B)/scenes.c: $(B)/.sources
	@{ echo '/* Made by the build from the folders below st/scenes. */'; echo '#include "harness/program/scene.h"'; \
	   for s in $(SCENES); do echo "extern const struct scene scene_$$s;"; done; \
	   echo 'const struct scene *const scenes[] = {'; \
	   for s in $(SCENES); do echo "    &scene_$$s,"; done; \
	   echo '    NULL};'; \
	   echo 'const size_t scene_count = $(words $(SCENES));'; } >$@
$(B)/obj/scenes.o: $(B)/scenes.c $(B)/.flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(INSTRUMENT) $(INCLUDES) -MMD -MP -c -o $@ $<

# Everything that drives the product links the same way; $(1) = extra objects and libraries, $(2) = the way back to
# $(B). libnpu.so is an order-only prerequisite: a changed library needs no new link.
CLIENT_LIBS := $(B)/libharness.a $(B)/libscenes.a $(B)/libworker.a $(B)/libguard.a
define link_client
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SANITIZE) $(INSTRUMENT) $(LINK_FLAGS) -o $@ $(filter %.o,$^) \
	    -Wl,--start-group $(CLIENT_LIBS) -Wl,--end-group -L$(B) -lnpu $(1) \
	    -Wl,-rpath,'$$ORIGIN$(2)' -lm $(CXX_RUNTIME)
endef
$(B)/touchstone: $(call o,test,$(CLI_C)) $(CLIENT_LIBS) $(B)/.sources | $(B)/libnpu.so
	$(call link_client,,)
$(B)/bench: $(call o,test,$(BENCH_C)) $(CLIENT_LIBS) $(B)/.sources | $(B)/libnpu.so
	$(call link_client,-fopenmp,)
$(B)/fuzz_%$(FUZZ_SUFFIX): $(B)/obj/test/fuzz/%.c.o $(CLIENT_LIBS) $(B)/.sources | $(B)/libnpu.so
	$(call link_client,$(FUZZ_LINK),)
$(B)/st/%: $(B)/obj/test/st/%.c.o $(call o,test,$(ST_HELPERS)) $(CLIENT_LIBS) $(B)/.sources | $(B)/libnpu.so
	$(call link_client,-lcmocka,/..)

ut_program_sources = $(filter-out $(GUARD_CXX),$(call $(1)_sources,$(2)))
ut_device_objects = $(foreach p,aicpu aicore,$(call o,$p-$(subst /,-,$(1)),$(call ut_program_sources,$p,$(1))))
ut_host_objects = $(call o,host-$(subst /,-,$(1)),$(call ut_program_sources,host,$(1)))
ut_objects = $(if $(1),$(if $(call part,$(1),3),$(call ut_host_objects,$(1)),$(call ut_device_objects,$(1))))
define unit_test_rules
$(B)/ut/$(1)/%: $(B)/obj/$(call ut_group,$(1))/ut/$(1)/%.c.o $(call o,$(call ut_group,$(1)),$(call \
    ut_helpers,$(1))) $(call ut_objects,$(UT_VARIANT_$(1))) $(CLIENT_LIBS) $(B)/.sources | $(B)/libnpu.so
	$$(call link_client,-lcmocka,/../..)
endef
$(foreach f,$(UT_FOLDERS),$(eval $(call unit_test_rules,$f)))

-include $(shell [ -d $(B)/obj ] && find $(B)/obj -name '*.d')

# -------------------------------------------------------------------------------------------------------------- targets
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z_]+:.*## /{printf "  make %-17s %s\n", $$1, $$2}' Makefile

products: $(LIBRARIES) $(USER_SO)

build: $(BUILD) ## build everything of CONFIG=debug|release|coverage|asan|tsan|fuzz|afl below build/CONFIG

deps: ## install the Debian packages that `make check` needs (DEPS=skip leaves the machine alone)
	@harness/house/deps $(CHECK_PACKAGES)

deps_all: ## install the Debian packages of every target
	@harness/house/deps $(CAMPAIGN_PACKAGES)

check: deps ## unit and system tests, properties, corpus replay, leak gate; installs what is missing
	@$(SUBMAKE) build CONFIG=debug
	@harness/house/check build/debug

ut: ## unit tests of CONFIG (TEST=pattern selects)
	@$(SUBMAKE) build
	@harness/house/run-tests --title 'unit tests' --build $(B) --only '$(TEST)' $(UT_TESTS)

st: ## system tests of CONFIG (TEST=pattern selects)
	@$(SUBMAKE) build
	@harness/house/run-tests --title 'system tests' --build $(B) --only '$(TEST)' $(ST_TESTS)

faults: deps ## the fault loop over every call on every variant, where `make check` takes a sample of the later calls
	@$(SUBMAKE) build CONFIG=debug
	@FAULT_SWEEP=full build/debug/st/fault_loop_test

explore: deps ## every scene and recorded case under RUNS=1000 schedules of each policy, on every variant
	@$(SUBMAKE) build CONFIG=debug
	@harness/house/explore build/debug $(if $(RUNS),$(RUNS),1000)

# System tests take longest and go first.
leaks: deps ## every test under valgrind, children included: no definite, indirect or possible loss
	@$(SUBMAKE) build CONFIG=debug
	@harness/house/run-tests --title valgrind --valgrind --build build/debug --only '$(TEST)' \
	    $(ST_C:%.c=build/debug/%) $(UT_C:%.c=build/debug/%)

asan: deps_all ## every test with AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer
	@$(SUBMAKE) build CONFIG=asan
	@harness/house/run-tests --title 'asan+ubsan' --build build/asan --only '$(TEST)' \
	    $(ST_C:%.c=build/asan/%) $(UT_C:%.c=build/asan/%)

tsan: deps_all ## every test with ThreadSanitizer, on both engines
	@$(SUBMAKE) build CONFIG=tsan
	@harness/house/run-tests --title tsan --build build/tsan --only '$(TEST)' \
	    $(ST_C:%.c=build/tsan/%) $(UT_C:%.c=build/tsan/%)

fuzz: deps_all ## fuzz with libFuzzer: TARGET=name (default all), SECONDS=n each (default 30)
	@$(SUBMAKE) build CONFIG=fuzz
	@harness/house/fuzz --self-test
	@harness/house/fuzz $(if $(SECONDS),$(SECONDS),30) $(if $(TARGET),$(TARGET),$(FUZZ_C:fuzz/%.c=%))

afl: deps_all ## fuzz one TARGET=name with AFL++ for SECONDS=n (default 60)
	@$(if $(TARGET),,echo 'make afl: TARGET=name is needed, one of: $(FUZZ_C:fuzz/%.c=%)' >&2; exit 2)
	@$(SUBMAKE) build CONFIG=afl
	@harness/house/afl $(TARGET) $(if $(SECONDS),$(SECONDS),60)

coverage: deps_all ## line and branch coverage of the check suite, with per-folder floors; HTML in build/coverage/html
	@$(SUBMAKE) build CONFIG=coverage
	@harness/house/coverage build/coverage $(ST_C:%.c=build/coverage/%) $(UT_C:%.c=build/coverage/%)

bench: deps ## measure the numbers of the README (BENCH_ARGS=options, for instance BENCH_ARGS='--only chain')
	@$(SUBMAKE) build CONFIG=release
	@build/release/bench $(BENCH_ARGS)

mutants: deps ## put each defect back, break each ruling, show which check catches it (MUTANT='name …' selects)
	@harness/mutants/run --self-test
	@harness/mutants/run $(MUTANT)

campaign: deps_all ## everything within BUDGET=120 seconds of fuzzing; report in build/campaign/report.html
	@harness/campaign/run $(if $(BUDGET),$(BUDGET),120)

format: ## format every C and C++ file in place
	@git ls-files -co --exclude-standard '*.c' '*.h' '*.cpp' | xargs -r clang-format-14 -i

lint: deps_all ## clang-format check, both compilers on every file, clang-tidy, house rules
	@harness/house/lint

compile_commands: ## write build/compile_commands.json for editors and clang-tidy
	@mkdir -p build
	@$(MAKE) --no-print-directory -nB V=1 build CONFIG=debug | harness/house/compile-commands '$(CURDIR)' \
	    >build/compile_commands.json

clean: ## remove build/
	@rm -rf build

.PHONY: help products build deps deps_all check ut st faults explore leaks asan tsan fuzz afl coverage bench mutants \
    campaign format lint compile_commands clean
