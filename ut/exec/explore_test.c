/* SPDX-License-Identifier: Apache-2.0 */
/* The exploring policies: replay from a seed, PCT, and enumeration of every interleaving through EXEC_CHOICE. */
#include "ut/exec/exec_rig.h"

#define SHARERS 4u

static struct rig rig;

static void step_and_trace(void *argument)
{
    for (int i = 0; i < 6; i++) {
        rig_trace(&rig, *(const char *)argument);
        switch (i % 3) { /* each of these is a schedule point under an exploring policy */
        case 0:
            rig_store_wake(&rig.words[0], (uint32_t)i);
            break;
        case 1:
            exec_charge(1000);
            break;
        default:
            (void)exec_wait(&rig.words[1], 1, EXEC_NEVER); /* satisfied at once */
            break;
        }
    }
}

static void run_traced(struct exec_options options, char *trace)
{
    static const char names[SHARERS] = {'a', 'b', 'c', 'd'};
    assert_int_equal(exec_engine_configure(rig.engine, &options), 0);
    memset(rig.trace, 0, sizeof(rig.trace));
    atomic_store(&rig.traced, 0);
    for (uint32_t i = 0; i < SHARERS; i++) {
        rig_spawn(&rig, "sharer", step_and_trace, (void *)(uintptr_t)&names[i]);
    }
    rig_run_ok(&rig);
    assert_true(rig.outcome.reproducible);
    /* Under exploring policies modelled work takes no time, so that every order stays reachable. */
    assert_int_equal(rig.outcome.end_ns, options.policy == EXEC_ROUND_ROBIN ? 2000 : 0);
    assert_int_equal(rig.traced, 6u * SHARERS);
    memcpy(trace, rig.trace, 64);
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

static void check_replay(enum exec_policy policy)
{
    char first[64];
    char again[64];
    uint32_t different = 0;
    char before[64] = "";
    for (uint64_t seed = 1; seed <= 20; seed++) {
        run_traced((struct exec_options){.policy = policy, .seed = seed, .pct_steps = 40}, first);
        run_traced((struct exec_options){.policy = policy, .seed = seed, .pct_steps = 40}, again);
        assert_string_equal(first, again);
        different += strcmp(first, before) != 0 ? 1u : 0u;
        memcpy(before, first, sizeof(before));
    }
    assert_true(different >= 18);
}

static void test_random_replays_from_its_seed(void **state)
{
    (void)state;
    check_replay(EXEC_RANDOM);
}

static void test_pct_replays_from_its_seed(void **state)
{
    (void)state;
    check_replay(EXEC_PCT);
}

#define TOLD_MOST 256u

struct told {
    uint32_t counts[TOLD_MOST];
    uint32_t indices[TOLD_MOST];
    uint32_t points[3]; /* how many of each kind */
    uint32_t told;
    uint32_t asked;
};

static void note_pick(void *context, uint32_t count, uint32_t index, uint32_t point)
{
    struct told *told = context;
    assert_true(told->told < TOLD_MOST && index < count && count >= 2 && point <= EXEC_POINT_BLOCKED);
    told->counts[told->told] = count;
    told->indices[told->told++] = index;
    told->points[point]++;
}

static uint32_t choose_as_told(void *context, uint32_t count)
{
    struct told *told = context;
    assert_true(told->asked < told->told);
    assert_int_equal(count, told->counts[told->asked]);
    return told->indices[told->asked++];
}

/* EXEC_CHOICE repeats a run of any policy from what was told of it, and tells the same of itself. */
static void test_what_is_told_is_the_schedule(void **state)
{
    (void)state;
    char first[64];
    char again[64];
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct told told = {0};
        struct told twice = {0};
        run_traced((struct exec_options){.policy = seed % 2 == 0 ? EXEC_PCT : EXEC_RANDOM,
                                         .seed = seed,
                                         .pct_steps = 40,
                                         .picked = note_pick,
                                         .picked_context = &told},
                   first);
        run_traced((struct exec_options){.policy = EXEC_CHOICE,
                                         .choose = choose_as_told,
                                         .choose_context = &told,
                                         .picked = note_pick,
                                         .picked_context = &twice},
                   again);
        assert_string_equal(first, again);
        assert_int_equal(told.asked, told.told);
        assert_int_equal(twice.told, told.told);
        assert_memory_equal(twice.indices, told.indices, sizeof(told.indices));
        assert_memory_equal(twice.points, told.points, sizeof(told.points));
        /* Four processors start and three of them end while there is somebody else. */
        assert_true(told.points[EXEC_POINT_BLOCKED] >= 3 && told.points[EXEC_POINT_KEEP] > 8);
        assert_int_equal(told.points[EXEC_POINT_YIELD], 0);
    }
}

