/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault_step: sites named "<site>.<step>" for functions that make several fallible calls on behalf of one caller.
 * Returns like fault_hit; without a plan it costs one relaxed load and composes no name.
 */
#ifndef BASE_FAULT_STEP_H
#define BASE_FAULT_STEP_H

#include <stdio.h>

#include "base/fault.h"

static inline int fault_step(const char *site, const char *step)
{
    if (!atomic_load_explicit(&fault_plan_active, memory_order_relaxed)) { /* relaxed: as in fault_hit */
        return 0;
    }
    char name[FAULT_SITE_NAME_BYTES];
    (void)snprintf(name, sizeof(name), "%s.%s", site, step);
    return fault_hit_slow(name, NULL);
}

#endif
