/* SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <string.h>

#include "base/fault.h"
#include "worker/chip_worker_state.h"

/* In fuzz builds a runtime stays mapped, since its coverage counters must not vanish (design section 2). */
#if defined(TOUCHSTONE_FUZZ)
#define LOAD_FLAGS (RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)
#else
#define LOAD_FLAGS (RTLD_NOW | RTLD_LOCAL)
#endif

static int load_symbol(struct chip_worker *worker, const char *name, void *slot)
{
    int fault = fault_hit("worker.dlsym");
    (void)dlerror();
    void *symbol = fault == 0 ? dlsym(worker->library, name) : NULL;
    if (symbol == NULL) {
        const char *reason = fault != 0 ? strerror(fault) : dlerror();
        return chip_worker_fail(worker, CHIP_WORKER_LOAD, "dlsym failed for '%s': %s", name,
                                reason != NULL ? reason : "it is NULL");
    }
    memcpy(slot, &symbol, sizeof(symbol)); /* ISO C has no conversion between object and function pointers */
    return 0;
}

static int load_all_symbols(struct chip_worker *worker)
{
    int result = 0;
#define LOAD_MEMBER(name)                                       \
    if (result == 0) {                                          \
        result = load_symbol(worker, #name, &worker->api.name); \
    }
    PTO_RUNTIME_C_API_NAMES(LOAD_MEMBER)
#undef LOAD_MEMBER
    return result;
}

/* R2: whoever does not have it, or has another version, is a plain T2 runtime. */
static void load_debug_api(struct chip_worker *worker)
{
    pto_debug_api_function *get;
    void *symbol = dlsym(worker->library, PTO_DEBUG_API_SYMBOL);
    worker->debug = NULL;
    if (symbol == NULL) {
        return;
    }
    memcpy(&get, &symbol, sizeof(get));
    const struct pto_debug_api *debug = get();
    if (debug != NULL && debug->version == PTO_DEBUG_API_VERSION && debug->size >= sizeof(*debug)) {
        worker->debug = debug;
    }
}

int chip_worker_open_library(struct chip_worker *worker, const char *path)
{
    int fault = fault_hit("worker.dlopen");
    worker->library = fault == 0 ? dlopen(path, LOAD_FLAGS) : NULL;
    if (worker->library == NULL && fault != 0) {
        return chip_worker_fail(worker, CHIP_WORKER_LOAD, "dlopen failed: %s: %s", path, strerror(fault));
    }
    if (worker->library == NULL) {
        const char *reason = dlerror(); /* names the path itself */
        return chip_worker_fail(worker, CHIP_WORKER_LOAD, "dlopen failed: %s", reason != NULL ? reason : path);
    }
    int result = load_all_symbols(worker);
    if (result != 0) {
        chip_worker_close_library(worker);
        return result;
    }
    load_debug_api(worker);
    return 0;
}

void chip_worker_close_library(struct chip_worker *worker)
{
    worker->api = (struct chip_worker_api){0};
    worker->debug = NULL;
    if (worker->library != NULL) {
        (void)dlclose(worker->library);
        worker->library = NULL;
    }
}
