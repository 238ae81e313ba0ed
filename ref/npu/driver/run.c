/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run: what a session has queued, as one group of processors. A stream gets as many processors as the largest of its
 * tasks needs; each walks through the stream's tasks in order and takes part in those that are wide enough.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/handshake.h"
#include "base/log.h"
#include "base/os.h"
#include "npu/driver/state.h"

/* ---- on a processor ---- */

static bool run_is_core_work(const struct driver_task *task)
{
    return task->kind == DRIVER_TASK_AICORE;
}

static uint32_t run_width(const struct driver_task *task)
{
    return run_is_core_work(task) ? task->count * NPU_CORES_PER_BLOCK : task->count;
}

/* The place of a core in the list that has, die by die, the AICs and then the AIVs. */
static uint32_t run_physical_id(const struct npu_arch *arch, uint32_t core, uint32_t sub)
{
    uint32_t in_die = driver_chip_cores(arch) / arch->dies;
    uint32_t die = core / in_die;
    uint32_t i = core % in_die;
    uint32_t place = sub == 0 ? i : in_die + i * NPU_AIV_PER_BLOCK + sub - 1;
    return die * in_die * NPU_CORES_PER_BLOCK + place;
}

static void run_identity(const struct driver_processor *processor, uint32_t blocks,
                         struct pto_aicore_identity *identity)
{
    uint32_t worker = processor->index;
    bool aic = worker < blocks;
    uint32_t lane = aic ? 0 : worker - blocks;
    uint32_t cluster = aic ? worker : lane / NPU_AIV_PER_BLOCK;
    uint32_t sub_block = aic ? 0 : lane % NPU_AIV_PER_BLOCK;
    uint32_t core = processor->stream->first_block + cluster;
    uint32_t sub = aic ? 0 : sub_block + 1;
    *identity = (struct pto_aicore_identity){
        .worker = worker,
        .core_type = aic ? PTO_CORE_AIC : PTO_CORE_AIV,
        .physical_core_id = run_physical_id(processor->session->arch, core, sub),
        .cluster = cluster,
        .sub_block = sub_block,
        .registers = (uintptr_t)driver_session_registers(processor->session, core, sub),
    };
}

static int run_part(struct driver_processor *processor, struct driver_task *task)
{
    if (task->hangs) {
        _Atomic uint32_t answer = 0;
        while (exec_user_wait(&answer, 0) == 0) {
        }
    }
    if (!run_is_core_work(task)) {
        return task->entry(task->args);
    }
    struct pto_aicore_identity identity;
    uint64_t args;
    run_identity(processor, task->count, &identity);
    memcpy(&args, task->args, sizeof(args));
    processor->local.cluster = identity.cluster + processor->stream->first_block;
    processor->local.sub_block = identity.sub_block;
    return task->core_entry((void *)(uintptr_t)args, &identity);
}

/* Of several results the one of the lowest processor counts. */
static void run_note_result(struct driver_task *task, uint32_t index, int result)
{
    uint64_t noted = (uint64_t)index << 32 | (uint32_t)result;
    uint64_t seen = atomic_load_explicit(&task->first, memory_order_relaxed); /* relaxed: read when the run is over */
    while (result != 0 && noted < seen &&
           !atomic_compare_exchange_weak_explicit(&task->first, &seen, noted, memory_order_relaxed,
                                                  memory_order_relaxed)) {
    }
}

/* The last one prepares the stream's next task and opens it to the others. */
static int run_leave(struct driver_stream *stream, struct driver_task *task, uint32_t position)
{
    /* Acquire and release: the last one sees what all others did. */
    if (atomic_fetch_sub_explicit(&task->left, 1, memory_order_acq_rel) != 1) {
        return 0;
    }
    if (position + 1 < stream->tasks) {
        char text[DRIVER_TEXT_BYTES] = "";
        driver_lock();
        int result = driver_task_resolve(stream->session->device, task->next, text);
        driver_unlock();
        if (result != 0) {
            exec_fail(EXEC_END_USER_FAULT, "%s", text);
            return result;
        }
    }
    /* Release: pairs with the acquire in run_await. */
    atomic_store_explicit(&stream->finished, position + 1, memory_order_release);
    exec_wake(&stream->finished);
    return 0;
}

