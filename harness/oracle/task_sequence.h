/* SPDX-License-Identifier: Apache-2.0 */
/* task_sequence: what a program comes to when its operations are done one after the other on plain memory (R19). */
#ifndef HARNESS_ORACLE_TASK_SEQUENCE_H
#define HARNESS_ORACLE_TASK_SEQUENCE_H

#include "harness/oracle/task_program.h"

struct task_memory {
    _Alignas(64) uint8_t bytes[TASK_PROGRAM_BUFFERS][TASK_PROGRAM_BUFFER_BYTES];
};

/* `memory` holds the externals before, and holds all buffers afterwards. */
void task_sequence_run(const struct task_program *program, struct task_memory *memory);

#endif
