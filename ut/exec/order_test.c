/* SPDX-License-Identifier: Apache-2.0 */
/* Order and virtual time on the fibers engine under round robin: fairness, sleepers, deadlines, low priority. */
#include "ut/exec/exec_rig.h"

static struct rig rig;

struct actor {
    char name;
    uint64_t work_ns;
    uint64_t deadline_ns;
    uint64_t ended_ns;
    int result;
};

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

static void spawn_actor(struct actor *actor, void (*entry)(void *))
{
    char name[] = {actor->name, '\0'};
    rig_spawn(&rig, name, entry, actor);
}

static void pause_three_times(void *argument)
{
    const struct actor *actor = argument;
    for (int i = 0; i < 3; i++) {
        rig_trace(&rig, actor->name);
        exec_pause();
    }
}

static void test_round_robin_is_fair(void **state)
{
    (void)state;
    struct actor actors[3] = {{.name = 'a'}, {.name = 'b'}, {.name = 'c'}};
    for (int i = 0; i < 3; i++) {
        spawn_actor(&actors[i], pause_three_times);
    }
    rig_run_ok(&rig);
    assert_string_equal(rig.trace, "abcabcabc");
    assert_true(rig.outcome.reproducible);
    assert_true(rig.outcome.switches >= 9);
}

static void work(void *argument)
{
    struct actor *actor = argument;
    exec_charge(actor->work_ns / 2);
    exec_charge(actor->work_ns - actor->work_ns / 2);
    assert_int_equal(exec_now(), actor->work_ns); /* unsettled work counts for who did it */
    exec_settle();
    rig_trace(&rig, actor->name);
    actor->ended_ns = exec_now();
}

static void test_work_is_done_in_parallel(void **state)
{
    (void)state;
    struct actor actors[3] = {
        {.name = 'a', .work_ns = 300}, {.name = 'b', .work_ns = 100}, {.name = 'c', .work_ns = 200}};
    for (int i = 0; i < 3; i++) {
        spawn_actor(&actors[i], work);
    }
    rig_run_ok(&rig);
    assert_string_equal(rig.trace, "bca");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(actors[i].ended_ns, actors[i].work_ns);
    }
    assert_int_equal(rig.outcome.start_ns, 0);
    assert_int_equal(rig.outcome.end_ns, 300);
}

static void charge_and_end(void *argument)
{
    const struct actor *actor = argument;
    exec_charge(actor->work_ns);
}

static void test_work_before_the_end_counts(void **state)
{
    (void)state;
    struct actor actor = {.name = 'a', .work_ns = 70};
    spawn_actor(&actor, charge_and_end);
    rig_run_ok(&rig);
    assert_int_equal(rig.outcome.end_ns, 70);
    spawn_actor(&actor, charge_and_end);
    rig_run_ok(&rig);
    assert_int_equal(rig.outcome.end_ns, 70); /* time starts again with each drive: no run depends on the last */
}

static void wait_until_deadline(void *argument)
{
    struct actor *actor = argument;
    actor->result = exec_wait(&rig.words[0], 0, actor->deadline_ns);
    actor->ended_ns = exec_now();
    rig_trace(&rig, actor->name);
}

static void test_deadlines_fire_in_order_of_time_then_spawn(void **state)
{
    (void)state;
    struct actor actors[4] = {{.name = 'a', .deadline_ns = 500},
                              {.name = 'b', .deadline_ns = 100},
                              {.name = 'c', .deadline_ns = 500},
                              {.name = 'd', .deadline_ns = 100}};
    for (int i = 0; i < 4; i++) {
        spawn_actor(&actors[i], wait_until_deadline);
    }
    rig_run_ok(&rig);
    assert_string_equal(rig.trace, "bdac");
    for (int i = 0; i < 4; i++) {
        assert_int_equal(actors[i].result, -ETIMEDOUT);
        assert_int_equal(actors[i].ended_ns, actors[i].deadline_ns);
    }
}

static void yield_low_once(void *argument)
{
    const struct actor *actor = argument;
    exec_yield_low();
    rig_trace(&rig, actor->name);
}

static void test_sleepers_then_low_then_deadlines(void **state)
{
    (void)state;
    struct actor low = {.name = 'l'};
    struct actor late = {.name = 'd', .deadline_ns = 1000};
    struct actor sleeper = {.name = 's', .work_ns = 400};
    struct actor busy = {.name = 'p'};
    spawn_actor(&low, yield_low_once);
    spawn_actor(&late, wait_until_deadline);
    spawn_actor(&sleeper, work);
    spawn_actor(&busy, pause_three_times);
    rig_run_ok(&rig);
    assert_string_equal(rig.trace, "pppsld");
    assert_int_equal(late.ended_ns, 1000);
}

