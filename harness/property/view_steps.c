/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/property/view_steps.h"

#include <string.h>

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

int view_step(enum view_step_kind kind, struct choice *choice, struct property_context *context,
              struct pto_tensor *tensor, struct view_model *model)
{
    static const char *const names[] = {"view", "slice", "permute", "reshape"};
    static int (*const apply[])(struct choice *, struct pto_tensor *, const struct pto_tensor *, struct view_model *,
                                bool) = {apply_view, apply_slice, apply_permute, apply_reshape};
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
    return 0;
}

int view_steps_start(struct choice *choice, struct property_context *context, uint64_t address,
                     struct pto_tensor *tensor, struct view_model *model)
{
    uint32_t shapes[PTO_MAX_DIMS];
    uint32_t ndims = (uint32_t)choice_below(choice, PTO_MAX_DIMS) + 1;
    uint32_t room = VIEW_MODEL_MAX_ELEMENTS;
    for (uint32_t i = 0; i < ndims; i++) {
        uint32_t limit = room < VIEW_MODEL_MAX_DIMENSION ? room : VIEW_MODEL_MAX_DIMENSION;
        shapes[i] = (uint32_t)choice_below(choice, limit) + 1;
        room /= shapes[i];
    }
    uint32_t dtype = (uint32_t)choice_below(choice, PTO_DATA_TYPE_COUNT);
    int result = pto_tensor_external(tensor, address, shapes, ndims, dtype, false, 0);
    property_trace(context, "rank %u: %u x %u x %u x %u x %u of %s", ndims, shapes[0], ndims > 1 ? shapes[1] : 1,
                   ndims > 2 ? shapes[2] : 1, ndims > 3 ? shapes[3] : 1, ndims > 4 ? shapes[4] : 1,
                   pto_data_type_name(dtype));
    PROPERTY_REQUIRE(context, result == 0, "a plain tensor of rank %u is refused: %d", ndims, result);
    view_model_start(model, shapes, ndims);
    return 0;
}
