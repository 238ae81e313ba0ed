/* SPDX-License-Identifier: Apache-2.0 */
#include "host/callable_table.h"

#include "base/log.h"
#include "host/context.h"
#include "host/platform/memory.h"
#include "host/platform/platform.h"
#include "host/runtime/runtime.h"

/* The ledger names the callable of a buffer only while exactly one has a lease of it. */
static void callable_update_ledger(struct host_context *context, const struct chip_buffer *chip)
{
    int owner = -1;
    for (int32_t i = 0; i < PTO_MAX_CALLABLE_IDS && chip->leases == 1; i++) {
        if (context->callables.entries[i].chip == chip) {
            owner = i;
        }
    }
    platform_memory_set_callable(context, chip->device, owner);
}

int callable_prepare(struct host_context *context, int32_t callable_id, const void *image)
{
    struct callable *entry = &context->callables.entries[callable_id];
    if (entry->chip != NULL) {
        return host_error(context, -1, "callable_id %d is registered already; unregister it first", callable_id);
    }
    if (image == NULL) {
        return host_error(context, -1, "callable_id %d: callable must not be null", callable_id);
    }
    struct chip_image view;
    struct error_text text = {0};
    if (chip_image_parse_unsized(image, &view, &text) != 0) {
        return host_error(context, -1, "callable_id %d: not a ChipCallable: %s", callable_id, text.text);
    }
    if (runtime_check_callable(context, &view) != 0) {
        return -1;
    }
    struct chip_buffer *chip = NULL;
    if (chip_buffer_acquire(context, &view, callable_id, &chip) != 0) {
        return -1;
    }
    struct runtime_callable *opened = NULL;
    if (runtime_open_callable(context, callable_id, chip, &opened) != 0) {
        chip_buffer_release(context, chip);
        return -1;
    }
    *entry = (struct callable){.chip = chip, .opened = opened, .on_aicpu = false};
    context->callables.count++;
    callable_update_ledger(context, chip);
    return 0;
}

int callable_unregister(struct host_context *context, int32_t callable_id)
{
    struct callable *entry = &context->callables.entries[callable_id];
    struct chip_buffer *chip = entry->chip;
    if (chip == NULL) {
        return 0;
    }
    bool shared = chip->leases > 1;
    runtime_close_callable(context, entry->opened);
    *entry = (struct callable){0};
    context->callables.count--;
    /* A launch that fails leaves the request with the device, which serves it before the next run (R9). */
    if (platform_unload_callable(context, callable_id) != 0) {
        log_message(LOG_LEVEL_WARN, "host", "callable_id %d: its AICPU handle stays open until the next launch: %s",
                    callable_id, context->error);
        context->error[0] = '\0';
    }
    chip_buffer_release(context, chip);
    if (shared) {
        callable_update_ledger(context, chip);
    }
    if (context->callables.count == 0) {
        staging_release(context);
    }
    return 0;
}

void callable_clear(struct host_context *context)
{
    for (int32_t i = 0; i < PTO_MAX_CALLABLE_IDS; i++) {
        struct callable *entry = &context->callables.entries[i];
        if (entry->chip != NULL) {
            runtime_close_callable(context, entry->opened);
            chip_buffer_release(context, entry->chip);
        }
        *entry = (struct callable){0};
    }
    context->callables.count = 0;
}

void callable_forget_loaded(struct callable_table *table)
{
    for (int32_t i = 0; i < PTO_MAX_CALLABLE_IDS; i++) {
        table->entries[i].on_aicpu = false;
    }
}
