/* SPDX-License-Identifier: Apache-2.0 */
/*
 * orchestration_test: the inline calls of an orchestration reach the right op with the right arguments, scopes end on
 * every way out of their block, and without a live runtime nothing happens (device.md 2.2, 2.3, 9.1, 9.2).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define PTO_ORCHESTRATION_UNIT
#include "abi/orchestration.h"

/* A runtime that writes down what it is asked, one letter group per call. */
struct recorder {
    struct pto_runtime_handle handle;
    bool fatal;
    char trace[256];
};

static struct recorder recorder;

static void note(const char *format, ...) PTO_PRINTF(1, 2);
static void note(const char *format, ...)
{
    size_t used = strlen(recorder.trace);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(recorder.trace + used, sizeof(recorder.trace) - used, format, arguments);
    va_end(arguments);
}

static struct pto_task_outputs outputs_of(uint64_t id)
{
    static const struct pto_tensor tensor;
    struct pto_task_outputs outputs = pto_no_outputs();
    outputs.task_id = id;
    outputs.output_count = 1;
    outputs.tensors[0] = &tensor;
    return outputs;
}

static struct pto_task_outputs on_submit(struct pto_runtime_handle *rt, const struct pto_mixed_kernels *kernels,
                                         const struct pto_arg *arg)
{
    assert_ptr_equal(rt, &recorder.handle);
    note("submit(%d,%d,%d,%d) ", kernels->aic, kernels->aiv0, kernels->aiv1, arg->scalar_count);
    return outputs_of(42);
}

static void on_scope_begin(struct pto_runtime_handle *rt)
{
    note("begin(%d) ", rt->pending_scope_mode);
    rt->pending_scope_mode = PTO_SCOPE_AUTO;
}

static void on_scope_end(struct pto_runtime_handle *rt)
{
    assert_ptr_equal(rt, &recorder.handle);
    note("end ");
}

static void on_done(struct pto_runtime_handle *rt)
{
    assert_ptr_equal(rt, &recorder.handle);
    note("done ");
}

static bool on_is_fatal(struct pto_runtime_handle *rt)
{
    assert_ptr_equal(rt, &recorder.handle);
    return recorder.fatal;
}

static void on_report_fatal(struct pto_runtime_handle *rt, int32_t code, const char *function, const char *format, ...)
    PTO_PRINTF(4, 5);
static void on_report_fatal(struct pto_runtime_handle *rt, int32_t code, const char *function, const char *format, ...)
{
    char text[64];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    assert_ptr_equal(rt, &recorder.handle);
    note("fatal(%d,%s,%s) ", code, function, text);
    recorder.fatal = true;
}

static void on_log(const char *function, const char *format, ...) PTO_PRINTF(2, 3);
static void on_log(const char *function, const char *format, ...)
{
    (void)function;
    note("log:%s ", format);
}

static void on_log_info(const char *function, int tier, const char *format, ...) PTO_PRINTF(3, 4);
static void on_log_info(const char *function, int tier, const char *format, ...)
{
    (void)function;
    note("info%d:%s ", tier, format);
}

static uint64_t on_get(struct pto_runtime_handle *rt, const struct pto_tensor *tensor, uint32_t ndims,
                       const uint32_t *indices)
{
    (void)rt;
    (void)tensor;
    note("get(%u,%u) ", ndims, indices[0]);
    return 7;
}

static void on_set(struct pto_runtime_handle *rt, const struct pto_tensor *tensor, uint32_t ndims,
                   const uint32_t *indices, uint64_t value)
{
    (void)rt;
    (void)tensor;
    note("set(%u,%u,%llu) ", ndims, indices[0], (unsigned long long)value);
}

static struct pto_task_outputs on_alloc(struct pto_runtime_handle *rt, const struct pto_arg *arg)
{
    (void)rt;
    (void)arg;
    note("alloc ");
    return outputs_of(43);
}

static struct pto_task_outputs on_dummy(struct pto_runtime_handle *rt, const struct pto_arg *arg)
{
    (void)rt;
    (void)arg;
    note("dummy ");
    return outputs_of(44);
}

static const struct pto_orchestration_ops ops = {
    .submit_task = on_submit,
    .scope_begin = on_scope_begin,
    .scope_end = on_scope_end,
    .orchestration_done = on_done,
    .is_fatal = on_is_fatal,
    .report_fatal = on_report_fatal,
    .log_error = on_log,
    .log_warn = on_log,
    .log_debug = on_log,
    .log_info_v = on_log_info,
    .get_tensor_data = on_get,
    .set_tensor_data = on_set,
    .alloc_tensors = on_alloc,
    .submit_dummy_task = on_dummy,
};

