/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tensor_view_test: the view operations against element addresses that are computed the slow way (device.md 1.2,
 * 7.1: 10).
 *
 * The model of a tensor is its table of elements in row-major order: each test says which parent element every position
 * of the view must be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "abi/tensor_view.h"

static struct pto_tensor make(const uint32_t *shapes, uint32_t ndims)
{
    struct pto_tensor t;
    assert_int_equal(pto_tensor_external(&t, 0x1000, shapes, ndims, PTO_INT32, false, 0), 0);
    return t;
}

static uint64_t at3(const struct pto_tensor *t, uint32_t i, uint32_t j, uint32_t k)
{
    const uint32_t indices[] = {i, j, k};
    uint64_t element = 0;
    assert_int_equal(pto_tensor_element(t, 3, indices, &element), 0);
    return element;
}

/* Contiguity and extent as their definitions say, by looking at every element. */
static void assert_derived(const struct pto_tensor *t)
{
    uint64_t numel = pto_tensor_numel(t);
    uint64_t highest = t->start_offset;
    bool in_order = true;
    for (uint64_t n = 0; n < numel; n++) {
        uint64_t rest = n;
        uint64_t element = t->start_offset;
        for (uint32_t d = t->ndims; d-- > 0;) {
            element += rest % t->shapes[d] * t->strides[d];
            rest /= t->shapes[d];
        }
        highest = element > highest ? element : highest;
        in_order = in_order && element == t->start_offset + n;
    }
    assert_int_equal(t->extent_elements, highest - t->start_offset + 1);
    assert_true(highest < t->buffer_bytes / 4);
    if (!in_order) {
        assert_int_equal(t->is_contiguous, 0);
    } else if (!t->is_contiguous) {
        /* Elements in order and yet not row-major strides: only a dimension of length 1 can hide that. */
        bool has_single = false;
        for (uint32_t d = 0; d < t->ndims; d++) {
            has_single = has_single || t->shapes[d] == 1;
        }
        assert_true(has_single);
    }
}

static void assert_error(const struct pto_tensor *tensor, int rc, int code, const char *text)
{
    char actual[128];
    pto_tensor_error_text(tensor, actual, sizeof(actual));
    assert_string_equal(actual, text);
    assert_int_equal(rc, code);
}

static void test_view(void **state)
{
    (void)state;
    const uint32_t shapes[] = {4, 5, 6};
    const uint32_t part[] = {2, 3, 4};
    const uint32_t from[] = {1, 2, 1};
    struct pto_tensor whole = make(shapes, 3);
    struct pto_tensor v;
    whole.version = 4;
    assert_int_equal(pto_tensor_view(&v, &whole, part, from, true), 0);
    for (uint32_t i = 0; i < 2; i++) {
        for (uint32_t j = 0; j < 3; j++) {
            for (uint32_t k = 0; k < 4; k++) {
                assert_int_equal(at3(&v, i, j, k), at3(&whole, i + 1, j + 2, k + 1));
            }
        }
    }
    assert_derived(&v);
    assert_int_equal(v.start_offset, 30 + 12 + 1);
    assert_int_equal(v.extent_elements, 1 + 30 + 2 * 6 + 3);
    assert_int_equal(v.is_contiguous, 0);
    assert_int_equal(v.manual_dep, 1);
    assert_int_equal(v.version, 4);
    assert_int_equal(v.buffer_bytes, whole.buffer_bytes);
    /* The flag replaces the parent's, and a view of a view starts where both say. */
    const uint32_t one[] = {1, 1, 1};
    assert_int_equal(pto_tensor_view(&v, &v, one, one, false), 0);
    assert_int_equal(v.manual_dep, 0);
    assert_int_equal(v.start_offset, at3(&whole, 2, 3, 2));
    assert_int_equal(v.extent_elements, 1);
}

static void test_view_rows_stay_contiguous(void **state)
{
    (void)state;
    const uint32_t shapes[] = {4, 6};
    const uint32_t rows[] = {2, 6};
    const uint32_t columns[] = {4, 3};
    const uint32_t second[] = {1, 0};
    const uint32_t right[] = {0, 3};
    struct pto_tensor whole = make(shapes, 2);
    struct pto_tensor v;
    assert_int_equal(pto_tensor_view(&v, &whole, rows, second, false), 0);
    assert_int_equal(v.is_contiguous, 1);
    assert_derived(&v);
    assert_int_equal(pto_tensor_view(&v, &whole, columns, right, false), 0);
    assert_int_equal(v.is_contiguous, 0);
    assert_derived(&v);
}

