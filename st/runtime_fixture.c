/* SPDX-License-Identifier: Apache-2.0 */
#include "st/runtime_fixture.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "harness/program/artefacts.h"

static struct runtime_fixture fixture_only_one; /* one per test program */

/*
 * What happens once per process: libstdc++ stays loaded for ever once the first C++ image came (device.md 9.3), and
 * glibc keeps the arenas and stacks of threads that ended. Onboard the AICPU program is brought to each device once
 * (R16), and its file stays (R10).
 */
static int fixture_warm_up(struct runtime_fixture *fixture)
{
    static const struct callable_spec throws = {.name = "throw", .orchestration = "orchestration_throw"};
    struct callable_image image;
    char error[256];
    int result = callable_pack_on(fixture->artefacts, fixture->variant->runtime, &throws, &image, error, sizeof(error));
    if (result != 0) {
        print_error("%s\n", error);
        return result;
    }
    for (int i = 0; i < 2 * FIXTURE_DEVICES; i++) {
        const struct runtime_api *api = &fixture->client.api;
        struct fixture_run run;
        void *context = api->create_device_context();
        result = context != NULL ? runtime_client_init(&fixture->client, context, i % FIXTURE_DEVICES) : -1;
        result = result == 0 ? api->prepare_callable(context, 0, image.bytes) : result;
        result = result == 0 ? api->prepare_callable(context, 1, fixture->images[CALLABLE_TWO_STEPS].bytes) : result;
        for (int32_t kind = PTO_ENGINE_FIBERS; kind <= PTO_ENGINE_THREADS; kind++) {
            struct pto_engine_options options = fixture_engine(kind, PTO_POLICY_ROUND_ROBIN, 0);
            (void)fixture->client.debug->set_engine(context, &options);
            fixture_run_make(&run, 0);
            (void)fixture_play(fixture, context, 0, &run);
            (void)fixture_play(fixture, context, 1, &run);
        }
        api->destroy_device_context(context);
    }
    free(image.bytes);
    return result;
}

int fixture_group_setup(void **state)
{
    struct runtime_fixture *fixture = &fixture_only_one;
    char error[512] = "the build directory is not found";
    *state = fixture;
    /* What the tests do wrong on purpose would fill the screen; TOUCHSTONE_LOG brings it back. */
    if (getenv("TOUCHSTONE_LOG") == NULL) {
        log_set_level(LOG_LEVEL_NONE);
    }
    /* Small rings: a context of default size would zero what no test here uses. */
    (void)setenv("PTO2_RING_TASK_WINDOW", "64", 1);
    (void)setenv("PTO2_RING_HEAP", "65536", 1);
    (void)setenv("PTO2_RING_DEP_POOL", "256", 1);
    if (runtime_client_open(&fixture->client, fixture->artefacts, fixture->variant, error, sizeof(error)) != 0) {
        print_error("%s\n", error);
        return -1;
    }
    if (callable_pack_all_on(fixture->artefacts, fixture->variant->runtime, fixture->images, error, sizeof(error)) !=
        0) {
        print_error("%s\n", error);
        runtime_client_close(&fixture->client);
        return -1;
    }
    return fixture_warm_up(fixture);
}

int fixture_group_teardown(void **state)
{
    struct runtime_fixture *fixture = *state;
    callable_images_free(fixture->images, CALLABLE_KIND_COUNT);
    runtime_client_close(&fixture->client);
    return 0;
}

static void fixture_choose(const struct variant *variant)
{
    struct runtime_fixture *fixture = &fixture_only_one;
    fixture->variant = variant;
    fixture->arch = npu_arch_find(variant->arch);
    (void)variant_name(variant, fixture->variant_name);
}

/* Whether one of the comma-separated patterns in an environment variable covers the variant; 1 when it is not set, -1
 * when one of them is no pattern. */
