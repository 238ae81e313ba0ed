/* SPDX-License-Identifier: Apache-2.0 */
/* The oracles of the random programs: sequence, dependency model, limits, encoding, draws, text (R19, R21). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error_codes.h"
#include "abi/orchestration.h"
#include "harness/oracle/task_build.h"
#include "harness/oracle/task_limits.h"
#include "harness/oracle/task_order.h"
#include "harness/oracle/task_sequence.h"
#include "harness/oracle/task_text.h"
#include "harness/property/task_case.h"

#define CLUSTERS 3u

static struct task_program program;
static struct task_memory memory;
static struct task_build build;

static struct task_op *submit(enum pto_tensor_arg_type tag, uint16_t reg)
{
    struct task_op *op = task_build_task(&build, TASK_SUBMIT);
    task_build_arg(op, tag, reg);
    return op;
}

static uint32_t edges(uint32_t from, uint32_t to)
{
    return task_order_edges(&program, task_program_task(&program, from), task_program_task(&program, to));
}

static uint64_t word(uint32_t buffer, uint32_t index)
{
    uint64_t value = 0;
    memcpy(&value, memory.bytes[buffer] + 8 * index, sizeof(value));
    return value;
}

/* What one kernel makes of nothing but itself, written out once more. */
static uint64_t stamp_of(uint64_t sum, uint64_t salt, uint64_t block, uint64_t blocks, uint64_t element)
{
    uint64_t digest = task_mix(task_mix(task_mix(task_mix(sum, salt), 0), block), blocks);
    return task_mix(task_mix(digest, 0), element);
}

static void run_sequence(void)
{
    memset(&memory, 0, sizeof(memory));
    task_sequence_run(&program, &memory);
}

static void test_sequence_writes_parts_and_scalars(void **state)
{
    (void)state;
    task_build_start(&build, &program);
    uint16_t x = task_build_external(&build, 3);
    submit(PTO_ARG_OUTPUT_EXISTING, x)->blocks = 2;
    task_build_scalar(&build, TASK_GET, x, 1);
    task_build_scalar(&build, TASK_SET, x, 2);
    run_sequence();
    assert_int_equal(word(0, 0), stamp_of(0, 1, 0, 2, 0));
    assert_int_equal(word(0, 1), stamp_of(0, 1, 1, 2, 1));
    assert_int_equal(word(0, 2), task_mix(task_mix(0, word(0, 1)), 0xBEEF));
}

static void test_sequence_updates_and_creates(void **state)
{
    (void)state;
    task_build_start(&build, &program);
    uint16_t x = task_build_external(&build, 1);
    struct task_op *op = task_build_task(&build, TASK_SUBMIT);
    uint16_t made = task_build_output(&build, op, 1, true);
    op = submit(PTO_ARG_INOUT, x);
    task_build_arg(op, PTO_ARG_INPUT, made);
    run_sequence();
    uint64_t output = task_mix(stamp_of(0, 1, 0, 1, 0), 0x77);
    assert_int_equal(word(1, 0), output);
    uint64_t digest = task_mix(task_mix(task_mix(task_mix(task_mix(0, 2), 0), 0), 1), output);
    assert_int_equal(word(0, 0), task_mix(task_mix(task_mix(digest, 0), 0), 0));
}

/* A change anywhere in what is mixed changes the value; so does the order. */
static void test_mix_does_not_commute(void **state)
{
    (void)state;
    assert_true(task_mix(task_mix(0, 1), 2) != task_mix(task_mix(0, 2), 1));
    assert_true(task_mix(task_mix(0, 0), 0) != task_mix(0, 0));
}

