/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blob: what the writer writes, the reader reads back byte for byte; and any bytes at all are read inside their
 * capacity, and accepted or rejected exactly as host.md 1.7 and R4 say.
 */
#include "base/blob.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "harness/choice/unwatched.h"
#include "harness/property/guarded.h"
#include "harness/property/property.h"

UNWATCHED_BEGIN

#define BLOB_ROOM (BLOB_MAX_BYTES + 64u)
#define MAX_DRAWN 4 /* tensors and scalars that are drawn in full; further ones are made from their neighbours */

struct blob_case {
    struct guarded written;
    struct guarded read;
    struct pto_continuous_tensor tensors[PTO_CHIP_MAX_TENSOR_ARGS];
    uint64_t scalars[PTO_CHIP_MAX_SCALAR_ARGS];
    struct pto_chip_args args;
};

static void blob_teardown(struct property_context *context)
{
    struct blob_case *state = context->state;
    if (state != NULL) {
        guarded_close(&state->written);
        guarded_close(&state->read);
    }
    free(state);
    context->state = NULL;
}

static int blob_setup(struct property_context *context)
{
    struct blob_case *state = calloc(1, sizeof(*state));
    context->state = state;
    if (state == NULL || guarded_open(&state->written, BLOB_ROOM) != 0 || guarded_open(&state->read, BLOB_ROOM) != 0) {
        blob_teardown(context);
        return -property_fail(context, "no memory");
    }
    return 0;
}

/* The model of R4 for one tensor, in arithmetic that cannot overflow. */
static bool model_tensor_is_possible(const struct pto_continuous_tensor *tensor)
{
    static const uint8_t sizes[] = {4, 2, 4, 2, 1, 1, 2, 8, 8, 2, 4};
    if (tensor->ndims < 1 || tensor->ndims > 5 || tensor->dtype > 10) {
        return false;
    }
    /* Factors are below 2^32 and nothing is multiplied further once it is above 2^64: 96 bits are enough. */
    unsigned __int128 bytes = sizes[tensor->dtype];
    bool empty = false;
    for (uint32_t i = 0; i < tensor->ndims; i++) {
        empty = empty || tensor->shapes[i] == 0;
        bytes *= bytes <= UINT64_MAX ? tensor->shapes[i] : 1;
    }
    return empty || bytes <= UINT64_MAX;
}

static int model_counts(int64_t tensors, int64_t scalars, size_t capacity)
{
    if (tensors < 0 || scalars < 0) {
        return -EINVAL;
    }
    if (tensors > 128 || scalars > 128) {
        return -E2BIG;
    }
    return (uint64_t)(8 + 40 * tensors + 8 * scalars) > capacity ? -EMSGSIZE : 0;
}

static uint32_t draw_extent(struct choice *choice)
{
    return choice_below(choice, 4) != 3 ? (uint32_t)choice_below(choice, 16) + 1 : (uint32_t)choice_edge(choice);
}

/* Mostly possible tensors; every byte of the 40 is drawn, so that none can be lost unnoticed. */
static void draw_tensor(struct choice *choice, struct pto_continuous_tensor *tensor)
{
    bool odd = choice_below(choice, 16) == 15;
    tensor->ndims = odd ? (uint32_t)choice_edge(choice) : (uint32_t)choice_below(choice, 5) + 1;
    for (uint32_t i = 0; i < 5; i++) {
        tensor->shapes[i] = i < tensor->ndims ? draw_extent(choice) : 0xdeadbeefu;
    }
    tensor->data = choice_u64(choice);
    tensor->dtype = (uint8_t)choice_below(choice, odd ? 256 : 11);
    tensor->child_memory = (uint8_t)choice_below(choice, 256);
    choice_bytes(choice, tensor->reserved, sizeof(tensor->reserved));
}

/* A tensor of rank 1, quick to judge, that differs from its neighbour in the bytes that nothing restricts. */
static void vary_tensor(const struct pto_continuous_tensor *neighbour, struct pto_continuous_tensor *tensor)
{
    *tensor = *neighbour;
    tensor->data = tensor->data * 3 + 1;
    tensor->ndims = 1;
    tensor->child_memory = (uint8_t)(tensor->child_memory + 5);
    tensor->reserved[5]++;
}

static int32_t draw_count(struct choice *choice)
{
    static const int32_t special[] = {128, 129, -1, INT32_MIN, INT32_MAX, 4};
    uint64_t kind = choice_below(choice, 256);
    return kind < 250 ? (int32_t)(kind % 4) : special[kind - 250];
}

