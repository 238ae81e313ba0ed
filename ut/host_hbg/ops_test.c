/* SPDX-License-Identifier: Apache-2.0 */
/* The nine calls of a graph builder: what each takes, what each refuses, and what a refusal latches (R4, R23, R24). */
#include "ut/host_hbg/graph_fixture.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/error_codes.h"
#include "base/log.h"
#include "exec/exec.h"

#define INVALID (-PTO_ERR_INVALID_ARGS)

static const struct pto_graph_task *device_task(void *ctx, uint32_t id)
{
    return graph_runtime(ctx)->device_tasks + id; /* sim: a device address is one of the host */
}

/* ---- add_task ---- */

struct task_case {
    int num_args;
    bool no_array;
    int func_id;
    int core_type;
    const char *text; /* NULL: accepted */
    int ids[3];       /* returned for a good task, this one, and a good one after it */
    int count;
};

static int build_task(struct pto_graph_handle *rt, const struct pto_chip_args *args, void *argument)
{
    struct task_case *c = argument;
    uint64_t words[PTO_GRAPH_MAX_ARGS + 1] = {0};
    void *device = graph_output(rt, args);
    for (int i = 0; i <= PTO_GRAPH_MAX_ARGS; i++) {
        words[i] = i == 0 ? (uintptr_t)device : 100u + (unsigned)i;
    }
    c->ids[0] = graph_store(rt, device, 1);
    c->ids[1] = rt->ops->add_task(rt, c->no_array ? NULL : words, c->num_args, c->func_id, c->core_type);
    c->ids[2] = graph_store(rt, device, 2);
    c->count = pto_graph_task_count(rt);
    return 0;
}