static void test_windows_meet_by_bytes(void **state)
{
    (void)state;
    struct task_window row = {.element = 8, .rank = 1, .shape = {4, 1}, .stride = {1, 1}};
    struct task_window odd = {.element = 4, .start = 4, .rank = 1, .shape = {4, 1}, .stride = {4, 1}};
    struct task_window even = {.element = 4, .rank = 1, .shape = {4, 1}, .stride = {4, 1}};
    struct task_window behind = {.element = 4, .start = 32, .rank = 1, .shape = {1, 1}, .stride = {1, 1}};
    struct task_window elsewhere = row;
    elsewhere.buffer = 1;
    assert_true(task_windows_meet(&row, &odd) && task_windows_meet(&odd, &row));
    assert_false(task_windows_meet(&odd, &even) || task_windows_meet(&row, &behind));
    assert_false(task_windows_meet(&row, &elsewhere));
}

/* R19: readers and writers by bytes, creators whatever the tag, nothing for what opts out. */
static void test_order_infers(void **state)
{
    (void)state;
    task_build_start(&build, &program);
    uint16_t x = task_build_external(&build, 4);
    uint16_t low = task_build_view(&build, x, 0, 2);
    uint16_t high = task_build_view(&build, x, 2, 2);
    (void)submit(PTO_ARG_INOUT, low);               /* 0 */
    (void)submit(PTO_ARG_INPUT, x);                 /* 1 */
    (void)submit(PTO_ARG_OUTPUT_EXISTING, high);    /* 2 */
    struct task_op *op = submit(PTO_ARG_NO_DEP, x); /* 3 */
    uint16_t made = task_build_output(&build, op, 2, false);
    (void)submit(PTO_ARG_NO_DEP, made); /* 4 */
    task_build_mark(&build, TASK_SCOPE, PTO_SCOPE_MANUAL);
    task_build_depend(&build, submit(PTO_ARG_INOUT, x), 1); /* 5 */
    task_build_mark(&build, TASK_SCOPE_END, 0);
    (void)submit(PTO_ARG_INPUT, low); /* 6 */
    assert_int_equal(edges(0, 1), TASK_EDGE_WRITER);
    assert_int_equal(edges(1, 2), TASK_EDGE_READER);
    assert_int_equal(edges(0, 2) | edges(0, 3) | edges(2, 3) | edges(2, 6) | edges(5, 6) | edges(1, 6), 0);
    assert_int_equal(edges(3, 4), TASK_EDGE_CREATOR);
    assert_int_equal(edges(1, 5), TASK_EDGE_EXPLICIT);
    assert_int_equal(edges(0, 5), 0);
    assert_int_equal(edges(0, 6), TASK_EDGE_WRITER);
}

/* What nothing orders is named, latest first; a waited-for scalar orders, a dependency does, another's does through. */
static void test_order_finds_what_is_missing(void **state)
{
    (void)state;
    static struct task_order order;
    task_build_start(&build, &program);
    task_order_clear(&order);
    uint16_t x = task_build_external(&build, 1);
    task_order_add(&order, &program, submit(PTO_ARG_INOUT, x));
    task_build_mark(&build, TASK_SCOPE, PTO_SCOPE_MANUAL);
    struct task_op *op = submit(PTO_ARG_INOUT, x);
    assert_int_equal(task_order_missing(&order, &program, op, op->task), 0);
    task_build_depend(&build, op, 0);
    assert_int_equal(task_order_missing(&order, &program, op, op->task), TASK_PROGRAM_NOBODY);
    task_order_add(&order, &program, op);
    op = submit(PTO_ARG_INPUT, x);
    assert_int_equal(task_order_missing(&order, &program, op, op->task), 1);
    task_build_depend(&build, op, 1);
    assert_int_equal(task_order_missing(&order, &program, op, op->task), TASK_PROGRAM_NOBODY);
    task_order_add(&order, &program, op);
    task_build_mark(&build, TASK_SCOPE_END, 0);
    task_build_scalar(&build, TASK_GET, x, 0);
    /* A scalar access waits for tracked writers alone: task 1 is not tracked. */
    assert_int_equal(task_order_missing(&order, &program, &program.ops[program.op_count - 1], program.task_count), 1);
}

