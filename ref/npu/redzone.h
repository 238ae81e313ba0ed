/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redzone: tells AddressSanitizer and valgrind which simulated memory nobody may touch. Without either, both do
 * nothing.
 *
 * A poisoned range must be opened again before its memory goes back to where it came from.
 */
#ifndef NPU_REDZONE_H
#define NPU_REDZONE_H

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NPU_REDZONE_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define NPU_REDZONE_ASAN 1
#endif

#if defined(NPU_REDZONE_ASAN)
#include <sanitizer/asan_interface.h>
#endif
#if defined(__has_include)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define NPU_REDZONE_VALGRIND 1
#endif
#endif

static inline void npu_redzone_close(void *address, size_t bytes)
{
#if defined(NPU_REDZONE_ASAN)
    ASAN_POISON_MEMORY_REGION(address, bytes);
#elif defined(NPU_REDZONE_VALGRIND)
    (void)VALGRIND_MAKE_MEM_NOACCESS(address, bytes);
#else
    (void)address;
    (void)bytes;
#endif
}

/* The content counts as written afterwards. */
static inline void npu_redzone_open(void *address, size_t bytes)
{
#if defined(NPU_REDZONE_ASAN)
    ASAN_UNPOISON_MEMORY_REGION(address, bytes);
#elif defined(NPU_REDZONE_VALGRIND)
    (void)VALGRIND_MAKE_MEM_DEFINED(address, bytes);
#else
    (void)address;
    (void)bytes;
#endif
}

/* Memory that nobody wrote holds something all the same, and who reads it is not to blame. */
static inline void npu_redzone_define(const void *address, size_t bytes)
{
#if defined(NPU_REDZONE_VALGRIND) && !defined(NPU_REDZONE_ASAN)
    (void)VALGRIND_MAKE_MEM_DEFINED_IF_ADDRESSABLE(address, bytes);
#else
    (void)address;
    (void)bytes;
#endif
}

#endif
