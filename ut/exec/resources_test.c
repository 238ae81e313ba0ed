/* SPDX-License-Identifier: Apache-2.0 */
/* What the engines hold and give back: every fallible call failed in turn, and churn that leaves everything flat. */
#include "ut/exec/exec_rig.h"

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"

#define STRAGGLERS 4u

static enum exec_kind kinds[] = {EXEC_FIBERS, EXEC_THREADS};

/* ---- what the process holds ---- */

struct holdings {
    size_t files;
    size_t threads;
    size_t timers;
    size_t mappings;
};

static size_t count_lines(const char *path, char what)
{
    char buffer[4096];
    size_t lines = 0;
    ssize_t got = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(file >= 0);
    while ((got = read(file, buffer, sizeof(buffer))) > 0) {
        for (ssize_t i = 0; i < got; i++) {
            lines += buffer[i] == what ? 1u : 0u;
        }
    }
    (void)close(file);
    return lines;
}

static size_t status_number(const char *field)
{
    char line[256];
    size_t number = 0;
    FILE *file = fopen("/proc/self/status", "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, field, strlen(field)) == 0) {
            number = strtoul(line + strlen(field), NULL, 10);
        }
    }
    (void)fclose(file);
    return number;
}

static struct holdings take_stock(void)
{
    struct holdings now = {.threads = status_number("Threads:"), .mappings = count_lines("/proc/self/maps", '\n')};
    now.timers = access("/proc/self/timers", R_OK) == 0 ? count_lines("/proc/self/timers", 'I') : 0;
    int next = dup(0);
    now.files = (size_t)next;
    (void)close(next);
    return now;
}

/* Sanitizers and valgrind map memory of their own as they go. */
static bool mappings_are_ours(void)
{
#if EXEC_ASAN || EXEC_TSAN
    return false;
#elif defined(RUNNING_ON_VALGRIND)
    return !RUNNING_ON_VALGRIND;
#else
    return true;
#endif
}

static void check_flat(struct holdings before, struct holdings after)
{
    assert_int_equal(after.files, before.files);
    /* The kernel counts a joined thread a little longer: up to one scenario's stragglers; a leak would be many
     * scenarios'. */
    assert_true(after.threads <= before.threads + STRAGGLERS);
    assert_int_equal(after.timers, before.timers);
    if (mappings_are_ours()) {
        assert_int_equal(after.mappings, before.mappings);
    }
}

/* ---- a scenario that may fail anywhere ---- */

static void pass_a_word(void *argument)
{
    _Atomic uint32_t *word = argument;
    rig_store_wake(word, 1);
    (void)exec_wait(word, 0, EXEC_NEVER);
}

static int scenario(enum exec_kind kind)
{
    static const size_t stacks[] = {EXEC_ORCHESTRATION_STACK_BYTES, EXEC_CORE_STACK_BYTES, EXEC_CORE_STACK_BYTES};
    struct exec_options options = {.kind = kind, .deadline_scale = rig_deadline_scale()};
    struct exec_engine *engine = NULL;
    struct exec_group *group = NULL;
    struct exec_outcome outcome = {.end = EXEC_END_OK};
    _Atomic uint32_t word = 0;
    int result = exec_engine_create(&options, &engine);
    result = result != 0 ? result : exec_group_create(engine, "scenario", &group);
    for (int i = 0; result == 0 && i < 3; i++) {
        result = exec_spawn(group, "one", stacks[i], pass_a_word, &word);
    }
    if (result == 0) {
        result = exec_group_run(group, &outcome);
        if (result != 0 && outcome.end == EXEC_END_CANCELLED && outcome.report[0] == '\0') {
            result = 1; /* an error without a text */
        }
    }
    exec_group_destroy(group);
    exec_engine_destroy(engine);
    return result;
}

struct job {
    enum exec_kind kind;
    int result;
};

static void *run_scenario(void *argument)
{
    struct job *job = argument;
    job->result = scenario(job->kind);
    return NULL;
}

/* On an OS thread of its own, which has no timer and no signal stack yet. */
static int scenario_on_new_thread(enum exec_kind kind)
{
    struct job job = {.kind = kind};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_scenario, &job), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    return job.result;
}

static void fail_nth(const char *site, uint64_t nth, enum exec_kind kind)
{
    struct fault_rule rule = {.nth = nth, .error = ENOMEM};
    struct fault_site_count sites[64];
    (void)snprintf(rule.site, sizeof(rule.site), "%s", site);
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    int result = scenario_on_new_thread(kind);
    size_t seen = fault_sites(sites, 64);
    fault_plan_clear();
    bool fired = false;
    for (size_t i = 0; i < seen && i < 64; i++) {
        fired = fired || (strcmp(sites[i].site, site) == 0 && sites[i].fired == 1);
    }
    if (!fired || result >= 0) {
        fail_msg("%s call %llu: fired %d, result %d", site, (unsigned long long)nth, fired, result);
    }
}

/* First: the one thread key of the process is made in it. */
static void test_the_thread_key_may_fail(void **state)
{
    (void)state;
    fail_nth("exec.thread_key", 1, EXEC_FIBERS);
    assert_int_equal(scenario_on_new_thread(EXEC_FIBERS), 0);
}