/* In a MANUAL scope a buffer lives as long as those that name its owner. */
static void test_order_wants_the_owner(void **state)
{
    (void)state;
    static struct task_order order;
    task_build_start(&build, &program);
    task_order_clear(&order);
    task_build_mark(&build, TASK_SCOPE, PTO_SCOPE_MANUAL);
    struct task_op *op = task_build_task(&build, TASK_ALLOC);
    uint16_t made = task_build_output(&build, op, 1, true);
    task_order_add(&order, &program, op);
    op = submit(PTO_ARG_INOUT, made);
    task_build_depend(&build, op, 0);
    assert_int_equal(task_order_missing(&order, &program, op, op->task), TASK_PROGRAM_NOBODY);
    task_order_add(&order, &program, op);
    op = submit(PTO_ARG_INOUT, made);
    task_build_depend(&build, op, 1);
    assert_int_equal(task_order_missing(&order, &program, op, op->task), 0);
}

static struct task_ends ends_of(uint64_t window, uint64_t heap, uint64_t pool)
{
    const struct task_limits limits = {.window = window, .heap = heap, .pool = pool, .clusters = CLUSTERS};
    return task_limits_ends(&program, &limits);
}

static void expect_ends(struct task_ends ends, bool well, uint64_t codes)
{
    assert_int_equal(ends.well, well);
    assert_int_equal(ends.codes, codes);
}

/* -1 and -3: windows. */
static void test_limits_of_windows(void **state)
{
    (void)state;
    task_build_start(&build, &program);
    uint16_t x = task_build_external(&build, 1);
    for (uint32_t i = 0; i < 3; i++) {
        (void)submit(PTO_ARG_INOUT, x);
    }
    expect_ends(ends_of(4, 1024, 8), true, 0);
    (void)submit(PTO_ARG_INOUT, x);
    expect_ends(ends_of(4, 1024, 8), false, 1u << PTO_ERR_SCOPE_DEADLOCK);
    task_build_start(&build, &program);
    x = task_build_external(&build, 1);
    for (uint32_t depth = 0; depth < 5; depth++) {
        /* Depths 3, 4 and 5 share a ring. */
        task_build_mark(&build, TASK_SCOPE, PTO_SCOPE_AUTO);
        (void)submit(PTO_ARG_INOUT, x);
        (void)submit(PTO_ARG_INOUT, x);
    }
    expect_ends(ends_of(4, 1024, 8), false, 1u << PTO_ERR_FLOW_CONTROL_DEADLOCK);
    expect_ends(ends_of(8, 1024, 8), true, 0);
}

/* -2: what is held and asked for is more than the heap, or may lie badly. */
static void test_limits_of_heaps(void **state)
{
    (void)state;
    task_build_start(&build, &program);
    for (uint32_t i = 0; i < 3; i++) {
        (void)task_build_output(&build, task_build_task(&build, TASK_SUBMIT), 1, false);
    }
    expect_ends(ends_of(16, 8192, 8), true, 0);
    expect_ends(ends_of(16, 4096, 8), true, 1u << PTO_ERR_HEAP_RING_DEADLOCK);
    expect_ends(ends_of(16, 2048, 8), false, 1u << PTO_ERR_HEAP_RING_DEADLOCK);
}

/* -4: more than 64 producers of open scopes and the pool. */
static void test_limits_of_pools(void **state)
{
    (void)state;
    task_build_start(&build, &program);
    uint16_t x = task_build_external(&build, 1);
    for (uint32_t i = 0; i < 70; i++) {
        (void)submit(PTO_ARG_INPUT, x);
    }
    struct task_op *op = submit(PTO_ARG_INPUT, x);
    for (uint16_t i = 0; i < 70; i++) {
        task_build_depend(&build, op, i);
    }
    expect_ends(ends_of(1024, 1024, 6), true, 0);
    expect_ends(ends_of(1024, 1024, 5), false, 1u << PTO_ERR_DEP_POOL_OVERFLOW);
}