static void test_view_rejections(void **state)
{
    (void)state;
    const uint32_t shapes[] = {4, 6};
    const uint32_t zero[] = {0, 0};
    const uint32_t wide[] = {4, 7};
    const uint32_t half[] = {2, 3};
    const uint32_t late[] = {3, 0};
    const uint32_t far_away[] = {UINT32_MAX, 0};
    const uint32_t none[] = {2, 0};
    struct pto_tensor whole = make(shapes, 2);
    struct pto_tensor v;
    assert_error(&v, pto_tensor_view(&v, &whole, wide, zero, false), PTO_TENSOR_BOUNDS,
                 "BOUNDS at dimension 1: asked 7, allowed 6");
    assert_error(&v, pto_tensor_view(&v, &whole, half, late, false), PTO_TENSOR_BOUNDS,
                 "BOUNDS at dimension 0: asked 5, allowed 4");
    assert_error(&v, pto_tensor_view(&v, &whole, half, far_away, false), PTO_TENSOR_BOUNDS,
                 "BOUNDS at dimension 0: asked 4294967297, allowed 4");
    assert_error(&v, pto_tensor_view(&v, &whole, none, zero, false), PTO_TENSOR_ZERO_DIM,
                 "ZERO_DIM at dimension 1: asked 0, allowed 4294967295");
    assert_int_equal(pto_tensor_view(&v, &whole, NULL, zero, false), PTO_TENSOR_NULL);
    assert_int_equal(pto_tensor_view(&v, NULL, half, zero, false), PTO_TENSOR_NULL);
    /* A parent that lies about its buffer is found out. */
    whole.buffer_bytes = 4 * 23;
    assert_error(&v, pto_tensor_view(&v, &whole, shapes, zero, false), PTO_TENSOR_STORAGE,
                 "STORAGE at dimension 0: asked 24, allowed 23");
}

/* A failure in place, or further work on a failed result, keeps telling what went wrong first. */
static void test_errors_travel(void **state)
{
    (void)state;
    const uint32_t shapes[] = {4, 6};
    struct pto_tensor v = make(shapes, 2);
    assert_error(&v, pto_tensor_slice(&v, &v, 0, 0, 9, 1, false), PTO_TENSOR_BOUNDS,
                 "BOUNDS at dimension 0: asked 9, allowed 4");
    struct pto_tensor w;
    const uint32_t order[] = {1, 0};
    assert_error(&w, pto_tensor_transpose(&w, &v, 0, 1, false), PTO_TENSOR_NULL,
                 "BOUNDS at dimension 0: asked 9, allowed 4");
    assert_error(&w, pto_tensor_permute(&w, &w, order, false), PTO_TENSOR_NULL,
                 "BOUNDS at dimension 0: asked 9, allowed 4");
    assert_error(&w, pto_tensor_reshape(&w, &w, shapes, 2, false), PTO_TENSOR_NULL,
                 "BOUNDS at dimension 0: asked 9, allowed 4");
    assert_error(&w, pto_tensor_slice(&w, &w, 0, 0, 1, 1, false), PTO_TENSOR_NULL,
                 "BOUNDS at dimension 0: asked 9, allowed 4");
    assert_error(&w, pto_tensor_view(&w, &w, shapes, order, false), PTO_TENSOR_NULL,
                 "BOUNDS at dimension 0: asked 9, allowed 4");
}

static void test_transpose_and_permute(void **state)
{
    (void)state;
    const uint32_t shapes[] = {2, 3, 4};
    const uint32_t order[] = {2, 0, 1};
    const uint32_t back[] = {1, 2, 0};
    struct pto_tensor whole = make(shapes, 3);
    struct pto_tensor t;
    struct pto_tensor p;
    assert_int_equal(pto_tensor_transpose(&t, &whole, 0, 2, false), 0);
    assert_int_equal(pto_tensor_permute(&p, &whole, order, false), 0);
    for (uint32_t i = 0; i < 2; i++) {
        for (uint32_t j = 0; j < 3; j++) {
            for (uint32_t k = 0; k < 4; k++) {
                assert_int_equal(at3(&t, k, j, i), at3(&whole, i, j, k));
                assert_int_equal(at3(&p, k, i, j), at3(&whole, i, j, k));
            }
        }
    }
    assert_int_equal(t.is_contiguous, 0);
    assert_int_equal(t.extent_elements, 24);
    assert_derived(&t);
    assert_derived(&p);
    assert_int_equal(pto_tensor_transpose(&t, &t, 2, 0, false), 0);
    assert_memory_equal(&t, &whole, sizeof(t));
    assert_int_equal(pto_tensor_permute(&p, &p, back, false), 0);
    assert_memory_equal(&p, &whole, sizeof(p));
    assert_int_equal(pto_tensor_transpose(&t, &whole, 1, 1, false), 0);
    assert_memory_equal(&t, &whole, sizeof(t));
}

