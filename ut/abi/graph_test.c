/* SPDX-License-Identifier: Apache-2.0 */
/* graph_test: the graph builder's inline calls reach the right op with the right arguments (device.md 6, R24). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "abi/graph.h"

static struct pto_graph_handle handle;
static char trace[256];
static int host_memory[4];
static int device_memory[4];

static void note(struct pto_graph_handle *rt, const char *text, long a, long b)
{
    size_t used = strlen(trace);
    assert_ptr_equal(rt, &handle);
    (void)snprintf(trace + used, sizeof(trace) - used, "%s(%ld,%ld) ", text, a, b);
}

static int on_add_task(struct pto_graph_handle *rt, uint64_t *args, int num_args, int func_id, int core_type)
{
    note(rt, "task", (long)args[0] + num_args, func_id * 10 + core_type);
    return 5;
}

static int on_set_info(struct pto_graph_handle *rt, int task_id, const struct pto_graph_tensor_info *infos, int count)
{
    note(rt, "info", task_id, count);
    return infos != NULL ? 0 : -1;
}

static void on_add_successor(struct pto_graph_handle *rt, int from_task, int to_task)
{
    note(rt, "edge", from_task, to_task);
}

static void on_record_pair(struct pto_graph_handle *rt, void *host, void *device, size_t bytes)
{
    note(rt, "pair", host == host_memory && device == device_memory, (long)bytes);
}

static int on_count(struct pto_graph_handle *rt)
{
    note(rt, "count", 0, 0);
    return 6;
}

static void on_print(struct pto_graph_handle *rt)
{
    note(rt, "print", 0, 0);
}

static void *on_malloc(struct pto_graph_handle *rt, size_t bytes)
{
    note(rt, "malloc", (long)bytes, 0);
    return device_memory;
}

static void on_free(struct pto_graph_handle *rt, void *device)
{
    note(rt, "free", device == device_memory, 0);
}

static int on_copy(struct pto_graph_handle *rt, void *device, const void *host, size_t bytes)
{
    note(rt, "copy", device == device_memory && host == host_memory, (long)bytes);
    return 17;
}

static const struct pto_graph_ops ops = {
    .add_task = on_add_task,
    .set_tensor_info_to_task = on_set_info,
    .add_successor = on_add_successor,
    .record_tensor_pair = on_record_pair,
    .get_task_count = on_count,
    .print_runtime = on_print,
    .device_malloc = on_malloc,
    .device_free = on_free,
    .copy_to_device = on_copy,
};

static int clear(void **state)
{
    (void)state;
    handle.ops = &ops;
    trace[0] = 0;
    return 0;
}

static void test_tasks_and_edges(void **state)
{
    (void)state;
    uint64_t args[] = {100, 0};
    struct pto_graph_tensor_info info;
    memset(&info, 0, sizeof(info));
    assert_int_equal(pto_graph_add_task(&handle, args, 2, 3, PTO_CORE_AIV), 5);
    assert_int_equal(pto_graph_set_tensor_info(&handle, 4, &info, 1), 0);
    assert_int_equal(pto_graph_add_task_with_tensor_info(&handle, args, 1, 2, PTO_CORE_AIC, &info, 1), 5);
    assert_int_equal(pto_graph_add_task_with_tensor_info(&handle, args, 1, 2, PTO_CORE_AIC, NULL, 1), -1);
    pto_graph_add_successor(&handle, 1, 2);
    assert_int_equal(pto_graph_task_count(&handle), 6);
    pto_graph_print(&handle);
    assert_string_equal(trace, "task(102,31) info(4,1) task(101,20) info(5,1) task(101,20) info(5,1) edge(1,2) "
                               "count(0,0) print(0,0) ");
}

static void test_memory(void **state)
{
    (void)state;
    assert_ptr_equal(pto_graph_device_malloc(&handle, 16), device_memory);
    assert_int_equal(pto_graph_copy_to_device(&handle, device_memory, host_memory, 12), 17);
    pto_graph_record_tensor_pair(&handle, host_memory, device_memory, 8);
    pto_graph_device_free(&handle, device_memory);
    assert_string_equal(trace, "malloc(16,0) copy(1,12) pair(1,8) free(1,0) ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_tasks_and_edges, clear),
        cmocka_unit_test_setup(test_memory, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
