/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver: the calls of the vendor's driver that onboard code makes, under their own names, over the simulated hardware
 * (host.md 3.7, 3.10, 4.3, 4.5, 4.6; R15 - R18, R33, R35). What no vendor offers is in npu/driver/session.h.
 *
 * Context. A thread speaks to the device that it named in rtSetDevice; without one every call but rtSetDevice,
 * rtDeviceReset, aclInit, aclFinalize, dlog_setlevel and the hal calls fails with 107002. A device's reset takes every
 * thread's context away that was on it. Fibers of one OS thread share the context: who let other processors run (any
 * wait but the driver's own) names its device again.
 *
 * Memory. Everything is charged to the device's HBM, also registered images (which nothing gives back but the reset).
 * A device address is the host address of the simulated memory. Ranges are checked: 107000.
 *
 * Streams. Work is queued and starts when a stream of the same session is synchronised; then everything that the
 * session has queued runs, each stream in order and all streams at once, as one exec group, on the engine of the
 * calling processor or else on the session's own (R14). Launch arguments are copied when queued. A function that
 * returns non-zero is no fault: what it has to say it says in device memory.
 *
 * Faults. A run that faults returns 507018, one that hangs or exceeds its deadline 507046, one that was cancelled
 * 507000; a launch or registration without memory 207001. Each of these poisons the device (R17): until rtDeviceReset
 * every call that needs the device returns 507899 (register mappings 62), while giving back (rtFree, rtStreamDestroy,
 * rtsBinaryUnload) works.
 *
 * Fault plans (base/fault.h). Each call is a site "driver.<name>" ("driver.rtMalloc"; the acl calls have their own). A
 * rule with an error makes the call fail with it (ENOMEM: 207001), poisoning as above. A rule with error 0 is a value
 * fault, chosen by values[0]: DRIVER_FAULT_LIE reports success and does nothing (results are NULL or 0);
 * DRIVER_FAULT_HANG never gets an answer: launches are queued and hang the device when it runs them, other calls
 * return 507046 after the sync limit of exec time and poison. A copy or a memset that lies tells the truth
 * (fault_truths): to, from (0: a memset), bytes, enum rtMemcpyKind.
 *
 * Thread safe. Nothing here is called by device programs.
 */
#ifndef NPU_DRIVER_DRIVER_H
#define NPU_DRIVER_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/debug_api.h"

#define DRIVER_FAULT_LIE 0u /* values[0] of a value fault */
#define DRIVER_FAULT_HANG 1u

/*
 * Where kernel SOs of AICPU binaries lie, a path of the device (below os_root_path). One for all devices of the
 * machine: the dies of a chip share it, so file names carry the device.
 */
#define DRIVER_KERNEL_DIRECTORY "/usr/lib64/aicpu_kernels/0/aicpu_kernels_device"

enum driver_code {
    DRIVER_OK = 0,
    DRIVER_REGISTER_BUSY = 13,         /* halMemCtl raced with a fork: try again (fault plans only) */
    DRIVER_REGISTER_POISONED = 62,     /* register mapping on a poisoned device */
    DRIVER_ACL_UNINITIALIZED = 100001, /* aclFinalize without aclInit */
    DRIVER_ACL_REPEATED = 100002,      /* aclInit again; the first one stands */
    DRIVER_INVALID_PARAMETER = 107000, /* NULL, unknown handle or address, range, bad ELF metadata, malformed JSON */
    DRIVER_NO_CONTEXT = 107002,        /* the thread has named no device */
    DRIVER_NOT_SUPPORTED = 207000,     /* a mode that this driver does not have */
    DRIVER_OUT_OF_MEMORY = 207001,     /* HBM, or the machine's memory */
    DRIVER_INTERNAL = 507000,          /* the run was cancelled */
    DRIVER_EXCEPTION = 507018,         /* user code faulted, or an image cannot be loaded or lacks its symbol */
    DRIVER_TIMEOUT = 507046,           /* the run hangs, or exceeded the op or sync deadline */
    DRIVER_POISONED = 507899,          /* a consequence of an earlier fault of the device */
    DRIVER_STREAM_BUSY = 507901,       /* the stream to be destroyed has pending work; it stays */
};

#define RT_ERROR_NONE 0
#define ACL_SUCCESS 0
#define DRV_ERROR_NONE 0

typedef int32_t rtError_t;
typedef void *rtStream_t;
typedef void *rtBinHandle;
typedef void *rtFuncHandle;

/* ---- device and memory ------------------------------------------------------------------------------------------ */

rtError_t rtSetDevice(int32_t device);
/* Waits for runs of the device that are under way, then drops everything of it: streams with their work, images,
 * binaries, memory, contexts of threads, the poison. Does not need to have been set. */
