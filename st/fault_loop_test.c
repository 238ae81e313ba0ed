/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every fallible call of this slice fails once and for good (design section 4; R8, R9, R13): prepare, run, unregister,
 * init and finalize through the C ABI, and a whole ChipWorker's life. The loop itself is alive: it reports planted
 * weaknesses.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/os.h"
#include "harness/fault/fault_loop.h"
#include "harness/program/session.h"
#include "npu/driver/driver.h"
#include "st/runtime_fixture.h"

static int failed(const struct runtime_fixture *fixture, void *context, char text[FAULT_SCENARIO_TEXT_BYTES])
{
    (void)snprintf(text, FAULT_SCENARIO_TEXT_BYTES, "%s", fixture->client.debug->last_error(context));
    return -1;
}

/* Does [at, at + bytes) hold the element? */
static bool holds(uint64_t at, uint64_t bytes, const int32_t *element)
{
    uint64_t address = (uintptr_t)element;
    return address >= at && address - at < bytes;
}

/*
 * The oracle of lies (design section 4: the truth beside the faulty view). Output i comes from input i and the bias:
 *   - a copy of outputs to the host that was not made leaves exactly its elements as the host had them;
 *   - a copy of inputs to the device that was not made may spoil exactly the outputs of its elements;
 *   - what else goes to the device (programs, their arguments, tables) all outputs come from.
 */
static bool lie_excuses(const struct fixture_run *run, uint32_t i)
{
    static struct fault_truth truths[FAULT_TRUTHS_MAX];
    size_t count = fault_truths(truths, FAULT_TRUTHS_MAX);
    for (size_t t = 0; t < count && t < FAULT_TRUTHS_MAX; t++) {
        const uint64_t *lied = truths[t].values; /* to, from, bytes, kind */
        bool from_input = lied[1] >= (uintptr_t)run->in && lied[1] < (uintptr_t)(run->in + FIXTURE_ELEMENTS);
        if (lied[3] == RT_MEMCPY_DEVICE_TO_HOST) {
            if (holds(lied[0], lied[2], &run->out[i]) && run->out[i] == FIXTURE_UNTOUCHED) {
                return true;
            }
        } else if (from_input ? holds(lied[1], lied[2], &run->in[i]) : lied[2] != 0) {
            return true;
        }
    }
    return false;
}

/* One run, judged: a fault may make it fail, but not make it wrong. */
static int run_judged(const struct runtime_fixture *fixture, void *context, int32_t id, enum callable_kind kind,
                      char text[FAULT_SCENARIO_TEXT_BYTES])
{
    struct fixture_run run;
    fixture_run_make(&run, 5);
    if (fixture_play(fixture, context, id, &run) != 0) {
        if (fixture_run_untouched(&run)) {
            return failed(fixture, context, text);
        }
        (void)snprintf(text, FAULT_SCENARIO_TEXT_BYTES, "a failed run wrote to the host");
        return FAULT_SCENARIO_BROKEN;
    }
    int result = 0;
    for (uint32_t i = 0; i < FIXTURE_ELEMENTS; i++) {
        if (run.out[i] == callable_golden(kind, run.in[i], run.bias)) {
            continue;
        }
        (void)snprintf(text, FAULT_SCENARIO_TEXT_BYTES, "out[%u] is %d", i, run.out[i]);
        if (!lie_excuses(&run, i)) {
            return FAULT_SCENARIO_BROKEN;
        }
        result = FAULT_SCENARIO_EXCUSED;
    }
    return result;
}

/* prepare two ids of one content and one of another, or the first `count` of them, run them, unregister them. */
static int play_some(const struct runtime_fixture *fixture, void *context, int32_t count,
                     char text[FAULT_SCENARIO_TEXT_BYTES])
{
    static const enum callable_kind kinds[] = {CALLABLE_TWO_STEPS, CALLABLE_TWO_STEPS, CALLABLE_ADD};
    const struct runtime_api *api = &fixture->client.api;
    int result = 0;
    for (int32_t id = 0; id < count && result == 0; id++) {
        if (api->prepare_callable(context, id, fixture->images[kinds[id]].bytes) != 0) {
            result = failed(fixture, context, text);
        } else {
            result = run_judged(fixture, context, id, kinds[id], text);
        }
    }
    result = result == 0 ? run_judged(fixture, context, 0, kinds[0], text) : result;
    for (int32_t id = 0; id < count; id++) {
        if (api->unregister_callable(context, id) != 0 && result == 0) {
            result = failed(fixture, context, text);
        }
    }
    return result;
}

