/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout: the few words that let one header be both C11 and C++17 and prove its own layout.
 *
 * Every struct under abi/ states its offsets and its size with PTO_ASSERT_FIELD and PTO_ASSERT_SIZE right behind its
 * definition: a change of layout is a compile error in whatever includes the header (R1).
 */
#ifndef ABI_LAYOUT_H
#define ABI_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define PTO_STATIC_ASSERT(condition, text) static_assert(condition, text)
#define PTO_ALIGNOF(type) alignof(type)
#define PTO_BEGIN_DECLS extern "C" {
#define PTO_END_DECLS }
/* C++ sees shared words as plain integers: it describes the layout and does not take part in the protocol. */
#define PTO_ATOMIC(type) type
#else
#define PTO_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#define PTO_ALIGNOF(type) _Alignof(type)
#define PTO_BEGIN_DECLS
#define PTO_END_DECLS
#define PTO_ATOMIC(type) _Atomic(type)
#endif

#define PTO_ALIGNED(bytes) __attribute__((aligned(bytes)))
#define PTO_PACKED __attribute__((packed))
#define PTO_EXPORT __attribute__((visibility("default")))
#define PTO_HIDDEN __attribute__((visibility("hidden")))
#define PTO_PRINTF(format_index, first_index) __attribute__((format(printf, format_index, first_index)))

#define PTO_ASSERT_SIZE(type, bytes) PTO_STATIC_ASSERT(sizeof(type) == (bytes), "size of " #type)
#define PTO_ASSERT_ALIGN(type, bytes) PTO_STATIC_ASSERT(PTO_ALIGNOF(type) == (bytes), "alignment of " #type)
#define PTO_ASSERT_FIELD(type, field, offset) \
    PTO_STATIC_ASSERT(offsetof(type, field) == (offset), "offset of " #field " in " #type)

PTO_STATIC_ASSERT(sizeof(void *) == 8 && sizeof(size_t) == 8, "the wire layouts are LP64");
PTO_STATIC_ASSERT(sizeof(bool) == 1, "bool is one byte in every layout");
PTO_STATIC_ASSERT(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the wire layouts are little-endian");

#endif
