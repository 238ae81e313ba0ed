/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only a device behind a driver has: memory that registrations use up, faults that poison, resets, programs that
 * must be brought there, registers that must be mapped (R15-R18, R35; D10, D26, D27, D28).
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "abi/callable.h"
#include "abi/kernel_args.h"
#include "npu/driver/driver.h"
#include "st/runtime_fixture.h"

#define STEADY_RUNS 20

#define ONE_KERNEL(label, orchestration_file, kernel)                                                          \
    {                                                                                                          \
        .name = (label), .orchestration = (orchestration_file), .children = {{(kernel), 0}}, .child_count = 1, \
        .signature = {PTO_IN, PTO_OUT}, .signature_count = 2,                                                  \
    }

static const struct callable_spec spec_fault = ONE_KERNEL("fault", "orchestration_one_task", "kernel_fault");
static const struct callable_spec spec_spin = ONE_KERNEL("spin", "orchestration_one_task", "kernel_spin");

static const struct runtime_api *api_of(const struct runtime_fixture *fixture)
{
    return &fixture->client.api;
}

static struct pto_statistics statistics(const struct runtime_fixture *fixture)
{
    return fixture_statistics(fixture, fixture->context);
}

static void expect_reinit(const struct runtime_fixture *fixture)
{
    assert_int_equal(api_of(fixture)->finalize_device(fixture->context), 0);
    int result = runtime_client_init(&fixture->client, fixture->context, 0);
    if (result != 0) {
        fail_msg("init returned %d: %s", result, fixture->client.debug->last_error(fixture->context));
    }
}

/* Calls of `site` since this plan was installed. */
static uint64_t calls_of(const struct runtime_fixture *fixture, const char *site)
{
    struct pto_fault_site sites[512];
    size_t count = fixture->client.debug->get_fault_sites(sites, 512);
    for (size_t i = 0; i < count && i < 512; i++) {
        if (strcmp(sites[i].site, site) == 0) {
            return sites[i].calls;
        }
    }
    return 0;
}

static void plan(const struct runtime_fixture *fixture, const char *site, uint32_t sticky, int32_t error)
{
    struct pto_fault_rule rule = {.nth = 1, .sticky = sticky, .error = error};
    assert_true(strlen(site) < sizeof(rule.site));
    strcpy(rule.site, site);
    assert_int_equal(fixture->client.debug->install_faults(&rule, 1), 0);
}

/* ---- steady state -------------------------------------------------------------------------------------------------
 */

/* R15, R34: after the first run nothing is allocated, registered, loaded or opened. */
static void test_steady_state(void **state)
{
    const struct runtime_fixture *fixture = *state;
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
    expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
    expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
    struct pto_statistics before = statistics(fixture);
    assert_int_equal(before.driver_images, 1);
    assert_int_equal(before.driver_streams, 2);
    assert_int_equal(before.driver_binaries, 1);
    assert_int_equal(before.driver_contexts, 1);
    assert_true(before.driver_image_bytes > 0);
    assert_int_equal(before.driver_image_bytes, before.device_bytes_by_kind[PTO_MEMORY_PROGRAM]);
    assert_int_equal(before.driver_in_use, before.device_bytes); /* the context's ledger and the driver's agree */
    for (int i = 0; i < STEADY_RUNS; i++) {
        expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
    }
    struct pto_statistics after = statistics(fixture);
    bool graph = fixture_is(fixture, "*/hbg/*"); /* whose orchestration asks for buffers of its own */
    if (!graph) {
        assert_int_equal(after.driver_allocations, before.driver_allocations);
    }
    assert_int_equal(after.driver_in_use, before.driver_in_use);
    assert_int_equal(after.driver_registrations, before.driver_registrations);
    assert_int_equal(after.driver_binary_loads, before.driver_binary_loads);
    assert_int_equal(after.driver_kernel_loads, before.driver_kernel_loads);
    assert_int_equal(after.open_images, before.open_images);
    assert_int_equal(after.driver_streams, 2);
    assert_true(after.driver_launches > before.driver_launches);
}

