/* SPDX-License-Identifier: Apache-2.0 */
/* waits_inline: what can be done with the buckets of waits.h. */
#ifndef EXEC_WAITS_INLINE_H
#define EXEC_WAITS_INLINE_H

#include "exec/processor.h"

EXEC_NO_TSAN static inline void exec_waits_count(struct exec_shared *shared, uint32_t bucket, bool more)
{
    uint32_t count = exec_private_load(&shared->waiting[bucket]);
    exec_private_store(&shared->waiting[bucket], more ? count + 1u : count - 1u);
}

/* Appends the processor, whose wait record is filled in. Counts it in shared->waiting. */
EXEC_NO_TSAN static inline void exec_waits_add(struct exec_waits *waits, struct exec_shared *shared,
                                               struct exec_processor *processor)
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

EXEC_NO_TSAN static inline void exec_waits_remove(struct exec_waits *waits, struct exec_shared *shared,
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

/*
 * The next processor after `from` (NULL: the first) in the bucket of `word` that waits for `word` and whose condition
 * holds now. NULL: no more.
 */
EXEC_NO_TSAN static inline struct exec_processor *exec_waits_find(struct exec_waits *waits, _Atomic uint32_t *word,
                                                                  struct exec_processor *from)
{
    struct exec_processor *at = from != NULL ? from->wait.after : waits->first[exec_bucket(word)];
    /* The waiter itself loads the word again with acquire before it goes on. */
    while (at != NULL && (at->wait.word != word || exec_private_load(word) == at->wait.seen)) {
        at = at->wait.after;
    }
    return at;
}

#endif
