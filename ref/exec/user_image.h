/* SPDX-License-Identifier: Apache-2.0 */
/* user_image: which addresses are user code; exec_user_image_add and _remove of exec.h, and the question signal
 * handlers ask. */
#ifndef EXEC_USER_IMAGE_H
#define EXEC_USER_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

/* True when `pc` lies in the executable segments of a registered image. Async-signal-safe, never blocks. */
bool exec_user_image_contains(uintptr_t pc);

#endif
