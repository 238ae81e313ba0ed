/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protocol_test: numbers that cross a boundary without a struct: types, codes, register words, ids, sizes, names
 * (device.md 0, 1.10, 2.4, 4.2; host.md 2, 4.6).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "abi/data_type.h"
#include "abi/error_codes.h"
#include "abi/handshake.h"
#include "abi/kernel.h"
#include "abi/limits.h"
#include "abi/mailbox.h"
#include "abi/runtime_c_api.h"
#include "abi/shared_memory.h"
#include "abi/task_id.h"

static void test_data_types(void **state)
{
    (void)state;
    const uint32_t bytes[] = {4, 2, 4, 2, 1, 1, 2, 8, 8, 2, 4};
    const char *const names[] = {"FLOAT32",  "FLOAT16", "INT32",  "INT16",  "INT8",  "UINT8",
                                 "BFLOAT16", "INT64",   "UINT64", "UINT16", "UINT32"};
    for (uint32_t i = 0; i < 11; i++) {
        assert_int_equal(pto_data_type_bytes(i), bytes[i]);
        assert_string_equal(pto_data_type_name(i), names[i]);
    }
    const uint32_t unknown[] = {11, 255, 256, UINT32_MAX};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pto_data_type_bytes(unknown[i]), 0);
        assert_string_equal(pto_data_type_name(unknown[i]), "UNKNOWN");
    }
    const char *const directions[] = {"SCALAR", "IN", "OUT", "INOUT", "UNKNOWN"};
    for (int32_t i = 0; i < 5; i++) {
        assert_string_equal(pto_arg_direction_name(i), directions[i]);
    }
    assert_string_equal(pto_arg_direction_name(-1), "UNKNOWN");
}

static void test_error_names(void **state)
{
    (void)state;
    static const struct pto_error_entry expected[] = {
        {0, "NONE"},
        {1, "SCOPE_DEADLOCK"},
        {2, "HEAP_RING_DEADLOCK"},
        {3, "FLOW_CONTROL_DEADLOCK"},
        {4, "DEP_POOL_OVERFLOW"},
        {5, "INVALID_ARGS"},
        {6, "DEPENDENCY_OVERFLOW"},
        {7, "REQUIRE_SYNC_START_INVALID"},
        {8, "TENSOR_WAIT_TIMEOUT"},
        {9, "EXPLICIT_ORCH_FATAL"},
        {10, "SCOPE_TASKS_OVERFLOW"},
        {100, "SCHEDULER_TIMEOUT"},
        {101, "ASYNC_COMPLETION_INVALID"},
        {102, "ASYNC_WAIT_OVERFLOW"},
        {103, "ASYNC_REGISTRATION_FAILED"},
        {13, "HAL_ACCESS"},
        {62, "HAL_MAP_POISONED"},
        {100002, "REPEATED_INIT"},
        {107000, "PARAM_INVALID"},
        {107002, "CONTEXT_NULL"},
        {207000, "NOT_SUPPORTED"},
        {207001, "MEMORY_ALLOCATION"},
        {507000, "INTERNAL_ERROR"},
        {507018, "AICPU_EXCEPTION"},
        {507046, "SYNC_TIMEOUT"},
        {507899, "DEVICE_POISONED"},
        {507901, "STREAM_BUSY"},
        {-1, "FAILED_OR_SCOPE_DEADLOCK"},
        {-5, "INVALID_ARGS"},
        {-9, "EXPLICIT_ORCH_FATAL"},
        {-100, "SCHEDULER_TIMEOUT"},
        {-103, "ASYNC_REGISTRATION_FAILED"},
        {-104, "UNKNOWN"},
        {-13, "UNKNOWN"},
        {-62, "UNKNOWN"},
        {-507018, "UNKNOWN"},
        {11, "UNKNOWN"},
        {99, "UNKNOWN"},
        {INT32_MAX, "UNKNOWN"},
        {INT32_MIN, "UNKNOWN"},
    };
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        assert_string_equal(pto_error_name(expected[i].code), expected[i].name);
    }
}

static void test_register_words(void **state)
{
    (void)state;
    assert_int_equal(pto_cond_encode(5, PTO_COND_ACK), 5);
    assert_int_equal(pto_cond_encode(5, PTO_COND_FIN), 0x80000005u);
    assert_int_equal(pto_cond_id(0x80000005u), 5);
    assert_int_equal(pto_cond_state(0x80000005u), PTO_COND_FIN);
    assert_int_equal(pto_cond_state(5), PTO_COND_ACK);
    assert_int_equal(PTO_COND_IDLE, 0xFFFFFFFFu);
    assert_int_equal(PTO_COND_EXITED, 0xFFFFFFFEu);
    assert_int_equal(PTO_REG_EXIT_SIGNAL, 0x7FFFFFF0u);
    assert_int_equal(PTO_REG_AICPU_IDLE, 0x7FFFFFFDu);
    assert_true(pto_reg_id_is_dispatch(0x7FFFFFEFu));
    assert_false(pto_reg_id_is_dispatch(PTO_REG_EXIT_SIGNAL));
    assert_false(pto_reg_id_is_dispatch(pto_cond_id(PTO_COND_IDLE)));
}

