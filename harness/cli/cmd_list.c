/* SPDX-License-Identifier: Apache-2.0 */
/* touchstone list: every scene with its summary and the variants that it declares. */
#include <stdio.h>

#include "harness/cli/commands.h"
#include "harness/program/scene.h"
#include "harness/report/table.h"

static void join_variants(const struct scene *scene, char *text, size_t capacity)
{
    size_t used = 0;
    text[0] = 0;
    for (const char *const *variant = scene->variants; *variant != NULL && used < capacity; variant++) {
        int length = snprintf(text + used, capacity - used, "%s%s", used == 0 ? "" : " ", *variant);
        used = length < 0 ? capacity : used + (size_t)length;
    }
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
    return CLI_OK;
}

const struct cli_command command_list = {"list", "[options]", "shows the scenes and the variants they run on",
                                         run_list};
