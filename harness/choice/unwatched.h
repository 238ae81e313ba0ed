/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwatched: functions between UNWATCHED_BEGIN and UNWATCHED_END are not instrumented for fuzzers.
 *
 * How bytes become a case, and how a model judges it, tells a fuzzer nothing about the product; watching their
 * comparisons takes most of the time and fills the corpus with inputs that differ in the harness only.
 */
#ifndef HARNESS_CHOICE_UNWATCHED_H
#define HARNESS_CHOICE_UNWATCHED_H

#ifdef __clang__
#define UNWATCHED_BEGIN _Pragma("clang attribute push(__attribute__((no_sanitize(\"coverage\"))), apply_to = function)")
#define UNWATCHED_END _Pragma("clang attribute pop")
#else
#define UNWATCHED_BEGIN
#define UNWATCHED_END
#endif

#endif
