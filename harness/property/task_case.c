/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/property/task_case.h"

#include <string.h>

#include "abi/shared_memory.h"
#include "harness/oracle/task_text.h"
#include "harness/property/engine_choice.h"
#include "harness/property/task_draw.h"
#include "npu/arch.h"

/* The defaults, or something small. */
static void draw_limits(struct choice *choice, struct task_limits *limits)
{
    static const uint32_t weights[] = {3, 1};
    bool window = choice_pick_weighted(choice, weights, 2) != 0;
    bool heap = choice_pick_weighted(choice, weights, 2) != 0;
    bool pool = choice_pick_weighted(choice, weights, 2) != 0;
    limits->window = window ? (uint64_t)PTO_MIN_TASK_WINDOW << choice_below(choice, 6) : PTO_DEFAULT_TASK_WINDOW;
    limits->heap = heap ? PTO_MIN_HEAP_BYTES << choice_below(choice, 7) : PTO_DEFAULT_HEAP_BYTES;
    limits->pool = pool ? PTO_MIN_DEP_POOL + choice_below(choice, 40) : PTO_DEFAULT_DEP_POOL;
}

void task_case_draw(struct choice *choice, struct task_case *drawn)
{
    static const uint32_t block_kinds[] = {30, 1}; /* what a schedule point costs grows with the cores */
    drawn->variant = &variant_all[choice_below(choice, VARIANT_COUNT)];
    const struct npu_arch *arch = npu_arch_find(drawn->variant->arch);
    const struct task_draw_rules rules = {
        .graph = strcmp(drawn->variant->runtime, "hbg") == 0, .events = arch->has_sdma, .limits = &drawn->limits};
    engine_choice_draw(choice, &drawn->engine);
    bool few = choice_pick_weighted(choice, block_kinds, 2) == 0;
    drawn->blocks = (int)choice_range(choice, 1, few ? 4 : arch->max_blocks);
    drawn->threads = (int)choice_range(choice, 1, arch->max_aicpu_threads);
    draw_limits(choice, &drawn->limits);
    drawn->limits.clusters = (uint32_t)drawn->blocks;
    drawn->transition = choice_below(choice, 4) == 3;
    task_draw(choice, &rules, &drawn->program);
    drawn->ends = (struct task_ends){.well = true};
    if (!rules.graph) {
        drawn->ends = task_limits_ends(&drawn->program, &drawn->limits);
    }
    if (drawn->ends.codes != 0) {
        drawn->engine.kind = PTO_ENGINE_FIBERS; /* threads need real time to find out that nothing can go on */
    }
}

void task_case_print(FILE *stream, const struct task_case *drawn)
{
    char name[VARIANT_NAME_BYTES];
    (void)fprintf(stream, "on %s, %s engine, policy %d, seed %lu, %d blocks, %d threads%s\n",
                  variant_name(drawn->variant, name), drawn->engine.kind == PTO_ENGINE_FIBERS ? "fibers" : "threads",
                  drawn->engine.policy, drawn->engine.seed, drawn->blocks, drawn->threads,
                  drawn->transition ? ", orchestrator to scheduler" : "");
    (void)fprintf(stream, "window %lu, heap %lu, pool %lu: %s", drawn->limits.window, drawn->limits.heap,
                  drawn->limits.pool, drawn->ends.well ? "may end well" : "must fail");
    for (int code = 1; code < 64; code++) {
        if (task_ends_allow(&drawn->ends, -code)) {
            (void)fprintf(stream, ", may end with %d", -code);
        }
    }
    (void)fprintf(stream, "\n");
    task_text_print(stream, &drawn->program);
}
