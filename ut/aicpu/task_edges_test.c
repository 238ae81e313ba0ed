/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The producers that the orchestrator lists for each task of a random program, against the brute-force model of the
 * oracle, which compares the bytes of every two accesses (device.md 7.1: 2, 3, 7, 8, 9; R19, R20).
 *
 * Edges are taken at the submit, against the producers that are alive then; programs complete their tasks now and then.
 * The two need not be the same: a writer that covers another takes its place, so an edge may lead over others; and
 * strided windows are told apart by their outer bytes where they are not of one grid, so there may be edges more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "abi/orchestration.h"
#include "aicpu/trb/slot.h"
#include "harness/oracle/task_order.h"
#include "harness/property/task_draw.h"
#include "st/fixtures/task_program/registers.h"
#include "ut/aicpu/submit_rig.h"

#define PROGRAMS 3000u
#define ARENA 0x10000ull

static struct task_program program;
static uint32_t words[TASK_PROGRAM_WORDS];
static struct task_registers registers;
static uint64_t ids[TASK_PROGRAM_TASKS];
static struct task_set before[TASK_PROGRAM_TASKS]; /* over the edges that were listed */
static struct rig *rig;
static struct choice steps; /* what completes when */
static uint64_t seed;
static struct {
    uint64_t direct, through, more, held, dropped;
} covered;

static int state_of(uint32_t task)
{
    const struct pto_slot_state *slot = rig_slot(rig, ids[task]);
    return slot->task->task_id == ids[task] ? trb_slot_state(slot) : PTO_TASK_CONSUMED;
}

/* ---- what may be listed */

/* Behind the last byte of a window. */
static uint32_t end_of(const struct task_window *window)
{
    return task_window_at(window, task_window_elements(window) - 1) + window->element;
}

/* Whether two tracked accesses, one of them a write, meet by their outer bytes, or one is of a newer version. */
static bool may_meet(const struct task_op *from, const struct task_argument *one, const struct task_op *to,
                     const struct task_argument *other)
{
    const struct task_window *a = task_program_window(&program, one->reg);
    const struct task_window *b = task_program_window(&program, other->reg);
    bool tracked = !from->manual_scope && !to->manual_scope && !a->manual_dep && !b->manual_dep;
    bool listed = one->tag != PTO_ARG_NO_DEP && other->tag != PTO_ARG_NO_DEP && one->tag != PTO_ARG_OUTPUT &&
                  other->tag != PTO_ARG_OUTPUT;
    bool written = one->tag != PTO_ARG_INPUT || other->tag != PTO_ARG_INPUT;
    bool near = a->buffer == b->buffer && (a->version != b->version || (a->start < end_of(b) && b->start < end_of(a)));
    return tracked && listed && written && near;
}

static bool may_order(const struct task_op *from, const struct task_op *to)
{
    for (uint32_t i = 0; i < from->arg_count; i++) {
        for (uint32_t k = 0; k < to->arg_count; k++) {
            if (may_meet(from, &from->args[i], to, &to->args[k])) {
                return true;
            }
        }
    }
    return false;
}

/* ---- one task */

/* As they were when the task was submitted: its own submission may have retired some. */
static int states[TASK_PROGRAM_TASKS];

/* A task between the two took the producer's place in the map, and has retired since. */
static bool replaced(const struct task_op *from, const struct task_op *to)
{
    for (uint32_t k = from->task + 1; k < to->task; k++) {
        if (states[k] == PTO_TASK_CONSUMED && task_set_has(&before[k], from->task) &&
            task_order_edges(&program, task_program_task(&program, k), to) != 0) {
            return true;
        }
    }
    return false;
}

