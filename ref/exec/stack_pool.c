/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/stack_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/fault.h"
#include "base/os.h"

#define EXEC_STACK_MIN_BYTES 65536u
#define EXEC_GUARD_BYTES 4096u
#define EXEC_STAGGER_BYTES 320u
#define EXEC_STAGGER_COUNT 12u
#define EXEC_STAGGER_ROOM_BYTES 4096u

uint32_t exec_stack_class(size_t bytes)
{
    uint32_t size_class = 0;
    while (size_class < EXEC_STACK_CLASSES && ((size_t)EXEC_STACK_MIN_BYTES << size_class) < bytes) {
        size_class++;
    }
    return size_class;
}

EXEC_NO_TSAN static int exec_stack_map(struct exec_stack_pool *pool, uint32_t size_class, struct exec_stack **stack)
{
    int result = -ENOMEM;
    struct exec_stack *made = os_zalloc("exec.stack_alloc", sizeof(*made));
    if (made == NULL) {
        return result;
    }
    size_t usable = (size_t)EXEC_STACK_MIN_BYTES << size_class;
    made->mapping_bytes = usable + EXEC_STAGGER_ROOM_BYTES + EXEC_GUARD_BYTES;
    result = os_map("exec.stack_map", made->mapping_bytes, &made->mapping);
    if (result != 0) {
        goto fail;
    }
    if (fault_hit("exec.stack_protect") != 0 || mprotect(made->mapping, EXEC_GUARD_BYTES, PROT_NONE) != 0) {
        result = -ENOMEM;
        goto fail;
    }
    /* Stacks whose tops all lie at the same page offset would fight for the same few cache sets at every switch. */
    size_t stagger = (size_t)(pool->made++ % EXEC_STAGGER_COUNT) * EXEC_STAGGER_BYTES;
    made->bottom = (char *)made->mapping + EXEC_GUARD_BYTES;
    made->bytes = usable + EXEC_STAGGER_ROOM_BYTES - stagger;
    made->size_class = size_class;
    made->dirty = true;
    made->valgrind_id = (unsigned)VALGRIND_STACK_REGISTER(made->bottom, made->bottom + made->bytes);
    *stack = made;
    return 0;
fail:
    os_unmap(made->mapping, made->mapping_bytes);
    free(made);
    return result;
}

EXEC_NO_TSAN int exec_stack_take(struct exec_stack_pool *pool, size_t bytes, struct exec_stack **stack)
{
    uint32_t size_class = exec_stack_class(bytes);
    if (size_class == EXEC_STACK_CLASSES) {
        return -ENOMEM;
    }
    struct exec_stack *pooled = pool->free[size_class];
    if (pooled == NULL) {
        return exec_stack_map(pool, size_class, stack);
    }
    pool->free[size_class] = pooled->next;
    *stack = pooled;
    return 0;
}

EXEC_NO_TSAN void exec_stack_give(struct exec_stack_pool *pool, struct exec_stack *stack)
{
    stack->next = pool->free[stack->size_class];
    pool->free[stack->size_class] = stack;
}

EXEC_NO_TSAN void exec_stack_pool_clear(struct exec_stack_pool *pool)
{
    for (uint32_t i = 0; i < EXEC_STACK_CLASSES; i++) {
        while (pool->free[i] != NULL) {
            struct exec_stack *stack = pool->free[i];
            pool->free[i] = stack->next;
            exec_context_drop(&stack->context);
            VALGRIND_STACK_DEREGISTER(stack->valgrind_id);
#if EXEC_ASAN
            __asan_unpoison_memory_region(stack->bottom, stack->bytes);
#endif
            os_unmap(stack->mapping, stack->mapping_bytes);
            free(stack);
        }
    }
}

EXEC_NO_TSAN void exec_stack_begin(struct exec_stack *stack, void (*entry)(struct exec_transfer arrived))
{
    if (stack->dirty) {
#if EXEC_ASAN
        __asan_unpoison_memory_region(stack->bottom, stack->bytes);
#endif
        exec_context_make(&stack->context, stack->bottom, stack->bytes, entry);
        stack->dirty = false;
    }
#if EXEC_ASAN
    __lsan_register_root_region(stack->bottom, stack->bytes);
#endif
}

EXEC_NO_TSAN void exec_stack_end(struct exec_stack *stack)
{
#if EXEC_ASAN
    __lsan_unregister_root_region(stack->bottom, stack->bytes);
#else
    (void)stack;
#endif
}

EXEC_NO_TSAN bool exec_stack_guards(const struct exec_stack *stack, const void *address)
{
    uintptr_t low = (uintptr_t)stack->mapping;
    return (uintptr_t)address >= low && (uintptr_t)address < low + EXEC_GUARD_BYTES;
}