static void test_dimension_rejections(void **state)
{
    (void)state;
    const uint32_t shapes[] = {2, 3, 4};
    const uint32_t twice[] = {0, 2, 2};
    const uint32_t beyond[] = {0, 3, 1};
    struct pto_tensor whole = make(shapes, 3);
    struct pto_tensor v;
    assert_error(&v, pto_tensor_transpose(&v, &whole, 3, 0, false), PTO_TENSOR_DIM,
                 "DIM at dimension 0: asked 3, allowed 2");
    assert_error(&v, pto_tensor_transpose(&v, &whole, 0, UINT32_MAX, false), PTO_TENSOR_DIM,
                 "DIM at dimension 0: asked 4294967295, allowed 2");
    assert_error(&v, pto_tensor_permute(&v, &whole, twice, false), PTO_TENSOR_DIM,
                 "DIM at dimension 2: asked 2, allowed 2");
    assert_error(&v, pto_tensor_permute(&v, &whole, beyond, false), PTO_TENSOR_DIM,
                 "DIM at dimension 1: asked 3, allowed 2");
    assert_int_equal(pto_tensor_permute(&v, &whole, NULL, false), PTO_TENSOR_NULL);
}

static void test_slice(void **state)
{
    (void)state;
    const uint32_t shapes[] = {4, 10, 3};
    struct pto_tensor whole = make(shapes, 3);
    for (uint32_t start = 0; start < 10; start++) {
        for (uint32_t end = start + 1; end <= 10; end++) {
            for (uint32_t step = 1; step <= 12; step++) {
                struct pto_tensor s;
                uint32_t n = 0;
                assert_int_equal(pto_tensor_slice(&s, &whole, 1, start, end, step, false), 0);
                for (uint32_t j = start; j < end; j += step) {
                    assert_int_equal(at3(&s, 3, n, 2), at3(&whole, 3, j, 2));
                    n++;
                }
                assert_int_equal(s.shapes[1], n);
                assert_derived(&s);
            }
        }
    }
}

static void test_slice_rejections(void **state)
{
    (void)state;
    const uint32_t shapes[] = {4, 6};
    struct pto_tensor whole = make(shapes, 2);
    struct pto_tensor v;
    assert_error(&v, pto_tensor_slice(&v, &whole, 2, 0, 1, 1, false), PTO_TENSOR_DIM,
                 "DIM at dimension 2: asked 2, allowed 1");
    assert_error(&v, pto_tensor_slice(&v, &whole, 1, 0, 7, 1, false), PTO_TENSOR_BOUNDS,
                 "BOUNDS at dimension 1: asked 7, allowed 6");
    assert_error(&v, pto_tensor_slice(&v, &whole, 1, 3, 3, 1, false), PTO_TENSOR_ZERO_DIM,
                 "ZERO_DIM at dimension 1: asked 3, allowed 3");
    assert_error(&v, pto_tensor_slice(&v, &whole, 1, 4, 3, 1, false), PTO_TENSOR_ZERO_DIM,
                 "ZERO_DIM at dimension 1: asked 4, allowed 3");
    assert_error(&v, pto_tensor_slice(&v, &whole, 1, 0, 3, 0, false), PTO_TENSOR_STEP,
                 "STEP at dimension 1: asked 0, allowed 4294967295");
    assert_error(&v, pto_tensor_slice(&v, &whole, 0, 0, 3, UINT32_MAX, false), PTO_TENSOR_STRIDE,
                 "STRIDE at dimension 0: asked 25769803770, allowed 4294967295");
}

