/* SPDX-License-Identifier: Apache-2.0 */
/* Every registered property over its usual number of seeds; PROPERTY_RUNS and PROPERTY_SEED as runner.h says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/property/registry.h"
#include "harness/property/runner.h"

#define MAX_PROPERTIES 64u

static void the_property_holds(void **state)
{
    assert_int_equal(property_check(*state, 0, 0), 0);
}

int main(void)
{
    struct CMUnitTest tests[MAX_PROPERTIES];
    size_t count = 0;
    while (count < MAX_PROPERTIES && property_registry[count] != NULL) {
        tests[count] = (struct CMUnitTest){.name = property_registry[count]->name,
                                           .test_func = the_property_holds,
                                           .initial_state = (void *)(uintptr_t)property_registry[count]};
        count++;
    }
    return count == MAX_PROPERTIES || _cmocka_run_group_tests("properties", tests, count, NULL, NULL) != 0;
}