static int play_callables(const struct runtime_fixture *fixture, void *context, char text[FAULT_SCENARIO_TEXT_BYTES])
{
    return play_some(fixture, context, 3, text);
}

static int play_on_context(void *state, char text[FAULT_SCENARIO_TEXT_BYTES])
{
    const struct runtime_fixture *fixture = state;
    /* An unregister that failed left the registration in place: it can be repeated. */
    for (int32_t id = 0; id < 3; id++) {
        if (fixture->client.api.unregister_callable(fixture->context, id) != 0) {
            return failed(fixture, fixture->context, text);
        }
    }
    return play_callables(fixture, fixture->context, text);
}

/* R17: what poisons the device is over after finalize and init. */
static int recover_context(void *state, bool forced, char text[FAULT_SCENARIO_TEXT_BYTES])
{
    const struct runtime_fixture *fixture = state;
    const struct runtime_api *api = &fixture->client.api;
    void *probe = api->device_malloc_ctx(fixture->context, 64);
    bool poisoned = probe == NULL && strstr(fixture->client.debug->last_error(fixture->context), "poisoned") != NULL;
    if (probe != NULL) {
        api->device_free_ctx(fixture->context, probe);
    }
    if (!poisoned && !forced) {
        return 1;
    }
    if (api->finalize_device(fixture->context) != 0 ||
        runtime_client_init(&fixture->client, fixture->context, 0) != 0) {
        return failed(fixture, fixture->context, text);
    }
    return 0;
}

/* The same context is initialised and finalised around everything. */
static int play_init(void *state, char text[FAULT_SCENARIO_TEXT_BYTES])
{
    const struct runtime_fixture *fixture = state;
    const struct runtime_api *api = &fixture->client.api;
    int result = runtime_client_init(&fixture->client, fixture->context, 2) == 0
                     ? play_some(fixture, fixture->context, 1, text)
                     : failed(fixture, fixture->context, text);
    if (api->finalize_device(fixture->context) != 0 && result == 0) {
        result = failed(fixture, fixture->context, text);
    }
    return result;
}

/* A context from nothing to nothing, memory included. Alone on its device, which only then takes images back (R15). */
static int play_context(void *state, char text[FAULT_SCENARIO_TEXT_BYTES])
{
    const struct runtime_fixture *fixture = state;
    const struct runtime_api *api = &fixture->client.api;
    uint8_t bytes[64] = {1};
    void *context = api->create_device_context();
    if (context == NULL) {
        (void)snprintf(text, FAULT_SCENARIO_TEXT_BYTES, "create_device_context returned NULL");
        return -1;
    }
    int result = runtime_client_init(&fixture->client, context, 3) == 0 ? 0 : failed(fixture, context, text);
    void *device = result == 0 ? api->device_malloc_ctx(context, sizeof(bytes)) : NULL;
    if (result == 0 && (device == NULL || api->copy_to_device_ctx(context, device, bytes, sizeof(bytes)) != 0 ||
                        api->copy_from_device_ctx(context, bytes, device, sizeof(bytes)) != 0)) {
        result = failed(fixture, context, text);
    }
    if (device != NULL) {
        api->device_free_ctx(context, device);
    }
    result = result == 0 ? play_callables(fixture, context, text) : result;
    api->destroy_device_context(context);
    return result;
}

static void expect_loop_holds(const struct fault_scenario *scenario)
{
    struct fault_loop_report report;
    char line[256];
    int result = fault_loop_run(scenario, &report);
    fault_loop_tell(&report, line, sizeof(line));
    print_message("%s: %s\n", scenario->name, line);
    if (result != 0) {
        fail_msg("%lu points do not hold:\n%s", report.failures, report.text);
    }
    assert_true(report.points > 0);
    assert_true(report.points > report.tolerated);
}

static void test_callables_on_one_context(void **state)
{
    struct runtime_fixture *fixture = *state;
    char text[FAULT_SCENARIO_TEXT_BYTES];
    struct fault_scenario scenario = {.name = "prepare, run, unregister",
                                      .play = play_on_context,
                                      .state = fixture,
                                      .recover = recover_context,
                                      .debug = fixture->client.debug,
                                      .context = fixture->context};
    assert_int_equal(play_on_context(fixture, text), 0); /* what is kept per context is there from now on */
    expect_loop_holds(&scenario);
}

