/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/program/variant.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/program/artefacts.h"

const struct variant variant_all[VARIANT_COUNT] = {
    {"a2a3", "trb", "sim"},     {"a5", "trb", "sim"},     {"a2a3", "hbg", "sim"},     {"a5", "hbg", "sim"},
    {"a2a3", "trb", "onboard"}, {"a5", "trb", "onboard"}, {"a2a3", "hbg", "onboard"}, {"a5", "hbg", "onboard"},
};

const char *variant_name(const struct variant *variant, char text[VARIANT_NAME_BYTES])
{
    (void)snprintf(text, VARIANT_NAME_BYTES, "%s/%s/%s", variant->arch, variant->runtime, variant->platform);
    return text;
}

static bool part_is_known(const char *part, const char *const *names)
{
    while (*names != NULL && strcmp(part, *names) != 0) {
        names++;
    }
    return *names != NULL;
}

const struct variant *variant_of_parts(const char *arch, const char *runtime, const char *platform, const char **wrong)
{
    arch = arch != NULL ? arch : variant_all[0].arch;
    runtime = runtime != NULL ? runtime : variant_all[0].runtime;
    platform = platform != NULL ? platform : variant_all[0].platform;
    const char *short_name = artefacts_runtime(runtime);
    for (size_t i = 0; short_name != NULL && i < VARIANT_COUNT; i++) {
        if (strcmp(variant_all[i].arch, arch) == 0 && strcmp(variant_all[i].runtime, short_name) == 0 &&
            strcmp(variant_all[i].platform, platform) == 0) {
            return &variant_all[i];
        }
    }
    if (wrong != NULL) {
        *wrong = !part_is_known(arch, artefacts_archs) ? arch : short_name == NULL ? runtime : platform;
    }
    return NULL;
}

bool variant_matches(const char *pattern, const char *variant)
{
    for (;;) {
        size_t wanted = strcspn(pattern, "/");
        size_t given = strcspn(variant, "/");
        bool any = wanted == 1 && pattern[0] == '*';
        if (!any && (wanted != given || memcmp(pattern, variant, wanted) != 0)) {
            return false;
        }
        pattern += wanted;
        variant += given;
        if (*pattern == 0 || *variant == 0) {
            return *pattern == *variant;
        }
        pattern++;
        variant++;
    }
}

bool variant_pattern_is_known(const char *pattern)
{
    for (size_t i = 0; i < VARIANT_COUNT; i++) {
        char name[VARIANT_NAME_BYTES];
        if (variant_matches(pattern, variant_name(&variant_all[i], name))) {
            return true;
        }
    }
    return false;
}

bool variant_is_built(const struct variant *variant, const char *directory)
{
    char path[4096];
    if (artefacts_host_runtime(path, sizeof(path), directory, variant->arch, variant->runtime, variant->platform) !=
            0 ||
        access(path, R_OK) != 0) {
        return false;
    }
    static const char *const programs[] = {"aicpu", "aicore"};
    for (size_t i = 0; i < 2; i++) {
        if (artefacts_path(path, sizeof(path), directory, "lib%s_%s_%s.so", programs[i], variant->arch,
                           variant->runtime) != 0 ||
            access(path, R_OK) != 0) {
            return false;
        }
    }
    return strcmp(variant->platform, "onboard") != 0 ||
           (artefacts_path(path, sizeof(path), directory, ARTEFACTS_DISPATCHER) == 0 && access(path, R_OK) == 0);
}

void variant_list(const char *directory, bool built, char text[VARIANT_LIST_BYTES])
{
    size_t used = 0;
    (void)snprintf(text, VARIANT_LIST_BYTES, "none");
    for (size_t i = 0; i < VARIANT_COUNT; i++) {
        char name[VARIANT_NAME_BYTES];
        if (variant_is_built(&variant_all[i], directory) == built) {
            used += (size_t)snprintf(text + used, VARIANT_LIST_BYTES - used, "%s%s", used == 0 ? "" : " ",
                                     variant_name(&variant_all[i], name));
        }
    }
}

const char *variant_refusal(const struct scene *scene, const char *variant)
{
    for (const struct scene_limit *limit = scene->limits; limit != NULL && limit->pattern != NULL; limit++) {
        if (variant_matches(limit->pattern, variant)) {
            return limit->reason;
        }
    }
    for (const char *const *pattern = scene->variants; *pattern != NULL; pattern++) {
        if (variant_matches(*pattern, variant)) {
            return NULL;
        }
    }
    return "the scene does not declare it";
}

bool variant_of_scene(const struct scene *scene, const char *variant)
{
    return variant_refusal(scene, variant) == NULL;
}

int32_t variant_expected_result(const struct variant *variant, const struct scene *scene)
{
    bool onboard = strcmp(variant->platform, "onboard") == 0;
    return onboard && scene->expected_onboard != 0 ? scene->expected_onboard : scene->expected_result;
}

int64_t variant_expected_tasks(const struct variant *variant, const struct scene *scene, const struct scene_data *data)
{
    return scene->tasks != NULL ? scene->tasks(data, strcmp(variant->runtime, "hbg") == 0) : scene->expected_tasks;
}
