/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chip_image: a packed ChipCallable parses to what was packed; a spoilt one is accepted exactly when every rule of R4
 * still holds; and the parser never reads beyond the length it was given.
 */
#include "base/chip_image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "harness/choice/unwatched.h"
#include "harness/property/chip_image_model.h"
#include "harness/property/guarded.h"
#include "harness/property/property.h"

UNWATCHED_BEGIN

#define PATTERN_BYTES 512u
#define MAX_CHILDREN 6u
#define IMAGE_ROOM (PTO_CHIP_CALLABLE_STORAGE_OFFSET + (MAX_CHILDREN + 1) * (PATTERN_BYTES + 256u))

struct image_case {
    struct guarded guarded;
    uint8_t pattern[PATTERN_BYTES]; /* orchestrations and kernels are pieces of it */
    int32_t signature[PTO_CHIP_MAX_TENSOR_ARGS];
    int32_t child_signatures[MAX_CHILDREN][PTO_CORE_MAX_TENSOR_ARGS];
    struct chip_image_child_spec children[MAX_CHILDREN];
    char names[2][PTO_CALLABLE_NAME_MAX + 8];
};

static int chip_image_setup(struct property_context *context)
{
    struct image_case *state = calloc(1, sizeof(*state));
    context->state = state;
    if (state == NULL || guarded_open(&state->guarded, IMAGE_ROOM) != 0) {
        free(state);
        return -property_fail(context, "no memory");
    }
    uint64_t random = 1;
    for (size_t i = 0; i < PATTERN_BYTES; i++) {
        state->pattern[i] = (uint8_t)(choice_next_random(&random) | 1); /* never 0: padding must not look like code */
    }
    return 0;
}

static void chip_image_teardown(struct property_context *context)
{
    struct image_case *state = context->state;
    guarded_close(&state->guarded);
    free(state);
}

static const void *draw_code(struct choice *choice, const struct image_case *state, size_t *size)
{
    size_t start = choice_below(choice, 256);
    *size = choice_below(choice, 256);
    return state->pattern + start;
}

static int32_t draw_signature(struct choice *choice, int32_t *signature, uint64_t limit)
{
    uint64_t kind = choice_below(choice, 16);
    uint64_t count = kind < 14 ? kind % 4 : kind == 14 ? choice_below(choice, limit + 1) : limit;
    for (uint64_t i = 0; i < count; i++) {
        signature[i] = (int32_t)choice_below(choice, 4);
    }
    return (int32_t)count;
}

/* A name of any length up to beyond the limit; NULL sometimes. */
static const char *draw_name(struct choice *choice, char *name)
{
    size_t length = choice_below(choice, 8) != 7 ? choice_below(choice, 8) : choice_below(choice, 70);
    memset(name, 'a' + (int)choice_below(choice, 26), length);
    name[length] = '\0';
    return choice_below(choice, 8) == 7 ? NULL : name;
}

static void draw_spec(struct choice *choice, struct image_case *state, struct chip_image_spec *spec)
{
    *spec = (struct chip_image_spec){.signature = state->signature, .children = state->children};
    spec->child_count = (int32_t)choice_below(choice, MAX_CHILDREN + 1);
    spec->sig_count = draw_signature(choice, state->signature, PTO_CHIP_MAX_TENSOR_ARGS);
    spec->orchestration = draw_code(choice, state, &spec->orchestration_size);
    spec->func_name = draw_name(choice, state->names[0]);
    spec->config_name = draw_name(choice, state->names[1]);
    int32_t id = 0;
    for (int32_t i = 0; i < spec->child_count; i++) {
        struct chip_image_child_spec *child = &state->children[i];
        id += (int32_t)choice_below(choice, 170) + (i > 0); /* rising, so unique; six steps stay below 1024 */
        child->func_id = id;
        child->signature = state->child_signatures[i];
        child->sig_count = draw_signature(choice, state->child_signatures[i], PTO_CORE_MAX_TENSOR_ARGS);
        child->binary = draw_code(choice, state, &child->binary_size);
    }
}

static int check_name(struct property_context *context, const char *found, const char *packed)
{
    const char *name = packed != NULL ? packed : "";
    size_t length = strlen(name) < 63 ? strlen(name) : 63;
    PROPERTY_REQUIRE(context, strlen(found) == length && memcmp(found, name, length) == 0,
                     "name '%s' came back as '%s'", name, found);
    return 0;
}

