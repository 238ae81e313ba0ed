/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every call of the driver that a context's life makes goes wrong in every way that a driver can: it fails, faults,
 * says that it is poisoned, lies, or never answers (R8, R15-R18). Whatever it was: the caller hears of it or gets the
 * right result, a fault is named by all later calls until finalize, and the next context finds a sound device with
 * nothing left on it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "npu/driver/driver.h"
#include "npu/driver/session.h"
#include "st/runtime_fixture.h"

#define FAULTS_DEVICE 2
#define FAULTS_SITES 512u
#define FAULTS_CALLS 4u /* of each site: the first ones and the last one */

struct way {
    const char *name;
    int32_t error;
    uint64_t value;
};

static const struct way ways[] = {
    {"fails", 5, 0},
    {"has no memory", 12, 0},
    {"faults", DRIVER_EXCEPTION, 0},
    {"times out", DRIVER_TIMEOUT, 0},
    {"is poisoned", DRIVER_POISONED, 0},
    {"lies", 0, DRIVER_FAULT_LIE},
    {"hangs", 0, DRIVER_FAULT_HANG},
};

struct point {
    const char *site;
    uint64_t nth;
    const struct way *way;
};

static int plan_point(const struct runtime_fixture *fixture, const struct point *point)
{
    struct pto_fault_rule rule = {.nth = point->nth, .error = point->way->error, .values = {point->way->value, 0}};
    (void)snprintf(rule.site, sizeof(rule.site), "%s", point->site);
    return fixture->client.debug->install_faults(&rule, 1);
}

static uint64_t fired(const struct runtime_fixture *fixture)
{
    static struct pto_fault_site sites[FAULTS_SITES];
    size_t count = fixture->client.debug->get_fault_sites(sites, FAULTS_SITES);
    uint64_t sum = 0;
    for (size_t i = 0; i < count && i < FAULTS_SITES; i++) {
        sum += sites[i].fired;
    }
    return sum;
}

static int faults_broken; /* told one by one; the points that follow are judged all the same */

static void broken(const struct point *point, const char *what, const char *text)
{
    faults_broken++;
    print_error("call %lu of %s %s: %s; last error \"%s\"\n", point->nth, point->site, point->way->name, what, text);
}

/* A copy that is reported and was not made leaves old bytes; nobody can know. */
static bool may_be_wrong(const struct point *point)
{
    return point->way->error == 0 && (strstr(point->site, "Memcpy") != NULL || strstr(point->site, "Memset") != NULL);
}

static int play_run(const struct runtime_fixture *fixture, void *context, const struct point *point)
{
    struct fixture_run run;
    fixture_run_make(&run, 5);
    int result = runtime_client_run(&fixture->client, context, 0, &run.args, 0, 3);
    const char *text = fixture->client.debug->last_error(context);
    if (result != 0 && !fixture_run_untouched(&run) && !may_be_wrong(point)) {
        broken(point, "a failed run wrote to the host", text);
    }
    if (result != 0 && strlen(text) < 10) {
        broken(point, "a run failed and said nothing", text);
    }
    if (strstr(text, "Unknown error") != NULL) {
        broken(point, "a driver's code was taken for an errno", text);
    }
    for (uint32_t i = 0; i < FIXTURE_ELEMENTS && result == 0 && !may_be_wrong(point); i++) {
        if (run.out[i] != callable_golden(CALLABLE_ADD, run.in[i], 5)) {
            broken(point, "a run succeeded with a wrong result", text);
        }
    }
    return result;
}

/* The log's level is no call to a device, and the reset is the last one. */
static bool has_consequences(const struct point *point)
{
    return strstr(point->site, "dlog") == NULL && strstr(point->site, "Reset") == NULL;
}

static bool is_fault(int32_t code)
{
    return code == DRIVER_EXCEPTION || code == DRIVER_TIMEOUT;
}