static void test_every_fallible_call(void **state)
{
    enum exec_kind kind = *(enum exec_kind *)*state;
    struct fault_site_count sites[64];
    assert_int_equal(scenario_on_new_thread(kind), 0); /* warm */
    assert_int_equal(fault_plan_install(NULL, 0), 0);
    assert_int_equal(scenario_on_new_thread(kind), 0);
    size_t seen = fault_sites(sites, 64);
    fault_plan_clear();
    assert_true(seen >= 6 && seen <= 64);
    struct holdings before = take_stock();
    for (size_t i = 0; i < seen; i++) {
        for (uint64_t nth = 1; nth <= sites[i].calls; nth++) {
            fail_nth(sites[i].site, nth, kind);
            assert_int_equal(scenario_on_new_thread(kind), 0);
        }
    }
    struct holdings after = take_stock();
    after.mappings = before.mappings; /* the churn below counts them; here glibc's caches of thread stacks move */
    check_flat(before, after);
}

static void churn(enum exec_kind kind, uint32_t cycles)
{
    for (uint32_t i = 0; i < cycles; i++) {
        assert_int_equal(scenario(kind), 0);
    }
}

static void test_engines_come_and_go(void **state)
{
    enum exec_kind kind = *(enum exec_kind *)*state;
    churn(kind, 20);
    struct holdings before = take_stock();
    churn(kind, rig_repeat(kind == EXEC_FIBERS ? 1000 : 200));
    check_flat(before, take_stock());
}

static void end_at_once(void *argument)
{
    (void)argument;
}

static void wait_in_vain(void *argument)
{
    (void)exec_wait(argument, 0, EXEC_NEVER);
}

static void run_many(struct rig *rig, uint32_t runs)
{
    for (uint32_t i = 0; i < runs; i++) {
        struct exec_group *group = NULL;
        assert_int_equal(exec_group_create(rig->engine, "short", &group), 0);
        assert_int_equal(exec_spawn(group, "one", EXEC_CORE_STACK_BYTES, end_at_once, NULL), 0);
        assert_int_equal(exec_group_run(group, &rig->outcome), 0);
        exec_group_destroy(group);
        for (int n = 0; n < 8; n++) {
            rig_spawn(rig, "kept", end_at_once, NULL);
        }
        rig_run_ok(rig);
    }
}

static void test_runs_hold_nothing(void **state)
{
    enum exec_kind kind = *(enum exec_kind *)*state;
    static struct rig rig;
    rig_open(&rig, (struct exec_options){.kind = kind});
    run_many(&rig, 20);
    struct holdings before = take_stock();
    run_many(&rig, rig_repeat(kind == EXEC_FIBERS ? 5000 : 200));
    check_flat(before, take_stock());
    rig_close(&rig);
}

static void test_bad_ends_hold_nothing(void **state)
{
    enum exec_kind kind = *(enum exec_kind *)*state;
    static struct rig rig;
    rig_open(&rig, (struct exec_options){.kind = kind, .stall_limit_ns = 1000000});
    struct holdings before = {0};
    uint32_t runs = rig_repeat(kind == EXEC_FIBERS ? 500 : 20);
    for (uint32_t i = 0; i < runs + 5u; i++) {
        if (i == 5) {
            before = take_stock();
        }
        for (int n = 0; n < 4; n++) {
            rig_spawn(&rig, "stuck", wait_in_vain, &rig.words[0]);
        }
        assert_int_equal(rig_run(&rig), -ECANCELED);
        assert_int_equal(rig.outcome.end, EXEC_END_DEADLOCK);
    }
    check_flat(before, take_stock());
    rig_close(&rig);
}

#if EXEC_ASAN
static void keep_on_stack(void *argument)
{
    struct rig *rig = argument;
    char *volatile kept = malloc(100); /* reachable from this stack only */
    (void)exec_wait(&rig->words[0], 0, EXEC_NEVER);
    free(kept);
}

static void look_for_leaks(void *argument)
{
    struct rig *rig = argument;
    atomic_store(&rig->words[1], (uint32_t)__lsan_do_recoverable_leak_check());
    rig_store_wake(&rig->words[0], 1);
}

static void *drive_keeper(void *argument)
{
    struct rig *rig = argument;
    (void)exec_spawn(rig->group, "keeper", RIG_STACK_BYTES, keep_on_stack, rig);
    (void)exec_spawn(rig->group, "looker", RIG_STACK_BYTES, look_for_leaks, rig);
    (void)exec_group_run(rig->group, &rig->outcome);
    return NULL;
}

/* On a thread of its own: the driver's stack is no root while a processor runs, and the main thread's holds cmocka's
 * data. */
static void test_suspended_stacks_are_roots(void **state)
{
    (void)state;
    static struct rig rig;
    pthread_t thread;
    rig_open_default(&rig);
    atomic_store(&rig.words[1], 7);
    assert_int_equal(pthread_create(&thread, NULL, drive_keeper, &rig), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(rig.outcome.end, EXEC_END_OK);
    assert_int_equal(atomic_load(&rig.words[1]), 0);
    rig_close(&rig);
}
#endif

int main(void)
{
#define ON_BOTH(test)                                   \
    {#test " (fibers)", test, NULL, NULL, &kinds[0]},   \
    {                                                   \
#test " (threads)", test, NULL, NULL, &kinds[1] \
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_thread_key_may_fail),
        ON_BOTH(test_every_fallible_call),
        ON_BOTH(test_engines_come_and_go),
        ON_BOTH(test_runs_hold_nothing),
        ON_BOTH(test_bad_ends_hold_nothing),
#if EXEC_ASAN
        cmocka_unit_test(test_suspended_stacks_are_roots),
#endif
    };
    (void)mallopt(M_ARENA_MAX, 1); /* an arena per thread would look like a leak of mappings */
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
