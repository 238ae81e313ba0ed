/* SPDX-License-Identifier: Apache-2.0 */
/* R33: user code that spins, waits too long, calls ops without end, or faults, on both engines. */
#include "ut/exec/user_code.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/sanitizer.h"

#define OP_LIMIT_NS 20000000u
#define PATIENT_OP_LIMIT_NS 400000000u

static struct rig rig;
static struct user_code user;
static uint64_t op_limit_ns;
static enum exec_kind kinds[] = {EXEC_FIBERS, EXEC_THREADS};

static int setup(void **state)
{
    enum exec_kind kind = *(enum exec_kind *)*state;
    op_limit_ns = OP_LIMIT_NS;
    rig_open(&rig, (struct exec_options){.kind = kind, .op_limit_ns = op_limit_ns});
    return 0;
}

/* For what must not reach the limit: on OS threads real time passes, also while the machine runs others. */
static void be_patient_with_threads(enum exec_kind kind)
{
    if (kind == EXEC_THREADS) {
        rig_close(&rig);
        op_limit_ns = PATIENT_OP_LIMIT_NS;
        rig_open(&rig, (struct exec_options){.kind = kind, .op_limit_ns = op_limit_ns});
    }
}

static int teardown(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

/* valgrind would count the fault that is the point of the test; its OS thread stays quiet until `heard`. */
static void unheard(void)
{
#ifdef VALGRIND_DISABLE_ERROR_REPORTING
    VALGRIND_DISABLE_ERROR_REPORTING;
#endif
}

static void heard(void)
{
#ifdef VALGRIND_ENABLE_ERROR_REPORTING
    VALGRIND_ENABLE_ERROR_REPORTING;
#endif
}

/* Runs, as the first one spawned, on the OS thread that the first one of the last run had. */
static void add_one(void *argument)
{
    heard();
    atomic_fetch_add((_Atomic uint32_t *)argument, 1u);
}

static void check_usable(void)
{
    atomic_store(&rig.words[9], 0);
    for (int i = 0; i < 4; i++) {
        rig_spawn(&rig, "next", add_one, &rig.words[9]);
    }
    rig_run_ok(&rig);
    assert_int_equal(atomic_load(&rig.words[9]), 4);
}

/* ---- spinning ---- */

static void spin(void *argument)
{
    exec_user_enter();
    user.spin(argument);
    exec_user_leave();
    rig_trace(&rig, 's');
}

static void wait_until_cancelled(void *argument)
{
    assert_int_equal(exec_wait(argument, 0, EXEC_NEVER), -ECANCELED);
    rig_trace(&rig, 'c');
}

static void test_a_spinner_is_abandoned(void **state)
{
    (void)state;
    for (int run = 0; run < 2; run++) { /* the second time on the stacks of the first */
        atomic_store(&rig.traced, 0);
        memset(rig.trace, 0, sizeof(rig.trace));
        rig_spawn(&rig, "aicpu 0", wait_until_cancelled, &rig.words[1]);
        rig_spawn(&rig, "aic 5", spin, &rig.words[0]);
        rig_spawn(&rig, "aicpu 1", wait_until_cancelled, &rig.words[1]);
        assert_int_equal(rig_run(&rig), -ECANCELED);
        assert_int_equal(rig.outcome.end, EXEC_END_OP_TIMEOUT);
        assert_string_equal(rig.outcome.culprit, "aic 5");
        assert_non_null(strstr(rig.outcome.report, "aic 5: was abandoned\n"));
        assert_false(rig.outcome.reproducible);
        assert_string_equal(rig.trace, "cc");
    }
    check_usable();
    assert_true(rig.outcome.reproducible == !*(enum exec_kind *)*state);
}

static void store_word(void *argument)
{
    /* Release: pairs with the spinner's acquire load. */
    atomic_store_explicit((_Atomic uint32_t *)argument, 1u, memory_order_release);
}

static void test_a_peers_store_ends_the_spinning(void **state)
{
    be_patient_with_threads(*(enum exec_kind *)*state);
    rig_spawn(&rig, "spinner", spin, &rig.words[0]);
    rig_spawn(&rig, "peer", store_word, &rig.words[0]); /* on fibers it runs only once the spinner is interrupted */
    rig_run_ok(&rig);
    assert_false(rig.outcome.reproducible);
    assert_string_equal(rig.trace, "s");
}

static void meet(void *argument)
{
    _Atomic uint32_t *mine = argument;
    exec_user_enter();
    user.meet(mine, mine == &rig.words[0] ? &rig.words[1] : &rig.words[0]);
    exec_user_leave();
}

static void test_lanes_that_spin_for_each_other_meet(void **state)
{
    be_patient_with_threads(*(enum exec_kind *)*state);
    rig_spawn(&rig, "lane 0", meet, &rig.words[0]);
    rig_spawn(&rig, "lane 1", meet, &rig.words[1]);
    rig_run_ok(&rig);
}

static void progress_then_store(void *argument)
{
    for (int i = 0; i < 5; i++) { /* more than two op limits in all, never one without progress */
        assert_int_equal(exec_wait(&rig.words[1], 0, exec_now() + op_limit_ns / 2u), -ETIMEDOUT);
        exec_progress();
    }
    store_word(argument);
}

static void test_progress_restarts_the_op_limit(void **state)
{
    be_patient_with_threads(*(enum exec_kind *)*state);
    rig_spawn(&rig, "spinner", spin, &rig.words[0]);
    rig_spawn(&rig, "peer", progress_then_store, &rig.words[0]);
    rig_run_ok(&rig);
    assert_true(rig.outcome.end_ns - rig.outcome.start_ns >= 2u * op_limit_ns);
}

/* ---- calls of exec that never get on ---- */

static void op_that_never_blocks(void)
{
    exec_user_leave();
    exec_wake(&rig.words[3]);
    exec_user_enter();
}

static void call_ops(void *argument)
{
    exec_user_enter();
    user.call(op_that_never_blocks, argument);
    exec_user_leave();
}

static void test_ops_without_end_are_abandoned(void **state)
{
    (void)state;
    rig_spawn(&rig, "orchestrator", call_ops, &rig.words[0]);
    rig_spawn(&rig, "other", wait_until_cancelled, &rig.words[1]);
    assert_int_equal(rig_run(&rig), -ECANCELED);
    assert_int_equal(rig.outcome.end, EXEC_END_OP_TIMEOUT);
    assert_string_equal(rig.outcome.culprit, "orchestrator");
    check_usable();
}

/* Where no tick can meet it, as in a sanitizer's runtime, until the watchdog has noticed that nothing gets on: that is
 * far longer than the op limit, but the code does return. */
static void burn_and_return(void *argument)
{
    (void)argument;
    exec_user_enter();
    while ((exec_attention(exec_self_now) & EXEC_ATTEND_TICK) == 0) {
    }
    exec_user_leave();
    rig_trace(&rig, 'b');
}

static void test_code_that_returns_late_is_not_abandoned(void **state)
{
    (void)state;
    rig_spawn(&rig, "late", burn_and_return, NULL);
    rig_run_ok(&rig);
    assert_false(rig.outcome.reproducible);
    assert_string_equal(rig.trace, "b");
}

static void poll(void *argument)
{
    (void)argument;
    while (atomic_load_explicit(&rig.words[0], memory_order_acquire) == 0) {
        exec_pause();
    }
}

static void store_at_deadline(void *argument)
{
    assert_int_equal(exec_wait(&rig.words[1], 0, exec_now() + 1000000), -ETIMEDOUT);
    store_word(argument);
}

static void test_polling_cannot_stop_time(void **state)
{
    (void)state;
    rig_spawn(&rig, "poller", poll, NULL); /* always runnable: by itself virtual time would never reach the deadline */
    rig_spawn(&rig, "late", store_at_deadline, &rig.words[0]);
    rig_run_ok(&rig);
    assert_false(rig.outcome.reproducible);
}

/* ---- exec_user_wait ---- */

static void user_wait(void *argument)
{
    exec_user_enter();
    assert_int_equal(exec_user_wait(argument, 0), 0);
    exec_user_leave();
    rig_trace(&rig, 'w');
}

static void wake_word(void *argument)
{
    exec_pause();
    rig_store_wake(argument, 1);
}

static void test_user_wait(void **state)
{
    be_patient_with_threads(*(enum exec_kind *)*state);
    rig_spawn(&rig, "lane 0", user_wait, &rig.words[0]);
    rig_spawn(&rig, "lane 1", user_wait, &rig.words[0]);
    rig_spawn(&rig, "lane 2", wake_word, &rig.words[0]);
    rig_run_ok(&rig);
    assert_string_equal(rig.trace, "ww");
}

static void store_silently(void *argument)
{
    exec_pause(); /* the lanes wait by now, on fibers */
    exec_user_enter();
    /* Release: pairs with the acquire in exec_user_wait. User code knows nothing of exec_wake. */
    atomic_store_explicit((_Atomic uint32_t *)argument, 1u, memory_order_release);
    exec_user_leave();
}

/* R33: kernels never need to call exec: a plain store is noticed, at once in virtual time. */
static void test_user_wait_without_wake(void **state)
{
    be_patient_with_threads(*(enum exec_kind *)*state);
    rig_spawn(&rig, "lane 0", user_wait, &rig.words[0]);
    rig_spawn(&rig, "lane 1", user_wait, &rig.words[0]);
    rig_spawn(&rig, "lane 2", store_silently, &rig.words[0]);
    rig_run_ok(&rig);
    assert_string_equal(rig.trace, "ww");
    if (*(enum exec_kind *)*state == EXEC_FIBERS) {
        assert_in_range(rig.outcome.end_ns - rig.outcome.start_ns, 0, OP_LIMIT_NS / 2);
    }
}

static void test_user_wait_in_vain(void **state)
{
    (void)state;
    rig_spawn(&rig, "lane 0", user_wait, &rig.words[0]);
    rig_spawn(&rig, "other", wait_until_cancelled, &rig.words[1]);
    assert_int_equal(rig_run(&rig), -ECANCELED);
    assert_int_equal(rig.outcome.end, EXEC_END_OP_TIMEOUT);
    assert_string_equal(rig.outcome.culprit, "lane 0");
    assert_true(rig.outcome.end_ns - rig.outcome.start_ns >= OP_LIMIT_NS);
    assert_string_equal(rig.trace, "c");
    check_usable();
}

static void play_forever(void *argument)
{
    uint32_t offset = *(uint32_t *)argument;
    exec_user_enter();
    for (uint32_t i = 1;; i++) {
        rig_store_wake(&rig.words[offset], i);
        (void)exec_user_wait(&rig.words[1u - offset], i - 1u);
    }
}

static void test_lanes_that_play_forever_reach_the_op_limit(void **state)
{
    uint32_t sides[2] = {0, 1};
    struct exec_options options = {.kind = *(enum exec_kind *)*state, .op_limit_ns = 1000000};
    assert_int_equal(exec_engine_configure(rig.engine, &options), 0);
    rig_spawn(&rig, "lane 0", play_forever, &sides[0]);
    rig_spawn(&rig, "lane 1", play_forever, &sides[1]);
    assert_int_equal(rig_run(&rig), -ECANCELED);
    assert_int_equal(rig.outcome.end, EXEC_END_OP_TIMEOUT);
}

/* ---- faults ---- */

static void fault(void *argument)
{
    unheard();
    exec_user_enter();
    user.fault(*(const uint32_t *)argument);
    exec_user_leave();
    rig_trace(&rig, '!');
}

static void overflow(void *argument)
{
    (void)argument;
    unheard();
    exec_user_enter();
    (void)user.recurse(0);
    exec_user_leave();
    rig_trace(&rig, '!');
}

static void check_fault(int signal_number)
{
    rig_spawn(&rig, "aicpu 0", wait_until_cancelled, &rig.words[1]);
    assert_int_equal(rig_run(&rig), -ECANCELED);
    assert_int_equal(rig.outcome.end, EXEC_END_USER_FAULT);
    assert_int_equal(rig.outcome.signal_number, signal_number);
    assert_string_equal(rig.outcome.culprit, "aiv 7");
    assert_non_null(strstr(rig.outcome.report, "aiv 7: faulted\n"));
    assert_string_equal(rig.trace, "c");
    memset(rig.trace, 0, sizeof(rig.trace));
    atomic_store(&rig.traced, 0);
    check_usable();
}

static void test_faults_end_the_group_only(void **state)
{
    (void)state;
    static const int signals[] = {SIGSEGV, SIGFPE, SIGILL, SIGTRAP};
    for (uint32_t how = 0; how < 4; how++) {
        rig_spawn(&rig, "aiv 7", fault, &how);
        check_fault(signals[how]);
    }
}

static void test_stack_overflow(void **state)
{
    (void)state;
    for (int run = 0; run < 2; run++) {
        rig_spawn(&rig, "aiv 7", overflow, NULL);
        check_fault(SIGSEGV);
        rig_spawn(&rig, "ok", add_one, &rig.words[9]);
        rig_run_ok(&rig);
        assert_null(strstr(rig.outcome.report, "stack overflow"));
    }
}

/* Where a thread that faults keeps its signal stack, which is gone with it. */
struct fault_elsewhere {
    enum exec_kind kind;
    stack_t signal_stack;
    int result;
};

static void note_stack_and_fault(void *argument)
{
    struct fault_elsewhere *elsewhere = argument;
    uint32_t how = 0;
    (void)sigaltstack(NULL, &elsewhere->signal_stack);
    fault(&how);
}

static void *fault_in_a_thread(void *argument)
{
    struct fault_elsewhere *elsewhere = argument;
    const struct exec_options options = {.kind = elsewhere->kind, .deadline_scale = rig_deadline_scale()};
    struct exec_engine *engine = NULL;
    struct exec_group *group = NULL;
    struct exec_outcome outcome;
    elsewhere->result = exec_engine_create(&options, &engine);
    elsewhere->result = elsewhere->result != 0 ? elsewhere->result : exec_group_create(engine, "elsewhere", &group);
    if (elsewhere->result == 0) {
        elsewhere->result = exec_spawn(group, "aiv 7", RIG_STACK_BYTES, note_stack_and_fault, elsewhere);
    }
    if (elsewhere->result == 0) {
        elsewhere->result = exec_group_run(group, &outcome);
    }
    exec_group_destroy(group);
    exec_engine_destroy(engine);
    return NULL;
}

/* Handlers of faults never return; what comes to lie where their stack was must be as accessible as anything else. */
static void test_faults_leave_no_poison(void **state)
{
#if EXEC_ASAN
    struct fault_elsewhere elsewhere = {.kind = *(enum exec_kind *)*state};
    for (int i = 0; i < 2; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, fault_in_a_thread, &elsewhere), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(elsewhere.result, -ECANCELED);
        assert_true(elsewhere.signal_stack.ss_size != 0);
        assert_null(__asan_region_is_poisoned(elsewhere.signal_stack.ss_sp, elsewhere.signal_stack.ss_size));
    }
#else
    (void)state;
    (void)fault_in_a_thread;
    print_message("nothing is poisoned without AddressSanitizer\n");
    skip();
#endif
}

