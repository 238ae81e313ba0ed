/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who goes on under an exploring policy, with more processors than the policy looks at in one step: the choice that is
 * told, looked up slot by slot in a model of who is ready, names the one who does go on. A recorded schedule means
 * the same run for ever only if this rule never changes.
 */
#include "ut/exec/exec_rig.h"

#include "exec/random.h"

#define SLOTS 150u /* three words of 64, the last one in part */
#define STEPS 4u
#define NOBODY SLOTS

static struct rig rig;

/* Like the engine's own state, and like it outside of what orders the processors: see EXEC_NO_TSAN. */
static struct {
    bool ready[SLOTS];
    uint32_t ready_count;
    uint32_t caller; /* who ran before; NOBODY: the driver */
    bool told;       /* a choice, since then: */
    uint32_t count;
    uint32_t index;
    uint32_t point;
    uint64_t picks;
    uint32_t runs[SLOTS * STEPS]; /* who ran, step by step */
    uint32_t ran;
} model;

/* The rule of exec/policy.h. */
EXEC_NO_TSAN static uint32_t model_next(void)
{
    bool keeps = model.caller != NOBODY && model.ready[model.caller] && model.point == EXEC_POINT_KEEP;
    uint32_t left = model.index;
    if (keeps && left == 0) {
        return model.caller;
    }
    left -= keeps ? 1u : 0u;
    uint32_t slot = model.caller == NOBODY ? 0 : (model.caller + 1u) % SLOTS;
    while (!model.ready[slot] || left > 0) {
        left -= model.ready[slot] ? 1u : 0u;
        slot = (slot + 1u) % SLOTS;
    }
    return slot;
}

EXEC_NO_TSAN static void note_pick(void *context, uint32_t count, uint32_t index, uint32_t point)
{
    (void)context;
    assert_false(model.told);
    model.told = true;
    model.count = count;
    model.index = index;
    model.point = point;
    model.picks++;
}

static uint32_t draw_pick(void *context, uint32_t count)
{
    return (uint32_t)exec_random_below(context, count);
}

/* Processor `slot` goes on. */
EXEC_NO_TSAN static void note_run(uint32_t slot)
{
    if (!model.told) {
        model.count = 1; /* the only one: no choice, nothing told */
        model.index = 0;
        model.point = EXEC_POINT_YIELD;
    }
    assert_int_equal(model.count, model.ready_count);
    assert_int_equal(slot, model_next());
    model.told = false;
    model.caller = slot;
    model.runs[model.ran++] = slot;
}

EXEC_NO_TSAN static void note_end(uint32_t slot)
{
    model.ready[slot] = false;
    model.ready_count--;
}

static void step_keeping(void *argument)
{
    uint32_t slot = (uint32_t)(uintptr_t)argument;
    for (uint32_t step = 0; step < STEPS; step++) {
        note_run(slot);
        if (step + 1u < STEPS) {
            exec_wake(&rig.words[0]); /* could go on */
        }
    }
    note_end(slot);
}

static void step_in_turns(void *argument)
{
    uint32_t slot = (uint32_t)(uintptr_t)argument;
    for (uint32_t step = 0; step < STEPS - slot % 3u; step++) {
        if (step > 0 && step % 2u == 0) {
            exec_pause(); /* steps back */
        } else if (step > 0) {
            exec_wake(&rig.words[0]);
        }
        note_run(slot);
    }
    note_end(slot);
}

static void run_model(struct exec_options options, void (*entry)(void *))
{
    struct exec_random random;
    exec_random_seed(&random, options.seed);
    options.choose = draw_pick;
    options.choose_context = &random;
    options.picked = note_pick;
    assert_int_equal(exec_engine_configure(rig.engine, &options), 0);
    memset(&model, 0, sizeof(model));
    model.caller = NOBODY;
    model.ready_count = SLOTS;
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        model.ready[slot] = true;
        rig_spawn(&rig, "stepper", entry, (void *)(uintptr_t)slot);
    }
    rig_run_ok(&rig);
    assert_int_equal(model.ready_count, 0);
    assert_true(model.picks > SLOTS);
}

static int setup(void **state)
{
    (void)state;
    rig_open_default(&rig);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

static void test_the_told_choice_names_who_goes_on(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        for (enum exec_policy policy = EXEC_RANDOM; policy <= EXEC_CHOICE; policy++) {
            run_model((struct exec_options){.policy = policy, .seed = seed, .pct_depth = 4, .pct_steps = 400},
                      step_in_turns);
        }
    }
}

/* Depth 1: nobody who could go on is overtaken, and ranks have nothing to do with slots. */
static void test_pct_runs_whoever_ranks_highest(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        uint32_t ascents = 0;
        uint32_t places[3] = {0}; /* summed over the slots of each word */
        run_model((struct exec_options){.policy = EXEC_PCT, .seed = seed, .pct_depth = 1}, step_keeping);
        assert_int_equal(model.ran, SLOTS * STEPS);
        for (uint32_t i = 0; i < model.ran; i++) {
            assert_int_equal(model.runs[i], model.runs[i - i % STEPS]);
        }
        for (uint32_t i = 0; i < SLOTS; i++) {
            uint32_t slot = model.runs[i * STEPS];
            ascents += i > 0 && slot > model.runs[(i - 1u) * STEPS] ? 1u : 0u;
            places[slot / 64u] += i;
        }
        assert_in_range(ascents, SLOTS / 3u, SLOTS * 2u / 3u);
        assert_in_range(places[0] / 64u, SLOTS / 3u, SLOTS * 2u / 3u);
        assert_in_range(places[1] / 64u, SLOTS / 3u, SLOTS * 2u / 3u);
        assert_in_range(places[2] / (SLOTS - 128u), SLOTS / 3u, SLOTS * 2u / 3u);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_told_choice_names_who_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pct_runs_whoever_ranks_highest, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
