/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_fixture: what the host program's tests share: callables packed from the stub fixtures, a context on the stub
 * device programs, and runs with two u32 tensors.
 */
#ifndef UT_HOST_FIXTURE_H
#define UT_HOST_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/debug_api.h"
#include "abi/runtime_c_api.h"
#include "abi/task_args.h"

#define FIXTURE_COUNT 16u

pto_debug_api_function pto_debug_api; /* the one export that has no prototype in abi/ */

struct fixture_image {
    void *bytes;
    size_t size;
};

/* The device programs that a folder's contexts get; each folder defines its own. Fixtures as for fixture_file. */
struct fixture_programs {
    const char *aicpu;
    const char *aicore;
    const char *dispatcher; /* NULL: none */
};
extern const struct fixture_programs fixture_programs;

struct fixture_kernel {
    const char *name; /* below fixtures/stub_user, without .so; with a slash: below fixtures */
    int32_t func_id;
};

/* What to pack. Signature entries default to IN, OUT when sig_count is 0. */
struct fixture_spec {
    const char *orchestration; /* likewise; NULL: "orchestration"; "" an empty one */
    const char *entry_name;
    struct fixture_kernel kernels[4];
    int32_t kernel_count;
    int32_t signature[8];
    int32_t sig_count; /* -1: an empty signature */
};

/* cmocka group or test setup and teardown: a context on device 0 as *state. */
int fixture_setup(void **state);
int fixture_teardown(void **state);
/* simpler_init with the folder's programs. */
int fixture_init(void *ctx, int device_id);
/* The bytes of a fixture file, for instance "stub_device/aicpu". Aborts when it is not there. */
struct fixture_image fixture_file(const char *name);

struct fixture_image fixture_pack(const struct fixture_spec *spec);
/* One kernel with func_id 0 and signature IN, OUT. */
struct fixture_image fixture_pack_kernel(const char *kernel);
void fixture_free(struct fixture_image *image);

/* Two tensors of FIXTURE_COUNT u32 and the scalars (count, command, value). */
struct fixture_args {
    uint32_t input[FIXTURE_COUNT];
    uint32_t output[FIXTURE_COUNT];
    struct pto_chip_args args;
};
void fixture_args_init(struct fixture_args *args, uint64_t command, int64_t value);
void fixture_add_u32(struct pto_chip_args *args, const void *data, uint32_t count, uint8_t child_memory);

/* run_prepared at one block with one thread. */
int fixture_run(void *ctx, int32_t callable_id, const struct pto_chip_args *args);

struct pto_statistics fixture_statistics(void *ctx);
const char *fixture_error(void *ctx);
/* Fails the nth call of a site with ENOMEM. */
void fixture_fail(const char *site, uint64_t nth);

#endif
