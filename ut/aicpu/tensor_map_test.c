/* SPDX-License-Identifier: Apache-2.0 */
/* The tensor map and the overlap verdict against sets of bytes (device.md 1.12, 7.1: 3-5, 9; R19). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "abi/tensor_view.h"
#include "aicpu/trb/tensor_map.h"

#define SPACE 576u /* bytes that accesses may touch */
#define BASE 0x100000ull

static uint64_t random_state = 88172645463325252ull;

static uint64_t draw(uint64_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (random_state >> 9) % below;
}

static void touch(const struct pto_tensor *tensor, uint8_t *bytes)
{
    uint32_t element = pto_data_type_bytes(tensor->dtype);
    uint32_t index[PTO_MAX_DIMS] = {0};
    memset(bytes, 0, SPACE);
    for (;;) {
        uint64_t offset = tensor->start_offset;
        for (uint32_t i = 0; i < tensor->ndims; i++) {
            offset += (uint64_t)index[i] * tensor->strides[i];
        }
        memset(bytes + (tensor->buffer_addr - BASE) + offset * element, 1, element);
        uint32_t i = tensor->ndims;
        while (i > 0 && ++index[i - 1] == tensor->shapes[i - 1]) {
            index[--i] = 0;
        }
        if (i == 0) {
            return;
        }
    }
}

/* A box of a row-major tensor at one of a few bases, sometimes transposed or thinned out. */
static void draw_tensor(struct pto_tensor *out)
{
    static const uint32_t dtypes[] = {PTO_UINT8, PTO_UINT16, PTO_UINT32};
    struct pto_tensor whole;
    uint32_t shape[3];
    uint32_t box[3];
    uint32_t at[3];
    uint32_t ndims = 1 + (uint32_t)draw(3);
    for (uint32_t i = 0; i < ndims; i++) {
        shape[i] = 1 + (uint32_t)draw(ndims == 1 ? 60 : 5);
        at[i] = (uint32_t)draw(shape[i]);
        box[i] = 1 + (uint32_t)draw(shape[i] - at[i]);
    }
    uint64_t base = BASE + 16 * draw(4);
    assert_int_equal(pto_tensor_external(&whole, base, shape, ndims, dtypes[draw(3)], false, 0), 0);
    assert_int_equal(pto_tensor_view(out, &whole, box, at, false), 0);
    if (draw(6) == 0 && ndims > 1) {
        struct pto_tensor flat = *out;
        assert_int_equal(pto_tensor_transpose(out, &flat, 0, 1, false), 0);
    }
}

static void verdicts_are_sound(void **state)
{
    (void)state;
    uint32_t precise = 0;
    for (uint32_t round = 0; round < 100000; round++) {
        struct pto_tensor probe;
        struct pto_tensor earlier;
        struct trb_map_entry entry;
        uint8_t a[SPACE];
        uint8_t b[SPACE];
        memset(&entry, 0, sizeof(entry));
        draw_tensor(&probe);
        draw_tensor(&earlier);
        trb_map_entry_describe(&entry, &earlier);
        touch(&probe, a);
        touch(&earlier, b);
        bool meet = false;
        bool covered = true;
        for (uint32_t i = 0; i < SPACE; i++) {
            meet = meet || (a[i] && b[i]);
            covered = covered && (a[i] || !b[i]);
        }
        enum trb_overlap verdict = trb_overlap_verdict(&probe, &entry);
        assert_true(verdict != TRB_NO_OVERLAP || !meet);
        assert_true(verdict != TRB_COVERED || covered);
        precise += verdict == TRB_NO_OVERLAP && probe.buffer_addr == earlier.buffer_addr &&
                   trb_span_of(&probe).first < entry.end_byte && entry.first_byte < trb_span_of(&probe).end;
    }
    assert_true(precise > 0);
}

/* Every box of a 3x4x5 grid against every other, by the same strides: exact. */
static void boxes_are_told_apart_exactly(void **state)
{
    (void)state;
    const uint32_t shape[3] = {3, 4, 5};
    struct pto_tensor whole;
    assert_int_equal(pto_tensor_external(&whole, BASE, shape, 3, PTO_UINT16, false, 0), 0);
    for (uint32_t round = 0; round < 20000; round++) {
        uint32_t at[2][3];
        uint32_t box[2][3];
        struct pto_tensor tensors[2];
        struct trb_map_entry entry;
        bool meet = true;
        bool covered = true;
        for (uint32_t t = 0; t < 2; t++) {
            for (uint32_t i = 0; i < 3; i++) {
                at[t][i] = (uint32_t)draw(shape[i]);
                box[t][i] = 1 + (uint32_t)draw(shape[i] - at[t][i]);
            }
            assert_int_equal(pto_tensor_view(&tensors[t], &whole, box[t], at[t], false), 0);
        }
        for (uint32_t i = 0; i < 3; i++) {
            meet = meet && at[0][i] < at[1][i] + box[1][i] && at[1][i] < at[0][i] + box[0][i];
            covered = covered && at[0][i] <= at[1][i] && at[1][i] + box[1][i] <= at[0][i] + box[0][i];
        }
        memset(&entry, 0, sizeof(entry));
        trb_map_entry_describe(&entry, &tensors[1]);
        enum trb_overlap expected = !meet ? TRB_NO_OVERLAP : covered ? TRB_COVERED : TRB_OTHER;
        assert_int_equal(trb_overlap_verdict(&tensors[0], &entry), expected);
    }
}