static void test_add_task(void **state)
{
    static const struct task_case cases[] = {
        {.num_args = 0, .no_array = true, .core_type = PTO_CORE_AIV},
        {.num_args = 1, .core_type = PTO_CORE_AIC},
        {.num_args = 16, .func_id = 5, .core_type = PTO_CORE_AIV},
        {.num_args = 17, .text = "17 arguments are not in 0..16"},
        {.num_args = -1, .text = "-1 arguments"},
        {.num_args = INT_MIN, .text = "-2147483648 arguments"},
        {.num_args = INT_MAX, .text = "2147483647 arguments"},
        {.num_args = 1, .no_array = true, .text = "1 arguments at NULL"},
        {.num_args = -1, .no_array = true, .text = "-1 arguments"},
        {.func_id = -1, .text = "func_id -1 is not in 0..1023"},
        {.func_id = 1024, .text = "func_id 1024 is not in 0..1023"},
        {.func_id = 7, .text = "the callable has no kernel with func_id 7"}, /* host.md 7 no. 32 */
        {.func_id = 1023, .text = "the callable has no kernel with func_id 1023"},
        {.core_type = 2, .text = "core type 2 is neither 0 nor 1"},
        {.core_type = -1, .text = "core type -1"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct task_case c = cases[i];
        bool good = c.text == NULL;
        graph_expect(*state, build_task, &c, good ? 0 : INVALID, good ? "" : c.text);
        assert_int_equal(c.ids[0], 0);
        assert_int_equal(c.ids[1], good ? 1 : -1);
        assert_int_equal(c.ids[2], good ? 2 : -1);
        assert_int_equal(c.count, good ? 3 : 1);
    }
}

/* R13: a task has the arguments it was given and zeros, whatever stood in its place before. */
static void test_arguments_are_carried(void **state)
{
    struct fixture_args args;
    struct task_case all = {.num_args = 16, .func_id = 5, .core_type = PTO_CORE_AIC};
    struct task_case one = {.num_args = 1};
    assert_int_equal(graph_play(*state, build_task, &all, &args), 0);
    const struct pto_graph_task *task = device_task(*state, 1);
    assert_int_equal(task->num_args, 16);
    assert_int_equal(task->args[15], 115);
    assert_int_equal(task->func_id, 5);
    assert_int_equal(task->core_type, PTO_CORE_AIC);
    assert_int_equal(graph_play(*state, build_task, &one, &args), 0);
    task = device_task(*state, 1);
    assert_int_equal(task->num_args, 1);
    for (int i = 1; i < PTO_GRAPH_MAX_ARGS; i++) {
        assert_int_equal(task->args[i], 0);
    }
}

struct table_fill {
    int tasks;
    int wrong; /* ids that are not the next number */
    int last;
    int count;
};

static int build_table(struct pto_graph_handle *rt, const struct pto_chip_args *args, void *argument)
{
    struct table_fill *fill = argument;
    (void)args;
    for (int i = 0; i < fill->tasks; i++) {
        fill->last = pto_graph_add_task(rt, NULL, 0, 0, PTO_CORE_AIV);
        fill->wrong += fill->last != i;
    }
    fill->count = pto_graph_task_count(rt);
    return 0;
}

static void test_full_table(void **state)
{
    struct table_fill full = {.tasks = PTO_GRAPH_MAX_TASKS};
    struct table_fill over = {.tasks = PTO_GRAPH_MAX_TASKS + 1};
    graph_expect(*state, build_table, &full, 0, "");
    assert_int_equal(full.wrong, 0);
    assert_int_equal(full.count, 131072);
    graph_expect(*state, build_table, &over, INVALID, "the table of 131072 tasks is full");
    assert_int_equal(over.wrong, 1);
    assert_int_equal(over.last, -1);
    assert_int_equal(over.count, 131072);
}

/* ---- add_successor ---- */

struct edges {
    int tasks;
    int from; /* UPWARDS: from task 0 to tasks 1, 2 and so on, `to` of them */
    int to;
    int times;
};
#define UPWARDS 1000000

static int build_edges(struct pto_graph_handle *rt, const struct pto_chip_args *args, void *argument)
{
    const struct edges *edges = argument;
    (void)args;
    for (int i = 0; i < edges->tasks; i++) {
        (void)pto_graph_add_task(rt, NULL, 0, 0, PTO_CORE_AIV);
    }
    for (int i = 0; i < edges->times; i++) {
        pto_graph_add_successor(rt, edges->from, edges->to);
    }
    for (int i = 1; edges->from == UPWARDS && i <= edges->to; i++) {
        pto_graph_add_successor(rt, 0, i);
    }
    return 0;
}

static void test_edges_with_bad_ids(void **state)
{
    static const int ids[] = {-1, 2, INT_MIN, INT_MAX};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        struct edges from = {.tasks = 2, .from = ids[i], .to = 1, .times = 1};
        struct edges to = {.tasks = 2, .from = 0, .to = ids[i], .times = 1};
        graph_expect(*state, build_edges, &from, INVALID, "there are 2 tasks");
        graph_expect(*state, build_edges, &to, INVALID, "add_successor: from 0 to");
    }
    struct edges none = {.tasks = 0, .from = 0, .to = 0, .times = 1};
    graph_expect(*state, build_edges, &none, INVALID, "from 0 to 0, there are 0 tasks");
}

static void test_fanout(void **state)
{
    struct edges most = {.tasks = 200, .from = UPWARDS, .to = PTO_GRAPH_MAX_FANOUT};
    struct edges more = {.tasks = 200, .from = UPWARDS, .to = PTO_GRAPH_MAX_FANOUT + 1};
    struct fixture_args args;
    assert_int_equal(graph_play(*state, build_edges, &most, &args), 0);
    assert_int_equal(device_task(*state, 0)->fanout_count, 128);
    for (int i = 1; i < 200; i++) {
        assert_int_equal(device_task(*state, (uint32_t)i)->fanin, i <= 128);
    }
    assert_int_equal(device_task(*state, 0)->fanout[127], 128);
    graph_expect(*state, build_edges, &more, INVALID, "task 0 has 128 successors already, task 129 would be one more");
}