static void test_replay_does_not_depend_on_earlier_runs(void **state)
{
    (void)state;
    char first[64];
    char again[64];
    char other[64];
    struct exec_options options = {.policy = EXEC_RANDOM, .seed = 99};
    run_traced(options, first);
    run_traced((struct exec_options){.policy = EXEC_ROUND_ROBIN}, other);
    run_traced((struct exec_options){.policy = EXEC_PCT, .seed = 5}, other);
    run_traced(options, again);
    assert_string_equal(first, again);

    rig_close(&rig);
    rig_open_default(&rig);
    run_traced(options, again); /* another engine, other addresses */
    assert_string_equal(first, again);
}

/* With depth d there are d - 1 places where a processor is overtaken that could have gone on. */
static uint32_t preemptions(const char *trace)
{
    uint32_t left[SHARERS] = {6, 6, 6, 6};
    uint32_t count = 0;
    for (size_t i = 0; trace[i] != '\0'; i++) {
        left[trace[i] - 'a']--;
        count += trace[i + 1u] != '\0' && trace[i + 1u] != trace[i] && left[trace[i] - 'a'] > 0 ? 1u : 0u;
    }
    return count;
}

static void test_pct_depth_bounds_preemptions(void **state)
{
    (void)state;
    char trace[64];
    uint32_t most[5] = {0};
    for (uint32_t depth = 1; depth <= 4; depth++) {
        for (uint64_t seed = 0; seed < 200; seed++) {
            run_traced((struct exec_options){.policy = EXEC_PCT, .seed = seed, .pct_depth = depth, .pct_steps = 24},
                       trace);
            uint32_t count = preemptions(trace);
            assert_true(count <= depth - 1u);
            most[depth] = count > most[depth] ? count : most[depth];
        }
    }
    assert_int_equal(most[1], 0);
    assert_int_equal(most[2], 1);
    assert_int_equal(most[3], 2);
    assert_int_equal(most[4], 3);
}

static void wait_and_trace(void *argument)
{
    (void)argument;
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(exec_wait(&rig.words[4], i, EXEC_NEVER), 0);
        rig_trace(&rig, 'w');
    }
}

static void store_and_trace(void *argument)
{
    (void)argument;
    for (uint32_t i = 1; i <= 3; i++) {
        rig_store_wake(&rig.words[4], i);
        rig_trace(&rig, 's');
    }
}

static void test_pct_ranks_survive_blocking(void **state)
{
    (void)state;
    uint32_t overtaken = 0;
    uint32_t last = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct exec_options options = {.policy = EXEC_PCT, .seed = seed, .pct_depth = 1};
        assert_int_equal(exec_engine_configure(rig.engine, &options), 0);
        memset(rig.trace, 0, sizeof(rig.trace));
        atomic_store(&rig.traced, 0);
        atomic_store(&rig.words[4], 0);
        rig_spawn(&rig, "waiter", wait_and_trace, NULL);
        rig_spawn(&rig, "writer", store_and_trace, NULL);
        rig_run_ok(&rig);
        overtaken += strcmp(rig.trace, "wswsws") == 0 ? 1u : 0u; /* the waiter ranks higher, each time it wakes */
        last += strcmp(rig.trace, "ssswww") == 0 ? 1u : 0u;
    }
    assert_int_equal(overtaken + last, 40);
    assert_true(overtaken >= 8 && last >= 8);
}

static void pause_until_last(void *argument)
{
    (void)argument;
    while (atomic_load(&rig.words[2]) < 3) {
        exec_pause();
    }
}

static void count_up(void *argument)
{
    (void)argument;
    for (int i = 0; i < 3; i++) {
        atomic_fetch_add(&rig.words[2], 1u);
        exec_pause();
    }
}

static uint32_t choose_zero(void *context, uint32_t count)
{
    (void)context;
    assert_true(count >= 2);
    return 0;
}

static void test_pollers_starve_nobody_under_any_policy(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 30; seed++) {
        for (enum exec_policy policy = EXEC_ROUND_ROBIN; policy <= EXEC_CHOICE; policy++) {
            struct exec_options options = {.policy = policy, .seed = seed, .choose = choose_zero};
            assert_int_equal(exec_engine_configure(rig.engine, &options), 0);
            atomic_store(&rig.words[2], 0);
            rig_spawn(&rig, "poller", pause_until_last, NULL);
            rig_spawn(&rig, "poller", pause_until_last, NULL);
            rig_spawn(&rig, "counter", count_up, NULL);
            rig_run_ok(&rig);
        }
    }
}

