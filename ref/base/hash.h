/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash: 64-bit hashes of bytes. Both are pure functions, thread safe, and accept NULL when `size` is 0.
 *
 * hash_bytes is fast (XXH3) and for looking things up by content; equality is always decided by comparing the bytes
 * (R6). hash_fnv1a is the FNV-1a 64 that the Build-ID key falls back to (host.md 4.1); it names things in logs and
 * files.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(const void *bytes, size_t size);
uint64_t hash_fnv1a(const void *bytes, size_t size);

#endif
