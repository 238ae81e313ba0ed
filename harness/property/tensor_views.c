/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tensor_views: every chain of view operations names exactly the elements that a list of element numbers, worked out one by
 * one, names; and an operation fails exactly when it asks for what is not there (device.md 1.2).
 */
#include <stdlib.h>
#include <string.h>

#include "harness/property/property.h"
#include "harness/property/view_model.h"

#define MAX_OPERATIONS 6u

/* Compares everything a tensor says with the list. */
static int check_tensor(struct property_context *context, const struct pto_tensor *tensor, const struct view_model *model)
{
    PROPERTY_REQUIRE(context, tensor->ndims == model->ndims, "rank %u, expected %u", tensor->ndims, model->ndims);
    for (uint32_t i = 0; i < model->ndims; i++) {
        PROPERTY_REQUIRE(context, tensor->shapes[i] == model->shapes[i], "dimension %u has %u elements, expected %u", i,
                         tensor->shapes[i], model->shapes[i]);
    }
    PROPERTY_REQUIRE(context, pto_tensor_numel(tensor) == model->count, "%lu elements, expected %u",
                     pto_tensor_numel(tensor), model->count);
    uint32_t last = 0;
    for (uint32_t position = 0; position < model->count; position++) {
        uint32_t indices[PTO_MAX_DIMS];
        uint64_t element = 0;
        view_model_indices(model, position, indices);
        int result = pto_tensor_element(tensor, tensor->ndims, indices, &element);
        PROPERTY_REQUIRE(context, result == 0 && element == model->elements[position],
                         "position %u is element %lu (code %d), expected %u", position, element, result,
                         model->elements[position]);
        last = model->elements[position] > last ? model->elements[position] : last;
    }
    PROPERTY_REQUIRE(context, tensor->start_offset == model->elements[0], "starts at %lu, expected %u",
                     tensor->start_offset, model->elements[0]);
    uint64_t extent = (uint64_t)last - model->elements[0] + 1;
    PROPERTY_REQUIRE(context, tensor->extent_elements == extent, "extent %lu, expected %lu", tensor->extent_elements,
                     extent);
    PROPERTY_REQUIRE(context, tensor->manual_dep == model->manual_dep, "manual_dep %u, expected %u", tensor->manual_dep,
                     model->manual_dep);
    bool dense = extent == model->count && view_model_is_rising(model);
    PROPERTY_REQUIRE(context, !tensor->is_contiguous || dense, "called contiguous, and is not");
    PROPERTY_REQUIRE(context, tensor->is_contiguous || !dense || view_model_has_unit_dimension(model),
                     "contiguous, and not called so");
    return 0;
}

/* A number below the limit, or at it or beyond it now and then. */
static uint32_t draw_index(struct choice *choice, uint32_t limit)
{
    return (uint32_t)choice_below(choice, (uint64_t)limit + (choice_below(choice, 8) == 7 ? 3 : 0));
}

static int apply_view(struct choice *choice, struct pto_tensor *out, const struct pto_tensor *in,
                      struct view_model *model, bool manual)
{
    uint32_t shapes[PTO_MAX_DIMS];
    uint32_t offsets[PTO_MAX_DIMS];
    for (uint32_t i = 0; i < in->ndims; i++) {
        offsets[i] = draw_index(choice, in->shapes[i]);
        uint32_t room = in->shapes[i] > offsets[i] ? in->shapes[i] - offsets[i] : 0;
        shapes[i] = room - draw_index(choice, room + (choice_below(choice, 16) == 15));
    }
    int expected = view_model_box(model, shapes, offsets);
    int result = pto_tensor_view(out, in, shapes, offsets, manual);
    return (result == 0) == expected ? expected : -1;
}