static int run_await(struct driver_stream *stream, uint32_t position)
{
    for (;;) {
        uint32_t finished = atomic_load_explicit(&stream->finished, memory_order_acquire); /* pairs with run_leave */
        if (finished >= position) {
            return 0;
        }
        int result = exec_wait(&stream->finished, finished, EXEC_NEVER);
        if (result != 0) {
            return result;
        }
    }
}

static void run_processor(void *argument)
{
    struct driver_processor *processor = argument;
    struct driver_stream *stream = processor->stream;
    struct driver_task *task = stream->head;
    if (processor->core) {
        exec_set_local(&processor->local);
    }
    for (uint32_t position = 0; position < stream->tasks; position++) {
        task = position == 0 ? task : task->next;
        if (run_is_core_work(task) != processor->core || processor->index >= run_width(task)) {
            continue;
        }
        if (run_await(stream, position) != 0) {
            return;
        }
        run_note_result(task, processor->index, run_part(processor, task));
        if (run_leave(stream, task, position) != 0) {
            return;
        }
    }
}

/* ---- around a run, with the lock held ---- */

static int run_fail(struct npu_driver_session *session, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int run_fail(struct npu_driver_session *session, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(session->last.text, sizeof(session->last.text), format, arguments);
    va_end(arguments);
    log_message(LOG_LEVEL_INFO, "driver", "device %d: %d: %s", session->device->id, code, session->last.text);
    return code;
}

static void run_measure(struct driver_stream *stream)
{
    stream->threads = 0;
    stream->blocks = 0;
    stream->tasks = (uint32_t)stream->queued;
    /* Relaxed: no processor runs yet, and starting one orders everything before it. */
    atomic_store_explicit(&stream->finished, 0, memory_order_relaxed);
    struct driver_task *task = stream->head;
    for (uint32_t i = 0; i < stream->tasks; i++, task = task->next) {
        uint32_t *most = run_is_core_work(task) ? &stream->blocks : &stream->threads;
        *most = task->count > *most ? task->count : *most;
        atomic_store_explicit(&task->left, run_width(task), memory_order_relaxed); /* relaxed: as above */
        atomic_store_explicit(&task->first, UINT64_MAX, memory_order_relaxed);     /* relaxed: as above */
    }
}

/* Streams whose cores fit on the chip together, in order; the others wait for the next turn. Returns the processors. */
static size_t run_choose(struct npu_driver_session *session, uint32_t *blocks)
{
    size_t processors = 0;
    *blocks = 0;
    for (struct driver_stream *stream = session->streams; stream != NULL; stream = stream->next) {
        stream->runs = false;
        if (stream->queued == 0) {
            continue;
        }
        run_measure(stream);
        if (*blocks + stream->blocks > driver_chip_cores(session->arch)) {
            continue;
        }
        stream->runs = true;
        stream->first_block = *blocks;
        *blocks += stream->blocks;
        processors += stream->threads + (size_t)stream->blocks * NPU_CORES_PER_BLOCK;
    }
    return processors;
}

/* Relaxed: no processor runs between runs, and starting one orders everything before it. */
static void run_clear_register(struct npu_register_block *block, const struct npu_arch *arch, uint32_t offset)
{
    atomic_store_explicit(&block->words[npu_arch_register_slot(arch, offset) / 4], 0, memory_order_relaxed);
}

static int run_prepare_cores(struct npu_driver_session *session, uint32_t blocks)
{
    const struct npu_arch *arch = session->arch;
    if (driver_session_chip(session) != 0) {
        return run_fail(session, DRIVER_OUT_OF_MEMORY, "no memory for the registers of %u cores",
                        driver_chip_cores(arch));
    }
    npu_pipes_clear(session->pipes);
    for (uint32_t i = 0; i < blocks * NPU_CORES_PER_BLOCK; i++) {
        struct npu_register_block *block =
            driver_session_registers(session, i / NPU_CORES_PER_BLOCK, i % NPU_CORES_PER_BLOCK);
        run_clear_register(block, arch, arch->data_main_base_offset);
        run_clear_register(block, arch, arch->cond_offset);
        if (arch->fast_path_offset != 0) {
            run_clear_register(block, arch, arch->fast_path_offset);
        }
        atomic_store_explicit(&block->bell, NULL, memory_order_relaxed); /* relaxed: see run_clear_register */
    }
    return DRIVER_OK;
}

static int run_resolve_heads(struct npu_driver_session *session)
{
    char text[DRIVER_TEXT_BYTES] = "";
    for (struct driver_stream *stream = session->streams; stream != NULL; stream = stream->next) {
        if (stream->runs && driver_task_resolve(session->device, stream->head, text) != 0) {
            return run_fail(session, DRIVER_EXCEPTION, "%s", text);
        }
    }
    return DRIVER_OK;
}

static int run_reserve_processors(struct npu_driver_session *session, size_t count)
{
    if (count <= session->processor_capacity) {
        return DRIVER_OK;
    }
    struct driver_processor *made = os_zalloc("driver.processors", count * sizeof(*made));
    if (made == NULL) {
        return run_fail(session, DRIVER_OUT_OF_MEMORY, "no host memory for %zu processors", count);
    }
    free(session->processors);
    session->processors = made;
    session->processor_capacity = count;
    return DRIVER_OK;
}

static void run_name(struct driver_processor *processor, bool core, uint32_t index, uint32_t blocks)
{
    if (processor->name[0] != '\0' && processor->core == core && processor->index == index &&
        processor->named_after == blocks) {
        return;
    }
    processor->core = core;
    processor->index = index;
    processor->named_after = blocks;
    (void)snprintf(processor->name, sizeof(processor->name), "%s %" PRIu32,
                   !core            ? "aicpu"
                   : index < blocks ? "aic"
                                    : "aiv",
                   core && index >= blocks ? index - blocks : index);
}

static int run_spawn_stream(struct npu_driver_session *session, struct driver_stream *stream, struct exec_group *group,
                            size_t *used)
{
    uint32_t cores = stream->blocks * NPU_CORES_PER_BLOCK;
    int result = 0;
    for (uint32_t i = 0; i < stream->threads + cores && result == 0; i++) {
        struct driver_processor *processor = &session->processors[(*used)++];
        bool core = i >= stream->threads;
        run_name(processor, core, core ? i - stream->threads : i, stream->blocks);
        processor->session = session;
        processor->stream = stream;
        processor->local.pipes = session->pipes;
        processor->local.code = session->device->code;
        result = exec_spawn(group, processor->name, core ? EXEC_CORE_STACK_BYTES : EXEC_ORCHESTRATION_STACK_BYTES,
                            run_processor, processor);
    }
    return result;
}

static int run_spawn(struct npu_driver_session *session, struct exec_group *group)
{
    size_t used = 0;
    int result = 0;
    for (struct driver_stream *stream = session->streams; stream != NULL && result == 0; stream = stream->next) {
        if (stream->runs) {
            result = run_spawn_stream(session, stream, group, &used);
        }
    }
    return result;
}

static const int run_codes[] = {
    [EXEC_END_OK] = DRIVER_OK,
    [EXEC_END_OP_TIMEOUT] = DRIVER_TIMEOUT,
    [EXEC_END_SYNC_TIMEOUT] = DRIVER_TIMEOUT,
    [EXEC_END_USER_FAULT] = DRIVER_EXCEPTION,
    [EXEC_END_DEADLOCK] = DRIVER_TIMEOUT,
    [EXEC_END_CANCELLED] = DRIVER_INTERNAL,
};

/* Others may call the driver while the group runs. */
static int run_group(struct npu_driver_session *session, struct exec_group *group)
{
    struct exec_outcome *outcome = &session->last.outcome;
    struct driver_thread saved = *driver_thread();
    session->running = true;
    /* What a program makes of memory that holds anything is an exception of the device, as it is on a real one. */
    exec_group_contain(group, session->device->lied);
    session->run_number = driver_next_number();
    driver_unlock();
    int result = exec_group_run(group, outcome);
    driver_lock();
    *driver_thread() = saved;
    session->running = false;
    /* Release: pairs with the acquire in exec_wait. */
    (void)atomic_fetch_add_explicit(&session->device->runs_ended, 1, memory_order_release);
    session->device->counters.runs++;
    driver_tell_end();
    if (result == 0) {
        return DRIVER_OK;
    }
    return run_fail(session, run_codes[outcome->end], "end %d, processor \"%s\", signal %d, after %" PRIu64 " ns: %.*s",
                    (int)outcome->end, outcome->culprit, outcome->signal_number, outcome->end_ns - outcome->start_ns,
                    (int)strcspn(outcome->report, "\n"), outcome->report);
}

static void run_take_results(struct npu_driver_session *session, bool of_cores)
{
    for (const struct driver_stream *stream = session->streams; stream != NULL; stream = stream->next) {
        const struct driver_task *task = stream->head;
        for (uint32_t i = 0; stream->runs && i < stream->tasks; i++, task = task->next) {
            uint64_t first = atomic_load_explicit(&task->first, memory_order_relaxed); /* relaxed: the run is over */
            if (run_is_core_work(task) == of_cores && first != UINT64_MAX && session->last.first_result == 0) {
                session->last.first_result = (int)(uint32_t)first;
            }
        }
    }
}

/* Takes what has run out of the queues, or after a failure everything. */
static void run_clear_queues(struct npu_driver_session *session, bool all)
{
    for (struct driver_stream *stream = session->streams; stream != NULL; stream = stream->next) {
        uint32_t count = stream->runs ? stream->tasks : 0;
        stream->runs = false;
        if (all || count == stream->queued) {
            driver_stream_drop_work(stream);
            continue;
        }
        for (uint32_t i = 0; i < count; i++) {
            driver_stream_drop_first(stream);
        }
    }
}

/* One turn: everything that fits on the chip together. */
static int run_turn(struct npu_driver_session *session, size_t processors, uint32_t blocks, int32_t milliseconds)
{
    struct exec_group *group = NULL;
    int code = run_resolve_heads(session);
    if (code == DRIVER_OK && blocks != 0) {
        code = run_prepare_cores(session, blocks);
    }
    if (code == DRIVER_OK) {
        code = run_reserve_processors(session, processors);
    }
    if (code != DRIVER_OK) {
        return code;
    }
    int result = driver_engine_begin(session, milliseconds, &group);
    if (result == 0) {
        result = run_spawn(session, group);
        if (result != 0) {
            driver_engine_end(session, group, true);
        }
    }
    if (result != 0) {
        return run_fail(session, DRIVER_OUT_OF_MEMORY, "no %zu processors: %s", processors, strerror(-result));
    }
    code = run_group(session, group);
    driver_engine_end(session, group, false);
    run_take_results(session, false);
    run_take_results(session, true);
    return code;
}

int driver_session_run(struct npu_driver_session *session, int32_t milliseconds)
{
    struct driver_device *device = session->device;
    uint32_t blocks;
    int code = DRIVER_OK;
    size_t processors = run_choose(session, &blocks);
    if (processors != 0) {
        session->last = (struct npu_driver_run){0};
    }
    while (processors != 0 && code == DRIVER_OK) {
        code = run_turn(session, processors, blocks, milliseconds);
        run_clear_queues(session, code != DRIVER_OK);
        processors = run_choose(session, &blocks);
    }
    driver_poison(device, code, true);
    driver_code_sweep(device->code);
    if (exec_current_engine() != NULL) {
        device->waiting++; /* nobody else may need it any more */
        driver_unlock();
        exec_wake(&device->runs_ended);
        driver_lock();
        device->waiting--;
    }
    return code;
}
