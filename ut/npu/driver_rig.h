/* SPDX-License-Identifier: Apache-2.0 */
/* driver_rig: what the tests of the simulated driver share: programs, descriptions, a device with two streams. */
#ifndef UT_NPU_DRIVER_RIG_H
#define UT_NPU_DRIVER_RIG_H

#include <stddef.h>
#include <stdint.h>

#include "npu/driver/driver.h"
#include "npu/driver/session.h"
#include "st/fixtures/driver/driver_fixture.h"

/* A device that one client uses. */
struct driver_rig {
    int device;
    struct npu_driver_session *session;
    rtStream_t aicpu;
    rtStream_t cores;
    struct driver_board *board; /* device memory */
};

/* Names the device, enters a session of the architecture, makes streams and a board. All of it is asserted. */
void rig_open(struct driver_rig *rig, int device, const struct npu_arch *arch);
/* Resets the device and closes the session; asserts that nothing is left of it. */
void rig_close(struct driver_rig *rig);
/* After a reset: names the device again and makes streams and board anew. */
void rig_again(struct driver_rig *rig);

struct npu_driver_statistics rig_statistics(const struct driver_rig *rig);

/* Bytes of build/CONFIG/fixtures/driver/NAME.so; free() them. */
void *rig_fixture(const char *name, size_t *size);
/* Puts a fixture, or other bytes, into the kernel directory as `file`. */
void rig_install(const char *file, const char *fixture);
void rig_install_bytes(const char *file, const void *bytes, size_t size);
/* Writes `json` to a file of the device's /tmp and loads it as a binary. Returns the driver's code. */
int rig_load(const char *json, rtBinHandle *binary);
/* Loads a description of `file` with the ops "note_op" and "meet_op", and gives both functions. */
rtBinHandle rig_program(const char *file, rtFuncHandle *note, rtFuncHandle *meet);

int rig_launch(rtFuncHandle function, uint32_t threads, rtStream_t stream, const struct driver_order *order);
/* Registers the fixture as AICore image. */
void *rig_image(const char *fixture);
int rig_launch_cores(void *image, uint32_t blocks, rtStream_t stream, const struct driver_board *board);
/* Device memory with a CoreCallable of the fixture; the address that cores execute is 128 further. */
uint8_t *rig_callable(const char *fixture);
int rig_put_callable(uint8_t *address, const char *fixture);

/* A plan of one rule: the `nth` call of the site, `error` 0: the value fault `value`. */
void rig_fault(const char *site, uint64_t nth, int error, uint64_t value);

#endif
