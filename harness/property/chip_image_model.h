/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chip_image_model: the rules of R4 for a ChipCallable, written a second time in the plainest way: a list of used
 * intervals and no cleverness.
 */
#ifndef HARNESS_PROPERTY_CHIP_IMAGE_MODEL_H
#define HARNESS_PROPERTY_CHIP_IMAGE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

/* 0 when the image of `length` bytes obeys every rule, otherwise -EINVAL. */
int chip_image_model_verdict(const uint8_t *bytes, uint64_t length);

/* Whether every byte of a packed, undamaged image that belongs to nothing is zero. */
bool chip_image_model_padding_is_zero(const uint8_t *bytes, uint64_t length);

#endif
