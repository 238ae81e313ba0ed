/* SPDX-License-Identifier: Apache-2.0 */
/* graph: what the graph builders of several scenes and fixtures share. */
#ifndef SCENES_GRAPH_H
#define SCENES_GRAPH_H

#include "abi/graph.h"

PTO_BEGIN_DECLS
PTO_EXPORT pto_graph_entry_fn build_graph;
PTO_END_DECLS

/* A device buffer with the contents of a host tensor; NULL without memory, on either side. */
static inline void *graph_upload(struct pto_graph_handle *rt, const struct pto_continuous_tensor *tensor,
                                 uint64_t *bytes)
{
    *bytes = 0;
    (void)pto_continuous_tensor_check(tensor, bytes, NULL, 0);
    const void *host = (const void *)(uintptr_t)tensor->data;
    void *device = host != NULL ? pto_graph_device_malloc(rt, *bytes) : NULL;
    return device != NULL && pto_graph_copy_to_device(rt, device, host, *bytes) == 0 ? device : NULL;
}

/* Uploads the arguments, those from `outputs` on to be copied back as well. Writes their addresses; 0 or -1. */
static inline int graph_upload_all(struct pto_graph_handle *rt, const struct pto_chip_args *args, uint32_t count,
                                   uint32_t outputs, uint64_t *device)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct pto_continuous_tensor *tensor = pto_chip_args_tensor(args, i);
        uint64_t bytes = 0;
        void *buffer = tensor != NULL ? graph_upload(rt, tensor, &bytes) : NULL;
        if (buffer == NULL) {
            return -1;
        }
        if (i >= outputs) {
            pto_graph_record_tensor_pair(rt, (void *)(uintptr_t)tensor->data, buffer, bytes);
        }
        device[i] = (uintptr_t)buffer;
    }
    return 0;
}

/* The address of float i of a buffer. */
static inline uint64_t graph_float(uint64_t buffer, uint64_t i)
{
    return buffer + i * sizeof(float);
}

#endif