static void test_init_and_finalize(void **state)
{
    struct runtime_fixture *fixture = *state;
    assert_int_equal(fixture->client.api.finalize_device(fixture->context), 0);
    struct fault_scenario scenario = {.name = "init, callables, finalize",
                                      .play = play_init,
                                      .state = fixture,
                                      .debug = fixture->client.debug,
                                      .context = fixture->context};
    expect_loop_holds(&scenario);
}

static void test_whole_contexts(void **state)
{
    struct fault_scenario scenario = {.name = "a whole context", .play = play_context, .state = *state};
    expect_loop_holds(&scenario);
}

/* The threads engine has fallible calls of its own, most of them when it is made: each play has a context of its own.
 */
static int play_on_threads(void *state, char text[FAULT_SCENARIO_TEXT_BYTES])
{
    const struct runtime_fixture *fixture = state;
    const struct runtime_api *api = &fixture->client.api;
    struct pto_engine_options options = fixture_engine(PTO_ENGINE_THREADS, PTO_POLICY_ROUND_ROBIN, 0);
    void *context = api->create_device_context();
    if (context == NULL) {
        (void)snprintf(text, FAULT_SCENARIO_TEXT_BYTES, "create_device_context returned NULL");
        return -1;
    }
    bool ready = fixture->client.debug->set_engine(context, &options) == 0 &&
                 runtime_client_init(&fixture->client, context, 1) == 0; /* alone on its device: see play_context */
    int result = ready ? play_some(fixture, context, 1, text) : failed(fixture, context, text);
    api->destroy_device_context(context);
    return result;
}

static void test_callables_on_threads(void **state)
{
    struct runtime_fixture *fixture = *state;
    struct fault_scenario scenario = {
        .name = "on threads", .play = play_on_threads, .state = fixture, .real_time = true};
    expect_loop_holds(&scenario);
}

/* ChipWorker from init to finalize, with a scene in it. */
static void test_chip_worker(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct session_options options = {.arch = fixture->variant->arch,
                                            .runtime = fixture->variant->runtime,
                                            .platform = fixture->variant->platform,
                                            .device_id = 1};
    struct fault_loop_report report;
    char line[256];
    const struct scene *scene = scene_find("add_one");
    assert_non_null(scene);
    int result = fault_loop_scene(scene, &options, &report);
    fault_loop_tell(&report, line, sizeof(line));
    print_message("%s: %s\n", scene->name, line);
    if (result != 0) {
        fail_msg("%lu points do not hold:\n%s", report.failures, report.text);
    }
    assert_true(report.points > report.tolerated);
}

/* ---- the loop is alive --------------------------------------------------------------------------------------------
 */

/* A scenario with two fallible calls, and what is wrong with it. */
struct planted {
    bool leaks;     /* a file when the second block cannot be had */
    bool silent;    /* no error text */
    bool vague;     /* an error text that names nothing */
    bool wrong;     /* a wrong result instead of an error */
    bool remembers; /* after one failure all later plays fail ... */
    bool recovers;  /* ... until finalize and init */
    bool unreached; /* the calls have no site */
    bool failed_once;
    bool lied_to; /* makes a copy that may lie: `believes` it, or compares */
    bool believes;
    bool misplaces; /* ... and is wrong where nobody lied */
    bool nervous;   /* fails when a completion is late or doubled */
    bool unfired;   /* obeys silent faults in the clean plays only */
    bool unknown;   /* obeys silent faults that the loop does not know */
    uint32_t plays;
    uint32_t recoveries;
    int leaked[64];
    size_t leaked_count;
};

static void *planted_alloc(const struct planted *planted, const char *site)
{
    return planted->unreached ? malloc(65536) : os_alloc(site, 65536);
}