static void a_newer_version_always_depends(void **state)
{
    (void)state;
    const uint32_t shape[1] = {4};
    struct pto_tensor old;
    struct pto_tensor newer;
    struct trb_map_entry entry;
    memset(&entry, 0, sizeof(entry));
    (void)pto_tensor_external(&old, BASE, shape, 1, PTO_UINT8, false, 0);
    trb_map_entry_describe(&entry, &old);
    const uint32_t two[1] = {2};
    const uint32_t at[1] = {2};
    struct pto_tensor whole;
    (void)pto_tensor_external(&whole, BASE, shape, 1, PTO_UINT8, false, 1);
    (void)pto_tensor_view(&newer, &whole, two, at, false);
    assert_int_equal(trb_overlap_verdict(&newer, &entry), TRB_OTHER);
    assert_int_equal(trb_overlap_verdict(&whole, &entry), TRB_OTHER);
}

/* ---- the map against a list of accesses */

#define TASKS 64u

struct access {
    struct pto_tensor tensor;
    uint8_t bytes[SPACE];
    bool writes;
    bool alive;
    uint32_t chain;
};

struct visit_log {
    bool seen[TASKS];
};

static bool note(void *context, uint64_t producer)
{
    struct visit_log *log = context;
    log->seen[producer] = true;
    return false;
}

static bool meet(const uint8_t *a, const uint8_t *b)
{
    for (uint32_t i = 0; i < SPACE; i++) {
        if (a[i] && b[i]) {
            return true;
        }
    }
    return false;
}

/*
 * Tasks 0 .. TASKS-1 access random windows, some retiring in between, in order. Whatever conflicts with a live earlier
 * task must be reached from it through the edges found: directly, or through a task that covered it.
 */
static void every_conflict_is_ordered(struct trb_map *map)
{
    static struct access accesses[TASKS];
    static bool before[TASKS][TASKS];
    uint32_t oldest = 0;
    memset(accesses, 0, sizeof(accesses));
    memset(before, 0, sizeof(before));
    for (uint32_t task = 0; task < TASKS; task++) {
        struct access *access = &accesses[task];
        struct visit_log log = {{false}};
        draw_tensor(&access->tensor);
        touch(&access->tensor, access->bytes);
        access->writes = draw(2) == 0;
        access->alive = true;
        uint32_t region = trb_map_region(map, &access->tensor);
        assert_int_not_equal(region, 0);
        trb_map_visit(map, region, &access->tensor, access->writes, note, &log);
        assert_true(trb_map_insert(map, region, &access->tensor, access->writes ? TRB_WRITER : TRB_READER, task,
                                   &access->chain));
        for (uint32_t earlier = 0; earlier < task; earlier++) {
            if (log.seen[earlier]) {
                assert_true(accesses[earlier].alive);
                before[task][earlier] = true;
                for (uint32_t i = 0; i < earlier; i++) {
                    before[task][i] |= before[earlier][i];
                }
            }
        }
        for (uint32_t earlier = 0; earlier < task; earlier++) {
            bool conflict =
                (access->writes || accesses[earlier].writes) && meet(access->bytes, accesses[earlier].bytes);
            assert_true(!conflict || !accesses[earlier].alive || before[task][earlier]);
        }
        while (oldest < task && draw(3) == 0) {
            trb_map_retire(map, &accesses[oldest].chain);
            accesses[oldest++].alive = false;
        }
    }
    for (; oldest < TASKS; oldest++) {
        trb_map_retire(map, &accesses[oldest].chain);
    }
    assert_int_equal(trb_map_entries_used(map), 0);
}

static void the_map_orders_conflicts(void **state)
{
    (void)state;
    struct trb_map map;
    assert_int_equal(trb_map_create(&map, 128, 16), 0);
    for (uint32_t round = 0; round < 1500; round++) {
        every_conflict_is_ordered(&map);
    }
    trb_map_destroy(&map);
}

static bool is_dead(void *context, uint64_t producer)
{
    uint64_t *dead = context;
    return producer < *dead;
}