/* D10: registering the image on every run would use the memory up that is left here. */
static void test_small_memory(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct pto_debug_api *debug = fixture->client.debug;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 0, CALLABLE_ADD);
    struct pto_statistics first = statistics(fixture);
    uint64_t room = first.driver_in_use + 3 * first.driver_image_bytes;
    assert_int_equal(debug->set_device_capacity(fixture->context, room), 0);
    for (int i = 0; i < STEADY_RUNS; i++) {
        expect_golden(fixture, 0, CALLABLE_ADD);
    }
    assert_int_equal(statistics(fixture).driver_images, 1);
    assert_int_equal(debug->set_device_capacity(fixture->context, 0), 0);
}

/* R17: memory that the image does not get is a fault of the launch; memory that a client does not get is none. */
static void test_memory_faults(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct pto_debug_api *debug = fixture->client.debug;
    struct fixture_run run;
    assert_null(api_of(fixture)->device_malloc_ctx(fixture->context, (size_t)1 << 60));
    expect_prepare(fixture, 0, CALLABLE_ADD); /* not poisoned */
    expect_golden(fixture, 0, CALLABLE_ADD);
    expect_reinit(fixture);
    expect_prepare(fixture, 0, CALLABLE_ADD);
    assert_int_equal(debug->set_device_capacity(fixture->context, statistics(fixture).driver_in_use + 8192), 0);
    fixture_run_make(&run, 1);
    assert_int_equal(fixture_play(fixture, fixture->context, 0, &run), DRIVER_OUT_OF_MEMORY);
    assert_true(fixture_run_untouched(&run));
    assert_int_equal(fixture_play(fixture, fixture->context, 0, &run), DRIVER_POISONED);
    expect_error_text(fixture, "207001");
    expect_reinit(fixture);
    assert_int_equal(debug->set_device_capacity(fixture->context, 0), 0);
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 0, CALLABLE_ADD);
}

/* ---- poison -------------------------------------------------------------------------------------------------------
 */

/*
 * A device that says a run is over which is not: the host reads nothing as if it were, and the device is poisoned,
 * since the work is still queued. Without a lie the same context works after finalize and init.
 */
static void test_synchronisation_that_lies(void **state)
{
    struct runtime_fixture *fixture = *state;
    struct pto_fault_rule rule = {.nth = 1, .sticky = 1, .values = {DRIVER_FAULT_LIE}};
    (void)snprintf(rule.site, sizeof(rule.site), "driver.rtStreamSynchronizeWithTimeout");
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
    expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
    assert_int_equal(fixture->client.debug->install_faults(&rule, 1), 0);
    expect_failure(fixture, 0, 5, DRIVER_INTERNAL);
    expect_error_text(fixture, "the device shows");
    fixture->client.debug->clear_faults();
    expect_failure(fixture, 0, 5, DRIVER_POISONED);
    assert_int_equal(fixture->client.api.finalize_device(fixture->context), 0);
    assert_int_equal(runtime_client_init(&fixture->client, fixture->context, 0), 0);
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
    expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
}

/* R5, R17: every call says so and names the first fault, the counters keep their last value. */
static void expect_poisoned(const struct runtime_fixture *fixture, void *context, const char *fault, size_t dlopens)
{
    const struct runtime_api *api = api_of(fixture);
    struct fixture_run run;
    uint8_t byte = 0;
    const void *image = fixture->images[CALLABLE_ADD].bytes;
    fixture_run_make(&run, 1);
    assert_int_equal(api->prepare_callable(context, 5, image), DRIVER_POISONED);
    assert_int_equal(fixture_play(fixture, context, 0, &run), DRIVER_POISONED);
    assert_int_equal(fixture_play(fixture, context, 63, &run), DRIVER_POISONED); /* before "not registered" */
    assert_int_equal(fixture_play(fixture, context, 64, &run), -1);              /* after "no id" */
    assert_true(fixture_run_untouched(&run));
    assert_int_equal(api->unregister_callable(context, 0), DRIVER_POISONED);
    assert_null(api->device_malloc_ctx(context, 64));
    assert_int_equal(api->copy_to_device_ctx(context, &byte, &byte, 1), DRIVER_POISONED);
    assert_int_equal(api->copy_from_device_ctx(context, &byte, &byte, 1), DRIVER_POISONED);
    assert_int_equal(runtime_client_init(&fixture->client, context, 0), DRIVER_POISONED);
    assert_null(api->create_comm_stream_ctx(context));
    const char *text = fixture->client.debug->last_error(context);
    if (strstr(text, fault) == NULL) {
        fail_msg("'%s' does not name %s", text, fault);
    }
    assert_int_equal(api->get_aicpu_dlopen_count(context) + api->get_host_dlopen_count(context), dlopens);
}

