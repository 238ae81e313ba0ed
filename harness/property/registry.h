/* SPDX-License-Identifier: Apache-2.0 */
/* registry: every property there is. A new one is a line here, a file harness/property/NAME.c and a file fuzz/NAME.c.
 */
#ifndef HARNESS_PROPERTY_REGISTRY_H
#define HARNESS_PROPERTY_REGISTRY_H

#include "harness/property/property.h"

#define PROPERTY_LIST(X) \
    X(blob)              \
    X(build_id)          \
    X(callable_table)    \
    X(chip_image)        \
    X(driver)            \
    X(hbg_graph)         \
    X(task_program)      \
    X(tensor_overlap)    \
    X(tensor_views)      \
    X(vector_example)

#define PROPERTY_DECLARE(name) extern const struct property property_##name;
PROPERTY_LIST(PROPERTY_DECLARE)
#undef PROPERTY_DECLARE

/* NULL-terminated, in the order of the list. */
extern const struct property *const property_registry[];

/* NULL when there is none of that name. */
const struct property *property_find(const char *name);

#endif
