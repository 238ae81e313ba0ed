/* SPDX-License-Identifier: Apache-2.0 */
/* image_cache as fuzz builds have it, under names of its own: equality is decided by bytes, handles are kept (R6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#ifndef TOUCHSTONE_FUZZ
#define TOUCHSTONE_FUZZ
#endif
#define image_cache_find fuzz_image_cache_find
#define image_cache_keep fuzz_image_cache_keep
#define image_cache_holds fuzz_image_cache_holds
#include "base/image_cache.c" /* NOLINT(bugprone-suspicious-include): this variant is in no library of this build */

static int handles[3];

static void equal_bytes_give_the_handle_back(void **state)
{
    (void)state;
    assert_null(image_cache_find("image one", 9));
    image_cache_keep("image one", 9, &handles[0]);
    image_cache_keep("image two", 9, &handles[1]);
    assert_ptr_equal(image_cache_find("image one", 9), &handles[0]);
    assert_ptr_equal(image_cache_find("image two", 9), &handles[1]);
    assert_null(image_cache_find("image", 5));
    assert_null(image_cache_find("image tw_", 9));
}

static void the_first_handle_of_equal_bytes_stays(void **state)
{
    (void)state;
    image_cache_keep("image one", 9, &handles[2]);
    assert_ptr_equal(image_cache_find("image one", 9), &handles[0]);
    assert_false(image_cache_holds(&handles[2]));
    assert_true(image_cache_holds(&handles[0]));
    assert_true(image_cache_holds(&handles[1]));
}

static void images_are_never_unloaded(void **state)
{
    (void)state;
    assert_int_equal(IMAGE_CACHE_DLOPEN_FLAGS, RTLD_NODELETE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_bytes_give_the_handle_back),
        cmocka_unit_test(the_first_handle_of_equal_bytes_stays),
        cmocka_unit_test(images_are_never_unloaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