static int check_child(struct property_context *context, const struct chip_image *image, int32_t index,
                       const struct chip_image_child_spec *spec)
{
    struct chip_image_child child;
    chip_image_child(image, index, &child);
    PROPERTY_REQUIRE(context,
                     child.func_id == spec->func_id && child.binary_size == spec->binary_size &&
                         child.sig_count == spec->sig_count,
                     "child %d: func_id %d, %u bytes, %d arguments; packed were %d, %zu, %d", index, child.func_id,
                     child.binary_size, child.sig_count, spec->func_id, spec->binary_size, spec->sig_count);
    PROPERTY_REQUIRE(context, memcmp(child.binary, spec->binary, spec->binary_size) == 0,
                     "child %d: its %u bytes changed", index, child.binary_size);
    PROPERTY_REQUIRE(context,
                     child.callable == image->bytes + 8852 + child.offset && child.binary == child.callable + 128,
                     "child %d: not where its offset %u says", index, child.offset);
    for (int32_t i = 0; i < spec->sig_count; i++) {
        int32_t direction = chip_image_child_signature(&child, i);
        PROPERTY_REQUIRE(context, direction == spec->signature[i], "child %d: direction %d is %d, packed was %d", index,
                         i, direction, spec->signature[i]);
    }
    return 0;
}

static int check_packed(struct property_context *context, const struct chip_image *image,
                        const struct chip_image_spec *spec, uint64_t size)
{
    PROPERTY_REQUIRE(context, image->size == size, "the image has %lu bytes, its extent %lu", size, image->size);
    PROPERTY_REQUIRE(context,
                     image->orchestration_size == spec->orchestration_size && image->sig_count == spec->sig_count &&
                         image->child_count == spec->child_count,
                     "orchestration of %u bytes, %d arguments, %d children; packed were %zu, %d, %d",
                     image->orchestration_size, image->sig_count, image->child_count, spec->orchestration_size,
                     spec->sig_count, spec->child_count);
    PROPERTY_REQUIRE(context, memcmp(image->orchestration, spec->orchestration, spec->orchestration_size) == 0,
                     "the %u bytes of the orchestration changed", image->orchestration_size);
    for (int32_t i = 0; i < spec->sig_count; i++) {
        PROPERTY_REQUIRE(context, chip_image_signature(image, i) == spec->signature[i],
                         "direction %d is %d, packed was %d", i, chip_image_signature(image, i), spec->signature[i]);
    }
    int failed = check_name(context, image->func_name, spec->func_name);
    failed = failed != 0 ? failed : check_name(context, image->config_name, spec->config_name);
    for (int32_t i = 0; failed == 0 && i < spec->child_count; i++) {
        failed = check_child(context, image, i, &spec->children[i]);
    }
    return failed;
}

static int run_valid(struct property_context *context, const struct chip_image_spec *spec, const uint8_t *bytes,
                     uint64_t size)
{
    struct chip_image image;
    struct error_text error = {""};
    PROPERTY_REQUIRE(context, chip_image_parse(bytes, size, &image, &error) == 0, "a packed image is rejected: %s",
                     error.text);
    PROPERTY_REQUIRE(context, chip_image_model_padding_is_zero(bytes, size), "padding is not zero");
    int failed = check_packed(context, &image, spec, size);
    struct chip_image unsized;
    PROPERTY_REQUIRE(context, chip_image_parse_unsized(bytes, &unsized, &error) == 0 && unsized.size == size,
                     "without a length the extent is not %lu: %s", size, error.text);
    int result = chip_image_parse(bytes, size - 1, &image, &error);
    PROPERTY_REQUIRE(context, result == -EMSGSIZE, "one byte less gives code %d, expected %d", result, -EMSGSIZE);
    return failed;
}

