/* SPDX-License-Identifier: Apache-2.0 */
/* report_test: figures, tables and JSON documents, to the character. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/report/console.h"
#include "harness/report/json.h"
#include "harness/report/table.h"

/* What was written to a stream of open_memstream; free() it. */
struct capture {
    FILE *stream;
    char *text;
    size_t size;
};

static void capture_begin(struct capture *capture)
{
    capture->stream = open_memstream(&capture->text, &capture->size);
    assert_non_null(capture->stream);
}

static void capture_expect(struct capture *capture, const char *wanted)
{
    (void)fclose(capture->stream);
    assert_string_equal(capture->text, wanted);
    free(capture->text);
}

static void test_times_have_three_figures(void **state)
{
    (void)state;
    char text[CONSOLE_FIGURE_BYTES];
    assert_string_equal(console_time(text, 0), "0 ns");
    assert_string_equal(console_time(text, 999), "999 ns");
    assert_string_equal(console_time(text, 1000), "1.00 us");
    assert_string_equal(console_time(text, 12345), "12.3 us");
    assert_string_equal(console_time(text, 123456), "123 us");
    assert_string_equal(console_time(text, 4.5e6), "4.50 ms");
    assert_string_equal(console_time(text, 1.2e9), "1.20 s");
    assert_string_equal(console_time(text, 7.2e12), "7200 s");
}

static void test_counts_have_separators(void **state)
{
    (void)state;
    char text[CONSOLE_FIGURE_BYTES];
    assert_string_equal(console_count(text, 0), "0");
    assert_string_equal(console_count(text, 999), "999");
    assert_string_equal(console_count(text, 1000), "1,000");
    assert_string_equal(console_count(text, UINT64_MAX), "18,446,744,073,709,551,615");
    assert_string_equal(console_bytes(text, 195560256), "195,560,256 B");
    assert_string_equal(console_rate(text, 1234567.9), "1,234,567 /s");
    assert_string_equal(console_rate(text, -1), "0 /s");
    assert_int_equal(console_width("a\xC2\xB5z"), 3);
}

static void test_no_colour_outside_a_terminal(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_string_equal(console_colour(file, CONSOLE_RED), "");
    (void)fclose(file);
}

static void test_columns_are_as_wide_as_their_cells(void **state)
{
    (void)state;
    static struct table table;
    struct capture capture;
    capture_begin(&capture);
    table_begin(&table, 2, true);
    assert_int_equal(table_row(&table, (const char *const[]){"what", "how many"}), 0);
    assert_int_equal(table_row(&table, (const char *const[]){"longer name", "1"}), 0);
    table_colour(&table, 1, CONSOLE_RED);
    assert_int_equal(table_row(&table, (const char *const[]){"x\xC2\xB5", "22"}), 0);
    table_print(&table, capture.stream);
    capture_expect(&capture, "what         how many\n"
                             "-----------  --------\n"
                             "longer name  1\n"
                             "x\xC2\xB5           22\n");
}

static void test_a_full_table_refuses_rows(void **state)
{
    (void)state;
    static struct table table;
    table_begin(&table, 1, false);
    for (unsigned i = 0; i < TABLE_MAX_ROWS; i++) {
        assert_int_equal(table_row(&table, (const char *const[]){"row"}), 0);
    }
    assert_int_equal(table_row(&table, (const char *const[]){"row"}), -1);
    assert_int_equal(table.rows, TABLE_MAX_ROWS);
}

static void test_json_nests_and_separates(void **state)
{
    (void)state;
    struct json json;
    struct capture capture;
    capture_begin(&capture);
    json_begin(&json, capture.stream);
    json_object(&json, NULL);
    json_text(&json, "name", "x");
    json_array(&json, "list");
    json_count(&json, NULL, UINT64_MAX);
    json_integer(&json, NULL, INT64_MIN);
    json_end(&json);
    json_object(&json, "empty");
    json_end(&json);
    json_number(&json, "half", 0.5);
    json_number(&json, "nothing", NAN);
    json_bool(&json, "yes", true);
    json_text(&json, "none", NULL);
    json_end(&json);
    capture_expect(&capture,
                   "{\n  \"name\": \"x\",\n  \"list\": [\n    18446744073709551615,\n    -9223372036854775808\n  ],\n"
                   "  \"empty\": {},\n  \"half\": 0.5,\n  \"nothing\": null,\n  \"yes\": true,\n  \"none\": null\n}\n");
}

static void test_json_text_is_always_legal(void **state)
{
    (void)state;
    struct json json;
    struct capture capture;
    capture_begin(&capture);
    json_begin(&json, capture.stream);
    /* Quotes, a control character, good UTF-8 of two, three and four bytes, a lone continuation, a cut sequence. */
    json_text(&json, NULL, "\"\\\n\xC2\xB5\xE2\x82\xAC\xF0\x9F\x98\x80\x80\xE2\x82");
    capture_expect(&capture, "\"\\\"\\\\\\u000a\xC2\xB5\xE2\x82\xAC\xF0\x9F\x98\x80???\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times_have_three_figures),     cmocka_unit_test(test_counts_have_separators),
        cmocka_unit_test(test_no_colour_outside_a_terminal), cmocka_unit_test(test_columns_are_as_wide_as_their_cells),
        cmocka_unit_test(test_a_full_table_refuses_rows),    cmocka_unit_test(test_json_nests_and_separates),
        cmocka_unit_test(test_json_text_is_always_legal),
    };
    return cmocka_run_group_tests_name("report", tests, NULL, NULL) != 0;
}
