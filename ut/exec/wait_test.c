/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting and waking on both engines: no lost wake-up, deadlines, stall ranks, deadlock reports. */
#include "ut/exec/exec_rig.h"

#include <stdio.h>

static struct rig rig;
static enum exec_kind kinds[] = {EXEC_FIBERS, EXEC_THREADS};

static int setup(void **state)
{
    rig_open(&rig, (struct exec_options){.kind = *(enum exec_kind *)*state, .stall_limit_ns = 50000000});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

/* ---- producers and consumers ---- */

#define PRODUCERS 4u
#define CONSUMERS 4u

static uint32_t items_each;
static _Atomic uint32_t produced; /* also the word that consumers wait for */
static _Atomic uint32_t consumed;

static void produce(void *argument)
{
    (void)argument;
    for (uint32_t i = 0; i < items_each; i++) {
        /* Release: pairs with the consumers' exec_wait. */
        (void)atomic_fetch_add_explicit(&produced, 1u, memory_order_release);
        exec_wake(&produced);
        if (i % 7u == 0) {
            exec_pause();
        }
    }
}

static void consume(void *argument)
{
    (void)argument;
    uint32_t total = items_each * PRODUCERS;
    for (;;) {
        uint32_t taken = atomic_load_explicit(&consumed, memory_order_relaxed);
        if (taken == total) {
            return;
        }
        uint32_t there = atomic_load_explicit(&produced, memory_order_acquire); /* pairs with produce */
        if (taken < there) {
            if (atomic_compare_exchange_strong_explicit(&consumed, &taken, taken + 1u, memory_order_relaxed,
                                                        memory_order_relaxed) &&
                taken + 1u == total) {
                exec_wake(&produced);
            }
        } else if (exec_wait(&produced, there, EXEC_NEVER) != 0) {
            return;
        }
    }
}

static void test_no_lost_wake_up(void **state)
{
    (void)state;
    items_each = rig_repeat(2000);
    atomic_store(&produced, 0);
    atomic_store(&consumed, 0);
    for (uint32_t i = 0; i < CONSUMERS; i++) {
        rig_spawn(&rig, "consumer", consume, NULL);
    }
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        rig_spawn(&rig, "producer", produce, NULL);
    }
    rig_run_ok(&rig);
    assert_int_equal(atomic_load(&consumed), items_each * PRODUCERS);
}

/* Each hand-over needs the other side's wake-up: one lost and the run deadlocks. */
struct ring_place {
    _Atomic uint32_t *mine;
    _Atomic uint32_t *next;
    bool starts;
};

static uint32_t laps;

static void pass_on(void *argument)
{
    struct ring_place *place = argument;
    for (uint32_t lap = 1; lap <= laps; lap++) {
        if (place->starts) {
            rig_store_wake(place->next, lap);
        }
        if (exec_wait(place->mine, lap - 1u, EXEC_NEVER) != 0) {
            return;
        }
        if (!place->starts) {
            rig_store_wake(place->next, lap);
        }
    }
}

static void test_token_ring(void **state)
{
    (void)state;
    struct ring_place places[8];
    laps = rig_repeat(500);
    for (uint32_t i = 0; i < 8; i++) {
        places[i] = (struct ring_place){&rig.words[i], &rig.words[(i + 1u) % 8u], i == 0};
        rig_spawn(&rig, "place", pass_on, &places[i]);
    }
    rig_run_ok(&rig);
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(atomic_load(&rig.words[i]), laps);
    }
}

static void wait_for_word(void *argument)
{
    *(int *)argument = exec_wait(&rig.words[0], 0, EXEC_NEVER);
}

static void wake_in_vain_then_for_good(void *argument)
{
    (void)argument;
    for (int i = 0; i < 3; i++) {
        exec_wake(&rig.words[0]); /* nothing has changed: nobody may return */
        exec_pause();
    }
    rig_store_wake(&rig.words[0], 1);
}

