/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the AICPU program gets onto a device (host.md 4.3; R16): what the dispatcher is given, the file that it writes,
 * the description that the driver reads, once per process and device, and again after every failure.
 *
 * What the process knows of its devices stays, so each test takes devices of its own.
 */
#include "ut/host_onboard/onboard_fixture.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/elf_build_id.h"
#include "base/fault.h"
#include "base/os.h"
#include "npu/kernel_files.h"
#include "st/fixtures/stub_device/stub_device.h"
#include "st/fixtures/stub_device_hbg/stub_device_hbg.h"

static int setup(void **state)
{
    driver_spy.dispatcher = fixture_file(fixture_programs.dispatcher);
    driver_spy.program = fixture_file(fixture_programs.aicpu);
    *state = NULL;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fault_plan_clear();
    fixture_free(&driver_spy.dispatcher);
    fixture_free(&driver_spy.program);
    return os_open_images() == 0 && os_staged_files() == 0 ? 0 : -1;
}

static uint64_t fingerprint(void)
{
    return elf_build_id_key(driver_spy.program.bytes, driver_spy.program.size);
}

/* ---- what is handed over ---- */

/* Field by field and at the offsets of host.md 1.11 and 4.3. */
static void test_launch_block(void **state)
{
    (void)state;
    void *ctx = onboard_context(20);
    driver_spy.bootstraps = 0;
    graph_expect_golden(ctx);
    assert_int_equal(driver_spy.bootstraps, 1);
    const uint8_t *launch = (const uint8_t *)&driver_spy.launch;
    const uint8_t *arguments = (const uint8_t *)&driver_spy.arguments;
    uint64_t words[5];
    assert_int_equal(driver_spy.launch_bytes, 304);
    assert_string_equal((const char *)launch + 208, "DynTileFwkKernelServerInit");
    assert_string_equal((const char *)launch + 240, "libaicpu_extend_kernels.so");
    assert_string_equal((const char *)launch + 272, "AST_DYN_AICPU");
    assert_int_equal(driver_spy.name_offsets[0], 240);
    assert_int_equal(driver_spy.name_offsets[1], 208);
    memcpy(words, arguments + 96, sizeof(words)); /* dispatcher, its length, device, program, its length */
    assert_int_not_equal(words[0], 0);
    assert_int_equal(words[1], driver_spy.dispatcher.size);
    assert_int_equal(words[2], 20);
    assert_int_not_equal(words[3], 0);
    assert_int_equal(words[4], driver_spy.program.size);
    assert_true(driver_spy.images_there);
    destroy_device_context(ctx);
}

/* The copies for the bootstrap are gone afterwards. */
static void test_nothing_stays_on_the_device(void **state)
{
    (void)state;
    struct pto_ledger_entry entries[32];
    void *ctx = onboard_context(21);
    graph_expect_golden(ctx);
    int64_t count = pto_debug_api()->get_ledger(ctx, entries, 32);
    for (int64_t i = 0; i < count; i++) {
        assert_int_not_equal(entries[i].kind, PTO_MEMORY_PROGRAM);
    }
    destroy_device_context(ctx);
}

/* ---- the file ---- */

static uint32_t files_of(const char *directory, const char *part)
{
    uint32_t count = 0;
    DIR *entries = opendir(directory);
    assert_non_null(entries);
    for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        count += strstr(entry->d_name, part) != NULL;
    }
    (void)closedir(entries);
    return count;
}

static void test_file(void **state)
{
    (void)state;
    char device_path[256];
    char path[PATH_MAX];
    char directory[PATH_MAX];
    struct stat status;
    void *bytes = NULL;
    size_t size = 0;
    void *ctx = onboard_context(22);
    graph_expect_golden(ctx);
    (void)snprintf(device_path, sizeof(device_path), PTO_BOOTSTRAP_DIRECTORY "/simpler_inner_%016llx_22.so",
                   (unsigned long long)fingerprint());
    assert_int_equal(os_root_path(device_path, path, sizeof(path)), 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0755);
    assert_int_equal(os_read_file("test.file", path, &bytes, &size), 0);
    assert_int_equal(size, driver_spy.program.size);
    assert_memory_equal(bytes, driver_spy.program.bytes, size);
    free(bytes);
    assert_int_equal(os_root_path(PTO_BOOTSTRAP_DIRECTORY, directory, sizeof(directory)), 0);
    assert_int_equal(files_of(directory, "_22.so"), 1); /* no temporary beside it */
    destroy_device_context(ctx);
    assert_int_equal(access(path, F_OK), 0); /* R10: stays until the root is removed */
}

