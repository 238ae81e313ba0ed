/* SPDX-License-Identifier: Apache-2.0 */
/* program_test: variants, scene data, and the packing of scenes and files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/chip_image.h"
#include "harness/program/artefacts.h"
#include "harness/program/session.h"
#include "harness/program/variant.h"

static void test_variant_patterns(void **state)
{
    (void)state;
    assert_true(variant_matches("a2a3/trb/sim", "a2a3/trb/sim"));
    assert_true(variant_matches("*/trb/*", "a5/trb/onboard"));
    assert_true(variant_matches("*/*/*", "a5/hbg/onboard"));
    assert_false(variant_matches("a2a3/trb/sim", "a2a3/trb/simx"));
    assert_false(variant_matches("a2a3/trb/sim", "a2a3/trb"));
    assert_false(variant_matches("a2a3/trb", "a2a3/trb/sim"));
    assert_false(variant_matches("*/trb/sim", "a2a3/hbg/sim"));
    assert_false(variant_matches("*", "a2a3/trb/sim"));
}

static void test_variants_by_their_parts(void **state)
{
    (void)state;
    const char *wrong = NULL;
    char name[VARIANT_NAME_BYTES];
    assert_ptr_equal(variant_of_parts(NULL, NULL, NULL, NULL), &variant_all[0]);
    assert_string_equal(variant_name(&variant_all[0], name), "a2a3/trb/sim");
    for (size_t i = 0; i < VARIANT_COUNT; i++) {
        const struct variant *variant = &variant_all[i];
        assert_ptr_equal(variant_of_parts(variant->arch, variant->runtime, variant->platform, &wrong), variant);
        assert_true(variant_pattern_is_known(variant_name(variant, name)));
        for (size_t k = 0; k < i; k++) {
            char other[VARIANT_NAME_BYTES];
            assert_string_not_equal(name, variant_name(&variant_all[k], other));
        }
    }
    const struct variant *by_long_name = variant_of_parts("a5", "host_build_graph", "onboard", NULL);
    assert_string_equal(variant_name(by_long_name, name), "a5/hbg/onboard");
    assert_null(wrong);
    static const char *const hostile[] = {"", "*", "a5/", "../a5", "a5_trb", "a2a3/trb/sim", "\n", "%n"};
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        assert_null(variant_of_parts(hostile[i], NULL, NULL, &wrong));
        assert_ptr_equal(wrong, hostile[i]);
        assert_null(variant_of_parts(NULL, hostile[i], NULL, &wrong));
        assert_ptr_equal(wrong, hostile[i]);
        assert_null(variant_of_parts("a5", "hbg", hostile[i], &wrong));
        assert_ptr_equal(wrong, hostile[i]);
    }
    assert_false(variant_pattern_is_known("*"));
    assert_false(variant_pattern_is_known("*/*"));
    assert_false(variant_pattern_is_known("*/*/*/*"));
    assert_false(variant_pattern_is_known("a2a3/trb/simulator"));
    assert_true(variant_pattern_is_known("*/hbg/*"));
}

/* What hinders a scene wins over what it declares, and says why. */
static void test_refusals(void **state)
{
    (void)state;
    static const char *const declared[] = {"*/trb/*", "a5/hbg/sim", NULL};
    static const struct scene_limit limits[] = {{"a5/trb/onboard", "it is too hot"}, {NULL, NULL}};
    const struct scene scene = {.name = "x", .variants = declared, .limits = limits};
    assert_null(variant_refusal(&scene, "a2a3/trb/sim"));
    assert_null(variant_refusal(&scene, "a5/hbg/sim"));
    assert_string_equal(variant_refusal(&scene, "a5/trb/onboard"), "it is too hot");
    assert_string_equal(variant_refusal(&scene, "a2a3/hbg/sim"), "the scene does not declare it");
    assert_false(variant_of_scene(&scene, "a5/trb/onboard"));
    assert_true(variant_of_scene(&scene, "a5/trb/sim"));
}