static void expect_containment(const struct runtime_fixture *fixture, const struct callable_spec *spec, int code,
                               const char *fault)
{
    const struct runtime_api *api = api_of(fixture);
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 0, CALLABLE_ADD);
    fixture_prepare_spec(fixture, 1, spec);
    expect_failure(fixture, 1, 5, code);
    size_t dlopens = api->get_aicpu_dlopen_count(fixture->context) + api->get_host_dlopen_count(fixture->context);
    expect_poisoned(fixture, fixture->context, fault, dlopens);
    expect_reinit(fixture);
    struct pto_statistics fresh = statistics(fixture);
    assert_int_equal(fresh.driver_images, 0); /* D26: the reset took everything */
    assert_int_equal(fresh.driver_binaries, 0);
    assert_int_equal(fresh.driver_kernels, 0);
    assert_int_equal(fresh.driver_streams, 2);
    assert_int_equal(fresh.driver_in_use, fresh.device_bytes);
    assert_int_equal(fresh.registered_callables, 0);
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 0, CALLABLE_ADD);
}

static void test_fault_is_contained(void **state)
{
    expect_containment(*state, &spec_fault, DRIVER_EXCEPTION, "507018");
}

static void test_hang_is_contained(void **state)
{
    expect_containment(*state, &spec_spin, DRIVER_TIMEOUT, "507046");
}

/* R35: bytes that are no image are found out by the core that should execute them. */
static void test_kernel_that_is_no_image(void **state)
{
    const struct runtime_fixture *fixture = *state;
    struct callable_image image = fixture_pack(fixture, &callable_specs[CALLABLE_ADD]);
    uint32_t offset = 0;
    memcpy(&offset, (uint8_t *)image.bytes + offsetof(struct pto_chip_callable, child_offsets), sizeof(offset));
    memset((uint8_t *)image.bytes + PTO_CHIP_CALLABLE_STORAGE_OFFSET + offset + PTO_CORE_CALLABLE_BINARY_OFFSET, 'z',
           64);
    int result = api_of(fixture)->prepare_callable(fixture->context, 0, image.bytes);
    free(image.bytes);
    assert_int_equal(result, 0);
    expect_failure(fixture, 0, 5, DRIVER_EXCEPTION);
    expect_reinit(fixture);
}

/* R17: all contexts of the device are poisoned, also after one of them had it reset; another device is not. */
static void test_poison_is_the_devices(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct runtime_api *api = api_of(fixture);
    void *other = api->create_device_context();
    void *elsewhere = api->create_device_context();
    struct fixture_run run;
    assert_non_null(other);
    assert_non_null(elsewhere);
    assert_int_equal(runtime_client_init(&fixture->client, other, 0), 0);
    assert_int_equal(runtime_client_init(&fixture->client, elsewhere, 1), 0);
    void *contexts[] = {other, elsewhere};
    for (size_t i = 0; i < 2; i++) {
        fixture_run_make(&run, 5);
        assert_int_equal(api->prepare_callable(contexts[i], 0, fixture->images[CALLABLE_ADD].bytes), 0);
        assert_int_equal(fixture_play(fixture, contexts[i], 0, &run), 0);
    }
    fixture_prepare_spec(fixture, 1, &spec_fault);
    expect_failure(fixture, 1, 5, DRIVER_EXCEPTION);
    expect_poisoned(fixture, other, "507018", 1);
    expect_reinit(fixture);
    expect_poisoned(fixture, other, "507018", 1); /* still: it has not finalized */
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 0, CALLABLE_ADD);
    fixture_run_make(&run, 5);
    assert_int_equal(fixture_play(fixture, elsewhere, 0, &run), 0);
    assert_int_equal(api->finalize_device(other), 0);
    expect_golden(fixture, 0, CALLABLE_ADD); /* that took nothing from the sound one */
    assert_int_equal(runtime_client_init(&fixture->client, other, 0), 0);
    assert_int_equal(api->prepare_callable(other, 0, fixture->images[CALLABLE_ADD].bytes), 0);
    assert_int_equal(fixture_play(fixture, other, 0, &run), 0);
    api->destroy_device_context(other);
    api->destroy_device_context(elsewhere);
}

