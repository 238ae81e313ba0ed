/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_link: how the AICPU takes the cores over at the start of a run and lets them go at its end (device.md 4.1, 4.2);
 * the same in every runtime.
 */
#ifndef AICPU_CORE_LINK_H
#define AICPU_CORE_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "abi/handshake.h"
#include "npu/registers.h"

#define CORE_LINK_TEXT_BYTES 128u /* room for the longest text below */

struct core_meeting {
    struct pto_handshake *workers;         /* of the runtime image; `task` is filled in where the runtime uses it */
    uint32_t count;                        /* cores of the run */
    const uint64_t *table;                 /* register base of each physical core */
    struct npu_register_block **registers; /* result, by worker */
    /* The bell of whoever owns the worker from now on. */
    _Atomic uint32_t *(*bell_of)(void *owners, uint32_t worker);
    void *owners;
};

/*
 * First thread: meets every core. Each is idle afterwards and rings its owner's bell. Returns 0; -1 when a core reports
 * an impossible id; -ETIMEDOUT; -ECANCELED; `text` says why. On failure every core has been told to leave and rings
 * nobody.
 */
int core_link_meet(const struct core_meeting *meeting, char *text, size_t capacity);

/* Before any meeting: tells every core that the run does not take place. */
void core_link_dismiss(struct pto_handshake *workers, uint32_t count);

/*
 * An owner's last act: tells its cores to leave, and waits on its bell until they have. A core that is still in a
 * kernel leaves after it; how long that may take is R33's business. A core that is gone for good is given up after the
 * sync limit. Returns 0; -ECANCELED; -ETIMEDOUT; `text` says why.
 */
int core_link_release(struct npu_register_block *const *registers, uint32_t count, _Atomic uint32_t *bell, char *text,
                      size_t capacity);

#endif
