/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout_test: every wire offset and size once more, typed in from the specification (host.md 1, device.md 1 and 9, R1,
 * R3).
 *
 * The headers assert the same at compile time; this table is the second, independent copy: a header whose struct and
 * assertion were changed together still fails here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "abi/call_config.h"
#include "abi/callable.h"
#include "abi/comm.h"
#include "abi/graph.h"
#include "abi/handshake.h"
#include "abi/kernel.h"
#include "abi/kernel_args.h"
#include "abi/mailbox.h"
#include "abi/orchestration.h"
#include "abi/runtime_c_api.h"
#include "abi/shared_memory.h"
#include "abi/task_args.h"

struct row {
    const char *what;
    size_t actual;
    size_t expected;
};

#define SIZE(type, bytes)                           \
    {                                               \
        "sizeof " #type, sizeof(struct type), bytes \
    }
#define AT(type, field, offset)                                \
    {                                                          \
#type "." #field, offsetof(struct type, field), offset \
    }

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].actual != rows[i].expected) {
            fail_msg("%s is %zu, expected %zu", rows[i].what, rows[i].actual, rows[i].expected);
        }
    }
}
#define CHECK(rows) check(rows, sizeof(rows) / sizeof((rows)[0]))

static void test_arguments_and_config(void **state)
{
    (void)state;
    static const struct row rows[] = {
        SIZE(pto_continuous_tensor, 40),
        AT(pto_continuous_tensor, data, 0),
        AT(pto_continuous_tensor, shapes, 8),
        AT(pto_continuous_tensor, ndims, 28),
        AT(pto_continuous_tensor, dtype, 32),
        AT(pto_continuous_tensor, child_memory, 33),
        SIZE(pto_chip_args, 6152),
        AT(pto_chip_args, tensors, 0),
        AT(pto_chip_args, scalars, 5120),
        AT(pto_chip_args, tensor_count, 6144),
        AT(pto_chip_args, scalar_count, 6148),
        SIZE(pto_task_args_view, 24),
        AT(pto_task_args_view, tensors, 8),
        AT(pto_task_args_view, scalars, 16),
        SIZE(pto_call_config, 1048),
        AT(pto_call_config, block_dim, 0),
        AT(pto_call_config, aicpu_thread_num, 4),
        AT(pto_call_config, enable_l2_swimlane, 8),
        AT(pto_call_config, enable_dump_tensor, 12),
        AT(pto_call_config, enable_pmu, 16),
        AT(pto_call_config, enable_dep_gen, 20),
        AT(pto_call_config, output_prefix, 24),
        SIZE(pto_run_timing, 16),
        AT(pto_run_timing, host_wall_ns, 0),
        AT(pto_run_timing, device_wall_ns, 8),
    };
    CHECK(rows);
}

static void test_callables_and_launch(void **state)
{
    (void)state;
    static const struct row rows[] = {
        SIZE(pto_core_callable, 80),
        AT(pto_core_callable, sig_count, 64),
        AT(pto_core_callable, binary_size, 68),
        AT(pto_core_callable, resolved_addr, 72),
        {"kernel bytes", PTO_CORE_CALLABLE_BINARY_OFFSET, 128},
        SIZE(pto_chip_callable, 8852),
        AT(pto_chip_callable, sig_count, 512),
        AT(pto_chip_callable, binary_size, 516),
        AT(pto_chip_callable, func_name, 520),
        AT(pto_chip_callable, func_name_len, 584),
        AT(pto_chip_callable, child_func_ids, 588),
        AT(pto_chip_callable, child_offsets, 4684),
        AT(pto_chip_callable, child_count, 8780),
        AT(pto_chip_callable, config_name, 8784),
        AT(pto_chip_callable, config_name_len, 8848),
        {"storage", PTO_CHIP_CALLABLE_STORAGE_OFFSET, 8852},
        SIZE(pto_kernel_args_a2a3, 144),
        AT(pto_kernel_args_a2a3, device_args, 40),
        AT(pto_kernel_args_a2a3, regs, 56),
        AT(pto_kernel_args_a2a3, ffts_base_addr, 64),
        AT(pto_kernel_args_a2a3, dep_gen_data_base, 104),
        AT(pto_kernel_args_a2a3, log_level, 120),
        AT(pto_kernel_args_a2a3, enable_profiling_flag, 128),
        AT(pto_kernel_args_a2a3, device_wall_data_base, 136),
        SIZE(pto_kernel_args_a5, 128),
        AT(pto_kernel_args_a5, regs, 56),
        AT(pto_kernel_args_a5, dump_data_base, 64),
        AT(pto_kernel_args_a5, aicore_pmu_ring_addrs, 96),
        AT(pto_kernel_args_a5, log_level, 104),
        AT(pto_kernel_args_a5, device_wall_data_base, 120),
        SIZE(pto_device_args, 112),
        AT(pto_device_args, aicpu_so_bin, 96),
        AT(pto_device_args, aicpu_so_len, 104),
        SIZE(pto_bootstrap_args, 160),
        AT(pto_bootstrap_args, device_id, 112),
        AT(pto_bootstrap_args, inner_so_bin, 120),
        AT(pto_bootstrap_args, inner_so_len, 128),
    };
    CHECK(rows);
}