static int bind(void **state)
{
    (void)state;
    memset(&recorder, 0, sizeof(recorder));
    recorder.handle.ops = &ops;
    framework_bind_runtime(&recorder.handle);
    return 0;
}

static int unbind(void **state)
{
    (void)state;
    framework_bind_runtime(NULL);
    return 0;
}

/* Every call once; returns what the value-returning ones gave, added up. */
static uint64_t call_everything(void)
{
    const uint32_t index[] = {3};
    struct pto_tensor tensor;
    struct pto_arg arg;
    struct pto_mixed_kernels mix = {1, 2, 3};
    const uint32_t shape[] = {4};
    (void)pto_tensor_external(&tensor, 0x1000, shape, 1, PTO_INT32, false, 0);
    pto_arg_init(&arg);
    (void)pto_add_scalar(&arg, 9);
    struct pto_task_outputs results[] = {pto_submit(&mix, &arg), pto_submit_aic(4, &arg), pto_submit_aiv(5, &arg),
                                         pto_submit_dummy(&arg), pto_alloc_tensors(&arg)};
    pto_scope_begin(PTO_SCOPE_MANUAL);
    pto_scope_end();
    uint64_t sum = pto_get_scalar(&tensor, 1, index);
    pto_set_scalar(&tensor, 1, index, 8);
    pto_orchestration_done();
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        sum += pto_output(&results[i], 0) != NULL ? 1000 : 0;
        sum += results[i].task_id == PTO_TASK_ID_INVALID ? 1 : 0;
        assert_null(pto_output(&results[i], 1));
    }
    return sum;
}

static void test_calls_reach_their_ops(void **state)
{
    (void)state;
    assert_int_equal(call_everything(), 5000 + 7);
    assert_string_equal(recorder.trace, "submit(1,2,3,1) submit(4,-1,-1,1) submit(-1,5,-1,1) dummy alloc begin(1) end "
                                        "get(1,3) set(1,3,8) done ");
    assert_false(pto_is_fatal());
}

static void test_logs(void **state)
{
    (void)state;
    PTO_LOG_ERROR("e %d", 1);
    PTO_LOG_WARN("w");
    PTO_LOG_DEBUG("d");
    PTO_LOG_INFO(9, "i");
    assert_string_equal(recorder.trace, "log:e %d log:w log:d info9:i ");
    framework_bind_runtime(NULL);
    PTO_LOG_ERROR("nobody listens %d", 2);
    assert_string_equal(recorder.trace, "log:e %d log:w log:d info9:i ");
}

static void test_fatal_silences_everything(void **state)
{
    (void)state;
    pto_report_fatal(0, "because %d", 12);
    assert_string_equal(recorder.trace, "fatal(0,test_fatal_silences_everything,because 12) ");
    assert_true(pto_is_fatal());
    recorder.trace[0] = 0;
    assert_int_equal(call_everything(), 5); /* five invalid ids, no outputs, 0 */
    assert_string_equal(recorder.trace, "");
}

static void test_unbound_does_nothing(void **state)
{
    (void)state;
    framework_bind_runtime(NULL);
    assert_true(pto_is_fatal());
    assert_int_equal(call_everything(), 5);
    pto_report_fatal(9, "unheard");
    assert_string_equal(recorder.trace, "");
}

static int leave_by_return(void)
{
    PTO_SCOPE(PTO_SCOPE_MANUAL)
    {
        PTO_SCOPE(PTO_SCOPE_MANUAL)
        {
            return 5;
        }
    }
    return 6;
}

static void test_scopes_end_on_every_way_out(void **state)
{
    (void)state;
    PTO_SCOPE(PTO_SCOPE_AUTO)
    {
        note("in ");
    }
    assert_string_equal(recorder.trace, "begin(0) in end ");
    recorder.trace[0] = 0;
    for (int i = 0; i < 2; i++) {
        PTO_SCOPE(PTO_SCOPE_MANUAL)
        {
            if (i == 0) {
                break; /* leaves the scope, not the loop */
            }
            note("second ");
        }
        note("next ");
    }
    assert_string_equal(recorder.trace, "begin(1) end next begin(1) second end next ");
    recorder.trace[0] = 0;
    assert_int_equal(leave_by_return(), 5);
    assert_string_equal(recorder.trace, "begin(1) begin(1) end end ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_calls_reach_their_ops, bind, unbind),
        cmocka_unit_test_setup_teardown(test_logs, bind, unbind),
        cmocka_unit_test_setup_teardown(test_fatal_silences_everything, bind, unbind),
        cmocka_unit_test_setup_teardown(test_unbound_does_nothing, bind, unbind),
        cmocka_unit_test_setup_teardown(test_scopes_end_on_every_way_out, bind, unbind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
