/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/report/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Length of the UTF-8 sequence that starts at `text`, 0 when there is none. */
static size_t sequence_length(const unsigned char *text)
{
    size_t length = text[0] < 0x80 ? 1 : text[0] >= 0xC2 && text[0] < 0xE0 ? 2 : (text[0] & 0xF0u) == 0xE0 ? 3 : 0;
    length = text[0] >= 0xF0 && text[0] < 0xF5 ? 4 : length;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xC0u) != 0x80) {
            return 0;
        }
    }
    return length;
}

static void write_string(FILE *stream, const char *text)
{
    (void)fputc('"', stream);
    for (const unsigned char *at = (const unsigned char *)text; *at != 0;) {
        size_t length = sequence_length(at);
        if (*at == '"' || *at == '\\') {
            (void)fprintf(stream, "\\%c", *at);
        } else if (*at < 0x20) {
            (void)fprintf(stream, "\\u%04x", *at);
        } else if (length == 0) {
            (void)fputc('?', stream);
        } else {
            (void)fwrite(at, 1, length, stream);
        }
        at += length == 0 ? 1 : length;
    }
    (void)fputc('"', stream);
}

static void indent(const struct json *json)
{
    (void)fprintf(json->stream, "\n%*s", (int)(2 * json->depth), "");
}

static void begin_value(struct json *json, const char *key)
{
    if (json->depth > 0) {
        if (json->filled[json->depth - 1]) {
            (void)fputc(',', json->stream);
        }
        json->filled[json->depth - 1] = true;
        indent(json);
    }
    if (key != NULL) {
        write_string(json->stream, key);
        (void)fputs(": ", json->stream);
    }
}

static void open_level(struct json *json, const char *key, char opening, char closing)
{
    begin_value(json, key);
    if (json->depth == JSON_MAX_DEPTH) {
        abort();
    }
    (void)fputc(opening, json->stream);
    json->filled[json->depth] = false;
    json->closing[json->depth] = closing;
    json->depth++;
}

void json_begin(struct json *json, FILE *stream)
{
    memset(json, 0, sizeof(*json));
    json->stream = stream;
}

void json_object(struct json *json, const char *key)
{
    open_level(json, key, '{', '}');
}

void json_array(struct json *json, const char *key)
{
    open_level(json, key, '[', ']');
}

void json_end(struct json *json)
{
    json->depth--;
    if (json->filled[json->depth]) {
        indent(json);
    }
    (void)fputc(json->closing[json->depth], json->stream);
    if (json->depth == 0) {
        (void)fputc('\n', json->stream);
    }
}

void json_text(struct json *json, const char *key, const char *value)
{
    begin_value(json, key);
    if (value == NULL) {
        (void)fputs("null", json->stream);
    } else {
        write_string(json->stream, value);
    }
}

void json_count(struct json *json, const char *key, uint64_t value)
{
    begin_value(json, key);
    (void)fprintf(json->stream, "%llu", (unsigned long long)value);
}

void json_integer(struct json *json, const char *key, int64_t value)
{
    begin_value(json, key);
    (void)fprintf(json->stream, "%lld", (long long)value);
}

void json_number(struct json *json, const char *key, double value)
{
    begin_value(json, key);
    if (isfinite(value)) {
        (void)fprintf(json->stream, "%.6g", value);
    } else {
        (void)fputs("null", json->stream);
    }
}

void json_bool(struct json *json, const char *key, bool value)
{
    begin_value(json, key);
    (void)fputs(value ? "true" : "false", json->stream);
}