/* Compares the blob with the layout of host.md 1.7, spelled out. */
static int check_layout(struct property_context *context, const uint8_t *bytes, const struct pto_task_args_view *args)
{
    uint32_t counts[2] = {(uint32_t)args->tensor_count, (uint32_t)args->scalar_count};
    size_t tensor_bytes = 40 * (size_t)args->tensor_count;
    PROPERTY_REQUIRE(context, memcmp(bytes, counts, 8) == 0, "the blob does not start with its counts %u and %u",
                     counts[0], counts[1]);
    PROPERTY_REQUIRE(context, memcmp(bytes + 8, args->tensors, tensor_bytes) == 0,
                     "%u tensors were not written byte for byte", counts[0]);
    PROPERTY_REQUIRE(context, memcmp(bytes + 8 + tensor_bytes, args->scalars, 8 * (size_t)counts[1]) == 0,
                     "%u scalars were not written byte for byte", counts[1]);
    return 0;
}

/* Finds the byte that tells two lists of tensors apart. */
static int check_tensors(struct property_context *context, const uint8_t *sent, const void *tensors, size_t count)
{
    const uint8_t *arrived = tensors;
    if (memcmp(sent, arrived, 40 * count) == 0) {
        return 0;
    }
    size_t byte = 0;
    while (arrived[byte] == sent[byte]) {
        byte++;
    }
    return property_fail(context, "tensor %zu: byte %zu was sent as %u and arrived as %u", byte / 40, byte % 40,
                         sent[byte], arrived[byte]);
}

/* The accessors and the fixed block against the bytes that were read. */
static int check_view(struct property_context *context, struct blob_case *state, const struct blob_view *view,
                      const uint8_t *bytes)
{
    struct pto_chip_args *args = &state->args;
    const uint8_t *scalars = bytes + 8 + 40 * (size_t)view->tensor_count;
    blob_to_chip_args(view, args);
    PROPERTY_REQUIRE(context, args->tensor_count == view->tensor_count && args->scalar_count == view->scalar_count,
                     "counts %d and %d became %d and %d", view->tensor_count, view->scalar_count, args->tensor_count,
                     args->scalar_count);
    int failed = check_tensors(context, bytes + 8, args->tensors, (size_t)view->tensor_count);
    for (int32_t i = 0; failed == 0 && i < view->tensor_count; i += view->tensor_count / 4 + 1) {
        struct pto_continuous_tensor tensor;
        blob_tensor(view, i, &tensor);
        failed = check_tensors(context, bytes + 8 + 40 * (size_t)i, &tensor, 1);
    }
    PROPERTY_REQUIRE(context, failed != 0 || memcmp(args->scalars, scalars, 8 * (size_t)view->scalar_count) == 0,
                     "%d scalars did not arrive byte for byte", view->scalar_count);
    for (int32_t i = 0; failed == 0 && i < view->scalar_count; i += view->scalar_count / 4 + 1) {
        uint64_t scalar = blob_scalar(view, i);
        PROPERTY_REQUIRE(context, memcmp(&scalar, scalars + 8 * (size_t)i, 8) == 0, "scalar %d was read as 0x%lx", i,
                         scalar);
    }
    /* The largest blocks take most of the time and are no different; blob_test checks one. */
    bool checked = failed == 0 && view->tensor_count <= MAX_DRAWN;
    struct error_text error = {""};
    PROPERTY_REQUIRE(context, !checked || chip_args_check(args, &error) == 0,
                     "a block from a good blob is rejected: %s", error.text);
    return failed;
}

/* Reads `bytes` where they end at the guard page, and judges the reader by the model. */
static int check_read(struct property_context *context, struct blob_case *state, const uint8_t *bytes, size_t capacity)
{
    int32_t counts[2] = {0, 0};
    int expected = -EMSGSIZE;
    if (capacity >= 8) {
        memcpy(counts, bytes, 8);
        expected = model_counts(counts[0], counts[1], capacity);
    }
    for (int32_t i = 0; expected == 0 && i < counts[0]; i++) {
        struct pto_continuous_tensor tensor;
        memcpy(&tensor, bytes + 8 + 40 * (size_t)i, sizeof(tensor));
        expected = model_tensor_is_possible(&tensor) ? 0 : -EINVAL;
    }
    struct blob_view view = {0};
    struct error_text error = {""};
    int result = blob_read(bytes, capacity, &view, &error);
    property_trace(context, "read %d tensors and %d scalars in %zu bytes: %d %s", counts[0], counts[1], capacity,
                   result, error.text);
    PROPERTY_REQUIRE(context, result == expected, "%d tensors and %d scalars in %zu bytes: code %d, expected %d: %s",
                     counts[0], counts[1], capacity, result, expected, error.text);
    PROPERTY_REQUIRE(context, (result != 0) == (strpbrk(error.text, "0123456789") != NULL),
                     "code %d comes with the text '%s'", result, error.text);
    PROPERTY_REQUIRE(context, result == 0 || view.tensors == NULL, "a rejected blob left a view");
    PROPERTY_REQUIRE(context, result != 0 || view.size <= capacity, "a view of %zu bytes in %zu", view.size, capacity);
    return result == 0 ? check_view(context, state, &view, bytes) : 0;
}