static void note_signal(int number)
{
    (void)number;
}

static void test_handlers_survive_others_and_are_put_back(void **state)
{
    (void)state;
    struct sigaction theirs = {.sa_handler = note_signal};
    struct sigaction found;
    uint32_t how = 0;
    assert_int_equal(sigaction(SIGSEGV, &theirs, NULL), 0); /* as a test framework does behind our back */
    rig_spawn(&rig, "aiv 7", fault, &how);
    check_fault(SIGSEGV);
    rig_close(&rig);
    assert_int_equal(sigaction(SIGSEGV, NULL, &found), 0);
    assert_ptr_equal(found.sa_handler, note_signal);
    rig_open(&rig, (struct exec_options){.kind = *(enum exec_kind *)*state});
}

/* ---- what is not the user's still kills: in children, which report by how they end ---- */

static void fault_outside_user_code(void *argument)
{
    unheard();
    user.fault(*(const uint32_t *)argument);
}

static void send_signal_in_user_code(void *argument)
{
    (void)argument;
    exec_user_enter();
    (void)raise(SIGSEGV); /* sent, not caused by an instruction */
    exec_user_leave();
}

static int child_status(enum exec_kind kind, void (*entry)(void *))
{
    pid_t child = fork();
    if (child == 0) {
#ifdef VALGRIND_CLO_CHANGE
        VALGRIND_CLO_CHANGE(
            "--leak-check=no"); /* who is killed gives nothing back, nor do threads that fork leaves behind */
#endif
        struct exec_options options = {
            .kind = kind, .op_limit_ns = OP_LIMIT_NS, .deadline_scale = rig_deadline_scale()};
        struct rlimit no_core = {0, 0};
        struct exec_engine *engine = NULL;
        struct exec_group *group = NULL;
        struct exec_outcome outcome = {.end = EXEC_END_OK};
        uint32_t how = 0;
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)signal(SIGSEGV, SIG_DFL);
        if (exec_engine_create(&options, &engine) == 0 && exec_group_create(engine, "child", &group) == 0 &&
            exec_spawn(group, "child", RIG_STACK_BYTES, entry, entry == spin ? (void *)&rig.words[0] : &how) == 0) {
            (void)exec_group_run(group, &outcome);
        }
        int end = (int)outcome.end;
        exec_group_destroy(group);
        exec_engine_destroy(engine);
        rig_close(&rig);
        rig_dump_coverage();
        _exit(end);
    }
    int status = 0;
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void test_faults_outside_user_code_kill(void **state)
{
    enum exec_kind kind = *(enum exec_kind *)*state;
    int status = child_status(kind, fault_outside_user_code);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
    status = child_status(kind, send_signal_in_user_code);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
}

