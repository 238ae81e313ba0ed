/* SPDX-License-Identifier: Apache-2.0 */
/* attention: the exponential of the attention kernels, which have no mathematical library. */
#ifndef SCENES_KERNELS_ATTENTION_H
#define SCENES_KERNELS_ATTENTION_H

#include "st/scenes/kernels/words.h"

/* e to the x for x <= 0, within a millionth: the series around 0 for x / 256, squared eight times. */
static inline float attention_exp(float x)
{
    if (x < -80.0f) {
        return 0.0f;
    }
    double small = (double)x / 256.0;
    double value = 1.0 + small * (1.0 + small * (0.5 + small * (1.0 / 6.0 + small / 24.0)));
    for (int i = 0; i < 8; i++) {
        value *= value;
    }
    return (float)value;
}

#endif