static int apply_permute(struct choice *choice, struct pto_tensor *out, const struct pto_tensor *in,
                         struct view_model *model, bool manual)
{
    uint32_t order[PTO_MAX_DIMS] = {0, 1, 2, 3, 4};
    if (choice_below(choice, 2) == 0) {
        uint32_t x = draw_index(choice, in->ndims);
        uint32_t y = draw_index(choice, in->ndims);
        bool inside = x < in->ndims && y < in->ndims;
        if (inside) {
            order[x] = y;
            order[y] = x;
        }
        int expected = inside && view_model_permute(model, order);
        int result = pto_tensor_transpose(out, in, x, y, manual);
        return (result == 0) == expected ? expected : -1;
    }
    for (uint32_t i = in->ndims; i-- > 1;) {
        uint32_t other = (uint32_t)choice_below(choice, i + 1);
        uint32_t kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
    if (choice_below(choice, 8) == 7) {
        order[0] = draw_index(choice, in->ndims);
    }
    int expected = view_model_permute(model, order);
    int result = pto_tensor_permute(out, in, order, manual);
    return (result == 0) == expected ? expected : -1;
}

static int apply_slice(struct choice *choice, struct pto_tensor *out, const struct pto_tensor *in,
                       struct view_model *model, bool manual)
{
    uint32_t dim = draw_index(choice, in->ndims);
    uint32_t length = dim < in->ndims ? in->shapes[dim] : 1;
    uint32_t start = draw_index(choice, length);
    uint32_t end = length - draw_index(choice, length);
    uint32_t step = (uint32_t)choice_below(choice, 4) + (choice_below(choice, 8) != 7);
    int expected = view_model_slice(model, dim, start, end, step);
    int result = pto_tensor_slice(out, in, dim, start, end, step, manual);
    return (result == 0) == expected ? expected : -1;
}

/* Splits off factors of the element count, so that most reshapes are possible. */
static int apply_reshape(struct choice *choice, struct pto_tensor *out, const struct pto_tensor *in,
                         struct view_model *model, bool manual)
{
    uint32_t shapes[PTO_MAX_DIMS + 1] = {0};
    uint32_t ndims = (uint32_t)choice_below(choice, PTO_MAX_DIMS) + 1;
    uint32_t left = model->count;
    for (uint32_t i = 0; i + 1 < ndims; i++) {
        uint32_t factor = (uint32_t)choice_below(choice, 8) + 1;
        shapes[i] = left % factor == 0 ? factor : 1;
        left /= shapes[i];
    }
    shapes[ndims - 1] = left;
    if (choice_below(choice, 8) == 7) {
        shapes[0] = draw_index(choice, 8);
        ndims = draw_index(choice, PTO_MAX_DIMS + 1);
    }
    int expected = in->is_contiguous && view_model_reshape(model, shapes, ndims);
    int result = pto_tensor_reshape(out, in, shapes, ndims, manual);
    return (result == 0) == expected ? expected : -1;
}

/* One operation on tensor and model alike; a refused one leaves the parent as it was. */
static int run_operation(struct choice *choice, struct property_context *context, struct pto_tensor *tensor,
                         struct view_model *model)
{
    static const char *const names[] = {"view", "slice", "permute", "reshape"};
    static int (*const apply[])(struct choice *, struct pto_tensor *, const struct pto_tensor *, struct view_model *,
                                bool) = {apply_view, apply_slice, apply_permute, apply_reshape};
    size_t kind = choice_below(choice, 4);
    bool manual = choice_bool(choice);
    struct pto_tensor out;
    int verdict = apply[kind](choice, &out, tensor, model, manual);
    char text[128];
    pto_tensor_error_text(&out, text, sizeof(text));
    property_trace(context, "%s: %s", names[kind], text);
    PROPERTY_REQUIRE(context, verdict >= 0, "%s %s, against the model (%s)", names[kind],
                     pto_tensor_is_valid(&out) ? "was accepted" : "was refused", text);
    PROPERTY_REQUIRE(context, pto_tensor_is_valid(&out) == (verdict == 1), "%s: the result does not match its code",
                     names[kind]);
    if (verdict == 1) {
        *tensor = out;
        model->manual_dep = manual;
    }
    return check_tensor(context, tensor, model);
}

static int tensor_views_run(struct choice *choice, struct property_context *context)
{
    struct view_model *model = context->state;
    uint32_t shapes[PTO_MAX_DIMS];
    uint32_t ndims = (uint32_t)choice_below(choice, PTO_MAX_DIMS) + 1;
    uint32_t room = VIEW_MODEL_MAX_ELEMENTS;
    for (uint32_t i = 0; i < ndims; i++) {
        uint32_t limit = room < VIEW_MODEL_MAX_DIMENSION ? room : VIEW_MODEL_MAX_DIMENSION;
        shapes[i] = (uint32_t)choice_below(choice, limit) + 1;
        room /= shapes[i];
    }
    struct pto_tensor tensor;
    int result = pto_tensor_external(&tensor, 4096, shapes, ndims, (uint32_t)choice_below(choice, PTO_DATA_TYPE_COUNT),
                                     false, 0);
    PROPERTY_REQUIRE(context, result == 0, "a plain tensor of rank %u is refused: %d", ndims, result);
    view_model_start(model, shapes, ndims);
    int failed = check_tensor(context, &tensor, model);
    for (uint64_t left = choice_below(choice, MAX_OPERATIONS + 1); left != 0 && failed == 0; left--) {
        failed = run_operation(choice, context, &tensor, model);
    }
    return failed;
}

static int tensor_views_setup(struct property_context *context)
{
    context->state = calloc(1, sizeof(struct view_model));
    return context->state != NULL ? 0 : -property_fail(context, "no memory");
}

static void tensor_views_teardown(struct property_context *context)
{
    free(context->state);
}

const struct property property_tensor_views = {
    .name = "tensor_views",
    .summary = "chains of view operations name exactly the elements that a brute-force list names",
    .run = tensor_views_run,
    .default_runs = 5000,
    .max_bytes = 128,
    .setup = tensor_views_setup,
    .teardown = tensor_views_teardown,
};
