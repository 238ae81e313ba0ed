/* SPDX-License-Identifier: Apache-2.0 */
/*
 * onboard_fixture: contexts behind the driver, with graphs of graph_fixture, one-rule fault plans on driver calls, and
 * a spy that stands between the host program and three calls of the driver and keeps what they were given.
 */
#ifndef UT_HOST_ONBOARD_FIXTURE_H
#define UT_HOST_ONBOARD_FIXTURE_H

#include <limits.h>

#include "abi/bootstrap.h"
#include "host/context.h"
#include "host/platform/onboard.h"
#include "ut/host_hbg/graph_fixture.h"

#define SPY_TEXT_BYTES 4096u
#define SPY_MAPPINGS 8u

struct driver_spy {
    uint32_t bootstraps;
    struct pto_bootstrap_launch launch;       /* of the last bootstrap */
    struct pto_bootstrap_args arguments;      /* ... that it points to */
    uint32_t launch_bytes;                    /* ... */
    uint32_t name_offsets[2];                 /* ... of the SO and of the kernel */
    bool images_there;                        /* ... both images were on the device */
    char path[PATH_MAX];                      /* of the last description */
    char text[SPY_TEXT_BYTES];                /* ... and its bytes */
    uint32_t mappings;                        /* calls of halMemCtl */
    uint64_t mapping_times_ns[SPY_MAPPINGS];  /* ... exec time of the first of them */
    struct fixture_image dispatcher, program; /* what images_there compares with */
};
extern struct driver_spy driver_spy;

/* The nth call of a site fails with a driver's code, or with 0 reports success and does nothing. */
void onboard_plan(const char *site, uint64_t nth, int32_t code);
/* Plays the golden graph. */
int onboard_play(void *ctx, struct fixture_args *args);
/* Fails unless the text is part of the last error. */
void onboard_expect_text(void *ctx, const char *text);
/* Fails unless the device is poisoned and later calls name this. */
void onboard_expect_poisoned(void *ctx, const char *text);
void onboard_expect_sound(void *ctx);
/* A context of the folder's programs on a device, with callable 0; for devices that no other test has used. */
void *onboard_context(int device_id);
/* Finalize and init on device 0, callable 0 prepared again. */
void onboard_again(void *ctx);
struct platform *onboard_platform(void *ctx);

#endif