/* What was told is told again: a device that faulted serves nobody, and says why (R17). */
static void expect_consequences(const struct runtime_fixture *fixture, void *context, const struct point *point)
{
    char code[16];
    int32_t fault = point->way->value == DRIVER_FAULT_HANG ? (int32_t)DRIVER_TIMEOUT : point->way->error;
    if (!is_fault(fault) || fired(fixture) == 0 || !has_consequences(point)) {
        return;
    }
    (void)snprintf(code, sizeof(code), "%d", fault);
    int result = fixture->client.api.prepare_callable(context, 9, fixture->images[CALLABLE_ADD].bytes);
    const char *text = fixture->client.debug->last_error(context);
    if (result != DRIVER_POISONED) {
        broken(point, "the next call was not told that the device is poisoned", text);
    }
    if (strstr(text, code) == NULL) {
        broken(point, "the first fault is not named", text);
    }
}

/* The life of a context. What happened is what the caller is told of: nothing may crash, hang or be left. */
static void play_life(const struct runtime_fixture *fixture, int device, const struct point *point)
{
    const struct runtime_api *api = &fixture->client.api;
    uint8_t bytes[64] = {1};
    void *context = api->create_device_context();
    assert_non_null(context);
    if (runtime_client_init(&fixture->client, context, device) == 0) {
        void *memory = api->device_malloc_ctx(context, sizeof(bytes));
        if (memory != NULL) {
            (void)api->copy_to_device_ctx(context, memory, bytes, sizeof(bytes));
            (void)api->copy_from_device_ctx(context, bytes, memory, sizeof(bytes));
            api->device_free_ctx(context, memory);
        }
        int result = api->prepare_callable(context, 0, fixture->images[CALLABLE_ADD].bytes);
        for (int i = 0; i < 2 && result == 0; i++) {
            result = play_run(fixture, context, point);
        }
        (void)api->unregister_callable(context, 0);
        expect_consequences(fixture, context, point);
    } else if (strlen(fixture->client.debug->last_error(context)) < 10) {
        broken(point, "init failed and said nothing", "");
    }
    bool told = api->finalize_device(context) != 0;
    bool reset_failed = strstr(point->site, "Reset") != NULL && (point->way->error != 0 || point->way->value != 0);
    if (told != reset_failed) {
        broken(point, "finalize returned something else", fixture->client.debug->last_error(context));
    }
    api->destroy_device_context(context);
}

/* Without a fault everything works, and the device holds what this context holds, and afterwards nothing. */
static void expect_sound(const struct runtime_fixture *fixture, int device, const struct point *point)
{
    const struct runtime_api *api = &fixture->client.api;
    void *context = api->create_device_context();
    int result = runtime_client_init(&fixture->client, context, device);
    if (result != 0) {
        broken(point, "the next init failed", fixture->client.debug->last_error(context));
    }
    struct pto_statistics fresh = fixture_statistics(fixture, context);
    bool lied = strstr(point->site, "Reset") != NULL && point->way->error == 0 && point->way->value == DRIVER_FAULT_LIE;
    if (!lied && (fresh.driver_in_use != fresh.device_bytes || fresh.driver_images != 0 || fresh.driver_streams != 2 ||
                  fresh.driver_binaries != 0 || fresh.driver_kernels != 0)) {
        broken(point, "something was left on the device", "");
    }
    result = api->prepare_callable(context, 0, fixture->images[CALLABLE_ADD].bytes);
    const struct point nothing = {.site = point->site, .nth = point->nth, .way = &ways[0]};
    if (result != 0 || play_run(fixture, context, &nothing) != 0) {
        broken(point, "the next context cannot run", fixture->client.debug->last_error(context));
    }
    if (api->unregister_callable(context, 0) != 0 || api->finalize_device(context) != 0) {
        broken(point, "the next context cannot be ended", fixture->client.debug->last_error(context));
    }
    api->destroy_device_context(context);
    struct npu_driver_statistics left;
    npu_driver_statistics(device, &left);
    if (left.sessions != 0 || left.contexts != 0 || left.streams != 0 || left.in_use != 0) {
        broken(point, "the device is still there after its last context", "");
    }
}

