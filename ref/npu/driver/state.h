/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state: what the simulated driver knows, private to this folder. One lock guards all of it but what is said to be a
 * run's own; the lock is never held across a wait of exec.
 */
#ifndef NPU_DRIVER_STATE_H
#define NPU_DRIVER_STATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/device_program.h"
#include "npu/code.h"
#include "npu/driver/driver.h"
#include "npu/driver/session.h"
#include "npu/hbm.h"
#include "npu/pipes.h"
#include "npu/registers.h"

#define DRIVER_NAME_BYTES 128u /* of an op, a function, a file name, with the NUL */
#define DRIVER_PROCESSOR_NAME_BYTES 16u

/* ---- programs ---------------------------------------------------------------------------------------------------- */

/* An SO in the kernel directory. The first image that was loaded stays until nobody names the path any more. */
struct driver_program {
    struct driver_program *next;
    char name[DRIVER_NAME_BYTES];
    uint32_t users; /* ops and queued tasks */
    void *handle;   /* NULL: not loaded */
    int device_id;  /* that loaded it */
};

/* One op of a binary; its address is the function handle. */
struct driver_op {
    char name[DRIVER_NAME_BYTES];
    char function[DRIVER_NAME_BYTES];
    struct driver_program *program;
};

struct driver_binary {
    struct driver_binary *next;
    size_t count;
    struct driver_op ops[];
};

/* An AICore image: its bytes are in device memory of kind PROGRAM, which is its charge. */
struct driver_image {
    struct driver_image *next;
    void *bytes;
    uint64_t size;
    void *handle; /* NULL: not run yet */
    pto_aicore_entry *entry;
};

/* ---- queued work ------------------------------------------------------------------------------------------------- */

enum driver_task_kind {
    DRIVER_TASK_FUNCTION,    /* an op of a binary, on AICPU threads */
    DRIVER_TASK_SERVER_INIT, /* built in: loads the SO in the arguments, calls its init */
    DRIVER_TASK_SERVER,      /* built in: calls the SO loaded before */
    DRIVER_TASK_AICORE,
};

struct driver_task {
    struct driver_task *next;
    enum driver_task_kind kind;
    uint32_t count; /* AICPU threads, or blocks */
    bool hangs;     /* a fault plan said so */
    struct driver_program *program;
    char function[DRIVER_NAME_BYTES];
    struct driver_image *image;

    /* in a run */
    pto_aicpu_entry *entry;
    pto_aicore_entry *core_entry;
    _Atomic uint32_t left;  /* processors that have not done it */
    _Atomic uint64_t first; /* lowest (processor << 32 | result) with a non-zero result; UINT64_MAX: none */
    size_t args_bytes;
    _Alignas(16) uint8_t args[];
};

struct driver_stream {
    struct driver_stream *next;
    struct npu_driver_session *session;
    struct driver_task *head;
    struct driver_task **tail;
    uint64_t queued;

    /* in a run */
    bool runs;
    uint32_t tasks;   /* of this run: the first ones of the queue */
    uint32_t threads; /* most that one of them needs */
    uint32_t blocks;  /* most that one of them needs, from first_block of the chip on */
    uint32_t first_block;
    _Atomic uint32_t finished; /* tasks */
};

/* One processor of a run: takes its part in every task of its stream, in order. */
struct driver_processor {
    struct npu_driver_session *session;
    struct driver_stream *stream;
    bool core;
    uint32_t index;       /* thread, or worker */
    uint32_t named_after; /* blocks of the launch that `name` is for */
    struct npu_core_local local;
    char name[DRIVER_PROCESSOR_NAME_BYTES]; /* "": none yet */
};

/* ---- clients and devices ----------------------------------------------------------------------------------------- */

struct npu_driver_session {
    struct npu_driver_session *next;
    struct driver_device *device;
    uint64_t serial; /* no other session of the process has it */
    const struct npu_arch *arch;
    struct driver_stream *streams; /* in order of creation */

