/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_cache: in fuzz builds, images that were loaded once stay loaded and equal bytes give back the same handle,
 * because libFuzzer crashes on coverage counters that are unloaded and takes every further copy for new code (design
 * section 2). In every other build the cache is empty, and these functions say so. Thread safe.
 */
#ifndef BASE_IMAGE_CACHE_H
#define BASE_IMAGE_CACHE_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

#if defined(FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION) || defined(TOUCHSTONE_FUZZ)
#define IMAGE_CACHE_DLOPEN_FLAGS RTLD_NODELETE
#else
#define IMAGE_CACHE_DLOPEN_FLAGS 0
#endif

/* The handle of an image with exactly these bytes, or NULL. */
void *image_cache_find(const void *bytes, size_t size);
/* Remembers a copy of the bytes with their handle, once. Without memory for the copy the image is only not found again.
 */
void image_cache_keep(const void *bytes, size_t size, void *handle);
/* Whether `handle` belongs to the cache and must not be closed. */
bool image_cache_holds(const void *handle);

#endif