/* ---- the description ---- */

static void test_description(void **state)
{
    (void)state;
    static const char *const functions[] = {"simpler_aicpu_init", "simpler_aicpu_exec", "simpler_aicpu_exit"};
    char expected[SPY_TEXT_BYTES] = "{\n";
    char path[128];
    void *ctx = onboard_context(23);
    unsigned long long key = fingerprint();
    graph_expect_golden(ctx);
    for (int i = 0; i < 3; i++) {
        size_t length = strlen(expected);
        (void)snprintf(expected + length, sizeof(expected) - length,
                       "  \"%s_%016llx\": {\"opInfo\": {\"functionName\": \"%s\", \"kernelSo\": "
                       "\"simpler_inner_%016llx_23.so\", \"opKernelLib\": \"AICPUKernel\", \"computeCost\": \"100\", "
                       "\"engine\": \"DNN_VM_AICPU\", \"flagAsync\": \"False\", \"flagPartial\": \"False\", "
                       "\"userDefined\": \"False\"}}%s\n",
                       functions[i], key, functions[i], key, i < 2 ? "," : "\n}");
    }
    assert_string_equal(driver_spy.text, expected);
    (void)snprintf(path, sizeof(path), "/tmp/simpler_inner_%016llx_%ld_%d_23.json", key, (long)getpid(),
                   ((struct host_context *)ctx)->serial);
    assert_non_null(strstr(driver_spy.path, path));
    assert_int_equal(access(driver_spy.path, F_OK), -1); /* a file for the time of the call */
    destroy_device_context(ctx);
}

/* ---- once per process and device ---- */

static void test_process_wide(void **state)
{
    (void)state;
    void *first = onboard_context(24);
    void *second = onboard_context(24);
    size_t files = npu_kernel_file_count();
    driver_spy.bootstraps = 0;
    graph_expect_golden(first);
    graph_expect_golden(second);
    graph_expect_golden(first);
    assert_int_equal(driver_spy.bootstraps, 1);
    assert_int_equal(finalize_device(first), 0);
    assert_int_equal(finalize_device(second), 0); /* resets the device: the file stays */
    assert_int_equal(fixture_init(first, 24), 0);
    static const struct fixture_kernel kernel = {"add_one", 0};
    graph_prepare(first, 0, &kernel, 1);
    graph_expect_golden(first);
    assert_int_equal(driver_spy.bootstraps, 1);
    void *elsewhere = onboard_context(25);
    graph_expect_golden(elsewhere);
    assert_int_equal(driver_spy.bootstraps, 2);
    assert_int_equal(npu_kernel_file_count(), files + 2);
    destroy_device_context(first);
    destroy_device_context(second);
    destroy_device_context(elsewhere);
}

/* The same program with bytes behind its end: its build id is the same, its content is not (R6). */
static int init_with_twin(void *ctx, int device_id)
{
    struct fixture_image aicore = fixture_file(fixture_programs.aicore);
    size_t size = driver_spy.program.size;
    uint8_t *twin = malloc(size + 16);
    assert_non_null(twin);
    memcpy(twin, driver_spy.program.bytes, size);
    memset(twin + size, 0xab, 16);
    assert_int_equal(elf_build_id_key(twin, size + 16), fingerprint());
    int result = simpler_init(ctx, device_id, twin, size + 16, aicore.bytes, aicore.size, driver_spy.dispatcher.bytes,
                              driver_spy.dispatcher.size);
    free(twin);
    fixture_free(&aicore);
    return result;
}

