/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/property/registry.h"

#include <string.h>

#define PROPERTY_ADDRESS(name) &property_##name,
const struct property *const property_registry[] = {PROPERTY_LIST(PROPERTY_ADDRESS) NULL};

const struct property *property_find(const char *name)
{
    const struct property *const *entry = property_registry;
    while (*entry != NULL && strcmp((*entry)->name, name) != 0) {
        entry++;
    }
    return *entry;
}
