/* SPDX-License-Identifier: Apache-2.0 */
/* Every scene on both engines, under several schedules, numbers of blocks and of threads (R13, R19, R22). */
#include <stdlib.h>
#include <string.h>

#include "abi/error_codes.h"
#include "abi/shared_memory.h"
#include "harness/leak/leak_gate.h"
#include "harness/program/session.h"
#include "st/runtime_fixture.h"

#define HANG_OP_LIMIT_NS 5000000ull
#define DRAWN_INPUTS 6u
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

#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

/* Tasks that start together need cores for all their blocks. */
static int blocks_for(const struct scene *scene, int blocks)
{
    return blocks != 0 && blocks < (int)scene->min_blocks ? (int)scene->min_blocks : blocks;
}

static struct session_options options_of_variant(void)
{
    const struct variant *variant = fixture_variant();
    return (struct session_options){
        .arch = variant->arch, .runtime = variant->runtime, .platform = variant->platform, .device_id = 0};
}

static void open_session(struct session *session)
{
    const struct session_options options = options_of_variant();
    if (session_open(session, &options) != 0) {
        fail_msg("no session: %s", session->error);
    }
}

/* A kernel that never ends is waited for as long as the op limit is. */
static void choose_engine(struct session *session, const struct scene *scene, int32_t kind, int32_t policy,
                          uint64_t seed)
{
    struct pto_engine_options options = fixture_engine(kind, policy, seed);
    if (scene->expected_result == -PTO_ERR_SCHEDULER_TIMEOUT) {
        options.op_limit_ns = HANG_OP_LIMIT_NS;
    }
    assert_int_equal(session->debug->set_engine(session->context, &options), 0);
}

/* What poisons its device leaves nothing but to begin anew (R17). */
static void renew_after_poison(struct session *session, const struct scene *scene)
{
    if (variant_expected_result(session->variant, scene) > 0) {
        session_close(session);
        open_session(session);
    }
}

/* Every schedule with every shape, or only with one of `apart` of them. Takes the scene's inputs in turn. */
static void play_everywhere(struct session *session, const struct scene *scene, size_t apart)
{
    uint32_t plays = 0;
    for (size_t i = 0; i < sizeof(schedules) / sizeof(schedules[0]); i++) {
        for (size_t j = 0; j < SHAPES; j++) {
            int threads = shapes[j].threads != MOST ? shapes[j].threads
                                                    : (int)npu_arch_find(session->variant->arch)->max_aicpu_threads;
            if ((i + j) % apart != 0) {
                continue;
            }
            choose_engine(session, scene, schedules[i].kind, schedules[i].policy, schedules[i].seed);
            session->case_number = plays++;
            int blocks = blocks_for(scene, shapes[j].blocks);
            int result = session_play(session, scene, (int32_t)(i + j), NULL, blocks, threads);
            if (result != 0) {
                fail_msg("%s, case %u, engine %d, policy %d, seed %lu, %d blocks, %d threads: %s", scene->name,
                         (plays - 1) % scene_case_count(scene), schedules[i].kind, schedules[i].policy,
                         schedules[i].seed, blocks, threads, session->error);
            }
            renew_after_poison(session, scene);
        }
    }
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
    const size_t apart = SHAPES / leak_churn_count(SHAPES, 1);
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
            open_session(&session);
            play_everywhere(&session, scenes[i], apart);
            session_close(&session);
        }
        if (leak_gate_end(&gate) != 0) {
            fail_msg("%s leaks:\n%s", scenes[i]->name, gate.text);
        }
        played++;
    }
    assert_true(played >= 1);
}

/* Inputs, and for each the schedule, from seeds. */
static void test_drawn_inputs(void **state)
{
    static uint8_t bytes[1u << 16];
    (void)state;
    for (size_t i = 0; i < scene_count; i++) {
        struct session session;
        if (!scene_runs(scenes[i])) {
            continue;
        }
        open_session(&session);
        for (uint64_t seed = 0; seed < leak_churn_count(DRAWN_INPUTS, 1); seed++) {
            struct choice choice;
            choice_from_seed(&choice, seed, bytes, sizeof(bytes));
            choose_engine(&session, scenes[i], PTO_ENGINE_FIBERS, PTO_POLICY_RANDOM, seed);
            int blocks = blocks_for(scenes[i], (int)choice_range(&choice, 1, 4));
            int threads = (int)choice_range(&choice, 1, 4);
            if (session_play(&session, scenes[i], 0, &choice, blocks, threads) != 0) {
                fail_msg("%s, inputs and random schedule of seed %lu, %d blocks, %d threads: %s", scenes[i]->name, seed,
                         blocks, threads, session.error);
            }
            renew_after_poison(&session, scenes[i]);
        }
        session_close(&session);
    }
}

