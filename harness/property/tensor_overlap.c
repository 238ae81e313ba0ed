/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tensor_overlap: the verdict on two accesses against the sets of bytes that they touch (device.md 1.12, R19). It may
 * be cautious, never wrong: NO_OVERLAP only for disjoint sets, COVERED only for a subset. For rectangles cut from one
 * tensor it is exact.
 */
#include <stdlib.h>
#include <string.h>

#include "aicpu/trb/overlap.h"
#include "harness/property/property.h"
#include "harness/property/view_steps.h"

#define BASE 4096u
#define MAX_SHIFT 256u
#define ROOM (VIEW_MODEL_MAX_ELEMENTS * 8 + MAX_SHIFT)
#define MAX_OPERATIONS 3u

struct overlap_case {
    struct view_model models[2];
    uint8_t touched[ROOM]; /* bit 0: by the entry, bit 1: by the probe */
};

struct byte_sets {
    bool shared; /* some byte is in both */
    bool subset; /* every byte of the entry is in the probe */
};

static void touch(struct overlap_case *state, const struct view_model *model, const struct pto_tensor *tensor,
                  uint8_t mark)
{
    uint32_t size = pto_data_type_bytes(tensor->dtype);
    uint64_t first = tensor->buffer_addr - BASE;
    for (uint32_t i = 0; i < model->count; i++) {
        for (uint32_t byte = 0; byte < size; byte++) {
            state->touched[first + (uint64_t)model->elements[i] * size + byte] |= mark;
        }
    }
}

static struct byte_sets compare_bytes(struct overlap_case *state, const struct pto_tensor tensors[2])
{
    struct byte_sets sets = {.shared = false, .subset = true};
    memset(state->touched, 0, sizeof(state->touched));
    for (size_t i = 0; i < 2; i++) {
        touch(state, &state->models[i], &tensors[i], (uint8_t)(1u << i));
    }
    for (size_t i = 0; i < ROOM; i++) {
        sets.shared = sets.shared || state->touched[i] == 3;
        sets.subset = sets.subset && state->touched[i] != 1;
    }
    return sets;
}

static int check_verdict(struct property_context *context, enum trb_overlap verdict, struct byte_sets sets, bool exact)
{
    static const char *const words[] = {"no overlap", "covered", "other"};
    property_trace(context, "verdict: %s; %s, %s%s", words[verdict], sets.shared ? "bytes are shared" : "disjoint",
                   sets.subset ? "a subset" : "no subset", exact ? "; must be exact" : "");
    PROPERTY_REQUIRE(context, verdict != TRB_NO_OVERLAP || !sets.shared, "said not to overlap, and bytes are shared");
    PROPERTY_REQUIRE(context, verdict != TRB_COVERED || sets.subset, "said to cover, and bytes are left out");
    PROPERTY_REQUIRE(context, !exact || sets.shared || verdict == TRB_NO_OVERLAP,
                     "rectangles of one tensor are disjoint, the verdict is '%s'", words[verdict]);
    PROPERTY_REQUIRE(context, !exact || !sets.subset || verdict == TRB_COVERED,
                     "a rectangle contains the other, the verdict is '%s'", words[verdict]);
    return 0;
}

enum relation { SAME_TENSOR = 0, OTHER_TYPE, OTHER_TENSOR, RELATIONS };

/* The probe's tensor before its views: the entry's, one of the same shape with another type, or any other that is near.
 */
static int start_probe(struct choice *choice, struct property_context *context, struct overlap_case *state,
                       struct pto_tensor tensors[2], enum relation relation)
{
    tensors[1] = tensors[0];
    state->models[1] = state->models[0];
    if (relation == SAME_TENSOR) {
        return 0;
    }
    uint64_t address = BASE + (choice_bool(choice) ? choice_below(choice, MAX_SHIFT) : 0);
    if (relation == OTHER_TENSOR) {
        return view_steps_start(choice, context, address, &tensors[1], &state->models[1]);
    }
    uint32_t dtype = (uint32_t)choice_below(choice, PTO_DATA_TYPE_COUNT);
    int result = pto_tensor_external(&tensors[1], address, tensors[0].shapes, tensors[0].ndims, dtype, false, 0);
    PROPERTY_REQUIRE(context, result == 0, "the same shape with type %u is refused: %d", dtype, result);
    return 0;
}

static int tensor_overlap_run(struct choice *choice, struct property_context *context)
{
    struct overlap_case *state = context->state;
    struct pto_tensor tensors[2]; /* the entry, the probe */
    enum relation relation = (enum relation)choice_below(choice, RELATIONS);
    bool boxes_only = choice_bool(choice);
    int failed = view_steps_start(choice, context, BASE, &tensors[0], &state->models[0]);
    failed = failed != 0 ? failed : start_probe(choice, context, state, tensors, relation);
    for (size_t i = 0; i < 2; i++) {
        for (uint64_t left = choice_below(choice, MAX_OPERATIONS + 1); left != 0 && failed == 0; left--) {
            enum view_step_kind kind =
                boxes_only ? VIEW_STEP_BOX : (enum view_step_kind)choice_below(choice, VIEW_STEP_KINDS);
            failed = view_step(kind, choice, context, &tensors[i], &state->models[i]);
        }
    }
    if (failed != 0) {
        return failed;
    }
    bool newer = choice_below(choice, 8) == 7;
    tensors[1].version += newer;
    struct trb_map_entry entry = {0};
    trb_map_entry_describe(&entry, &tensors[0]);
    enum trb_overlap verdict = trb_overlap_verdict(&tensors[1], &entry);
    if (newer && tensors[0].buffer_addr == tensors[1].buffer_addr) {
        PROPERTY_REQUIRE(context, verdict == TRB_OTHER, "a newer version of the buffer gives verdict %d", verdict);
        return 0;
    }
    return check_verdict(context, verdict, compare_bytes(state, tensors), relation == SAME_TENSOR && boxes_only);
}

static int tensor_overlap_setup(struct property_context *context)
{
    context->state = calloc(1, sizeof(struct overlap_case));
    return context->state != NULL ? 0 : -property_fail(context, "no memory");
}

static void tensor_overlap_teardown(struct property_context *context)
{
    free(context->state);
}

const struct property property_tensor_overlap = {
    .name = "tensor_overlap",
    .summary = "the overlap verdict is never wrong about shared bytes, and exact for rectangles of one tensor",
    .run = tensor_overlap_run,
    .default_runs = 5000,
    .max_bytes = 128,
    .setup = tensor_overlap_setup,
    .teardown = tensor_overlap_teardown,
};
