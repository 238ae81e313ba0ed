/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz: one case of a property for a fuzzer, in this process. A case that fails aborts with its message on stderr. */
#ifndef HARNESS_PROPERTY_FUZZ_H
#define HARNESS_PROPERTY_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "harness/property/property.h"

/* Runs the property's setup, once, before the first case; the libraries it loads stay. Exits with 2 when it fails. */
void property_fuzz_start(const struct property *property);

/* One case. Always returns 0, as fuzzers want. */
int property_fuzz_one(const struct property *property, const uint8_t *data, size_t size);

#endif