/* The same with an orchestrator that becomes a scheduler, where there is one on the device. */
static void test_orchestrator_becomes_scheduler(void **state)
{
    (void)state;
    const int most = (int)npu_arch_find(fixture_variant()->arch)->max_aicpu_threads;
    struct session session;
    assert_int_equal(setenv(PTO_ENV_ORCH_TO_SCHED, "1", 1), 0);
    open_session(&session);
    for (size_t i = 0; i < scene_count; i++) {
        for (int threads = 1; scene_runs(scenes[i]) && threads <= most; threads++) {
            choose_engine(&session, scenes[i], PTO_ENGINE_FIBERS, PTO_POLICY_ROUND_ROBIN, 0);
            int result = session_play(&session, scenes[i], threads, NULL, (int)scenes[i]->default_blocks, threads);
            if (result != 0) {
                fail_msg("%s, %d threads: %s", scenes[i]->name, threads, session.error);
            }
            renew_after_poison(&session, scenes[i]);
        }
    }
    session_close(&session);
    assert_int_equal(unsetenv(PTO_ENV_ORCH_TO_SCHED), 0);
}

static void play_case(struct session *session, const struct scene *scene, uint32_t number)
{
    struct scene_data data = {.case_number = number};
    assert_int_equal(scene->make(&data, NULL), 0);
    int result = session_run(session, 0, &data.args, (int)scene->default_blocks, (int)scene->default_threads, NULL);
    if (session_judge(session, scene, &data, result) != 0) {
        fail_msg("%s, case %u: %s", scene->name, number, session->error);
    }
    scene_data_free(&data);
}

/* Rounds on one worker: one registration, loaded once, takes all inputs one after the other (R9, R13). */
static void test_rounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < scene_count; i++) {
        struct session session;
        void *image = NULL;
        size_t bytes = 0;
        if (!scene_runs(scenes[i]) || variant_expected_result(fixture_variant(), scenes[i]) > 0) {
            continue;
        }
        open_session(&session);
        choose_engine(&session, scenes[i], PTO_ENGINE_FIBERS, PTO_POLICY_ROUND_ROBIN, 0);
        assert_int_equal(session_pack_scene(&session, scenes[i], &image, &bytes), 0);
        assert_int_equal(session_prepare(&session, 0, image), 0);
        free(image);
        for (uint32_t k = 0; k < 2 * scene_case_count(scenes[i]); k++) {
            play_case(&session, scenes[i], k % scene_case_count(scenes[i]));
        }
        assert_int_equal(chip_worker_host_dlopen_count(session.worker) + chip_worker_aicpu_dlopen_count(session.worker),
                         1);
        session_close(&session);
    }
}

/* The numbers of device.md 8, which the scenes' own formulas must give. */
static void test_task_counts(void **state)
{
    static const struct {
        const char *scene;
        uint32_t number;
        int64_t tasks;
        int64_t graph; /* -1: not there */
    } counts[] = {
        {"vector_example", 0, 5, 5},
        {"scalar_data", 0, 8, -1},
        {"benchmark_bgemm", 0, 128, 128},
        {"benchmark_bgemm", 1, 1000, 1000},
        {"benchmark_bgemm", 2, 512, 512},
        {"benchmark_bgemm", 3, 128, 128},
        {"benchmark_bgemm", 4, 128, 128},
        {"benchmark_bgemm", 5, 64, 64},
        {"bgemm", 0, 128, 128},
        {"alternating_matmul_add", 0, 2, 2},
        {"alternating_matmul_add", 1, 1000, 1000},
        {"alternating_matmul_add", 2, 768, 768},
        {"mixed_example", 0, 20, -1},
        {"mixed_example", 1, 5, -1},
        {"dummy_task", 0, 3, -1},
        {"dummy_task", 1, 6, -1},
        {"dummy_task", 2, 4, -1},
        {"paged_attention", 0, 13, 12},
        {"paged_attention", 1, 33, 32},
        {"paged_attention", 2, 22, 20},
        {"paged_attention", 3, 68, 64},
        {"paged_attention_manual", 0, 13, -1},
        {"paged_attention_manual", 1, 68, -1},
        {"paged_attention_unroll", 0, 5, -1},
        {"paged_attention_unroll", 1, 20, -1},
        {"paged_attention_unroll", 2, 19, -1},
        {"dep_gen_chain", 0, 66, 66},
        {"dep_gen_chain", 1, 67, 67},
        {"dep_gen_chain", 2, 202, 202},
        {"dep_gen_chain", 3, 393, 393},
        {"matmul_diamond", 0, 4, 4},
        {"dump_tensor", 0, 2, 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        const struct scene *scene = scene_find(counts[i].scene);
        int64_t expected = strcmp(fixture_variant()->runtime, "hbg") == 0 ? counts[i].graph : counts[i].tasks;
        struct scene_data data = {.case_number = counts[i].number};
        assert_non_null(scene);
        assert_int_equal(scene->make(&data, NULL), 0);
        if (expected >= 0 && variant_expected_tasks(fixture_variant(), scene, &data) != expected) {
            fail_msg("%s, case %u: %lld tasks, expected %lld", scene->name, counts[i].number,
                     (long long)variant_expected_tasks(fixture_variant(), scene, &data), (long long)expected);
        }
        scene_data_free(&data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scenes),
        cmocka_unit_test(test_drawn_inputs),
        cmocka_unit_test(test_rounds),
        cmocka_unit_test(test_task_counts),
        cmocka_unit_test(test_orchestrator_becomes_scheduler),
    };
    /* Under valgrind eight variants are half an hour. */
    enum fixture_breadth breadth = leak_churn_count(100, 1) == 1 ? FIXTURE_CORNERS : FIXTURE_EVERY;
    return fixture_run_tests("scenes", "*/*/*", breadth, tests, sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
