/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger of device memory: what it records, what it refuses, and that owners do not see each other (R7, R14, R15).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "harness/choice/choice.h"
#include "npu/hbm.h"

#define KIB 1024u
#define MIB (1024u * 1024u)

static struct npu_owner *attach(int device)
{
    struct npu_owner *owner = NULL;
    assert_int_equal(npu_owner_attach(device, &owner), 0);
    return owner;
}

static void *alloc(struct npu_owner *owner, enum pto_memory_kind kind, uint64_t bytes)
{
    void *address = NULL;
    assert_int_equal(npu_hbm_alloc(owner, kind, -1, bytes, &address), 0);
    assert_non_null(address);
    return address;
}

static struct npu_usage usage_of(struct npu_owner *owner)
{
    struct npu_usage usage;
    npu_hbm_usage(owner, &usage);
    return usage;
}

static void fail_call(const char *site, uint64_t nth)
{
    struct fault_rule rule = {.nth = nth, .error = ENOMEM};
    (void)snprintf(rule.site, sizeof(rule.site), "%s", site);
    assert_int_equal(fault_plan_install(&rule, 1), 0);
}

static void test_attach(void **state)
{
    (void)state;
    struct npu_owner *owner = NULL;
    assert_int_equal(npu_owner_attach(-1, &owner), -EINVAL);
    assert_null(owner);
    const char *const sites[] = {"npu.owner", "npu.device"};
    for (size_t i = 0; i < 2; i++) {
        fail_call(sites[i], 1);
        assert_int_equal(npu_owner_attach(0, &owner), -ENOMEM);
        fault_plan_clear();
        assert_null(owner);
    }
    owner = attach(0);
    npu_owner_detach(owner, NULL, NULL);
}

static void test_records_kind_callable_and_order(void **state)
{
    (void)state;
    struct npu_owner *owner = attach(0);
    void *buffers[20];
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(
            npu_hbm_alloc(owner, (enum pto_memory_kind)(i % PTO_MEMORY_KIND_COUNT), (int)i, 100 + i, &buffers[i]), 0);
        assert_int_equal((uintptr_t)buffers[i] % NPU_HBM_ALIGN, 0);
    }
    struct pto_ledger_entry entries[20];
    assert_int_equal(npu_hbm_ledger(owner, entries, 20), 20);
    for (size_t i = 1; i < 20; i++) {
        assert_true(entries[i - 1].address < entries[i].address);
    }
    struct pto_ledger_entry entry;
    assert_int_equal(npu_hbm_find(owner, buffers[7], &entry), 0);
    assert_int_equal(entry.bytes, 107);
    assert_int_equal(entry.kind, 7);
    assert_int_equal(entry.callable_id, 7);
    assert_int_equal(npu_hbm_set_callable(owner, buffers[7], -1), 0);
    assert_int_equal(npu_hbm_find(owner, buffers[7], &entry), 0);
    assert_int_equal(entry.callable_id, -1);
    assert_int_equal(npu_hbm_find(owner, (uint8_t *)buffers[7] + 1, &entry), -ENOENT);
    assert_int_equal(npu_hbm_set_callable(owner, (uint8_t *)buffers[7] + 1, 3), -ENOENT);
    /* A small array gets the first ones, and the true count. */
    memset(entries, 0, sizeof(entries));
    assert_int_equal(npu_hbm_ledger(owner, entries, 3), 20);
    assert_int_equal(entries[3].address, 0);
    uint64_t bytes = 0;
    uint64_t count = 0;
    npu_owner_detach(owner, &bytes, &count);
    assert_int_equal(count, 20);
    assert_int_equal(bytes, 20 * 100 + 190);
}

static void test_check_is_by_range(void **state)
{
    (void)state;
    struct npu_owner *owner = attach(0);
    uint8_t *buffer = alloc(owner, PTO_MEMORY_CLIENT, 1000);
    assert_int_equal(npu_hbm_check(owner, buffer, 1000), 0);
    assert_int_equal(npu_hbm_check(owner, buffer + 999, 1), 0);
    assert_int_equal(npu_hbm_check(owner, buffer + 1000, 0), 0);
    assert_int_equal(npu_hbm_check(owner, buffer, 1001), -ENOENT);
    assert_int_equal(npu_hbm_check(owner, buffer + 1, UINT64_MAX), -ENOENT);
    assert_int_equal(npu_hbm_check(owner, buffer + 1000, 1), -ENOENT);
    assert_int_equal(npu_hbm_check(owner, buffer - 1, 1), -ENOENT);
    assert_int_equal(npu_hbm_check(owner, NULL, 0), -ENOENT);
    assert_int_equal(npu_hbm_free(owner, buffer + 64), -ENOENT);
    assert_int_equal(npu_hbm_free(owner, buffer), 0);
    assert_int_equal(npu_hbm_free(owner, buffer), -ENOENT);
    assert_int_equal(npu_hbm_check(owner, buffer, 1), -ENOENT);
    npu_owner_detach(owner, NULL, NULL);
}

