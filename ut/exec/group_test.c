/* SPDX-License-Identifier: Apache-2.0 */
/* Groups on both engines: nesting, cancelling, ends, cutting off, misuse, and two engines at once. */
#include "ut/exec/exec_rig.h"

#include <pthread.h>

static struct rig rig;
static enum exec_kind kinds[] = {EXEC_FIBERS, EXEC_THREADS};

static int setup(void **state)
{
    rig_open(&rig, (struct exec_options){.kind = *(enum exec_kind *)*state, .sync_limit_ns = 20000000});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

static void count(void *argument)
{
    atomic_fetch_add((_Atomic uint32_t *)argument, 1u);
}

static void test_a_group_runs_again_and_again(void **state)
{
    (void)state;
    for (uint32_t run = 1; run <= 50; run++) {
        for (uint32_t i = 0; i < 1u + run % 5u; i++) {
            assert_int_equal(exec_spawn(rig.group, "counter", (size_t)(1u + i) * 100000u, count, &rig.words[0]), 0);
        }
        rig_run_ok(&rig);
        assert_int_equal(atomic_exchange(&rig.words[0], 0), 1u + run % 5u);
    }
    rig_run_ok(&rig); /* nobody was spawned for this one */
    assert_int_equal(atomic_load(&rig.words[0]), 0);
}

/* ---- nesting ---- */

struct launcher {
    struct exec_group *inner;
    struct exec_outcome outcome;
    struct exec_engine *engine;
    int result;
    uint32_t children;
    void (*child)(void *argument);
};

static void launch(void *argument)
{
    struct launcher *launcher = argument;
    launcher->engine = exec_current_engine();
    assert_int_equal(exec_group_create(launcher->engine, "inner", &launcher->inner), 0);
    for (uint32_t i = 0; i < launcher->children; i++) {
        assert_int_equal(exec_spawn(launcher->inner, "child", RIG_STACK_BYTES, launcher->child, &rig.words[0]), 0);
    }
    launcher->result = exec_group_run(launcher->inner, &launcher->outcome);
    exec_group_destroy(launcher->inner);
}

static void count_when_released(void *argument)
{
    assert_int_equal(exec_wait(&rig.words[1], 0, EXEC_NEVER), 0);
    count(argument);
}

static void release_later(void *argument)
{
    (void)argument;
    for (int i = 0; i < 5; i++) {
        exec_pause();
    }
    rig_store_wake(&rig.words[1], 1);
}

static void test_launches_inside_processors_join_the_engine(void **state)
{
    (void)state;
    struct launcher launchers[3];
    for (int i = 0; i < 3; i++) {
        launchers[i] = (struct launcher){.children = 4, .child = count_when_released};
        rig_spawn(&rig, "launcher", launch, &launchers[i]);
    }
    rig_spawn(&rig, "releaser", release_later, NULL); /* runs while the launchers wait for their groups */
    rig_run_ok(&rig);
    assert_int_equal(atomic_load(&rig.words[0]), 12);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(launchers[i].result, 0);
        assert_ptr_equal(launchers[i].engine, rig.engine);
    }
}

static void wait_for_nothing(void *argument)
{
    (void)argument;
    assert_int_equal(exec_wait(&rig.words[2], 0, EXEC_NEVER), -ECANCELED);
}

static void fail_itself(void *argument)
{
    (void)argument;
    exec_fail(EXEC_END_CANCELLED, "condition %d that no launch survives", 42);
    exec_fail(EXEC_END_DEADLOCK, "a later cause is ignored");
}

static void test_a_bad_end_touches_no_other_group(void **state)
{
    (void)state;
    struct launcher bad = {.children = 2, .child = fail_itself};
    struct launcher good = {.children = 2, .child = count_when_released};
    rig_spawn(&rig, "bad", launch, &bad);
    rig_spawn(&rig, "good", launch, &good);
    rig_spawn(&rig, "releaser", release_later, NULL);
    rig_run_ok(&rig);
    assert_int_equal(bad.result, -ECANCELED);
    assert_int_equal(bad.outcome.end, EXEC_END_CANCELLED);
    assert_string_equal(bad.outcome.culprit, "child");
    assert_non_null(strstr(bad.outcome.report, "inner: condition 42 that no launch survives\n"));
    assert_int_equal(good.result, 0);
    assert_int_equal(atomic_load(&rig.words[0]), 2);
}