/* A copy of the driver that may lie, as a runtime makes it: what comes of it is judged as a run is. */
static int planted_copy(const struct planted *planted, char text[FAULT_SCENARIO_TEXT_BYTES])
{
    const uint64_t truth[4] = {1, 2, 3, 4};
    struct fault_rule rule;
    if (!fault_value("driver.rtMemcpy", &rule)) {
        return 0;
    }
    (void)snprintf(text, FAULT_SCENARIO_TEXT_BYTES, "rtMemcpy: the first or second element is wrong");
    if (rule.error == 0) {
        fault_tell_truth("driver.rtMemcpy", truth);
    }
    if (rule.error != 0 || rule.values[0] == DRIVER_FAULT_HANG || !planted->believes) {
        return -1;
    }
    return planted->misplaces ? FAULT_SCENARIO_BROKEN : FAULT_SCENARIO_EXCUSED;
}

static int planted_completion(char text[FAULT_SCENARIO_TEXT_BYTES])
{
    struct fault_rule rule;
    (void)snprintf(text, FAULT_SCENARIO_TEXT_BYTES, "a completion came in a way that nobody expected");
    return fault_value("npu.completion", &rule) ? -1 : 0;
}

/* A site that only looks as if silent faults reached it: none of them fires. */
static int planted_deaf(struct planted *planted, char text[FAULT_SCENARIO_TEXT_BYTES])
{
    struct fault_rule rule;
    const char *site = planted->unknown ? "test.planted.unknown" : "driver.rtMalloc";
    (void)snprintf(text, FAULT_SCENARIO_TEXT_BYTES, "rtMalloc: unknown");
    if (planted->plays++ < 2) {
        return fault_value(site, &rule) ? -1 : 0;
    }
    return fault_hit(site) != 0 ? -1 : 0;
}

static int planted_recover(void *state, bool forced, char text[FAULT_SCENARIO_TEXT_BYTES])
{
    struct planted *planted = state;
    (void)forced;
    (void)text;
    planted->failed_once = false;
    planted->recoveries++;
    return 0;
}

