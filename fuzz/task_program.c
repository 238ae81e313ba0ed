/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/fuzz_target.h"

FUZZ_TARGET(task_program)
