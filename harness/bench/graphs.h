/* SPDX-License-Identifier: Apache-2.0 */
/* graphs: runs the graphs of st/fixtures/bench_graphs on the session's runtime. */
#ifndef HARNESS_BENCH_GRAPHS_H
#define HARNESS_BENCH_GRAPHS_H

#include "harness/bench/bench.h"

#define GRAPHS_BLOCKS 24
#define GRAPHS_THREADS 4

struct graphs {
    struct bench *bench;
    int32_t callable_id;
    uint64_t memory; /* device address of the buffers, 0: none */
    double cpu_ns;   /* processor time of the last run: what it takes on a machine with nothing else to do */
};

/* Allocates the buffers for graphs that will be registered as `callable_id`. 0, or -1 with bench->error and nothing
 * held. */
int graphs_open(struct graphs *graphs, struct bench *bench, int32_t callable_id);
/* Also unregisters. */
void graphs_close(struct graphs *graphs);

/* Registers the graphs; another serial is another content (bench_pack_graphs). 0, or -1 with bench->error. */
int graphs_register(struct graphs *graphs, uint64_t serial);
int graphs_unregister(struct graphs *graphs);

/* Runs `tasks` tasks of a mode of pattern.h once. Returns how many ns that took, negative with bench->error. */
double graphs_run_ns(struct graphs *graphs, int mode, uint64_t tasks);

#endif