static void test_handshake_and_dispatch(void **state)
{
    (void)state;
    static const struct row rows[] = {
        SIZE(pto_handshake, 64),
        AT(pto_handshake, aicpu_ready, 0),
        AT(pto_handshake, aicore_done, 4),
        AT(pto_handshake, task, 8),
        AT(pto_handshake, core_type, 16),
        AT(pto_handshake, physical_core_id, 20),
        AT(pto_handshake, aicpu_regs_ready, 24),
        AT(pto_handshake, aicore_regs_ready, 28),
        SIZE(pto_dispatch_payload, 512),
        AT(pto_dispatch_payload, args, 8),
        AT(pto_dispatch_payload, local, 408),
        AT(pto_dispatch_payload, global, 456),
        AT(pto_dispatch_payload, async_mailbox, 464),
        {"args[48]", PTO_DISPATCH_LOCAL_CONTEXT_INDEX, 48},
        {"args[49]", PTO_DISPATCH_GLOBAL_CONTEXT_INDEX, 49},
        SIZE(pto_local_context, 48),
        AT(pto_local_context, block_num, 4),
        AT(pto_local_context, async, 8),
        SIZE(pto_async_context, 40),
        AT(pto_async_context, error, 8),
        AT(pto_async_context, entries, 16),
        AT(pto_async_context, capacity, 24),
        AT(pto_async_context, task_token, 32),
        SIZE(pto_completion_slab, 1600),
        AT(pto_completion_slab, error, 4),
        AT(pto_completion_slab, entries, 8),
        SIZE(pto_completion_entry, 24),
        AT(pto_completion_entry, expected, 8),
        AT(pto_completion_entry, engine, 12),
        AT(pto_completion_entry, type, 16),
        SIZE(pto_sdma_event_record, 16),
        AT(pto_sdma_event_record, sq_tail, 4),
        AT(pto_sdma_event_record, channel_info, 8),
        SIZE(pto_async_message, 64),
        AT(pto_async_message, task_token, 8),
        AT(pto_async_message, condition, 16),
        SIZE(pto_async_mailbox, 262272),
        AT(pto_async_mailbox, tail, 64),
        AT(pto_async_mailbox, epoch, 68),
        AT(pto_async_mailbox, messages, 128),
        {"align payload", _Alignof(struct pto_dispatch_payload), 64},
    };
    CHECK(rows);
}

