/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/explorer/explorer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/explorer/exploration.h"
#include "harness/property/child.h"

#define EXPLORER_NS_PER_S UINT64_C(1000000000)
#define HANG_TIMES_SLOWEST 100u

/* The verdict is one run's and has its schedule. */
static bool is_of_a_run(enum explorer_verdict verdict)
{
    return verdict == EXPLORER_WRONG || verdict == EXPLORER_CRASHED || verdict == EXPLORER_HUNG;
}

/* Once more with the fixed points, in this process. */
static bool fails_here(struct exploration *exploration)
{
    if (exploration->failed) {
        exploration_close(exploration);
    }
    const struct explorer_report before = exploration->report;
    if (exploration_open(exploration) != 0) {
        exploration->report = before;
        return false;
    }
    bool fails = exploration_follow(exploration) > 0;
    if (fails) {
        (void)snprintf(exploration->report.message, sizeof(exploration->report.message), "%s",
                       exploration->outcome.message);
    }
    return fails;
}

/* What a child's end says about the play that was under way. */
static void judge(struct exploration *exploration, int status)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        exploration_verdict(exploration, EXPLORER_HUNG, "a run hangs: it takes longer than %u s",
                            exploration->hang_seconds);
    } else if (WIFSIGNALED(status)) {
        exploration_verdict(exploration, EXPLORER_CRASHED, "the process was killed by signal %d (%s)", WTERMSIG(status),
                            strsignal(WTERMSIG(status)));
    } else if (!exploration->finished) {
        exploration_verdict(exploration, EXPLORER_CRASHED, "the process ended with code %d in the middle of %s",
                            WEXITSTATUS(status), exploration->playing ? "a run" : "its work");
    } else if (WEXITSTATUS(status) != 0 && exploration->report.verdict == EXPLORER_HELD) {
        exploration_verdict(exploration, EXPLORER_LEFT, "the process ended with code %d after the runs (leak check)",
                            WEXITSTATUS(status));
    }
}

/* Runs `work` in a child. */
static void in_child(struct exploration *exploration, bool quiet, void (*work)(struct exploration *exploration))
{
    exploration->finished = false;
    exploration->playing = false;
    (void)fflush(NULL); /* or the child would write it once more */
    pid_t child = fork();
    if (child == 0) {
        child_prepare(quiet);
        exploration->hang_seconds = exploration->patience != 0 ? exploration->patience : child_hang_seconds();
        exploration->alarm_ns = 0;
        work(exploration);
        (void)alarm(0);
        exploration->finished = true;
        exit(0); /* not _exit: leak checks and coverage counters are part of it */
    }
    exploration->open = false; /* whatever the child had */
    int status = child > 0 ? child_wait(child) : -1;
    if (status == -1) {
        exploration_verdict(exploration, EXPLORER_BROKEN, "no process for the runs");
        return;
    }
    judge(exploration, status);
}

static void follow_once(struct exploration *exploration)
{
    if (exploration_open(exploration) == 0 && exploration_follow(exploration) > 0) {
        exploration_verdict(exploration, EXPLORER_WRONG, "%s", exploration->outcome.message);
    }
    exploration_close(exploration);
}

/* Once more with the fixed points, in a child. Only the same verdict counts: another failure is another matter. */
static bool fails_in_child(struct exploration *exploration)
{
    const struct explorer_report before = exploration->report;
    exploration->report.verdict = EXPLORER_HELD;
    in_child(exploration, true, follow_once);
    exploration->hung_seconds += exploration->report.verdict == EXPLORER_HUNG ? exploration->hang_seconds : 0;
    if (exploration->report.verdict == before.verdict) {
        return true;
    }
    exploration->report = before;
    return false;
}

/* Seconds after which a try hangs: many times what the slowest play took that came to an end, when there is one. */
static unsigned try_seconds(const struct exploration *exploration)
{
    unsigned most = child_hang_seconds();
    uint64_t seconds = 1u + exploration->slowest_ns / (EXPLORER_NS_PER_S / HANG_TIMES_SLOWEST);
    return exploration->slowest_ns == 0 || seconds > most ? most : (unsigned)seconds;
}

/*
 * Each try that hangs lasts as long as the patience with it, so tries have less; at the end the simplest schedule must
 * hang for the whole time, or else the one that was found is told.
 */
static void minimise_hang(struct exploration *exploration)
{
    struct explorer_report found = exploration->report;
    struct schedule first;
    if (schedule_create(&first) == 0) {
        schedule_copy(&first, &exploration->best, exploration->best.count);
        exploration->patience = try_seconds(exploration);
        minimise(exploration, fails_in_child);
        exploration->patience = 0;
        if (exploration->report.minimised && !minimise_again(exploration, fails_in_child)) {
            found.tries = exploration->report.tries;
            exploration->report = found;
            schedule_copy(&exploration->best, &first, first.count);
        }
    }
    schedule_destroy(&first);
}

static void explore_here(struct exploration *exploration)
{
    if (exploration_open(exploration) == 0) {
        exploration_run(exploration);
        if (exploration->report.verdict == EXPLORER_WRONG) {
            schedule_copy(&exploration->best, &exploration->player.path, exploration->player.path.count);
            minimise(exploration, fails_here);
        }
    }
    exploration_close(exploration);
}

static void explore_isolated(struct exploration *exploration)
{
    in_child(exploration, false, explore_here);
    if (exploration->finished || !exploration->playing) {
        return;
    }
    exploration->report.plays++;
    schedule_copy(&exploration->best, &exploration->player.path, exploration->player.path.count);
    if (exploration->report.verdict == EXPLORER_HUNG) {
        minimise_hang(exploration);
    } else {
        minimise(exploration, fails_in_child);
    }
}

static void tell_schedule(struct exploration *exploration)
{
    struct explorer_report *report = &exploration->report;
    if (!is_of_a_run(report->verdict) || report->plays == 0) {
        return;
    }
    struct schedule_size size = schedule_size(&exploration->best);
    report->preemptions = size.preemptions;
    report->departures = size.departures;
    (void)schedule_text(&exploration->best, report->schedule, sizeof(report->schedule));
}

enum explorer_verdict explorer_run(const struct explorer_subject *subject, const struct explorer_options *options,
                                   struct explorer_report *report)
{
    memset(report, 0, sizeof(*report));
    report->verdict = EXPLORER_BROKEN;
    (void)snprintf(report->message, sizeof(report->message), "no memory");
    void *shared = mmap(NULL, sizeof(struct exploration), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        return report->verdict;
    }
    struct exploration *exploration = shared;
    exploration->subject = subject;
    exploration->options = options;
    if (schedule_create(&exploration->player.path) == 0 && schedule_create(&exploration->best) == 0 &&
        outcomes_create(&exploration->outcomes) == 0) {
        (options->isolated ? explore_isolated : explore_here)(exploration);
        tell_schedule(exploration);
        *report = exploration->report;
    }
    outcomes_destroy(&exploration->outcomes);
    schedule_destroy(&exploration->best);
    schedule_destroy(&exploration->player.path);
    (void)munmap(shared, sizeof(*exploration));
    return report->verdict;
}
