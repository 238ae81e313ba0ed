/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view_model: a tensor view as the list of its elements in row-major order. Each operation builds the new list from the
 * old one, element by element; strides and offsets do not exist here. Operations return true, or false when they ask
 * for what is not there; then the model is unchanged.
 */
#ifndef HARNESS_PROPERTY_VIEW_MODEL_H
#define HARNESS_PROPERTY_VIEW_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/tensor_view.h"

#define VIEW_MODEL_MAX_DIMENSION 6u
#define VIEW_MODEL_MAX_ELEMENTS 256u

struct view_model {
    uint32_t ndims;
    uint32_t shapes[PTO_MAX_DIMS];
    uint32_t count;
    bool manual_dep;
    uint32_t elements[VIEW_MODEL_MAX_ELEMENTS]; /* numbers within the buffer */
    uint32_t scratch[VIEW_MODEL_MAX_ELEMENTS];
};

/* A whole contiguous buffer of at most VIEW_MODEL_MAX_ELEMENTS. */
void view_model_start(struct view_model *model, const uint32_t *shapes, uint32_t ndims);

bool view_model_box(struct view_model *model, const uint32_t *shapes, const uint32_t *offsets);
bool view_model_slice(struct view_model *model, uint32_t dim, uint32_t start, uint32_t end, uint32_t step);
bool view_model_permute(struct view_model *model, const uint32_t *order);
bool view_model_reshape(struct view_model *model, const uint32_t *shapes, uint32_t ndims);

/* Index of a position in every dimension. */
void view_model_indices(const struct view_model *model, uint32_t position, uint32_t *indices);
/* Whether element numbers rise by one from position to position. */
bool view_model_is_rising(const struct view_model *model);
bool view_model_has_unit_dimension(const struct view_model *model);

#endif