static void play_point(const struct runtime_fixture *fixture, int device, const struct point *point)
{
    assert_int_equal(plan_point(fixture, point), 0);
    play_life(fixture, device, point);
    uint64_t count = fired(fixture);
    fixture->client.debug->clear_faults();
    if (count == 0) {
        broken(point, "it was never made", "");
    }
    expect_sound(fixture, device, point);
}

/* The driver's sites of a life, with the number of their calls. */
static size_t collect(const struct runtime_fixture *fixture, int device, struct pto_fault_site *found, size_t capacity)
{
    static struct pto_fault_site sites[FAULTS_SITES];
    const struct point nothing = {.site = "none", .nth = 1, .way = &ways[0]};
    assert_int_equal(fixture->client.debug->install_faults(NULL, 0), 0);
    play_life(fixture, device, &nothing);
    size_t count = fixture->client.debug->get_fault_sites(sites, FAULTS_SITES);
    fixture->client.debug->clear_faults();
    size_t kept = 0;
    for (size_t i = 0; i < count && i < FAULTS_SITES && kept < capacity; i++) {
        bool call = strncmp(sites[i].site, "driver.rt", 9) == 0 || strncmp(sites[i].site, "driver.acl", 10) == 0 ||
                    strncmp(sites[i].site, "driver.hal", 10) == 0 || strncmp(sites[i].site, "driver.dlog", 11) == 0;
        if (call) {
            found[kept++] = sites[i];
        }
    }
    return kept;
}

static void test_every_call_in_every_way(void **state)
{
    const struct runtime_fixture *fixture = *state;
    struct pto_fault_site sites[64];
    size_t points = 0;
    faults_broken = 0;
    expect_sound(fixture, FAULTS_DEVICE, &(struct point){.site = "none", .nth = 1, .way = &ways[0]});
    size_t count = collect(fixture, FAULTS_DEVICE, sites, 64);
    assert_true(count >= 12);
    for (size_t i = 0; i < count; i++) {
        for (size_t w = 0; w < sizeof(ways) / sizeof(ways[0]); w++) {
            for (uint64_t nth = 1; nth <= sites[i].calls; nth++) {
                nth = nth > FAULTS_CALLS ? sites[i].calls : nth;
                play_point(fixture, FAULTS_DEVICE, &(struct point){sites[i].site, nth, &ways[w]});
                points++;
            }
        }
    }
    print_message("%zu sites of the driver, %zu points\n", count, points);
    assert_int_equal(faults_broken, 0);
}

/* The first context of a device brings the program there; what goes wrong then must not be believed for ever (R16). */
static void test_the_first_context_of_a_device(void **state)
{
    static const char *const sites[] = {"driver.rtAicpuKernelLaunchExWithArgs", "driver.rtStreamSynchronizeWithTimeout",
                                        "driver.rtMemcpy", "driver.rtMalloc", "driver.rtStreamCreate"};
    const struct runtime_fixture *fixture = *state;
    int device = 100;
    faults_broken = 0;
    for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
        for (size_t w = 0; w < sizeof(ways) / sizeof(ways[0]); w++) {
            play_point(fixture, device++, &(struct point){sites[i], 1, &ways[w]});
        }
    }
    assert_int_equal(faults_broken, 0);
}

/* Tests that bring a program to a further device: its file, and what the process knows of it, stay (R10). */
#define BARE_TEST(function) cmocka_unit_test(function)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_every_call_in_every_way),
        BARE_TEST(test_the_first_context_of_a_device),
    };
    return fixture_run_tests("onboard faults", "*/*/onboard", FIXTURE_CORNERS, tests, sizeof(tests) / sizeof(tests[0]),
                             fixture_group_setup, fixture_group_teardown);
}
