/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process-wide list of address ranges that signal handlers read without locks. Nodes are never freed, only reused, so
 * a reader can always walk the list; their number is bounded by how many images were ever loaded at once.
 */
#include "exec/user_image.h"

#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/os.h"
#include "exec/exec.h"
#include "exec/sanitizer.h"

struct exec_user_image {
    struct exec_user_image *next; /* fixed once linked */
    uintptr_t base;               /* load address; key, under the lock */
    uint32_t count;               /* registrations, under the lock */
    _Atomic uint32_t version;     /* odd while low and high change */
    _Atomic uintptr_t low;
    _Atomic uintptr_t high;
};

static pthread_mutex_t exec_image_lock = PTHREAD_MUTEX_INITIALIZER;
static struct exec_user_image *_Atomic exec_images;

struct exec_image_query {
    uintptr_t address;
    uintptr_t base;
    uintptr_t low; /* hull of the executable segments; low >= high: none */
    uintptr_t high;
    bool found;
};

static int exec_image_visit(struct dl_phdr_info *info, size_t size, void *argument)
{
    (void)size;
    struct exec_image_query *query = argument;
    uintptr_t low = UINTPTR_MAX;
    uintptr_t high = 0;
    bool inside = false;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD) {
            continue;
        }
        uintptr_t from = (uintptr_t)(info->dlpi_addr + segment->p_vaddr);
        uintptr_t to = from + segment->p_memsz;
        inside = inside || (query->address >= from && query->address < to);
        if ((segment->p_flags & PF_X) != 0) {
            low = from < low ? from : low;
            high = to > high ? to : high;
        }
    }
    if (inside) {
        query->base = (uintptr_t)info->dlpi_addr;
        query->low = low;
        query->high = high;
        query->found = true;
    }
    return inside ? 1 : 0;
}

static bool exec_image_query(const void *address_inside, struct exec_image_query *query)
{
    *query = (struct exec_image_query){.address = (uintptr_t)address_inside};
    (void)dl_iterate_phdr(exec_image_visit, query);
    return query->found && query->low < query->high;
}

static void exec_image_set(struct exec_user_image *image, uintptr_t low, uintptr_t high)
{
    uint32_t version = atomic_load_explicit(&image->version, memory_order_relaxed); /* relaxed: under the lock */
    atomic_store_explicit(&image->version, version + 1u, memory_order_relaxed);
    /* Release: the odd version is seen by who sees either new bound; pairs with the acquire loads of the bounds. */
    atomic_store_explicit(&image->low, low, memory_order_release);
    atomic_store_explicit(&image->high, high, memory_order_release);
    atomic_store_explicit(&image->version, version + 2u, memory_order_release); /* the range before the even version */
}

/* Under the lock. `unused` receives a node that may be taken, if there is one. */
static struct exec_user_image *exec_image_find(uintptr_t base, struct exec_user_image **unused)
{
    *unused = NULL;
    /* Relaxed: the list changes under the lock only. */
    for (struct exec_user_image *at = atomic_load_explicit(&exec_images, memory_order_relaxed); at != NULL;
         at = at->next) {
        if (at->count != 0 && at->base == base) {
            return at;
        }
        if (at->count == 0) {
            *unused = at;
        }
    }
    return NULL;
}

int exec_user_image_add(const void *address_inside)
{
    struct exec_image_query query;
    if (!exec_image_query(address_inside, &query)) {
        return -ENOENT;
    }
    int result = 0;
    struct exec_user_image *unused = NULL;
    (void)pthread_mutex_lock(&exec_image_lock);
    struct exec_user_image *image = exec_image_find(query.base, &unused);
    if (image == NULL) {
        image = unused != NULL ? unused : os_zalloc("exec.image_alloc", sizeof(*image));
        if (image == NULL) {
            result = -ENOMEM;
            goto out;
        }
        image->base = query.base;
        exec_image_set(image, query.low, query.high);
        if (unused == NULL) {
            image->next = atomic_load_explicit(&exec_images, memory_order_relaxed); /* relaxed: under the lock */
            atomic_store_explicit(&exec_images, image, memory_order_release);       /* pairs with _contains */
        }
    }
    image->count++;
out:
    (void)pthread_mutex_unlock(&exec_image_lock);
    return result;
}

void exec_user_image_remove(const void *address_inside)
{
    struct exec_image_query query;
    if (!exec_image_query(address_inside, &query)) {
        return;
    }
    struct exec_user_image *unused = NULL;
    (void)pthread_mutex_lock(&exec_image_lock);
    struct exec_user_image *image = exec_image_find(query.base, &unused);
    if (image != NULL && --image->count == 0) {
        exec_image_set(image, 0, 0);
    }
    (void)pthread_mutex_unlock(&exec_image_lock);
}

EXEC_NO_INSTRUMENT bool exec_user_image_contains(uintptr_t pc)
{
    /* Acquire: pairs with the release store of a new head in exec_user_image_add. */
    for (struct exec_user_image *at = atomic_load_explicit(&exec_images, memory_order_acquire); at != NULL;
         at = at->next) {
        uint32_t before = atomic_load_explicit(&at->version, memory_order_acquire); /* pairs with the even version */
        /* Acquire: the range before the second look at the version. */
        uintptr_t low = atomic_load_explicit(&at->low, memory_order_acquire);
        uintptr_t high = atomic_load_explicit(&at->high, memory_order_acquire);
        uint32_t after = atomic_load_explicit(&at->version, memory_order_relaxed);
        /* A range that is changing belongs to an image that is coming or going: nobody runs in it. */
        if (before == after && (before & 1u) == 0 && pc >= low && pc < high) {
            return true;
        }
    }
    return false;
}