static void test_the_watchdog_works_in_a_forked_child(void **state)
{
    check_usable(); /* the parent's OS thread has its timer */
    int status = child_status(*(enum exec_kind *)*state, spin);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EXEC_END_OP_TIMEOUT);
}

static int open_user(void **state)
{
    (void)state;
    user_open(&user);
    return 0;
}

static int close_user(void **state)
{
    (void)state;
    user_close(&user);
    return 0;
}

int main(void)
{
#define ON_FIBERS(test)                                     \
    {                                                       \
#test " (fibers)", test, setup, teardown, &kinds[0] \
    }
#define ON_BOTH(test)                                        \
    ON_FIBERS(test),                                         \
    {                                                        \
#test " (threads)", test, setup, teardown, &kinds[1] \
    }
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_a_spinner_is_abandoned),
        ON_BOTH(test_a_peers_store_ends_the_spinning),
        ON_BOTH(test_lanes_that_spin_for_each_other_meet),
        ON_BOTH(test_progress_restarts_the_op_limit),
        ON_FIBERS(test_ops_without_end_are_abandoned),
        ON_FIBERS(test_code_that_returns_late_is_not_abandoned),
        ON_FIBERS(test_polling_cannot_stop_time),
        ON_BOTH(test_user_wait),
        ON_BOTH(test_user_wait_without_wake),
        ON_BOTH(test_user_wait_in_vain),
        ON_BOTH(test_lanes_that_play_forever_reach_the_op_limit),
        ON_BOTH(test_faults_end_the_group_only),
        ON_BOTH(test_stack_overflow),
        ON_BOTH(test_faults_leave_no_poison),
        ON_BOTH(test_handlers_survive_others_and_are_put_back),
        ON_BOTH(test_faults_outside_user_code_kill),
        {"test_the_watchdog_works_in_a_forked_child (fibers)", test_the_watchdog_works_in_a_forked_child, setup,
         teardown, &kinds[0]},
    };
    return cmocka_run_group_tests(tests, open_user, close_user) != 0;
}
