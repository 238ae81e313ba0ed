/* SPDX-License-Identifier: Apache-2.0 */
/* trb: ids count a core's dispatches and select one of its two payloads by parity. */
#include "aicore/call.h"

#include "abi/dispatch.h"

struct aicore_call aicore_find_call(const void *image, const struct pto_handshake *handshake, uint32_t id)
{
    (void)image;
    struct pto_dispatch_payload *payloads = (struct pto_dispatch_payload *)(uintptr_t)handshake->task;
    struct pto_dispatch_payload *payload = &payloads[id & 1u];
    return (struct aicore_call){.function = payload->function_addr, .args = (int64_t *)(void *)payload->args};
}
