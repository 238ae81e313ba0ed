/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call_config: how one call is to be run, as clients pass it and as it lies in the mailbox (host.md 1.8).
 *
 * Packed plain bytes. The C ABI takes the same values as separate arguments.
 */
#ifndef ABI_CALL_CONFIG_H
#define ABI_CALL_CONFIG_H

#include <stdio.h>
#include <string.h>

#include "abi/layout.h"

PTO_BEGIN_DECLS

#define PTO_OUTPUT_PREFIX_MAX 1024 /* bytes of output_prefix, its NUL included */
#define PTO_DEFAULT_AICPU_THREADS 3

struct PTO_PACKED pto_call_config {
    int32_t block_dim;                         /* clusters; 0: as many as the device has */
    int32_t aicpu_thread_num;                  /* 1 .. the architecture's maximum */
    int32_t enable_l2_swimlane;                /* level 0..4 */
    int32_t enable_dump_tensor;                /* 0 or 1 */
    int32_t enable_pmu;                        /* 0: off; above 0: event type */
    int32_t enable_dep_gen;                    /* 0 or 1 */
    char output_prefix[PTO_OUTPUT_PREFIX_MAX]; /* directory for diagnostics files, NUL-terminated */
};
PTO_ASSERT_SIZE(struct pto_call_config, 1048);
PTO_ASSERT_ALIGN(struct pto_call_config, 1);
PTO_ASSERT_FIELD(struct pto_call_config, block_dim, 0);
PTO_ASSERT_FIELD(struct pto_call_config, aicpu_thread_num, 4);
PTO_ASSERT_FIELD(struct pto_call_config, enable_l2_swimlane, 8);
PTO_ASSERT_FIELD(struct pto_call_config, enable_dump_tensor, 12);
PTO_ASSERT_FIELD(struct pto_call_config, enable_pmu, 16);
PTO_ASSERT_FIELD(struct pto_call_config, enable_dep_gen, 20);
PTO_ASSERT_FIELD(struct pto_call_config, output_prefix, 24);

/* block_dim 0 (as many as there are), 3 AICPU threads, no diagnostics. */
static inline void pto_call_config_init(struct pto_call_config *config)
{
    memset(config, 0, sizeof(*config));
    config->aicpu_thread_num = PTO_DEFAULT_AICPU_THREADS;
}

/*
 * 0 when the config may be used; otherwise -1 with a text in `message` (NULL: no text): a diagnostic without
 * output_prefix (any non-zero flag counts as on, negative ones too; the text shows all four), or a prefix without a NUL
 * within its 1024 bytes (R4). Ranges of block_dim and threads depend on the architecture and are judged by the runtime.
 */
static inline int pto_call_config_validate(const struct pto_call_config *config, char *message, size_t capacity)
{
    if (memchr(config->output_prefix, 0, sizeof(config->output_prefix)) == NULL) {
        if (message != NULL) {
            (void)snprintf(message, capacity, "output_prefix is not terminated within %d bytes", PTO_OUTPUT_PREFIX_MAX);
        }
        return -1;
    }
    bool diagnostics = config->enable_l2_swimlane != 0 || config->enable_dump_tensor != 0 || config->enable_pmu != 0 ||
                       config->enable_dep_gen != 0;
    if (diagnostics && config->output_prefix[0] == 0) {
        if (message != NULL) {
            (void)snprintf(message, capacity,
                           "diagnostics need an output_prefix: enable_l2_swimlane=%d enable_dump_tensor=%d "
                           "enable_pmu=%d enable_dep_gen=%d",
                           config->enable_l2_swimlane, config->enable_dump_tensor, config->enable_pmu,
                           config->enable_dep_gen);
        }
        return -1;
    }
    return 0;
}

PTO_END_DECLS

#endif
