/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random task graphs on the whole device against the same tasks run one after another (R19). Tasks access windows of
 * one arena, contiguous and strided, of several element types and base addresses that overlap, and buffers that other
 * tasks created.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "abi/kernel.h"
#include "mini_device.h"

#define ARENA_BYTES 1024u
#define MAX_TASKS 400u
#define MAX_ARGS 4u
#define MAX_CREATED 256u
#define CREATED_ELEMENTS 16u

static _Alignas(64) unsigned char arena[ARENA_BYTES];
static _Alignas(64) unsigned char model[ARENA_BYTES];
static uint64_t created_model[MAX_CREATED][CREATED_ELEMENTS];
static uint64_t sums[MAX_TASKS];
static uint64_t model_sums[MAX_TASKS];

static uint64_t random_state;

static uint64_t draw(uint64_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (random_state >> 11) % below;
}

struct step_arg {
    int32_t tag;
    bool is_created;
    uint32_t created; /* which output, when is_created or tag OUTPUT */
    uint32_t offset;  /* bytes in the arena */
    uint32_t dtype;
    uint32_t rows, columns, pitch; /* elements; rows 1: contiguous */
    uint32_t skip;                 /* elements from the base to the window */
};

struct step {
    enum { STEP_TASK, STEP_DUMMY, STEP_OPEN, STEP_CLOSE } kind;
    uint32_t number;
    uint32_t arg_count;
    struct step_arg args[MAX_ARGS];
    bool on_aic;
    uint32_t after; /* task number + 1 of an explicit dependency, 0: none */
};

static struct step steps[MAX_TASKS * 2];
static uint32_t step_count;
static uint32_t task_count;

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t x = (a ^ (b + 0x9E3779B97F4A7C15ull)) * 0xD6E8FEB86659FD93ull;
    return x ^ (x >> 29);
}

/* One tensor of a task as the kernel sees it. */
struct window {
    unsigned char *data;
    uint32_t element, rows, columns, pitch;
    int32_t tag;
};

static uint64_t load(const struct window *w, uint32_t r, uint32_t c)
{
    uint64_t value = 0;
    memcpy(&value, w->data + ((uint64_t)r * w->pitch + c) * w->element, w->element);
    return value;
}

static void store(const struct window *w, uint32_t r, uint32_t c, uint64_t value)
{
    memcpy(w->data + ((uint64_t)r * w->pitch + c) * w->element, &value, w->element);
}

/* What a task does: reads all it may read, then writes values that depend on what it read. Returns the sum of its
 * reads. */
