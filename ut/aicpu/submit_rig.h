/* SPDX-License-Identifier: Apache-2.0 */
/*
 * submit_rig: the orchestrator's side of a run and scheduler 0's wiring and completion, without cores and threads. The
 * test decides when which task is wired, completed and released. Addresses are never read or written, so they may be
 * anything.
 */
#ifndef UT_AICPU_SUBMIT_RIG_H
#define UT_AICPU_SUBMIT_RIG_H

#include "abi/arg.h"
#include "aicpu/trb/context.h"

#define RIG_HEAP 0x100000000000ull /* address of ring 0's heap */
#define RIG_BUFFER 0x10000ull      /* address of the external buffer of rig_add_bytes */
#define RIG_KERNELS 4              /* kernel ids 0 .. 3 are registered, with code at id + 1 */

struct rig {
    struct trb_runtime image;
    struct pto_device_block block;
    uint64_t callables[RIG_KERNELS][16];
    struct npu_register_block registers[3]; /* of cores that are idle for ever */
    struct aicpu_runtime *context;
    struct trb_orchestrator *orchestrator;
    struct trb_scheduler *scheduler;
    void *shared;
    size_t shared_bytes;
};

/* Begins a run, the executor's scope open. */
struct rig *rig_create(uint64_t window, uint64_t heap, uint64_t pool);
void rig_destroy(struct rig *rig);

/* Begins another run. `dirty`: as after a failure, otherwise everything must be quiet, all scopes closed. */
void rig_restart(struct rig *rig, bool dirty);

/* 0 with the task, or the latched result with rig->block.message, after which the rig is of no more use. */
int rig_submit(struct rig *rig, enum trb_request_kind kind, const struct pto_mixed_kernels *kernels,
               const struct pto_arg *arg, struct trb_submitted *submitted);
/* The same, must work. */
struct pto_slot_state *rig_dummy(struct rig *rig, const struct pto_arg *arg);
/* Adds `count` bytes of an external buffer, from the `first`th on, as an argument; `tensor` must outlive it. */
void rig_add_bytes(struct pto_arg *arg, struct pto_tensor *tensor, enum pto_tensor_arg_type tag, uint32_t first,
                   uint32_t count);
/* A task that accesses those bytes, whose address is then a base of its own. */
struct pto_slot_state *rig_access(struct rig *rig, enum pto_tensor_arg_type tag, uint32_t first, uint32_t count);
/* A task of one vector lane that names nothing. */
struct pto_slot_state *rig_task(struct rig *rig);

struct pto_slot_state *rig_slot(const struct rig *rig, uint64_t id);
/* Scopes; the result as of rig_submit. */
int rig_open(struct rig *rig, uint32_t mode);
void rig_close(struct rig *rig);

/* Wires what waits in the queue, as far as it gets. Ready tasks go to the ready queues. */
void rig_wire(struct rig *rig);
/* The next ready task, NULL when there is none. */
struct pto_slot_state *rig_ready(struct rig *rig);
/* Completes a task: its consumers hear of it. Its references stay until the flush. */
void rig_complete(struct rig *rig, struct pto_slot_state *slot);
void rig_flush(struct rig *rig);
/* Wires, completes and releases until nothing is left to do. */
void rig_finish(struct rig *rig);

#endif
