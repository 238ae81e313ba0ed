/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data_type: element types, argument directions and argument tags, with their wire numbers (host.md 1.2-1.4).
 *
 * A code read from the wire is any integer; the functions here accept any integer and never index a table with it.
 */
#ifndef ABI_DATA_TYPE_H
#define ABI_DATA_TYPE_H

#include <string.h>

#include "abi/layout.h"

PTO_BEGIN_DECLS

enum pto_data_type { /* u8 on the wire */
                     PTO_FLOAT32 = 0,
                     PTO_FLOAT16 = 1,
                     PTO_INT32 = 2,
                     PTO_INT16 = 3,
                     PTO_INT8 = 4,
                     PTO_UINT8 = 5,
                     PTO_BFLOAT16 = 6,
                     PTO_INT64 = 7,
                     PTO_UINT64 = 8,
                     PTO_UINT16 = 9,
                     PTO_UINT32 = 10,
                     PTO_DATA_TYPE_COUNT = 11,
};

/* How a callable uses an argument; i32 in signatures. */
enum pto_arg_direction { PTO_SCALAR = 0, PTO_IN = 1, PTO_OUT = 2, PTO_INOUT = 3 };

/* How a task uses a tensor; i32 in struct pto_arg, never in a blob. */
enum pto_tensor_arg_type {
    PTO_ARG_INPUT = 0,
    PTO_ARG_OUTPUT = 1, /* allocated by the runtime from a create info */
    PTO_ARG_INOUT = 2,
    PTO_ARG_OUTPUT_EXISTING = 3, /* written as a whole, the previous content is not read */
    PTO_ARG_NO_DEP = 4,          /* depends on its creator only, publishes nothing */
};

/* Bytes of one element; 0 for a code that names no type. */
static inline uint32_t pto_data_type_bytes(uint32_t code)
{
    switch (code) {
    case PTO_INT8:
    case PTO_UINT8:
        return 1;
    case PTO_FLOAT16:
    case PTO_BFLOAT16:
    case PTO_INT16:
    case PTO_UINT16:
        return 2;
    case PTO_FLOAT32:
    case PTO_INT32:
    case PTO_UINT32:
        return 4;
    case PTO_INT64:
    case PTO_UINT64:
        return 8;
    default:
        return 0;
    }
}

/* "FLOAT32" ...; "UNKNOWN" for a code that names no type. Static storage. */
static inline const char *pto_data_type_name(uint32_t code)
{
    static const char *const names[PTO_DATA_TYPE_COUNT] = {"FLOAT32",  "FLOAT16", "INT32",  "INT16",  "INT8",  "UINT8",
                                                           "BFLOAT16", "INT64",   "UINT64", "UINT16", "UINT32"};
    return code < PTO_DATA_TYPE_COUNT ? names[code] : "UNKNOWN";
}

/* "SCALAR", "IN", "OUT", "INOUT", otherwise "UNKNOWN". Static storage. */
static inline const char *pto_arg_direction_name(int32_t direction)
{
    switch (direction) {
    case PTO_SCALAR:
        return "SCALAR";
    case PTO_IN:
        return "IN";
    case PTO_OUT:
        return "OUT";
    case PTO_INOUT:
        return "INOUT";
    default:
        return "UNKNOWN";
    }
}

/* Scalars travel as 64-bit words: the bit pattern of the typed value, zero-extended (1.0f is 0x3F800000). */
static inline uint64_t pto_scalar_from_f32(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static inline uint64_t pto_scalar_from_i32(int32_t value)
{
    return (uint32_t)value;
}

static inline float pto_scalar_to_f32(uint64_t word)
{
    uint32_t bits = (uint32_t)word;
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static inline int32_t pto_scalar_to_i32(uint64_t word)
{
    uint32_t bits = (uint32_t)word;
    int32_t value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

PTO_END_DECLS

#endif
