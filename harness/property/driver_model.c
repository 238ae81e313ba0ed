/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/property/driver_model.h"

#include <string.h>

#include "harness/choice/unwatched.h"

UNWATCHED_BEGIN

struct driver_model_device *driver_model_current(struct driver_model *model)
{
    return model->current >= 0 ? &model->devices[model->current] : NULL;
}

void driver_model_poison(struct driver_model_device *device, int code, bool launch)
{
    bool fault = code == DRIVER_EXCEPTION || code == DRIVER_TIMEOUT || code == DRIVER_INTERNAL ||
                 (launch && code == DRIVER_OUT_OF_MEMORY);
    if (fault && device->fault == 0) {
        device->fault = code;
    }
}

int driver_model_gate(struct driver_model *model, bool needs_sound, bool launch)
{
    struct driver_model_device *device = driver_model_current(model);
    if (device == NULL) {
        return DRIVER_NO_CONTEXT;
    }
    if (needs_sound && device->fault != 0) {
        return DRIVER_POISONED;
    }
    if (model->planned != 0) {
        driver_model_poison(device, model->planned, launch);
    }
    return model->planned;
}

int driver_model_take(struct driver_model_device *device, uint64_t bytes)
{
    if (bytes > device->capacity - device->in_use) {
        return DRIVER_OUT_OF_MEMORY;
    }
    device->in_use += bytes;
    return DRIVER_OK;
}

int driver_model_run(struct driver_model_device *device)
{
    bool faulty = false;
    for (size_t i = 0; i < DRIVER_MODEL_STREAMS; i++) {
        faulty = faulty || device->streams[i].faulty;
        device->streams[i].launches = 0;
        device->streams[i].faulty = false;
    }
    if (faulty) {
        driver_model_poison(device, DRIVER_EXCEPTION, true);
        return DRIVER_EXCEPTION;
    }
    return DRIVER_OK;
}

void driver_model_reset(struct driver_model *model, int device)
{
    struct driver_model_device *reset = &model->devices[device];
    memset(reset->buffers, 0, sizeof(reset->buffers));
    memset(reset->streams, 0, sizeof(reset->streams));
    memset(reset->images, 0, sizeof(reset->images));
    reset->board = NULL;
    reset->in_use = 0;
    reset->image_bytes = 0;
    reset->image_count = 0;
    reset->fault = 0;
    model->current = model->current == device ? -1 : model->current;
}

UNWATCHED_END