/* Ids change with every dispatch, stay clear of the reserved values, and alternate in parity, also across the wrap. */
static void test_dispatch_ids(void **state)
{
    (void)state;
    assert_int_equal(pto_reg_id_next(0), 1);
    uint32_t id = 0x7FFFFFE0u;
    bool wrapped = false;
    for (int i = 0; i < 40; i++) {
        uint32_t next = pto_reg_id_next(id);
        assert_true(pto_reg_id_is_dispatch(next));
        assert_int_equal((next ^ id) & 1u, 1);
        wrapped = wrapped || next < id;
        id = next;
    }
    assert_true(wrapped);
    assert_int_equal(id, 24);
    assert_int_equal(pto_reg_id_next(UINT32_MAX), 0);
}

static void test_task_ids(void **state)
{
    (void)state;
    uint64_t id = pto_task_id_make(3, 0xFFFFFFFEu);
    assert_int_equal(id, 0x3FFFFFFFEull);
    assert_int_equal(pto_task_id_ring(id), 3);
    assert_int_equal(pto_task_id_local(id), 0xFFFFFFFEu);
    assert_true(PTO_TASK_ID_INVALID == UINT64_MAX);
}

static void test_shared_memory_bytes(void **state)
{
    (void)state;
    assert_int_equal(pto_sm_bytes(4), 48704);
    assert_int_equal(pto_sm_bytes(16), 191808);
    assert_int_equal(pto_sm_bytes(1024), 12223296);
    assert_int_equal(pto_sm_bytes(16384), 195560256);
    assert_int_equal(pto_sm_bytes(PTO_DEFAULT_TASK_WINDOW), 195560256);
    assert_int_equal(pto_sm_bytes(1ull << 30), 832 + 4 * 2984 * (1ull << 30));
    const uint64_t refused[] = {0, 1, 2, 3, 5, 12, (1ull << 30) + 1, 1ull << 31, 1ull << 63, UINT64_MAX};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        assert_int_equal(pto_sm_bytes(refused[i]), 0);
    }
    for (uint64_t window = 4; window <= 65536; window *= 2) {
        assert_int_equal(pto_sm_ring_offset(window, 0), 832);
        assert_int_equal(pto_sm_ring_offset(window, 4), pto_sm_bytes(window));
        for (uint32_t ring = 0; ring < 4; ring++) {
            assert_int_equal(pto_sm_ring_offset(window, ring) % 64, 0);
        }
        assert_int_equal(pto_sm_descriptors_bytes(window) % 64, 0);
        assert_true(pto_sm_descriptors_bytes(window) >= window * 40 &&
                    pto_sm_descriptors_bytes(window) < window * 40 + 64);
    }
    assert_int_equal(PTO_DEFAULT_HEAP_BYTES, 268435456);
    assert_int_equal(PTO_DEFAULT_DEP_POOL, 16384);
}

static void test_mailbox_numbers(void **state)
{
    (void)state;
    const int states[] = {PTO_MAILBOX_IDLE,     PTO_MAILBOX_TASK_READY,      PTO_MAILBOX_TASK_DONE,
                          PTO_MAILBOX_SHUTDOWN, PTO_MAILBOX_CONTROL_REQUEST, PTO_MAILBOX_CONTROL_DONE};
    const int commands[] = {PTO_CONTROL_MALLOC,     PTO_CONTROL_FREE,         PTO_CONTROL_COPY_TO,
                            PTO_CONTROL_COPY_FROM,  PTO_CONTROL_PREPARE,      PTO_CONTROL_REGISTER,
                            PTO_CONTROL_UNREGISTER, PTO_CONTROL_ALLOC_DOMAIN, PTO_CONTROL_RELEASE_DOMAIN,
                            PTO_CONTROL_COMM_INIT};
    for (int i = 0; i < 6; i++) {
        assert_int_equal(states[i], i);
    }
    for (int i = 0; i < 10; i++) {
        assert_int_equal(commands[i], i);
    }
    assert_int_equal(PTO_MAILBOX_ARGS_CAPACITY, 15000);
    assert_true(PTO_BLOB_MAX_BYTES <= PTO_MAILBOX_ARGS_CAPACITY);
    assert_true(PTO_MAILBOX_OFFSET_ARGS + PTO_MAILBOX_ARGS_CAPACITY == PTO_MAILBOX_OFFSET_EXTENSION);
    assert_true(PTO_MAILBOX_OFFSET_ERROR_TEXT + PTO_MAILBOX_ERROR_TEXT_BYTES == PTO_MAILBOX_BYTES);
}

