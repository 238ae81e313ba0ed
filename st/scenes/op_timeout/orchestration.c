/* SPDX-License-Identifier: Apache-2.0 */
/* op_timeout: one task on a matrix core that never ends. Argument: y (OUT). */
#define PTO_ORCHESTRATION_UNIT
#include "st/scenes/submit.h"

PTO_ORCHESTRATION_CONFIG(args)
{
    (void)args;
    return (struct pto_orchestration_config){.expected_arg_count = 1};
}

PTO_ORCHESTRATION_ENTRY(args)
{
    struct pto_tensor y = argument(args, 0);
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_add_output_existing(&arg, &y);
    (void)pto_submit_aic(0, &arg);
}
