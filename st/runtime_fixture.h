/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime_fixture: what the system tests of the C ABI start from: one open runtime per program, and per test a fresh
 * context on device 0 between two ends of a leak gate. A test that leaves anything behind fails in its teardown.
 *
 * Functions named expect_* make cmocka assertions and may be called from the test's own thread only.
 */
#ifndef ST_RUNTIME_FIXTURE_H
#define ST_RUNTIME_FIXTURE_H

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/leak/leak_gate.h"
#include "harness/model/callables.h"
#include "harness/model/runtime_client.h"

#define FIXTURE_ELEMENTS 16u
#define FIXTURE_UNTOUCHED ((int32_t)0x5a5a5a5a)

struct runtime_fixture {
    char artefacts[PATH_MAX];
    struct runtime_client client;
    struct callable_image images[CALLABLE_KIND_COUNT];
    void *context;
    struct leak_gate gate;
};

/* For cmocka_run_group_tests: opens everything once and warms up what is done once per process. */
int fixture_group_setup(void **state);
int fixture_group_teardown(void **state);
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