/* ---- exhaustive enumeration: depth first over the string of choices ---- */

#define TREE_DEPTH 64u

struct tree {
    uint32_t picks[TREE_DEPTH];
    uint32_t widths[TREE_DEPTH];
    uint32_t length; /* of the prefix to follow */
    uint32_t at;
};

static uint32_t choose_in_tree(void *context, uint32_t count)
{
    struct tree *tree = context;
    assert_true(tree->at < TREE_DEPTH);
    if (tree->at >= tree->length) {
        tree->picks[tree->at] = 0;
        tree->length = tree->at + 1u;
    }
    tree->widths[tree->at] = count;
    return tree->picks[tree->at++];
}

/* Moves to the next leaf; false when there is none. */
static bool tree_next(struct tree *tree)
{
    tree->length = tree->at;
    while (tree->length > 0 && tree->picks[tree->length - 1u] + 1u == tree->widths[tree->length - 1u]) {
        tree->length--;
    }
    if (tree->length == 0) {
        return false;
    }
    tree->picks[tree->length - 1u]++;
    tree->at = 0;
    return true;
}

static void two_steps(void *argument)
{
    rig_trace(&rig, *(const char *)argument);
    rig_store_wake(&rig.words[3], 1); /* the one point between the steps */
    rig_trace(&rig, *(const char *)argument);
}

static uint32_t trace_index(const char *trace)
{
    uint32_t index = 0;
    for (int i = 0; i < 6; i++) {
        index = index * 3u + (uint32_t)(trace[i] - 'a');
    }
    return index;
}

static void test_choices_enumerate_every_interleaving(void **state)
{
    (void)state;
    static const char names[3] = {'a', 'b', 'c'};
    static bool seen[729];
    struct tree tree = {.length = 0};
    struct exec_options options = {.policy = EXEC_CHOICE, .choose = choose_in_tree, .choose_context = &tree};
    uint32_t runs = 0;
    uint32_t distinct = 0;
    memset(seen, 0, sizeof(seen));
    assert_int_equal(exec_engine_configure(rig.engine, &options), 0);
    do {
        memset(rig.trace, 0, sizeof(rig.trace));
        atomic_store(&rig.traced, 0);
        tree.at = 0;
        for (int i = 0; i < 3; i++) {
            rig_spawn(&rig, "stepper", two_steps, (void *)(uintptr_t)&names[i]);
        }
        rig_run_ok(&rig);
        runs++;
        assert_int_equal(rig.traced, 6);
        distinct += seen[trace_index(rig.trace)] ? 0u : 1u;
        seen[trace_index(rig.trace)] = true;
    } while (tree_next(&tree));
    assert_int_equal(distinct, 90); /* 6! / (2! 2! 2!) */
    assert_int_equal(runs, 90);     /* and none of them twice: every choice matters */
}

static void test_options_are_checked(void **state)
{
    (void)state;
    struct exec_engine *engine = NULL;
    assert_int_equal(exec_engine_create(&(struct exec_options){.policy = EXEC_CHOICE}, &engine), -EINVAL);
    assert_int_equal(exec_engine_create(&(struct exec_options){.policy = EXEC_PCT, .pct_depth = 65}, &engine), -EINVAL);
    assert_int_equal(exec_engine_create(&(struct exec_options){.policy = (enum exec_policy)9}, &engine), -EINVAL);
    assert_int_equal(exec_engine_create(&(struct exec_options){.kind = (enum exec_kind)2}, &engine), -EINVAL);
    assert_int_equal(exec_engine_create(NULL, NULL), -EINVAL);
    assert_int_equal(exec_engine_configure(rig.engine, &(struct exec_options){.kind = EXEC_THREADS}), -EINVAL);
    assert_int_equal(exec_engine_configure(NULL, NULL), -EINVAL);
    assert_int_equal(exec_engine_create(NULL, &engine), 0);
    exec_engine_destroy(engine);
    exec_engine_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_random_replays_from_its_seed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pct_replays_from_its_seed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_told_is_the_schedule, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replay_does_not_depend_on_earlier_runs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pct_depth_bounds_preemptions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pct_ranks_survive_blocking, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pollers_starve_nobody_under_any_policy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_choices_enumerate_every_interleaving, setup, teardown),
        cmocka_unit_test_setup_teardown(test_options_are_checked, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
