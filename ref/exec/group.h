/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group: what a group of processors is on either engine: its records, how it went, and the report about it. Private to
 * exec.
 */
#ifndef EXEC_GROUP_H
#define EXEC_GROUP_H

#include "exec/processor.h"

/* True when no processor of the group is left. Relaxed: says nothing about their memory, see exec_group_joined. */
EXEC_NO_TSAN static inline bool exec_group_is_over(const struct exec_group *group)
{
    return exec_private_load(&group->live) == 0;
}

/* Fills in the state of a new run and of each of its processors; links the group behind the running ones. */
void exec_group_begin(struct exec_group *group);
void exec_group_unlink(struct exec_group *group);

/* Release: what happened before the run is seen by its processors, each of which calls exec_group_entered first. */
void exec_group_publish(struct exec_group *group);
void exec_group_entered(struct exec_group *group);
/* One processor is over, and what it did is seen by who calls exec_group_joined. True for the last one. */
bool exec_group_left(struct exec_group *group);
void exec_group_joined(struct exec_group *group);

/*
 * Records the first bad end of the group, who caused it, and the report; later ones are ignored. True when it was the
 * first. Does not cancel. EXEC_END_SYNC_TIMEOUT also replaces a mere EXEC_END_CANCELLED.
 */
bool exec_group_record(struct exec_group *group, enum exec_end end, int signal_number,
                       const struct exec_processor *culprit, const char *headline);

/* Records and cancels, on either engine. On the threads engine the lock must not be held. */
void exec_group_fail(struct exec_group *group, enum exec_end end, int signal_number,
                     const struct exec_processor *culprit, const char *headline);

/* Copies how the run went. */
void exec_group_tell(const struct exec_group *group, struct exec_outcome *outcome);

/* Writes `headline` and a line per processor into group->report (report.c). */
void exec_report_write(struct exec_group *group, const char *headline);

#endif
