/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/bench/bench.h"

#include <stdlib.h>
#include <string.h>

#include "abi/data_type.h"
#include "base/chip_image.h"
#include "harness/program/artefacts.h"

int bench_read_file(const char *path, void **bytes, size_t *size, char *error, size_t error_capacity)
{
    long length = -1;
    FILE *file = fopen(path, "rb");
    if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
        length = ftell(file);
    }
    /* 8 bytes to spare, so that a caller can append a serial number. */
    char *buffer = length < 0 || fseek(file, 0, SEEK_SET) != 0 ? NULL : malloc((size_t)length + 8);
    bool read = buffer != NULL && fread(buffer, 1, (size_t)length, file) == (size_t)length;
    if (file != NULL) {
        (void)fclose(file);
    }
    if (!read) {
        free(buffer);
        (void)snprintf(error, error_capacity, "cannot read %s; `make build CONFIG=release` makes it", path);
        return -1;
    }
    *bytes = buffer;
    *size = (size_t)length;
    return 0;
}

/* The loader ignores what follows an ELF file's last section, so that is where a serial number goes. */
static int read_numbered(struct bench *bench, const char *name, uint64_t serial, void **bytes, size_t *size)
{
    char path[4096];
    if (artefacts_path(path, sizeof(path), bench->session.artefacts, "fixtures/bench_graphs/%s.so", name) != 0 ||
        bench_read_file(path, bytes, size, bench->error, sizeof(bench->error)) != 0) {
        return -1;
    }
    if (serial > 0) {
        memcpy((char *)*bytes + *size, &serial, sizeof(serial));
        *size += sizeof(serial);
    }
    return 0;
}

int bench_pack_graphs(struct bench *bench, uint64_t serial, void **image, size_t *bytes)
{
    void *orchestration = NULL;
    void *kernel = NULL;
    size_t orchestration_size = 0;
    size_t kernel_size = 0;
    const int32_t signature[] = {PTO_INOUT};
    int result = -1;
    if (read_numbered(bench, "orchestration", serial, &orchestration, &orchestration_size) == 0 &&
        read_numbered(bench, "noop", serial, &kernel, &kernel_size) == 0) {
        struct error_text error = {{0}};
        const struct chip_image_child_spec child = {.binary = kernel, .binary_size = kernel_size};
        const struct chip_image_spec spec = {.signature = signature,
                                             .sig_count = 1,
                                             .child_count = 1,
                                             .orchestration = orchestration,
                                             .orchestration_size = orchestration_size,
                                             .children = &child};
        result = chip_image_build(&spec, image, bytes, &error);
        if (result != 0) {
            (void)snprintf(bench->error, sizeof(bench->error), "%s", error.text);
        }
    }
    free(orchestration);
    free(kernel);
    return result;
}
