/* SPDX-License-Identifier: Apache-2.0 */
#include "npu/kernel_files.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"

struct kernel_file_entry {
    struct kernel_file_entry *next;
    struct npu_kernel_file file;
    size_t size;
    unsigned char bytes[];
};

static pthread_mutex_t kernel_file_lock = PTHREAD_MUTEX_INITIALIZER;
static struct kernel_file_entry *kernel_file_list;

/* Called with the lock held. `twins` counts the programs of that name. */
static struct kernel_file_entry *kernel_file_find(const struct npu_kernel_file *wanted, const void *bytes, size_t size,
                                                  uint64_t *twins)
{
    *twins = 0;
    for (struct kernel_file_entry *entry = kernel_file_list; entry != NULL; entry = entry->next) {
        if (entry->file.fingerprint != wanted->fingerprint || entry->file.device_id != wanted->device_id) {
            continue;
        }
        if (entry->size == size && memcmp(entry->bytes, bytes, size) == 0) {
            return entry;
        }
        ++*twins;
    }
    return NULL;
}

int npu_kernel_file_reserve(uint64_t fingerprint, int device_id, const void *bytes, size_t size,
                            struct npu_kernel_file *file)
{
    *file = (struct npu_kernel_file){.fingerprint = fingerprint, .device_id = device_id};
    (void)pthread_mutex_lock(&kernel_file_lock);
    uint64_t twins;
    struct kernel_file_entry *entry = kernel_file_find(file, bytes, size, &twins);
    if (entry == NULL) {
        entry = os_alloc("npu.kernel_file", sizeof(*entry) + size);
        if (entry != NULL) {
            file->twin = twins;
            *entry = (struct kernel_file_entry){.next = kernel_file_list, .file = *file, .size = size};
            memcpy(entry->bytes, bytes, size);
            kernel_file_list = entry;
        }
    }
    if (entry != NULL) {
        *file = entry->file;
    }
    (void)pthread_mutex_unlock(&kernel_file_lock);
    return entry != NULL ? 0 : -ENOMEM;
}

void npu_kernel_file_installed(const struct npu_kernel_file *file)
{
    (void)pthread_mutex_lock(&kernel_file_lock);
    for (struct kernel_file_entry *entry = kernel_file_list; entry != NULL; entry = entry->next) {
        if (entry->file.fingerprint == file->fingerprint && entry->file.device_id == file->device_id &&
            entry->file.twin == file->twin) {
            entry->file.installed = true;
        }
    }
    (void)pthread_mutex_unlock(&kernel_file_lock);
}

size_t npu_kernel_file_count(void)
{
    size_t count = 0;
    (void)pthread_mutex_lock(&kernel_file_lock);
    for (const struct kernel_file_entry *entry = kernel_file_list; entry != NULL; entry = entry->next) {
        count += entry->file.installed;
    }
    (void)pthread_mutex_unlock(&kernel_file_lock);
    return count;
}

__attribute__((destructor)) static void kernel_file_finish(void)
{
    while (kernel_file_list != NULL) {
        struct kernel_file_entry *entry = kernel_file_list;
        kernel_file_list = entry->next;
        free(entry);
    }
}
