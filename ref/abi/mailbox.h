/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailbox: the 16384 bytes that a parent and one child process share (R3, R29, workers.md 1).
 *
 * The parent owns the payload while state is IDLE; storing TASK_READY or CONTROL_REQUEST with release order hands it to
 * the child, whose acquire load of state pairs with that store; DONE hands it back the same way. Only the state word
 * and the sticky shutdown word are atomics; the rest is plain memory.
 *
 * Cycles: IDLE -> TASK_READY -> TASK_DONE -> IDLE and IDLE -> CONTROL_REQUEST -> CONTROL_DONE -> IDLE. SHUTDOWN ends
 * the child. The sticky shutdown word, once 1, stays 1, so that a DONE stored over SHUTDOWN loses nothing. A DONE
 * counts only when the child's echo is the request's sequence; a child that never wrote the magic (an older one) is not
 * checked.
 */
#ifndef ABI_MAILBOX_H
#define ABI_MAILBOX_H

#include "abi/call_config.h"
#include "abi/layout.h"
#include "abi/limits.h"
#include "abi/task_args.h"

PTO_BEGIN_DECLS

#define PTO_MAILBOX_BYTES 16384u
#define PTO_MAILBOX_OFFSET_STATE 0u
#define PTO_MAILBOX_OFFSET_ERROR 4u
#define PTO_MAILBOX_OFFSET_COMMAND 8u
#define PTO_MAILBOX_OFFSET_CONFIG 16u
#define PTO_MAILBOX_OFFSET_ARGS 1064u
#define PTO_MAILBOX_OFFSET_EXTENSION 16064u
#define PTO_MAILBOX_OFFSET_ERROR_TEXT 16128u
#define PTO_MAILBOX_ARGS_CAPACITY 15000u
#define PTO_MAILBOX_ERROR_TEXT_BYTES 256u /* the NUL included */
#define PTO_MAILBOX_NAME_BYTES 32u        /* of a shared-memory name, the NUL included */

/* The argument blob: i32 tensors, i32 scalars, then 40 bytes per tensor and 8 per scalar. */
#define PTO_BLOB_HEADER_BYTES 8u
#define PTO_BLOB_MAX_BYTES                                                                     \
    (PTO_BLOB_HEADER_BYTES + PTO_CHIP_MAX_TENSOR_ARGS * sizeof(struct pto_continuous_tensor) + \
     PTO_CHIP_MAX_SCALAR_ARGS * sizeof(uint64_t))
PTO_STATIC_ASSERT(PTO_BLOB_MAX_BYTES == 6152, "size of the largest legal blob");
PTO_STATIC_ASSERT(PTO_MAILBOX_ARGS_CAPACITY >= PTO_BLOB_MAX_BYTES, "every legal blob fits into the mailbox");

enum pto_mailbox_state {
    PTO_MAILBOX_IDLE = 0,
    PTO_MAILBOX_TASK_READY = 1,
    PTO_MAILBOX_TASK_DONE = 2,
    PTO_MAILBOX_SHUTDOWN = 3,
    PTO_MAILBOX_CONTROL_REQUEST = 4,
    PTO_MAILBOX_CONTROL_DONE = 5,
};

enum pto_mailbox_control_command {
    PTO_CONTROL_MALLOC = 0,         /* args[0] bytes -> result address */
    PTO_CONTROL_FREE = 1,           /* args[0] address */
    PTO_CONTROL_COPY_TO = 2,        /* args: device destination, host source, bytes */
    PTO_CONTROL_COPY_FROM = 3,      /* args: host destination, device source, bytes */
    PTO_CONTROL_PREPARE = 4,        /* args[0] callable id */
    PTO_CONTROL_REGISTER = 5,       /* args[0] callable id; name A: segment with the ChipCallable */
    PTO_CONTROL_UNREGISTER = 6,     /* args[0] callable id */
    PTO_CONTROL_ALLOC_DOMAIN = 7,   /* name A: request segment; name B: reply segment */
    PTO_CONTROL_RELEASE_DOMAIN = 8, /* name A: request segment */
    PTO_CONTROL_COMM_INIT = 9,      /* name A: request segment */
};

