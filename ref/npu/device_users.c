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

/* Users between two resets of a device. Those of a past one hold nothing on the device any more. */
struct device_generation {
    struct device_generation *next;
    uint64_t number;
    uint32_t users; /* > 0 */
    struct device_fault fault;
};

/* Gone with its last user, so generations of a device that comes back may repeat: nobody is left to confuse them. */
struct device_record {
    struct device_record *next;
    int device_id;
    uint32_t resets;     /* under way: nobody joins meanwhile */
    uint64_t generation; /* the present one; it is in the list when it has users */
    struct device_generation *generations;
    struct device_fault unreset; /* the last reset failed: the device is as the one before left it */
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

/* Forgets a device that nobody uses and nothing is owed to. */
static void users_put(struct device_record *record)
{
    if (record->generations != NULL || record->resets != 0 || record->unreset.code != 0) {
        return;
    }
    struct device_record **link = &users_devices;
    while (*link != record) {
        link = &(*link)->next;
    }
    *link = record->next;
    free(record);
}

/* NULL: it has no users. */
static struct device_generation *users_generation(const struct device_record *record, uint64_t number)
{
    struct device_generation *generation = record->generations;
    while (generation != NULL && generation->number != number) {
        generation = generation->next;
    }
    return generation;
}

static void users_drop_generation(struct device_record *record, struct device_generation *generation)
{
    struct device_generation **link = &record->generations;
    while (*link != generation) {
        link = &(*link)->next;
    }
    *link = generation->next;
    free(generation);
}

/* Ends the present generation. The lock is given up for the time of the reset itself. */
static int users_reset(struct device_record *record, npu_device_reset *reset)
{
    record->generation++;
    record->resets++;
    (void)pthread_mutex_unlock(&users_lock);
    int result = reset(record->device_id);
    (void)pthread_mutex_lock(&users_lock);
    record->resets--;
    record->unreset = (struct device_fault){.code = result};
    if (result != 0) {
        (void)snprintf(record->unreset.text, sizeof(record->unreset.text), "its reset failed");
    }
    return result;
}

/* The record of the device, made if need be, with no reset under way. NULL: no memory. */
static struct device_record *users_settle(int device_id)
{
    struct device_record *record = users_find(device_id);
    while (record != NULL && record->resets != 0) {
        (void)pthread_mutex_unlock(&users_lock);
        exec_pause();        /* whoever resets may be another processor of this thread ... */
        (void)sched_yield(); /* ... or another thread */
        (void)pthread_mutex_lock(&users_lock);
        record = users_find(device_id);
    }
    return record != NULL ? record : users_make(device_id);
}

static int users_add(struct device_record *record)
{
    struct device_generation *present = users_generation(record, record->generation);
    if (present == NULL) {
        present = os_zalloc("npu.device_generation", sizeof(*present));
        if (present == NULL) {
            return -ENOMEM;
        }
        present->number = record->generation;
        present->next = record->generations;
        record->generations = present;
    }
    if (present->fault.code != 0) {
        return -EIO;
    }
    present->users++;
    return 0;
}

int npu_device_join(int device_id, npu_device_reset *reset, struct npu_device_user *user)
{
    if (device_id < 0) {
        return -EINVAL;
    }
    (void)pthread_mutex_lock(&users_lock);
    struct device_record *record = users_settle(device_id);
    int result = record != NULL ? 0 : -ENOMEM;
    if (result == 0 && record->unreset.code != 0) {
        result = users_reset(record, reset) == 0 ? 0 : -EIO;
    }
    if (result == 0) {
        result = users_add(record);
    }
    if (record != NULL) {
        *user = (struct npu_device_user){.device_id = device_id, .generation = record->generation};
        users_put(record);
    }
    (void)pthread_mutex_unlock(&users_lock);
    return result;
}

void npu_device_fault(const struct npu_device_user *user, int code, const char *text)
{
    (void)pthread_mutex_lock(&users_lock);
    const struct device_record *record = users_find(user->device_id);
    struct device_generation *generation = users_generation(record, user->generation);
    if (record->generation == user->generation && generation->fault.code == 0) {
        generation->fault.code = code;
        (void)snprintf(generation->fault.text, sizeof(generation->fault.text), "%s", text);
    }
    (void)pthread_mutex_unlock(&users_lock);
}

int npu_device_faulted(const struct npu_device_user *user, char text[NPU_DEVICE_FAULT_TEXT_BYTES])
{
    (void)pthread_mutex_lock(&users_lock);
    const struct device_record *record = users_find(user->device_id);
    static const struct device_fault none;
    const struct device_generation *generation = record != NULL ? users_generation(record, user->generation) : NULL;
    const struct device_fault *fault = generation != NULL ? &generation->fault : &none;
    if (generation == NULL && record != NULL && record->generation == user->generation) {
        fault = &record->unreset;
    }
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

int npu_device_leave(const struct npu_device_user *user, npu_device_reset *reset)
{
    int result = 0;
    (void)pthread_mutex_lock(&users_lock);
    struct device_record *record = users_find(user->device_id);
    struct device_generation *generation = users_generation(record, user->generation);
    bool present = generation->number == record->generation;
    bool due = generation->fault.code != 0 || generation->users == 1; /* poisoned, or nobody is left to be disturbed */
    if (--generation->users == 0) {
        users_drop_generation(record, generation);
    }
    /* A user of a past generation may have named the device once more; the last one of all sees to that too. */
    bool last = record->generations == NULL;
    if ((present && due) || last || (record->unreset.code != 0 && record->resets == 0)) {
        result = users_reset(record, reset);
    }
    users_put(record);
    (void)pthread_mutex_unlock(&users_lock);
    return result;
}
