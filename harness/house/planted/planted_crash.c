/* SPDX-License-Identifier: Apache-2.0 */
/* What `make fuzz` must not miss: a target with a heap overflow behind three bytes (harness/house/fuzz --self-test). */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data, size);
    volatile size_t end = size + 1;
    if (size >= 3 && copy[0] == 'B' && copy[1] == 'U' && copy[2] == 'G') {
        copy[end] = 1;
    }
    free(copy);
    return 0;
}