    /* Registers: reserved when they are first mapped or run on, kept. */
    uint8_t *window;
    size_t window_bytes;
    struct npu_pipes *pipes;

    /* The session's own engine, made by its first run outside any processor. */
    _Atomic(struct exec_engine *) engine;
    struct exec_group *group;
    struct exec_options options;    /* as asked */
    struct exec_options configured; /* as the engine has them */

    bool running;
    struct exec_engine *runner; /* engine of the run under way */
    uint64_t run_number;        /* of driver_next_number, of the run under way */
    struct npu_driver_run last;
    struct driver_processor *processors;
    size_t processor_capacity;
};

struct driver_device {
    struct driver_device *next;
    int id;
    uint64_t generation; /* another number after each reset */
    bool has_context;    /* somebody named it since its last reset */
    uint32_t busy;       /* copies under way */
    uint32_t waiting;    /* calls that wait and will look at the device again */
    /* Runs of all sessions; what processors of an engine that runs one wait on. Here, since a session may be closed
     * before those who waited for it look again. */
    _Atomic uint32_t runs_ended;
    uint64_t op_limit_ns; /* 0: the default */
    struct npu_owner *owner;
    struct npu_driver_session *sessions; /* the device's own is the last one */
    struct npu_driver_session *own;
    struct driver_image *images;
    struct driver_binary *binaries;
    void *server; /* handle of the SO of DynTileFwkKernelServerInit */
    struct npu_code *code;
    void *c2c; /* the synchronisation block, no memory of the device's; NULL until asked for */
    int fault; /* 0, or the code that poisoned it */
    bool lied; /* a copy was not made although it was said to be: until the reset its memory may hold anything */
    struct npu_driver_statistics counters;
};

/* ---- state: lock, lists, threads --------------------------------------------------------------------------------- */

void driver_lock(void);
void driver_unlock(void);
/* Lets others in until something ended: a run, a copy. */
void driver_wait_for_end(void);
void driver_tell_end(void);

/* NULL: never used, or forgotten. */
struct driver_device *driver_device_find(int id);
/* Finds or makes. NULL: out of memory. */
struct driver_device *driver_device_get(int id);
/* Frees the device when nothing needs it. */
void driver_device_put(struct driver_device *device);
/* Waits until no run and no copy of the device is under way. 0, or -ECANCELED. The lock is held before and after. */
int driver_device_quiet(struct driver_device *device);
/* Waits until the session runs nothing. 0, or -ECANCELED. */
int driver_session_quiet(struct npu_driver_session *session);

/* What the calling thread has named. Restored around waits, since fibers share it. */
struct driver_thread {
    int device_id;
    uint64_t generation; /* 0: none */
    struct npu_driver_session *session;
    uint64_t serial;
};
struct driver_thread *driver_thread(void);
uint64_t driver_next_number(void);

struct npu_driver_session *driver_session_make(struct driver_device *device, const struct npu_arch *arch);
/* Out of the device's list and gone. Nothing of it runs. */
void driver_session_free(struct npu_driver_session *session);

/* ---- call: what every call begins and ends with ------------------------------------------------------------------ */

enum driver_need {
    DRIVER_NEEDS_NOTHING = 0,
    DRIVER_NEEDS_CONTEXT = 1, /* 107002 without */
    DRIVER_NEEDS_SOUND = 2,   /* and 507899 when poisoned */
    DRIVER_LAUNCHES = 4,      /* 207001 poisons */
    DRIVER_QUEUES = 8,        /* a hang is for the run */
};

struct driver_call {
    uint32_t needs;
    struct driver_device *device;       /* NULL without context */
    struct npu_driver_session *session; /* entered, or the device's own */
    int code;                           /* why not, when driver_begin says no */
    bool hangs;                         /* DRIVER_QUEUES: queue it as hanging */
    bool lies;                          /* driver_begin says no, since a plan wants it reported done and not done */
};