static void cancel_outer(void *argument)
{
    (void)argument;
    for (int i = 0; i < 3; i++) {
        exec_pause();
    }
    exec_group_cancel(rig.group);
    exec_group_cancel(rig.group);
}

static void test_cancelling_reaches_groups_inside(void **state)
{
    (void)state;
    struct launcher launcher = {.children = 3, .child = wait_for_nothing};
    rig_spawn(&rig, "launcher", launch, &launcher);
    rig_spawn(&rig, "canceller", cancel_outer, NULL);
    assert_int_equal(rig_run(&rig), -ECANCELED);
    assert_int_equal(rig.outcome.end, EXEC_END_CANCELLED);
    assert_string_equal(rig.outcome.culprit, "canceller");
    assert_int_equal(launcher.result, -ECANCELED);
    assert_int_equal(launcher.outcome.end, EXEC_END_CANCELLED);
}

static void test_a_deadlock_inside_is_the_inner_groups(void **state)
{
    (void)state;
    if (*(enum exec_kind *)*state == EXEC_THREADS) { /* found there after the stall limit: make it short */
        assert_int_equal(
            exec_engine_configure(rig.engine, &(struct exec_options){.kind = EXEC_THREADS, .stall_limit_ns = 20000000}),
            0);
    }
    struct launcher launcher = {.children = 2, .child = wait_for_nothing};
    rig_spawn(&rig, "launcher", launch, &launcher);
    rig_run_ok(&rig);
    assert_int_equal(launcher.result, -ECANCELED);
    assert_int_equal(launcher.outcome.end, EXEC_END_DEADLOCK);
}

/* ---- every way to end ---- */

static void exit_deep(void *argument)
{
    char frame[256];
    memset(frame, 1, sizeof(frame));
    count(argument);
    if (frame[17] == 1) {
        exec_exit();
    }
    count(argument);
}

static void test_exit(void **state)
{
    (void)state;
    for (int run = 0; run < 3; run++) {
        rig_spawn(&rig, "a", exit_deep, &rig.words[0]);
        rig_spawn(&rig, "b", exit_deep, &rig.words[0]);
        rig_run_ok(&rig);
    }
    assert_int_equal(atomic_load(&rig.words[0]), 6);
}

static void note_every_refusal(void *argument)
{
    int *results = argument;
    results[0] = exec_wait(&rig.words[2], 0, EXEC_NEVER);
    results[1] = exec_wait(&rig.words[2], 1, EXEC_NEVER); /* satisfied, and refused all the same */
    results[2] = exec_wait_stall(&rig.words[2], 0, 0);
    exec_yield_low();
    exec_charge(1000000);
    exec_settle();
    struct exec_group *late = NULL;
    struct exec_outcome outcome;
    assert_int_equal(exec_group_create(exec_current_engine(), "late", &late), 0);
    assert_int_equal(exec_spawn(late, "never", RIG_STACK_BYTES, count, &rig.words[0]), 0);
    results[3] = exec_group_run(late, &outcome);
    assert_int_equal(outcome.end, EXEC_END_CANCELLED);
    exec_group_destroy(late);
    rig_trace(&rig, 'n');
}

static void wait_in_user_code(void *argument)
{
    (void)argument;
    exec_user_enter();
    (void)exec_user_wait(&rig.words[2], 0);
    rig_trace(&rig, '!'); /* a cancelled wait on behalf of user code does not return */
}

static void stall_then_end(void *argument)
{
    *(int *)argument = exec_wait_stall(&rig.words[2], 0, 0);
}