static void dead_and_covered_entries_are_forgotten(void **state)
{
    (void)state;
    struct trb_map map;
    struct pto_tensor tensor;
    const uint32_t shape[1] = {8};
    uint32_t chains[4] = {0};
    uint64_t dead = 0;
    struct visit_log log = {{false}};
    assert_int_equal(trb_map_create(&map, 8, 4), 0);
    (void)pto_tensor_external(&tensor, BASE, shape, 1, PTO_UINT64, false, 0);
    uint32_t region = trb_map_region(&map, &tensor);
    assert_true(trb_map_insert(&map, region, &tensor, TRB_WRITER, 0, &chains[0]));
    assert_true(trb_map_insert(&map, region, &tensor, TRB_READER, 1, &chains[1]));
    assert_true(trb_map_insert(&map, region, &tensor, TRB_READER, 2, &chains[2]));
    dead = 1; /* task 0 has completed */
    trb_map_visit(&map, region, &tensor, false, is_dead, &dead);
    trb_map_visit(&map, region, &tensor, true, note, &log);
    assert_false(log.seen[0]);
    assert_true(log.seen[1] && log.seen[2]);
    assert_true(trb_map_insert(&map, region, &tensor, TRB_WRITER, 3, &chains[3]));
    log = (struct visit_log){{false}};
    trb_map_visit(&map, region, &tensor, true, note, &log);
    assert_false(log.seen[0] || log.seen[1] || log.seen[2]);
    assert_true(log.seen[3]);
    for (uint32_t i = 0; i < 4; i++) {
        trb_map_retire(&map, &chains[i]);
    }
    assert_int_equal(trb_map_entries_used(&map), 0);
    trb_map_destroy(&map);
}

static void pools_run_out_and_recover(void **state)
{
    (void)state;
    struct trb_map map;
    struct pto_tensor tensor;
    const uint32_t shape[1] = {1};
    uint32_t chain = 0;
    assert_int_equal(trb_map_create(&map, 5, 3), 0);
    for (uint32_t i = 0; i < 3; i++) {
        (void)pto_tensor_external(&tensor, BASE + 64 * i, shape, 1, PTO_UINT8, false, 0);
        assert_true(trb_map_insert(&map, trb_map_region(&map, &tensor), &tensor, TRB_READER, 0, &chain));
    }
    (void)pto_tensor_external(&tensor, BASE + 640, shape, 1, PTO_UINT8, false, 0);
    assert_int_equal(trb_map_region(&map, &tensor), 0);
    (void)pto_tensor_external(&tensor, BASE, shape, 1, PTO_UINT8, false, 0);
    uint32_t region = trb_map_region(&map, &tensor);
    assert_true(trb_map_insert(&map, region, &tensor, TRB_READER, 0, &chain));
    assert_true(trb_map_insert(&map, region, &tensor, TRB_READER, 0, &chain));
    assert_false(trb_map_insert(&map, region, &tensor, TRB_READER, 0, &chain));
    trb_map_retire(&map, &chain);
    /* Regions without entries give way to new buffers. */
    for (uint32_t i = 0; i < 100; i++) {
        (void)pto_tensor_external(&tensor, BASE + 64 * i, shape, 1, PTO_UINT8, false, 0);
        region = trb_map_region(&map, &tensor);
        assert_int_not_equal(region, 0);
        assert_true(trb_map_insert(&map, region, &tensor, TRB_WRITER, 0, &chain));
        trb_map_retire(&map, &chain);
    }
    trb_map_clear(&map);
    assert_int_equal(trb_map_entries_used(&map), 0);
    trb_map_destroy(&map);
}

static void versions_age_with_their_tasks(void **state)
{
    (void)state;
    struct trb_map map;
    struct pto_tensor older;
    struct pto_tensor newer;
    const uint32_t shape[1] = {1};
    uint32_t alive[PTO_MAX_DIMS] = {0};
    uint32_t chain = 0;
    assert_int_equal(trb_map_create(&map, 5, 3), 0);
    (void)pto_tensor_external(&older, BASE, shape, 1, PTO_UINT8, false, 4);
    (void)pto_tensor_external(&newer, BASE, shape, 1, PTO_UINT8, false, 5);
    uint32_t region = trb_map_region(&map, &newer);
    assert_false(trb_map_is_outdated(&map, region, &older, alive));
    assert_true(trb_map_insert(&map, region, &newer, TRB_READER, 7, &chain));
    assert_true(trb_map_is_outdated(&map, region, &older, alive));
    assert_false(trb_map_is_outdated(&map, region, &newer, alive));
    alive[0] = 8;
    assert_false(trb_map_is_outdated(&map, region, &older, alive));
    older.owner_task_id = 3; /* another tensor in the same place */
    alive[0] = 0;
    assert_false(trb_map_is_outdated(&map, region, &older, alive));
    trb_map_retire(&map, &chain);
    trb_map_destroy(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_are_sound),
        cmocka_unit_test(boxes_are_told_apart_exactly),
        cmocka_unit_test(a_newer_version_always_depends),
        cmocka_unit_test(the_map_orders_conflicts),
        cmocka_unit_test(dead_and_covered_entries_are_forgotten),
        cmocka_unit_test(pools_run_out_and_recover),
        cmocka_unit_test(versions_age_with_their_tasks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