static int fixture_listed(const char *variable, const char *variant)
{
    const char *patterns = getenv(variable);
    int listed = patterns == NULL || patterns[0] == 0;
    if (listed != 0) {
        return listed;
    }
    while (*patterns != 0) {
        char pattern[VARIANT_NAME_BYTES] = "";
        size_t length = strcspn(patterns, ",");
        if (length < sizeof(pattern)) { /* a longer one stays empty, which is no pattern */
            memcpy(pattern, patterns, length);
        }
        if (!variant_pattern_is_known(pattern)) {
            print_error("%s: \"%.40s\" covers no variant\n", variable, patterns);
            return -1;
        }
        listed |= variant_matches(pattern, variant);
        patterns += length + (patterns[length] == ',');
    }
    return listed;
}

/* The built variants to test. Returns how many, -1 for a bad list in the environment. */
static int fixture_select(const char *pattern, enum fixture_breadth breadth, const struct variant **chosen)
{
    const char *given = getenv("TOUCHSTONE_VARIANTS");
    bool all = given != NULL && given[0] != 0;
    const char *list = !all && breadth == FIXTURE_EVERY ? "TOUCHSTONE_SAMPLE" : "TOUCHSTONE_VARIANTS";
    int count = 0;
    for (size_t i = 0; i < VARIANT_COUNT; i++) {
        char name[VARIANT_NAME_BYTES];
        int listed = fixture_listed(list, variant_name(&variant_all[i], name));
        if (listed < 0) {
            return -1;
        }
        if (listed != 0 && variant_matches(pattern, variant_name(&variant_all[i], name)) &&
            variant_is_built(&variant_all[i], fixture_only_one.artefacts)) {
            chosen[count++] = &variant_all[i];
        }
    }
    if (!all && breadth != FIXTURE_EVERY && count > 1) {
        const char *sample = getenv("TOUCHSTONE_SAMPLE");
        chosen[1] = chosen[count - 1];
        count = breadth == FIXTURE_CORNERS && (sample == NULL || sample[0] == 0) ? 2 : 1;
    }
    return count;
}

/* Those of the tests that TOUCHSTONE_TESTS covers, all when it is not set. Returns how many. */
static size_t fixture_filter(const struct CMUnitTest *tests, size_t count, struct CMUnitTest *chosen)
{
    const char *pattern = getenv("TOUCHSTONE_TESTS");
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (pattern == NULL || pattern[0] == 0 || fnmatch(pattern, tests[i].name, 0) == 0) {
            chosen[kept++] = tests[i];
        }
    }
    if (kept == 0) {
        print_error("TOUCHSTONE_TESTS: none of %zu tests is called \"%s\"\n", count, pattern);
    }
    return kept;
}

int fixture_run_tests(const char *name, const char *pattern, enum fixture_breadth breadth,
                      const struct CMUnitTest *tests, size_t count, CMFixtureFunction setup, CMFixtureFunction teardown)
{
    const struct variant *chosen[VARIANT_COUNT];
    struct runtime_fixture *fixture = &fixture_only_one;
    if (artefacts_find(fixture->artefacts, sizeof(fixture->artefacts)) != 0) {
        print_error("the build directory is not found\n");
        return 1;
    }
    struct CMUnitTest filtered[FIXTURE_TESTS_MAX];
    assert_in_range(count, 1, FIXTURE_TESTS_MAX);
    count = fixture_filter(tests, count, filtered);
    int selected = count != 0 ? fixture_select(pattern, breadth, chosen) : 0;
    int failed = 0;
    for (int i = 0; i < selected; i++) {
        char title[128];
        fixture_choose(chosen[i]);
        (void)snprintf(title, sizeof(title), "%.80s on %.24s", name, fixture->variant_name);
        failed += _cmocka_run_group_tests(title, filtered, count, setup, teardown) != 0;
    }
    if (selected <= 0) {
        print_error("%s: no variant to test it on\n", name);
    }
    return selected <= 0 || failed != 0;
}

const struct variant *fixture_variant(void)
{
    return fixture_only_one.variant;
}

bool fixture_is(const struct runtime_fixture *fixture, const char *pattern)
{
    return variant_matches(pattern, fixture->variant_name);
}

