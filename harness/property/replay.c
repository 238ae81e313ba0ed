/* SPDX-License-Identifier: Apache-2.0 */
/* Replay: cases that come from files. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/os.h"
#include "harness/property/feed.h"
#include "harness/property/registry.h"
#include "harness/property/reproducer.h"
#include "harness/property/runner.h"

#define REPLAY_MAX_FILE_BYTES (1u << 20)

int property_replay_file(const char *name, const char *path, FILE *trace)
{
    const struct property *property = property_find(name);
    if (property == NULL) {
        return -ENOENT;
    }
    void *bytes = NULL;
    size_t size = 0;
    int result = os_read_file("replay", path, &bytes, &size);
    if (result != 0) {
        return result;
    }
    struct property_context context = {.trace = trace};
    struct choice choice;
    choice_from_bytes(&choice, bytes, size);
    result = property->setup != NULL ? property->setup(&context) : 0;
    if (result == 0) {
        result = property->run(&choice, &context) != 0;
        if (property->teardown != NULL) {
            property->teardown(&context);
        }
    }
    property_trace(&context, "property %s: %zu of %zu bytes used: %s", name, choice_used(&choice), size,
                   result == 0 ? "held" : context.message);
    free(bytes);
    return result;
}

static int replay_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void replay_free_names(struct dirent **entries, char **names, int count)
{
    for (int i = 0; i < count; i++) {
        free(entries[i]);
    }
    free(entries);
    free(names);
}

/* Runs one child over all files and, where one fails, goes on behind it. */
static int replay_files(const struct property *property, const char *directory, struct feed_files *feed, uint64_t count,
                        void *state)
{
    struct child_job job = {.property = property,
                            .state = state,
                            .capacity = REPLAY_MAX_FILE_BYTES,
                            .feed = feed_from_files,
                            .feed_context = feed,
                            .end = count,
                            .isolated = true};
    int failures = 0;
    while (job.first < count) {
        struct child_report report;
        child_run(&job, &report, NULL);
        if (report.verdict == CHILD_PASSED) {
            break;
        }
        failures++;
        char path[PATH_MAX];
        char command[PATH_MAX];
        if (snprintf(path, sizeof(path), "%s/%s", directory, feed->names[report.index]) < (int)sizeof(path)) {
            reproducer_command(property->name, path, command, sizeof(command));
            (void)fprintf(stderr, "corpus %s: %s\n  replay: %s\n", path, report.message, command);
        }
        if (report.verdict == CHILD_BROKEN) {
            break;
        }
        job.first = report.index + 1;
    }
    return failures;
}

static int replay_folder(const struct property *property, const char *directory, uint64_t *files)
{
    struct dirent **entries = NULL;
    int count = scandir(directory, &entries, replay_visible, alphasort);
    if (count < 0) {
        return -errno;
    }
    int result = -ENOMEM;
    struct property_context context = {0};
    struct feed_files feed = {.directory = directory, .names = calloc((size_t)count + 1, sizeof(char *))};
    if (feed.names == NULL) {
        goto out;
    }
    for (int i = 0; i < count; i++) {
        feed.names[i] = entries[i]->d_name;
    }
    *files += (uint64_t)count;
    if (property->setup != NULL && property->setup(&context) != 0) {
        (void)fprintf(stderr, "corpus %s: setup: %s\n", property->name, context.message);
        result = 1;
        goto out;
    }
    result = replay_files(property, directory, &feed, (uint64_t)count, context.state);
    if (property->teardown != NULL) {
        property->teardown(&context);
    }
out:
    replay_free_names(entries, feed.names, count);
    return result;
}

int property_replay_corpus(const char *directory, uint64_t *files)
{
    struct dirent **entries = NULL;
    int count = scandir(directory, &entries, replay_visible, alphasort);
    if (count < 0) {
        return -errno;
    }
    uint64_t seen = 0;
    int failures = 0;
    for (int i = 0; i < count && failures >= 0; i++) {
        char path[PATH_MAX];
        struct stat status;
        if (snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name) >= (int)sizeof(path) ||
            stat(path, &status) != 0 || !S_ISDIR(status.st_mode)) {
            continue;
        }
        const struct property *property = property_find(entries[i]->d_name);
        int result = property != NULL ? replay_folder(property, path, &seen) : -ENOENT;
        if (result < 0) {
            (void)fprintf(stderr, "corpus %s: %s\n", path,
                          property == NULL ? "no property has this name" : strerror(-result));
        }
        failures = result < 0 ? result : failures + result;
    }
    replay_free_names(entries, NULL, count);
    if (files != NULL) {
        *files = seen;
    }
    return failures;
}

int property_write_seeds(const struct property *property, uint64_t seed, uint64_t count, const char *directory)
{
    uint8_t *buffer = malloc(property->max_bytes + 1);
    struct property_context context = {0};
    if (buffer == NULL || (property->setup != NULL && property->setup(&context) != 0)) {
        free(buffer);
        return -ENOMEM;
    }
    int result = 0;
    for (uint64_t i = 0; result == 0 && i < count; i++) {
        struct choice choice;
        char path[PATH_MAX];
        (void)feed_from_seed(&seed, i, buffer, property->max_bytes, &choice);
        (void)property->run(&choice, &context);
        result = reproducer_write(directory, property->name, buffer, choice_used(&choice), path, sizeof(path));
    }
    if (property->teardown != NULL) {
        property->teardown(&context);
    }
    free(buffer);
    return result;
}
