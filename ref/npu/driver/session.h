/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session: what the simulated driver offers beyond a vendor's: which chip sits in the slot, on which engine its work
 * runs, and what there is to count.
 *
 * A session is one client of a device (a host context). Calls of a thread that has entered none belong to the device's
 * own session (a2a3, default engine). Sessions of a device share its HBM and its poison; each has cores of its own,
 * so that two of them can run at once (R14). Streams belong to the session that was entered when they were made, and
 * what one session has queued runs together.
 */
#ifndef NPU_DRIVER_SESSION_H
#define NPU_DRIVER_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/debug_api.h"
#include "exec/exec.h"
#include "npu/arch.h"

struct npu_driver_session;

/* Needs no rtSetDevice. Survives rtDeviceReset, without its streams. Returns 0, -EINVAL, -ENOMEM. */
int npu_driver_session_open(int device_id, const struct npu_arch *arch, struct npu_driver_session **session);
/* Drops its streams and their work, engine and registers; memory is the device's. NULL is allowed. */
void npu_driver_session_close(struct npu_driver_session *session);
/* The calling thread works for this session from now on; NULL: for none. Like rtSetDevice, to be told after waits. */
void npu_driver_session_enter(struct npu_driver_session *session);
/* For runs on the session's own engine. Returns 0, -EBUSY during one, -EINVAL, -ENOMEM with the old options in force.
 */
int npu_driver_session_set_engine(struct npu_driver_session *session, const struct exec_options *options);
/* The caller is a processor of a run of this session's own engine. */
bool npu_driver_session_is_inside(const struct npu_driver_session *session);

/* How the session's last run went. */
struct npu_driver_run {
    struct exec_outcome outcome;
    int first_result; /* first non-zero value that a kernel function returned, AICPU before AICore, in queue order */
    char text[256];   /* why it failed, "" when it did not */
};
/* Valid until the session's next run. */
const struct npu_driver_run *npu_driver_session_last_run(const struct npu_driver_session *session);

/* Numbers of one device now, and of all its calls since the first use of the device by this process. */
struct npu_driver_statistics {
    uint64_t sessions;        /* open, the device's own not counted */
    uint64_t contexts;        /* 1 from the first rtSetDevice to the reset */
    uint64_t streams;         /* alive */
    uint64_t pending;         /* launches queued and not run */
    uint64_t images;          /* AICore images registered ... */
    uint64_t image_bytes;     /* ... and their charge */
    uint64_t binaries;        /* AICPU binaries loaded */
    uint64_t loaded_programs; /* SOs held open: AICore images and server of the device, AICPU SOs of the process */
    uint64_t loaded_kernels;  /* kernels loaded from device memory (R35) */
    uint64_t capacity;        /* of HBM, bytes ... */
    uint64_t in_use;          /* ... all allocations and images */
    uint64_t buffers;         /* allocations alive, images included */
    /* calls that did their work, ever */
    uint64_t allocations;
    uint64_t frees;
    uint64_t copies;
    uint64_t streams_created;
    uint64_t registrations;
    uint64_t binary_loads;
    uint64_t kernel_loads;
    uint64_t launches;
    uint64_t runs;
    int32_t first_fault; /* code that poisoned the device, 0: it is sound */
};
/* All zero for a device that was never used. */
void npu_driver_statistics(int device_id, struct npu_driver_statistics *statistics);

/* Streams, images, binaries and kernels of the device. Copies up to `capacity`, returns how many there are. */
size_t npu_driver_objects(int device_id, struct pto_driver_object *objects, size_t capacity);

/*
 * Memory of the whole device, 0: the default of 16 GiB. Stays as long as a session is open or anything of the device is
 * in use; before that there is nothing to change (-ENOENT). Returns 0, -EBUSY (more is in use), -ENOENT.
 */
int npu_driver_set_capacity(int device_id, uint64_t bytes);

/*
 * Tells AddressSanitizer and valgrind that nobody may touch these bytes (npu/redzone.h), or that everybody may again.
 * No effect on what is not memory of the calling thread's device any more.
 */
void npu_driver_guard(void *address, uint64_t bytes, bool closed);

/* What dlog_setlevel set last; -1: nothing. */
int npu_driver_log_level(void);

#endif