static void test_one_store_releases_all_waiters(void **state)
{
    (void)state;
    int results[6] = {1, 1, 1, 1, 1, 1};
    for (int i = 0; i < 6; i++) {
        rig_spawn(&rig, "waiter", wait_for_word, &results[i]);
    }
    rig_spawn(&rig, "writer", wake_in_vain_then_for_good, NULL);
    rig_run_ok(&rig);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(results[i], 0);
    }
}

struct timed {
    uint64_t deadline_ns;
    uint64_t ended_ns;
    int result;
};

static void wait_some_time(void *argument)
{
    struct timed *timed = argument;
    timed->deadline_ns = exec_now() + 2000000;
    timed->result = exec_wait(&rig.words[0], 0, timed->deadline_ns);
    timed->ended_ns = exec_now();
}

static void test_deadline(void **state)
{
    (void)state;
    struct timed timed = {0};
    rig_spawn(&rig, "waiter", wait_some_time, &timed);
    rig_run_ok(&rig);
    assert_int_equal(timed.result, -ETIMEDOUT);
    assert_true(timed.ended_ns >= timed.deadline_ns);
}

/* ---- R21: waits that end when nothing can get on ---- */

struct staller {
    uint32_t rank;
    uint32_t waits; /* how often it waits in vain before it gives in */
    char name;
};

static void stall(void *argument)
{
    const struct staller *staller = argument;
    for (uint32_t i = 0; i < staller->waits; i++) {
        int result = exec_wait_stall(&rig.words[0], 0, staller->rank);
        if (result == 0) {
            rig_trace(&rig, (char)(staller->name - 'a' + 'A'));
            return;
        }
        assert_int_equal(result, -EDEADLK);
        rig_trace(&rig, staller->name);
    }
    rig_store_wake(&rig.words[0], 1);
}

static void test_the_lowest_rank_is_told_alone(void **state)
{
    (void)state;
    struct staller stallers[3] = {{3, 1, 'a'}, {1, 1, 'b'}, {2, 1, 'c'}};
    for (int i = 0; i < 3; i++) {
        rig_spawn(&rig, "staller", stall, &stallers[i]);
    }
    rig_run_ok(&rig);
    assert_int_equal(rig.trace[0], 'b'); /* rank 1 was told, gave in, and everybody else got what they waited for */
    assert_int_equal(rig.traced, 3);
    assert_null(strchr(rig.trace, 'a'));
    assert_null(strchr(rig.trace, 'c'));
}

static void test_waiting_again_in_vain_passes_the_turn(void **state)
{
    (void)state;
    struct staller stallers[3] = {{3, 1, 'a'}, {1, 2, 'b'}, {2, 2, 'c'}};
    for (int i = 0; i < 3; i++) {
        rig_spawn(&rig, "staller", stall, &stallers[i]);
    }
    rig_run_ok(&rig);
    assert_memory_equal(rig.trace, "bca", 3);
}

static void stall_twice_with_progress(void *argument)
{
    (void)argument;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(exec_wait_stall(&rig.words[0], 0, 0), -EDEADLK);
        rig_trace(&rig, 's');
        exec_progress(); /* something got on: the lowest rank is first again */
    }
    rig_store_wake(&rig.words[0], 1);
}

static void test_progress_starts_the_turns_again(void **state)
{
    (void)state;
    struct staller other = {1, 1, 'o'};
    rig_spawn(&rig, "first", stall_twice_with_progress, NULL);
    rig_spawn(&rig, "other", stall, &other);
    rig_run_ok(&rig);
    assert_memory_equal(rig.trace, "ss", 2);
}

static void stall_forever(void *argument)
{
    int result = 0;
    while ((result = exec_wait_stall(&rig.words[0], 0, *(uint32_t *)argument)) == -EDEADLK) {
    }
    assert_int_equal(result, -ECANCELED);
}

static void test_who_never_gives_in_is_deadlocked(void **state)
{
    (void)state;
    uint32_t ranks[2] = {0, 1};
    rig_spawn(&rig, "x", stall_forever, &ranks[0]);
    rig_spawn(&rig, "y", stall_forever, &ranks[1]);
    assert_int_equal(rig_run(&rig), -ECANCELED);
    assert_int_equal(rig.outcome.end, EXEC_END_DEADLOCK);
}

