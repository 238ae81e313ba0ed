/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/waits.h"

#include "exec/processor.h"

EXEC_NO_TSAN static void exec_waits_count(struct exec_shared *shared, uint32_t bucket, bool more)
{
    /* Relaxed, one OS thread: atomic only because the threads engine shares the type. */
    uint32_t count = atomic_load_explicit(&shared->waiting[bucket], memory_order_relaxed);
    atomic_store_explicit(&shared->waiting[bucket], more ? count + 1u : count - 1u, memory_order_relaxed);
}

EXEC_NO_TSAN void exec_waits_add(struct exec_waits *waits, struct exec_shared *shared, struct exec_processor *processor)
{
    uint32_t bucket = exec_bucket(processor->wait.word);
    struct exec_processor *last = waits->last[bucket];
    processor->wait.before = last;
    processor->wait.after = NULL;
    if (last == NULL) {
        waits->first[bucket] = processor;
    } else {
        last->wait.after = processor;
    }
    waits->last[bucket] = processor;
    exec_waits_count(shared, bucket, true);
}

EXEC_NO_TSAN void exec_waits_remove(struct exec_waits *waits, struct exec_shared *shared,
                                    struct exec_processor *processor)
{
    uint32_t bucket = exec_bucket(processor->wait.word);
    struct exec_processor *before = processor->wait.before;
    struct exec_processor *after = processor->wait.after;
    if (before == NULL) {
        waits->first[bucket] = after;
    } else {
        before->wait.after = after;
    }
    if (after == NULL) {
        waits->last[bucket] = before;
    } else {
        after->wait.before = before;
    }
    exec_waits_count(shared, bucket, false);
}

EXEC_NO_TSAN struct exec_processor *exec_waits_find(struct exec_waits *waits, _Atomic uint32_t *word,
                                                    struct exec_processor *from)
{
    struct exec_processor *at = from != NULL ? from->wait.after : waits->first[exec_bucket(word)];
    /* Relaxed: the waiter itself loads the word again with acquire before it goes on. */
    while (at != NULL && (at->wait.word != word || atomic_load_explicit(word, memory_order_relaxed) == at->wait.seen)) {
        at = at->wait.after;
    }
    return at;
}