void fixture_only(const struct runtime_fixture *fixture, const char *pattern, const char *reason)
{
    if (!fixture_is(fixture, pattern)) {
        print_message("not on %s: %s\n", fixture->variant_name, reason);
        skip();
    }
}

size_t fixture_dlopens(const struct runtime_fixture *fixture)
{
    const struct runtime_api *api = &fixture->client.api;
    bool by_host = fixture_is(fixture, "*/hbg/*");
    size_t other =
        by_host ? api->get_aicpu_dlopen_count(fixture->context) : api->get_host_dlopen_count(fixture->context);
    assert_int_equal(other, 0);
    return by_host ? api->get_host_dlopen_count(fixture->context) : api->get_aicpu_dlopen_count(fixture->context);
}

bool fixture_loads_at_prepare(const struct runtime_fixture *fixture)
{
    return fixture_is(fixture, "*/hbg/*");
}

int fixture_hang_code(const struct runtime_fixture *fixture)
{
    return fixture_is(fixture, "*/*/onboard") ? 507046 : -100;
}

int fixture_fault_code(const struct runtime_fixture *fixture)
{
    return fixture_is(fixture, "*/*/onboard") ? 507018 : -100;
}

int fixture_setup(void **state)
{
    struct runtime_fixture *fixture = &fixture_only_one;
    *state = fixture;
    leak_gate_begin(&fixture->gate, NULL, NULL);
    fixture->context = fixture->client.api.create_device_context();
    return fixture->context != NULL ? runtime_client_init(&fixture->client, fixture->context, 0) : -1;
}

int fixture_teardown(void **state)
{
    struct runtime_fixture *fixture = *state;
    fixture->client.debug->clear_faults();
    fixture->client.api.destroy_device_context(fixture->context);
    fixture->context = NULL;
    if (leak_gate_end(&fixture->gate) != 0) {
        print_error("leak gate:\n%s", fixture->gate.text);
        return -1;
    }
    return 0;
}

void fixture_run_make(struct fixture_run *run, uint64_t bias)
{
    for (uint32_t i = 0; i < FIXTURE_ELEMENTS; i++) {
        run->in[i] = (int32_t)(7 * i);
        run->out[i] = FIXTURE_UNTOUCHED;
    }
    run->bias = bias;
    callable_args(&run->args, run->in, run->out, FIXTURE_ELEMENTS, bias);
}

int fixture_run_untouched(const struct fixture_run *run)
{
    for (uint32_t i = 0; i < FIXTURE_ELEMENTS; i++) {
        if (run->out[i] != FIXTURE_UNTOUCHED || run->in[i] != (int32_t)(7 * i)) {
            return 0;
        }
    }
    return 1;
}

int fixture_play(const struct runtime_fixture *fixture, void *context, int32_t callable_id, struct fixture_run *run)
{
    return runtime_client_run(&fixture->client, context, callable_id, &run->args, 1, 3);
}

static const char *fixture_error(const struct runtime_fixture *fixture)
{
    return fixture->client.debug->last_error(fixture->context);
}

void expect_prepare(const struct runtime_fixture *fixture, int32_t callable_id, enum callable_kind kind)
{
    int result = fixture->client.api.prepare_callable(fixture->context, callable_id, fixture->images[kind].bytes);
    if (result != 0) {
        fail_msg("prepare_callable(%d, %s) returned %d: %s", callable_id, callable_specs[kind].name, result,
                 fixture_error(fixture));
    }
}

void expect_unregister(const struct runtime_fixture *fixture, int32_t callable_id)
{
    int result = fixture->client.api.unregister_callable(fixture->context, callable_id);
    if (result != 0) {
        fail_msg("unregister_callable(%d) returned %d: %s", callable_id, result, fixture_error(fixture));
    }
}

void expect_golden(const struct runtime_fixture *fixture, int32_t callable_id, enum callable_kind kind)
{
    struct fixture_run run;
    fixture_run_make(&run, 5);
    int result = fixture_play(fixture, fixture->context, callable_id, &run);
    if (result != 0) {
        fail_msg("run_prepared(%d) returned %d: %s", callable_id, result, fixture_error(fixture));
    }
    for (uint32_t i = 0; i < FIXTURE_ELEMENTS; i++) {
        int32_t golden = callable_golden(kind, run.in[i], run.bias);
        if (run.out[i] != golden) {
            fail_msg("run_prepared(%d): out[%u] is %d, %s gives %d", callable_id, i, run.out[i],
                     callable_specs[kind].name, golden);
        }
    }
}

