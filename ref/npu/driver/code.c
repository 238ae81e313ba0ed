/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels that execute from device memory: loaded by the core that first meets them (R35). */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/callable.h"
#include "base/os.h"
#include "npu/driver/state.h"

#define CODE_ENTRY "kernel_entry"
#define CODE_HOOKS "pto_sim_register_hooks"
#define CODE_DIRECTORY "/tmp"

#define CODE_CLIENTS 4u

struct code_image {
    struct code_image *next;
    uint64_t start; /* of the CoreCallable */
    uint64_t end;
    uint64_t dropped_at;            /* number of driver_next_number: runs with a higher one never meet it */
    uint64_t clients[CODE_CLIENTS]; /* serials of the sessions whose cores have met it ... */
    uint32_t client_count;          /* ... or UINT32_MAX: they are too many to tell */
    void *handle;
    void *entry; /* registered as user code */
};

struct code_store {
    struct npu_code code; /* first: npu_code pointers are store pointers */
    struct driver_device *device;
    struct code_image *images;
    struct code_image *dropped; /* not to be found any more, perhaps still executed */
};

typedef void code_register_hooks(void *sub_block_id, void *pipe_shared_state);

static struct code_store *code_store_of(struct npu_code *code)
{
    return (struct code_store *)(void *)code;
}

struct npu_code *driver_code_make(struct driver_device *device)
{
    struct code_store *store = os_zalloc("driver.code", sizeof(*store));
    if (store == NULL) {
        return NULL;
    }
    store->device = device;
    atomic_init(&store->code.epoch, 1);
    return &store->code;
}

static void code_image_close(struct code_image *image)
{
    if (image->entry != NULL) {
        exec_user_image_remove(image->entry);
    }
    os_close_image(image->handle);
    free(image);
}

static bool code_has_client(const struct code_image *image, uint64_t serial)
{
    bool has = image->client_count == UINT32_MAX;
    for (uint32_t i = 0; !has && i < image->client_count; i++) {
        has = image->clients[i] == serial;
    }
    return has;
}

static void code_add_client(struct code_image *image, uint64_t serial)
{
    if (code_has_client(image, serial)) {
        return;
    }
    if (image->client_count < CODE_CLIENTS) {
        image->clients[image->client_count++] = serial;
    } else {
        image->client_count = UINT32_MAX;
    }
}

/* A run of a session that has met the image may be executing it if it began before the image was dropped. */
static bool code_may_run(const struct driver_device *device, const struct code_image *image)
{
    const struct npu_driver_session *session = device->sessions;
    while (session != NULL &&
           (!session->running || session->run_number > image->dropped_at || !code_has_client(image, session->serial))) {
        session = session->next;
    }
    return session != NULL;
}

/* With clients that run all the time there is no moment without a run, so each image waits for its own runs only. */
void driver_code_sweep(struct npu_code *code)
{
    struct code_store *store = code_store_of(code);
    struct code_image **link = &store->dropped;
    while (*link != NULL) {
        struct code_image *image = *link;
        if (code_may_run(store->device, image)) {
            link = &image->next;
            continue;
        }
        *link = image->next;
        code_image_close(image);
    }
}

void driver_code_changed(struct npu_code *code, const void *address, uint64_t bytes)
{
    struct code_store *store = code_store_of(code);
    uint64_t start = (uintptr_t)address;
    uint64_t end = start + bytes; /* of one allocation, or of everything */
    bool changed = false;
    struct code_image **link = &store->images;
    while (*link != NULL) {
        struct code_image *image = *link;
        if (image->end <= start || end <= image->start) {
            link = &image->next;
            continue;
        }
        *link = image->next;
        image->next = store->dropped;
        image->dropped_at = driver_next_number();
        store->dropped = image;
        changed = true;
    }
    if (changed) {
        /* Release: pairs with npu_code_entry. */
        (void)atomic_fetch_add_explicit(&code->epoch, 1, memory_order_release);
        driver_code_sweep(code);
    }
}

void driver_code_free(struct npu_code *code)
{
    struct code_store *store = code_store_of(code);
    driver_code_changed(code, NULL, UINT64_MAX);
    while (store->dropped != NULL) {
        struct code_image *image = store->dropped;
        store->dropped = image->next;
        code_image_close(image);
    }
    free(store);
}

uint64_t driver_code_count(const struct npu_code *code)
{
    const struct code_store *store = (const struct code_store *)(const void *)code;
    uint64_t count = 0;
    for (const struct code_image *image = store->images; image != NULL; image = image->next) {
        count++;
    }
    for (const struct code_image *image = store->dropped; image != NULL; image = image->next) {
        count++;
    }
    return count;
}

void driver_code_list(const struct npu_code *code, struct driver_listing *listing)
{
    const struct code_store *store = (const struct code_store *)(const void *)code;
    const struct code_image *const lists[] = {store->images, store->dropped};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        for (const struct code_image *image = lists[i]; image != NULL; image = image->next) {
            driver_list(listing, &(struct pto_driver_object){.kind = PTO_DRIVER_KERNEL, .handle = image->start});
        }
    }
}

