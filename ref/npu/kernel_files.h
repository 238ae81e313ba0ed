/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_files: which programs this process has put into the kernel directories of its devices (R16).
 *
 * One set per process, whichever host runtimes are loaded. A program is known by its bytes; its fingerprint only names
 * it, and programs that share one on a device are told apart by a number (R6). Entries stay until the process ends, as
 * the files do. Thread safe; no lock is held between reserving and installing, so two callers may both install equal
 * bytes, which does no harm.
 */
#ifndef NPU_KERNEL_FILES_H
#define NPU_KERNEL_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct npu_kernel_file {
    uint64_t fingerprint;
    int device_id;
    uint64_t twin;  /* 0 for the first program with this fingerprint on the device, then 1, 2 ... */
    bool installed; /* the file is there */
};

/*
 * Finds these bytes on that device, or enters them as not installed. Fault site "npu.kernel_file". Returns 0 or
 * -ENOMEM.
 */
int npu_kernel_file_reserve(uint64_t fingerprint, int device_id, const void *bytes, size_t size,
                            struct npu_kernel_file *file);
/* The file of a reserved entry was written. */
void npu_kernel_file_installed(const struct npu_kernel_file *file);
/* Files written so far: one per program and device. */
size_t npu_kernel_file_count(void);

#endif
