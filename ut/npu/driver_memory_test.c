/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's context, memory and process-wide calls: each code for its cause (host.md 4.6; R15, R17). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "npu/hbm.h"
#include "ut/npu/driver_rig.h"

static void *code_on_a_new_thread(void *result)
{
    void *address = NULL;
    int *codes = result;
    codes[0] = rtMalloc(&address, 64, RT_MEMORY_HBM, 0);
    codes[1] = rtStreamCreate(&address, 0);
    codes[2] = rtSetDevice(1);
    codes[3] = rtMalloc(&address, 64, RT_MEMORY_HBM, 0);
    codes[4] = rtFree(address);
    return NULL;
}

static void test_a_thread_needs_a_device(void **state)
{
    (void)state;
    struct driver_rig rig;
    int codes[5];
    pthread_t thread;
    rig_open(&rig, 1, &npu_arch_a2a3);
    assert_int_equal(pthread_create(&thread, NULL, code_on_a_new_thread, codes), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(codes[0], DRIVER_NO_CONTEXT);
    assert_int_equal(codes[1], DRIVER_NO_CONTEXT);
    assert_int_equal(codes[2], 0);
    assert_int_equal(codes[3], 0);
    assert_int_equal(codes[4], 0);
    rig_close(&rig);
}

static void test_reset_takes_the_context_and_everything(void **state)
{
    (void)state;
    struct driver_rig rig;
    void *address = NULL;
    rig_open(&rig, 0, &npu_arch_a2a3);
    assert_int_equal(rig_statistics(&rig).buffers, 1);
    assert_int_equal(rtDeviceReset(0), 0);
    assert_int_equal(rig_statistics(&rig).buffers, 0);
    assert_int_equal(rig_statistics(&rig).streams, 0);
    assert_int_equal(rtMalloc(&address, 64, RT_MEMORY_HBM, 0), DRIVER_NO_CONTEXT);
    assert_int_equal(rtStreamDestroy(rig.aicpu), DRIVER_NO_CONTEXT);
    assert_int_equal(rtSetDevice(0), 0);
    assert_int_equal(rtFree(rig.board), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rtStreamDestroy(rig.aicpu), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rtSetDevice(-1), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rtDeviceReset(-1), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rtDeviceReset(77), 0); /* was never used: nothing to do */
    rig_close(&rig);
}

static void test_capacity_is_charged_and_exhausted(void **state)
{
    (void)state;
    struct driver_rig rig;
    void *first = NULL;
    void *second = &rig;
    rig_open(&rig, 2, &npu_arch_a2a3);
    uint64_t used = rig_statistics(&rig).in_use;
    assert_int_equal(rig_statistics(&rig).capacity, NPU_HBM_DEFAULT_BYTES);
    assert_int_equal(npu_driver_set_capacity(2, used + 1000), 0);
    assert_int_equal(rtMalloc(&first, 600, RT_MEMORY_HBM, PTO_MEMORY_CLIENT), 0);
    assert_int_equal(rtMalloc(&second, 401, RT_MEMORY_HBM, PTO_MEMORY_CLIENT), DRIVER_OUT_OF_MEMORY);
    assert_null(second);
    assert_int_equal(npu_driver_set_capacity(2, used + 599), -EBUSY);
    /* No memory is an ordinary error of an allocation (R17). */
    assert_int_equal(rig_statistics(&rig).first_fault, 0);
    assert_int_equal(rtMalloc(&second, 400, RT_MEMORY_HBM, PTO_MEMORY_CLIENT), 0);
    assert_int_equal(rig_statistics(&rig).in_use, used + 1000);
    assert_int_equal(rtFree(first), 0);
    assert_int_equal(rtFree(first), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rtFree(NULL), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rtFree((uint8_t *)second + 64), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rig_statistics(&rig).in_use, used + 400);
    assert_int_equal(npu_driver_set_capacity(9, 1), -ENOENT);
    rig_close(&rig);
}

static void test_malloc_arguments(void **state)
{
    (void)state;
    struct driver_rig rig;
    void *address = NULL;
    rig_open(&rig, 0, &npu_arch_a2a3);
    assert_int_equal(rtMalloc(NULL, 64, RT_MEMORY_HBM, 0), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rtMalloc(&address, 64, RT_MEMORY_HBM, PTO_MEMORY_KIND_COUNT), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rtMalloc(&address, 64, RT_MEMORY_HBM + 1, 0), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rtMalloc(&address, 64, RT_MEMORY_HBM, PTO_MEMORY_RING_HEAP), 0);
    assert_int_equal((uintptr_t)address % NPU_HBM_RING_ALIGN, 0);
    assert_int_equal(aclrtFree(address), 0);
    assert_int_equal(aclrtMalloc(&address, 100, 0), 0);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(((uint8_t *)address)[i], 0); /* of kind RUNTIME */
    }
    assert_int_equal(aclrtFree(address), 0);
    rig_close(&rig);
}

