/* SPDX-License-Identifier: Apache-2.0 */
/*
 * artefacts: finds the build's products, and names the parts of a variant.
 *
 * The products of one configuration lie flat in one directory (with scenes/ and fixtures/ below it). It is
 * TOUCHSTONE_ARTEFACTS if that is set, otherwise the nearest directory at or above that of the running executable that
 * holds libnpu.so.
 */
#ifndef HARNESS_PROGRAM_ARTEFACTS_H
#define HARNESS_PROGRAM_ARTEFACTS_H

#include <stdbool.h>
#include <stddef.h>

#define ARTEFACTS_DISPATCHER "libaicpu_dispatcher.so" /* onboard variants need it */

/* Returns 0 with the directory (no slash at its end), or -1 when there is none or it does not fit. */
int artefacts_find(char *directory, size_t capacity);

/* The names of a variant's parts as artefacts and patterns spell them: "a2a3" "a5"; "trb" "hbg"; "sim" "onboard".
 * NULL-ended. */
extern const char *const artefacts_archs[];
extern const char *const artefacts_runtimes[];
extern const char *const artefacts_platforms[];

/* The short name of a runtime given in its short or long form ("tensormap_and_ringbuffer", "host_build_graph"), NULL:
 * unknown. */
const char *artefacts_runtime(const char *name);

/* "DIRECTORY/NAME" of a product; NAME is formatted. 0, or -1 when it does not fit. */
int artefacts_path(char *path, size_t capacity, const char *directory, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* "DIRECTORY/libhost_runtime_ARCH_RUNTIME_PLATFORM.so". 0, or -1 when it does not fit. */
int artefacts_host_runtime(char *path, size_t capacity, const char *directory, const char *arch, const char *runtime,
                           const char *platform);

#endif