static int planted_play(void *state, char text[FAULT_SCENARIO_TEXT_BYTES])
{
    struct planted *planted = state;
    if (planted->lied_to) {
        return planted_copy(planted, text);
    }
    if (planted->nervous) {
        return planted_completion(text);
    }
    if (planted->unfired) {
        return planted_deaf(planted, text);
    }
    void *first = planted_alloc(planted, "test.planted.first");
    void *second = planted_alloc(planted, "test.planted.second");
    bool bad = first == NULL || second == NULL || (planted->remembers && planted->failed_once);
    planted->failed_once = planted->failed_once || bad;
    if (planted->leaks && first != NULL && second == NULL && planted->leaked_count < 64) {
        planted->leaked[planted->leaked_count++] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    free(first);
    free(second);
    if (!bad) {
        return 0;
    }
    (void)snprintf(text, FAULT_SCENARIO_TEXT_BYTES, "%s",
                   planted->silent  ? ""
                   : planted->vague ? "something went wrong"
                                    : "the first or second block could not be had");
    return planted->wrong ? FAULT_SCENARIO_BROKEN : -1;
}

/* The loop over a planted scenario is the whole one, also in slow configurations. */
static int run_planted(const struct fault_scenario *scenario, struct fault_loop_report *report)
{
    const char *given = getenv("CHURN_SCALE");
    char *scale = given != NULL ? strdup(given) : NULL;
    (void)unsetenv("CHURN_SCALE");
    int result = fault_loop_run(scenario, report);
    if (scale != NULL) {
        (void)setenv("CHURN_SCALE", scale, 1);
    }
    free(scale);
    return result;
}

static void expect_planted(struct planted *planted, const char *told)
{
    struct fault_loop_report report;
    const struct fault_scenario scenario = {.name = "planted",
                                            .play = planted_play,
                                            .state = planted,
                                            .host_only = true,
                                            .recover = planted->recovers ? planted_recover : NULL};
    int result = run_planted(&scenario, &report);
    for (size_t i = 0; i < planted->leaked_count; i++) {
        (void)close(planted->leaked[i]);
    }
    if (told == NULL) {
        assert_int_equal(result, 0);
        assert_int_equal(report.sites, 2);
        assert_int_equal(report.points, 4); /* one call of each of two sites, once and sticky */
        assert_int_equal(report.tolerated, 0);
        return;
    }
    assert_int_equal(result, -1);
    if (report.failures == 0 || strstr(report.text, told) == NULL) {
        fail_msg("'%s' is not told: %s", told, report.text);
    }
}

static void test_loop_accepts_a_good_scenario(void **state)
{
    (void)state;
    expect_planted(&(struct planted){0}, NULL);
}

static void test_loop_reports_a_leak(void **state)
{
    (void)state;
    expect_planted(&(struct planted){.leaks = true}, "file descriptors");
}

static void test_loop_reports_a_silent_failure(void **state)
{
    (void)state;
    expect_planted(&(struct planted){.silent = true}, "the text ''");
}

static void test_loop_reports_a_wrong_result(void **state)
{
    (void)state;
    expect_planted(&(struct planted){.wrong = true}, "broken");
}

static void test_loop_reports_a_lasting_failure(void **state)
{
    (void)state;
    expect_planted(&(struct planted){.remembers = true}, "the next play");
}

static void test_loop_reports_that_nothing_fired(void **state)
{
    (void)state;
    expect_planted(&(struct planted){.unreached = true}, "no fault fired");
}

/* What poisons the device is no failure where finalize and init help (R17). */
static void test_loop_recovers(void **state)
{
    (void)state;
    struct planted planted = {.remembers = true, .recovers = true};
    expect_planted(&planted, NULL);
    assert_int_equal(planted.recoveries, 4);
}

static void test_loop_reports_a_text_that_names_nothing(void **state)
{
    (void)state;
    expect_planted(&(struct planted){.vague = true}, "'first' is not named in 'something went wrong'");
}

static void test_loop_judges_lies_by_the_truth(void **state)
{
    (void)state;
    struct fault_loop_report report;
    struct planted planted = {.lied_to = true, .believes = true};
    const struct fault_scenario scenario = {
        .name = "planted", .play = planted_play, .state = &planted, .host_only = true};
    if (run_planted(&scenario, &report) != 0) {
        fail_msg("%s", report.text);
    }
    assert_int_equal(report.points, 5); /* fails and hangs, once and from then on; lies once */
    assert_int_equal(report.silent, 3);
    assert_int_equal(report.excused, 1);
}

static void test_loop_reports_a_silent_wrong_result(void **state)
{
    (void)state;
    expect_planted(&(struct planted){.lied_to = true, .believes = true, .misplaces = true},
                   "driver.rtMemcpy lies, call 1: broken: rtMemcpy: the first or second element is wrong");
}

static void test_loop_reports_a_nervous_scheduler(void **state)
{
    (void)state;
    expect_planted(&(struct planted){.nervous = true}, "npu.completion is doubled, call 1: does no harm");
}

static void test_loop_reports_a_silent_fault_that_does_not_fire(void **state)
{
    (void)state;
    expect_planted(&(struct planted){.unfired = true}, "driver.rtMalloc lies, call 1: reached by the clean play, but");
}

static void test_loop_reports_a_silent_site_that_it_does_not_know(void **state)
{
    (void)state;
    expect_planted(&(struct planted){.unfired = true, .unknown = true}, "the loop knows none for it");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_loop_accepts_a_good_scenario),
        FIXTURE_TEST(test_loop_reports_a_leak),
        FIXTURE_TEST(test_loop_reports_a_silent_failure),
        FIXTURE_TEST(test_loop_reports_a_wrong_result),
        FIXTURE_TEST(test_loop_reports_a_lasting_failure),
        FIXTURE_TEST(test_loop_reports_that_nothing_fired),
        FIXTURE_TEST(test_loop_recovers),
        FIXTURE_TEST(test_loop_reports_a_text_that_names_nothing),
        FIXTURE_TEST(test_loop_judges_lies_by_the_truth),
        FIXTURE_TEST(test_loop_reports_a_silent_wrong_result),
        FIXTURE_TEST(test_loop_reports_a_nervous_scheduler),
        FIXTURE_TEST(test_loop_reports_a_silent_fault_that_does_not_fire),
        FIXTURE_TEST(test_loop_reports_a_silent_site_that_it_does_not_know),
        FIXTURE_TEST(test_callables_on_one_context),
        FIXTURE_TEST(test_init_and_finalize),
        FIXTURE_TEST(test_whole_contexts),
        FIXTURE_TEST(test_callables_on_threads),
        FIXTURE_TEST(test_chip_worker),
    };
    /* Under valgrind eight variants are half an hour. */
    enum fixture_breadth breadth = leak_churn_count(100, 1) == 1 ? FIXTURE_CORNERS : FIXTURE_EVERY;
    return FIXTURE_RUN("fault loop", "*/*/*", breadth, tests);
}