/* A context that was not there when the device was poisoned is refused until somebody has it reset. */
static void test_poisoned_device_takes_nobody(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct runtime_api *api = api_of(fixture);
    void *late = api->create_device_context();
    assert_non_null(late);
    fixture_prepare_spec(fixture, 1, &spec_fault);
    expect_failure(fixture, 1, 5, DRIVER_EXCEPTION);
    assert_int_equal(runtime_client_init(&fixture->client, late, 0), DRIVER_POISONED);
    expect_reinit(fixture);
    assert_int_equal(runtime_client_init(&fixture->client, late, 0), 0);
    api->destroy_device_context(late);
}

/* ---- bringing the program there ------------------------------------------------------------------------------------
 */

/* R16, D28: one file per program and device, whoever asks; none of it again. */
static void test_bootstrap_once_per_device(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct runtime_api *api = api_of(fixture);
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 0, CALLABLE_ADD);
    uint64_t files = statistics(fixture).bootstrap_files;
    assert_true(files > 0);
    void *same = api->create_device_context();
    void *another = api->create_device_context();
    struct fixture_run run;
    fixture_run_make(&run, 5);
    assert_int_equal(runtime_client_init(&fixture->client, same, 0), 0);
    assert_int_equal(api->prepare_callable(same, 0, fixture->images[CALLABLE_ADD].bytes), 0);
    assert_int_equal(fixture_play(fixture, same, 0, &run), 0);
    assert_int_equal(statistics(fixture).bootstrap_files, files);
    assert_int_equal(runtime_client_init(&fixture->client, another, 41), 0); /* a device that no other test uses */
    assert_int_equal(api->prepare_callable(another, 0, fixture->images[CALLABLE_ADD].bytes), 0);
    assert_int_equal(fixture_play(fixture, another, 0, &run), 0);
    assert_int_equal(statistics(fixture).bootstrap_files, files + 1);
    assert_int_equal(statistics(fixture).staged_files, 0);
    api->destroy_device_context(same);
    api->destroy_device_context(another);
}

/* The AICPU program under another name for its first function: whoever runs it is told that there is none. */
static uint8_t *program_without_init(const struct runtime_client *client)
{
    static const char name[] = "simpler_aicpu_init";
    uint8_t *bytes = malloc(client->aicpu_size);
    assert_non_null(bytes);
    memcpy(bytes, client->aicpu, client->aicpu_size);
    size_t found = 0;
    for (size_t i = 0; i + sizeof(name) <= client->aicpu_size; i++) {
        if (memcmp(bytes + i, name, sizeof(name)) == 0) {
            bytes[i] = 'S';
            found++;
        }
    }
    assert_true(found > 0);
    return bytes;
}

/* R16, R6, D28: two programs with one build id, beside each other on one device and on two, are two programs. */
static void test_two_programs(void **state)
{
    static const int devices[] = {42, 43}; /* that no other test uses; on the first the good program runs meanwhile */
    const struct runtime_fixture *fixture = *state;
    const struct runtime_api *api = api_of(fixture);
    struct runtime_client other = fixture->client;
    uint8_t *bytes = program_without_init(&fixture->client);
    struct fixture_run run;
    fixture_run_make(&run, 5);
    other.aicpu = bytes;
    void *good = api->create_device_context();
    assert_int_equal(runtime_client_init(&fixture->client, good, devices[0]), 0);
    assert_int_equal(api->prepare_callable(good, 0, fixture->images[CALLABLE_ADD].bytes), 0);
    assert_int_equal(fixture_play(fixture, good, 0, &run), 0);
    for (size_t i = 2; i-- > 0;) { /* the good program's device last: the fault poisons it */
        void *context = api->create_device_context();
        assert_int_equal(runtime_client_init(&other, context, devices[i]), 0);
        assert_int_equal(api->prepare_callable(context, 0, fixture->images[CALLABLE_ADD].bytes), 0);
        assert_int_equal(fixture_play(fixture, good, 0, &run), 0);
        assert_int_equal(fixture_play(fixture, context, 0, &run), DRIVER_EXCEPTION);
        assert_non_null(strstr(fixture->client.debug->last_error(context), "simpler_aicpu_init"));
        api->destroy_device_context(context);
    }
    api->destroy_device_context(good);
    free(bytes);
}

