/* SPDX-License-Identifier: Apache-2.0 */
/* What the process knows of devices behind a driver: users, poison and resets (R17), programs brought there (R16). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "exec/exec.h"
#include "npu/device_users.h"
#include "npu/kernel_files.h"

static int resets;

static int count_reset(int device_id)
{
    resets++;
    return device_id == 9 ? 77 : 0;
}

static void test_last_user_resets(void **state)
{
    (void)state;
    struct npu_device_user a;
    struct npu_device_user b;
    resets = 0;
    assert_int_equal(npu_device_join(-1, &a), -EINVAL);
    assert_int_equal(npu_device_join(0, &a), 0);
    assert_int_equal(npu_device_join(0, &b), 0);
    assert_int_equal(npu_device_leave(&a, count_reset), 0);
    assert_int_equal(resets, 0);
    assert_int_equal(npu_device_faulted(&b, NULL), 0);
    assert_int_equal(npu_device_leave(&b, count_reset), 0);
    assert_int_equal(resets, 1);
    assert_int_equal(npu_device_join(9, &a), 0);
    assert_int_equal(npu_device_leave(&a, count_reset), 77); /* the driver's word on it */
}

static void test_poison(void **state)
{
    (void)state;
    struct npu_device_user a;
    struct npu_device_user b;
    struct npu_device_user late;
    struct npu_device_user elsewhere;
    char text[NPU_DEVICE_FAULT_TEXT_BYTES] = "";
    resets = 0;
    assert_int_equal(npu_device_join(0, &a), 0);
    assert_int_equal(npu_device_join(0, &b), 0);
    assert_int_equal(npu_device_join(1, &elsewhere), 0);
    npu_device_fault(&a, 507018, "the first");
    npu_device_fault(&b, 507046, "a consequence");
    assert_int_equal(npu_device_faulted(&b, text), 507018);
    assert_string_equal(text, "the first");
    assert_int_equal(npu_device_faulted(&elsewhere, text), 0);
    assert_int_equal(npu_device_join(0, &late), -EIO);
    assert_int_equal(npu_device_faulted(&late, text), 507018);

    assert_int_equal(npu_device_leave(&a, count_reset), 0); /* not the last one, but the device is poisoned */
    assert_int_equal(resets, 1);
    assert_int_equal(npu_device_join(0, &a), 0);
    assert_int_equal(npu_device_faulted(&a, NULL), 0);
    assert_false(npu_device_was_reset(&a));
    assert_int_equal(npu_device_faulted(&b, text), 507018); /* until it has left as well */
    assert_string_equal(text, "the first");
    assert_true(npu_device_was_reset(&b));
    npu_device_fault(&b, 507899, "of what is gone");
    assert_int_equal(npu_device_faulted(&a, NULL), 0);
    assert_int_equal(npu_device_leave(&b, count_reset), 0);
    assert_int_equal(resets, 1); /* nothing of the new users was touched */
    assert_int_equal(npu_device_leave(&a, count_reset), 0);
    assert_int_equal(npu_device_leave(&elsewhere, count_reset), 0);
    assert_int_equal(resets, 3);
}

static int reset_slowly(int device_id)
{
    for (int i = 0; i < 5; i++) {
        exec_pause();
    }
    return count_reset(device_id);
}

static void leave_slowly(void *argument)
{
    assert_int_equal(npu_device_leave(argument, reset_slowly), 0);
}

static int resets_before_join;
static void join_meanwhile(void *argument)
{
    exec_pause(); /* the other one resets by now */
    assert_int_equal(npu_device_join(0, argument), 0);
    resets_before_join = resets;
}

/* Nobody joins a device that is being reset; both are processors of one thread, so waiting must let the other go on. */
static void test_join_waits_for_the_reset(void **state)
{
    struct npu_device_user leaver;
    struct npu_device_user joiner;
    struct exec_engine *engine = NULL;
    struct exec_group *group = NULL;
    struct exec_outcome outcome;
    (void)state;
    resets = 0;
    assert_int_equal(npu_device_join(0, &leaver), 0);
    npu_device_fault(&leaver, 507018, "why it is reset");
    assert_int_equal(exec_engine_create(NULL, &engine), 0);
    assert_int_equal(exec_group_create(engine, "users", &group), 0);
    assert_int_equal(exec_spawn(group, "leaver", 64 * 1024, leave_slowly, &leaver), 0);
    assert_int_equal(exec_spawn(group, "joiner", 64 * 1024, join_meanwhile, &joiner), 0);
    assert_int_equal(exec_group_run(group, &outcome), 0);
    exec_group_destroy(group);
    exec_engine_destroy(engine);
    assert_int_equal(resets_before_join, 1);
    assert_int_equal(npu_device_faulted(&joiner, NULL), 0);
    assert_int_equal(npu_device_leave(&joiner, count_reset), 0);
}

static void test_serials_differ(void **state)
{
    (void)state;
    int first = npu_device_next_serial();
    assert_true(first > 0);
    assert_int_equal(npu_device_next_serial(), first + 1);
}

/* R6: a fingerprint names, bytes decide. */
static void test_kernel_files(void **state)
{
    (void)state;
    struct npu_kernel_file file;
    struct npu_kernel_file again;
    size_t before = npu_kernel_file_count();
    assert_int_equal(npu_kernel_file_reserve(0xABC, 0, "one", 3, &file), 0);
    assert_int_equal(file.twin, 0);
    assert_false(file.installed);
    assert_int_equal(npu_kernel_file_count(), before); /* reserved is not written */
    npu_kernel_file_installed(&file);
    assert_int_equal(npu_kernel_file_count(), before + 1);
    assert_int_equal(npu_kernel_file_reserve(0xABC, 0, "one", 3, &again), 0);
    assert_true(again.installed);
    assert_int_equal(npu_kernel_file_reserve(0xABC, 0, "two", 3, &again), 0);
    assert_int_equal(again.twin, 1);
    assert_false(again.installed);
    assert_int_equal(npu_kernel_file_reserve(0xABC, 0, "twos", 4, &again), 0);
    assert_int_equal(again.twin, 2);
    assert_int_equal(npu_kernel_file_reserve(0xABC, 1, "one", 3, &again), 0); /* D28: another device, another file */
    assert_int_equal(again.twin, 0);
    assert_false(again.installed);
    assert_int_equal(npu_kernel_file_count(), before + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_last_user_resets),
        cmocka_unit_test(test_poison),
        cmocka_unit_test(test_join_waits_for_the_reset),
        cmocka_unit_test(test_serials_differ),
        cmocka_unit_test(test_kernel_files),
    };
    return cmocka_run_group_tests_name("device users", tests, NULL, NULL) != 0;
}
