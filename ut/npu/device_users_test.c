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
    assert_int_equal(npu_device_join(-1, count_reset, &a), -EINVAL);
    assert_int_equal(npu_device_join(0, count_reset, &a), 0);
    assert_int_equal(npu_device_join(0, count_reset, &b), 0);
    assert_int_equal(npu_device_leave(&a, count_reset), 0);
    assert_int_equal(resets, 0);
    assert_int_equal(npu_device_faulted(&b, NULL), 0);
    assert_int_equal(npu_device_leave(&b, count_reset), 0);
    assert_int_equal(resets, 1);
    assert_int_equal(npu_device_join(9, count_reset, &a), 0);
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
    assert_int_equal(npu_device_join(0, count_reset, &a), 0);
    assert_int_equal(npu_device_join(0, count_reset, &b), 0);
    assert_int_equal(npu_device_join(1, count_reset, &elsewhere), 0);
    npu_device_fault(&a, 507018, "the first");
    npu_device_fault(&b, 507046, "a consequence");
    assert_int_equal(npu_device_faulted(&b, text), 507018);
    assert_string_equal(text, "the first");
    assert_int_equal(npu_device_faulted(&elsewhere, text), 0);
    assert_int_equal(npu_device_join(0, count_reset, &late), -EIO);
    assert_int_equal(npu_device_faulted(&late, text), 507018);

    assert_int_equal(npu_device_leave(&a, count_reset), 0); /* not the last one, but the device is poisoned */
    assert_int_equal(resets, 1);
    assert_int_equal(npu_device_join(0, count_reset, &a), 0);
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
    assert_int_equal(npu_device_join(0, count_reset, argument), 0);
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
    assert_int_equal(npu_device_join(0, count_reset, &leaver), 0);
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

/* R17: who is left of a generation hears of its own first fault, whatever later generations suffered. */
static void test_each_generation_has_its_fault(void **state)
{
    (void)state;
    struct npu_device_user users[3];
    char text[NPU_DEVICE_FAULT_TEXT_BYTES] = "";
    resets = 0;
    assert_int_equal(npu_device_join(0, count_reset, &users[0]), 0);
    assert_int_equal(npu_device_join(0, count_reset, &users[1]), 0);
    npu_device_fault(&users[0], 507018, "the first");
    assert_int_equal(npu_device_leave(&users[0], count_reset), 0);
    assert_int_equal(npu_device_join(0, count_reset, &users[0]), 0);
    assert_int_equal(npu_device_join(0, count_reset, &users[2]), 0);
    npu_device_fault(&users[2], 507046, "the second");
    assert_int_equal(npu_device_leave(&users[2], count_reset), 0);
    assert_int_equal(npu_device_faulted(&users[1], text), 507018);
    assert_string_equal(text, "the first");
    assert_int_equal(npu_device_faulted(&users[0], text), 507046);
    assert_string_equal(text, "the second");
    assert_int_equal(resets, 2);
    /* The last of those who can use the device is the last, whoever else has not left yet. */
    assert_int_equal(npu_device_join(0, count_reset, &users[2]), 0);
    assert_int_equal(npu_device_leave(&users[2], count_reset), 0);
    assert_int_equal(resets, 3);
    assert_int_equal(npu_device_leave(&users[1], count_reset), 0);
    assert_int_equal(resets, 3);
    /* The last one of all may have named the device after that reset, so that it has a context again. */
    assert_int_equal(npu_device_leave(&users[0], count_reset), 0);
    assert_int_equal(resets, 4);
}

static int reset_results[4];

static int planned_reset(int device_id)
{
    (void)device_id;
    return reset_results[resets++];
}

/* A reset that fails is owed: nobody works on a device that was left as it was. */
static void test_a_failed_reset_is_made_up_for(void **state)
{
    (void)state;
    struct npu_device_user a;
    struct npu_device_user b;
    char text[NPU_DEVICE_FAULT_TEXT_BYTES] = "";
    resets = 0;
    memcpy(reset_results, (int[]){507046, 507018, 0, 0}, sizeof(reset_results));
    assert_int_equal(npu_device_join(0, planned_reset, &a), 0);
    assert_int_equal(npu_device_join(0, planned_reset, &b), 0);
    npu_device_fault(&a, 507018, "the first");
    assert_int_equal(npu_device_leave(&a, planned_reset), 507046);
    assert_int_equal(npu_device_join(0, planned_reset, &a), -EIO);
    assert_int_equal(npu_device_faulted(&a, text), 507018);
    assert_string_equal(text, "its reset failed");
    assert_int_equal(npu_device_faulted(&b, text), 507018);
    assert_string_equal(text, "the first");
    assert_int_equal(npu_device_join(0, planned_reset, &a), 0);
    assert_int_equal(resets, 3);
    assert_int_equal(npu_device_faulted(&a, NULL), 0);
    assert_int_equal(npu_device_leave(&b, planned_reset), 0);
    assert_int_equal(resets, 3);
    assert_int_equal(npu_device_leave(&a, planned_reset), 0);
    assert_int_equal(resets, 4);
    assert_int_equal(npu_device_faulted(&a, NULL), 0); /* of a device that nobody uses */
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
        cmocka_unit_test(test_each_generation_has_its_fault),
        cmocka_unit_test(test_a_failed_reset_is_made_up_for),
        cmocka_unit_test(test_serials_differ),
        cmocka_unit_test(test_kernel_files),
    };
    return cmocka_run_group_tests_name("device users", tests, NULL, NULL) != 0;
}