static void test_low_runs_before_a_deadline_that_lies_before_the_sleeper(void **state)
{
    (void)state;
    struct actor low = {.name = 'l'};
    struct actor early = {.name = 'd', .deadline_ns = 100};
    struct actor sleeper = {.name = 's', .work_ns = 400};
    spawn_actor(&low, yield_low_once);
    spawn_actor(&early, wait_until_deadline);
    spawn_actor(&sleeper, work);
    rig_run_ok(&rig);
    assert_string_equal(rig.trace, "lds");
}

static void settle_in_wait(void *argument)
{
    struct actor *actor = argument;
    exec_charge(50);
    actor->result = exec_wait(&rig.words[0], 0, EXEC_NEVER);
    actor->ended_ns = exec_now();
}

static void store_after_work(void *argument)
{
    const struct actor *actor = argument;
    exec_charge(actor->work_ns);
    exec_settle();
    rig_store_wake(&rig.words[0], 1);
}

static void test_blocking_settles_first(void **state)
{
    (void)state;
    struct actor waiter = {.name = 'w'};
    struct actor writer = {.name = 'x', .work_ns = 20};
    spawn_actor(&waiter, settle_in_wait);
    spawn_actor(&writer, store_after_work);
    rig_run_ok(&rig);
    assert_int_equal(waiter.result, 0);
    assert_int_equal(waiter.ended_ns, 50); /* the word changed at 20, the waiter was busy until 50 */
}

static void poll_with_past_deadline(void *argument)
{
    struct actor *actor = argument;
    do {
        actor->result = exec_wait(&rig.words[0], 0, 0);
        rig_trace(&rig, actor->name);
    } while (actor->result == -ETIMEDOUT);
}

static void store_after_pauses(void *argument)
{
    (void)argument;
    exec_pause();
    exec_pause();
    rig_store_wake(&rig.words[0], 1);
}

static void test_polling_starves_nobody(void **state)
{
    (void)state;
    struct actor poller = {.name = 'p'};
    spawn_actor(&poller, poll_with_past_deadline);
    rig_spawn(&rig, "writer", store_after_pauses, NULL);
    rig_run_ok(&rig);
    assert_int_equal(poller.result, 0);
    assert_int_equal(rig.outcome.end_ns, 0);
    assert_true(rig.traced >= 2 && rig.traced <= 4);
}

static void ask_for_advice(void *argument)
{
    *(bool *)argument = exec_wants_advice();
    exec_set_local(argument);
    exec_pause();
    assert_ptr_equal(exec_local(), argument);
}

static void test_advice_locals_and_outside(void **state)
{
    (void)state;
    bool advice[2] = {false, false};
    rig_spawn(&rig, "a", ask_for_advice, &advice[0]);
    rig_spawn(&rig, "b", ask_for_advice, &advice[1]);
    rig_run_ok(&rig);
    assert_true(advice[0] && advice[1]);
    assert_int_equal(exec_engine_configure(rig.engine, &(struct exec_options){.policy = EXEC_RANDOM}), 0);
    rig_spawn(&rig, "a", ask_for_advice, &advice[0]);
    rig_run_ok(&rig);
    assert_false(advice[0]);

    assert_null(exec_current_engine());
    assert_null(exec_local());
    assert_false(exec_wants_advice());
    assert_int_equal(exec_wait(&rig.words[0], 1, EXEC_NEVER), 0);
    assert_int_equal(exec_wait(&rig.words[0], 0, EXEC_NEVER), -EDEADLK); /* nobody could ever change it */
    assert_int_equal(exec_wait_stall(&rig.words[0], 0, 0), -EDEADLK);
    assert_int_equal(exec_user_wait(&rig.words[0], 0), -EDEADLK);
    exec_wake(&rig.words[0]);
    exec_pause();
    exec_yield_low();
    exec_charge(5);
    exec_settle();
    exec_progress();
    exec_user_enter();
    exec_user_leave();
    exec_set_local(&rig);
    exec_fail(EXEC_END_CANCELLED, "nobody");
    uint64_t before = exec_now();
    assert_true(exec_now() >= before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_robin_is_fair, setup, teardown),
        cmocka_unit_test_setup_teardown(test_work_is_done_in_parallel, setup, teardown),
        cmocka_unit_test_setup_teardown(test_work_before_the_end_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deadlines_fire_in_order_of_time_then_spawn, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sleepers_then_low_then_deadlines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_low_runs_before_a_deadline_that_lies_before_the_sleeper, setup, teardown),
        cmocka_unit_test_setup_teardown(test_blocking_settles_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_polling_starves_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(test_advice_locals_and_outside, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
