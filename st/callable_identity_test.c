/* SPDX-License-Identifier: Apache-2.0 */
/* Which bytes and which kernels an id stands for, whatever its neighbours are (R6, R7, R10; D04-D09, D14). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "abi/callable.h"
#include "base/hash.h"
#include "base/os.h"
#include "harness/leak/os_objects.h"
#include "st/runtime_fixture.h"

/* R10, D04: the second id's staged file must not overwrite the one that the first has mapped. */
static void test_two_ids_clobber_nothing(void **state)
{
    const struct runtime_fixture *fixture = *state;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 0, CALLABLE_ADD);
    expect_prepare(fixture, 1, CALLABLE_TWO_STEPS);
    expect_golden(fixture, 1, CALLABLE_TWO_STEPS);
    expect_golden(fixture, 0, CALLABLE_ADD);
    expect_prepare(fixture, 2, CALLABLE_NO_TASKS);
    expect_golden(fixture, 2, CALLABLE_NO_TASKS);
    expect_golden(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 1, CALLABLE_TWO_STEPS);
}

/* D05: the same function id names another kernel in another callable. */
static void test_same_func_id_other_kernel(void **state)
{
    const struct runtime_fixture *fixture = *state;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_prepare(fixture, 1, CALLABLE_MULTIPLY);
    expect_golden(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 1, CALLABLE_MULTIPLY);
    expect_golden(fixture, 0, CALLABLE_ADD);
}

/* D06: what the later callable brings must not take the earlier one's kernel away. */
static void test_later_func_id_keeps_earlier_kernel(void **state)
{
    const struct runtime_fixture *fixture = *state;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 0, CALLABLE_ADD);
    expect_prepare(fixture, 1, CALLABLE_MULTIPLY);
    expect_golden(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 1, CALLABLE_MULTIPLY);
    expect_unregister(fixture, 1);
    expect_golden(fixture, 0, CALLABLE_ADD);
}

/* Other kernels under ids that stay, after the callable that used them before is gone (host.md 3.12, stale function
 * table). */
static void test_function_table_follows_the_callable(void **state)
{
    static const struct callable_spec bad_id = {.name = "bad id",
                                                .orchestration = "orchestration_bad_kernel",
                                                .children = {{"kernel_add", 0}},
                                                .child_count = 1,
                                                .signature = {PTO_IN, PTO_OUT},
                                                .signature_count = 2};
    const struct runtime_fixture *fixture = *state;
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
    expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
    fixture_prepare_spec(fixture, 1, &bad_id);
    expect_failure(fixture, 1, 1023, -5); /* 1023 belongs to id 0 and is nobody's here */
    expect_unregister(fixture, 0);
    expect_failure(fixture, 1, 1023, -5);
    expect_failure(fixture, 1, 5, -5);
}

/* Two entries of one orchestration are two contents; the bytes of their kernels are equal. */
static void test_entry_name_is_part_of_the_content(void **state)
{
    const struct runtime_fixture *fixture = *state;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_prepare(fixture, 1, CALLABLE_TWICE);
    assert_int_equal(fixture_statistics(fixture, fixture->context).chip_buffers, 2);
    expect_golden(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 1, CALLABLE_TWICE);
}

/* R7, D07: one prepare takes the callable's size once; the orchestration is a slice of it. */
static void test_orchestration_is_uploaded_once(void **state)
{
    const struct runtime_fixture *fixture = *state;
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
    uint64_t size = fixture->images[CALLABLE_TWO_STEPS].size;
    struct pto_statistics prepared = fixture_statistics(fixture, fixture->context);
    assert_int_equal(prepared.device_bytes_by_kind[PTO_MEMORY_CHIP_BUFFER], size);
    struct pto_ledger_entry entries[64];
    int64_t count = fixture->client.debug->get_ledger(fixture->context, entries, 64);
    assert_in_range(count, 1, 64);
    uint64_t owned = 0;
    for (int64_t i = 0; i < count; i++) {
        owned += entries[i].callable_id == 0 ? entries[i].bytes : 0;
    }
    assert_int_equal(owned, size);
    expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
    struct pto_statistics ran = fixture_statistics(fixture, fixture->context);
    assert_int_equal(ran.device_bytes_by_kind[PTO_MEMORY_CHIP_BUFFER], size);
}

/* R7, D08: after N distinct callables came and went the device is empty again. */
static void test_distinct_callables_leave_nothing(void **state)
{
    const struct runtime_fixture *fixture = *state;
    for (int32_t kind = 0; kind < CALLABLE_KIND_COUNT; kind++) {
        expect_prepare(fixture, kind, (enum callable_kind)kind);
        expect_golden(fixture, kind, (enum callable_kind)kind);
        expect_unregister(fixture, kind);
        struct pto_statistics now = fixture_statistics(fixture, fixture->context);
        assert_int_equal(now.device_bytes_by_kind[PTO_MEMORY_CHIP_BUFFER], 0);
        assert_int_equal(now.device_bytes_by_kind[PTO_MEMORY_STAGING], 0);
        assert_int_equal(now.chip_buffers, 0);
    }
}

