/* SPDX-License-Identifier: Apache-2.0 */
/* image: what every runtime asks of the image of a run before it believes it, and the words of the refusal. */
#ifndef AICPU_IMAGE_H
#define AICPU_IMAGE_H

#include <stdint.h>

#include "abi/device_program.h"
#include "npu/arch.h"

/* Something that an image asks for and that cannot be. */
struct image_doubt {
    const char *what; /* NULL: there is none */
    uint64_t value;
    uint64_t most; /* 0: not told */
};

/* Threads that an image asks for, 0 counting as 1; 0 when there are not so many. */
static inline uint32_t image_threads(uint32_t asked)
{
    return asked > NPU_MAX_AICPU_THREADS ? 0 : asked != 0 ? asked : 1;
}

/* Threads, blocks and cores. */
struct image_doubt image_check(uint32_t threads, uint32_t blocks, uint32_t workers);

/* Returns 0, or -EINVAL with the doubt in the block's message. */
int image_refuse(const struct image_doubt *doubt, struct pto_device_block *block);

#endif