/* Lies over the config while state is a control state. */
struct pto_mailbox_control {
    uint64_t args[3];
    uint64_t result; /* written by the child */
};
PTO_ASSERT_SIZE(struct pto_mailbox_control, 32);

/* Lies over the blob while state is a control state. NUL-terminated, zero-padded, without a leading '/'. */
struct pto_mailbox_names {
    char a[PTO_MAILBOX_NAME_BYTES];
    char b[PTO_MAILBOX_NAME_BYTES];
};
PTO_ASSERT_SIZE(struct pto_mailbox_names, 64);

#define PTO_MAILBOX_MAGIC 0x584D5450u /* "PTMX" */
#define PTO_MAILBOX_VERSION 1u

struct pto_mailbox_extension {
    uint32_t magic; /* written by the child when it starts */
    uint32_t version;
    uint64_t request_sequence;     /* parent, before each request */
    uint64_t echo_sequence;        /* child, before DONE */
    PTO_ATOMIC(uint32_t) shutdown; /* parent, 0 -> 1 once */
    int32_t child_pid;
    uint64_t generation; /* counts the children that served this mailbox */
    uint8_t reserved[24];
};
PTO_ASSERT_SIZE(struct pto_mailbox_extension, 64);
PTO_ASSERT_FIELD(struct pto_mailbox_extension, magic, 0);
PTO_ASSERT_FIELD(struct pto_mailbox_extension, version, 4);
PTO_ASSERT_FIELD(struct pto_mailbox_extension, request_sequence, 8);
PTO_ASSERT_FIELD(struct pto_mailbox_extension, echo_sequence, 16);
PTO_ASSERT_FIELD(struct pto_mailbox_extension, shutdown, 24);
PTO_ASSERT_FIELD(struct pto_mailbox_extension, child_pid, 28);
PTO_ASSERT_FIELD(struct pto_mailbox_extension, generation, 32);

union pto_mailbox_parameters {
    struct pto_call_config config;      /* task */
    struct pto_mailbox_control control; /* control */
};
PTO_ASSERT_SIZE(union pto_mailbox_parameters, 1048);

union pto_mailbox_payload {
    uint8_t blob[PTO_MAILBOX_ARGS_CAPACITY]; /* task: read by the one blob parser of ref/base, with this capacity */
    struct pto_mailbox_names names;          /* control */
};
PTO_ASSERT_SIZE(union pto_mailbox_payload, PTO_MAILBOX_ARGS_CAPACITY);

struct pto_mailbox {
    PTO_ATOMIC(uint32_t) state; /* enum pto_mailbox_state */
    int32_t error;              /* 0 or why the child failed; zeroed by the parent before each request */
    uint64_t command;           /* task: callable id, zero-extended; control: enum pto_mailbox_control_command */
    union pto_mailbox_parameters parameters;
    union pto_mailbox_payload payload;
    struct pto_mailbox_extension extension;
    char error_text[PTO_MAILBOX_ERROR_TEXT_BYTES]; /* UTF-8, NUL-terminated */
};
PTO_ASSERT_SIZE(struct pto_mailbox, PTO_MAILBOX_BYTES);
PTO_ASSERT_FIELD(struct pto_mailbox, state, PTO_MAILBOX_OFFSET_STATE);
PTO_ASSERT_FIELD(struct pto_mailbox, error, PTO_MAILBOX_OFFSET_ERROR);
PTO_ASSERT_FIELD(struct pto_mailbox, command, PTO_MAILBOX_OFFSET_COMMAND);
PTO_ASSERT_FIELD(struct pto_mailbox, parameters, PTO_MAILBOX_OFFSET_CONFIG);
PTO_ASSERT_FIELD(struct pto_mailbox, payload, PTO_MAILBOX_OFFSET_ARGS);
PTO_ASSERT_FIELD(struct pto_mailbox, extension, PTO_MAILBOX_OFFSET_EXTENSION);
PTO_ASSERT_FIELD(struct pto_mailbox, error_text, PTO_MAILBOX_OFFSET_ERROR_TEXT);

PTO_END_DECLS

#endif
