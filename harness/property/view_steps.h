/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view_steps: drawn operations, done on a tensor and on its model alike. Most of what is drawn is possible; the rest
 * must be refused by both. A refused operation leaves tensor and model as they were.
 */
#ifndef HARNESS_PROPERTY_VIEW_STEPS_H
#define HARNESS_PROPERTY_VIEW_STEPS_H

#include "harness/property/property.h"
#include "harness/property/view_model.h"

enum view_step_kind { VIEW_STEP_BOX = 0, VIEW_STEP_SLICE, VIEW_STEP_PERMUTE, VIEW_STEP_RESHAPE, VIEW_STEP_KINDS };

/* A plain tensor of any type at `address`, and its model. 0, or property_fail's value. */
int view_steps_start(struct choice *choice, struct property_context *context, uint64_t address,
                     struct pto_tensor *tensor, struct view_model *model);

/* One operation. 0, or property_fail's value when tensor and model disagree whether it is possible. */
int view_step(enum view_step_kind kind, struct choice *choice, struct property_context *context,
              struct pto_tensor *tensor, struct view_model *model);

#endif