/* R9, D15: a bootstrap that fails is tried again by the next run, and has left nothing on the device. */
static void test_bootstrap_that_fails(void **state)
{
    static const char *const sites[] = {"dispatcher.program.create", "dispatcher.program.write",
                                        "dispatcher.program.chmod", "dispatcher.program.rename"};
    const struct runtime_fixture *fixture = *state;
    const struct runtime_api *api = api_of(fixture);
    struct fixture_run run;
    for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
        void *context = api->create_device_context();
        fixture_run_make(&run, 5);
        assert_int_equal(runtime_client_init(&fixture->client, context, 50), 0);
        assert_int_equal(api->prepare_callable(context, 0, fixture->images[CALLABLE_ADD].bytes), 0);
        uint64_t held = fixture_statistics(fixture, context).device_bytes;
        plan(fixture, sites[i], 0, 5);
        assert_int_not_equal(fixture_play(fixture, context, 0, &run), 0);
        assert_int_equal(calls_of(fixture, sites[i]), 1);
        fixture->client.debug->clear_faults();
        assert_true(fixture_run_untouched(&run));
        assert_int_equal(fixture_statistics(fixture, context).device_bytes, held);
        api->destroy_device_context(context);
    }
    void *context = api->create_device_context();
    assert_int_equal(runtime_client_init(&fixture->client, context, 50), 0);
    assert_int_equal(api->prepare_callable(context, 0, fixture->images[CALLABLE_ADD].bytes), 0);
    assert_int_equal(fixture_play(fixture, context, 0, &run), 0);
    api->destroy_device_context(context);
}

/* host.md 2.1: a missing program is accepted by init and an error of the run. */
static void test_missing_programs(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct runtime_client *client = &fixture->client;
    struct runtime_client without[3];
    for (size_t i = 0; i < 3; i++) {
        without[i] = *client;
    }
    without[0].dispatcher = NULL;
    without[0].dispatcher_size = 0;
    without[1].aicpu = NULL;
    without[1].aicpu_size = 0;
    without[2].aicore = NULL;
    without[2].aicore_size = 0;
    assert_non_null(client->dispatcher);
    for (size_t i = 0; i < 3; i++) {
        void *context = client->api.create_device_context();
        struct fixture_run run;
        fixture_run_make(&run, 5);
        assert_int_equal(runtime_client_init(&without[i], context, 0), 0);
        assert_int_equal(client->api.prepare_callable(context, 0, fixture->images[CALLABLE_ADD].bytes), 0);
        assert_int_equal(fixture_play(fixture, context, 0, &run), -1);
        assert_non_null(strstr(client->debug->last_error(context), " 0 bytes"));
        /* Not poisoned: the programs may come later. */
        assert_int_equal(runtime_client_init(client, context, 0), 0);
        assert_int_equal(fixture_play(fixture, context, 0, &run), 0);
        client->api.destroy_device_context(context);
    }
}

/* ---- registers ----------------------------------------------------------------------------------------------------
 */

