/* SPDX-License-Identifier: Apache-2.0 */
/* Things that only C++ can do, for cxx_guard_test. Each is an entry for the guard. */
#ifndef UT_BASE_CXX_GUARD_THROW_H
#define UT_BASE_CXX_GUARD_THROW_H

#ifdef __cplusplus
extern "C" {
#endif

void throw_runtime_error(void *text);
void throw_number(void *unused);
/* Throws when its destructor of a local object has counted, so unwinding really ran. */
void throw_through_destructor(void *counter);

#ifdef __cplusplus
}
#endif

#endif