/* Overwrites one thing that the parser judges, or any byte. The image has at least its header. */
static void draw_damage(struct choice *choice, uint8_t *bytes, uint64_t size)
{
    static const size_t fields[] = {
        offsetof(struct pto_chip_callable, sig_count),     offsetof(struct pto_chip_callable, signature),
        offsetof(struct pto_chip_callable, binary_size),   offsetof(struct pto_chip_callable, func_name_len),
        offsetof(struct pto_chip_callable, child_count),   offsetof(struct pto_chip_callable, config_name_len),
        offsetof(struct pto_chip_callable, child_offsets), offsetof(struct pto_chip_callable, child_func_ids),
        offsetof(struct pto_chip_callable, func_name),     offsetof(struct pto_chip_callable, config_name),
    };
    enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };
    uint64_t kind = choice_below(choice, FIELDS + 3);
    bool nudged = choice_bool(choice);
    uint32_t value = nudged ? 1u << choice_below(choice, 8) : (uint32_t)choice_edge(choice);
    uint64_t index = choice_below(choice, MAX_CHILDREN);
    size_t place = kind < FIELDS ? fields[kind] : 0;
    if (kind < FIELDS && (fields[kind] == fields[6] || fields[kind] == fields[7])) {
        place += 4 * index;
    } else if (kind == FIELDS || kind == FIELDS + 1) { /* a child's sig_count or binary_size */
        uint32_t offset;
        memcpy(&offset, bytes + fields[6] + 4 * index, sizeof(offset));
        place = PTO_CHIP_CALLABLE_STORAGE_OFFSET + (size_t)offset + (kind == FIELDS ? 64 : 68);
        place = place < size ? place : 0;
    } else if (kind == FIELDS + 2) {
        place = choice_below(choice, size);
    }
    size_t width = place + 4 <= size ? 4 : 1;
    if (nudged) { /* what is only just wrong, or only just right */
        uint32_t old = 0;
        memcpy(&old, bytes + place, width);
        value = choice_bool(choice) ? old - value : old + value;
    }
    memcpy(bytes + place, &value, width);
}

static int run_damaged(struct property_context *context, const uint8_t *bytes, uint64_t length)
{
    struct chip_image image = {0};
    struct error_text error = {""};
    int expected = chip_image_model_verdict(bytes, length);
    int result = chip_image_parse(bytes, length, &image, &error);
    property_trace(context, "damaged image of %lu bytes: code %d %s", length, result, error.text);
    PROPERTY_REQUIRE(context, (result == 0) == (expected == 0), "code %d (%s), the model says %d", result, error.text,
                     expected);
    PROPERTY_REQUIRE(context, result == 0 || strpbrk(error.text, "0123456789") != NULL,
                     "code %d comes with the text '%s'", result, error.text);
    PROPERTY_REQUIRE(context, result != 0 || image.size <= length, "extent %lu of %lu bytes", image.size, length);
    PROPERTY_REQUIRE(context, result == 0 || image.bytes == NULL, "a rejected image left a view");
    return 0;
}

static int chip_image_run(struct choice *choice, struct property_context *context)
{
    struct image_case *state = context->state;
    struct chip_image_spec spec;
    struct error_text error = {""};
    uint64_t damage = choice_below(choice, 4);
    draw_spec(choice, state, &spec);
    uint64_t size = 0;
    PROPERTY_REQUIRE(context, chip_image_packed_size(&spec, &size, &error) == 0, "cannot be packed: %s", error.text);
    uint8_t *bytes = guarded_place(&state->guarded, size);
    PROPERTY_REQUIRE(context, chip_image_pack(&spec, bytes, size, &error) == 0, "cannot be packed: %s", error.text);
    property_trace(context, "image of %lu bytes, %d children, damaged in %lu places", size, spec.child_count, damage);
    if (damage == 0) {
        return run_valid(context, &spec, bytes, size);
    }
    for (uint64_t i = 0; i < damage; i++) {
        draw_damage(choice, bytes, size);
    }
    uint64_t length = size;
    if (choice_below(choice, 4) == 3) {
        length = choice_below(choice, size + 1);
        uint8_t *cut = guarded_place(&state->guarded, length);
        memmove(cut, bytes, length);
        bytes = cut;
    }
    return run_damaged(context, bytes, length);
}

const struct property property_chip_image = {
    .name = "chip_image",
    .summary = "packed callables parse to what was packed; hostile ones are rejected without reading beyond their end",
    .run = chip_image_run,
    .default_runs = 20000,
    .max_bytes = 512,
    .setup = chip_image_setup,
    .teardown = chip_image_teardown,
};

UNWATCHED_END
