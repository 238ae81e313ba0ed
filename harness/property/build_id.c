/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_id: the key of a sound file is the start of its build-id note; the key of any other bytes is a hash or eight
 * bytes that stand in them; and nothing beyond the bytes is read (host.md 4.1).
 */
#include "base/elf_build_id.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "harness/choice/unwatched.h"
#include "harness/property/guarded.h"
#include "harness/property/property.h"

UNWATCHED_BEGIN

#define FILE_BYTES 1024u
#define MAX_SEGMENTS 3u

struct draft {
    uint8_t bytes[FILE_BYTES];
    size_t size;
    bool has_key; /* whether the walk must find a note, and which */
    uint64_t key;
};

static int build_id_setup(struct property_context *context)
{
    struct guarded *guarded = calloc(1, sizeof(*guarded));
    context->state = guarded;
    if (guarded == NULL || guarded_open(guarded, FILE_BYTES) != 0) {
        free(guarded);
        return -property_fail(context, "no memory");
    }
    return 0;
}

static void build_id_teardown(struct property_context *context)
{
    guarded_close(context->state);
    free(context->state);
}

static void append(struct draft *draft, const void *bytes, size_t size)
{
    memcpy(draft->bytes + draft->size, bytes, size);
    draft->size += size;
}

/* Notes pad their parts to four bytes, counted from the part, wherever the note lies. */
static void append_padded(struct draft *draft, const void *bytes, size_t size)
{
    append(draft, bytes, size);
    draft->size += (4 - size % 4) % 4;
}

/* One note: the real thing, or something that only looks like it. Whether it counts is the model's to know. */
static bool draw_note(struct choice *choice, struct draft *draft, uint64_t *key)
{
    enum { REAL, OTHER_TYPE, OTHER_NAME, LONGER_NAME, SHORT, KINDS };
    static const char *const names[KINDS] = {"GNU", "GNU", "GNX", "GNUX", "GNU"};
    uint64_t kind = choice_below(choice, KINDS);
    uint8_t description[40];
    Elf64_Nhdr note = {.n_namesz = (uint32_t)strlen(names[kind]) + 1,
                       .n_descsz = (uint32_t)(kind == SHORT ? choice_below(choice, 8) : choice_range(choice, 8, 32)),
                       .n_type = kind == OTHER_TYPE ? NT_GNU_ABI_TAG : NT_GNU_BUILD_ID};
    choice_bytes(choice, description, note.n_descsz);
    append(draft, &note, sizeof(note));
    append_padded(draft, names[kind], note.n_namesz);
    append_padded(draft, description, note.n_descsz);
    if (kind == REAL) {
        memcpy(key, description, sizeof(*key));
    }
    return kind == REAL;
}

/* A file with program headers up front and the notes of its segments behind them. */
static void draw_file(struct choice *choice, struct draft *draft)
{
    uint16_t count = (uint16_t)choice_below(choice, MAX_SEGMENTS + 1);
    uint16_t entry = (uint16_t)(sizeof(Elf64_Phdr) + choice_below(choice, 2) * 8);
    Elf64_Ehdr header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64}, .e_phentsize = entry, .e_phnum = count};
    size_t gap = choice_below(choice, 16); /* sound files are aligned, the reader must not need it */
    header.e_phoff = sizeof(header) + gap;
    memset(draft->bytes, 0, sizeof(draft->bytes));
    draft->size = 0;
    draft->has_key = false;
    append(draft, &header, sizeof(header));
    size_t table = draft->size + gap;
    draft->size = table + (size_t)entry * count;
    for (uint16_t i = 0; i < count; i++) {
        Elf64_Phdr segment = {.p_type = choice_below(choice, 4) == 3 ? PT_LOAD : PT_NOTE, .p_offset = draft->size};
        for (uint64_t notes = choice_below(choice, 3); notes != 0; notes--) {
            uint64_t key = 0;
            if (draw_note(choice, draft, &key) && segment.p_type == PT_NOTE && !draft->has_key) {
                draft->has_key = true;
                draft->key = key;
            }
        }
        segment.p_filesz = draft->size - segment.p_offset;
        memcpy(draft->bytes + table + (size_t)entry * i, &segment, sizeof(segment));
    }
}

/* Spoils fields and bytes, and cuts the file. Afterwards only the weak statement holds. */
static void draw_damage(struct choice *choice, struct draft *draft)
{
    static const size_t fields[] = {offsetof(Elf64_Ehdr, e_phoff), offsetof(Elf64_Ehdr, e_phentsize),
                                    offsetof(Elf64_Ehdr, e_phnum), sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_offset),
                                    sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_filesz)};
    for (uint64_t hits = choice_range(choice, 1, 4); hits != 0; hits--) {
        uint64_t field = choice_below(choice, 8);
        size_t place = field < 5 ? fields[field] : choice_below(choice, FILE_BYTES - 8);
        uint64_t value = choice_edge(choice);
        size_t width = choice_below(choice, 2) != 0 ? 8 : 2;
        memcpy(draft->bytes + place, &value, width);
    }
    if (choice_bool(choice)) {
        draft->size = choice_below(choice, draft->size + 1);
    }
    draft->has_key = false;
}

static bool contains(const uint8_t *bytes, size_t size, uint64_t key)
{
    return size != 0 && memmem(bytes, size, &key, sizeof(key)) != NULL;
}

static int build_id_run(struct choice *choice, struct property_context *context)
{
    struct draft draft;
    draw_file(choice, &draft);
    bool damaged = choice_bool(choice);
    if (damaged) {
        draw_damage(choice, &draft);
    }
    uint8_t *bytes = guarded_place(context->state, draft.size);
    memcpy(bytes, draft.bytes, draft.size);
    uint64_t key = elf_build_id_key(bytes, draft.size);
    uint64_t hash = hash_fnv1a(bytes, draft.size);
    property_trace(context, "%zu bytes, %s: key %016lx, hash %016lx", draft.size, damaged ? "damaged" : "sound", key,
                   hash);
    if (damaged) {
        PROPERTY_REQUIRE(context, key == hash || contains(bytes, draft.size, key),
                         "key %016lx of %zu damaged bytes is neither their hash nor among them", key, draft.size);
        return 0;
    }
    uint64_t expected = draft.has_key ? draft.key : hash;
    PROPERTY_REQUIRE(context, key == expected, "key %016lx of a sound file, expected %016lx (%s)", key, expected,
                     draft.has_key ? "its note" : "its hash");
    return 0;
}

const struct property property_build_id = {
    .name = "build_id",
    .summary = "the build-id key is the note of a sound file, and any bytes are read inside their length",
    .run = build_id_run,
    .default_runs = 20000,
    .max_bytes = 256,
    .setup = build_id_setup,
    .teardown = build_id_teardown,
};

UNWATCHED_END
