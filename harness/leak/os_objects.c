/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/leak/os_objects.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os.h"

#define OS_OBJECTS_PF_EXITING 0x4u /* of the kernel's task flags */

static bool os_objects_is_dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int64_t os_objects_entries(const char *path)
{
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return -1;
    }
    int64_t count = 0;
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        count += !os_objects_is_dot(entry->d_name);
    }
    (void)closedir(directory);
    return count;
}

int64_t os_objects_fds(void)
{
    int64_t entries = os_objects_entries("/proc/self/fd");
    return entries > 0 ? entries - 1 : -1; /* one of them was the directory itself */
}

/* pthread_join may return while the kernel is still taking the thread apart: PF_EXITING is then set in its stat line.
 */
static bool os_objects_thread_lives(const char *task)
{
    char path[PATH_MAX];
    char line[512] = "";
    unsigned flags = 0;
    (void)snprintf(path, sizeof(path), "/proc/self/task/%s/stat", task);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    size_t length = fread(line, 1, sizeof(line) - 1, file);
    (void)fclose(file);
    line[length] = '\0';
    const char *behind_name = strrchr(line, ')');
    return behind_name != NULL && sscanf(behind_name + 1, " %*c %*d %*d %*d %*d %*d %u", &flags) == 1 &&
           (flags & OS_OBJECTS_PF_EXITING) == 0;
}

int64_t os_objects_threads(void)
{
    DIR *directory = opendir("/proc/self/task");
    if (directory == NULL) {
        return -1;
    }
    int64_t count = 0;
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        count += !os_objects_is_dot(entry->d_name) && os_objects_thread_lives(entry->d_name);
    }
    (void)closedir(directory);
    return count;
}

/* Files below `path`; a directory that vanishes meanwhile counts as empty. */
static int64_t os_objects_files_below(const char *path)
{
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return 0;
    }
    int64_t count = 0;
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        char child[PATH_MAX];
        struct stat status;
        int length = snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
        if (os_objects_is_dot(entry->d_name) || length < 0 || (size_t)length >= sizeof(child) ||
            lstat(child, &status) != 0) {
            continue;
        }
        count += S_ISDIR(status.st_mode) ? os_objects_files_below(child) : 1;
    }
    (void)closedir(directory);
    return count;
}

int64_t os_objects_temp_files(void)
{
    const char *root = os_root();
    return root != NULL ? os_objects_files_below(root) : -1;
}

int64_t os_objects_thread_keys(void)
{
    pthread_key_t keys[PTHREAD_KEYS_MAX];
    int64_t free_keys = 0;
    while (free_keys < PTHREAD_KEYS_MAX && pthread_key_create(&keys[free_keys], NULL) == 0) {
        free_keys++;
    }
    for (int64_t i = 0; i < free_keys; i++) {
        (void)pthread_key_delete(keys[i]);
    }
    return PTHREAD_KEYS_MAX - free_keys;
}

static int64_t os_objects_children_of(const char *task)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof(path), "/proc/self/task/%s/children", task);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return -1;
    }
    int64_t count = 0;
    long pid = 0;
    while (fscanf(file, "%ld", &pid) == 1) {
        count++;
    }
    (void)fclose(file);
    return count;
}

int64_t os_objects_children(void)
{
    DIR *directory = opendir("/proc/self/task");
    if (directory == NULL) {
        return -1;
    }
    int64_t count = 0;
    bool known = false;
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        int64_t children = os_objects_is_dot(entry->d_name) ? -1 : os_objects_children_of(entry->d_name);
        known = known || children >= 0;
        count += children > 0 ? children : 0;
    }
    (void)closedir(directory);
    return known ? count : -1;
}

int64_t os_objects_shm_segments(void)
{
    DIR *directory = opendir("/dev/shm");
    if (directory == NULL) {
        return -1;
    }
    char marks[4][24];
    (void)snprintf(marks[0], sizeof(marks[0]), "%08x", (unsigned)getpid());
    (void)snprintf(marks[1], sizeof(marks[1]), "%08x", (unsigned)getppid());
    (void)snprintf(marks[2], sizeof(marks[2]), "_%d_", (int)getpid());
    (void)snprintf(marks[3], sizeof(marks[3]), "_%d_", (int)getppid());
    int64_t count = 0;
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        bool ours = false;
        for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
            ours = ours || strstr(entry->d_name, marks[i]) != NULL;
        }
        count += ours;
    }
    (void)closedir(directory);
    return count;
}

static int64_t os_objects_resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) {
        return -1;
    }
    long total = 0;
    long resident = -1;
    int found = fscanf(file, "%ld %ld", &total, &resident);
    (void)fclose(file);
    return found == 2 ? (int64_t)resident * sysconf(_SC_PAGESIZE) : -1;
}

int os_objects_mappings(struct os_mappings *mappings)
{
    *mappings = (struct os_mappings){.files = -1, .anonymous_bytes = -1, .resident_bytes = -1};
    FILE *file = fopen("/proc/self/maps", "re");
    if (file == NULL) {
        return -1;
    }
    char line[PATH_MAX + 128];
    int64_t files = 0;
    uint64_t anonymous = 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        uint64_t start = 0;
        uint64_t end = 0;
        char access[8] = "";
        unsigned long inode = 0;
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %*s %*s %lu", &start, &end, access, &inode) != 4) {
            continue;
        }
        files += inode != 0;
        bool counts = inode == 0 && strncmp(access, "---", 3) != 0 && strstr(line, "[heap]") == NULL;
        anonymous += counts ? end - start : 0;
    }
    (void)fclose(file);
    mappings->files = files;
    mappings->anonymous_bytes = (int64_t)anonymous;
    mappings->resident_bytes = os_objects_resident_bytes();
    return mappings->resident_bytes >= 0 ? 0 : -1;
}
