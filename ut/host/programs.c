/* SPDX-License-Identifier: Apache-2.0 */
#include "ut/host/host_fixture.h"

const struct fixture_programs fixture_programs = {
    .aicpu = "stub_device/aicpu",
    .aicore = "stub_device/aicore",
};
