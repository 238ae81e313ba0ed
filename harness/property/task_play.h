/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task_play: sessions on which cases of task_program run, and the judgement of what came of one. In two steps, so that
 * a test can spoil the encoded program in between.
 */
#ifndef HARNESS_PROPERTY_TASK_PLAY_H
#define HARNESS_PROPERTY_TASK_PLAY_H

#include "harness/oracle/task_sequence.h"
#include "harness/oracle/task_trace.h"
#include "harness/program/session_set.h"
#include "harness/property/property.h"
#include "harness/property/task_case.h"

struct task_play {
    struct session_set set;
    uint32_t words[TASK_PROGRAM_WORDS]; /* the program as it goes out */
    uint32_t word_count;
    uint64_t board_bytes;
    struct task_memory before;   /* externals */
    struct task_memory device;   /* as the run leaves them */
    struct task_memory expected; /* by the oracle */
    _Alignas(8) uint8_t board[sizeof(struct task_board) + TASK_PROGRAM_REQUESTS * sizeof(struct task_request) +
                              (TASK_TRACE_PARTS + 1) * sizeof(struct task_record)];
};

/* A session on every built variant. NULL with `error` filled. */
struct task_play *task_play_open(char *error, size_t capacity);
void task_play_close(struct task_play *play);

/* Encodes the case and lays its externals out. */
void task_play_load(struct task_play *play, const struct task_case *drawn);

/*
 * Runs what is loaded and compares: results, counts, and what the kernels noted about when and where they ran. Returns
 * 0, or property_fail's value. On a variant that is not built the case runs on another one of the same runtime; without
 * any it holds.
 */
int task_play_run(struct task_play *play, const struct task_case *drawn, struct property_context *context);

#endif
