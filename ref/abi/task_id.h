/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task_id: the 64-bit name of a task of one run (device.md 1.1).
 *
 * Bits 63..32 are the ring, bits 31..0 count the ring's tasks from 0. Ids are opaque to an orchestration: it gets them
 * from submits and hands them back as dependencies. All ones names no task.
 */
#ifndef ABI_TASK_ID_H
#define ABI_TASK_ID_H

#include "abi/layout.h"

PTO_BEGIN_DECLS

#define PTO_TASK_ID_INVALID UINT64_MAX

static inline uint64_t pto_task_id_make(uint32_t ring, uint32_t local)
{
    return ((uint64_t)ring << 32) | local;
}

static inline uint32_t pto_task_id_ring(uint64_t id)
{
    return (uint32_t)(id >> 32) & 0xFFu;
}

static inline uint32_t pto_task_id_local(uint64_t id)
{
    return (uint32_t)id;
}

PTO_END_DECLS

#endif