/* Two programs on one device, in files of their own, taking turns. */
static void test_two_images_coexist(void **state)
{
    (void)state;
    static const struct fixture_kernel kernel = {"add_one", 0};
    void *first = onboard_context(26);
    void *second = create_device_context();
    size_t files = npu_kernel_file_count();
    assert_int_equal(init_with_twin(second, 26), 0);
    graph_prepare(second, 0, &kernel, 1);
    for (int i = 0; i < 3; i++) {
        graph_expect_golden(first);
        graph_expect_golden(second);
    }
    assert_int_equal(npu_kernel_file_count(), files + 2);
    assert_non_null(strstr(driver_spy.text, "_26_1.so\"")); /* of the second one */
    assert_int_equal(fixture_statistics(first).driver_binaries, 2);
    destroy_device_context(first);
    graph_expect_golden(second);
    destroy_device_context(second);
}

/* Init again with another program: the old functions are unloaded, the new ones loaded by the next run. */
static void test_other_image_on_the_same_context(void **state)
{
    (void)state;
    void *ctx = onboard_context(27);
    graph_expect_golden(ctx);
    struct pto_statistics before = fixture_statistics(ctx);
    assert_int_equal(fixture_init(ctx, 27), 0); /* the same one: nothing happens */
    assert_int_equal(fixture_statistics(ctx).driver_binaries, 1);
    assert_int_equal(init_with_twin(ctx, 27), 0);
    assert_int_equal(fixture_statistics(ctx).driver_binaries, 0);
    assert_int_equal(onboard_platform(ctx)->known.state, 0);
    graph_expect_golden(ctx);
    struct pto_statistics after = fixture_statistics(ctx);
    assert_int_equal(after.driver_binaries, 1);
    assert_int_equal(after.driver_binary_loads, before.driver_binary_loads + 1);
    assert_int_equal(after.driver_images, 2); /* R15: the driver takes no AICore image back */
    destroy_device_context(ctx);
}

/* ---- failures ---- */

struct failure {
    const char *site;
    uint64_t nth;
    int32_t code; /* of the plan: 0: silent */
    int result;
    const char *text;
};

/* Each fails the first run, leaves nothing, is not remembered, and the next run does it all again. */
static void expect_failures(const struct failure *cases, size_t count, int first_device)
{
    for (size_t i = 0; i < count; i++) {
        struct fixture_args args;
        void *ctx = onboard_context(first_device + (int)i);
        size_t files = npu_kernel_file_count();
        uint64_t held = fixture_statistics(ctx).device_bytes;
        onboard_plan(cases[i].site, cases[i].nth, cases[i].code);
        int result = onboard_play(ctx, &args);
        fault_plan_clear();
        if (result != cases[i].result || strstr(fixture_error(ctx), cases[i].text) == NULL) {
            fail_msg("%s call %lu: returned %d '%s'", cases[i].site, cases[i].nth, result, fixture_error(ctx));
        }
        assert_int_equal(args.output[0], 5);
        assert_int_equal(fixture_statistics(ctx).device_bytes, held);
        assert_int_equal(fixture_statistics(ctx).driver_binaries, 0);
        assert_int_equal(os_staged_files(), 0);
        size_t installed = npu_kernel_file_count() - files;
        uint32_t bootstraps = driver_spy.bootstraps;
        graph_expect_golden(ctx);
        assert_int_equal(driver_spy.bootstraps - bootstraps, 1 - installed);
        assert_int_equal(npu_kernel_file_count(), files + 1);
        destroy_device_context(ctx);
    }
}

static void test_bootstrap_failures(void **state)
{
    static const struct failure cases[] = {
        {"npu.kernel_file", 1, 12, -1, "no host memory to remember an AICPU program"},
        {"driver.rtMalloc", 1, DRIVER_INVALID_PARAMETER, -1, "no device memory for"},
        {"driver.rtMalloc", 2, DRIVER_INVALID_PARAMETER, -1, "bytes of the bootstrap"},
        {"driver.rtMalloc", 3, DRIVER_INVALID_PARAMETER, -1, "no device memory for 160 bytes of the bootstrap"},
        {"driver.rtMemcpy", 1, DRIVER_INVALID_PARAMETER, DRIVER_INVALID_PARAMETER,
         "the bootstrap was not copied to the device: device"},
        {"driver.rtMemcpy", 3, DRIVER_INVALID_PARAMETER, DRIVER_INVALID_PARAMETER,
         "the bootstrap was not copied to the device: device"},
        {"driver.rtAicpuKernelLaunchExWithArgs", 1, DRIVER_INVALID_PARAMETER, DRIVER_INVALID_PARAMETER,
         "rtAicpuKernelLaunchExWithArgs returned 107000"},
        {"dispatcher.program.rename", 1, 5, -1, "the dispatcher returned 1: the AICPU program of"},
    };
    (void)state;
    expect_failures(cases, sizeof(cases) / sizeof(cases[0]), 30);
}