static void check_pair(const struct task_op *from, const struct task_op *to, bool listed)
{
    uint32_t edges = task_order_edges(&program, from, to);
    int state = states[from->task];
    bool holds = (edges & (TASK_EDGE_EXPLICIT | TASK_EDGE_CREATOR)) != 0;
    bool through = task_set_has(&before[to->task], from->task);
    const char *wrong = NULL;
    if (listed && state == PTO_TASK_CONSUMED) {
        wrong = "lists a task that had retired,";
    } else if (listed && edges == 0 && !may_order(from, to)) {
        wrong = "lists a task that it has nothing to do with,";
    } else if (!listed && holds && state != PTO_TASK_CONSUMED) {
        wrong = "does not hold its explicit producer or creator,";
    } else if (!through && edges != 0 && state == PTO_TASK_PENDING) {
        wrong = "is not ordered behind its producer,";
    } else if (!through && edges != 0 && state == PTO_TASK_COMPLETED && !replaced(from, to)) {
        wrong = "does not retain its completed producer,";
    }
    if (wrong != NULL) {
        fail_msg("seed %lu: task %u %s task %u (state %d, edges %#x)", seed, to->task, wrong, from->task, state, edges);
    }
    covered.direct += listed && edges != 0;
    covered.through += !listed && through && edges != 0;
    covered.more += listed && edges == 0;
    covered.held += listed && state == PTO_TASK_COMPLETED;
    covered.dropped += !listed && edges != 0 && state != PTO_TASK_PENDING;
}

static uint32_t number_of(uint64_t id, uint32_t below)
{
    uint32_t i = 0;
    while (i < below && ids[i] != id) {
        i++;
    }
    assert_true(i < below);
    return i;
}

static void check_task(const struct task_op *op)
{
    const struct pto_task_payload *payload = rig_slot(rig, ids[op->task])->payload;
    struct task_set listed = {{0}};
    memset(&before[op->task], 0, sizeof(before[0]));
    for (uint32_t i = 0; i < (uint32_t)payload->fanin_actual_count; i++) {
        uint32_t producer = number_of(trb_fanin(payload, i)->task->task_id, op->task);
        assert_false(task_set_has(&listed, producer));
        task_set_add(&listed, producer);
        task_set_add(&before[op->task], producer);
        task_set_unite(&before[op->task], &before[producer]);
    }
    for (uint32_t j = 0; j < op->task; j++) {
        check_pair(task_program_task(&program, j), op, task_set_has(&listed, j));
    }
}

static void fill_arg(struct pto_arg *arg, struct pto_tensor_create_info *infos, uint64_t *dependencies,
                     const struct task_op *op, const uint32_t *at)
{
    at += TASK_WORDS;
    pto_arg_init(arg);
    for (uint32_t i = 0; i < op->arg_count; i++, at += TASK_ARG_WORDS) {
        if (op->args[i].tag == PTO_ARG_OUTPUT) {
            assert_int_equal(pto_create_info(&infos[i], at + TASK_ARG_SHAPE0, at[TASK_ARG_RANK], at[TASK_ARG_DTYPE],
                                             at[TASK_ARG_MANUAL] != 0),
                             0);
            (void)pto_add_output(arg, &infos[i]);
        } else {
            (void)pto_arg_add_tensor(arg, (enum pto_tensor_arg_type)op->args[i].tag,
                                     registers_at(&registers, op->args[i].reg));
        }
    }
    for (uint32_t i = 0; i < op->dependency_count; i++) {
        dependencies[i] = ids[at[i]];
    }
    (void)pto_set_dependencies(arg, dependencies, op->dependency_count);
}

static void run_task(const struct task_op *op, const uint32_t *at)
{
    static const enum trb_request_kind kinds[] = {
        [TASK_SUBMIT] = TRB_KERNELS, [TASK_DUMMY] = TRB_DUMMY, [TASK_ALLOC] = TRB_ALLOCATION};
    static uint64_t dependencies[TASK_PROGRAM_TASKS];
    struct pto_tensor_create_info infos[TASK_PROGRAM_MAX_ARGS];
    const struct pto_mixed_kernels kernels = {(int32_t)op->kernels[0], (int32_t)op->kernels[1],
                                              (int32_t)op->kernels[2]};
    struct trb_submitted submitted;
    struct pto_arg arg;
    fill_arg(&arg, infos, dependencies, op, at);
    for (uint32_t i = 0; i < op->task; i++) {
        states[i] = state_of(i);
    }
    if (rig_submit(rig, kinds[op->opcode], &kernels, &arg, &submitted) != 0) {
        fail_msg("seed %lu: task %u: %s", seed, op->task, rig->block.message);
    }
    ids[op->task] = submitted.id;
    for (uint32_t i = 0; i < submitted.output_count; i++) {
        *registers_next(&registers) = *submitted.outputs[i];
    }
    check_task(op);
}

