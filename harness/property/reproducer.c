/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/property/reproducer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "harness/property/engine_choice.h"

#define REPRODUCER_DIRECTORY "build/failures"
#define REPRODUCER_BUILD "build/"
#define REPRODUCER_DEFAULT_BUILD "build/debug"

static int reproducer_make_directory(const char *directory)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s", directory) >= (int)sizeof(path)) {
        return -ENAMETOOLONG;
    }
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST) {
            return -errno;
        }
        *slash = '/';
    }
    return mkdir(path, 0777) != 0 && errno != EEXIST ? -errno : 0;
}

int reproducer_write(const char *directory, const char *name, const uint8_t *bytes, size_t size, char *path,
                     size_t capacity)
{
    int result = reproducer_make_directory(directory);
    if (result != 0) {
        return result;
    }
    int length = snprintf(path, capacity, "%s/%s-%016lx.bin", directory, name, hash_bytes(bytes, size));
    if (length < 0 || (size_t)length >= capacity) {
        return -ENAMETOOLONG;
    }
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        return -errno;
    }
    size_t written = fwrite(bytes, 1, size, file);
    if (fclose(file) != 0 || written != size) {
        (void)unlink(path);
        return -EIO;
    }
    return 0;
}

const char *reproducer_directory(void)
{
    const char *directory = getenv("PROPERTY_FAILURES");
    return directory != NULL && directory[0] != '\0' ? directory : REPRODUCER_DIRECTORY;
}

void reproducer_command(const char *name, const char *path, char *command, size_t capacity)
{
    char self[PATH_MAX];
    const char *build = REPRODUCER_DEFAULT_BUILD;
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *found = NULL;
    if (length > 0) {
        self[length] = '\0';
        for (char *next = strstr(self, "/" REPRODUCER_BUILD); next != NULL;
             next = strstr(next + 1, "/" REPRODUCER_BUILD)) {
            found = next + 1;
        }
    }
    char *end = found != NULL ? strchr(found + strlen(REPRODUCER_BUILD), '/') : NULL;
    if (end != NULL) {
        *end = '\0';
        build = found;
    }
    const char *engine = getenv(ENGINE_CHOICE_FORCED);
    bool forced = engine != NULL && engine[0] != '\0';
    (void)snprintf(command, capacity, "%s%s%s%s/touchstone replay %s %s", forced ? ENGINE_CHOICE_FORCED "=" : "",
                   forced ? engine : "", forced ? " " : "", build, name, path);
}