static void test_reshape(void **state)
{
    (void)state;
    const uint32_t shapes[] = {6, 4};
    const uint32_t rows[] = {4, 4};
    const uint32_t second[] = {1, 0};
    const uint32_t cube[] = {2, 2, 4};
    struct pto_tensor whole = make(shapes, 2);
    struct pto_tensor v;
    assert_int_equal(pto_tensor_view(&v, &whole, rows, second, false), 0);
    assert_int_equal(pto_tensor_reshape(&v, &v, cube, 3, true), 0);
    assert_int_equal(v.start_offset, 4);
    assert_int_equal(v.manual_dep, 1);
    for (uint32_t n = 0; n < 16; n++) {
        assert_int_equal(at3(&v, n / 8, n / 4 % 2, n % 4), 4 + n);
    }
    assert_derived(&v);
}

static void test_reshape_rejections(void **state)
{
    (void)state;
    const uint32_t shapes[] = {6, 4};
    const uint32_t other[] = {5, 5};
    const uint32_t zero[] = {24, 0};
    struct pto_tensor whole = make(shapes, 2);
    struct pto_tensor v;
    assert_error(&v, pto_tensor_reshape(&v, &whole, other, 2, false), PTO_TENSOR_NUMEL,
                 "NUMEL at dimension 0: asked 25, allowed 24");
    assert_error(&v, pto_tensor_reshape(&v, &whole, zero, 2, false), PTO_TENSOR_ZERO_DIM,
                 "ZERO_DIM at dimension 1: asked 0, allowed 4294967295");
    assert_error(&v, pto_tensor_reshape(&v, &whole, zero, 0, false), PTO_TENSOR_NDIMS,
                 "NDIMS at dimension 0: asked 0, allowed 5");
    struct pto_tensor turned;
    assert_int_equal(pto_tensor_transpose(&turned, &whole, 0, 1, false), 0);
    assert_error(&v, pto_tensor_reshape(&v, &turned, shapes, 2, false), PTO_TENSOR_NOT_CONTIGUOUS,
                 "NOT_CONTIGUOUS at dimension 0: asked 2, allowed 2");
    turned.is_contiguous = 1; /* a claim is not enough */
    assert_int_equal(pto_tensor_reshape(&v, &turned, shapes, 2, false), PTO_TENSOR_NOT_CONTIGUOUS);
}

static void test_element(void **state)
{
    (void)state;
    const uint32_t shapes[] = {2, 3};
    const uint32_t last[] = {1, 2};
    const uint32_t beyond[] = {1, 3};
    struct pto_tensor t = make(shapes, 2);
    uint64_t element = 77;
    assert_int_equal(pto_tensor_element(&t, 2, last, &element), 0);
    assert_int_equal(element, 5);
    assert_int_equal(pto_tensor_element(&t, 2, beyond, &element), PTO_TENSOR_BOUNDS);
    assert_int_equal(pto_tensor_element(&t, 1, last, &element), PTO_TENSOR_DIM);
    assert_int_equal(pto_tensor_element(&t, 2, NULL, &element), PTO_TENSOR_NULL);
    assert_int_equal(pto_tensor_element(NULL, 2, last, &element), PTO_TENSOR_NULL);
    assert_int_equal(element, 5);
}

/* ---- views of views of views, against the table of elements that each one stands for */

static uint64_t random_state = 88172645463325252ull;

static uint32_t draw(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 11) % below;
}

#define MOST_ELEMENTS 1024u

struct table {
    struct pto_tensor tensor;
    uint64_t elements[MOST_ELEMENTS]; /* of the storage, in row-major order of the positions */
};

/* Index of a position in the table. */
static uint64_t place(const struct pto_tensor *t, const uint32_t *position)
{
    uint64_t at = 0;
    for (uint32_t d = 0; d < t->ndims; d++) {
        at = at * t->shapes[d] + position[d];
    }
    return at;
}

/* The next position in row-major order. False behind the last one. */
static bool step(const struct pto_tensor *t, uint32_t *position)
{
    for (uint32_t d = t->ndims; d-- > 0;) {
        if (++position[d] < t->shapes[d]) {
            return true;
        }
        position[d] = 0;
    }
    return false;
}

enum drawn_kind { VIEW, SLICE, TRANSPOSE, RESHAPE };

struct drawn {
    enum drawn_kind kind;
    uint32_t from[PTO_MAX_DIMS];
    uint32_t x, y, pace;
};

