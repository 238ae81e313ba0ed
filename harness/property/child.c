/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/property/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long one case may take before it counts as hung; not a measurement, only the end of all patience. */
#define CHILD_HANG_SECONDS 60u

/* What parent and child share. The child writes, the parent reads after the child has ended. */
struct child_shared {
    struct choice choice;
    struct property_context context;
    uint64_t index;
    bool failed;
    bool finished;
    uint8_t bytes[];
};

unsigned child_hang_seconds(void)
{
    const char *text = getenv("PROPERTY_HANG_SECONDS");
    unsigned long seconds = text != NULL ? strtoul(text, NULL, 10) : 0;
    return seconds != 0 && seconds < 86400 ? (unsigned)seconds : CHILD_HANG_SECONDS;
}

static void child_run_cases(const struct child_job *job, struct child_shared *shared, unsigned hang_seconds)
{
    for (uint64_t index = job->first; index < job->end && !shared->failed; index++) {
        shared->index = index;
        shared->context.message[0] = '\0';
        (void)alarm(hang_seconds);
        if (job->feed(job->feed_context, index, shared->bytes, job->capacity, &shared->choice) != 0) {
            shared->failed = property_fail(&shared->context, "case %lu cannot be fed", index) != 0;
        } else {
            shared->failed = job->property->run(&shared->choice, &shared->context) != 0;
        }
    }
    (void)alarm(0);
    shared->finished = true;
}

void child_prepare(bool quiet)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGALRM};
    for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++) {
        (void)signal(crashes[i], SIG_DFL);
    }
    struct rlimit no_core = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &no_core);
    int nowhere = quiet ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
    if (nowhere >= 0) {
        (void)dup2(nowhere, STDOUT_FILENO);
        (void)dup2(nowhere, STDERR_FILENO);
        (void)close(nowhere);
    }
}

int child_wait(int child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return status;
}

static void child_judge(const struct child_shared *shared, int status, struct child_report *report)
{
    report->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    report->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (report->signal == SIGALRM) {
        report->verdict = CHILD_HUNG;
        (void)snprintf(report->message, sizeof(report->message), "the case hangs");
    } else if (report->signal != 0) {
        report->verdict = CHILD_CRASHED;
        (void)snprintf(report->message, sizeof(report->message), "killed by signal %d (%s)", report->signal,
                       strsignal(report->signal));
    } else if (shared->failed) {
        report->verdict = CHILD_FAILED;
        (void)snprintf(report->message, sizeof(report->message), "%s", shared->context.message);
    } else if (report->exit_code != 0 || !shared->finished) {
        report->verdict = shared->finished ? CHILD_LEAKED : CHILD_CRASHED;
        (void)snprintf(report->message, sizeof(report->message), "ended with exit code %d %s", report->exit_code,
                       shared->finished ? "after the case (leak check)" : "in the case");
    }
}

void child_run(const struct child_job *job, struct child_report *report, uint8_t *bytes)
{
    *report = (struct child_report){.verdict = CHILD_BROKEN, .message = "no memory or no process for the cases"};
    size_t size = sizeof(struct child_shared) + job->capacity;
    struct child_shared *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        return;
    }
    shared->context.state = job->state;
    shared->index = job->first;
    int status = 0;
    pid_t child = 0;
    if (job->isolated) {
        (void)fflush(NULL);
        child = fork();
        if (child == 0) {
            child_prepare(job->quiet);
            child_run_cases(job, shared, child_hang_seconds());
            exit(0);
        }
        status = child > 0 ? child_wait(child) : -1;
    } else {
        child_run_cases(job, shared, 0);
    }
    if (child >= 0 && status != -1) {
        report->verdict = CHILD_PASSED;
        report->message[0] = '\0';
        report->index = shared->index;
        child_judge(shared, status, report);
        report->size = choice_used(&shared->choice);
        if (bytes != NULL && report->size != 0) {
            memcpy(bytes, shared->bytes, report->size);
        }
    }
    (void)munmap(shared, size);
}
