/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_target: makes a libFuzzer and AFL++ program out of a property. A target is this header and FUZZ_TARGET(name).
 *
 * LLVMFuzzerInitialize loads what the property shares between cases, before AFL++ forks its server.
 */
#ifndef FUZZ_FUZZ_TARGET_H
#define FUZZ_FUZZ_TARGET_H

#include "harness/property/fuzz.h"
#include "harness/property/registry.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_TARGET(name)                                        \
    int LLVMFuzzerInitialize(int *argc, char ***argv)            \
    {                                                            \
        (void)argc;                                              \
        (void)argv;                                              \
        property_fuzz_start(&property_##name);                   \
        return 0;                                                \
    }                                                            \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) \
    {                                                            \
        return property_fuzz_one(&property_##name, data, size);  \
    }

#endif