/* Draws a view of `in` and makes it. False when this one cannot be had (a reshape of scattered elements). */
static bool draw_view(struct pto_tensor *out, const struct pto_tensor *in, struct drawn *how)
{
    uint32_t shapes[PTO_MAX_DIMS];
    how->kind = (enum drawn_kind)draw(4);
    how->x = draw(in->ndims);
    how->y = draw(in->ndims);
    how->pace = 1 + draw(3);
    memset(how->from, 0, sizeof(how->from));
    switch (how->kind) {
    case VIEW:
        for (uint32_t d = 0; d < in->ndims; d++) {
            how->from[d] = draw(in->shapes[d]);
            shapes[d] = 1 + draw(in->shapes[d] - how->from[d]);
        }
        return pto_tensor_view(out, in, shapes, how->from, false) == 0;
    case SLICE:
        how->from[how->x] = draw(in->shapes[how->x]);
        return pto_tensor_slice(out, in, how->x, how->from[how->x],
                                how->from[how->x] + 1 + draw(in->shapes[how->x] - how->from[how->x]), how->pace,
                                false) == 0;
    case TRANSPOSE:
        return pto_tensor_transpose(out, in, how->x, how->y, false) == 0;
    default:
        shapes[0] = (uint32_t)pto_tensor_numel(in);
        return pto_tensor_reshape(out, in, shapes, 1, false) == 0;
    }
}

/* The element that a position of the view stands for, by the parent's table. */
static uint64_t expected_element(const struct table *parent, const struct drawn *how, const struct pto_tensor *view,
                                 const uint32_t *position)
{
    uint32_t in_parent[PTO_MAX_DIMS] = {0};
    if (how->kind == RESHAPE) {
        return parent->elements[place(view, position)];
    }
    for (uint32_t d = 0; d < view->ndims; d++) {
        uint32_t of = how->kind != TRANSPOSE ? d : d == how->x ? how->y : d == how->y ? how->x : d;
        uint32_t pace = how->kind == SLICE && d == how->x ? how->pace : 1;
        in_parent[of] = how->from[of] + position[d] * pace;
    }
    return parent->elements[place(&parent->tensor, in_parent)];
}

static void test_compositions(void **state)
{
    (void)state;
    static struct table tables[2];
    uint32_t reshaped = 0;
    for (uint32_t round = 0; round < 3000; round++) {
        const uint32_t shapes[] = {1 + draw(6), 1 + draw(6), 1 + draw(6), 1 + draw(4)};
        struct table *parent = &tables[0];
        struct table *child = &tables[1];
        parent->tensor = make(shapes, 1 + draw(4));
        for (uint64_t i = 0; i < pto_tensor_numel(&parent->tensor); i++) {
            parent->elements[i] = i;
        }
        for (uint32_t depth = 0; depth < 6; depth++) {
            struct drawn how;
            uint32_t position[PTO_MAX_DIMS] = {0};
            uint64_t element = 0;
            if (!draw_view(&child->tensor, &parent->tensor, &how)) {
                assert_true(how.kind == RESHAPE && !parent->tensor.is_contiguous);
                continue;
            }
            reshaped += how.kind == RESHAPE;
            assert_derived(&child->tensor);
            do {
                uint64_t expected = expected_element(parent, &how, &child->tensor, position);
                assert_int_equal(pto_tensor_element(&child->tensor, child->tensor.ndims, position, &element), 0);
                if (element != expected) {
                    fail_msg("round %u, depth %u: element %lu, expected %lu", round, depth, element, expected);
                }
                child->elements[place(&child->tensor, position)] = element;
            } while (step(&child->tensor, position));
            struct table *other = parent;
            parent = child;
            child = other;
        }
    }
    assert_true(reshaped > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_view),
        cmocka_unit_test(test_view_rows_stay_contiguous),
        cmocka_unit_test(test_view_rejections),
        cmocka_unit_test(test_errors_travel),
        cmocka_unit_test(test_transpose_and_permute),
        cmocka_unit_test(test_dimension_rejections),
        cmocka_unit_test(test_slice),
        cmocka_unit_test(test_slice_rejections),
        cmocka_unit_test(test_reshape),
        cmocka_unit_test(test_reshape_rejections),
        cmocka_unit_test(test_element),
        cmocka_unit_test(test_compositions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