/* R18: 13 is a race that passes; three more tries, then it is an error like any other. D27: no address is made up. */
static void test_register_mapping(void **state)
{
    const struct runtime_fixture *fixture = *state;
    fixture_only(fixture, "a2a3/*/*", "its registers are mapped core by core, without a race");
    const char *site = "driver.halMemCtl";
    struct fixture_run run;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    fixture_run_make(&run, 5);
    plan(fixture, site, 1, DRIVER_REGISTER_BUSY);
    assert_int_equal(fixture_play(fixture, fixture->context, 0, &run), DRIVER_REGISTER_BUSY);
    assert_int_equal(calls_of(fixture, site), 4);
    plan(fixture, site, 0, DRIVER_INVALID_PARAMETER);
    assert_int_equal(fixture_play(fixture, fixture->context, 0, &run), DRIVER_INVALID_PARAMETER);
    assert_int_equal(calls_of(fixture, site), 1);
    plan(fixture, site, 0, 0); /* success, and no address */
    assert_int_equal(fixture_play(fixture, fixture->context, 0, &run), -1);
    expect_error_text(fixture, "halMemCtl");
    assert_true(fixture_run_untouched(&run));
    plan(fixture, site, 0, DRIVER_REGISTER_BUSY);
    expect_golden(fixture, 0, CALLABLE_ADD);
    assert_int_equal(calls_of(fixture, site), 2);
    fixture->client.debug->clear_faults();
    expect_golden(fixture, 0, CALLABLE_ADD); /* mapped once */
}

/* R18, D27. */
static void test_register_mapping_by_core(void **state)
{
    const struct runtime_fixture *fixture = *state;
    fixture_only(fixture, "a5/*/*", "its registers are mapped all at once");
    const char *site = "driver.halResMap";
    struct fixture_run run;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    fixture_run_make(&run, 5);
    plan(fixture, site, 0, DRIVER_INVALID_PARAMETER);
    assert_int_equal(fixture_play(fixture, fixture->context, 0, &run), DRIVER_INVALID_PARAMETER);
    plan(fixture, site, 0, 0);
    assert_int_equal(fixture_play(fixture, fixture->context, 0, &run), -1);
    expect_error_text(fixture, "halResMap");
    assert_true(fixture_run_untouched(&run));
    fixture->client.debug->clear_faults();
    expect_golden(fixture, 0, CALLABLE_ADD);
}

/* The cross-core synchronisation block: a2a3 programs are told where it lies, a5 has none (host.md 6). */
static void test_synchronisation_block(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const bool a5 = fixture_is(fixture, "a5/*/*");
    const uint64_t bytes = a5 ? sizeof(struct pto_kernel_args_a5) : sizeof(struct pto_kernel_args_a2a3);
    const char *site = "driver.rtGetC2cCtrlAddr";
    struct pto_ledger_entry entries[64];
    uint64_t word = UINT64_MAX;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    assert_int_equal(fixture->client.debug->install_faults(NULL, 0), 0);
    expect_golden(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 0, CALLABLE_ADD);
    assert_int_equal(calls_of(fixture, site), a5 ? 0 : 1);
    fixture->client.debug->clear_faults();
    int64_t count = fixture->client.debug->get_ledger(fixture->context, entries, 64);
    assert_in_range(count, 1, 64);
    for (int64_t i = 0; i < count; i++) {
        if (entries[i].kind == PTO_MEMORY_RUNTIME && entries[i].bytes == bytes) {
            memcpy(&word, (const uint8_t *)(uintptr_t)entries[i].address + 64, sizeof(word)); /* a5: dump_data_base */
        }
    }
    assert_true(a5 ? word == 0 : word != 0 && word != UINT64_MAX);
}

