/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/bench/graphs.h"

#include <stdlib.h>
#include <time.h>

#include "abi/data_type.h"
#include "harness/report/console.h"
#include "st/fixtures/bench_graphs/pattern.h"

#define MEMORY_BYTES (PATTERN_BUFFERS * PATTERN_BUFFER_BYTES)

int graphs_open(struct graphs *graphs, struct bench *bench, int32_t callable_id)
{
    struct session *session = &bench->session;
    void *memory = NULL;
    if (chip_worker_malloc(session->worker, MEMORY_BYTES, &memory) != 0) {
        (void)snprintf(bench->error, sizeof(bench->error), "%s", chip_worker_error(session->worker));
        return -1;
    }
    *graphs = (struct graphs){.bench = bench, .callable_id = callable_id, .memory = (uint64_t)(uintptr_t)memory};
    return 0;
}

void graphs_close(struct graphs *graphs)
{
    (void)graphs_unregister(graphs);
    (void)chip_worker_free(graphs->bench->session.worker, (void *)(uintptr_t)graphs->memory);
}

int graphs_register(struct graphs *graphs, uint64_t serial)
{
    struct bench *bench = graphs->bench;
    void *image = NULL;
    size_t bytes = 0;
    if (bench_pack_graphs(bench, serial, &image, &bytes) != 0) {
        return -1;
    }
    int result = session_prepare(&bench->session, graphs->callable_id, image);
    free(image);
    if (result != 0) {
        (void)snprintf(bench->error, sizeof(bench->error), "%s", bench->session.error);
        return -1;
    }
    return 0;
}

int graphs_unregister(struct graphs *graphs)
{
    struct bench *bench = graphs->bench;
    if (session_unregister(&bench->session, graphs->callable_id) != 0) {
        (void)snprintf(bench->error, sizeof(bench->error), "%s", bench->session.error);
        return -1;
    }
    return 0;
}

static uint64_t cpu_clock_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

double graphs_run_ns(struct graphs *graphs, int mode, uint64_t tasks)
{
    static struct pto_chip_args args;
    struct bench *bench = graphs->bench;
    struct pto_continuous_tensor memory;
    const uint32_t bytes = MEMORY_BYTES;
    pto_chip_args_clear(&args);
    /* Device memory of the client: passes through without a copy. */
    pto_continuous_tensor_make(&memory, graphs->memory, &bytes, 1, PTO_UINT8, 1);
    (void)pto_chip_args_add_tensor(&args, &memory);
    (void)pto_chip_args_add_scalar(&args, (uint64_t)mode);
    (void)pto_chip_args_add_scalar(&args, tasks);
    uint64_t cpu_start = cpu_clock_ns();
    uint64_t start = console_clock_ns();
    int result = session_run(&bench->session, graphs->callable_id, &args, GRAPHS_BLOCKS, GRAPHS_THREADS, NULL);
    uint64_t end = console_clock_ns();
    graphs->cpu_ns = (double)(cpu_clock_ns() - cpu_start);
    if (result != 0) {
        (void)snprintf(bench->error, sizeof(bench->error), "mode %d, %llu tasks: run returned %d: %s", mode,
                       (unsigned long long)tasks, result, bench->session.error);
        return -1.0;
    }
    return (double)(end - start);
}