static struct task_op *submit_behind(uint16_t tasks)
{
    struct task_op *op = task_build_task(&build, TASK_SUBMIT);
    for (uint16_t i = 0; i < tasks; i++) {
        task_build_depend(&build, op, i);
    }
    return op;
}

/* What a task spilled that has retired is free again; but a new task that still finds it holds it. */
static void test_limits_of_held_spill(void **state)
{
    (void)state;
    task_build_start(&build, &program);
    uint16_t x = task_build_external(&build, 1);
    for (uint32_t i = 0; i < 70; i++) {
        (void)submit(PTO_ARG_INPUT, x);
    }
    task_build_mark(&build, TASK_SCOPE, PTO_SCOPE_AUTO);
    (void)submit_behind(70); /* spills 6 */
    task_build_mark(&build, TASK_SCOPE_END, 0);
    task_build_mark(&build, TASK_SCOPE, PTO_SCOPE_AUTO);
    struct task_op *op = submit_behind(70);
    expect_ends(ends_of(1024, 1024, 11), true, 0);
    task_build_depend(&build, op, 70); /* spills 7 */
    expect_ends(ends_of(1024, 1024, 13), true, 0);
    expect_ends(ends_of(1024, 1024, 12), true, 1u << PTO_ERR_DEP_POOL_OVERFLOW);
}

/* -7: more blocks that start together than there are cores of their kind, and nothing else of them. */
static void test_limits_of_starts(void **state)
{
    (void)state;
    static const struct {
        uint32_t lanes; /* bit per kernel */
        uint16_t most;
    } shapes[] = {{1, CLUSTERS}, {2, 2 * CLUSTERS}, {4, 2 * CLUSTERS}, {6, CLUSTERS}, {7, CLUSTERS}};
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        task_build_start(&build, &program);
        struct task_op *op = task_build_task(&build, TASK_SUBMIT);
        for (uint32_t lane = 0; lane < 3; lane++) {
            op->kernels[lane] = (shapes[i].lanes >> lane & 1u) != 0 ? lane : TASK_PROGRAM_NO_KERNEL;
        }
        op->blocks = (uint16_t)(shapes[i].most + 1);
        expect_ends(ends_of(16, 1024, 8), true, 0);
        op->sync_start = true;
        expect_ends(ends_of(16, 1024, 8), false, 1u << PTO_ERR_REQUIRE_SYNC_START_INVALID);
        op->blocks = shapes[i].most;
        expect_ends(ends_of(16, 1024, 8), true, 0);
    }
}

static void test_limits_of_scopes_and_fatal(void **state)
{
    (void)state;
    task_build_start(&build, &program);
    for (uint32_t i = 0; i < TASK_LIMIT_SCOPES - 1; i++) {
        task_build_mark(&build, TASK_SCOPE, PTO_SCOPE_AUTO);
    }
    expect_ends(ends_of(16, 1024, 8), true, 0);
    task_build_mark(&build, TASK_SCOPE, PTO_SCOPE_AUTO);
    expect_ends(ends_of(16, 1024, 8), false, 1u << PTO_ERR_INVALID_ARGS);
    task_build_start(&build, &program);
    task_build_mark(&build, TASK_SCOPE, PTO_SCOPE_MANUAL);
    task_build_mark(&build, TASK_SCOPE, PTO_SCOPE_AUTO);
    expect_ends(ends_of(16, 1024, 8), false, 1u << PTO_ERR_INVALID_ARGS);
    task_build_start(&build, &program);
    task_build_mark(&build, TASK_FATAL, 0);
    expect_ends(ends_of(16, 1024, 8), false, 1u << PTO_ERR_EXPLICIT_ORCH_FATAL);
    assert_true(task_ends_allow(&(struct task_ends){.codes = 1u << 9}, -9));
    assert_false(task_ends_allow(&(struct task_ends){.codes = 1u << 9}, 0));
    assert_false(task_ends_allow(&(struct task_ends){.well = true}, -100));
}

