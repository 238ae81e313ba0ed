/* SPDX-License-Identifier: Apache-2.0 */
/* The engine that a case draws, and PROPERTY_ENGINE, which takes its place and is part of the command that repeats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/property/engine_choice.h"
#include "harness/property/reproducer.h"

#define SEEDS 400u

static struct pto_engine_options draw(struct choice *choice, uint64_t seed)
{
    static uint8_t bytes[4096];
    struct pto_engine_options options;
    choice_from_seed(choice, seed, bytes, sizeof(bytes));
    engine_choice_draw(choice, &options);
    return options;
}

static int unset(void **state)
{
    (void)state;
    return unsetenv(ENGINE_CHOICE_FORCED);
}

static void both_engines_are_drawn(void **state)
{
    uint32_t drawn[2] = {0, 0};
    struct choice choice;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        drawn[draw(&choice, seed).kind == PTO_ENGINE_THREADS]++;
    }
    assert_in_range(drawn[1], SEEDS / 40, SEEDS / 8);
}

static void the_rest_of_a_case_stays_the_same(void **state)
{
    static const struct {
        const char *name;
        int32_t kind;
    } forced[] = {{"fibers", PTO_ENGINE_FIBERS}, {"threads", PTO_ENGINE_THREADS}};
    (void)state;
    for (size_t i = 0; i < sizeof(forced) / sizeof(forced[0]); i++) {
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct choice choice;
            struct pto_engine_options usual = draw(&choice, seed);
            size_t used = choice_used(&choice);
            (void)setenv(ENGINE_CHOICE_FORCED, forced[i].name, 1);
            struct pto_engine_options options = draw(&choice, seed);
            (void)unsetenv(ENGINE_CHOICE_FORCED);
            assert_int_equal(options.kind, forced[i].kind);
            assert_int_equal(choice_used(&choice), used);
            options.kind = usual.kind;
            assert_memory_equal(&options, &usual, sizeof(usual));
        }
    }
}

static void anything_else_is_refused(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        struct choice choice;
        (void)close(STDERR_FILENO);
        (void)setenv(ENGINE_CHOICE_FORCED, "fibres", 1);
        (void)draw(&choice, 1);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 2);
}

static void the_command_repeats_it(void **state)
{
    char command[512];
    (void)state;
    reproducer_command("task_program", "FILE", command, sizeof(command));
    assert_null(strstr(command, ENGINE_CHOICE_FORCED));
    (void)setenv(ENGINE_CHOICE_FORCED, "threads", 1);
    reproducer_command("task_program", "FILE", command, sizeof(command));
    assert_int_equal(strncmp(command, ENGINE_CHOICE_FORCED "=threads ", strlen(ENGINE_CHOICE_FORCED "=threads ")), 0);
    assert_non_null(strstr(command, "touchstone replay task_program FILE"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_engines_are_drawn, unset, unset),
        cmocka_unit_test_setup_teardown(the_rest_of_a_case_stays_the_same, unset, unset),
        cmocka_unit_test_setup_teardown(anything_else_is_refused, unset, unset),
        cmocka_unit_test_setup_teardown(the_command_repeats_it, unset, unset),
    };
    return cmocka_run_group_tests_name("engine choice", tests, NULL, NULL);
}