/* R7: a callable without children is uploaded, shared and freed like any other. */
static void test_zero_children(void **state)
{
    const struct runtime_fixture *fixture = *state;
    expect_prepare(fixture, 5, CALLABLE_NO_TASKS);
    expect_prepare(fixture, 6, CALLABLE_NO_TASKS);
    struct pto_statistics now = fixture_statistics(fixture, fixture->context);
    assert_int_equal(now.chip_buffers, 1);
    assert_int_equal(now.chip_leases, 2);
    assert_int_equal(now.kernel_handles, 0);
    assert_int_equal(now.device_bytes_by_kind[PTO_MEMORY_CHIP_BUFFER], fixture->images[CALLABLE_NO_TASKS].size);
    expect_golden(fixture, 5, CALLABLE_NO_TASKS);
    assert_int_equal(fixture_statistics(fixture, fixture->context).last_tasks, 0);
    expect_unregister(fixture, 5);
    expect_golden(fixture, 6, CALLABLE_NO_TASKS);
}

/* R5: all 64 ids work at once; a 65th is out of range. */
static void test_all_ids_and_one_more(void **state)
{
    const struct runtime_fixture *fixture = *state;
    for (int32_t id = 0; id < 64; id++) {
        expect_prepare(fixture, id, (enum callable_kind)(id % CALLABLE_KIND_COUNT));
    }
    struct pto_statistics full = fixture_statistics(fixture, fixture->context);
    assert_int_equal(full.registered_callables, 64);
    assert_int_equal(full.chip_buffers, CALLABLE_KIND_COUNT);
    int result = fixture->client.api.prepare_callable(fixture->context, 64, fixture->images[CALLABLE_ADD].bytes);
    assert_int_equal(result, -1);
    expect_error_text(fixture, "64");
    for (int32_t id = 63; id >= 0; id--) {
        expect_golden(fixture, id, (enum callable_kind)(id % CALLABLE_KIND_COUNT));
    }
    assert_int_equal(fixture_statistics(fixture, fixture->context).orchestration_handles, 64);
    for (int32_t id = 0; id < 64; id++) {
        expect_unregister(fixture, id);
    }
    struct pto_statistics empty = fixture_statistics(fixture, fixture->context);
    assert_int_equal(empty.registered_callables, 0);
    assert_int_equal(empty.device_bytes_by_kind[PTO_MEMORY_CHIP_BUFFER], 0);
}

/* R10, D14: what was staged is unlinked as soon as it is loaded. */
static void test_no_staged_file_stays(void **state)
{
    const struct runtime_fixture *fixture = *state;
    int64_t before = os_objects_temp_files();
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
    assert_int_equal(os_objects_temp_files(), before);
    expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
    assert_int_equal(os_objects_temp_files(), before);
    assert_int_equal(fixture_statistics(fixture, fixture->context).staged_files, 0);
}

/*
 * Two pairs of words that XXH3 adds up to the same: in lane 0 of two neighbouring stripes of one block. A word whose
 * high half equals the secret's is multiplied away, and its low half, mixed with the secret's, only counts in a sum.
 */
static void write_colliding(uint8_t *image, size_t offset, uint32_t share)
{
    const uint32_t halves[] = {0x1000 + share, 0x2000 - share};
    for (size_t i = 0; i < 2; i++) {
        uint64_t secret;
        size_t stripe = offset / 64 + i;
        memcpy(&secret, XXH3_kSecret + 8 * (stripe % 16), sizeof(secret));
        /* Not `secret ^ half`: the halves are what is added, so that their sum is the same. */
        uint64_t word = (secret & 0xffffffff00000000ull) | halves[i];
        memcpy(image + 64 * stripe, &word, sizeof(word));
    }
}

