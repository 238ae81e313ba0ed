/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated root (R10). The process that makes it keeps an exclusive flock on it through a descriptor that its
 * forked children inherit, so the lock lives as long as anybody of the process tree. A root without a lock is what a
 * killed tree left behind; the next process that makes a root removes it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/os.h"

#define ROOT_PREFIX "touchstone-root-"
#define ROOT_REMOVE_DESCRIPTORS 16

static pthread_mutex_t root_lock = PTHREAD_MUTEX_INITIALIZER;
static char root_directory[PATH_MAX];
static int root_descriptor = -1;
static pid_t root_owner;

static int root_remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    (void)remove(path); /* what cannot be removed is left for the next process */
    return 0;
}

static void root_remove(const char *path)
{
    (void)nftw(path, root_remove_entry, ROOT_REMOVE_DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
}

/* Opens and locks `path`; -1 when it is locked by somebody else, or was removed meanwhile. */
static int root_open_locked(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0) {
        return -1;
    }
    struct stat held;
    struct stat named;
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0 || fstat(descriptor, &held) != 0 || stat(path, &named) != 0 ||
        held.st_ino != named.st_ino || held.st_dev != named.st_dev) {
        int error = errno;
        (void)close(descriptor);
        errno = error;
        return -1;
    }
    return descriptor;
}

static void root_remove_abandoned(const char *parent)
{
    DIR *directory = opendir(parent);
    if (directory == NULL) {
        return;
    }
    for (const struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        char path[PATH_MAX];
        if (strncmp(entry->d_name, ROOT_PREFIX, strlen(ROOT_PREFIX)) != 0 ||
            snprintf(path, sizeof(path), "%s/%s", parent, entry->d_name) >= (int)sizeof(path)) {
            continue;
        }
        int descriptor = root_open_locked(path);
        if (descriptor >= 0) {
            root_remove(path);
            (void)close(descriptor);
        }
    }
    (void)closedir(directory);
}

/* Called with the lock held. Returns 0 or -errno. */
static int root_make(void)
{
    if (root_directory[0] != '\0') {
        return 0;
    }
    int fault = fault_hit("root.create");
    if (fault != 0) {
        return -fault;
    }
    const char *parent = getenv("TMPDIR");
    parent = parent != NULL && parent[0] == '/' ? parent : "/tmp";
    root_remove_abandoned(parent);
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s/" ROOT_PREFIX "XXXXXX", parent) >= (int)sizeof(path)) {
        return -ENAMETOOLONG;
    }
    size_t pattern = strlen(path) - 6;
    /* Between mkdtemp and flock a cleaner may take the directory for an abandoned one; then make another. */
    for (;;) {
        memcpy(path + pattern, "XXXXXX", 6);
        if (mkdtemp(path) == NULL) {
            return -errno;
        }
        root_descriptor = root_open_locked(path);
        if (root_descriptor >= 0) {
            break;
        }
        int error = errno;
        bool taken = error == EWOULDBLOCK || error == ENOENT;
        if (!taken) {
            (void)rmdir(path);
            return -error;
        }
    }
    memcpy(root_directory, path, strlen(path) + 1);
    root_owner = getpid();
    return 0;
}

/* Children share the root of the process tree, so it exists before the first of them does. */
static void root_before_fork(void)
{
    (void)pthread_mutex_lock(&root_lock);
    (void)root_make();
}

static void root_after_fork(void)
{
    (void)pthread_mutex_unlock(&root_lock);
}

__attribute__((constructor)) static void root_start(void)
{
    (void)pthread_atfork(root_before_fork, root_after_fork, root_after_fork);
}

__attribute__((destructor)) static void root_finish(void)
{
    if (root_directory[0] != '\0' && root_owner == getpid()) {
        root_remove(root_directory);
    }
    if (root_descriptor >= 0) {
        (void)close(root_descriptor);
    }
}

const char *os_root(void)
{
    (void)pthread_mutex_lock(&root_lock);
    int result = root_make();
    (void)pthread_mutex_unlock(&root_lock);
    return result == 0 ? root_directory : NULL;
}

static bool root_path_escapes(const char *device_path)
{
    for (const char *part = strstr(device_path, "/.."); part != NULL; part = strstr(part + 1, "/..")) {
        if (part[3] == '\0' || part[3] == '/') {
            return true;
        }
    }
    return device_path[0] != '/';
}

int os_root_path(const char *device_path, char *path, size_t capacity)
{
    if (root_path_escapes(device_path)) {
        return -EINVAL;
    }
    (void)pthread_mutex_lock(&root_lock);
    int result = root_make();
    (void)pthread_mutex_unlock(&root_lock);
    if (result != 0) {
        return result;
    }
    int length = snprintf(path, capacity, "%s%s", root_directory, device_path);
    return length < 0 || (size_t)length >= capacity ? -ENAMETOOLONG : 0;
}

int os_root_make_parents(char *path)
{
    const char *root = os_root();
    if (root == NULL || strncmp(path, root, strlen(root)) != 0) {
        return -EINVAL;
    }
    for (char *slash = strchr(path + strlen(root) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int failed = mkdir(path, 0755) != 0 && errno != EEXIST ? errno : 0;
        *slash = '/';
        if (failed != 0) {
            return -failed;
        }
    }
    return 0;
}
