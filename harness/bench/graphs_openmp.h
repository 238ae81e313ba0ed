/* SPDX-License-Identifier: Apache-2.0 */
/* graphs_openmp: the graphs of the benchmark through gcc's OpenMP `task depend`, two threads, one of which submits. */
#ifndef HARNESS_BENCH_GRAPHS_OPENMP_H
#define HARNESS_BENCH_GRAPHS_OPENMP_H

#include <stdint.h>

/* Submits `tasks` no-op tasks of PATTERN_CHAIN or PATTERN_TWO_IN_ONE_OUT, waits for all, and returns how many ns that
 * took. */
double openmp_graph_ns(int mode, uint64_t tasks);

#endif