static int run_round_trip(struct choice *choice, struct property_context *context)
{
    struct blob_case *state = context->state;
    struct pto_task_args_view args = {.tensors = state->tensors, .scalars = state->scalars};
    args.tensor_count = draw_count(choice);
    args.scalar_count = draw_count(choice);
    bool possible = true;
    for (int32_t i = 0; i < args.tensor_count && i < PTO_CHIP_MAX_TENSOR_ARGS; i++) {
        if (i < MAX_DRAWN) {
            draw_tensor(choice, &state->tensors[i]);
        } else {
            vary_tensor(&state->tensors[i - 1], &state->tensors[i]);
        }
        possible = possible && model_tensor_is_possible(&state->tensors[i]);
    }
    for (int32_t i = 0; i < args.scalar_count && i < PTO_CHIP_MAX_SCALAR_ARGS; i++) {
        state->scalars[i] = i < MAX_DRAWN ? choice_u64(choice) : ~state->scalars[i - 1] + 3;
    }
    int expected = model_counts(args.tensor_count, args.scalar_count, SIZE_MAX);
    size_t needed = expected == 0 ? blob_size(args.tensor_count, args.scalar_count) : 8;
    size_t capacity = needed + choice_below(choice, 8);
    capacity -= choice_below(choice, 8) == 7 ? choice_range(choice, 1, 8) : 0;
    expected = expected == 0 && capacity < needed ? -EMSGSIZE : expected;
    expected = expected == 0 && !possible ? -EINVAL : expected;

    uint8_t *bytes = guarded_place(&state->written, capacity);
    size_t size = 0;
    struct error_text error = {""};
    int result = blob_write(&args, bytes, capacity, &size, &error);
    property_trace(context, "write %d tensors and %d scalars into %zu bytes: %d %s", args.tensor_count,
                   args.scalar_count, capacity, result, error.text);
    PROPERTY_REQUIRE(context, result == expected,
                     "writing %d tensors and %d scalars into %zu bytes: code %d, expected %d", args.tensor_count,
                     args.scalar_count, capacity, result, expected);
    if (result != 0) {
        return 0;
    }
    PROPERTY_REQUIRE(context, size == needed, "size %zu, expected %zu", size, needed);
    int failed = check_layout(context, bytes, &args);
    uint8_t *copy = guarded_place(&state->read, size);
    memcpy(copy, bytes, size);
    return failed != 0 ? failed : check_read(context, state, copy, size);
}

static int run_hostile(struct choice *choice, struct property_context *context)
{
    struct blob_case *state = context->state;
    int32_t counts[2] = {draw_count(choice), draw_count(choice)};
    if (choice_below(choice, 4) == 3) {
        counts[choice_below(choice, 2)] = (int32_t)choice_edge(choice);
    }
    size_t limit = BLOB_MAX_BYTES;
    size_t left = choice_left(choice);
    size_t capacity = choice_below(choice, 2) != 0 ? choice_below(choice, 128) : left < limit ? left : limit;
    uint8_t *bytes = guarded_place(&state->read, capacity);
    size_t header = capacity < 8 ? capacity : 8;
    memcpy(bytes, counts, header);
    choice_bytes(choice, bytes + header, capacity - header);
    return check_read(context, state, bytes, capacity);
}

static int blob_run(struct choice *choice, struct property_context *context)
{
    return choice_bool(choice) ? run_hostile(choice, context) : run_round_trip(choice, context);
}

const struct property property_blob = {
    .name = "blob",
    .summary = "argument blobs round-trip every byte, and any bytes are read inside their capacity or rejected rightly",
    .run = blob_run,
    .default_runs = 20000,
    .max_bytes = 256,
    .setup = blob_setup,
    .teardown = blob_teardown,
};

UNWATCHED_END
