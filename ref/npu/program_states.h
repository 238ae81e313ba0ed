/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program_states: what AICPU programs keep outside device memory (host heap, library handles).
 *
 * On hardware that dies with the device's processes when a device is reset. Here a program enters each state that it
 * makes, takes it out when it gives the state back itself, and the driver releases what is left before it unloads the
 * program. Thread safe.
 */
#ifndef NPU_PROGRAM_STATES_H
#define NPU_PROGRAM_STATES_H

typedef void npu_release_state(void *state);

/*
 * `release` is code of the program, called without a lock held, when the device memory of the state's context may be
 * gone. Fault site "npu.program_state". Returns 0 or -ENOMEM.
 */
int npu_program_state_add(void *state, int device_id, npu_release_state *release);
void npu_program_state_remove(const void *state);
/* Releases the states of this device whose code lies in the library `handle` (of dlopen). */
void npu_program_states_release(int device_id, void *handle);

#endif
