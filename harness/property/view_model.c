/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/property/view_model.h"

#include <string.h>

#include "harness/choice/unwatched.h"

UNWATCHED_BEGIN

static uint32_t view_model_count(const uint32_t *shapes, uint32_t ndims)
{
    uint32_t count = 1;
    for (uint32_t i = 0; i < ndims; i++) {
        count *= shapes[i];
    }
    return count;
}

void view_model_indices(const struct view_model *model, uint32_t position, uint32_t *indices)
{
    for (uint32_t i = model->ndims; i-- > 0;) {
        indices[i] = position % model->shapes[i];
        position /= model->shapes[i];
    }
}

void view_model_start(struct view_model *model, const uint32_t *shapes, uint32_t ndims)
{
    memcpy(model->shapes, shapes, ndims * sizeof(shapes[0]));
    model->ndims = ndims;
    model->count = view_model_count(shapes, ndims);
    model->manual_dep = false;
    for (uint32_t i = 0; i < model->count; i++) {
        model->elements[i] = i;
    }
}

/* The new list lies in scratch and has these shapes. */
static void view_model_accept(struct view_model *model, const uint32_t *shapes)
{
    uint32_t count = view_model_count(shapes, model->ndims);
    memcpy(model->elements, model->scratch, count * sizeof(model->scratch[0]));
    memcpy(model->shapes, shapes, model->ndims * sizeof(shapes[0]));
    model->count = count;
}

bool view_model_box(struct view_model *model, const uint32_t *shapes, const uint32_t *offsets)
{
    for (uint32_t i = 0; i < model->ndims; i++) {
        if (shapes[i] == 0 || (uint64_t)offsets[i] + shapes[i] > model->shapes[i]) {
            return false;
        }
    }
    uint32_t count = 0;
    for (uint32_t position = 0; position < model->count; position++) {
        uint32_t indices[PTO_MAX_DIMS];
        bool inside = true;
        view_model_indices(model, position, indices);
        for (uint32_t i = 0; i < model->ndims; i++) {
            inside = inside && indices[i] >= offsets[i] && indices[i] < offsets[i] + shapes[i];
        }
        if (inside) {
            model->scratch[count++] = model->elements[position];
        }
    }
    view_model_accept(model, shapes);
    return true;
}

bool view_model_slice(struct view_model *model, uint32_t dim, uint32_t start, uint32_t end, uint32_t step)
{
    if (dim >= model->ndims || step == 0 || end > model->shapes[dim] || start >= end) {
        return false;
    }
    uint32_t count = 0;
    for (uint32_t position = 0; position < model->count; position++) {
        uint32_t indices[PTO_MAX_DIMS];
        view_model_indices(model, position, indices);
        if (indices[dim] >= start && indices[dim] < end && (indices[dim] - start) % step == 0) {
            model->scratch[count++] = model->elements[position];
        }
    }
    uint32_t shapes[PTO_MAX_DIMS];
    memcpy(shapes, model->shapes, sizeof(shapes));
    shapes[dim] = count / (model->count / model->shapes[dim]);
    view_model_accept(model, shapes);
    return true;
}

bool view_model_permute(struct view_model *model, const uint32_t *order)
{
    uint32_t shapes[PTO_MAX_DIMS];
    uint32_t times[PTO_MAX_DIMS] = {0};
    for (uint32_t i = 0; i < model->ndims; i++) {
        if (order[i] >= model->ndims || ++times[order[i]] > 1) {
            return false;
        }
        shapes[i] = model->shapes[order[i]];
    }
    for (uint32_t position = 0; position < model->count; position++) {
        uint32_t indices[PTO_MAX_DIMS];
        uint32_t moved = 0;
        view_model_indices(model, position, indices);
        for (uint32_t i = 0; i < model->ndims; i++) {
            moved = moved * shapes[i] + indices[order[i]];
        }
        model->scratch[moved] = model->elements[position];
    }
    view_model_accept(model, shapes);
    return true;
}

bool view_model_reshape(struct view_model *model, const uint32_t *shapes, uint32_t ndims)
{
    if (ndims < 1 || ndims > PTO_MAX_DIMS || view_model_count(shapes, ndims) != model->count) {
        return false;
    }
    memcpy(model->shapes, shapes, ndims * sizeof(shapes[0]));
    model->ndims = ndims;
    return true;
}

bool view_model_is_rising(const struct view_model *model)
{
    uint32_t position = 1;
    while (position < model->count && model->elements[position] == model->elements[position - 1] + 1) {
        position++;
    }
    return position >= model->count;
}

bool view_model_has_unit_dimension(const struct view_model *model)
{
    bool unit = false;
    for (uint32_t i = 0; i < model->ndims; i++) {
        unit = unit || model->shapes[i] == 1;
    }
    return unit;
}

UNWATCHED_END
