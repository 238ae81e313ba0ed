/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/program/variant.h"

#include <string.h>

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

bool variant_of_scene(const struct scene *scene, const char *variant)
{
    for (const char *const *pattern = scene->variants; *pattern != NULL; pattern++) {
        if (variant_matches(*pattern, variant)) {
            return true;
        }
    }
    return false;
}
