/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graph_fixture: graphs built by functions of a test. A context with one callable, id 0: an orchestration that calls
 * such a function, and kernels with func_id 0 and 5. The device side is stub_device_hbg, which runs no kernels.
 *
 * A builder runs on a simulated processor, so it asserts nothing: it keeps what it saw in its argument.
 */
#ifndef UT_HOST_HBG_GRAPH_FIXTURE_H
#define UT_HOST_HBG_GRAPH_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "abi/graph.h"
#include "host/runtime/hbg.h"
#include "ut/host/host_fixture.h"

#define GRAPH_WORD 77u /* what graph_golden stores */

typedef int graph_builder(struct pto_graph_handle *rt, const struct pto_chip_args *args, void *argument);

/* Setup and teardown of a test: the context as *state, callable 0 prepared. */
int graph_setup(void **state);
#define GRAPH_TEST(function) cmocka_unit_test_setup_teardown(function, graph_setup, fixture_teardown)

/* Prepares the callable that calls builders, with further kernels. */
void graph_prepare(void *ctx, int32_t callable_id, const struct fixture_kernel *kernels, int32_t kernel_count);

/* Arguments with which a callable calls `build`. */
void graph_args(struct fixture_args *args, graph_builder *build, void *argument);
/* One run of callable 0 with FIXTURE_COUNT words in and out, at one block with one thread. */
int graph_play(void *ctx, graph_builder *build, void *argument, struct fixture_args *args);

/* A device buffer for tensor 1 that is copied back, and one task that stores GRAPH_WORD in its first word. */
graph_builder graph_golden;
/* What a builder begins with: that buffer, NULL when there is none. */
void *graph_output(struct pto_graph_handle *rt, const struct pto_chip_args *args);
/* A task with two arguments. Returns what add_task returns. */
int graph_store(struct pto_graph_handle *rt, void *device, uint64_t value);

/*
 * Plays and expects that result and that part of the error text; a run that fails leaves the host's bytes alone. In any
 * case nothing of the run is left on the device, and the golden graph works afterwards.
 */
void graph_expect(void *ctx, graph_builder *build, void *argument, int result, const char *text);
void graph_expect_golden(void *ctx);
/* Fails unless the device holds no buffer of an orchestration. */
void graph_expect_nothing_left(void *ctx);

struct runtime *graph_runtime(void *ctx);
/* Calls of a fault site since the plan was installed. */
uint64_t graph_calls(const char *site);
/* An empty plan: only counts. */
void graph_count_calls(void);

#endif
