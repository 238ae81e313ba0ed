/* SPDX-License-Identifier: Apache-2.0 */
/* hbg: an id is the index of a task, and the kernel gets the task's own arguments. */
#include "aicore/call.h"

#include "abi/hbg_runtime.h"

struct aicore_call aicore_find_call(const void *image, const struct pto_handshake *handshake, uint32_t id)
{
    (void)handshake;
    const struct hbg_runtime *runtime = image;
    struct pto_graph_task *task = (struct pto_graph_task *)(uintptr_t)runtime->tasks + id;
    return (struct aicore_call){.function = task->function_bin_addr, .args = (int64_t *)(void *)task->args};
}
