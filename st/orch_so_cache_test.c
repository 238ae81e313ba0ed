/* SPDX-License-Identifier: Apache-2.0 */
/*
 * orch_so_cache: three runs of one callable of five tasks (device.md 8; R7, R9; D07, D17). The first misses and opens
 * the orchestration, the second and the third hit what it opened. Under host_build_graph registration is the miss.
 */
#include <stdlib.h>

#include "harness/program/session.h"
#include "st/runtime_fixture.h"

#define CALLABLE_ID 5
#define TASKS 5

struct cache {
    struct session session;
    const struct scene *scene;
};

static uint64_t count_opened(struct cache *cache)
{
    struct pto_statistics statistics;
    assert_int_equal(session_statistics(&cache->session, &statistics), 0);
    return statistics.aicpu_dlopens + statistics.host_dlopens;
}

static int setup(void **state)
{
    static struct cache cache;
    const struct variant *variant = fixture_variant();
    const struct session_options options = {
        .arch = variant->arch, .runtime = variant->runtime, .platform = variant->platform};
    void *image = NULL;
    size_t bytes = 0;
    cache = (struct cache){.scene = scene_find("vector_example")};
    assert_non_null(cache.scene);
    assert_int_equal(session_open(&cache.session, &options), 0);
    assert_int_equal(session_pack_scene(&cache.session, cache.scene, &image, &bytes), 0);
    assert_int_equal(session_prepare(&cache.session, CALLABLE_ID, image), 0);
    free(image);
    *state = &cache;
    return 0;
}

static int teardown(void **state)
{
    struct cache *cache = *state;
    session_close(&cache->session);
    return 0;
}

/* One run with the golden result of five tasks; returns how many orchestrations it opened. */
static uint64_t play(struct cache *cache)
{
    struct scene_data data = {0};
    struct pto_statistics statistics;
    char message[SCENE_MESSAGE_BYTES] = "";
    uint64_t before = count_opened(cache);
    assert_int_equal(cache->scene->make(&data, NULL), 0);
    if (session_run(&cache->session, CALLABLE_ID, &data.args, 1, 3, NULL) != 0) {
        fail_msg("%s", cache->session.error);
    }
    if (cache->scene->check(&data, message) != 0) {
        fail_msg("%s", message);
    }
    scene_data_free(&data);
    assert_int_equal(session_statistics(&cache->session, &statistics), 0);
    assert_int_equal(statistics.last_tasks, TASKS);
    assert_int_equal(statistics.orchestration_handles, 1);
    assert_int_equal(statistics.staged_files, 0);
    assert_int_equal(statistics.chip_buffers, 1);
    return count_opened(cache) - before;
}

static void test_first_miss(void **state)
{
    bool at_prepare = variant_matches("*/hbg/*", variant_name(fixture_variant(), (char[VARIANT_NAME_BYTES]){0}));
    assert_int_equal(count_opened(*state), at_prepare ? 1 : 0);
    assert_int_equal(play(*state), at_prepare ? 0 : 1);
}

static void test_second_hit(void **state)
{
    (void)play(*state);
    assert_int_equal(play(*state), 0);
    assert_int_equal(count_opened(*state), 1);
}

static void test_third_hit(void **state)
{
    (void)play(*state);
    (void)play(*state);
    assert_int_equal(play(*state), 0);
    assert_int_equal(count_opened(*state), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_first_miss, setup, teardown),
        cmocka_unit_test_setup_teardown(test_second_hit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_third_hit, setup, teardown),
    };
    return fixture_run_tests("orchestration cache", "*/*/*", FIXTURE_EVERY, tests, sizeof(tests) / sizeof(tests[0]),
                             NULL, NULL);
}
