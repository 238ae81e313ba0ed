/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/hbg/run.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"

void hbg_run_reset(struct hbg_run *run)
{
    /* Relaxed: the gate publishes it. */
    atomic_store_explicit(&run->status, 0, memory_order_relaxed);
    atomic_store_explicit(&run->completed, 0, memory_order_relaxed);
    for (uint32_t i = 0; i < HBG_MAX_THREADS; i++) {
        atomic_store_explicit(&run->bells[i].word, 0, memory_order_relaxed);
        atomic_store_explicit(&run->bells[i].types, 0, memory_order_relaxed);
    }
    for (uint32_t type = 0; type < HBG_CORE_TYPES; type++) {
        hbg_ready_clear(&run->ready[type]);
    }
}

void hbg_latch(struct hbg_run *run, int32_t result, const char *format, ...)
{
    char text[sizeof(run->block->message)];
    int32_t latched = 0;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    /* Release: pairs with hbg_run_failed, for what the failing thread did before. */
    if (!atomic_compare_exchange_strong_explicit(&run->status, &latched, result, memory_order_acq_rel,
                                                 memory_order_relaxed)) {
        log_message(LOG_LEVEL_WARN, "aicpu", "code %d comes after latched code %d: %s", result, latched, text);
        return;
    }
    (void)snprintf(run->block->message, sizeof(run->block->message), "%s", text);
    run->image->report.status = result;
    log_message(LOG_LEVEL_WARN, "aicpu", "the run fails with %d: %s", result, text);
    hbg_run_ring_all(run);
}

void hbg_run_ring_all(struct hbg_run *run)
{
    for (uint32_t i = 0; i < run->threads; i++) {
        npu_bell_ring(&run->bells[i].word);
    }
}
