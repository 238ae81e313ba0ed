/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/model/runtime_client.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "harness/program/artefacts.h"

#ifdef TOUCHSTONE_FUZZ
#define RUNTIME_CLIENT_STAYS RTLD_NODELETE /* counters of an unloaded library crash libFuzzer */
#else
#define RUNTIME_CLIENT_STAYS 0
#endif

static int runtime_client_resolve(struct runtime_client *client, char *error, size_t error_capacity)
{
    /* A function pointer cannot be assigned from void * in strict C; its bytes can. */
#define RESOLVE(name)                                                      \
    {                                                                      \
        void *symbol = dlsym(client->library, #name);                      \
        if (symbol == NULL) {                                              \
            (void)snprintf(error, error_capacity, "%s is missing", #name); \
            return -ENOENT;                                                \
        }                                                                  \
        memcpy(&client->api.name, &symbol, sizeof(symbol));                \
    }
    PTO_RUNTIME_C_API_NAMES(RESOLVE)
#undef RESOLVE
    void *symbol = dlsym(client->library, PTO_DEBUG_API_SYMBOL);
    pto_debug_api_function *debug_api = NULL;
    memcpy(&debug_api, &symbol, sizeof(symbol));
    client->debug = debug_api != NULL ? debug_api() : NULL;
    return 0;
}

static int runtime_client_read(const char *path, void **bytes, size_t *size, char *error, size_t error_capacity)
{
    int result = os_read_file("runtime_client.image", path, bytes, size);
    if (result != 0) {
        (void)snprintf(error, error_capacity, "cannot read %s: %s", path, strerror(-result));
    }
    return result;
}

/* The programs that simpler_init is given: both device programs, and onboard the one that brings them up. */
static int runtime_client_read_programs(struct runtime_client *client, const char *artefacts,
                                        const struct variant *variant, char *error, size_t error_capacity)
{
    char aicpu[PATH_MAX];
    char aicore[PATH_MAX];
    char dispatcher[PATH_MAX];
    if (artefacts_path(aicpu, sizeof(aicpu), artefacts, "libaicpu_%s_%s.so", variant->arch, variant->runtime) != 0 ||
        artefacts_path(aicore, sizeof(aicore), artefacts, "libaicore_%s_%s.so", variant->arch, variant->runtime) != 0 ||
        artefacts_path(dispatcher, sizeof(dispatcher), artefacts, ARTEFACTS_DISPATCHER) != 0) {
        (void)snprintf(error, error_capacity, "the path of the build's products is too long");
        return -ENAMETOOLONG;
    }
    int result = runtime_client_read(aicpu, &client->aicpu, &client->aicpu_size, error, error_capacity);
    if (result == 0) {
        result = runtime_client_read(aicore, &client->aicore, &client->aicore_size, error, error_capacity);
    }
    if (result == 0 && strcmp(variant->platform, "onboard") == 0) {
        result = runtime_client_read(dispatcher, &client->dispatcher, &client->dispatcher_size, error, error_capacity);
    }
    return result;
}

int runtime_client_open(struct runtime_client *client, const char *artefacts, const struct variant *variant,
                        char *error, size_t error_capacity)
{
    char path[PATH_MAX];
    memset(client, 0, sizeof(*client));
    if (artefacts_host_runtime(path, sizeof(path), artefacts, variant->arch, variant->runtime, variant->platform) !=
        0) {
        (void)snprintf(error, error_capacity, "the path of the build's products is too long");
        return -ENAMETOOLONG;
    }
    client->library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RUNTIME_CLIENT_STAYS);
    if (client->library == NULL) {
        (void)snprintf(error, error_capacity, "%s", dlerror());
        return -ENOENT;
    }
    int result = runtime_client_resolve(client, error, error_capacity);
    if (result == 0) {
        result = runtime_client_read_programs(client, artefacts, variant, error, error_capacity);
    }
    if (result == 0) {
        client->runtime_buffer = malloc(client->api.get_runtime_size());
        result = client->runtime_buffer != NULL ? 0 : -ENOMEM;
    }
    if (result != 0) {
        runtime_client_close(client);
    }
    return result;
}

void runtime_client_close(struct runtime_client *client)
{
    free(client->runtime_buffer);
    free(client->dispatcher);
    free(client->aicore);
    free(client->aicpu);
    if (client->library != NULL) {
        (void)dlclose(client->library);
    }
    memset(client, 0, sizeof(*client));
}

int runtime_client_init(const struct runtime_client *client, void *context, int device_id)
{
    return client->api.simpler_init(context, device_id, client->aicpu, client->aicpu_size, client->aicore,
                                    client->aicore_size, client->dispatcher, client->dispatcher_size);
}

int runtime_client_run(const struct runtime_client *client, void *context, int32_t callable_id,
                       const struct pto_chip_args *args, int block_dim, int threads)
{
    return client->api.run_prepared(context, client->runtime_buffer, callable_id, args, block_dim, threads, 0, 0, 0, 0,
                                    "", NULL);
}
