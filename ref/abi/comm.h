/* SPDX-License-Identifier: Apache-2.0 */
/*
 * comm: the record from which a kernel finds the windows of its communicator (host.md 1.12, R32).
 *
 * Written by the host when windows or a domain are made, read by kernels. Entries from rank_num on are zero.
 */
#ifndef ABI_COMM_H
#define ABI_COMM_H

#include "abi/layout.h"
#include "abi/limits.h"

PTO_BEGIN_DECLS

struct pto_comm_context {
    uint64_t workspace;                 /* address; 0: none */
    uint64_t workspace_size;            /* bytes */
    uint32_t rank_id;                   /* 0 .. rank_num - 1 */
    uint32_t rank_num;                  /* 1 .. 64 */
    uint64_t win_size;                  /* bytes of each window */
    uint64_t windows_in[PTO_MAX_RANKS]; /* address of each rank's window, as seen from here */
    uint64_t windows_out[PTO_MAX_RANKS];
};
PTO_ASSERT_SIZE(struct pto_comm_context, 1056);
PTO_ASSERT_FIELD(struct pto_comm_context, workspace, 0);
PTO_ASSERT_FIELD(struct pto_comm_context, workspace_size, 8);
PTO_ASSERT_FIELD(struct pto_comm_context, rank_id, 16);
PTO_ASSERT_FIELD(struct pto_comm_context, rank_num, 20);
PTO_ASSERT_FIELD(struct pto_comm_context, win_size, 24);
PTO_ASSERT_FIELD(struct pto_comm_context, windows_in, 32);
PTO_ASSERT_FIELD(struct pto_comm_context, windows_out, 544);

PTO_END_DECLS

#endif