static void test_limits(void **state)
{
    (void)state;
    const uint32_t limits[] = {PTO_CORE_MAX_TENSOR_ARGS, PTO_CORE_MAX_SCALAR_ARGS, PTO_CHIP_MAX_TENSOR_ARGS,
                               PTO_CHIP_MAX_SCALAR_ARGS, PTO_CALLABLE_ALIGN,       PTO_CALLABLE_NAME_MAX,
                               PTO_MAX_CHILDREN,         PTO_MAX_CALLABLE_IDS,     PTO_MAX_DIMS,
                               PTO_MAX_FUNC_IDS,         PTO_MAX_IMAGE_BYTES};
    const uint32_t expected[] = {16, 32, 128, 128, 64, 64, 1024, 64, 5, 1024, 268435456};
    assert_memory_equal(limits, expected, sizeof(limits));
}

static void test_c_api_names(void **state)
{
    (void)state;
#define NAME(name) #name,
    static const char *const names[] = {PTO_RUNTIME_C_API_NAMES(NAME)};
#undef NAME
    assert_int_equal(sizeof(names) / sizeof(names[0]), 26);
    assert_int_equal(PTO_RUNTIME_C_API_COUNT, 26);
    assert_string_equal(names[0], "create_device_context");
    assert_string_equal(names[9], "run_prepared");
    assert_string_equal(names[25], "comm_destroy");
    for (size_t i = 0; i < 26; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(names[i], names[j]);
        }
    }
}

static void test_kernel_accessors(void **state)
{
    (void)state;
    struct pto_dispatch_payload payload;
    struct pto_tensor tensor;
    const uint32_t shapes[] = {4, 4};
    memset(&payload, 0, sizeof(payload));
    assert_int_equal(pto_tensor_external(&tensor, 0x1000, shapes, 2, PTO_INT16, false, 0), 0);
    tensor.start_offset = 6;
    payload.args[0] = (uint64_t)(uintptr_t)&tensor;
    payload.args[1] = UINT64_MAX;
    payload.args[48] = (uint64_t)(uintptr_t)&payload.local;
    payload.args[49] = (uint64_t)(uintptr_t)&payload.global;
    payload.local.block_idx = 3;
    payload.local.block_num = 8;
    payload.global.sub_block_id = 1;
    const int64_t *args = (const int64_t *)(const void *)payload.args;
    assert_ptr_equal(pto_kernel_tensor(args, 0), &tensor);
    assert_int_equal((uintptr_t)pto_kernel_data(pto_kernel_tensor(args, 0)), 0x100C);
    assert_true(pto_kernel_word(args, 1) == UINT64_MAX);
    assert_int_equal(pto_kernel_block_idx(args), 3);
    assert_int_equal(pto_kernel_block_num(args), 8);
    assert_int_equal(pto_kernel_sub_block_id(args), 1);
    assert_ptr_equal(pto_kernel_async_context(args), &payload.local.async);
}

static void test_async_registration(void **state)
{
    (void)state;
    static struct pto_completion_slab slab;
    struct pto_async_context context = {
        .count = &slab.count, .error = &slab.error, .entries = slab.entries, .capacity = 2, .task_token = 7};
    assert_int_equal(pto_async_register(&context, PTO_COMPLETION_COUNTER, PTO_ASYNC_ROCE, 0x40, 3), 0);
    assert_int_equal(pto_async_register(&context, PTO_COMPLETION_SDMA_EVENT_RECORD, PTO_ASYNC_SDMA, 0x80, 0), 0);
    assert_int_equal(slab.count, 2);
    assert_int_equal(slab.entries[0].addr, 0x40);
    assert_int_equal(slab.entries[0].expected, 3);
    assert_int_equal(slab.entries[0].engine, 1);
    assert_int_equal(slab.entries[1].type, 1);
    assert_int_equal(slab.error, 0);
    assert_int_equal(pto_async_register(&context, PTO_COMPLETION_COUNTER, PTO_ASYNC_ROCE, 0, 0), -102);
    assert_int_equal(slab.error, 102);
    assert_int_equal(slab.count, 2);
    context.task_token = PTO_TASK_ID_INVALID;
    assert_int_equal(pto_async_register(&context, PTO_COMPLETION_COUNTER, PTO_ASYNC_ROCE, 0, 0), -103);
    context.task_token = 7;
    context.count = NULL;
    assert_int_equal(pto_async_register(&context, PTO_COMPLETION_COUNTER, PTO_ASYNC_ROCE, 0, 0), -103);
}