/* The program of test_encoding, word by word. */
static const uint32_t encoded[] = {
    TASK_EXTERNAL,
    1,
    0,
    PTO_UINT64,
    1,
    2,
    1,
    0,
    0, /* r0 */
    TASK_SUBMIT,
    UINT32_MAX,
    0,
    UINT32_MAX,
    1,
    0,
    1,
    0,
    0, /* its record */
    0,
    0,
    2, /* attends to the second request */
    1,
    0, /* t0 */
    PTO_ARG_INPUT,
    TASK_READS,
    0,
    PTO_UINT64,
    1,
    2,
    1,
    0,
    0,
    0, /* its tensor */
    TASK_DUMMY,
    UINT32_MAX,
    UINT32_MAX,
    UINT32_MAX,
    1,
    0,
    2,
    0,
    1, /* its record, if it had one */
    0,
    0,
    0,
    0,
    1,
    0, /* after t0 */
    TASK_SUBMIT,
    UINT32_MAX,
    0,
    UINT32_MAX,
    1,
    0,
    3,
    0,
    1, /* its record */
    2,
    TASK_MAILED,
    1, /* defers by the second request, attends to the first */
    0,
    0, /* t2 */
    TASK_SCOPE,
    1,
    TASK_SCOPE_END,
    TASK_GET,
    0,
    1,
    0,
    TASK_SET,
    0,
    1,
    0,
    0xBEEF,
    TASK_FATAL,
    42, /* the rest */
    TASK_END,
};

static void test_encoding(void **state)
{
    (void)state;
    static uint32_t words[TASK_PROGRAM_WORDS];
    task_build_start(&build, &program);
    uint16_t x = task_build_external(&build, 2);
    (void)submit(PTO_ARG_INPUT, x);
    task_build_depend(&build, task_build_task(&build, TASK_DUMMY), 0);
    (void)task_build_task(&build, TASK_SUBMIT);
    program.ops[program.op_of_task[2]].attends = 1;
    program.request_count = 1;
    task_build_defer(&build, 2, TASK_MAILED, 0);
    task_build_mark(&build, TASK_SCOPE, PTO_SCOPE_MANUAL);
    task_build_mark(&build, TASK_SCOPE_END, 0);
    task_build_scalar(&build, TASK_GET, x, 1);
    task_build_scalar(&build, TASK_SET, x, 1);
    task_build_mark(&build, TASK_FATAL, 42);
    uint32_t count = task_program_encode(&program, words, TASK_PROGRAM_WORDS);
    assert_int_equal(count, sizeof(encoded) / sizeof(encoded[0]));
    assert_memory_equal(words, encoded, sizeof(encoded));
}

/* Every drawn program is determinate: nothing that conflicts is unordered. */
static void test_draws_are_determinate(void **state)
{
    (void)state;
    static uint8_t bytes[8192];
    static struct task_case drawn;
    static struct task_order order;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct choice choice;
        choice_from_seed(&choice, seed, bytes, sizeof(bytes));
        task_case_draw(&choice, &drawn);
        task_order_clear(&order);
        for (uint32_t i = 0; i < drawn.program.op_count; i++) {
            const struct task_op *op = &drawn.program.ops[i];
            if (task_op_is_task(op) || op->opcode == TASK_GET || op->opcode == TASK_SET) {
                uint32_t missing = task_order_missing(&order, &drawn.program, op, op->task);
                if (missing != TASK_PROGRAM_NOBODY) {
                    fail_msg("seed %lu: operation %u is not ordered behind task %u", seed, i, missing);
                }
                task_order_add(&order, &drawn.program, op);
            }
        }
    }
}