/* abi/graph.h: an edge counts as often as it is given, and a task may wait for itself: then nothing runs it (R24). */
static void test_duplicate_and_self_edges(void **state)
{
    struct edges twice = {.tasks = 2, .from = 0, .to = 1, .times = 2};
    struct edges self = {.tasks = 2, .from = 1, .to = 1, .times = 1};
    struct fixture_args args;
    assert_int_equal(graph_play(*state, build_edges, &twice, &args), 0);
    assert_int_equal(device_task(*state, 0)->fanout_count, 2);
    assert_int_equal(device_task(*state, 0)->fanout[1], 1);
    assert_int_equal(device_task(*state, 1)->fanin, 2);
    assert_int_equal(graph_play(*state, build_edges, &self, &args), 0);
    assert_int_equal(device_task(*state, 0)->fanout_count, 0); /* R13: not those of the run before */
    assert_int_equal(device_task(*state, 1)->fanout[0], 1);
    assert_int_equal(device_task(*state, 1)->fanin, 1);
}

/* ---- set_tensor_info_to_task ---- */

struct info_case {
    int task_id;
    int count;
    bool no_array;
    uint8_t ndims; /* of the last description */
    uint8_t dtype;
    const char *text; /* NULL: accepted */
    int returned;
};

static int build_info(struct pto_graph_handle *rt, const struct pto_chip_args *args, void *argument)
{
    struct info_case *c = argument;
    struct pto_graph_tensor_info infos[PTO_GRAPH_MAX_TENSOR_INFOS + 1] = {0};
    (void)args;
    if (c->count >= 1 && c->count <= PTO_GRAPH_MAX_TENSOR_INFOS + 1) {
        infos[c->count - 1].ndims = c->ndims;
        infos[c->count - 1].dtype = c->dtype;
    }
    (void)pto_graph_add_task(rt, NULL, 0, 0, PTO_CORE_AIV);
    c->returned = rt->ops->set_tensor_info_to_task(rt, c->task_id, c->no_array ? NULL : infos, c->count);
    return 0;
}

