/* SPDX-License-Identifier: Apache-2.0 */
#include "ut/host/host_fixture.h"

const struct fixture_programs fixture_programs = {
    .aicpu = "stub_device_hbg/aicpu",
    .aicore = "stub_device/aicore",
    .dispatcher = "../libaicpu_dispatcher",
};