static void test_every_wait_is_refused_after_cancel(void **state)
{
    (void)state;
    int results[4] = {0};
    int stalled = 0;
    rig_spawn(&rig, "noter", note_every_refusal, results);
    rig_spawn(&rig, "user", wait_in_user_code, NULL);
    rig_spawn(&rig, "staller", stall_then_end, &stalled);
    rig_spawn(&rig, "canceller", cancel_outer, NULL);
    assert_int_equal(rig_run(&rig), -ECANCELED);
    assert_int_equal(rig.outcome.end, EXEC_END_CANCELLED);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(results[i], -ECANCELED);
    }
    assert_int_equal(stalled, -ECANCELED);
    assert_string_equal(rig.trace, "n");
    assert_int_equal(atomic_load(&rig.words[0]), 0);
}

static void ignore_cancel(void *argument)
{
    (void)argument;
    for (;;) {
        (void)exec_wait(&rig.words[2], 0, EXEC_NEVER);
    }
}

static void ignore_cancel_pausing(void *argument)
{
    (void)argument;
    for (;;) {
        exec_pause();
    }
}

static void ignore_cancel_inside(void *argument)
{
    struct launcher *launcher = argument;
    (void)exec_group_run(launcher->inner, &launcher->outcome);
    ignore_cancel(NULL);
}

static void test_who_ignores_cancel_is_cut_off(void **state)
{
    (void)state;
    struct launcher launcher = {0};
    assert_int_equal(exec_group_create(rig.engine, "inner", &launcher.inner), 0);
    assert_int_equal(exec_spawn(launcher.inner, "deep", RIG_STACK_BYTES, ignore_cancel, NULL), 0);
    rig_spawn(&rig, "deaf", ignore_cancel, NULL);
    rig_spawn(&rig, "deaf too", ignore_cancel_pausing, NULL);
    rig_spawn(&rig, "launcher", ignore_cancel_inside, &launcher);
    rig_spawn(&rig, "canceller", cancel_outer, NULL);
    assert_int_equal(rig_run(&rig), -ECANCELED);
    assert_int_equal(rig.outcome.end, EXEC_END_SYNC_TIMEOUT);
    assert_string_equal(rig.outcome.culprit, "deaf");
    assert_true(rig.outcome.end_ns - rig.outcome.start_ns >= 20000000);
    exec_group_destroy(launcher.inner);

    rig_spawn(&rig, "next", count, &rig.words[0]); /* the stacks that were left in the middle serve again */
    rig_spawn(&rig, "next", exit_deep, &rig.words[0]);
    rig_spawn(&rig, "next", count, &rig.words[0]);
    rig_run_ok(&rig);
    assert_int_equal(atomic_load(&rig.words[0]), 3);
}

/* ---- misuse ---- */

static void misuse(void *argument)
{
    struct exec_outcome outcome;
    (void)argument;
    assert_int_equal(exec_spawn(rig.group, "late", RIG_STACK_BYTES, count, NULL), -EBUSY);
    assert_int_equal(exec_group_run(rig.group, &outcome), -EBUSY);
    assert_int_equal(exec_engine_configure(rig.engine, &(struct exec_options){.kind = *(enum exec_kind *)argument}),
                     -EBUSY);
    exec_group_destroy(rig.group); /* refused, with a message */
}

static void test_misuse(void **state)
{
    struct exec_group *group = NULL;
    rig_spawn(&rig, "misuser", misuse, *state);
    rig_run_ok(&rig);
    exec_group_cancel(rig.group); /* not running: nothing to cancel */
    rig_spawn(&rig, "next", count, &rig.words[0]);
    rig_run_ok(&rig);
    assert_int_equal(exec_spawn(rig.group, "huge", SIZE_MAX / 2, count, NULL) < 0, 1);
    assert_int_equal(exec_spawn(rig.group, "huge", SIZE_MAX - 1000, count, NULL) < 0, 1);
    assert_int_equal(exec_spawn(rig.group, "none", RIG_STACK_BYTES, NULL, NULL), -EINVAL);
    assert_int_equal(exec_spawn(NULL, "none", RIG_STACK_BYTES, count, NULL), -EINVAL);
    assert_int_equal(exec_group_create(NULL, "none", &group), -EINVAL);
    assert_int_equal(exec_group_run(NULL, &rig.outcome), -EINVAL);
    exec_group_destroy(NULL);
    rig_run_ok(&rig);
}

