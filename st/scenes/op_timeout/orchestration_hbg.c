/* SPDX-License-Identifier: Apache-2.0 */
/* op_timeout as a graph: one task on a matrix core that never ends. Argument: y (OUT). */
#include "st/scenes/graph.h"

int build_graph(struct pto_graph_handle *rt, const struct pto_chip_args *args)
{
    uint64_t y = 0;
    return graph_upload_all(rt, args, 1, 0, &y) == 0 && pto_graph_add_task(rt, &y, 1, 0, PTO_CORE_AIC) == 0 ? 0 : -1;
}