/* What is drawn last is drawn: blocks that start together on several cores, and some too many; deferral of
 * each kind, also to tasks that come later. */
static void test_late_draws_come(void **state)
{
    (void)state;
    static uint8_t bytes[8192];
    static struct task_case drawn;
    uint32_t together = 0;
    uint32_t refused = 0;
    uint32_t deferred[TASK_CONDITIONS] = {0};
    uint32_t ahead = 0;
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        struct choice choice;
        choice_from_seed(&choice, seed, bytes, sizeof(bytes));
        task_case_draw(&choice, &drawn);
        for (uint32_t i = 0; i < drawn.program.op_count; i++) {
            const struct task_op *op = &drawn.program.ops[i];
            together += op->sync_start && op->blocks > 1;
            assert_true(op->opcode == TASK_SUBMIT || (!op->sync_start && op->defers == 0 && op->attends == 0));
            if (op->defers != 0) {
                deferred[op->how]++;
                ahead += task_program_attendant(&drawn.program, op->defers) > op->task;
            }
        }
        refused += task_ends_allow(&drawn.ends, -PTO_ERR_REQUIRE_SYNC_START_INVALID);
    }
    assert_true(together > 30 && refused > 0 && refused < 100);
    assert_true(deferred[TASK_COUNTER] > 100 && deferred[TASK_MAILED] > 100 && deferred[TASK_EVENT] > 30 && ahead > 40);
}

/* Zeros draw the smallest case: one external and nothing done with it. */
static void test_zeros_draw_nothing(void **state)
{
    (void)state;
    static struct task_case drawn;
    struct choice choice;
    choice_from_bytes(&choice, NULL, 0);
    task_case_draw(&choice, &drawn);
    assert_int_equal(drawn.program.op_count, 1);
    assert_int_equal(drawn.program.ops[0].opcode, TASK_EXTERNAL);
    assert_true(drawn.ends.well && drawn.ends.codes == 0);
}

static void test_text(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    task_build_start(&build, &program);
    uint16_t x = task_build_external(&build, 2);
    (void)submit(PTO_ARG_INOUT, x);
    task_build_mark(&build, TASK_SCOPE, PTO_SCOPE_AUTO);
    task_build_depend(&build, submit(PTO_ARG_INPUT, x), 0);
    task_build_mark(&build, TASK_SCOPE_END, 0);
    task_build_defer(&build, 0, TASK_EVENT, 1);
    task_text_print(stream, &program);
    (void)fclose(stream);
    assert_string_equal(text, "r0 = external 0 from byte 0, version 0: u64[2]\n"
                              "t0 = submit(AIV0 kernel 0; inout r0; deferred to t1 by event)\n"
                              "scope AUTO {\n"
                              "    t1 = submit(AIV0 kernel 0; input r0)    after t0 (explicit), t0 (writer)\n"
                              "}\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sequence_writes_parts_and_scalars),
        cmocka_unit_test(test_sequence_updates_and_creates),
        cmocka_unit_test(test_mix_does_not_commute),
        cmocka_unit_test(test_windows_meet_by_bytes),
        cmocka_unit_test(test_order_infers),
        cmocka_unit_test(test_order_finds_what_is_missing),
        cmocka_unit_test(test_order_wants_the_owner),
        cmocka_unit_test(test_limits_of_windows),
        cmocka_unit_test(test_limits_of_heaps),
        cmocka_unit_test(test_limits_of_pools),
        cmocka_unit_test(test_limits_of_held_spill),
        cmocka_unit_test(test_limits_of_starts),
        cmocka_unit_test(test_limits_of_scopes_and_fatal),
        cmocka_unit_test(test_encoding),
        cmocka_unit_test(test_draws_are_determinate),
        cmocka_unit_test(test_late_draws_come),
        cmocka_unit_test(test_zeros_draw_nothing),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