/* What a kernel posts, and when it is told that there is no room or no way. */
static void test_async_mailbox(void **state)
{
    (void)state;
    static struct pto_async_mailbox mailbox;
    static struct pto_dispatch_payload payload;
    static struct pto_completion_slab slab;
    const int64_t *args = (const int64_t *)(const void *)payload.args;
    payload.args[48] = (uint64_t)(uintptr_t)&payload.local;
    payload.local.async = (struct pto_async_context){.count = &slab.count, .error = &slab.error, .task_token = 7};
    assert_int_equal(pto_async_post(args, PTO_COMPLETION_COUNTER, PTO_ASYNC_URMA, 0x40, 3), -103);
    payload.async_mailbox = &mailbox;
    mailbox.epoch = 9;
    mailbox.head = UINT32_MAX; /* positions wrap */
    mailbox.tail = UINT32_MAX;
    assert_int_equal(pto_async_post(args, PTO_COMPLETION_COUNTER, PTO_ASYNC_URMA, 0x40, 3), 0);
    assert_int_equal(pto_async_post(args, PTO_COMPLETION_COUNTER, PTO_ASYNC_CCU, 0x80, 4), 0);
    assert_int_equal(mailbox.head, 1);
    assert_true(mailbox.messages[4095].sequence == 9ull << 32);
    assert_int_equal(mailbox.messages[4095].task_token, 7);
    assert_int_equal(mailbox.messages[4095].condition.addr, 0x40);
    assert_int_equal(mailbox.messages[4095].condition.engine, 2);
    assert_true(mailbox.messages[0].sequence == (9ull << 32 | 1));
    assert_int_equal(mailbox.messages[0].condition.expected, 4);
    mailbox.tail = 1 - 4096u;
    assert_int_equal(slab.error, 0);
    assert_int_equal(pto_async_post(args, PTO_COMPLETION_COUNTER, PTO_ASYNC_CCU, 0xC0, 4), -102);
    assert_int_equal(slab.error, 102);
    assert_int_equal(mailbox.head, 1);
    /* Posted and drained by others since the head was loaded: no overflow. */
    mailbox.tail = 2;
    slab.error = 0;
    assert_int_equal(pto_async_post(args, PTO_COMPLETION_COUNTER, PTO_ASYNC_CCU, 0xC0, 4), 0);
    assert_int_equal(slab.error, 0);
    payload.local.async.task_token = PTO_TASK_ID_INVALID;
    assert_int_equal(pto_async_post(args, PTO_COMPLETION_COUNTER, PTO_ASYNC_CCU, 0xC0, 4), -103);
}

static void test_notifications(void **state)
{
    (void)state;
    static struct pto_completion_slab slab;
    const struct pto_async_context context = {
        .count = &slab.count, .error = &slab.error, .entries = slab.entries, .capacity = 64, .task_token = 7};
    uint32_t counter = 5;
    struct pto_sdma_event_record record = {.flag = 0};
    pto_send_notification(&counter, 3, PTO_NOTIFY_ADD);
    assert_int_equal(counter, 8);
    pto_send_notification(&counter, 2, PTO_NOTIFY_SET);
    assert_int_equal(counter, 2);
    assert_int_equal(pto_async_expect_counter(&context, &counter, 6), 0);
    assert_int_equal(pto_async_expect_event(&context, &record), 0);
    assert_int_equal(slab.count, 2);
    assert_true(slab.entries[0].addr == (uintptr_t)&counter && slab.entries[1].addr == (uintptr_t)&record);
    assert_int_equal(slab.entries[0].expected, 6);
    assert_int_equal(slab.entries[0].type, 0);
    assert_int_equal(slab.entries[1].type, 1);
    assert_int_equal(slab.entries[1].engine, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data_types),         cmocka_unit_test(test_error_names),
        cmocka_unit_test(test_register_words),     cmocka_unit_test(test_dispatch_ids),
        cmocka_unit_test(test_task_ids),           cmocka_unit_test(test_shared_memory_bytes),
        cmocka_unit_test(test_mailbox_numbers),    cmocka_unit_test(test_limits),
        cmocka_unit_test(test_c_api_names),        cmocka_unit_test(test_kernel_accessors),
        cmocka_unit_test(test_async_registration), cmocka_unit_test(test_async_mailbox),
        cmocka_unit_test(test_notifications),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
