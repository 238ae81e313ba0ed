/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/explorer/outcomes.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

#define OUTCOMES_PLACES (2u * OUTCOMES_MOST)
#define OUTCOMES_BYTES (OUTCOMES_PLACES * sizeof(uint64_t))

int outcomes_create(struct outcomes *outcomes)
{
    void *memory =
        mmap(NULL, OUTCOMES_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    *outcomes = (struct outcomes){.places = memory == MAP_FAILED ? NULL : memory};
    return outcomes->places == NULL ? -ENOMEM : 0;
}

void outcomes_destroy(struct outcomes *outcomes)
{
    if (outcomes->places != NULL) {
        (void)munmap(outcomes->places, OUTCOMES_BYTES);
    }
    *outcomes = (struct outcomes){0};
}

void outcomes_add(struct outcomes *outcomes, uint64_t value)
{
    uint64_t key = value != 0 ? value : 1;
    size_t place = (size_t)((key * 0x9e3779b97f4a7c15ull) >> 32) % OUTCOMES_PLACES;
    while (outcomes->places[place] != 0 && outcomes->places[place] != key) {
        place = (place + 1) % OUTCOMES_PLACES;
    }
    if (outcomes->places[place] == key) {
        return;
    }
    if (outcomes->count == OUTCOMES_MOST) {
        outcomes->full = true;
        return;
    }
    outcomes->places[place] = key;
    outcomes->count++;
}