rtError_t rtDeviceReset(int32_t device);

/*
 * `module` says what the memory is for, so that the ledger can tell: an enum pto_memory_kind. Kinds RUNTIME and
 * REGISTERS come zeroed, ring kinds 1024-aligned, others 64-aligned. `type` is RT_MEMORY_HBM. Size 0 is served. 207001
 * here poisons nothing.
 */
#define RT_MEMORY_HBM 2u
rtError_t rtMalloc(void **address, uint64_t bytes, uint32_t type, uint16_t module);
rtError_t rtFree(void *address);

enum rtMemcpyKind { /* host to host copies nothing of the device */
                    RT_MEMCPY_HOST_TO_HOST = 0,
                    RT_MEMCPY_HOST_TO_DEVICE = 1,
                    RT_MEMCPY_DEVICE_TO_HOST = 2,
                    RT_MEMCPY_DEVICE_TO_DEVICE = 3,
};
/* `capacity`: bytes that may be written at `to`. A device range lies inside one allocation. 0 bytes are no error. */
rtError_t rtMemcpy(void *to, uint64_t capacity, const void *from, uint64_t bytes, enum rtMemcpyKind kind);
rtError_t rtMemset(void *address, uint64_t capacity, uint32_t value, uint64_t bytes);

/* ---- streams ----------------------------------------------------------------------------------------------------- */

rtError_t rtStreamCreate(rtStream_t *stream, int32_t priority);
rtError_t rtStreamDestroy(rtStream_t stream);
/* Without a limit of its own: the session's sync limit (R33: 2 s of exec time). */
rtError_t rtStreamSynchronize(rtStream_t stream);
/* `milliseconds` of exec time bound what the op limit cannot end (R33); -1: the session's sync limit. */
rtError_t rtStreamSynchronizeWithTimeout(rtStream_t stream, int32_t milliseconds);

/* ---- AICore ------------------------------------------------------------------------------------------------------ */

#define RT_DEV_BINARY_MAGIC_ELF 0x43554245u
typedef struct {
    uint32_t magic; /* RT_DEV_BINARY_MAGIC_ELF */
    uint32_t version;
    const void *data;
    uint64_t length;
} rtDevBinary_t;

/*
 * Charges `length` bytes (kind PROGRAM) to the device each time it is called; there is no call to give them back (R15).
 * 107000: no 64-bit ELF; 207001: no memory, poisons.
 */
rtError_t rtRegisterAllKernel(const rtDevBinary_t *binary, void **handle);

typedef struct {
    void *args; /* one pointer: the device address of the kernel arguments */
    uint32_t argsSize;
} rtArgsEx_t;
#define RT_SCHEM_MODE_BATCH 1u
typedef struct {
    uint8_t schemMode;
} rtTaskCfgInfo_t;
/*
 * Runs `aicore_execute` of the image on blockDim clusters: core i of the AICs, then the AIVs, is told its identity
 * (abi/device_program.h). `tilingKey` 0, `smDesc` NULL.
 */
rtError_t rtKernelLaunchWithHandleV2(void *handle, uint64_t tilingKey, uint32_t blockDim, const rtArgsEx_t *args,
                                     void *smDesc, rtStream_t stream, const rtTaskCfgInfo_t *config);

/* ---- AICPU ------------------------------------------------------------------------------------------------------- */

#define KERNEL_TYPE_AICPU_KFC 7u
#define DRIVER_KERNEL_ARGS_BYTES_MAX 4096u
typedef struct {
    void *args; /* copied when queued; with the two names inside */
    uint32_t argsSize;
    uint32_t soNameAddrOffset;     /* NUL-terminated, inside args */
    uint32_t kernelNameAddrOffset; /* NUL-terminated, inside args */
} rtAicpuArgsEx_t;
/*
 * The built-in library "libaicpu_extend_kernels.so" and its kernels DynTileFwkKernelServerInit and
 * DynTileFwkKernelServer: Init loads the SO that the struct pto_device_args at args + 40 names (aicpu_so_bin, _len:
 * device memory), and calls its DynTileFwkBackendKernelServerInit(args); the other one calls
 * DynTileFwkBackendKernelServer(args) of the SO loaded before. The first SO of a device stays until its reset.
 */
rtError_t rtAicpuKernelLaunchExWithArgs(uint32_t kernelType, const char *opName, uint32_t blockDim,
                                        const rtAicpuArgsEx_t *args, void *smDesc, rtStream_t stream, uint32_t flags);

