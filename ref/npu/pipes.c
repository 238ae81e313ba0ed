/* SPDX-License-Identifier: Apache-2.0 */
#include "npu/pipes.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "exec/exec.h"

struct pipe_storage {
    struct pipe_storage *next;
    uint64_t key;
    uint32_t cluster;
    _Alignas(64) uint8_t bytes[];
};

struct npu_pipes {
    pthread_mutex_t lock; /* cores of one context may run on several OS threads */
    struct pipe_storage *storages;
};

int npu_pipes_create(struct npu_pipes **pipes)
{
    struct npu_pipes *made = os_zalloc("npu.pipes", sizeof(*made));
    if (made == NULL) {
        return -ENOMEM;
    }
    (void)pthread_mutex_init(&made->lock, NULL);
    *pipes = made;
    return 0;
}

void npu_pipes_clear(struct npu_pipes *pipes)
{
    while (pipes->storages != NULL) {
        struct pipe_storage *storage = pipes->storages;
        pipes->storages = storage->next;
        free(storage);
    }
}

void npu_pipes_destroy(struct npu_pipes *pipes)
{
    if (pipes == NULL) {
        return;
    }
    npu_pipes_clear(pipes);
    (void)pthread_mutex_destroy(&pipes->lock);
    free(pipes);
}

uint32_t npu_sub_block_id(void)
{
    const struct npu_core_local *local = exec_local();
    return local != NULL ? local->sub_block : 0;
}

static struct pipe_storage *pipe_make(struct npu_pipes *pipes, uint32_t cluster, uint64_t key, size_t size)
{
    size_t total;
    if (__builtin_add_overflow(sizeof(struct pipe_storage), size, &total)) {
        return NULL;
    }
    struct pipe_storage *storage = os_aligned_alloc("npu.pipe_storage", 64, total);
    if (storage == NULL) {
        return NULL;
    }
    memset(storage, 0, total);
    storage->key = key;
    storage->cluster = cluster;
    storage->next = pipes->storages;
    pipes->storages = storage;
    return storage;
}

void *npu_pipe_shared_state(uint64_t key, size_t size)
{
    const struct npu_core_local *local = exec_local();
    if (local == NULL || size == 0) {
        return NULL;
    }
    struct npu_pipes *pipes = local->pipes;
    (void)pthread_mutex_lock(&pipes->lock);
    struct pipe_storage *storage = pipes->storages;
    while (storage != NULL && (storage->key != key || storage->cluster != local->cluster)) {
        storage = storage->next;
    }
    if (storage == NULL) {
        storage = pipe_make(pipes, local->cluster, key, size);
    }
    (void)pthread_mutex_unlock(&pipes->lock);
    return storage != NULL ? storage->bytes : NULL;
}
