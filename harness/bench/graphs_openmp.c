/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/bench/graphs_openmp.h"

#include "harness/report/console.h"
#include "st/fixtures/bench_graphs/pattern.h"

/* Only `depend` clauses name them: nothing is stored there, as the no-op kernel stores nothing. */
__attribute__((unused)) static char buffers[PATTERN_BUFFERS][PATTERN_BUFFER_BYTES];

/* As little as the no-op kernel does, behind a call as there. */
__attribute__((noinline)) static void noop(void)
{
    __asm__ volatile("" ::: "memory");
}

static void submit_chain(uint64_t tasks)
{
    for (uint64_t i = 0; i < tasks; i++) {
#pragma omp task depend(inout : buffers[0])
        noop();
    }
}

static void submit_two_in_one_out(uint64_t tasks)
{
    uint64_t state = 1;
    for (uint64_t i = 0; i < tasks; i++) {
        struct pattern_step step = pattern_next(&state);
        (void)step; /* a compiler that ignores the pragma sees no other use */
#pragma omp task depend(in : buffers[step.in[0]], buffers[step.in[1]]) depend(out : buffers[step.out])
        noop();
    }
}

double openmp_graph_ns(int mode, uint64_t tasks)
{
    uint64_t start = console_clock_ns();
#pragma omp parallel num_threads(2)
#pragma omp single
    {
        if (mode == PATTERN_CHAIN) {
            submit_chain(tasks);
        } else {
            submit_two_in_one_out(tasks);
        }
    }
    return (double)(console_clock_ns() - start);
}