/* ---- several engines ---- */

static void drive_another_engine(void *argument)
{
    struct rig *other = argument;
    rig_spawn(other, "a", count, &other->words[0]);
    rig_spawn(other, "b", count, &other->words[0]);
    rig_run_ok(other);
    exec_pause();
}

static void test_another_engine_may_be_driven_inside_a_processor(void **state)
{
    static struct rig other;
    rig_open(&other, (struct exec_options){.kind = *(enum exec_kind *)*state});
    rig_spawn(&rig, "driver", drive_another_engine, &other);
    rig_spawn(&rig, "counter", count, &rig.words[0]);
    rig_run_ok(&rig);
    assert_int_equal(atomic_load(&rig.words[0]), 1);
    assert_int_equal(atomic_load(&other.words[0]), 2);
    rig_close(&other);
}

struct exchange {
    _Atomic uint32_t words[2];
    uint32_t rounds;
};

static void play(void *argument)
{
    struct exchange *exchange = argument;
    for (uint32_t i = 1; i <= exchange->rounds; i++) {
        rig_store_wake(&exchange->words[0], i);
        if (exec_wait(&exchange->words[1], i - 1u, EXEC_NEVER) != 0) {
            return;
        }
    }
}

static void answer(void *argument)
{
    struct exchange *exchange = argument;
    for (uint32_t i = 1; i <= exchange->rounds; i++) {
        if (exec_wait(&exchange->words[0], i - 1u, EXEC_NEVER) != 0) {
            return;
        }
        rig_store_wake(&exchange->words[1], i);
    }
}

struct host {
    enum exec_kind kind;
    int failures;
};

/* An OS thread with an engine of its own; cmocka's asserts belong to the main thread. */
static void *run_engine(void *argument)
{
    struct host *host = argument;
    struct exec_options options = {.kind = host->kind, .deadline_scale = rig_deadline_scale()};
    struct exec_engine *engine = NULL;
    struct exec_group *group = NULL;
    struct exec_outcome outcome;
    host->failures =
        exec_engine_create(&options, &engine) != 0 || exec_group_create(engine, "host", &group) != 0 ? 1 : 0;
    for (uint32_t run = 0; host->failures == 0 && run < rig_repeat(20); run++) {
        struct exchange exchange = {.rounds = 100};
        host->failures += exec_spawn(group, "play", RIG_STACK_BYTES, play, &exchange) != 0 ? 1 : 0;
        host->failures += exec_spawn(group, "answer", RIG_STACK_BYTES, answer, &exchange) != 0 ? 1 : 0;
        host->failures += exec_group_run(group, &outcome) != 0 ? 1 : 0;
        host->failures += atomic_load(&exchange.words[1]) != 100 ? 1 : 0;
    }
    exec_group_destroy(group);
    exec_engine_destroy(engine);
    return NULL;
}

static void test_engines_on_several_os_threads(void **state)
{
    struct host hosts[3];
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        hosts[i] = (struct host){.kind = i == 2 ? EXEC_FIBERS : *(enum exec_kind *)*state};
        assert_int_equal(pthread_create(&threads[i], NULL, run_engine, &hosts[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(hosts[i].failures, 0);
    }
}

int main(void)
{
#define ON_BOTH(test)                                        \
    {#test " (fibers)", test, setup, teardown, &kinds[0]},   \
    {                                                        \
#test " (threads)", test, setup, teardown, &kinds[1] \
    }
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_a_group_runs_again_and_again),
        ON_BOTH(test_launches_inside_processors_join_the_engine),
        ON_BOTH(test_a_bad_end_touches_no_other_group),
        ON_BOTH(test_cancelling_reaches_groups_inside),
        ON_BOTH(test_a_deadlock_inside_is_the_inner_groups),
        ON_BOTH(test_exit),
        ON_BOTH(test_every_wait_is_refused_after_cancel),
        ON_BOTH(test_who_ignores_cancel_is_cut_off),
        ON_BOTH(test_misuse),
        ON_BOTH(test_another_engine_may_be_driven_inside_a_processor),
        ON_BOTH(test_engines_on_several_os_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