static void test_orchestration(void **state)
{
    (void)state;
    static const struct row rows[] = {
        SIZE(pto_tensor, 128),
        AT(pto_tensor, buffer_addr, 0),
        AT(pto_tensor, buffer_bytes, 8),
        AT(pto_tensor, owner_task_id, 16),
        AT(pto_tensor, start_offset, 24),
        AT(pto_tensor, version, 32),
        AT(pto_tensor, ndims, 36),
        AT(pto_tensor, dtype, 40),
        AT(pto_tensor, manual_dep, 41),
        AT(pto_tensor, is_contiguous, 42),
        AT(pto_tensor, shapes, 44),
        AT(pto_tensor, extent_elements, 64),
        AT(pto_tensor, strides, 72),
        SIZE(pto_tensor_create_info, 64),
        AT(pto_tensor_create_info, initial_value, 0),
        AT(pto_tensor_create_info, has_initial_value, 8),
        AT(pto_tensor_create_info, start_offset, 24),
        AT(pto_tensor_create_info, ndims, 36),
        AT(pto_tensor_create_info, shapes, 44),
        SIZE(pto_arg, 512),
        AT(pto_arg, tags, 0),
        AT(pto_arg, refs, 64),
        AT(pto_arg, scalars, 192),
        AT(pto_arg, tensor_count, 448),
        AT(pto_arg, scalar_count, 452),
        AT(pto_arg, has_error, 456),
        AT(pto_arg, error_msg, 464),
        AT(pto_arg, launch, 472),
        AT(pto_arg, dump_mask, 480),
        AT(pto_arg, selective_dump, 488),
        AT(pto_arg, explicit_deps, 496),
        AT(pto_arg, explicit_dep_count, 504),
        SIZE(pto_task_outputs, 144),
        AT(pto_task_outputs, output_count, 8),
        AT(pto_task_outputs, tensors, 16),
        SIZE(pto_mixed_kernels, 12),
        SIZE(pto_launch_spec, 4),
        SIZE(pto_orchestration_config, 4),
        SIZE(pto_runtime_handle, 16),
        AT(pto_runtime_handle, pending_scope_mode, 8),
        SIZE(pto_orchestration_ops, 112),
        AT(pto_orchestration_ops, submit_task, 0 * 8),
        AT(pto_orchestration_ops, scope_begin, 1 * 8),
        AT(pto_orchestration_ops, scope_end, 2 * 8),
        AT(pto_orchestration_ops, orchestration_done, 3 * 8),
        AT(pto_orchestration_ops, is_fatal, 4 * 8),
        AT(pto_orchestration_ops, report_fatal, 5 * 8),
        AT(pto_orchestration_ops, log_error, 6 * 8),
        AT(pto_orchestration_ops, log_warn, 7 * 8),
        AT(pto_orchestration_ops, log_debug, 8 * 8),
        AT(pto_orchestration_ops, log_info_v, 9 * 8),
        AT(pto_orchestration_ops, get_tensor_data, 10 * 8),
        AT(pto_orchestration_ops, set_tensor_data, 11 * 8),
        AT(pto_orchestration_ops, alloc_tensors, 12 * 8),
        AT(pto_orchestration_ops, submit_dummy_task, 13 * 8),
    };
    CHECK(rows);
}

static void test_graph(void **state)
{
    (void)state;
    static const struct row rows[] = {
        SIZE(pto_graph_ops, 72),
        AT(pto_graph_ops, add_task, 0 * 8),
        AT(pto_graph_ops, set_tensor_info_to_task, 1 * 8),
        AT(pto_graph_ops, add_successor, 2 * 8),
        AT(pto_graph_ops, record_tensor_pair, 3 * 8),
        AT(pto_graph_ops, get_task_count, 4 * 8),
        AT(pto_graph_ops, print_runtime, 5 * 8),
        AT(pto_graph_ops, device_malloc, 6 * 8),
        AT(pto_graph_ops, device_free, 7 * 8),
        AT(pto_graph_ops, copy_to_device, 8 * 8),
        SIZE(pto_graph_tensor_info, 64),
        AT(pto_graph_tensor_info, ndims, 1),
        AT(pto_graph_tensor_info, raw_shapes, 4),
        SIZE(pto_graph_allocation_info, 16),
        SIZE(pto_graph_task, 696),
        AT(pto_graph_task, func_id, 4),
        AT(pto_graph_task, args, 8),
        AT(pto_graph_task, num_args, 136),
        AT(pto_graph_task, function_bin_addr, 144),
        AT(pto_graph_task, core_type, 152),
        AT(pto_graph_task, fanin, 156),
        AT(pto_graph_task, fanout, 160),
        AT(pto_graph_task, fanout_count, 672),
        AT(pto_graph_task, start_time, 680),
        AT(pto_graph_task, end_time, 688),
    };
    CHECK(rows);
}

