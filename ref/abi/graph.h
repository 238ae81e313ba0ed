/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graph: the interface of an orchestration SO of the host_build_graph runtime (device.md 6, 9; R24).
 *
 * The orchestration runs on the host, once per run, before anything runs on the device. It allocates device memory,
 * copies its inputs there itself, and builds a static graph: tasks with raw 64-bit arguments and explicit edges.
 * Afterwards the graph runs as a whole, and every recorded pair is copied back. There are no scopes, no inferred
 * dependencies, no MIX and no blocks.
 *
 * The entry's symbol is the ChipCallable's func_name, which must not be empty:
 *     PTO_EXPORT int my_graph(struct pto_graph_handle *rt, const struct pto_chip_args *args)
 * Non-zero fails the run with that value. Whatever was allocated and not freed is freed at the end of the run. A bad
 * id, a full table and too many successors are remembered and fail the run with -5.
 */
#ifndef ABI_GRAPH_H
#define ABI_GRAPH_H

#include "abi/handshake.h"
#include "abi/layout.h"
#include "abi/limits.h"
#include "abi/task_args.h"

PTO_BEGIN_DECLS

#define PTO_GRAPH_MAX_TASKS 131072
#define PTO_GRAPH_MAX_ARGS 16
#define PTO_GRAPH_MAX_FANOUT 128
#define PTO_GRAPH_MAX_TENSOR_INFOS 16 /* per task */

/*
 * Describes a tensor of a task to the tensor dump: a box at `offsets` of `shapes` elements in a row-major `raw_shapes`.
 */
struct pto_graph_tensor_info {
    uint8_t dtype; /* enum pto_data_type */
    uint8_t ndims;
    uint16_t reserved;
    uint32_t raw_shapes[PTO_MAX_DIMS];
    uint32_t shapes[PTO_MAX_DIMS];
    uint32_t offsets[PTO_MAX_DIMS];
};
PTO_ASSERT_SIZE(struct pto_graph_tensor_info, 64);
PTO_ASSERT_FIELD(struct pto_graph_tensor_info, dtype, 0);
PTO_ASSERT_FIELD(struct pto_graph_tensor_info, ndims, 1);
PTO_ASSERT_FIELD(struct pto_graph_tensor_info, raw_shapes, 4);
PTO_ASSERT_FIELD(struct pto_graph_tensor_info, shapes, 24);
PTO_ASSERT_FIELD(struct pto_graph_tensor_info, offsets, 44);

/* A device allocation that the orchestration made, as uploaded for the tensor dump. */
struct pto_graph_allocation_info {
    uint64_t base;
    uint64_t size; /* bytes */
};
PTO_ASSERT_SIZE(struct pto_graph_allocation_info, 16);

/* One task as the host builds it and the device runs it. The orchestration never sees it. */
struct pto_graph_task {
    int32_t task_id; /* its index in the table */
    int32_t func_id;
    uint64_t args[PTO_GRAPH_MAX_ARGS]; /* handed to the kernel as they are */
    int32_t num_args;
    uint32_t reserved0;
    uint64_t function_bin_addr; /* code address, filled in before the run */
    int32_t core_type;          /* enum pto_core_type */
    PTO_ATOMIC(int32_t) fanin;  /* predecessors not completed yet */
    int32_t fanout[PTO_GRAPH_MAX_FANOUT];
    int32_t fanout_count;
    uint32_t reserved1;
    uint64_t start_time;
    uint64_t end_time;
};
PTO_ASSERT_SIZE(struct pto_graph_task, 696);
PTO_ASSERT_ALIGN(struct pto_graph_task, 8);
PTO_ASSERT_FIELD(struct pto_graph_task, task_id, 0);
PTO_ASSERT_FIELD(struct pto_graph_task, func_id, 4);
PTO_ASSERT_FIELD(struct pto_graph_task, args, 8);
PTO_ASSERT_FIELD(struct pto_graph_task, num_args, 136);
PTO_ASSERT_FIELD(struct pto_graph_task, function_bin_addr, 144);
PTO_ASSERT_FIELD(struct pto_graph_task, core_type, 152);
PTO_ASSERT_FIELD(struct pto_graph_task, fanin, 156);
PTO_ASSERT_FIELD(struct pto_graph_task, fanout, 160);
PTO_ASSERT_FIELD(struct pto_graph_task, fanout_count, 672);
PTO_ASSERT_FIELD(struct pto_graph_task, start_time, 680);
PTO_ASSERT_FIELD(struct pto_graph_task, end_time, 688);

struct pto_graph_ops;

/* The head of the runtime as a graph builder sees it. */
struct pto_graph_handle {
    const struct pto_graph_ops *ops;
};