static void test_zero_bytes_and_zeroed_kinds(void **state)
{
    (void)state;
    struct npu_owner *owner = attach(0);
    void *first = alloc(owner, PTO_MEMORY_CLIENT, 0);
    void *second = alloc(owner, PTO_MEMORY_CLIENT, 0);
    assert_ptr_not_equal(first, second);
    assert_int_equal(npu_hbm_free(owner, first), 0);
    assert_int_equal(npu_hbm_free(owner, second), 0);
    const enum pto_memory_kind kinds[] = {PTO_MEMORY_RUNTIME, PTO_MEMORY_REGISTERS};
    for (size_t i = 0; i < 2; i++) {
        /* Dirty the block that the allocator is likely to give again. */
        void *dirty = alloc(owner, PTO_MEMORY_CLIENT, 4 * KIB);
        memset(dirty, 0xa5, 4 * KIB);
        assert_int_equal(npu_hbm_free(owner, dirty), 0);
        const uint8_t *bytes = alloc(owner, kinds[i], 4 * KIB);
        for (size_t j = 0; j < 4 * KIB; j++) {
            assert_int_equal(bytes[j], 0);
        }
    }
    assert_int_equal((uintptr_t)alloc(owner, PTO_MEMORY_RING_HEAP, 4 * KIB) % NPU_HBM_RING_ALIGN, 0);
    npu_owner_detach(owner, NULL, NULL);
}

static void test_capacity_is_the_devices(void **state)
{
    (void)state;
    struct npu_owner *first = attach(3);
    struct npu_owner *second = attach(3);
    assert_int_equal(usage_of(first).capacity, NPU_HBM_DEFAULT_BYTES);
    assert_int_equal(npu_hbm_set_capacity(first, MIB), 0);
    void *buffer = alloc(first, PTO_MEMORY_CLIENT, MIB - 100);
    struct npu_usage before = usage_of(second);
    void *refused = NULL;
    assert_int_equal(npu_hbm_alloc(second, PTO_MEMORY_CLIENT, -1, 101, &refused), -ENOMEM);
    assert_null(refused);
    struct npu_usage after = usage_of(second);
    assert_memory_equal(&before, &after, sizeof(before));
    assert_int_equal(after.in_use, MIB - 100);
    (void)alloc(second, PTO_MEMORY_CLIENT, 100);
    assert_int_equal(npu_hbm_set_capacity(second, MIB - 1), -EBUSY);
    assert_int_equal(npu_hbm_free(first, buffer), 0);
    assert_int_equal(npu_hbm_set_capacity(second, 100), 0);
    assert_int_equal(npu_hbm_alloc(first, PTO_MEMORY_CLIENT, -1, UINT64_MAX, &refused), -ENOMEM);
    npu_owner_detach(second, NULL, NULL);
    assert_int_equal(usage_of(first).in_use, 0);
    npu_owner_detach(first, NULL, NULL);
    /* With its last owner the device is gone; the next one is a new device. */
    first = attach(3);
    assert_int_equal(usage_of(first).capacity, NPU_HBM_DEFAULT_BYTES);
    npu_owner_detach(first, NULL, NULL);
}

static void test_owners_are_isolated(void **state)
{
    (void)state;
    struct npu_owner *first = attach(0);
    struct npu_owner *second = attach(0);
    uint8_t *mine = alloc(first, PTO_MEMORY_CLIENT, 64);
    assert_int_equal(npu_hbm_check(second, mine, 1), -ENOENT);
    assert_int_equal(npu_hbm_free(second, mine), -ENOENT);
    assert_int_equal(npu_hbm_ledger(second, NULL, 0), 0);
    assert_int_equal(usage_of(second).bytes, 0);
    uint64_t bytes = 1;
    npu_owner_detach(second, &bytes, NULL);
    assert_int_equal(bytes, 0);
    assert_int_equal(npu_hbm_check(first, mine, 64), 0);
    npu_owner_detach(first, NULL, NULL);
}

static void test_usage_and_peak(void **state)
{
    (void)state;
    struct npu_owner *owner = attach(0);
    void *small = alloc(owner, PTO_MEMORY_CLIENT, 10);
    void *large = alloc(owner, PTO_MEMORY_STAGING, MIB);
    assert_int_equal(npu_hbm_free(owner, large), 0);
    large = alloc(owner, PTO_MEMORY_GRAPH, 5);
    struct npu_usage usage = usage_of(owner);
    assert_int_equal(usage.bytes, 15);
    assert_int_equal(usage.peak, MIB + 10);
    assert_int_equal(usage.allocations, 3);
    assert_int_equal(usage.buffers, 2);
    assert_int_equal(usage.by_kind[PTO_MEMORY_CLIENT], 10);
    assert_int_equal(usage.by_kind[PTO_MEMORY_STAGING], 0);
    assert_int_equal(usage.buffers_by_kind[PTO_MEMORY_GRAPH], 1);
    assert_int_equal(npu_hbm_free(owner, small), 0);
    assert_int_equal(npu_hbm_free(owner, large), 0);
    npu_owner_detach(owner, NULL, NULL);
}