static uint64_t stamp(uint64_t number, const struct window *windows, uint32_t count)
{
    uint64_t sum = mix(number, 1);
    for (uint32_t i = 0; i < count; i++) {
        if (windows[i].tag != PTO_ARG_INPUT && windows[i].tag != PTO_ARG_INOUT) {
            continue;
        }
        for (uint32_t r = 0; r < windows[i].rows; r++) {
            for (uint32_t c = 0; c < windows[i].columns; c++) {
                sum = mix(sum, load(&windows[i], r, c));
            }
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (windows[i].tag == PTO_ARG_INPUT || windows[i].tag == PTO_ARG_NO_DEP) {
            continue;
        }
        for (uint32_t r = 0; r < windows[i].rows; r++) {
            for (uint32_t c = 0; c < windows[i].columns; c++) {
                store(&windows[i], r, c, mix(sum, r * 1000 + c + i));
            }
        }
    }
    return sum;
}

/* words: tensors, then task number, count, tags */
static void stamp_kernel(int64_t *args)
{
    struct window windows[MAX_ARGS];
    uint32_t count = 0;
    while (pto_kernel_word(args, count) > 0xFFFF) {
        const struct pto_tensor *tensor = pto_kernel_tensor(args, count);
        windows[count] = (struct window){.data = pto_kernel_data(tensor),
                                         .element = pto_data_type_bytes(tensor->dtype),
                                         .rows = tensor->ndims == 2 ? tensor->shapes[0] : 1,
                                         .columns = tensor->shapes[tensor->ndims - 1],
                                         .pitch = tensor->strides[0]};
        count++;
    }
    uint64_t number = pto_kernel_word(args, count);
    for (uint32_t i = 0; i < count; i++) {
        windows[i].tag = (int32_t)pto_kernel_word(args, count + 1 + i);
    }
    sums[number] = stamp(number, windows, count);
}

/* ---- the same program on the device ... */

static struct pto_tensor created[MAX_CREATED];
static uint64_t task_ids[MAX_TASKS];

static void make_window(struct pto_tensor *tensor, const struct step_arg *arg)
{
    if (arg->is_created) {
        *tensor = created[arg->created];
        if (arg->skip != 0) {
            const uint32_t shape[1] = {CREATED_ELEMENTS - arg->skip};
            const uint32_t offset[1] = {arg->skip};
            struct pto_tensor whole = *tensor;
            (void)pto_tensor_view(tensor, &whole, shape, offset, false);
        }
        return;
    }
    uint32_t element = pto_data_type_bytes(arg->dtype);
    uint32_t room = (ARENA_BYTES - arg->offset) / element;
    const uint32_t grid[2] = {room / arg->pitch, arg->pitch};
    const uint32_t line[1] = {room};
    const uint32_t shape[2] = {arg->rows, arg->columns};
    const uint32_t offset[2] = {arg->skip / arg->pitch, arg->skip % arg->pitch};
    struct pto_tensor whole;
    uint64_t address = (uintptr_t)arena + arg->offset;
    if (arg->rows == 1) {
        (void)pto_tensor_external(&whole, address, line, 1, arg->dtype, false, 0);
        const uint32_t columns[1] = {arg->columns};
        const uint32_t skip[1] = {arg->skip};
        (void)pto_tensor_view(tensor, &whole, columns, skip, false);
    } else {
        (void)pto_tensor_external(&whole, address, grid, 2, arg->dtype, false, 0);
        (void)pto_tensor_view(tensor, &whole, shape, offset, false);
    }
}

static void submit_step(const struct step *step)
{
    struct pto_tensor tensors[MAX_ARGS];
    struct pto_tensor_create_info info;
    const uint32_t shape[1] = {CREATED_ELEMENTS};
    struct pto_arg arg;
    uint32_t outputs[MAX_ARGS];
    uint32_t output_count = 0;
    pto_arg_init(&arg);
    (void)pto_create_info(&info, shape, 1, PTO_UINT64, false);
    for (uint32_t i = 0; i < step->arg_count; i++) {
        const struct step_arg *given = &step->args[i];
        if (given->tag == PTO_ARG_OUTPUT) {
            outputs[output_count++] = given->created;
            pto_add_output(&arg, &info);
            continue;
        }
        make_window(&tensors[i], given);
        pto_arg_add_tensor(&arg, (enum pto_tensor_arg_type)given->tag, &tensors[i]);
    }
    pto_add_scalar(&arg, step->number);
    for (uint32_t i = 0; i < step->arg_count; i++) {
        pto_add_scalar(&arg, (uint64_t)step->args[i].tag);
    }
    if (step->after != 0) {
        pto_set_dependencies(&arg, &task_ids[step->after - 1], 1);
    }
    struct pto_task_outputs made = step->kind == STEP_DUMMY ? pto_submit_dummy(&arg)
                                   : step->on_aic           ? pto_submit_aic(0, &arg)
                                                            : pto_submit_aiv(0, &arg);
    task_ids[step->number] = made.task_id;
    for (uint32_t i = 0; i < output_count && i < made.output_count; i++) {
        created[outputs[i]] = *made.tensors[i];
    }
}

static void orchestrate(const struct pto_chip_args *args)
{
    (void)args;
    for (uint32_t i = 0; i < step_count; i++) {
        if (steps[i].kind == STEP_OPEN) {
            pto_scope_begin(PTO_SCOPE_AUTO);
        } else if (steps[i].kind == STEP_CLOSE) {
            pto_scope_end();
        } else {
            submit_step(&steps[i]);
        }
    }
}

/* ... and one after another */
static void run_model(void)
{
    for (uint32_t i = 0; i < step_count; i++) {
        const struct step *step = &steps[i];
        struct window windows[MAX_ARGS];
        if (step->kind != STEP_TASK) {
            continue;
        }
        for (uint32_t a = 0; a < step->arg_count; a++) {
            const struct step_arg *arg = &step->args[a];
            uint32_t element = pto_data_type_bytes(arg->dtype);
            bool in_created = arg->is_created || arg->tag == PTO_ARG_OUTPUT;
            windows[a] = in_created ? (struct window){.data = (unsigned char *)&created_model[arg->created][arg->skip],
                                                      .element = 8,
                                                      .rows = 1,
                                                      .columns = CREATED_ELEMENTS - arg->skip}
                                    : (struct window){.data = model + arg->offset + (uint64_t)arg->skip * element,
                                                      .element = element,
                                                      .rows = arg->rows,
                                                      .columns = arg->columns,
                                                      .pitch = arg->pitch};
            windows[a].tag = arg->tag;
        }
        model_sums[step->number] = stamp(step->number, windows, step->arg_count);
    }
}

/* ---- programs */

static void draw_window(struct step_arg *arg)
{
    static const uint32_t dtypes[] = {PTO_UINT8, PTO_UINT16, PTO_UINT32, PTO_UINT64};
    static const int32_t tags[] = {PTO_ARG_INPUT, PTO_ARG_INPUT, PTO_ARG_INOUT, PTO_ARG_OUTPUT_EXISTING};
    arg->tag = tags[draw(4)];
    arg->dtype = dtypes[draw(4)];
    arg->offset = (uint32_t)(draw(3) == 0 ? draw(8) * 64 : draw(2) * 256);
    arg->pitch = 8;
    uint32_t room = (ARENA_BYTES - arg->offset) / pto_data_type_bytes(arg->dtype);
    if (draw(3) == 0) {
        uint32_t row = (uint32_t)draw(4);
        uint32_t column = (uint32_t)draw(7);
        arg->rows = (uint32_t)draw(3) + 2;
        arg->columns = 1 + (uint32_t)draw(8 - column);
        arg->skip = row * arg->pitch + column;
    } else {
        arg->rows = 1;
        arg->skip = (uint32_t)draw(room / 2);
        arg->columns = 1 + (uint32_t)draw(24);
        arg->columns = arg->columns > room - arg->skip ? room - arg->skip : arg->columns;
    }
}

struct generator {
    uint32_t depth;
    uint32_t in_scope[4];     /* tasks */
    uint32_t created_from[5]; /* outputs visible at each depth start here */
    uint32_t created_count;
    uint32_t outputs_in_scope[4];
    uint32_t window;
    uint32_t blocks; /* outputs that fit in a scope */
};

static void draw_task(struct generator *g)
{
    struct step *step = &steps[step_count++];
    memset(step, 0, sizeof(*step));
    step->kind = draw(12) == 0 ? STEP_DUMMY : STEP_TASK;
    step->number = task_count++;
    step->on_aic = draw(3) == 0;
    step->arg_count = (uint32_t)draw(MAX_ARGS + 1);
    step->after = step->number > 0 && draw(6) == 0 ? (uint32_t)draw(step->number) + 1 : 0;
    for (uint32_t i = 0; i < step->arg_count; i++) {
        struct step_arg *arg = &step->args[i];
        draw_window(arg);
        if (step->kind == STEP_TASK && g->created_count < MAX_CREATED && draw(4) == 0 &&
            g->outputs_in_scope[g->depth] < g->blocks) {
            *arg = (struct step_arg){.tag = PTO_ARG_OUTPUT, .created = g->created_count++};
            g->outputs_in_scope[g->depth]++;
        }
    }
    uint32_t usable = g->created_count;
    for (uint32_t i = 0; i < step->arg_count; i++) {
        usable -= step->args[i].tag == PTO_ARG_OUTPUT;
    }
    for (uint32_t i = 0; i < step->arg_count; i++) {
        struct step_arg *arg = &step->args[i];
        if (arg->tag != PTO_ARG_OUTPUT && usable > 0 && draw(3) == 0) {
            uint32_t which = usable - 1 - (uint32_t)draw(usable < 6 ? usable : 6);
            *arg = (struct step_arg){.tag = arg->tag, .is_created = true, .created = which, .skip = (uint32_t)draw(8)};
        }
    }
    g->in_scope[g->depth]++;
}

/* Scopes stay small enough for the window; outputs are only used while their scope is open. */
static void draw_program(uint32_t window, uint32_t heap, uint32_t wanted)
{
    struct generator g = {.window = window, .blocks = heap / 1024 / 4};
    step_count = 0;
    task_count = 0;
    g.created_from[0] = 0;
    while (task_count < wanted) {
        bool full = g.in_scope[g.depth] + 2 >= window;
        if (g.depth < 3 && (full || draw(10) == 0)) {
            steps[step_count++] = (struct step){.kind = STEP_OPEN};
            g.depth++;
            g.in_scope[g.depth] = 0;
            g.outputs_in_scope[g.depth] = 0;
            g.created_from[g.depth] = g.created_count;
        } else if (g.depth > 0 && (full || draw(12) == 0)) {
            steps[step_count++] = (struct step){.kind = STEP_CLOSE};
            g.created_count = g.created_from[g.depth];
            g.depth--;
            if (g.in_scope[g.depth] + 2 >= window && g.depth == 0) {
                break;
            }
        } else if (full) {
            break;
        } else {
            draw_task(&g);
        }
    }
    while (g.depth-- > 0) {
        steps[step_count++] = (struct step){.kind = STEP_CLOSE};
    }
}

static void check_run(struct mini_device *device, const struct mini_run *run, uint64_t seed)
{
    struct mini_result result;
    for (uint32_t i = 0; i < ARENA_BYTES; i++) {
        arena[i] = model[i] = (unsigned char)(i * 7);
    }
    memset(sums, 0, sizeof(sums));
    memset(model_sums, 0, sizeof(model_sums));
    run_model();
    mini_device_run(device, run, &result);
    if (result.status != 0 || memcmp(arena, model, ARENA_BYTES) != 0 || memcmp(sums, model_sums, sizeof(sums)) != 0) {
        print_error("seed %llu threads %u blocks %u window %llu pool %llu: status %d %s\n%s\n",
                    (unsigned long long)seed, run->threads, run->blocks, (unsigned long long)run->window,
                    (unsigned long long)run->pool, result.status, result.message, result.outcome.report);
    }
    assert_int_equal(result.status, 0);
    assert_int_equal(result.tasks, task_count);
    assert_memory_equal(sums, model_sums, sizeof(sums));
    assert_memory_equal(arena, model, ARENA_BYTES);
}

static void programs_on(enum exec_kind kind, enum exec_policy policy, uint32_t count)
{
    struct exec_options options = {.kind = kind, .policy = policy, .seed = 1, .deadline_scale = 50};
    struct mini_device *device = mini_device_create(&options);
    static const uint64_t windows[] = {4, 8, 16, 64};
    static const uint64_t pools[] = {4, 5, 64};
    for (uint64_t seed = 1; seed <= count; seed++) {
        random_state = seed * 0x9E3779B97F4A7C15ull;
        struct mini_run run = {.orchestration = orchestrate, .kernels = {stamp_kernel}};
        run.window = windows[draw(4)];
        run.pool = pools[draw(3)];
        run.heap = draw(2) == 0 ? 16384 : 65536;
        run.threads = 1 + (uint32_t)draw(4);
        run.blocks = 1 + (uint32_t)draw(3);
        draw_program((uint32_t)run.window, (uint32_t)run.heap, 20 + (uint32_t)draw(100));
        options.seed = seed;
        mini_device_configure(device, &options);
        check_run(device, &run, seed);
    }
    mini_device_destroy(device);
}

static void on_round_robin(void **state)
{
    (void)state;
    programs_on(EXEC_FIBERS, EXEC_ROUND_ROBIN, 150);
}

static void on_random(void **state)
{
    (void)state;
    programs_on(EXEC_FIBERS, EXEC_RANDOM, 100);
}

static void on_pct(void **state)
{
    (void)state;
    programs_on(EXEC_FIBERS, EXEC_PCT, 60);
}

static void on_threads(void **state)
{
    (void)state;
    programs_on(EXEC_THREADS, EXEC_ROUND_ROBIN, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_round_robin),
        cmocka_unit_test(on_random),
        cmocka_unit_test(on_pct),
        cmocka_unit_test(on_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
