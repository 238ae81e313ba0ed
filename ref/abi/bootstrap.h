/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bootstrap: what the host program and the bootstrap dispatcher agree on (host.md 4.3, R16).
 *
 * A driver starts AICPU programs by name from files in the device's kernel directory. The dispatcher is a program that
 * the driver can start from memory; launched once, it writes the AICPU program of the runtime into that directory under
 * a name that says which program and which device it is for.
 */
#ifndef ABI_BOOTSTRAP_H
#define ABI_BOOTSTRAP_H

#include <stdio.h>

#include "abi/kernel_args.h"

PTO_BEGIN_DECLS

#define PTO_BOOTSTRAP_DIRECTORY "/usr/lib64/aicpu_kernels/0/aicpu_kernels_device"
#define PTO_BOOTSTRAP_INIT_SYMBOL "DynTileFwkKernelServerInit"
#define PTO_BOOTSTRAP_INIT_FUNCTION "DynTileFwkBackendKernelServerInit"
#define PTO_BOOTSTRAP_SO_NAME "libaicpu_extend_kernels.so"
#define PTO_BOOTSTRAP_OP_NAME "AST_DYN_AICPU"
#define PTO_BOOTSTRAP_NAME_BYTES 96u

/* The argument block of the bootstrap launch; device_args of `args` is a struct pto_bootstrap_args. */
struct pto_bootstrap_launch {
    struct pto_kernel_args_a2a3 args;
    uint8_t reserved[64]; /* the driver's kernel arguments are 208 bytes long */
    char kernel_name[32];
    char so_name[32];
    char op_name[32];
};
PTO_ASSERT_SIZE(struct pto_bootstrap_launch, 304);
PTO_ASSERT_FIELD(struct pto_bootstrap_launch, kernel_name, 208);
PTO_ASSERT_FIELD(struct pto_bootstrap_launch, so_name, 240);
PTO_ASSERT_FIELD(struct pto_bootstrap_launch, op_name, 272);

/* Both architectures have device_args at the same place, which is all that the dispatcher reads. */
PTO_STATIC_ASSERT(offsetof(struct pto_kernel_args_a2a3, device_args) ==
                      offsetof(struct pto_kernel_args_a5, device_args),
                  "one dispatcher serves both architectures");

/*
 * File name of a program in the kernel directory. `twin` is 0 but for programs whose fingerprint another program on the
 * same device has already, which are counted from 1 (R6: a fingerprint is no equality).
 */
static inline void pto_bootstrap_name(char name[PTO_BOOTSTRAP_NAME_BYTES], uint64_t fingerprint, uint64_t device_id,
                                      uint64_t twin)
{
    if (twin == 0) {
        (void)snprintf(name, PTO_BOOTSTRAP_NAME_BYTES, "simpler_inner_%016llx_%llu.so", (unsigned long long)fingerprint,
                       (unsigned long long)device_id);
    } else {
        (void)snprintf(name, PTO_BOOTSTRAP_NAME_BYTES, "simpler_inner_%016llx_%llu_%llu.so",
                       (unsigned long long)fingerprint, (unsigned long long)device_id, (unsigned long long)twin);
    }
}

PTO_END_DECLS

#endif
