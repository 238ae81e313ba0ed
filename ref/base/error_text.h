/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error_text: what went wrong, in words and numbers, filled by the function that returns the negative code.
 *
 * The caller owns the buffer and may pass NULL when it does not care. On success the text is left alone.
 */
#ifndef BASE_ERROR_TEXT_H
#define BASE_ERROR_TEXT_H

#define ERROR_TEXT_BYTES 256u

struct error_text {
    char text[ERROR_TEXT_BYTES];
};

/* Formats into `error` (truncating) and returns `code`, so that a rejection is one return statement. */
int error_set(struct error_text *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