/* R6: two contents with one hash are two contents. Behind the kernel's bytes there is room for what nobody reads. */
static void test_equal_hash_other_bytes(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct callable_image *image = &fixture->images[CALLABLE_ADD];
    const size_t grown = image->size + 512;
    size_t offset = image->size + 64 - image->size % 64;
    offset += offset / 64 % 16 == 15 ? 64 : 0; /* a block has 16 stripes */
    uint8_t *copies[2];
    uint32_t child;
    uint32_t kernel;
    for (uint32_t i = 0; i < 2; i++) {
        copies[i] = calloc(1, grown);
        assert_non_null(copies[i]);
        memcpy(copies[i], image->bytes, image->size);
        memcpy(&child, copies[i] + offsetof(struct pto_chip_callable, child_offsets), sizeof(child));
        uint8_t *size =
            copies[i] + PTO_CHIP_CALLABLE_STORAGE_OFFSET + child + offsetof(struct pto_core_callable, binary_size);
        memcpy(&kernel, size, sizeof(kernel));
        kernel += (uint32_t)(grown - image->size);
        memcpy(size, &kernel, sizeof(kernel));
        write_colliding(copies[i], offset, i);
    }
    assert_memory_not_equal(copies[0], copies[1], grown);
    assert_int_equal(hash_bytes(copies[0], grown), hash_bytes(copies[1], grown));
    for (int32_t i = 0; i < 2; i++) {
        assert_int_equal(fixture->client.api.prepare_callable(fixture->context, i, copies[i]), 0);
        free(copies[i]);
    }
    assert_int_equal(fixture_statistics(fixture, fixture->context).chip_buffers, 2);
    expect_golden(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 1, CALLABLE_ADD);
}

/* R10: what was loaded from a staged file is still mapped under that file's name, which tells where it was. */
static void test_staged_files_are_below_the_root(void **state)
{
    static const char gone[] = ".so (deleted)\n";
    const struct runtime_fixture *fixture = *state;
    char line[PATH_MAX];
    size_t mapped = 0;
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
    expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
    FILE *maps = fopen("/proc/self/maps", "re");
    assert_non_null(maps);
    while (fgets(line, sizeof(line), maps) != NULL) {
        const char *path = strchr(line, '/');
        size_t length = strlen(line);
        if (path != NULL && length >= strlen(gone) && strcmp(line + length - strlen(gone), gone) == 0) {
            mapped++;
            if (strncmp(path, os_root(), strlen(os_root())) != 0) {
                (void)fclose(maps);
                fail_msg("a staged file was not below %s: %s", os_root(), path);
            }
        }
    }
    (void)fclose(maps);
    assert_true(mapped >= 4); /* two programs, an orchestration, kernels */
}

/* R7: the caller's bytes are only read, and may go away right after prepare. */
static void test_callers_bytes_are_borrowed(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct callable_image *image = &fixture->images[CALLABLE_TWO_STEPS];
    void *copy = malloc(image->size);
    assert_non_null(copy);
    memcpy(copy, image->bytes, image->size);
    assert_int_equal(fixture->client.api.prepare_callable(fixture->context, 0, copy), 0);
    assert_memory_equal(copy, image->bytes, image->size);
    memset(copy, 0xee, image->size);
    free(copy);
    expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
}

/* R1: the image and the runtime buffer may lie at any address that malloc could give, and at another one each time. */
static void test_any_address_will_do(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct callable_image *image = &fixture->images[CALLABLE_TWO_STEPS];
    size_t runtime_size = fixture->client.api.get_runtime_size();
    uint8_t *bytes = malloc(image->size + 64);
    uint8_t *buffer = malloc(runtime_size + 64);
    assert_true(bytes != NULL && buffer != NULL);
    for (size_t shift = 0; shift < 64; shift += 16) {
        struct fixture_run run;
        memcpy(bytes + shift, image->bytes, image->size);
        assert_int_equal(fixture->client.api.prepare_callable(fixture->context, 0, bytes + shift), 0);
        fixture_run_make(&run, 5);
        int result = fixture->client.api.run_prepared(fixture->context, buffer + shift, 0, &run.args, 1, 2, 0, 0, 0, 0,
                                                      NULL, NULL);
        assert_int_equal(result, 0);
        assert_int_equal(run.out[3], callable_golden(CALLABLE_TWO_STEPS, run.in[3], 5));
        memset(buffer, 0xee, runtime_size + 64); /* nobody keeps it */
        expect_unregister(fixture, 0);
    }
    free(buffer);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_two_ids_clobber_nothing),
        FIXTURE_TEST(test_same_func_id_other_kernel),
        FIXTURE_TEST(test_later_func_id_keeps_earlier_kernel),
        FIXTURE_TEST(test_function_table_follows_the_callable),
        FIXTURE_TEST(test_entry_name_is_part_of_the_content),
        FIXTURE_TEST(test_orchestration_is_uploaded_once),
        FIXTURE_TEST(test_distinct_callables_leave_nothing),
        FIXTURE_TEST(test_zero_children),
        FIXTURE_TEST(test_all_ids_and_one_more),
        FIXTURE_TEST(test_no_staged_file_stays),
        FIXTURE_TEST(test_equal_hash_other_bytes),
        FIXTURE_TEST(test_staged_files_are_below_the_root),
        FIXTURE_TEST(test_callers_bytes_are_borrowed),
        FIXTURE_TEST(test_any_address_will_do),
    };
    return FIXTURE_RUN("callable identity", "*/*/*", FIXTURE_EVERY, tests);
}