static void test_copies_stay_inside_allocations(void **state)
{
    (void)state;
    struct driver_rig rig;
    void *device = NULL;
    char host[200];
    char back[200] = "";
    rig_open(&rig, 0, &npu_arch_a2a3);
    assert_int_equal(rtMalloc(&device, 100, RT_MEMORY_HBM, PTO_MEMORY_CLIENT), 0);
    memset(host, 'x', sizeof(host));
    assert_int_equal(rtMemcpy(device, 100, host, 100, RT_MEMCPY_HOST_TO_DEVICE), 0);
    assert_int_equal(rtMemcpy(device, 101, host, 101, RT_MEMCPY_HOST_TO_DEVICE), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rtMemcpy(device, 99, host, 100, RT_MEMCPY_HOST_TO_DEVICE), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rtMemcpy((char *)device + 1, 200, host, 100, RT_MEMCPY_HOST_TO_DEVICE), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rtMemcpy(host, 200, device, 101, RT_MEMCPY_DEVICE_TO_HOST), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rtMemcpy(back, 200, host, 10, RT_MEMCPY_DEVICE_TO_HOST), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rtMemcpy(device, 100, NULL, 1, RT_MEMCPY_HOST_TO_DEVICE), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rtMemcpy(NULL, 100, host, 1, RT_MEMCPY_HOST_TO_DEVICE), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rtMemcpy(device, 100, host, 1, (enum rtMemcpyKind)4), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rtMemset((char *)device + 50, 50, 'y', 50), 0);
    assert_int_equal(rtMemset((char *)device + 50, 60, 'y', 51), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rtMemset(device, 10, 'y', 11), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rtMemcpy(device, 10, (char *)device + 45, 10, RT_MEMCPY_DEVICE_TO_DEVICE), 0);
    assert_int_equal(aclrtMemcpy(back, 100, device, 100, RT_MEMCPY_DEVICE_TO_HOST), 0);
    assert_memory_equal(back, "xxxxxyyyyy", 10);
    assert_int_equal(back[49], 'x');
    assert_int_equal(back[50], 'y');
    assert_int_equal(rtMemcpy(back, 200, host, 200, RT_MEMCPY_HOST_TO_HOST), 0);
    assert_memory_equal(back, host, 200);
    assert_int_equal(rtMemcpy(device, 100, host, 0, RT_MEMCPY_HOST_TO_DEVICE), 0);
    /* Another device's memory is not this one's. */
    assert_int_equal(rtSetDevice(5), 0);
    assert_int_equal(rtMemcpy(device, 100, host, 1, RT_MEMCPY_HOST_TO_DEVICE), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rtFree(device), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rtDeviceReset(5), 0);
    rig_close(&rig);
}

static void test_acl_and_log(void **state)
{
    (void)state;
    assert_int_equal(aclFinalize(), DRIVER_ACL_UNINITIALIZED);
    assert_int_equal(aclInit("file"), DRIVER_NOT_SUPPORTED);
    assert_int_equal(aclInit(NULL), 0);
    assert_int_equal(aclInit(NULL), DRIVER_ACL_REPEATED);
    assert_int_equal(aclFinalize(), 0);
    assert_int_equal(aclFinalize(), DRIVER_ACL_UNINITIALIZED);
    assert_int_equal(dlog_setlevel(-1, 3, 0), 0);
    assert_int_equal(npu_driver_log_level(), 3);
    assert_int_equal(dlog_setlevel(-1, 5, 0), DRIVER_INVALID_PARAMETER);
    assert_int_equal(dlog_setlevel(-2, 1, 0), DRIVER_INVALID_PARAMETER);
    assert_int_equal(npu_driver_log_level(), 3);
    uint64_t actual = 0;
    assert_int_equal(aclrtSetOpExecuteTimeOutV2(1000, &actual), DRIVER_NO_CONTEXT);
    assert_int_equal(aclrtSetDevice(3), 0);
    assert_int_equal(aclrtSetOpExecuteTimeOutV2(1000, &actual), 0);
    assert_int_equal(actual, 1000);
    assert_int_equal(aclrtSetOpExecuteTimeOutV2(0, NULL), DRIVER_INVALID_PARAMETER);
    assert_int_equal(aclrtSetOpExecuteTimeOutV2(UINT64_MAX, NULL), DRIVER_INVALID_PARAMETER);
    assert_int_equal(aclrtResetDevice(3), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_thread_needs_a_device),
        cmocka_unit_test(test_reset_takes_the_context_and_everything),
        cmocka_unit_test(test_capacity_is_charged_and_exhausted),
        cmocka_unit_test(test_malloc_arguments),
        cmocka_unit_test(test_copies_stay_inside_allocations),
        cmocka_unit_test(test_acl_and_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