static void test_load_failures(void **state)
{
    static const struct failure cases[] = {
        {"onboard.description.create", 1, 13, -1, "was not written: Permission denied"},
        {"onboard.description.write", 1, 28, -1, "was not written"},
        {"driver.rtsBinaryLoadFromFile", 1, DRIVER_INVALID_PARAMETER, DRIVER_INVALID_PARAMETER,
         "rtsBinaryLoadFromFile returned 107000"},
        {"driver.rtsBinaryLoadFromFile", 1, 0, -1, "rtsBinaryLoadFromFile returned -1"},
        {"driver.rtsFuncGetByName", 1, DRIVER_INVALID_PARAMETER, DRIVER_INVALID_PARAMETER, "rtsFuncGetByName"},
        {"driver.rtsFuncGetByName", 3, DRIVER_INVALID_PARAMETER, DRIVER_INVALID_PARAMETER, "rtsFuncGetByName"},
        {"driver.rtsFuncGetByName", 2, 0, -1, "rtsFuncGetByName returned -1"},
    };
    (void)state;
    expect_failures(cases, sizeof(cases) / sizeof(cases[0]), 40);
}

/* host.md 2.1, 7 no. 42: accepted by init, an error of the run that says what is missing; later it may come. */
static void test_missing_programs(void **state)
{
    (void)state;
    struct fixture_image aicore = fixture_file(fixture_programs.aicore);
    for (int missing = 0; missing < 3; missing++) {
        static const struct fixture_kernel kernel = {"add_one", 0};
        static const char *const texts[] = {"was given 0 bytes of it and", " 0 bytes of the dispatcher",
                                            "the AICore program is not loaded: simpler_init was given 0 bytes"};
        struct fixture_args args;
        void *ctx = create_device_context();
        assert_int_equal(simpler_init(ctx, 50, missing == 0 ? NULL : driver_spy.program.bytes, driver_spy.program.size,
                                      missing == 2 ? NULL : aicore.bytes, aicore.size,
                                      missing == 1 ? NULL : driver_spy.dispatcher.bytes, driver_spy.dispatcher.size),
                         0);
        graph_prepare(ctx, 0, &kernel, 1);
        assert_int_equal(onboard_play(ctx, &args), -1);
        onboard_expect_text(ctx, texts[missing]);
        assert_int_equal(fixture_init(ctx, 50), 0);
        graph_expect_golden(ctx);
        destroy_device_context(ctx);
    }
    fixture_free(&aicore);
}

/* The program's init: what it returns is the run's result, and a state that it does not make is an error. */
static void test_program_start(void **state)
{
    (void)state;
    struct fixture_args args;
    void *ctx = onboard_context(51);
    const struct fault_rule says = {.site = STUB_SITE_INIT, .nth = 1, .values = {STUB_RETURN, 9}};
    onboard_plan("driver.rtsLaunchCpuKernel", 1, 0); /* reported done, not done */
    assert_int_equal(onboard_play(ctx, &args), DRIVER_INTERNAL);
    onboard_expect_text(ctx, "the state that simpler_aicpu_init made");
    fault_plan_clear();
    destroy_device_context(ctx); /* R17 */
    ctx = onboard_context(51);
    assert_int_equal(fault_plan_install(&says, 1), 0);
    assert_int_equal(onboard_play(ctx, &args), 9);
    onboard_expect_text(ctx, "simpler_aicpu_init returned 9: as the test said");
    fault_plan_clear();
    graph_expect_golden(ctx);
    destroy_device_context(ctx);
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_launch_block),
        CASE(test_nothing_stays_on_the_device),
        CASE(test_file),
        CASE(test_description),
        CASE(test_process_wide),
        CASE(test_two_images_coexist),
        CASE(test_other_image_on_the_same_context),
        CASE(test_bootstrap_failures),
        CASE(test_load_failures),
        CASE(test_missing_programs),
        CASE(test_program_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