static void test_tensor_infos(void **state)
{
    static const struct info_case cases[] = {
        {.count = 0},
        {.count = 0, .no_array = true},
        {.count = 1, .ndims = 5, .dtype = 10},
        {.count = 16, .ndims = 1},
        {.count = 17, .text = "17 descriptions"},
        {.count = -1, .text = "-1 descriptions"},
        {.count = INT_MAX, .text = "2147483647 descriptions"},
        {.count = INT_MIN, .text = "-2147483648 descriptions"},
        {.count = 1, .no_array = true, .text = "1 descriptions at (nil), at most 16"},
        {.count = 16, .ndims = 6, .text = "description 15 has rank 6 and type 0"},
        {.count = 2, .ndims = 5, .dtype = 11, .text = "description 1 has rank 5 and type 11"},
        {.count = 1, .dtype = 255, .text = "type 255"},
        {.task_id = 1, .text = "task 1, there are 1"},
        {.task_id = -1, .text = "task -1, there are 1"},
        {.task_id = INT_MIN, .count = 1, .text = "task -2147483648"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct info_case c = cases[i];
        graph_expect(*state, build_info, &c, c.text == NULL ? 0 : INVALID, c.text == NULL ? "" : c.text);
        assert_int_equal(c.returned, c.text == NULL ? 0 : -1);
    }
}

/* abi/graph.h: both calls in one say -1, and the run fails. */
static int build_task_with_info(struct pto_graph_handle *rt, const struct pto_chip_args *args, void *argument)
{
    const struct pto_graph_tensor_info good = {.ndims = 1};
    const struct pto_graph_tensor_info bad = {.ndims = 6};
    int *ids = argument;
    (void)args;
    ids[0] = pto_graph_add_task_with_tensor_info(rt, NULL, 0, 0, PTO_CORE_AIV, &good, 1);
    ids[1] = pto_graph_add_task_with_tensor_info(rt, NULL, 0, 0, PTO_CORE_AIV, &bad, 1);
    ids[2] = pto_graph_add_task_with_tensor_info(rt, NULL, 0, 0, PTO_CORE_AIV, &good, 1);
    return 0;
}

static void test_task_with_info(void **state)
{
    int ids[3];
    graph_expect(*state, build_task_with_info, ids, INVALID, "task 1, description 0 has rank 6");
    assert_int_equal(ids[0], 0);
    assert_int_equal(ids[1], -1);
    assert_int_equal(ids[2], -1);
}

/* ---- the latch ---- */

struct after_latch {
    int returned; /* by the orchestration */
    int id;
    int info;
    int copy;
    int count;
    void *memory;
    bool still_allocated; /* a buffer that was freed after the latch */
};

/* Latches, then makes every call there is, good ones and bad ones. */
static int build_after_latch(struct pto_graph_handle *rt, const struct pto_chip_args *args, void *argument)
{
    struct after_latch *after = argument;
    struct runtime *runtime = (struct runtime *)(void *)rt;
    uint32_t word = 9;
    void *device = graph_output(rt, args);
    (void)graph_store(rt, device, 1);
    pto_graph_add_successor(rt, 0, 55); /* the first one */
    pto_graph_add_successor(rt, 0, 66);
    pto_graph_add_successor(rt, 0, 0);
    after->id = graph_store(rt, device, 2);
    after->info = pto_graph_set_tensor_info(rt, 0, NULL, 0);
    after->copy = pto_graph_copy_to_device(rt, device, &word, sizeof(word));
    after->memory = pto_graph_device_malloc(rt, 64);
    pto_graph_record_tensor_pair(rt, &word, device, sizeof(word));
    pto_graph_device_free(rt, device);
    pto_graph_print(rt);
    after->still_allocated = runtime->allocations != NULL && runtime->pair_count == 1;
    after->count = pto_graph_task_count(rt);
    return after->returned;
}

/* R24: the first error is the run's, also before what the orchestration returns; after it no call does anything. */
static void test_first_error_wins(void **state)
{
    for (int returned = -1; returned <= 7; returned += 8) {
        struct after_latch after = {.returned = returned};
        graph_expect(*state, build_after_latch, &after, INVALID, "add_successor: from 0 to 55, there are 1 tasks");
        assert_int_equal(after.id, -1);
        assert_int_equal(after.info, -1);
        assert_int_equal(after.copy, -EINVAL);
        assert_null(after.memory);
        assert_true(after.still_allocated);
        assert_int_equal(after.count, 1);
    }
}

/* Also before what comes without a call: an exception, a fault. */
static void test_first_error_wins_over_the_end(void **state)
{
    static const struct fixture_spec spec = {.orchestration = "graph_latch", .entry_name = "build_graph"};
    struct fixture_image image = fixture_pack(&spec);
    assert_int_equal(prepare_callable(*state, 1, image.bytes), 0);
    fixture_free(&image);
    for (uint64_t end = 0; end < 2; end++) {
        struct fixture_args args;
        fixture_args_init(&args, end, 0);
        assert_int_equal(fixture_run(*state, 1, &args.args), INVALID);
        assert_non_null(strstr(fixture_error(*state), "add_successor: from 0 to 55"));
        graph_expect_golden(*state);
    }
}

static int build_and_return(struct pto_graph_handle *rt, const struct pto_chip_args *args, void *argument)
{
    (void)graph_output(rt, args);
    return *(const int *)argument;
}

static void test_return_codes(void **state)
{
    static const int codes[] = {7, -3, INT_MIN, INT_MAX};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        int code = codes[i];
        graph_expect(*state, build_and_return, &code, code, "its orchestration returned");
    }
}