static void test_faults_leave_the_ledger_alone(void **state)
{
    (void)state;
    static const struct {
        const char *site;
        uint64_t nth;
        uint64_t bytes;
    } cases[] = {
        {"hbm.ledger", 1, 64}, {"hbm.alloc.client", 1, 64}, {"hbm.alloc.client", 1, MIB},
        {"hbm.guard", 1, MIB}, {"hbm.guard", 2, MIB},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct npu_owner *owner = attach(0); /* fresh, so that its first allocation grows the ledger */
        struct npu_usage before = usage_of(owner);
        void *address = NULL;
        fail_call(cases[i].site, cases[i].nth);
        assert_int_equal(npu_hbm_alloc(owner, PTO_MEMORY_CLIENT, -1, cases[i].bytes, &address), -ENOMEM);
        struct fault_site_count sites[4];
        assert_true(fault_sites(sites, 4) >= 1);
        fault_plan_clear();
        assert_null(address);
        struct npu_usage after = usage_of(owner);
        assert_memory_equal(&before, &after, sizeof(before));
        (void)alloc(owner, PTO_MEMORY_CLIENT, cases[i].bytes);
        npu_owner_detach(owner, NULL, NULL);
    }
}

/* Writes one byte at `offset` of an allocation in a child; true when the child did not survive it. */
static bool write_kills(uint64_t bytes, int64_t offset)
{
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        (void)close(STDERR_FILENO);
        (void)signal(SIGSEGV, SIG_DFL); /* cmocka's handler would go on with the next test */
        struct npu_owner *owner = NULL;
        void *address = NULL;
        if (npu_owner_attach(9, &owner) != 0 || npu_hbm_alloc(owner, PTO_MEMORY_CLIENT, -1, bytes, &address) != 0) {
            _exit(0);
        }
        volatile uint8_t *target = (uint8_t *)address + offset;
        *target = 1;
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_guard_pages(void **state)
{
    (void)state;
    assert_true(write_kills(NPU_HBM_MAPPED_BYTES, NPU_HBM_MAPPED_BYTES));
    assert_true(write_kills(NPU_HBM_MAPPED_BYTES, -1));
    assert_false(write_kills(NPU_HBM_MAPPED_BYTES, NPU_HBM_MAPPED_BYTES - 1));
    assert_false(write_kills(NPU_HBM_MAPPED_BYTES, 0));
}

static void test_names(void **state)
{
    (void)state;
    for (int i = 0; i < PTO_MEMORY_KIND_COUNT; i++) {
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(npu_memory_kind_name((enum pto_memory_kind)i),
                                    npu_memory_kind_name((enum pto_memory_kind)j));
        }
    }
    assert_string_equal(npu_memory_kind_name(PTO_MEMORY_KIND_COUNT), "unknown");
}

#define MODEL_SLOTS 32u

/* Random allocation and freeing against an array that remembers what should be there. */
static void test_against_a_model(void **state)
{
    (void)state;
    static uint8_t bytes[16 * KIB];
    struct choice drawn;
    struct choice *choice = &drawn;
    choice_from_seed(choice, 5, bytes, sizeof(bytes));
    struct npu_owner *owner = attach(1);
    struct pto_ledger_entry model[MODEL_SLOTS] = {0};
    uint64_t total = 0;
    uint64_t live = 0;
    for (int step = 0; step < 2000; step++) {
        struct pto_ledger_entry *slot = &model[choice_below(choice, MODEL_SLOTS)];
        if (slot->address != 0) {
            total -= slot->bytes;
            live--;
            assert_int_equal(npu_hbm_free(owner, (void *)(uintptr_t)slot->address), 0);
            slot->address = 0;
            continue;
        }
        slot->bytes = choice_below(choice, 8) == 0 ? 200 * KIB : choice_below(choice, 5000);
        void *address = NULL;
        assert_int_equal(npu_hbm_alloc(owner, PTO_MEMORY_CLIENT, step, slot->bytes, &address), 0);
        slot->address = (uintptr_t)address;
        total += slot->bytes;
        live++;
        for (size_t i = 0; i < MODEL_SLOTS; i++) {
            if (model[i].address != 0) {
                assert_int_equal(npu_hbm_check(owner, (void *)(uintptr_t)model[i].address, model[i].bytes), 0);
            }
        }
        assert_int_equal(usage_of(owner).bytes, total);
        assert_int_equal(npu_hbm_ledger(owner, NULL, 0), live);
    }
    npu_owner_detach(owner, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attach),
        cmocka_unit_test(test_records_kind_callable_and_order),
        cmocka_unit_test(test_check_is_by_range),
        cmocka_unit_test(test_zero_bytes_and_zeroed_kinds),
        cmocka_unit_test(test_capacity_is_the_devices),
        cmocka_unit_test(test_owners_are_isolated),
        cmocka_unit_test(test_usage_and_peak),
        cmocka_unit_test(test_faults_leave_the_ledger_alone),
        cmocka_unit_test(test_guard_pages),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_against_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