static void test_shared_memory(void **state)
{
    (void)state;
    static const struct row rows[] = {
        SIZE(pto_task_descriptor, 40),
        AT(pto_task_descriptor, kernel_id, 8),
        AT(pto_task_descriptor, packed_buffer_base, 24),
        AT(pto_task_descriptor, packed_buffer_end, 32),
        SIZE(pto_task_payload, 2880),
        AT(pto_task_payload, fanin_actual_count, 8),
        AT(pto_task_payload, fanin_spill_start, 12),
        AT(pto_task_payload, fanin_spill_pool, 16),
        AT(pto_task_payload, fanin_inline, 24),
        AT(pto_task_payload, tensors, 576),
        AT(pto_task_payload, scalars, 2624),
        SIZE(pto_slot_state, 64),
        AT(pto_slot_state, fanout_count, 4),
        AT(pto_slot_state, fanout_head, 8),
        AT(pto_slot_state, task_state, 16),
        AT(pto_slot_state, fanin_refcount, 20),
        AT(pto_slot_state, fanin_count, 24),
        AT(pto_slot_state, fanout_refcount, 28),
        AT(pto_slot_state, payload, 32),
        AT(pto_slot_state, task, 40),
        AT(pto_slot_state, active_mask, 48),
        AT(pto_slot_state, ring_id, 49),
        AT(pto_slot_state, dep_pool_mark, 52),
        AT(pto_slot_state, completed_subtasks, 56),
        AT(pto_slot_state, total_required_subtasks, 58),
        AT(pto_slot_state, logical_block_num, 60),
        AT(pto_slot_state, next_block_idx, 62),
        SIZE(pto_ring_header, 192),
        AT(pto_ring_header, last_task_alive, 64),
        AT(pto_ring_header, task_window_size, 128),
        AT(pto_ring_header, task_window_mask, 136),
        AT(pto_ring_header, heap_size, 144),
        AT(pto_ring_header, descriptors_offset, 152),
        AT(pto_ring_header, descriptors, 160),
        AT(pto_ring_header, payloads, 168),
        AT(pto_ring_header, slot_states, 176),
        SIZE(pto_sm_header, 832),
        AT(pto_sm_header, orchestrator_done, 768),
        AT(pto_sm_header, total_size, 776),
        AT(pto_sm_header, graph_output_ptr, 784),
        AT(pto_sm_header, graph_output_size, 792),
        AT(pto_sm_header, orch_error_code, 800),
        AT(pto_sm_header, sched_error_bitmap, 804),
        AT(pto_sm_header, sched_error_code, 808),
        AT(pto_sm_header, sched_error_thread, 812),
    };
    CHECK(rows);
}

static void test_mailbox_and_comm(void **state)
{
    (void)state;
    static const struct row rows[] = {
        SIZE(pto_mailbox, 16384),
        AT(pto_mailbox, state, 0),
        AT(pto_mailbox, error, 4),
        AT(pto_mailbox, command, 8),
        AT(pto_mailbox, parameters.config, 16),
        AT(pto_mailbox, parameters.control.args[0], 16),
        AT(pto_mailbox, parameters.control.args[1], 24),
        AT(pto_mailbox, parameters.control.args[2], 32),
        AT(pto_mailbox, parameters.control.result, 40),
        AT(pto_mailbox, payload.blob, 1064),
        AT(pto_mailbox, payload.names.a, 1064),
        AT(pto_mailbox, payload.names.b, 1096),
        AT(pto_mailbox, extension.magic, 16064),
        AT(pto_mailbox, extension.version, 16068),
        AT(pto_mailbox, extension.request_sequence, 16072),
        AT(pto_mailbox, extension.echo_sequence, 16080),
        AT(pto_mailbox, extension.shutdown, 16088),
        AT(pto_mailbox, extension.child_pid, 16092),
        AT(pto_mailbox, extension.generation, 16096),
        AT(pto_mailbox, error_text, 16128),
        {"args capacity", PTO_MAILBOX_ARGS_CAPACITY, 15000},
        {"largest blob", PTO_BLOB_MAX_BYTES, 6152},
        SIZE(pto_comm_context, 1056),
        AT(pto_comm_context, workspace_size, 8),
        AT(pto_comm_context, rank_id, 16),
        AT(pto_comm_context, rank_num, 20),
        AT(pto_comm_context, win_size, 24),
        AT(pto_comm_context, windows_in, 32),
        AT(pto_comm_context, windows_out, 544),
    };
    CHECK(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments_and_config),
        cmocka_unit_test(test_callables_and_launch),
        cmocka_unit_test(test_handshake_and_dispatch),
        cmocka_unit_test(test_orchestration),
        cmocka_unit_test(test_graph),
        cmocka_unit_test(test_shared_memory),
        cmocka_unit_test(test_mailbox_and_comm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
