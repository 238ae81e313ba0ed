/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime_fixture: what the system tests of the C ABI start from: one open runtime at a time, and per test a fresh
 * context on device 0 between two ends of a leak gate. A test that leaves anything behind fails in its teardown.
 *
 * A test program says on how many variants its tests run (enum fixture_breadth); each variant is one cmocka group.
 * TOUCHSTONE_VARIANTS, a list of patterns separated by commas ("a5/trb/sim,a2a3/hbg/sim", "*" allowed per part),
 * selects others: then every test runs on every built variant that one of the patterns covers. TOUCHSTONE_SAMPLE, such
 * a list too, only narrows down FIXTURE_EVERY, and FIXTURE_CORNERS to the first. TOUCHSTONE_TESTS, a shell pattern
 * ("test_two_*"), selects tests by name.
 *
 * Functions named expect_* make cmocka assertions and may be called from the test's own thread only.
 */
#ifndef ST_RUNTIME_FIXTURE_H
#define ST_RUNTIME_FIXTURE_H

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/leak/leak_gate.h"
#include "harness/model/callables.h"
#include "harness/model/runtime_client.h"
#include "harness/program/variant.h"
#include "npu/arch.h"

#define FIXTURE_ELEMENTS 16u
#define FIXTURE_DEVICES 4     /* that tests use: 0 .. 3 */
#define FIXTURE_TESTS_MAX 64u /* of one group */
#define FIXTURE_UNTOUCHED ((int32_t)0x5a5a5a5a)

/* Chosen so that `make check` stays within minutes: a program takes the widest that its running time allows. */
enum fixture_breadth {
    FIXTURE_EVERY,   /* all built variants */
    FIXTURE_CORNERS, /* the first and the last of them: together both of each part once everything is built */
    FIXTURE_FIRST,   /* the first: for tests whose subject is not the runtime */
};

struct runtime_fixture {
    char artefacts[PATH_MAX];
    const struct variant *variant;
    char variant_name[VARIANT_NAME_BYTES];
    const struct npu_arch *arch;
    struct runtime_client client;
    struct callable_image images[CALLABLE_KIND_COUNT];
    void *context;
    struct leak_gate gate;
};

/*
 * main of a test program: runs the tests on the built variants that `pattern` covers, as many as `breadth` says.
 * Returns the exit code; a program for which no variant is built has failed.
 */
int fixture_run_tests(const char *name, const char *pattern, enum fixture_breadth breadth,
                      const struct CMUnitTest *tests, size_t count, CMFixtureFunction setup,
                      CMFixtureFunction teardown);
/* Opens the runtime of the variant once and warms up what is done once per process. */
int fixture_group_setup(void **state);
int fixture_group_teardown(void **state);
/* ... with tests made by FIXTURE_TEST. */
#define FIXTURE_RUN(name, pattern, breadth, tests)                                                            \
    fixture_run_tests(name, pattern, breadth, tests, sizeof(tests) / sizeof((tests)[0]), fixture_group_setup, \
                      fixture_group_teardown)
/* The variant of the group under way, for tests that do without the fixture. */
const struct variant *fixture_variant(void);

/* True when `pattern` covers the variant under test. */
bool fixture_is(const struct runtime_fixture *fixture, const char *pattern);
/* Skips the test, saying why, on variants that `pattern` does not cover. */
void fixture_only(const struct runtime_fixture *fixture, const char *pattern, const char *reason);
/* Orchestrations opened so far: by the AICPU at the first run (trb), by the host at registration (hbg). */
size_t fixture_dlopens(const struct runtime_fixture *fixture);
bool fixture_loads_at_prepare(const struct runtime_fixture *fixture);
/* What a run returns whose user code spins (R33), and one whose user code faults. */
int fixture_hang_code(const struct runtime_fixture *fixture);
int fixture_fault_code(const struct runtime_fixture *fixture);

/* For cmocka_unit_test_setup_teardown. The test's *state is the struct runtime_fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

#define FIXTURE_TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

/* Arguments of one run with their memory. */
struct fixture_run {
    struct pto_chip_args args;
    int32_t in[FIXTURE_ELEMENTS];
    int32_t out[FIXTURE_ELEMENTS];
    uint64_t bias;
};
/* in = 0, 1, 2 ... times 7, out untouched. */
void fixture_run_make(struct fixture_run *run, uint64_t bias);
/* True when every element of `out` is still FIXTURE_UNTOUCHED and every one of `in` as it was made. */
int fixture_run_untouched(const struct fixture_run *run);

/* Runs with 1 block and 3 threads unless said otherwise. Returns the result, checks nothing. */
int fixture_play(const struct runtime_fixture *fixture, void *context, int32_t callable_id, struct fixture_run *run);

void expect_prepare(const struct runtime_fixture *fixture, int32_t callable_id, enum callable_kind kind);
void expect_unregister(const struct runtime_fixture *fixture, int32_t callable_id);
/* The run succeeds and its output is golden. */
void expect_golden(const struct runtime_fixture *fixture, int32_t callable_id, enum callable_kind kind);
/* The run returns `result`, says why, and changes no host byte (R11, D29). */
void expect_failure(const struct runtime_fixture *fixture, int32_t callable_id, uint64_t bias, int result);
/* last_error contains `part`. */
void expect_error_text(const struct runtime_fixture *fixture, const char *part);

struct pto_statistics fixture_statistics(const struct runtime_fixture *fixture, void *context);
/* Every value of `now` that a caller can observe as state equals `then`: device bytes by kind, handles, counters. */
void expect_same_state(const struct pto_statistics *now, const struct pto_statistics *then);

/* Packs one more callable; free() its bytes. */
struct callable_image fixture_pack(const struct runtime_fixture *fixture, const struct callable_spec *spec);
/* Packs and prepares it. */
void fixture_prepare_spec(const struct runtime_fixture *fixture, int32_t callable_id, const struct callable_spec *spec);

/* Engine options with everything at its default but kind, policy and seed. */
struct pto_engine_options fixture_engine(int32_t kind, int32_t policy, uint64_t seed);
void expect_engine(const struct runtime_fixture *fixture, const struct pto_engine_options *options);

#endif
