/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault: named sites at which a fault plan can make a call fail (design section 4 "Faults").
 *
 * Product code names no fault. Every fallible call (allocation, copy, file, dlopen, mmap, fork, thread, launch) asks
 * fault_hit("subject.call") first and takes the error it is given exactly as if the call itself had failed. A plan is a
 * list of rules "the Nth call of site S fails with E, once or from then on". Without a plan a site costs one relaxed
 * load.
 *
 * The plan is process-wide (it lives in libnpu.so, once) and thread safe. Counting starts when a plan is installed; an
 * empty plan only counts, which is how the fault loop learns which sites a scenario reaches.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAULT_SITE_NAME_BYTES 64u

struct fault_rule {
    char site[FAULT_SITE_NAME_BYTES];
    uint64_t nth;       /* 1 = the first call after the plan was installed */
    bool sticky;        /* false: that call only; true: that call and all later ones */
    int32_t error;      /* positive errno or driver code handed to the caller; 0: the site's silent or value fault */
    uint64_t values[2]; /* what a value fault publishes (R12: address and size) */
};

struct fault_site_count {
    char site[FAULT_SITE_NAME_BYTES];
    uint64_t calls; /* since the plan was installed */
    uint64_t fired;
};

/* Replaces the plan; count 0 and rules NULL: count only. Returns 0, -EINVAL (unterminated name, nth 0), -ENOMEM. */
int fault_plan_install(const struct fault_rule *rules, size_t count);
/* No plan, no counting. */
void fault_plan_clear(void);
/* Copies up to `capacity` site records, sorted by name; returns how many sites were seen. */
size_t fault_sites(struct fault_site_count *sites, size_t capacity);
/* True when the site was reached since the plan was installed and obeys silent or value faults (error 0). */
bool fault_site_is_silent(const char *site);

/*
 * The truth beside the faulty view: a site that reports something done which was not says here what it was, so that an
 * oracle can tell what is excusable. The site gives the four values their meaning.
 */
struct fault_truth {
    char site[FAULT_SITE_NAME_BYTES];
    uint64_t values[4];
};
void fault_tell_truth(const char *site, const uint64_t values[4]);
/* Copies up to `capacity` truths, oldest first; returns how many were told since the plan was installed, also after it
 * was cleared. Only the first FAULT_TRUTHS_MAX are kept. */
#define FAULT_TRUTHS_MAX 1024u
size_t fault_truths(struct fault_truth *truths, size_t capacity);

extern _Atomic bool fault_plan_active;
int fault_hit_slow(const char *site, struct fault_rule *rule);

/* 0: go on; otherwise the positive error to fail with. */
static inline int fault_hit(const char *site)
{
    /* Relaxed: installing a plan while calls are under way makes no promise about those calls. */
    return atomic_load_explicit(&fault_plan_active, memory_order_relaxed) ? fault_hit_slow(site, NULL) : 0;
}

/* For value faults: true when a rule fired, which is then copied out. */
static inline bool fault_value(const char *site, struct fault_rule *rule)
{
    return atomic_load_explicit(&fault_plan_active, memory_order_relaxed) && fault_hit_slow(site, rule) != 0;
}

#endif
