/* SPDX-License-Identifier: Apache-2.0 */
/* touchstone explain: the program that a recorded case of the property task_program draws, as pseudo-code. */
#include <stdio.h>
#include <stdlib.h>

#include "base/os.h"
#include "harness/cli/commands.h"
#include "harness/property/task_case.h"

static int run_explain(int argc, char **argv)
{
    const char *path = NULL;
    int exit_code = CLI_OK;
    void *bytes = NULL;
    size_t size = 0;
    static struct task_case drawn;
    if (!options_parse(&command_explain, NULL, 0, argc, argv, &path, 1, 1, &exit_code)) {
        return exit_code;
    }
    if (os_read_file("explain", path, &bytes, &size) != 0) {
        return options_error(&command_explain, "a file of corpus/task_program/ or build/failures/",
                             "cannot read \"%s\"", path);
    }
    struct choice choice;
    choice_from_bytes(&choice, bytes, size);
    task_case_draw(&choice, &drawn);
    task_case_print(stdout, &drawn);
    free(bytes);
    return CLI_OK;
}

const struct cli_command command_explain = {
    "explain", "FILE [options]", "prints the program of a recorded case of task_program, with its edges", run_explain};
