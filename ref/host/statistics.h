/* SPDX-License-Identifier: Apache-2.0 */
/* statistics: the numbers of a context for the debug API, gathered when asked for and never kept up to date beside. */
#ifndef HOST_STATISTICS_H
#define HOST_STATISTICS_H

#include "abi/debug_api.h"

struct host_context;

/* Fills `statistics`, its `size` included. */
void statistics_gather(struct host_context *context, struct pto_statistics *statistics);

#endif