/* What the runtime offers. The order and the types are the ABI. */
struct pto_graph_ops {
    int (*add_task)(struct pto_graph_handle *rt, uint64_t *args, int num_args, int func_id, int core_type);
    int (*set_tensor_info_to_task)(struct pto_graph_handle *rt, int task_id, const struct pto_graph_tensor_info *infos,
                                   int count);
    void (*add_successor)(struct pto_graph_handle *rt, int from_task, int to_task);
    void (*record_tensor_pair)(struct pto_graph_handle *rt, void *host, void *device, size_t bytes);
    int (*get_task_count)(struct pto_graph_handle *rt);
    void (*print_runtime)(struct pto_graph_handle *rt);
    void *(*device_malloc)(struct pto_graph_handle *rt, size_t bytes);
    void (*device_free)(struct pto_graph_handle *rt, void *device);
    int (*copy_to_device)(struct pto_graph_handle *rt, void *device, const void *host, size_t bytes);
};
PTO_ASSERT_SIZE(struct pto_graph_ops, 72);
PTO_ASSERT_FIELD(struct pto_graph_ops, add_task, 0);
PTO_ASSERT_FIELD(struct pto_graph_ops, set_tensor_info_to_task, 8);
PTO_ASSERT_FIELD(struct pto_graph_ops, add_successor, 16);
PTO_ASSERT_FIELD(struct pto_graph_ops, record_tensor_pair, 24);
PTO_ASSERT_FIELD(struct pto_graph_ops, get_task_count, 32);
PTO_ASSERT_FIELD(struct pto_graph_ops, print_runtime, 40);
PTO_ASSERT_FIELD(struct pto_graph_ops, device_malloc, 48);
PTO_ASSERT_FIELD(struct pto_graph_ops, device_free, 56);
PTO_ASSERT_FIELD(struct pto_graph_ops, copy_to_device, 64);

/* Type of the entry. */
typedef int pto_graph_entry_fn(struct pto_graph_handle *rt, const struct pto_chip_args *args);

/* Adds a task for a core of the given type. Returns its id, from 0 up, or -1 (more than 16 arguments, table full). */
static inline int pto_graph_add_task(struct pto_graph_handle *rt, uint64_t *args, int num_args, int func_id,
                                     enum pto_core_type core_type)
{
    return rt->ops->add_task(rt, args, num_args, func_id, (int)core_type);
}

/*
 * Describes the task's tensors to the dump. Returns 0; -1 for a bad task, a NULL array or more than 16. Count 0 is 0.
 */
static inline int pto_graph_set_tensor_info(struct pto_graph_handle *rt, int task_id,
                                            const struct pto_graph_tensor_info *infos, int count)
{
    return rt->ops->set_tensor_info_to_task(rt, task_id, infos, count);
}

/* Both in one: the task's id, or -1; a task whose description is refused stays in the graph and the run fails. */
static inline int pto_graph_add_task_with_tensor_info(struct pto_graph_handle *rt, uint64_t *args, int num_args,
                                                      int func_id, enum pto_core_type core_type,
                                                      const struct pto_graph_tensor_info *infos, int count)
{
    int id = pto_graph_add_task(rt, args, num_args, func_id, core_type);
    if (id >= 0 && pto_graph_set_tensor_info(rt, id, infos, count) != 0) {
        return -1;
    }
    return id;
}

/* `to_task` starts only after `from_task`. At most 128 per task; an edge given twice counts twice, on both sides. */
static inline void pto_graph_add_successor(struct pto_graph_handle *rt, int from_task, int to_task)
{
    rt->ops->add_successor(rt, from_task, to_task);
}

/* Copies `bytes` from device to host after the run, and frees the device buffer then; freeing it before is an error. */
static inline void pto_graph_record_tensor_pair(struct pto_graph_handle *rt, void *host, void *device, size_t bytes)
{
    rt->ops->record_tensor_pair(rt, host, device, bytes);
}

static inline int pto_graph_task_count(struct pto_graph_handle *rt)
{
    return rt->ops->get_task_count(rt);
}

/* Prints the graph to the log. */
static inline void pto_graph_print(struct pto_graph_handle *rt)
{
    rt->ops->print_runtime(rt);
}

/* Device memory, NULL when there is none left. */
static inline void *pto_graph_device_malloc(struct pto_graph_handle *rt, size_t bytes)
{
    return rt->ops->device_malloc(rt, bytes);
}

static inline void pto_graph_device_free(struct pto_graph_handle *rt, void *device)
{
    rt->ops->device_free(rt, device);
}

/* Returns 0 or an error of the driver. */
static inline int pto_graph_copy_to_device(struct pto_graph_handle *rt, void *device, const void *host, size_t bytes)
{
    return rt->ops->copy_to_device(rt, device, host, bytes);
}

PTO_END_DECLS

#endif
