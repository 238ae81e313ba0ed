/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tensor_views: every chain of view operations names exactly the elements that a list of element numbers, worked out
 * one by one, names; and an operation fails exactly when it asks for what is not there (device.md 1.2).
 */
#include <stdlib.h>

#include "harness/property/property.h"
#include "harness/property/view_steps.h"

#define MAX_OPERATIONS 6u

/* Compares everything a tensor says with the list. */
static int check_tensor(struct property_context *context, const struct pto_tensor *tensor,
                        const struct view_model *model)
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

static int tensor_views_run(struct choice *choice, struct property_context *context)
{
    struct view_model *model = context->state;
    struct pto_tensor tensor;
    int failed = view_steps_start(choice, context, 4096, &tensor, model);
    failed = failed != 0 ? failed : check_tensor(context, &tensor, model);
    for (uint64_t left = choice_below(choice, MAX_OPERATIONS + 1); left != 0 && failed == 0; left--) {
        enum view_step_kind kind = (enum view_step_kind)choice_below(choice, VIEW_STEP_KINDS);
        failed = view_step(kind, choice, context, &tensor, model);
        failed = failed != 0 ? failed : check_tensor(context, &tensor, model);
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