/* Kernels that ask for them get the identity and pipe services of npu/pipes.h. */
static void code_give_hooks(void *handle)
{
    code_register_hooks *hooks;
    void *symbol = dlsym(handle, CODE_HOOKS);
    memcpy(&hooks, &symbol, sizeof(hooks)); /* ISO C has no conversion between object and function pointers */
    if (symbol != NULL) {
        uint32_t (*sub_block_id)(void) = npu_sub_block_id;
        void *(*pipe_shared_state)(uint64_t, size_t) = npu_pipe_shared_state;
        void *services[2];
        memcpy(&services[0], &sub_block_id, sizeof(services[0]));
        memcpy(&services[1], &pipe_shared_state, sizeof(services[1]));
        hooks(services[0], services[1]);
    }
}

static int code_open(struct code_image *image, char text[DRIVER_TEXT_BYTES])
{
    char pattern[64];
    const uint8_t *bytes = (const uint8_t *)(uintptr_t)image->start + PTO_CORE_CALLABLE_BINARY_OFFSET;
    (void)snprintf(pattern, sizeof(pattern), "kernel_%ld_XXXXXX.so", (long)getpid());
    if (os_load_image("driver.kernel", CODE_DIRECTORY, pattern, bytes,
                      image->end - image->start - PTO_CORE_CALLABLE_BINARY_OFFSET, &image->handle, text,
                      DRIVER_TEXT_BYTES) != 0) {
        image->handle = NULL;
        return -1;
    }
    void *entry = dlsym(image->handle, CODE_ENTRY);
    if (entry == NULL || exec_user_image_add(entry) != 0) {
        (void)snprintf(text, DRIVER_TEXT_BYTES, "%s is absent, or is no code that can be watched", CODE_ENTRY);
        return -1;
    }
    image->entry = entry;
    code_give_hooks(image->handle);
    return 0;
}

/* The lock is held. NULL with text when there is no image at the address. */
static struct code_image *code_load(struct code_store *store, uint64_t address, char text[DRIVER_TEXT_BYTES])
{
    const uint64_t header = PTO_CORE_CALLABLE_BINARY_OFFSET;
    struct pto_core_callable callable;
    uint64_t start = address - header;
    if (address < header || !driver_holds(store->device, (const void *)(uintptr_t)start, header)) {
        (void)snprintf(text, DRIVER_TEXT_BYTES, "no CoreCallable lies before it in device memory");
        return NULL;
    }
    memcpy(&callable, (const void *)(uintptr_t)start, sizeof(callable));
    uint64_t end = address + callable.binary_size;
    if (callable.binary_size == 0 || !driver_holds(store->device, (const void *)(uintptr_t)start, end - start)) {
        (void)snprintf(text, DRIVER_TEXT_BYTES, "its %u bytes are not all in one piece of device memory",
                       callable.binary_size);
        return NULL;
    }
    struct code_image *image = os_zalloc("driver.kernel.record", sizeof(*image));
    if (image == NULL) {
        (void)snprintf(text, DRIVER_TEXT_BYTES, "no host memory");
        return NULL;
    }
    image->start = start;
    image->end = end;
    if (code_open(image, text) != 0) {
        code_image_close(image);
        return NULL;
    }
    image->next = store->images;
    store->images = image;
    store->device->counters.kernel_loads++;
    return image;
}

/* Only processors of a run have a place to load code from, and theirs is part of them. */
static const struct npu_driver_session *code_session_of(const struct npu_core_local *local)
{
    const uint8_t *processor = (const uint8_t *)local - offsetof(struct driver_processor, local);
    return ((const struct driver_processor *)(const void *)processor)->session;
}

uint64_t npu_code_load(struct npu_core_local *local, uint64_t address)
{
    struct code_store *store = code_store_of(local->code);
    char text[DRIVER_TEXT_BYTES] = "";
    driver_lock();
    struct code_image *image = store->images;
    while (image != NULL && image->start + PTO_CORE_CALLABLE_BINARY_OFFSET != address) {
        image = image->next;
    }
    if (image == NULL) {
        image = code_load(store, address, text);
    }
    uint64_t entry = image != NULL ? (uintptr_t)image->entry : 0;
    if (entry != 0) {
        code_add_client(image, code_session_of(local)->serial);
        local->slots[address / 64 % NPU_CODE_SLOTS] = (struct npu_code_slot){
            /* Relaxed: changed under the lock only. */
            .address = address,
            .entry = entry,
            .epoch = atomic_load_explicit(&local->code->epoch, memory_order_relaxed),
        };
    }
    driver_unlock();
    if (entry == 0) {
        exec_fail(EXEC_END_USER_FAULT, "no kernel can be loaded from 0x%llx: %s", (unsigned long long)address, text);
    }
    return entry;
}
