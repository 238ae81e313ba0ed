/* SPDX-License-Identifier: Apache-2.0 */
/* outcomes: how many different 64-bit values there were. Its memory is shared with forked children, and has a limit. */
#ifndef HARNESS_EXPLORER_OUTCOMES_H
#define HARNESS_EXPLORER_OUTCOMES_H

#include <stdbool.h>
#include <stdint.h>

#define OUTCOMES_MOST (1u << 19)

struct outcomes {
    uint64_t *places; /* twice OUTCOMES_MOST, 0: empty */
    uint64_t count;
    bool full; /* there were more */
};

/* Returns 0, or -ENOMEM and a set that may be destroyed. */
int outcomes_create(struct outcomes *outcomes);
void outcomes_destroy(struct outcomes *outcomes);
void outcomes_add(struct outcomes *outcomes, uint64_t value);

#endif