void expect_failure(const struct runtime_fixture *fixture, int32_t callable_id, uint64_t bias, int result)
{
    struct fixture_run run;
    fixture_run_make(&run, bias);
    int found = fixture_play(fixture, fixture->context, callable_id, &run);
    if (found != result) {
        fail_msg("run_prepared(%d) returned %d, expected %d: %s", callable_id, found, result, fixture_error(fixture));
    }
    assert_string_not_equal(fixture_error(fixture), "");
    assert_true(fixture_run_untouched(&run));
}

void expect_error_text(const struct runtime_fixture *fixture, const char *part)
{
    const char *text = fixture_error(fixture);
    if (strstr(text, part) == NULL) {
        fail_msg("the error text '%s' does not say '%s'", text, part);
    }
}

struct pto_statistics fixture_statistics(const struct runtime_fixture *fixture, void *context)
{
    struct pto_statistics statistics = {.size = sizeof(statistics)};
    assert_int_equal(fixture->client.debug->get_statistics(context, &statistics), 0);
    return statistics;
}

void expect_same_state(const struct pto_statistics *now, const struct pto_statistics *then)
{
    for (size_t kind = 0; kind < PTO_MEMORY_KIND_COUNT; kind++) {
        if (now->device_bytes_by_kind[kind] != then->device_bytes_by_kind[kind]) {
            fail_msg("%s: %lu, before %lu", ledger_item_name((enum ledger_item)(LEDGER_DEVICE_KIND_FIRST + kind)),
                     now->device_bytes_by_kind[kind], then->device_bytes_by_kind[kind]);
        }
    }
    assert_int_equal(now->registered_callables, then->registered_callables);
    assert_int_equal(now->chip_buffers, then->chip_buffers);
    assert_int_equal(now->chip_leases, then->chip_leases);
    assert_int_equal(now->kernel_handles, then->kernel_handles);
    assert_int_equal(now->orchestration_handles, then->orchestration_handles);
    assert_int_equal(now->host_dlopens, then->host_dlopens);
    assert_int_equal(now->aicpu_dlopens, then->aicpu_dlopens);
    assert_int_equal(now->open_images, then->open_images);
    assert_int_equal(now->staged_files, then->staged_files);
}

struct callable_image fixture_pack(const struct runtime_fixture *fixture, const struct callable_spec *spec)
{
    struct callable_image image = {0};
    char error[256] = "";
    if (callable_pack_on(fixture->artefacts, fixture->variant->runtime, spec, &image, error, sizeof(error)) != 0) {
        fail_msg("%s: %s", spec->name, error);
    }
    return image;
}

void fixture_prepare_spec(const struct runtime_fixture *fixture, int32_t callable_id, const struct callable_spec *spec)
{
    struct callable_image image = fixture_pack(fixture, spec);
    int result = fixture->client.api.prepare_callable(fixture->context, callable_id, image.bytes);
    free(image.bytes);
    if (result != 0) {
        fail_msg("prepare_callable(%d, %s) returned %d: %s", callable_id, spec->name, result, fixture_error(fixture));
    }
}

struct pto_engine_options fixture_engine(int32_t kind, int32_t policy, uint64_t seed)
{
    struct pto_engine_options options;
    memset(&options, 0, sizeof(options));
    options.size = sizeof(options);
    options.kind = kind;
    options.policy = policy;
    options.seed = seed;
    return options;
}

void expect_engine(const struct runtime_fixture *fixture, const struct pto_engine_options *options)
{
    int result = fixture->client.debug->set_engine(fixture->context, options);
    if (result != 0) {
        fail_msg("set_engine(kind %d, policy %d) returned %d: %s", options->kind, options->policy, result,
                 fixture_error(fixture));
    }
}
