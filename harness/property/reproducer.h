/* SPDX-License-Identifier: Apache-2.0 */
/* reproducer: failing choices as a file, and the command that replays it. */
#ifndef HARNESS_PROPERTY_REPRODUCER_H
#define HARNESS_PROPERTY_REPRODUCER_H

#include <stddef.h>
#include <stdint.h>

/*
 * Writes `bytes` to DIRECTORY/<name>-<hash>.bin, making the directory, and puts the path into `path`. Returns 0 or
 * -errno. Equal bytes give the same file.
 */
int reproducer_write(const char *directory, const char *name, const uint8_t *bytes, size_t size, char *path,
                     size_t capacity);

/* Where failures go: PROPERTY_FAILURES, otherwise build/failures below the current directory. */
const char *reproducer_directory(void);

/* The replay command for a reproducer, with the tool of the build that this program belongs to. */
void reproducer_command(const char *name, const char *path, char *command, size_t capacity);

#endif
