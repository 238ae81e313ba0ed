/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only the code's own atomics order memory between processors, on fibers too: a message passed with a release store
 * arrives, and ThreadSanitizer reports one that is passed with a relaxed store although all of it happens on one OS
 * thread. The report must come: a child makes it and tells by its exit code. Without ThreadSanitizer the same programs
 * just run.
 */
#include "ut/exec/exec_rig.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#define REPORTED 66 /* ThreadSanitizer's exit code */

static enum exec_kind kinds[] = {EXEC_FIBERS, EXEC_THREADS};
static struct rig rig;
static uint32_t message;
static memory_order order;
static uint32_t received;

static void send(void *argument)
{
    (void)argument;
    message = 42;
    atomic_store_explicit(&rig.words[0], 1u, order);
    exec_wake(&rig.words[0]);
}

static void receive(void *argument)
{
    (void)argument;
    if (exec_wait(&rig.words[0], 0, EXEC_NEVER) == 0) {
        received = message;
    }
}

static void share_without_waiting(void *argument)
{
    (void)argument;
    message++; /* two processors, no order at all */
}

static void pass_message(enum exec_kind kind, bool receiver_first)
{
    rig_open(&rig, (struct exec_options){.kind = kind});
    rig_spawn(&rig, receiver_first ? "receiver" : "sender", receiver_first ? receive : send, NULL);
    rig_spawn(&rig, receiver_first ? "sender" : "receiver", receiver_first ? send : receive, NULL);
    rig_run_ok(&rig);
    assert_int_equal(received, 42); /* what a processor did is seen by who ran the group */
    rig_close(&rig);
}

static void test_release_passes_a_message(void **state)
{
    order = memory_order_release;
    for (int run = 0; run < 20; run++) {
        message = 0; /* and what was done before the run is seen by its processors */
        received = 0;
        pass_message(*(enum exec_kind *)*state, run % 2 == 0);
    }
}

static int run_in_child(enum exec_kind kind, void (*first)(void *), void (*second)(void *))
{
    pid_t child = fork();
    if (child == 0) {
        struct exec_options options = {.kind = kind};
        struct exec_outcome outcome;
        int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
        (void)dup2(quiet, STDERR_FILENO);
        memset(&rig, 0, sizeof(rig));
        if (exec_engine_create(&options, &rig.engine) != 0 || exec_group_create(rig.engine, "child", &rig.group) != 0 ||
            exec_spawn(rig.group, "a", RIG_STACK_BYTES, first, NULL) != 0 ||
            exec_spawn(rig.group, "b", RIG_STACK_BYTES, second, NULL) != 0 ||
            exec_group_run(rig.group, &outcome) != 0) {
            _exit(1);
        }
        rig_close(&rig);
        (void)close(quiet);
        rig_dump_coverage();
        _exit(0); /* ThreadSanitizer makes it 66 when it has reported */
    }
    int status = 0;
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_a_missing_release_is_reported(void **state)
{
    (void)state;
    order = memory_order_relaxed;
    assert_int_equal(run_in_child(EXEC_FIBERS, receive, send), EXEC_TSAN ? REPORTED : 0);
    order = memory_order_release;
    assert_int_equal(run_in_child(EXEC_FIBERS, receive, send), 0);
}

static void test_sharing_without_order_is_reported(void **state)
{
    (void)state;
    assert_int_equal(run_in_child(EXEC_FIBERS, share_without_waiting, share_without_waiting), EXEC_TSAN ? REPORTED : 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"test_release_passes_a_message (fibers)", test_release_passes_a_message, NULL, NULL, &kinds[0]},
        {"test_release_passes_a_message (threads)", test_release_passes_a_message, NULL, NULL, &kinds[1]},
        cmocka_unit_test(test_a_missing_release_is_reported),
        cmocka_unit_test(test_sharing_without_order_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