/* Who keeps the handle has nothing: calls outside of the orchestration's own run change nothing. */
static void test_calls_after_the_run(void **state)
{
    struct pto_graph_handle *rt = &graph_runtime(*state)->handle;
    uint32_t word = 0;
    graph_expect_golden(*state);
    uint64_t held = fixture_statistics(*state).device_bytes;
    assert_int_equal(graph_store(rt, &word, 1), -1);
    pto_graph_add_successor(rt, 0, 0);
    assert_int_equal(pto_graph_set_tensor_info(rt, 0, NULL, 0), -1);
    assert_null(pto_graph_device_malloc(rt, 64));
    assert_int_equal(pto_graph_copy_to_device(rt, &word, &word, 4), -EINVAL);
    pto_graph_record_tensor_pair(rt, &word, &word, 4);
    pto_graph_device_free(rt, &word);
    assert_int_equal(graph_runtime(*state)->latched, 0);
    assert_int_equal(fixture_statistics(*state).device_bytes, held);
    graph_expect_golden(*state);
}

/* ---- print_runtime, and orchestrations that wait ---- */

static int build_and_print(struct pto_graph_handle *rt, const struct pto_chip_args *args, void *argument)
{
    (void)argument;
    int result = graph_golden(rt, args, NULL);
    (void)pto_graph_add_task(rt, NULL, 0, 5, PTO_CORE_AIC);
    pto_graph_add_successor(rt, 0, 1);
    pto_graph_print(rt);
    return result;
}

/* What print_runtime writes to standard error at that level. */
static void print_at(void *ctx, enum log_level level, char text[2048])
{
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    assert_non_null(file);
    log_set_level(level);
    (void)dup2(fileno(file), STDERR_FILENO);
    struct fixture_args args;
    int result = graph_play(ctx, build_and_print, NULL, &args);
    (void)dup2(saved, STDERR_FILENO);
    (void)close(saved);
    log_set_level(LOG_LEVEL_WARN);
    rewind(file);
    text[fread(text, 1, 2047, file)] = '\0';
    (void)fclose(file);
    assert_int_equal(result, 0);
}

static void test_print(void **state)
{
    char text[2048];
    print_at(*state, LOG_LEVEL_INFO, text);
    assert_non_null(strstr(text, "callable_id 0: 2 tasks"));
    assert_non_null(strstr(text, "task 0: func_id 0 on AIV, 2 arguments, 0 predecessors, 1 successors"));
    assert_non_null(strstr(text, "task 1: func_id 5 on AIC, 0 arguments, 1 predecessors, 0 successors"));
    print_at(*state, LOG_LEVEL_WARN, text);
    assert_null(strstr(text, "tasks"));
}

static int build_and_wait(struct pto_graph_handle *rt, const struct pto_chip_args *args, void *argument)
{
    static _Atomic uint32_t never;
    (void)argument;
    (void)graph_output(rt, args);
    exec_user_leave();
    (void)exec_wait(&never, 0, EXEC_NEVER);
    exec_user_enter();
    return 0;
}

/* R24: nobody will ever wake it. */
static void test_waiting_for_nothing(void **state)
{
    graph_expect(*state, build_and_wait, NULL, -100, "it waits for something that cannot happen");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GRAPH_TEST(test_add_task),
        GRAPH_TEST(test_arguments_are_carried),
        GRAPH_TEST(test_full_table),
        GRAPH_TEST(test_edges_with_bad_ids),
        GRAPH_TEST(test_fanout),
        GRAPH_TEST(test_duplicate_and_self_edges),
        GRAPH_TEST(test_tensor_infos),
        GRAPH_TEST(test_task_with_info),
        GRAPH_TEST(test_first_error_wins),
        GRAPH_TEST(test_first_error_wins_over_the_end),
        GRAPH_TEST(test_return_codes),
        GRAPH_TEST(test_calls_after_the_run),
        GRAPH_TEST(test_print),
        GRAPH_TEST(test_waiting_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
