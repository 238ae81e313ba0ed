/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json: writes one JSON document to a stream, as it goes.
 *
 * Every value is written with its key; inside an array the key is NULL. Commas, nesting and escapes are taken care of;
 * text that is no UTF-8 comes out with its odd bytes replaced by '?'. Nesting deeper than JSON_MAX_DEPTH is a fault of
 * the caller and stops the program.
 */
#ifndef HARNESS_REPORT_JSON_H
#define HARNESS_REPORT_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_MAX_DEPTH 16u

struct json {
    FILE *stream;
    unsigned depth;
    bool filled[JSON_MAX_DEPTH]; /* this level has a value already */
    char closing[JSON_MAX_DEPTH];
};

void json_begin(struct json *json, FILE *stream);
void json_object(struct json *json, const char *key);
void json_array(struct json *json, const char *key);
/* Closes the innermost object or array; after the outermost one a newline follows. */
void json_end(struct json *json);
void json_text(struct json *json, const char *key, const char *value); /* NULL becomes null */
void json_count(struct json *json, const char *key, uint64_t value);
void json_integer(struct json *json, const char *key, int64_t value);
void json_number(struct json *json, const char *key, double value); /* what is not finite becomes null */
void json_bool(struct json *json, const char *key, bool value);

#endif
