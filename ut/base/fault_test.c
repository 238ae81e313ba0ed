/* SPDX-License-Identifier: Apache-2.0 */
/* Fault plans: nth, once and sticky, value faults, counting, and what is no plan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fault_step.h"

static struct fault_rule rule_of(const char *site, uint64_t nth, bool sticky, int32_t error)
{
    struct fault_rule rule = {.nth = nth, .sticky = sticky, .error = error};
    (void)snprintf(rule.site, sizeof(rule.site), "%s", site);
    return rule;
}

static int clear(void **state)
{
    (void)state;
    fault_plan_clear();
    return 0;
}

static void without_a_plan_nothing_fails_or_counts(void **state)
{
    (void)state;
    assert_int_equal(fault_hit("a.call"), 0);
    struct fault_rule rule;
    assert_false(fault_value("a.value", &rule));
    assert_int_equal(fault_sites(NULL, 0), 0);
}

static void only_the_nth_call_fails(void **state)
{
    (void)state;
    struct fault_rule rule = rule_of("a.call", 3, false, ENOMEM);
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    const int expected[] = {0, 0, ENOMEM, 0, 0};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(fault_hit("a.call"), expected[i]);
        assert_int_equal(fault_hit("a.caller"), 0);
    }
}

static void a_sticky_rule_fails_from_then_on(void **state)
{
    (void)state;
    struct fault_rule rule = rule_of("a.call", 2, true, 207001);
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    assert_int_equal(fault_hit("a.call"), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(fault_hit("a.call"), 207001);
    }
}

static void rules_of_one_site_count_its_calls_together(void **state)
{
    (void)state;
    struct fault_rule rules[] = {rule_of("a.call", 1, false, EIO), rule_of("a.call", 2, true, ENOSPC)};
    assert_int_equal(fault_plan_install(rules, 2), 0);
    assert_int_equal(fault_hit("a.call"), EIO);
    assert_int_equal(fault_hit("a.call"), ENOSPC);
    assert_int_equal(fault_hit("a.call"), ENOSPC);
}

static void a_value_rule_is_copied_out(void **state)
{
    (void)state;
    struct fault_rule rule = rule_of("aicpu.publish", 1, false, 0);
    rule.values[0] = 0x1234;
    rule.values[1] = 99;
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    struct fault_rule found = {.nth = 0};
    assert_true(fault_value("aicpu.publish", &found));
    assert_int_equal(found.values[0], 0x1234);
    assert_int_equal(found.values[1], 99);
    assert_false(fault_value("aicpu.publish", &found));
}

static void a_value_rule_means_nothing_to_an_error_site(void **state)
{
    (void)state;
    struct fault_rule rule = rule_of("a.call", 1, true, 0);
    struct fault_site_count site;
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    assert_int_equal(fault_hit("a.call"), 0);
    assert_int_equal(fault_sites(&site, 1), 1);
    assert_int_equal(site.calls, 1);
    assert_int_equal(site.fired, 0);
}

static void sites_are_counted_and_sorted(void **state)
{
    (void)state;
    struct fault_rule rule = rule_of("b.call", 2, true, EIO);
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    for (size_t i = 0; i < 3; i++) {
        (void)fault_hit("c.call");
        (void)fault_hit("b.call");
        (void)fault_step("a", "step");
    }
    struct fault_site_count sites[4];
    memset(sites, 0, sizeof(sites));
    assert_int_equal(fault_sites(sites, 4), 3);
    assert_string_equal(sites[0].site, "a.step");
    assert_string_equal(sites[1].site, "b.call");
    assert_string_equal(sites[2].site, "c.call");
    assert_int_equal(sites[1].calls, 3);
    assert_int_equal(sites[1].fired, 2);
    assert_int_equal(sites[2].fired, 0);
    memset(sites, 0, sizeof(sites));
    assert_int_equal(fault_sites(sites, 1), 3);
    assert_string_equal(sites[1].site, "");
}

static void installing_starts_the_count_again(void **state)
{
    (void)state;
    struct fault_rule rule = rule_of("a.call", 2, false, EIO);
    assert_int_equal(fault_plan_install(NULL, 0), 0);
    (void)fault_hit("a.call");
    assert_int_equal(fault_sites(NULL, 0), 1);
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    assert_int_equal(fault_sites(NULL, 0), 0);
    assert_int_equal(fault_hit("a.call"), 0);
    assert_int_equal(fault_hit("a.call"), EIO);
}

static void a_rule_that_makes_no_sense_changes_nothing(void **state)
{
    (void)state;
    struct fault_rule good = rule_of("a.call", 1, true, EIO);
    assert_int_equal(fault_plan_install(&good, 1), 0);
    struct fault_rule bad[] = {rule_of("a.call", 0, false, EIO), rule_of("", 1, false, EIO),
                               rule_of("a.call", 1, false, -EIO), rule_of("a.call", 1, false, EIO)};
    memset(bad[3].site, 'x', sizeof(bad[3].site));
    for (size_t i = 0; i < 4; i++) {
        struct fault_rule rules[] = {rule_of("b.call", 1, false, EIO), bad[i]};
        assert_int_equal(fault_plan_install(rules, 2), -EINVAL);
    }
    assert_int_equal(fault_plan_install(NULL, 1), -EINVAL);
    assert_int_equal(fault_hit("a.call"), EIO);
}

static void a_long_site_name_is_cut_in_the_list(void **state)
{
    (void)state;
    char name[100];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    struct fault_site_count site;
    assert_int_equal(fault_plan_install(NULL, 0), 0);
    (void)fault_hit(name);
    (void)fault_hit(name);
    assert_int_equal(fault_sites(&site, 1), 1);
    assert_int_equal(strlen(site.site), FAULT_SITE_NAME_BYTES - 1);
    assert_int_equal(site.calls, 2);
}

static void more_sites_than_the_list_holds_still_obey_rules(void **state)
{
    (void)state;
    struct fault_rule rule = rule_of("the.last", 1, false, EIO);
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    for (int i = 0; i < 3000; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "site.%d", i);
        assert_int_equal(fault_hit(name), 0);
    }
    assert_true(fault_sites(NULL, 0) < 3000);
    assert_int_equal(fault_hit("the.last"), EIO);
}

static void *hit_often(void *fired)
{
    size_t *count = fired;
    for (size_t i = 0; i < 1000; i++) {
        *count += fault_hit("shared.call") != 0;
    }
    return NULL;
}

static void threads_share_one_count(void **state)
{
    (void)state;
    struct fault_rule rule = rule_of("shared.call", 1500, false, EIO);
    size_t fired[2] = {0, 0};
    pthread_t threads[2];
    struct fault_site_count site;
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, hit_often, &fired[i]), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    assert_int_equal(fired[0] + fired[1], 1);
    assert_int_equal(fault_sites(&site, 1), 1);
    assert_int_equal(site.calls, 2000);
}

static void a_child_inherits_the_plan(void **state)
{
    (void)state;
    struct fault_rule rule = rule_of("a.call", 2, false, EIO);
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    assert_int_equal(fault_hit("a.call"), 0);
    pid_t child = fork();
    if (child == 0) {
        _exit(fault_hit("a.call") == EIO ? 17 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 17);
}

static void test_silent_sites_are_known(void **state)
{
    (void)state;
    struct fault_rule rule;
    assert_int_equal(fault_plan_install(NULL, 0), 0);
    assert_int_equal(fault_hit("a.call"), 0);
    assert_false(fault_value("a.value", &rule));
    assert_true(fault_site_is_silent("a.value"));
    assert_false(fault_site_is_silent("a.call"));
    assert_false(fault_site_is_silent("never.reached"));
    assert_int_equal(fault_plan_install(NULL, 0), 0);
    assert_false(fault_site_is_silent("a.value"));
    fault_plan_clear();
}

/* The truth outlives the plan, for whoever judges what came of it, and ends with the next one. */
static void test_truths_are_kept(void **state)
{
    (void)state;
    static struct fault_truth truths[FAULT_TRUTHS_MAX];
    const uint64_t first[4] = {1, 2, 3, 4};
    assert_int_equal(fault_plan_install(NULL, 0), 0);
    fault_tell_truth("a.copy", first);
    fault_plan_clear();
    assert_int_equal(fault_truths(truths, 1), 1);
    assert_string_equal(truths[0].site, "a.copy");
    assert_memory_equal(truths[0].values, first, sizeof(first));
    assert_int_equal(fault_plan_install(NULL, 0), 0);
    assert_int_equal(fault_truths(truths, 1), 0);
    for (uint64_t i = 0; i < FAULT_TRUTHS_MAX + 5; i++) {
        fault_tell_truth("b.copy", (const uint64_t[4]){i});
    }
    assert_int_equal(fault_truths(truths, FAULT_TRUTHS_MAX), FAULT_TRUTHS_MAX + 5);
    assert_int_equal(truths[FAULT_TRUTHS_MAX - 1].values[0], FAULT_TRUTHS_MAX - 1);
    fault_plan_clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(without_a_plan_nothing_fails_or_counts, clear),
        cmocka_unit_test_teardown(only_the_nth_call_fails, clear),
        cmocka_unit_test_teardown(a_sticky_rule_fails_from_then_on, clear),
        cmocka_unit_test_teardown(rules_of_one_site_count_its_calls_together, clear),
        cmocka_unit_test_teardown(a_value_rule_is_copied_out, clear),
        cmocka_unit_test_teardown(a_value_rule_means_nothing_to_an_error_site, clear),
        cmocka_unit_test_teardown(sites_are_counted_and_sorted, clear),
        cmocka_unit_test_teardown(installing_starts_the_count_again, clear),
        cmocka_unit_test_teardown(a_rule_that_makes_no_sense_changes_nothing, clear),
        cmocka_unit_test_teardown(a_long_site_name_is_cut_in_the_list, clear),
        cmocka_unit_test_teardown(more_sites_than_the_list_holds_still_obey_rules, clear),
        cmocka_unit_test_teardown(threads_share_one_count, clear),
        cmocka_unit_test_teardown(a_child_inherits_the_plan, clear),
        cmocka_unit_test(test_silent_sites_are_known),
        cmocka_unit_test(test_truths_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