/* R2: what there is, object by object, is what the numbers say. */
static void test_objects_one_by_one(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct pto_debug_api *debug = fixture->client.debug;
    struct pto_driver_object objects[32];
    struct pto_chip_buffer buffers[4];
    uint64_t kinds[PTO_DRIVER_OBJECT_KIND_COUNT] = {0};
    uint64_t image_bytes = 0;
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
    expect_prepare(fixture, 7, CALLABLE_TWO_STEPS);
    expect_prepare(fixture, 63, CALLABLE_ADD);
    expect_golden(fixture, 7, CALLABLE_TWO_STEPS);
    expect_golden(fixture, 63, CALLABLE_ADD);
    struct pto_statistics now = statistics(fixture);
    int64_t count = debug->get_driver_objects(fixture->context, objects, 32);
    assert_in_range(count, 5, 32);
    for (int64_t i = 0; i < count; i++) {
        assert_in_range(objects[i].kind, 0, PTO_DRIVER_OBJECT_KIND_COUNT - 1);
        assert_int_not_equal(objects[i].handle, 0);
        kinds[objects[i].kind]++;
        image_bytes += objects[i].kind == PTO_DRIVER_IMAGE ? objects[i].bytes : 0;
        assert_int_equal(objects[i].session, objects[i].kind == PTO_DRIVER_STREAM);
    }
    assert_int_equal(kinds[PTO_DRIVER_STREAM], now.driver_streams);
    assert_int_equal(kinds[PTO_DRIVER_IMAGE], now.driver_images);
    assert_int_equal(kinds[PTO_DRIVER_BINARY], now.driver_binaries);
    assert_int_equal(kinds[PTO_DRIVER_KERNEL], now.driver_kernels);
    assert_int_equal(image_bytes, now.driver_image_bytes);
    assert_int_equal(debug->get_driver_objects(fixture->context, NULL, 0), count);
    assert_int_equal(debug->get_chip_buffers(fixture->context, buffers, 4), 2);
    bool first = buffers[0].leases == 2;
    const struct pto_chip_buffer *shared = &buffers[first ? 0 : 1];
    const struct pto_chip_buffer *alone = &buffers[first ? 1 : 0];
    assert_int_equal(shared->leases, 2);
    assert_true(shared->callables == (1ull << 0 | 1ull << 7));
    assert_int_equal(alone->leases, 1);
    assert_true(alone->callables == 1ull << 63);
    assert_int_equal(shared->bytes + alone->bytes, now.device_bytes_by_kind[PTO_MEMORY_CHIP_BUFFER]);
    assert_int_equal(debug->get_chip_buffers(NULL, NULL, 0), -1);
    assert_int_equal(debug->get_driver_objects(fixture->context, NULL, 1), -1);
    expect_unregister(fixture, 7);
    assert_int_equal(debug->get_chip_buffers(fixture->context, buffers, 4), 2);
    assert_int_equal(buffers[0].leases + buffers[1].leases, 2);
}

/* ---- threads ------------------------------------------------------------------------------------------------------
 */

struct client_thread {
    const struct runtime_fixture *fixture;
    int device_id;
    int result;
};

static void *run_client(void *argument)
{
    struct client_thread *client = argument;
    const struct runtime_api *api = api_of(client->fixture);
    void *buffer = malloc(api->get_runtime_size());
    void *context = api->create_device_context();
    client->result = buffer != NULL && context != NULL ? 0 : -1;
    if (client->result == 0) {
        client->result = runtime_client_init(&client->fixture->client, context, client->device_id);
    }
    if (client->result == 0) {
        client->result = api->prepare_callable(context, 0, client->fixture->images[CALLABLE_ADD].bytes);
    }
    for (int i = 0; i < STEADY_RUNS && client->result == 0; i++) {
        struct fixture_run run;
        fixture_run_make(&run, 5);
        client->result = api->run_prepared(context, buffer, 0, &run.args, 1, 3, 0, 0, 0, 0, "", NULL);
        if (client->result == 0 && run.out[3] != callable_golden(CALLABLE_ADD, run.in[3], 5)) {
            client->result = -2;
        }
    }
    api->destroy_device_context(context);
    free(buffer);
    return NULL;
}

/* R14: a context may be called from any thread, and two of them run at once, on one device and on two. */
static void test_threads(void **state)
{
    const struct runtime_fixture *fixture = *state;
    for (int second = 0; second < 2; second++) {
        struct client_thread clients[2] = {{.fixture = fixture, .device_id = 0},
                                           {.fixture = fixture, .device_id = second}};
        pthread_t threads[2];
        for (int i = 0; i < 2; i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, run_client, &clients[i]), 0);
        }
        for (int i = 0; i < 2; i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
            assert_int_equal(clients[i].result, 0);
        }
    }
}

static void *run_once(void *argument)
{
    struct client_thread *client = argument;
    struct fixture_run run;
    fixture_run_make(&run, 5);
    client->result = fixture_play(client->fixture, client->fixture->context, 0, &run);
    return NULL;
}

