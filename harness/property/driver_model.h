/* SPDX-License-Identifier: Apache-2.0 */
/* driver_model: what the simulated driver must answer, kept beside it (property driver). */
#ifndef HARNESS_PROPERTY_DRIVER_MODEL_H
#define HARNESS_PROPERTY_DRIVER_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "npu/driver/driver.h"
#include "npu/driver/session.h"
#include "npu/hbm.h"

#define DRIVER_MODEL_DEVICES 2u
#define DRIVER_MODEL_BUFFERS 4u
#define DRIVER_MODEL_STREAMS 2u
#define DRIVER_MODEL_IMAGES 2u
#define DRIVER_MODEL_BYTES_MAX 600u

struct driver_model_buffer {
    void *address; /* NULL: a free place */
    uint64_t size;
    uint8_t bytes[DRIVER_MODEL_BYTES_MAX];
};

struct driver_model_stream {
    rtStream_t handle; /* NULL: a free place */
    uint32_t launches;
    bool faulty; /* one of them cannot be run */
};

struct driver_model_image {
    void *handle; /* NULL: a free place */
    bool faulty;
};

struct driver_model_device {
    struct npu_driver_session *session;
    uint64_t capacity;
    uint64_t in_use;
    int fault;
    struct driver_model_buffer buffers[DRIVER_MODEL_BUFFERS];
    struct driver_model_stream streams[DRIVER_MODEL_STREAMS];
    struct driver_model_image images[DRIVER_MODEL_IMAGES];
    uint64_t image_bytes;
    uint64_t image_count;
    void *board; /* what cores look at; NULL: not made yet */
};

struct driver_model {
    struct driver_model_device devices[DRIVER_MODEL_DEVICES];
    int current; /* device that the thread has named; -1: none */
    int planned; /* what the plan makes of the next call; 0: nothing */
};

struct driver_model_device *driver_model_current(struct driver_model *model);

/* What a call must return before its arguments count; 0: they do. A code of the plan poisons. */
int driver_model_gate(struct driver_model *model, bool needs_sound, bool launch);
void driver_model_poison(struct driver_model_device *device, int code, bool launch);
/* Takes memory. 0 or DRIVER_OUT_OF_MEMORY. */
int driver_model_take(struct driver_model_device *device, uint64_t bytes);
/* What synchronising a stream of the session does to all of them. */
int driver_model_run(struct driver_model_device *device);
void driver_model_reset(struct driver_model *model, int device);

#endif