/* ---- one program */

/* Some of the tasks that are ready complete, and sometimes what is complete retires. */
static void step(void)
{
    struct pto_slot_state *slot = NULL;
    rig_wire(rig);
    for (uint64_t i = choice_below(&steps, 4); i > 0 && (slot = rig_ready(rig)) != NULL; i--) {
        rig_complete(rig, slot);
    }
    if (choice_bool(&steps)) {
        rig_flush(rig);
    }
}

/* The program's own fatal, and scopes that are not allowed, end it. */
static bool run_op(const struct task_op *op, const uint32_t *at)
{
    switch (op->opcode) {
    case TASK_EXTERNAL:
        (void)registers_external(&registers, at, ARENA * at[0]);
        return true;
    case TASK_SUBMIT:
    case TASK_DUMMY:
    case TASK_ALLOC:
        run_task(op, at);
        return true;
    case TASK_SCOPE:
        return rig_open(rig, op->mode) == 0;
    case TASK_SCOPE_END:
        rig_close(rig);
        return true;
    case TASK_GET:
    case TASK_SET:
        rig_finish(rig); /* it waits for what it has to and for more */
        return true;
    case TASK_FATAL:
        return false;
    default:
        return registers_derive(&registers, at - 1) != 0;
    }
}

static uint32_t words_of(const struct task_op *op)
{
    static const uint8_t fixed[TASK_OPCODES] = {
        [TASK_EXTERNAL] = 8, [TASK_VIEW] = 6,      [TASK_SLICE] = 6, [TASK_TRANSPOSE] = 2, [TASK_RESHAPE] = 5,
        [TASK_SCOPE] = 1,    [TASK_SCOPE_END] = 0, [TASK_GET] = 3,   [TASK_SET] = 4,       [TASK_FATAL] = 1};
    uint32_t task = TASK_WORDS + (uint32_t)op->arg_count * TASK_ARG_WORDS + op->dependency_count;
    return 1 + (task_op_is_task(op) ? task : fixed[op->opcode]);
}

static void play(void)
{
    static const struct task_limits limits = {.window = 16384, .heap = 1u << 28, .pool = 16384, .clusters = 1};
    static const struct task_draw_rules rules = {.limits = &limits};
    static uint8_t bytes[8192];
    static uint8_t step_bytes[4096];
    struct choice choice;
    choice_from_seed(&choice, seed, bytes, sizeof(bytes));
    choice_from_seed(&steps, ~seed, step_bytes, sizeof(step_bytes));
    task_draw(&choice, &rules, &program);
    (void)task_program_encode(&program, words, TASK_PROGRAM_WORDS);
    registers.count = 0;
    rig = rig_create(1024, 1u << 24, 32768);
    const uint32_t *at = words;
    bool lazy = seed % 3 == 0; /* nothing completes before it is waited for */
    for (uint32_t i = 0; i < program.op_count && run_op(&program.ops[i], at + 1); i++) {
        at += words_of(&program.ops[i]);
        if (!lazy) {
            step();
        }
    }
    rig_destroy(rig);
}

static void edges_equal_the_oracle(void **state)
{
    (void)state;
    for (seed = 1; seed <= PROGRAMS; seed++) {
        play();
    }
    print_message("%lu direct edges, %lu over others, %lu more; %lu completed producers held, %lu forgotten\n",
                  covered.direct, covered.through, covered.more, covered.held, covered.dropped);
    assert_true(covered.direct > 1000 && covered.through > 1000 && covered.more > 0);
    assert_true(covered.held > 100 && covered.dropped > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges_equal_the_oracle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
