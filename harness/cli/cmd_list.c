/* SPDX-License-Identifier: Apache-2.0 */
/* touchstone list: every scene with its summary and the variants that it declares, and every variant: is it built, what
 * does it have, which scenes can it run. */
#include <limits.h>
#include <stdio.h>

#include "harness/cli/commands.h"
#include "harness/program/artefacts.h"
#include "harness/program/variant.h"
#include "harness/report/table.h"
#include "npu/arch.h"

static void join_variants(const struct scene *scene, char *text, size_t capacity)
{
    size_t used = 0;
    text[0] = 0;
    for (const char *const *variant = scene->variants; *variant != NULL && used < capacity; variant++) {
        int length = snprintf(text + used, capacity - used, "%s%s", used == 0 ? "" : " ", *variant);
        used = length < 0 ? capacity : used + (size_t)length;
    }
}

static void print_variants(void)
{
    static struct table table;
    char directory[PATH_MAX];
    bool found = artefacts_find(directory, sizeof(directory)) == 0;
    table_begin(&table, 5, true);
    (void)table_row(&table, (const char *const[]){"variant", "built", "blocks", "AICPU threads", "scenes"});
    for (size_t i = 0; i < VARIANT_COUNT; i++) {
        const struct npu_arch *arch = npu_arch_find(variant_all[i].arch);
        bool built = found && variant_is_built(&variant_all[i], directory);
        char name[VARIANT_NAME_BYTES];
        char blocks[16];
        char threads[16];
        char runs[32];
        size_t runnable = 0;
        (void)variant_name(&variant_all[i], name);
        for (size_t k = 0; k < scene_count; k++) {
            runnable += variant_of_scene(scenes[k], name);
        }
        (void)snprintf(blocks, sizeof(blocks), "%u", arch->max_blocks);
        (void)snprintf(threads, sizeof(threads), "%u", arch->max_aicpu_threads);
        (void)snprintf(runs, sizeof(runs), "%zu of %zu", runnable, scene_count);
        (void)table_row(&table, (const char *const[]){name, built ? "yes" : "no", blocks, threads, runs});
        table_colour(&table, 1, built ? CONSOLE_GREEN : CONSOLE_YELLOW);
    }
    (void)fputc('\n', stdout);
    table_print(&table, stdout);
}

static int run_list(int argc, char **argv)
{
    static struct table table;
    int exit_code = CLI_OK;
    if (!options_parse(&command_list, NULL, 0, argc, argv, NULL, 0, 0, &exit_code)) {
        return exit_code;
    }
    table_begin(&table, 3, true);
    (void)table_row(&table, (const char *const[]){"scene", "variants", "what it does"});
    for (size_t i = 0; i < scene_count; i++) {
        char variants[TABLE_CELL_BYTES];
        join_variants(scenes[i], variants, sizeof(variants));
        if (table_row(&table, (const char *const[]){scenes[i]->name, variants, scenes[i]->summary}) != 0) {
            table_print(&table, stdout);
            table_begin(&table, 3, false);
            (void)table_row(&table, (const char *const[]){scenes[i]->name, variants, scenes[i]->summary});
        }
    }
    table_print(&table, stdout);
    print_variants();
    return CLI_OK;
}

const struct cli_command command_list = {"list", "[options]", "shows the scenes and the variants they run on",
                                         run_list};
