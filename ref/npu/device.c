/* SPDX-License-Identifier: Apache-2.0 */
#include "npu/device.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/os.h"
#include "npu/hbm.h"

struct npu_device {
    int id;
    uint32_t owners;
    uint64_t capacity;
    uint64_t in_use; /* <= capacity */
    struct npu_device *next;
};

/* Guards the list and everything in it: a handful of devices, and an allocation each time. */
static pthread_mutex_t device_lock = PTHREAD_MUTEX_INITIALIZER;
static struct npu_device *device_list;

static struct npu_device *device_find(int id)
{
    struct npu_device *device = device_list;
    while (device != NULL && device->id != id) {
        device = device->next;
    }
    return device;
}

int npu_device_acquire(int device_id, struct npu_device **device)
{
    if (device_id < 0) {
        return -EINVAL;
    }
    (void)pthread_mutex_lock(&device_lock);
    struct npu_device *found = device_find(device_id);
    if (found == NULL) {
        found = os_zalloc("npu.device", sizeof(*found));
        if (found != NULL) {
            found->id = device_id;
            found->capacity = NPU_HBM_DEFAULT_BYTES;
            found->next = device_list;
            device_list = found;
        }
    }
    if (found != NULL) {
        found->owners++;
    }
    (void)pthread_mutex_unlock(&device_lock);
    *device = found;
    return found != NULL ? 0 : -ENOMEM;
}

void npu_device_release(struct npu_device *device)
{
    (void)pthread_mutex_lock(&device_lock);
    if (--device->owners == 0) {
        struct npu_device **link = &device_list;
        while (*link != device) {
            link = &(*link)->next;
        }
        *link = device->next;
        free(device);
    }
    (void)pthread_mutex_unlock(&device_lock);
}

int npu_device_charge(struct npu_device *device, uint64_t bytes)
{
    (void)pthread_mutex_lock(&device_lock);
    int result = bytes <= device->capacity - device->in_use ? 0 : -ENOMEM;
    if (result == 0) {
        device->in_use += bytes;
    }
    (void)pthread_mutex_unlock(&device_lock);
    return result;
}

void npu_device_refund(struct npu_device *device, uint64_t bytes)
{
    (void)pthread_mutex_lock(&device_lock);
    device->in_use -= bytes;
    (void)pthread_mutex_unlock(&device_lock);
}

int npu_device_set_capacity(struct npu_device *device, uint64_t bytes)
{
    (void)pthread_mutex_lock(&device_lock);
    int result = bytes >= device->in_use ? 0 : -EBUSY;
    if (result == 0) {
        device->capacity = bytes;
    }
    (void)pthread_mutex_unlock(&device_lock);
    return result;
}

void npu_device_usage(struct npu_device *device, uint64_t *capacity, uint64_t *in_use)
{
    (void)pthread_mutex_lock(&device_lock);
    *capacity = device->capacity;
    *in_use = device->in_use;
    (void)pthread_mutex_unlock(&device_lock);
}
