/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/image.h"

#include <errno.h>
#include <stdio.h>

struct image_doubt image_check(uint32_t threads, uint32_t blocks, uint32_t workers)
{
    if (image_threads(threads) == 0) {
        return (struct image_doubt){"number of AICPU threads", threads, NPU_MAX_AICPU_THREADS};
    }
    if (blocks < 1 || blocks > NPU_MAX_BLOCKS || workers != blocks * NPU_CORES_PER_BLOCK) {
        return (struct image_doubt){"number of blocks (or of cores)", blocks, NPU_MAX_BLOCKS};
    }
    return (struct image_doubt){.what = NULL};
}

int image_refuse(const struct image_doubt *doubt, struct pto_device_block *block)
{
    char most[48] = "";
    if (doubt->what == NULL) {
        return 0;
    }
    if (doubt->most != 0) {
        (void)snprintf(most, sizeof(most), "; at most %llu can be", (unsigned long long)doubt->most);
    }
    (void)snprintf(block->message, sizeof(block->message), "the AICPU cannot run with a %s of %llu%s", doubt->what,
                   (unsigned long long)doubt->value, most);
    return -EINVAL;
}