static void stall_beside_a_deadline(void *argument)
{
    *(int *)argument = exec_wait_stall(&rig.words[0], 0, 0);
}

static void store_at_deadline(void *argument)
{
    (void)argument;
    assert_int_equal(exec_wait(&rig.words[1], 0, exec_now() + 100000), -ETIMEDOUT);
    rig_store_wake(&rig.words[0], 1);
}

static void test_a_deadline_in_the_group_is_no_stall(void **state)
{
    (void)state;
    int result = 1;
    rig_spawn(&rig, "staller", stall_beside_a_deadline, &result);
    rig_spawn(&rig, "late", store_at_deadline, NULL);
    rig_run_ok(&rig);
    assert_int_equal(result, 0);
}

/* ---- deadlock ---- */

static void wait_forever(void *argument)
{
    assert_int_equal(exec_wait(argument, 7, EXEC_NEVER), -ECANCELED);
    rig_trace(&rig, 'c');
}

static void end_at_once(void *argument)
{
    (void)argument;
}

static void test_deadlock_names_everybody(void **state)
{
    (void)state;
    char line[128];
    atomic_store(&rig.words[0], 7);
    atomic_store(&rig.words[1], 7);
    rig_spawn(&rig, "ended one", end_at_once, NULL);
    rig_spawn(&rig, "aicpu 0", wait_forever, &rig.words[0]);
    rig_spawn(&rig, "aic 3", wait_forever, &rig.words[1]);
    assert_int_equal(rig_run(&rig), -ECANCELED);
    assert_int_equal(rig.outcome.end, EXEC_END_DEADLOCK);
    assert_string_equal(rig.outcome.culprit, "aicpu 0");
    assert_non_null(strstr(rig.outcome.report, "rig: deadlock"));
    assert_non_null(strstr(rig.outcome.report, "ended one: ended\n"));
    (void)snprintf(line, sizeof(line), "aicpu 0: waits for word %p, saw 7", (void *)&rig.words[0]);
    assert_non_null(strstr(rig.outcome.report, line));
    (void)snprintf(line, sizeof(line), "aic 3: waits for word %p, saw 7", (void *)&rig.words[1]);
    assert_non_null(strstr(rig.outcome.report, line));
    assert_string_equal(rig.trace, "cc"); /* both were released and cleaned up */

    rig_spawn(&rig, "next", end_at_once, NULL);
    rig_run_ok(&rig);
    assert_string_equal(rig.outcome.report, "");
}

static void test_long_reports_are_cut_at_a_line(void **state)
{
    (void)state;
    atomic_store(&rig.words[0], 7);
    for (int i = 0; i < 60; i++) {
        rig_spawn(&rig, "one of very many processors that all wait for the same word", wait_forever, &rig.words[0]);
    }
    assert_int_equal(rig_run(&rig), -ECANCELED);
    size_t length = strlen(rig.outcome.report);
    assert_true(length < EXEC_REPORT_BYTES && length > EXEC_REPORT_BYTES / 2u);
    assert_non_null(strstr(rig.outcome.report, " more\n"));
    assert_int_equal(rig.outcome.report[length - 1u], '\n');
}

int main(void)
{
#define ON_BOTH(test)                                        \
    {#test " (fibers)", test, setup, teardown, &kinds[0]},   \
    {                                                        \
#test " (threads)", test, setup, teardown, &kinds[1] \
    }
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_no_lost_wake_up),
        ON_BOTH(test_token_ring),
        ON_BOTH(test_one_store_releases_all_waiters),
        ON_BOTH(test_deadline),
        ON_BOTH(test_the_lowest_rank_is_told_alone),
        ON_BOTH(test_waiting_again_in_vain_passes_the_turn),
        ON_BOTH(test_progress_starts_the_turns_again),
        ON_BOTH(test_who_never_gives_in_is_deadlocked),
        ON_BOTH(test_a_deadline_in_the_group_is_no_stall),
        ON_BOTH(test_deadlock_names_everybody),
        ON_BOTH(test_long_reports_are_cut_at_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
