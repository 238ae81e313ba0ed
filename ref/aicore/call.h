/* SPDX-License-Identifier: Apache-2.0 */
/* call: what a dispatch id stands for; each runtime has its own way to say it (device.md 4.2, 4.3). */
#ifndef AICORE_CALL_H
#define AICORE_CALL_H

#include <stdint.h>

#include "abi/handshake.h"

struct aicore_call {
    uint64_t function; /* address of the kernel's entry; 0: nothing to run, which is answered all the same */
    int64_t *args;
};

/* `image` is the runtime image, `handshake` the core's own entry in it, `id` names a dispatch. */
struct aicore_call aicore_find_call(const void *image, const struct pto_handshake *handshake, uint32_t id);

#endif
