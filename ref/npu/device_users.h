/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_users: which contexts of the process use a device through the driver, and whether it is poisoned (R17).
 *
 * A device fault poisons the device for all its users. It is reset when its last user leaves, and when any user leaves
 * while it is poisoned; users that were there before such a reset stay poisoned until they have left too, while who
 * joins afterwards finds a sound device. One table per process, whichever host runtimes are loaded. Thread safe.
 */
#ifndef NPU_DEVICE_USERS_H
#define NPU_DEVICE_USERS_H

#include <stdbool.h>
#include <stdint.h>

#define NPU_DEVICE_FAULT_TEXT_BYTES 192u

struct npu_device_user {
    int device_id;
    uint64_t generation; /* of the device when the user joined; the next reset ends it */
};

/* Resets a device; 0 or the driver's code. Called without any lock, while nobody can join. */
typedef int npu_device_reset(int device_id);

/*
 * Resets the device first when the last attempt to do so failed. Fault site "npu.device_user". Returns 0, -ENOMEM,
 * -EINVAL (negative id), or -EIO when the device is poisoned or cannot be reset: then `user` is filled for
 * npu_device_faulted, but has not joined (and a 0 from that says that the device is sound again).
 */
int npu_device_join(int device_id, npu_device_reset *reset, struct npu_device_user *user);

/* Poisons the user's device. The first fault of a generation stays. */
void npu_device_fault(const struct npu_device_user *user, int code, const char *text);

/* 0, or the code of the first fault of the user's generation, with its text (NULL: not wanted). */
int npu_device_faulted(const struct npu_device_user *user, char text[NPU_DEVICE_FAULT_TEXT_BYTES]);

/* True when the device was reset since the user joined: nothing that it held on the device is there any more. */
bool npu_device_was_reset(const struct npu_device_user *user);

/*
 * Leaves; calls `reset` when the device is to be reset. Returns its result, 0 when it was not called. A reset that
 * fails is due again when the next user joins or leaves.
 */
int npu_device_leave(const struct npu_device_user *user, npu_device_reset *reset);

/* A number that no other context of the process has, whichever host runtime made it; from 1. */
int npu_device_next_serial(void);

#endif
