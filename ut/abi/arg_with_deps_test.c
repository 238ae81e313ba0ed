/* SPDX-License-Identifier: Apache-2.0 */
/* An Arg that owns its dependencies (device.md 1.4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "abi/arg_with_deps.h"

static void test_dependencies_grow(void **state)
{
    (void)state;
    struct pto_arg_with_deps deps;
    pto_arg_with_deps_init(&deps);
    assert_ptr_equal(pto_arg_bind_deps(&deps), &deps.arg);
    assert_null(deps.arg.explicit_deps);
    assert_int_equal(deps.arg.explicit_dep_count, 0);
    for (uint32_t i = 0; i < PTO_ARG_MAX_OWN_DEPS; i++) {
        assert_int_equal(pto_add_dep(&deps, 100 + i), 0);
        struct pto_arg *arg = pto_arg_bind_deps(&deps); /* before each submit */
        assert_int_equal(arg->explicit_dep_count, i + 1);
        assert_int_equal(arg->explicit_deps[i], 100 + i);
        assert_int_equal(arg->explicit_deps[0], 100);
    }
    assert_false(deps.arg.has_error);
}

/* One too many is remembered by the Arg, which a submit then refuses; the others stay. */
static void test_one_too_many(void **state)
{
    (void)state;
    struct pto_arg_with_deps deps;
    pto_arg_with_deps_init(&deps);
    for (uint32_t i = 0; i < PTO_ARG_MAX_OWN_DEPS; i++) {
        assert_int_equal(pto_add_dep(&deps, i), 0);
    }
    assert_int_equal(pto_add_dep(&deps, 99), -PTO_ERR_INVALID_ARGS);
    assert_true(deps.arg.has_error);
    assert_string_equal(deps.arg.error_msg, "more than 16 own dependencies");
    assert_int_equal(pto_arg_bind_deps(&deps)->explicit_dep_count, PTO_ARG_MAX_OWN_DEPS);
    pto_arg_with_deps_init(&deps);
    assert_false(deps.arg.has_error);
    assert_int_equal(pto_arg_bind_deps(&deps)->explicit_dep_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dependencies_grow),
        cmocka_unit_test(test_one_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