#define RT_LOAD_BINARY_OPT_CPU_KERNEL_MODE 3u
typedef struct {
    uint32_t optionId;
    uint32_t value;
} rtLoadBinaryOption_t;
typedef struct {
    const rtLoadBinaryOption_t *options; /* CPU_KERNEL_MODE 0: the SO lies in DRIVER_KERNEL_DIRECTORY already */
    size_t numOpt;
} rtLoadBinaryConfig_t;
/*
 * `path` is a real path of a JSON op description: { "<op>": { "opInfo": { "functionName": …, "kernelSo": basename,
 * "opKernelLib": "AICPUKernel", … } }, … }. The SO is read when an op of it first runs; whatever stands at its path
 * later, the process keeps that first image until every binary that names the path is unloaded.
 */
rtError_t rtsBinaryLoadFromFile(const char *path, const rtLoadBinaryConfig_t *config, rtBinHandle *binary);
/* Its functions are gone too. Waits for a run that is under way. */
rtError_t rtsBinaryUnload(rtBinHandle binary);
rtError_t rtsFuncGetByName(rtBinHandle binary, const char *op, rtFuncHandle *function);

typedef struct {
    uint32_t numAttrs; /* 0 */
} rtKernelLaunchCfg_t;
typedef struct {
    rtAicpuArgsEx_t baseArgs; /* args and argsSize count: the kernel arguments by value */
} rtCpuKernelArgs_t;
/* `blockDim` threads call the function (pto_aicpu_entry), each with the address of one copy of the arguments. */
rtError_t rtsLaunchCpuKernel(rtFuncHandle function, uint32_t blockDim, rtStream_t stream,
                             const rtKernelLaunchCfg_t *config, const rtCpuKernelArgs_t *args);

/* ---- registers --------------------------------------------------------------------------------------------------- */

/* Base of the cross-core synchronisation block, until the reset. Not charged: it is no memory. */
rtError_t rtGetC2cCtrlAddr(uint64_t *address, uint32_t *bytes);

/*
 * Core c's registers are at base + c * core_stride, those of its sub-core s (0 AIC, 1 and 2 AIV) at s * sub_stride from
 * there (npu_arch.mapping). As physical_core_id cores report their place in the list that has, die by die, the AICs and
 * then the AIVs: for core c = die * n + i, with n cores in a die,
 * 3 * n * die + (s == 0 ? i : n + 2 * i + s - 1).
 */
#define ADDR_MAP_TYPE_REG_AIC_CTRL 2u
#define ADDR_MAP_TYPE_REG_AIC_PMU_CTRL 3u
struct AddrMapInPara {
    uint32_t addr_type;
    uint32_t devid;
};
struct AddrMapOutPara {
    uint64_t ptr; /* base */
    uint64_t len;
};
/* All cores at once (a2a3). `type` 0, `in` a struct AddrMapInPara, `out` a struct AddrMapOutPara. 62, 13, 107000. */
int halMemCtl(int type, void *in, size_t in_bytes, void *out, size_t *out_bytes);

#define RES_AICORE 2u
struct res_map_info {
    uint32_t target_proc_type;
    uint32_t res_type; /* RES_AICORE */
    uint32_t res_id;   /* core */
    uint32_t flag;
};
/* One core with its two sub-cores (a5): `length` becomes the architecture's mapping.core_bytes. 62, 107000. */
int halResMap(unsigned int device, const struct res_map_info *resource, unsigned long *address, unsigned int *length);

/* ---- ACL --------------------------------------------------------------------------------------------------------- */

typedef int aclError;
typedef void *aclrtStream;

aclError aclInit(const char *config_path); /* NULL */
aclError aclFinalize(void);
aclError aclrtSetDevice(int32_t device);
aclError aclrtResetDevice(int32_t device);
/* Kind RUNTIME, no callable. */
aclError aclrtMalloc(void **address, size_t bytes, uint32_t policy);
aclError aclrtFree(void *address);
/* enum rtMemcpyKind */
aclError aclrtMemcpy(void *to, size_t capacity, const void *from, size_t bytes, uint32_t kind);
aclError aclrtCreateStream(aclrtStream *stream);
aclError aclrtDestroyStream(aclrtStream stream);
aclError aclrtSynchronizeStream(aclrtStream stream);
aclError aclrtSynchronizeStreamWithTimeout(aclrtStream stream, int32_t milliseconds);
/* Op limit of the session, in microseconds; `actual` may be NULL. */
aclError aclrtSetOpExecuteTimeOutV2(uint64_t microseconds, uint64_t *actual);
#define ACL_RT_DEV_RES_CUBE_CORE 0u
#define ACL_RT_DEV_RES_VECTOR_CORE 1u
aclError aclrtGetStreamResLimit(aclrtStream stream, uint32_t type, uint32_t *value);

/* Level of the device's log; `module` -1: all. */
int dlog_setlevel(int module, int level, int event);

#endif