/* The device that the calling thread has named, unless it was reset since; else NULL. */
struct driver_device *driver_device_of_thread(void);
/* Takes the lock and checks; false: return call->code (0 for a lie). `site` is "driver.<name>". */
bool driver_begin(struct driver_call *call, const char *site, uint32_t needs);
/* After the lock was given up during a call: false when the device was reset meanwhile, so that none of the caller's
 * handles means anything any more, even if an object of a newcomer has the same address. */
bool driver_call_stands(const struct driver_call *call);
/* Gives the lock back; poisons as the code asks. Returns the code. */
int driver_end(const struct driver_call *call, int code);
void driver_poison(struct driver_device *device, int code, bool launch);

/* ---- memory ------------------------------------------------------------------------------------------------------ */

bool driver_holds(const struct driver_device *device, const void *address, uint64_t bytes);

/* ---- program: SOs and their functions. The lock is held. Texts go to `text`. --------------------------------------
 */

#define DRIVER_TEXT_BYTES 256u

/* Finds or enters the path; one more user. NULL: out of memory. */
struct driver_program *driver_program_get(const char *name);
void driver_program_put(struct driver_program *program);
/* Makes the task's entry known, loading what must be loaded. 0, or -1 with text. */
int driver_task_resolve(struct driver_device *device, struct driver_task *task, char text[DRIVER_TEXT_BYTES]);
void driver_image_free(struct driver_device *device, struct driver_image *image);
void driver_binary_free(struct driver_device *device, struct driver_binary *binary);
/* The SO of DynTileFwkKernelServerInit. */
void driver_server_free(struct driver_device *device);
/* Of the process; for statistics. */
size_t driver_programs_loaded(void);

/* ---- stream and run ---------------------------------------------------------------------------------------------- */

/* NULL when `handle` is no live stream of the device. */
struct driver_stream *driver_stream_find(struct driver_device *device, const void *handle);
void driver_stream_drop_first(struct driver_stream *stream);
void driver_stream_drop_work(struct driver_stream *stream);
void driver_stream_free(struct driver_stream *stream);
/* Runs what the session has queued. The lock is held before and after. Returns a driver code. */
int driver_session_run(struct npu_driver_session *session, int32_t milliseconds);
/* The group for a run: of the engine that is running, or of the session's own. 0 or a negative errno. */
int driver_engine_begin(struct npu_driver_session *session, int32_t milliseconds, struct exec_group **group);
/* The run of `group` is over, or was given up before it ran (`failed`: its spawned processors are dropped). */
void driver_engine_end(struct npu_driver_session *session, struct exec_group *group, bool failed);
void driver_engine_free(struct npu_driver_session *session);
/* Reserves registers and pipes. 0 or -ENOMEM. */
int driver_session_chip(struct npu_driver_session *session);
struct npu_register_block *driver_session_registers(const struct npu_driver_session *session, uint32_t core,
                                                    uint32_t sub);
uint32_t driver_chip_cores(const struct npu_arch *arch);

/* ---- code: kernels in device memory (R35). The lock is held. ------------------------------------------------------
 */

struct npu_code *driver_code_make(struct driver_device *device);
void driver_code_free(struct npu_code *code);
/* What lies in the range is gone or other now. Images that a run may still execute are closed by driver_code_sweep. */
void driver_code_changed(struct npu_code *code, const void *address, uint64_t bytes);
void driver_code_sweep(struct npu_code *code);
uint64_t driver_code_count(const struct npu_code *code);

/* ---- objects: what there is, for who asks. The lock is held. ------------------------------------------------------
 */

struct driver_listing {
    struct pto_driver_object *objects;
    size_t capacity;
    size_t count;
};
void driver_list(struct driver_listing *listing, const struct pto_driver_object *object);
/* Kernels that are loaded, those included that are only waiting to be closed. */
void driver_code_list(const struct npu_code *code, struct driver_listing *listing);

#endif
