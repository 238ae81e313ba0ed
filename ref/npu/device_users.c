/* SPDX-License-Identifier: Apache-2.0 */
#include "npu/device_users.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/os.h"
#include "exec/exec.h"

struct device_fault {
    int code; /* 0: none */
    char text[NPU_DEVICE_FAULT_TEXT_BYTES];
};

/* Gone with its last user, so generations of a device that comes back may repeat: nobody is left to confuse them. */
struct device_record {
    struct device_record *next;
    int device_id;
    uint32_t users;
    uint32_t resets; /* under way: nobody joins meanwhile */
    uint64_t generation;
    struct device_fault fault;    /* of this generation */
    struct device_fault previous; /* why the generation before was reset */
};

static pthread_mutex_t users_lock = PTHREAD_MUTEX_INITIALIZER;
static struct device_record *users_devices;

static _Atomic int users_last_serial;

int npu_device_next_serial(void)
{
    /* Relaxed: only uniqueness matters. */
    return atomic_fetch_add_explicit(&users_last_serial, 1, memory_order_relaxed) + 1;
}

/* All below: called with the lock held. */
static struct device_record *users_find(int device_id)
{
    struct device_record *record = users_devices;
    while (record != NULL && record->device_id != device_id) {
        record = record->next;
    }
    return record;
}

static struct device_record *users_make(int device_id)
{
    struct device_record *record = os_zalloc("npu.device_user", sizeof(*record));
    if (record != NULL) {
        record->device_id = device_id;
        record->next = users_devices;
        users_devices = record;
    }
    return record;
}

static void users_drop(struct device_record *record)
{
    struct device_record **link = &users_devices;
    while (*link != record) {
        link = &(*link)->next;
    }
    *link = record->next;
    free(record);
}

int npu_device_join(int device_id, struct npu_device_user *user)
{
    if (device_id < 0) {
        return -EINVAL;
    }
    (void)pthread_mutex_lock(&users_lock);
    struct device_record *record = users_find(device_id);
    while (record != NULL && record->resets != 0) {
        (void)pthread_mutex_unlock(&users_lock);
        exec_pause();        /* whoever resets may be another processor of this thread ... */
        (void)sched_yield(); /* ... or another thread */
        (void)pthread_mutex_lock(&users_lock);
        record = users_find(device_id);
    }
    if (record == NULL) {
        record = users_make(device_id);
    }
    int result = record != NULL ? 0 : -ENOMEM;
    if (record != NULL) {
        *user = (struct npu_device_user){.device_id = device_id, .generation = record->generation};
        result = record->fault.code != 0 ? -EIO : 0;
        record->users += result == 0;
    }
    (void)pthread_mutex_unlock(&users_lock);
    return result;
}

void npu_device_fault(const struct npu_device_user *user, int code, const char *text)
{
    (void)pthread_mutex_lock(&users_lock);
    struct device_record *record = users_find(user->device_id);
    if (record->generation == user->generation && record->fault.code == 0) {
        record->fault.code = code;
        (void)snprintf(record->fault.text, sizeof(record->fault.text), "%s", text);
    }
    (void)pthread_mutex_unlock(&users_lock);
}

int npu_device_faulted(const struct npu_device_user *user, char text[NPU_DEVICE_FAULT_TEXT_BYTES])
{
    (void)pthread_mutex_lock(&users_lock);
    const struct device_record *record = users_find(user->device_id);
    const struct device_fault *fault = record->generation == user->generation ? &record->fault : &record->previous;
    int code = fault->code;
    if (code != 0 && text != NULL) {
        (void)snprintf(text, NPU_DEVICE_FAULT_TEXT_BYTES, "%s", fault->text);
    }
    (void)pthread_mutex_unlock(&users_lock);
    return code;
}

bool npu_device_was_reset(const struct npu_device_user *user)
{
    (void)pthread_mutex_lock(&users_lock);
    bool reset = users_find(user->device_id)->generation != user->generation;
    (void)pthread_mutex_unlock(&users_lock);
    return reset;
}

int npu_device_leave(const struct npu_device_user *user, int (*reset)(int device_id))
{
    int result = 0;
    (void)pthread_mutex_lock(&users_lock);
    struct device_record *record = users_find(user->device_id);
    record->users--;
    if (record->users == 0 || (record->fault.code != 0 && record->generation == user->generation)) {
        if (record->fault.code != 0) {
            record->previous = record->fault;
        }
        record->fault = (struct device_fault){0};
        record->generation++;
        record->resets++;
        (void)pthread_mutex_unlock(&users_lock);
        result = reset(user->device_id);
        (void)pthread_mutex_lock(&users_lock);
        record->resets--;
    }
    if (record->users == 0 && record->resets == 0) {
        users_drop(record);
    }
    (void)pthread_mutex_unlock(&users_lock);
    return result;
}
