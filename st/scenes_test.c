/* SPDX-License-Identifier: Apache-2.0 */
/* Every scene on both engines, under several schedules, numbers of blocks and of threads (R13, R19, R22). */
#include <stdlib.h>
#include <string.h>

#include "abi/shared_memory.h"
#include "harness/leak/leak_gate.h"
#include "harness/program/session.h"
#include "st/runtime_fixture.h"

#define MOST (-1) /* threads: as many as the architecture has */

static const struct {
    int32_t kind;
    int32_t policy;
    uint64_t seed;
} schedules[] = {
    {PTO_ENGINE_FIBERS, PTO_POLICY_ROUND_ROBIN, 0}, {PTO_ENGINE_FIBERS, PTO_POLICY_RANDOM, 1},
    {PTO_ENGINE_FIBERS, PTO_POLICY_RANDOM, 2},      {PTO_ENGINE_FIBERS, PTO_POLICY_PCT, 3},
    {PTO_ENGINE_FIBERS, PTO_POLICY_PCT, 4},         {PTO_ENGINE_THREADS, PTO_POLICY_ROUND_ROBIN, 0},
};

static const struct {
    int blocks; /* 0: all */
    int threads;
} shapes[] = {{1, 1}, {1, 3}, {2, 2}, {3, 4}, {0, MOST}};

/* Tasks that start together need cores for all their blocks. */
static int blocks_for(const struct scene *scene, int blocks)
{
    return blocks != 0 && blocks < (int)scene->min_blocks ? (int)scene->min_blocks : blocks;
}

static void play_everywhere(struct session *session, const struct scene *scene)
{
    for (size_t i = 0; i < sizeof(schedules) / sizeof(schedules[0]); i++) {
        struct pto_engine_options options;
        memset(&options, 0, sizeof(options));
        options.size = sizeof(options);
        options.kind = schedules[i].kind;
        options.policy = schedules[i].policy;
        options.seed = schedules[i].seed;
        assert_int_equal(session->debug->set_engine(session->context, &options), 0);
        for (size_t j = 0; j < sizeof(shapes) / sizeof(shapes[0]); j++) {
            int threads = shapes[j].threads != MOST ? shapes[j].threads
                                                    : (int)npu_arch_find(session->variant->arch)->max_aicpu_threads;
            int blocks = blocks_for(scene, shapes[j].blocks);
            int result = session_play(session, scene, (int32_t)(i + j), NULL, blocks, threads);
            if (result != 0) {
                fail_msg("%s, engine %d, policy %d, seed %lu, %d blocks, %d threads: %s", scene->name,
                         schedules[i].kind, schedules[i].policy, schedules[i].seed, blocks, threads, session->error);
            }
        }
    }
}

static struct session_options options_of_variant(void)
{
    const struct variant *variant = fixture_variant();
    return (struct session_options){
        .arch = variant->arch, .runtime = variant->runtime, .platform = variant->platform, .device_id = 0};
}

/* Says why when the scene cannot be expressed on the variant; the matrix of the tool counts these. */
static bool scene_runs(const struct scene *scene)
{
    char name[VARIANT_NAME_BYTES];
    const char *refusal = variant_refusal(scene, variant_name(fixture_variant(), name));
    if (refusal != NULL) {
        print_message("%s, %s: cannot: %s\n", scene->name, name, refusal);
    }
    return refusal == NULL;
}

static void test_scenes(void **state)
{
    (void)state;
    const struct session_options options = options_of_variant();
    size_t played = 0;
    for (size_t i = 0; i < scene_count; i++) {
        if (!scene_runs(scenes[i])) {
            continue;
        }
        /* The first round warms up what a process does once per scene's libraries. */
        struct leak_gate gate;
        for (int round = 0; round < 2; round++) {
            struct session session;
            leak_gate_begin(&gate, NULL, NULL);
            assert_int_equal(session_open(&session, &options), 0);
            play_everywhere(&session, scenes[i]);
            session_close(&session);
        }
        if (leak_gate_end(&gate) != 0) {
            fail_msg("%s leaks:\n%s", scenes[i]->name, gate.text);
        }
        played++;
    }
    assert_true(played >= 1);
}

/* What a scene says about its tasks is what the device counted. */
static void test_task_counts(void **state)
{
    (void)state;
    const struct session_options options = options_of_variant();
    for (size_t i = 0; i < scene_count; i++) {
        struct session session;
        struct pto_statistics statistics;
        if (scenes[i]->expected_tasks < 0 || !scene_runs(scenes[i])) {
            continue;
        }
        assert_int_equal(session_open(&session, &options), 0);
        int result =
            session_play(&session, scenes[i], 0, NULL, (int)scenes[i]->default_blocks, (int)scenes[i]->default_threads);
        if (result != 0) {
            fail_msg("%s: %s", scenes[i]->name, session.error);
        }
        assert_int_equal(session_statistics(&session, &statistics), 0);
        assert_int_equal(statistics.last_tasks, scenes[i]->expected_tasks);
        session_close(&session);
    }
}

/* The same with an orchestrator that becomes a scheduler, where there is one on the device. */
static void test_orchestrator_becomes_scheduler(void **state)
{
    (void)state;
    const int most = (int)npu_arch_find(fixture_variant()->arch)->max_aicpu_threads;
    const struct session_options options = options_of_variant();
    struct session session;
    assert_int_equal(setenv(PTO_ENV_ORCH_TO_SCHED, "1", 1), 0);
    assert_int_equal(session_open(&session, &options), 0);
    for (size_t i = 0; i < scene_count; i++) {
        for (int threads = 1; scene_runs(scenes[i]) && threads <= most; threads++) {
            int result = session_play(&session, scenes[i], threads, NULL, (int)scenes[i]->default_blocks, threads);
            if (result != 0) {
                fail_msg("%s, %d threads: %s", scenes[i]->name, threads, session.error);
            }
        }
    }
    session_close(&session);
    assert_int_equal(unsetenv(PTO_ENV_ORCH_TO_SCHED), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scenes),
        cmocka_unit_test(test_task_counts),
        cmocka_unit_test(test_orchestrator_becomes_scheduler),
    };
    return fixture_run_tests("scenes", "*/*/*", FIXTURE_EVERY, tests, sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