/* The host runtime alone is no variant. */
static void test_built_variants(void **state)
{
    (void)state;
    char directory[PATH_MAX];
    char text[VARIANT_LIST_BYTES];
    assert_int_equal(artefacts_find(directory, sizeof(directory)), 0);
    assert_true(variant_is_built(&variant_all[0], directory));
    assert_false(variant_is_built(&variant_all[0], "/nowhere"));
    variant_list(directory, true, text);
    assert_non_null(strstr(text, "a2a3/trb/sim"));
    assert_non_null(strstr(text, "a5/trb/sim"));
    variant_list("/nowhere", true, text);
    assert_string_equal(text, "none");
    variant_list("/nowhere", false, text);
    assert_int_equal(strlen(text), strlen("a2a3/trb/sim a5/trb/sim a2a3/hbg/sim a5/hbg/sim a2a3/trb/onboard "
                                          "a5/trb/onboard a2a3/hbg/onboard a5/hbg/onboard"));
    char part[] = "/tmp/program_test_XXXXXX";
    char path[PATH_MAX];
    assert_non_null(mkdtemp(part));
    (void)snprintf(path, sizeof(path), "%s/libhost_runtime_a2a3_trb_sim.so", part);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fclose(file);
    bool built = variant_is_built(&variant_all[0], part);
    assert_int_equal(remove(path), 0);
    assert_int_equal(rmdir(part), 0);
    assert_false(built);
}

static void test_runtime_names(void **state)
{
    (void)state;
    assert_string_equal(artefacts_runtime("trb"), "trb");
    assert_string_equal(artefacts_runtime("tensormap_and_ringbuffer"), "trb");
    assert_string_equal(artefacts_runtime("host_build_graph"), "hbg");
    assert_null(artefacts_runtime("tensormap"));
    assert_null(artefacts_runtime(""));
}

static void test_paths_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    char path[16];
    assert_int_equal(artefacts_path(path, sizeof(path), "/a", "%s", "bcdefghijkl"), 0);
    assert_string_equal(path, "/a/bcdefghijkl");
    assert_int_equal(artefacts_path(path, sizeof(path), "/a", "%s", "bcdefghijklmn"), -1);
    assert_int_equal(artefacts_path(path, sizeof(path), "/a_directory_with_a_name", "x"), -1);
}

static void test_scene_data_holds_what_was_added(void **state)
{
    (void)state;
    struct scene_data data = {0};
    const uint32_t shape[2] = {3, 5};
    const uint32_t empty = 0;
    const uint32_t huge[5] = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
    float *tensor = scene_add_tensor(&data, shape, 2, PTO_FLOAT32);
    assert_non_null(tensor);
    assert_int_equal(data.args.tensor_count, 1);
    assert_int_equal(data.buffer_bytes[0], 60);
    assert_ptr_equal((void *)(uintptr_t)data.args.tensors[0].data, tensor);
    assert_non_null(scene_add_tensor(&data, &empty, 1, PTO_INT8));
    assert_int_equal(data.buffer_bytes[1], 0);
    assert_null(scene_add_tensor(&data, huge, 5, PTO_INT8));
    assert_null(scene_add_tensor(&data, shape, 2, PTO_DATA_TYPE_COUNT));
    assert_int_equal(data.args.tensor_count, 2);
    for (uint32_t i = 2; i < SCENE_MAX_TENSORS; i++) {
        assert_non_null(scene_add_tensor(&data, shape, 2, PTO_UINT8));
    }
    assert_null(scene_add_tensor(&data, shape, 2, PTO_UINT8));
    scene_data_free(&data);
    assert_int_equal(data.args.tensor_count, 0);
    assert_null(data.buffers[0]);
}

/* What a scene expects, by variant and inputs. */
static int64_t twice_the_first_parameter(const struct scene_data *data, bool graph)
{
    return 2 * (int64_t)data->parameters[0] + graph;
}