/* The driver's context is a thread's; the client's is not. */
static void test_another_thread_runs(void **state)
{
    const struct runtime_fixture *fixture = *state;
    struct client_thread client = {.fixture = fixture, .result = -1};
    pthread_t thread;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    assert_int_equal(pthread_create(&thread, NULL, run_once, &client), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(client.result, 0);
    expect_golden(fixture, 0, CALLABLE_ADD);
}

/* ---- streams and ACL ----------------------------------------------------------------------------------------------
 */

/* D26, R17: finalize after ACL was made ready, and before, resets the device. */
static void test_streams_and_acl(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct runtime_api *api = api_of(fixture);
    assert_int_equal(api->ensure_acl_ready_ctx(NULL, 0), -1);
    assert_null(api->create_comm_stream_ctx(NULL));
    assert_int_equal(api->destroy_comm_stream_ctx(NULL, NULL), -1);
    assert_int_equal(api->destroy_comm_stream_ctx(fixture->context, NULL), 0);
    assert_int_equal(api->ensure_acl_ready_ctx(fixture->context, 1), -1);
    assert_int_equal(api->ensure_acl_ready_ctx(fixture->context, 0), 0);
    assert_int_equal(api->ensure_acl_ready_ctx(fixture->context, 0), 0); /* 100002 is no error */
    void *stream = api->create_comm_stream_ctx(fixture->context);
    assert_non_null(stream);
    assert_int_equal(statistics(fixture).driver_streams, 3);
    assert_int_equal(api->destroy_comm_stream_ctx(fixture->context, stream), 0);
    assert_int_equal(statistics(fixture).driver_streams, 2);
    expect_reinit(fixture); /* resets through ACL where the architecture wants it */
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 0, CALLABLE_ADD);
}

/* ---- what is done once per process --------------------------------------------------------------------------------
 */

/* The C library keeps stacks and arenas of threads that ended. */
static int group_setup(void **state)
{
    int result = fixture_group_setup(state);
    if (result == 0) {
        test_threads(state);
    }
    return result;
}

/* Tests that bring a program to a further device: its file, and what the process knows of it, stay (R10). */
static int bare_setup(void **state)
{
    struct runtime_fixture *fixture = *state;
    fixture->context = fixture->client.api.create_device_context();
    return fixture->context != NULL ? runtime_client_init(&fixture->client, fixture->context, 0) : -1;
}

static int bare_teardown(void **state)
{
    struct runtime_fixture *fixture = *state;
    fixture->client.debug->clear_faults();
    fixture->client.api.destroy_device_context(fixture->context);
    fixture->context = NULL;
    return 0;
}

#define BARE_TEST(function) cmocka_unit_test_setup_teardown(function, bare_setup, bare_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_steady_state),
        FIXTURE_TEST(test_small_memory),
        FIXTURE_TEST(test_memory_faults),
        FIXTURE_TEST(test_synchronisation_that_lies),
        FIXTURE_TEST(test_fault_is_contained),
        FIXTURE_TEST(test_hang_is_contained),
        FIXTURE_TEST(test_kernel_that_is_no_image),
        FIXTURE_TEST(test_poison_is_the_devices),
        FIXTURE_TEST(test_poisoned_device_takes_nobody),
        BARE_TEST(test_bootstrap_once_per_device),
        BARE_TEST(test_two_programs),
        BARE_TEST(test_bootstrap_that_fails),
        FIXTURE_TEST(test_missing_programs),
        FIXTURE_TEST(test_register_mapping),
        FIXTURE_TEST(test_register_mapping_by_core),
        FIXTURE_TEST(test_synchronisation_block),
        FIXTURE_TEST(test_objects_one_by_one),
        FIXTURE_TEST(test_threads),
        FIXTURE_TEST(test_another_thread_runs),
        FIXTURE_TEST(test_streams_and_acl),
    };
    return fixture_run_tests("onboard", "*/*/onboard", FIXTURE_EVERY, tests, sizeof(tests) / sizeof(tests[0]),
                             group_setup, fixture_group_teardown);
}
