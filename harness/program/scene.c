/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/program/scene.h"

#include <stdlib.h>
#include <string.h>

void scene_data_free(struct scene_data *data)
{
    for (size_t i = 0; i < SCENE_MAX_TENSORS; i++) {
        free(data->buffers[i]);
    }
    memset(data, 0, sizeof(*data));
}

void *scene_add_tensor(struct scene_data *data, const uint32_t *shapes, uint32_t ndims, uint32_t dtype)
{
    struct pto_continuous_tensor tensor;
    uint64_t bytes = 0;
    if (data->args.tensor_count < 0 || (uint32_t)data->args.tensor_count >= SCENE_MAX_TENSORS || dtype > UINT8_MAX) {
        return NULL;
    }
    pto_continuous_tensor_make(&tensor, 0, shapes, ndims, (uint8_t)dtype, 0);
    if (pto_continuous_tensor_check(&tensor, &bytes, NULL, 0) != 0 || bytes > SIZE_MAX / 2) {
        return NULL;
    }
    /* One byte at least, so that an empty tensor has an address of its own. */
    void *buffer = calloc(1, bytes > 0 ? (size_t)bytes : 1);
    if (buffer == NULL) {
        return NULL;
    }
    size_t index = (size_t)data->args.tensor_count;
    tensor.data = (uint64_t)(uintptr_t)buffer;
    if (pto_chip_args_add_tensor(&data->args, &tensor) != 0) {
        free(buffer);
        return NULL;
    }
    data->buffers[index] = buffer;
    data->buffer_bytes[index] = (size_t)bytes;
    return buffer;
}