static void test_expectations(void **state)
{
    (void)state;
    struct scene scene = {.name = "x", .expected_tasks = 5, .expected_result = -100};
    const struct scene_data data = {.parameters = {7}};
    const struct variant *sim = variant_of_parts("a5", "trb", "sim", NULL);
    const struct variant *onboard = variant_of_parts("a5", "hbg", "onboard", NULL);
    assert_int_equal(scene_case_count(&scene), 1);
    assert_int_equal(variant_expected_result(onboard, &scene), -100);
    assert_int_equal(variant_expected_tasks(onboard, &scene, &data), 5);
    scene.expected_onboard = 507046;
    scene.tasks = twice_the_first_parameter;
    scene.cases = 3;
    assert_int_equal(scene_case_count(&scene), 3);
    assert_int_equal(variant_expected_result(sim, &scene), -100);
    assert_int_equal(variant_expected_result(onboard, &scene), 507046);
    assert_int_equal(variant_expected_tasks(sim, &scene, &data), 14);
    assert_int_equal(variant_expected_tasks(onboard, &scene, &data), 15);
}

static void test_floats_are_compared_by_bits_or_tolerance(void **state)
{
    (void)state;
    char message[SCENE_MESSAGE_BYTES] = "";
    const float golden[] = {1.0f, -0.0f};
    const float near[] = {1.0f, 0.0f};
    const float wrong[] = {1.0f, NAN};
    assert_int_equal(scene_compare_floats("x", golden, golden, 2, 0.0f, message), 0);
    assert_int_equal(scene_compare_floats("x", near, golden, 2, 0.1f, message), 0);
    assert_int_equal(scene_compare_floats("x", near, golden, 2, 0.0f, message), -1);
    assert_non_null(strstr(message, "x[1] of 2"));
    assert_int_equal(scene_compare_floats("x", wrong, golden, 2, 0.1f, message), -1);
}

/* The same salt gives the same floats; another one, and a choice, others; and their sums are rounded. */
static void test_filling(void **state)
{
    (void)state;
    struct scene_data data = {0};
    const uint8_t bytes[] = {0, 1, 2, 3};
    struct choice choice;
    choice_from_bytes(&choice, bytes, sizeof(bytes));
    const float *a = scene_add_floats(&data, 64, 1, NULL);
    const float *b = scene_add_floats(&data, 64, 1, NULL);
    const float *c = scene_add_floats(&data, 64, 2, NULL);
    const float *drawn = scene_add_floats(&data, 64, 1, &choice);
    assert_true(a != NULL && b != NULL && c != NULL && drawn != NULL);
    assert_memory_equal(a, b, 256);
    assert_memory_not_equal(a, c, 256);
    assert_memory_not_equal(a, drawn, 256);
    assert_int_equal(choice_used(&choice), sizeof(bytes));
    float forward = 0.0f;
    float backward = 0.0f;
    for (int i = 0; i < 64; i++) {
        forward += a[i];
        backward += a[63 - i];
    }
    assert_true(forward != backward);
    assert_null(scene_add_floats(&data, 1ull << 32, 1, NULL));
    assert_non_null(scene_add_golden(&data, 4));
    scene_add_scalars(&data, (const uint64_t[]){3, 4}, 2);
    assert_int_equal(data.args.scalar_count, 2);
    scene_data_free(&data);
    assert_null(data.golden);
}

