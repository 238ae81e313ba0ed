/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device: the devices of the process and the memory that each has left.
 *
 * Found by id, made on first use, gone with its last owner; a device made again is a new one with the default capacity.
 * Used by hbm only.
 */
#ifndef NPU_DEVICE_H
#define NPU_DEVICE_H

#include <stdint.h>

struct npu_device;

/* Takes one reference. Returns 0, -EINVAL (negative id), -ENOMEM. */
int npu_device_acquire(int device_id, struct npu_device **device);
void npu_device_release(struct npu_device *device);

/* Takes `bytes` out of what is left. Returns 0, or -ENOMEM with nothing taken. */
int npu_device_charge(struct npu_device *device, uint64_t bytes);
void npu_device_refund(struct npu_device *device, uint64_t bytes);

/* Returns 0, or -EBUSY when more is in use. */
int npu_device_set_capacity(struct npu_device *device, uint64_t bytes);
void npu_device_usage(struct npu_device *device, uint64_t *capacity, uint64_t *in_use);

#endif
