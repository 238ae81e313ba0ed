/* SPDX-License-Identifier: Apache-2.0 */
/*
 * orchestration_unit: the two functions that every orchestration SO carries once (device.md 2.1, 9.1, 9.3).
 *
 * Included by exactly one source of the SO, either directly or by defining PTO_ORCHESTRATION_UNIT before
 * abi/orchestration.h. The bound runtime is one pointer per SO and not per thread: the runtime binds before it calls
 * the entry and unbinds afterwards, and an SO serves one run at a time.
 */
#ifndef ABI_ORCHESTRATION_UNIT_H
#define ABI_ORCHESTRATION_UNIT_H

#include "abi/orchestration.h"

PTO_BEGIN_DECLS

static struct pto_runtime_handle *pto_bound_runtime;

void framework_bind_runtime(struct pto_runtime_handle *rt)
{
    pto_bound_runtime = rt;
}

struct pto_runtime_handle *framework_current_runtime(void)
{
    return pto_bound_runtime;
}

PTO_END_DECLS

#endif
