/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/fault/fault_kinds.h"

#include <string.h>

#include "npu/driver/driver.h"
#include "npu/registers.h"

#define ANYWHERE 0x1000u /* no device memory of anybody */

const struct fault_kind fault_kinds[] = {
    {.site = "", .name = "fails", .names_itself = true},
    /* A copy that is not made is seen by nobody but whoever compares: its receiver computes with what it has. */
    {.site = "driver.rtMemcpy",
     .name = "lies",
     .silent = true,
     .values = {DRIVER_FAULT_LIE},
     .once = true,
     .excuses = true},
    {.site = "driver.aclrtMemcpy",
     .name = "lies",
     .silent = true,
     .values = {DRIVER_FAULT_LIE},
     .once = true,
     .excuses = true},
    {.site = "driver.rtMemset",
     .name = "lies",
     .silent = true,
     .values = {DRIVER_FAULT_LIE},
     .once = true,
     .excuses = true},
    /* One half of a run that waits for the other. */
    {.site = "driver.rtKernelLaunch", .name = "lies", .silent = true, .values = {DRIVER_FAULT_LIE}, .waits = true},
    {.site = "driver.rtsLaunch", .name = "lies", .silent = true, .values = {DRIVER_FAULT_LIE}, .waits = true},
    {.site = "driver.", .name = "lies", .silent = true, .values = {DRIVER_FAULT_LIE}},
    /* The launch itself does not hang: what it started does, and the text says who waited. */
    {.site = "driver.rtKernelLaunch", .name = "hangs", .silent = true, .values = {DRIVER_FAULT_HANG}, .waits = true},
    {.site = "driver.rtsLaunch", .name = "hangs", .silent = true, .values = {DRIVER_FAULT_HANG}, .waits = true},
    {.site = "driver.",
     .name = "hangs",
     .silent = true,
     .values = {DRIVER_FAULT_HANG},
     .names_itself = true,
     .waits = true},
    /* With more work for the core its next answer tells of the lost one too; otherwise nothing ever moves again. */
    {.site = "npu.completion", .name = "is lost", .silent = true, .values = {NPU_COMPLETION_LOST}, .waits = true},
    {.site = "npu.completion",
     .name = "is late",
     .silent = true,
     .values = {NPU_COMPLETION_LATE},
     .demand = FAULT_MUST_BE_TOLERATED},
    {.site = "npu.completion",
     .name = "is doubled",
     .silent = true,
     .values = {NPU_COMPLETION_DOUBLED},
     .demand = FAULT_MUST_BE_TOLERATED},
    {.site = "aicpu.publish_packed_output",
     .name = "publishes a foreign address",
     .silent = true,
     .values = {ANYWHERE, 64},
     .demand = FAULT_MUST_FAIL},
};
const size_t fault_kind_count = sizeof(fault_kinds) / sizeof(fault_kinds[0]);

bool fault_site_has_errors(const char *site)
{
    return strcmp(site, "npu.completion") != 0 && strcmp(site, "aicpu.publish_packed_output") != 0;
}

bool fault_site_gives_back(const char *site)
{
    static const char *const sites[] = {"driver.rtFree", "driver.rtStreamDestroy", "driver.rtsBinaryUnload",
                                        "driver.rtDeviceReset"};
    for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
        if (strcmp(site, sites[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool fault_kind_is_for(const struct fault_kind *kind, const char *site)
{
    return strncmp(kind->site, site, strlen(kind->site)) == 0;
}

/*
 * Sites, or prefixes of them, whose subject a reader of the text knows by another word, or by one of several; the first
 * entry that fits counts.
 */
static const struct {
    const char *site;
    const char *words;
} fault_words[] = {
    {"aicpu.orchestration.", "libdevice_orch"},
    {"aicpu.", "the AICPU has no memory"},
    {"chip_image.alloc", "image"},
    {"dispatcher.", "dispatcher"},
    {"driver.binary.", "rtsBinaryLoadFromFile"},
    {"driver.c2c", "rtGetC2cCtrlAddr"},
    {"driver.code", "session"},
    {"driver.image.load.", "aicpu_kernels"},
    {"driver.image", "rtRegisterAllKernel"},
    {"driver.kernel.", "kernel"},
    {"driver.processors", "processors"},
    {"driver.program.record", "rtsBinaryLoadFromFile"},
    {"driver.program.", "aicpu_kernels"},
    {"driver.registers", "halMemCtl|halResMap"},
    {"driver.server.", "AICPU"},
    {"driver.stream", "rtStreamCreate"},
    {"driver.task", "rtsLaunchCpuKernel|rtKernelLaunchWithHandleV2|rtAicpuKernelLaunchExWithArgs"},
    {"exec.", "processor|engine"},
    {"hbm.", "device memory|bytes|rtMalloc|rtRegisterAllKernel"},
    {"host.chip_", "ChipCallable"},
    {"host.copy_in", "copy in"},
    {"host.copy_out", "copy out"},
    {"host.graph_", "graph|orchestration|pair"},
    {"host.lock", "create_device_context"},
    {"host.orchestration.", "orch_so"},
    {"host.platform", "create_device_context"},
    {"host.runtime", "create_device_context"},
    {"host.zero", "zeroing"},
    {"npu.device_generation", "user"},
    {"npu.device_user", "user"},
    {"npu.owner", "owner|session"},
    {"npu.pipes", "halMemCtl|halResMap|pipes"},
    {"npu.program_state", "the AICPU has no memory"},
    {"onboard.description", "description"},
    {"onboard.ledger", "record"},
    {"onboard.program.copy", "device programs"},
    {"sim.kernel.record", "kernel"},
    {"sim.launch_", "launched"},
    {"sim.program.", "program"},
    {"worker.aicore.", "libaicore"},
    {"worker.aicpu.", "libaicpu"},
    {"worker.dispatcher.", "libaicpu_dispatcher"},
    {"worker.record", "ChipWorker"},
    {"worker.runtime_buffer", "runtime buffer"},
};

const char *fault_words_of(const char *site)
{
    for (size_t i = 0; i < sizeof(fault_words) / sizeof(fault_words[0]); i++) {
        if (strncmp(fault_words[i].site, site, strlen(fault_words[i].site)) == 0) {
            return fault_words[i].words;
        }
    }
    const char *dot = strrchr(site, '.');
    return dot != NULL ? dot + 1 : site;
}

bool fault_text_names(const char *text, const char *site)
{
    const char *words = fault_words_of(site);
    while (*words != '\0') {
        size_t length = strcspn(words, "|");
        if (memmem(text, strlen(text), words, length) != NULL) {
            return true;
        }
        words += length + (words[length] == '|');
    }
    return false;
}
