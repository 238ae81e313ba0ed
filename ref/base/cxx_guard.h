/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cxx_guard: the boundary that no C++ exception of user code crosses (R23).
 *
 * Leaving `entry` by longjmp, by abandoning its stack, or by a forced unwind (thread cancellation) passes through
 * untouched: the guard holds nothing that would need a destructor.
 */
#ifndef BASE_CXX_GUARD_H
#define BASE_CXX_GUARD_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Calls entry(argument). Returns 0, or -1 when an exception reached the guard; then `what` (NULL with capacity 0
 * allowed) holds its what(), or "unknown exception" for types that are no std::exception, truncated to fit.
 */
int cxx_guard_call(void (*entry)(void *), void *argument, char *what, size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
