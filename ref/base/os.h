/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os: the operating-system calls that the runtime makes, each through a named fault site (fault.h).
 *
 * Every function takes the site's name first, fails with a negative errno, and leaves nothing half-done. Handles of
 * dlopen are counted, so that statistics can tell how many the runtime holds.
 */
#ifndef BASE_OS_H
#define BASE_OS_H

#include <stddef.h>
#include <stdint.h>

/* malloc and calloc; NULL when out of memory. free() releases. `alignment` is a power of two >= 8. */
void *os_alloc(const char *site, size_t bytes);
void *os_zalloc(const char *site, size_t bytes);
void *os_aligned_alloc(const char *site, size_t alignment, size_t bytes);

/* Private anonymous pages, reserved and not committed, zero. Returns 0, -ENOMEM, or the fault's error. */
int os_map(const char *site, size_t bytes, void **address);
void os_unmap(void *address, size_t bytes);

/* Reads a whole file into a new buffer (free() it). Fault sites: "<site>.open", "<site>.alloc", "<site>.read". Returns
 * 0 or -errno. */
int os_read_file(const char *site, const char *path, void **bytes, size_t *size);

/*
 * Stages `bytes` as a new private file under the simulated root's `directory` (for instance "/usr/lib64", created when
 * absent), dlopens it RTLD_NOW | RTLD_LOCAL, and unlinks it at once on every path (R10). `name_pattern` ends in
 * XXXXXX.so (mkostemps). Fault sites: "<site>.create", "<site>.write", "<site>.chmod", "<site>.dlopen". On failure
 * `error_text` says which step failed, with path, sizes and errno or dlerror. Returns 0 or a negative errno (-ENOEXEC
 * for what dlopen refused).
 */
int os_load_image(const char *site, const char *directory, const char *name_pattern, const void *bytes, size_t size,
                  void **handle, char *error_text, size_t error_capacity);

/*
 * dlclose for handles of os_load_image. In fuzz builds images stay mapped (RTLD_NODELETE) and equal bytes reuse the
 * mapping (design section 2).
 */
void os_close_image(void *handle);

/* How many handles of os_load_image are open now in this process, and how many staged files exist now (R9, R10). */
size_t os_open_images(void);
size_t os_staged_files(void);
/* How many closed images the dynamic linker refused to unload so far (R9: unique C++ symbols); not open, and no leak of
 * ours. */
size_t os_stuck_images(void);

/*
 * The simulated root (R10): a private directory under TMPDIR made on first use, inherited by forked children, removed
 * when the process that made it exits. Joins root and an absolute device path into `path`. Returns 0, -ENAMETOOLONG,
 * -errno.
 */
int os_root_path(const char *device_path, char *path, size_t capacity);
const char *os_root(void); /* NULL when it cannot be made */
/* Makes every missing directory above `path`, which os_root_path made; `path` is the same afterwards. 0 or -errno. */
int os_root_make_parents(char *path);

/*
 * Puts a file with these bytes and mode 0755 at a device path, whole or not at all: written beside it and renamed over
 * what may be there. Fault sites: "<site>.create", "<site>.write", "<site>.chmod", "<site>.rename". Returns 0 or
 * -errno; no temporary file is left on any path.
 */
int os_replace_file(const char *site, const char *device_path, const void *bytes, size_t size);
/* Removes a file at a device path; nothing happens when there is none. */
void os_remove_file(const char *device_path);

#endif
