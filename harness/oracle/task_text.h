/* SPDX-License-Identifier: Apache-2.0 */
/* task_text: a program as pseudo-code, each task with the tasks that it waits for and why. */
#ifndef HARNESS_ORACLE_TASK_TEXT_H
#define HARNESS_ORACLE_TASK_TEXT_H

#include <stdio.h>

#include "harness/oracle/task_program.h"

void task_text_print(FILE *stream, const struct task_program *program);

#endif