/* Every scene's image parses and names what the scene says. */
static void test_scenes_pack(void **state)
{
    (void)state;
    static struct session session;
    assert_int_equal(artefacts_find(session.artefacts, sizeof(session.artefacts)), 0);
    for (size_t i = 0; i < scene_count; i++) {
        void *bytes = NULL;
        size_t size = 0;
        struct chip_image image;
        struct error_text error = {{0}};
        if (session_pack_scene(&session, scenes[i], &bytes, &size) != 0) {
            fail_msg("%s: %s", scenes[i]->name, session.error);
        }
        assert_int_equal(chip_image_parse(bytes, size, &image, &error), 0);
        assert_int_equal(image.size, size);
        assert_int_equal(image.sig_count, scenes[i]->signature_count);
        assert_int_equal(image.child_count, scenes[i]->kernel_count);
        assert_memory_equal(image.orchestration, "\177ELF", 4);
        for (int32_t k = 0; k < image.child_count; k++) {
            struct chip_image_child child;
            chip_image_child(&image, k, &child);
            assert_int_equal(child.func_id, scenes[i]->kernels[k].func_id);
            assert_int_equal(child.sig_count, scenes[i]->kernels[k].signature_count);
            assert_memory_equal(child.binary, "\177ELF", 4);
        }
        free(bytes);
    }
    assert_true(scene_count > 0);
}

static void test_packing_says_which_file_is_missing(void **state)
{
    (void)state;
    static struct session session;
    void *bytes = NULL;
    size_t size = 0;
    char orchestration[4096];
    const struct session_child missing = {.path = "/nowhere/kernel.so"};
    assert_int_equal(artefacts_find(session.artefacts, sizeof(session.artefacts)), 0);
    assert_int_equal(
        artefacts_path(orchestration, sizeof(orchestration), session.artefacts, "scenes/add_one/orchestration.so"), 0);
    assert_int_equal(
        session_pack_files(&session, "/nowhere/orchestration.so", NULL, NULL, NULL, 0, NULL, 0, &bytes, &size), -1);
    assert_string_equal(session.error, "cannot read /nowhere/orchestration.so: No such file or directory");
    assert_int_equal(session_pack_files(&session, orchestration, NULL, NULL, NULL, 0, &missing, 1, &bytes, &size), -1);
    assert_string_equal(session.error, "cannot read /nowhere/kernel.so: No such file or directory");
    assert_int_equal(session_pack_files(&session, orchestration, NULL, NULL, NULL, 129, NULL, 0, &bytes, &size), -1);
    assert_non_null(strstr(session.error, "129"));
    assert_int_equal(session_pack_files(&session, orchestration, NULL, NULL, NULL, 0, NULL, 1025, &bytes, &size), -1);
    assert_string_equal(session.error, "child_count 1025 exceeds 1024");
    assert_null(bytes);
}

static void test_opening_says_what_is_not_there(void **state)
{
    (void)state;
    static struct session session;
    assert_true(session_open(&session, &(struct session_options){.artefacts = "/nowhere"}) < 0);
    assert_string_equal(session.error, "no host runtime for a2a3/trb/sim in /nowhere");
    assert_string_equal(session.hint, "built variants: none");
    assert_null(session.worker);
    assert_true(session_open(&session, &(struct session_options){.runtime = "tensormap"}) < 0);
    assert_string_equal(session.error, "no variant has a part named \"tensormap\"");
    assert_string_equal(session.hint, "there is: a2a3 a5; trb hbg; sim onboard");
    assert_true(session_open(&session, &(struct session_options){.arch = "../../a2a3"}) < 0);
    assert_string_equal(session.error, "no variant has a part named \"../../a2a3\"");
    assert_true(session_open(&session, &(struct session_options){.platform = "sim.so\n"}) < 0);
    session_close(&session); /* nothing is held, so this does nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_variant_patterns),
        cmocka_unit_test(test_variants_by_their_parts),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_built_variants),
        cmocka_unit_test(test_runtime_names),
        cmocka_unit_test(test_paths_that_do_not_fit_are_refused),
        cmocka_unit_test(test_scene_data_holds_what_was_added),
        cmocka_unit_test(test_expectations),
        cmocka_unit_test(test_floats_are_compared_by_bits_or_tolerance),
        cmocka_unit_test(test_filling),
        cmocka_unit_test(test_scenes_pack),
        cmocka_unit_test(test_packing_says_which_file_is_missing),
        cmocka_unit_test(test_opening_says_what_is_not_there),
    };
    return cmocka_run_group_tests_name("program", tests, NULL, NULL) != 0;
}
