/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fault.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* Far more sites than the product has; a site that finds no room still obeys its rules, it is only not listed. */
#define FAULT_SITE_SLOTS 1024u

struct fault_armed_rule {
    struct fault_rule rule;
    uint64_t calls;
};

_Atomic bool fault_plan_active;

static pthread_mutex_t fault_lock = PTHREAD_MUTEX_INITIALIZER;
static struct fault_armed_rule *fault_rules;
static size_t fault_rule_count;
static struct fault_site_count fault_slots[FAULT_SITE_SLOTS];
static bool fault_silent_slots[FAULT_SITE_SLOTS]; /* of the same index */
static struct fault_truth fault_told[FAULT_TRUTHS_MAX];
static size_t fault_told_count;

static void fault_lock_for_fork(void)
{
    (void)pthread_mutex_lock(&fault_lock);
}

static void fault_unlock_after_fork(void)
{
    (void)pthread_mutex_unlock(&fault_lock);
}

/* A child inherits the plan, and must not inherit the lock in another thread's hands. */
__attribute__((constructor)) static void fault_start(void)
{
    (void)pthread_atfork(fault_lock_for_fork, fault_unlock_after_fork, fault_unlock_after_fork);
}

static struct fault_site_count *fault_slot(const char *site)
{
    size_t length = strnlen(site, FAULT_SITE_NAME_BYTES - 1);
    size_t start = (size_t)(hash_bytes(site, length) % FAULT_SITE_SLOTS);
    for (size_t step = 0; step < FAULT_SITE_SLOTS; step++) {
        struct fault_site_count *slot = &fault_slots[(start + step) % FAULT_SITE_SLOTS];
        if (slot->site[0] == '\0') {
            memcpy(slot->site, site, length);
            return slot;
        }
        if (strncmp(slot->site, site, FAULT_SITE_NAME_BYTES - 1) == 0) {
            return slot;
        }
    }
    return NULL;
}

static int fault_check_rule(const struct fault_rule *rule)
{
    bool terminated = memchr(rule->site, '\0', sizeof(rule->site)) != NULL;
    return terminated && rule->site[0] != '\0' && rule->nth != 0 && rule->error >= 0 ? 0 : -EINVAL;
}

static void fault_replace_rules(struct fault_armed_rule *rules, size_t count, bool active)
{
    (void)pthread_mutex_lock(&fault_lock);
    struct fault_armed_rule *old = fault_rules;
    fault_rules = rules;
    fault_rule_count = count;
    if (active) {
        fault_told_count = 0; /* what a cleared plan did is still to be judged */
    }
    memset(fault_slots, 0, sizeof(fault_slots));
    memset(fault_silent_slots, 0, sizeof(fault_silent_slots));
    /* Relaxed: pairs with the load in fault_hit; the rules themselves are ordered by the lock. */
    atomic_store_explicit(&fault_plan_active, active, memory_order_relaxed);
    (void)pthread_mutex_unlock(&fault_lock);
    free(old);
}

int fault_plan_install(const struct fault_rule *rules, size_t count)
{
    if (count != 0 && rules == NULL) {
        return -EINVAL;
    }
    for (size_t i = 0; i < count; i++) {
        if (fault_check_rule(&rules[i]) != 0) {
            return -EINVAL;
        }
    }
    struct fault_armed_rule *armed = NULL;
    if (count != 0) {
        armed = calloc(count, sizeof(*armed));
        if (armed == NULL) {
            return -ENOMEM;
        }
        for (size_t i = 0; i < count; i++) {
            armed[i].rule = rules[i];
        }
    }
    fault_replace_rules(armed, count, true);
    return 0;
}

void fault_plan_clear(void)
{
    fault_replace_rules(NULL, 0, false);
}

static int fault_compare_sites(const void *left, const void *right)
{
    const struct fault_site_count *a = left;
    const struct fault_site_count *b = right;
    return strcmp(a->site, b->site);
}

size_t fault_sites(struct fault_site_count *sites, size_t capacity)
{
    static struct fault_site_count seen[FAULT_SITE_SLOTS];
    size_t count = 0;
    (void)pthread_mutex_lock(&fault_lock);
    for (size_t i = 0; i < FAULT_SITE_SLOTS; i++) {
        if (fault_slots[i].site[0] != '\0') {
            seen[count++] = fault_slots[i];
        }
    }
    qsort(seen, count, sizeof(seen[0]), fault_compare_sites);
    size_t copied = count < capacity ? count : capacity;
    if (copied != 0) {
        memcpy(sites, seen, copied * sizeof(seen[0]));
    }
    (void)pthread_mutex_unlock(&fault_lock);
    return count;
}

bool fault_site_is_silent(const char *site)
{
    (void)pthread_mutex_lock(&fault_lock);
    bool silent = false;
    for (size_t i = 0; i < FAULT_SITE_SLOTS && !silent; i++) {
        silent = fault_silent_slots[i] && strcmp(fault_slots[i].site, site) == 0;
    }
    (void)pthread_mutex_unlock(&fault_lock);
    return silent;
}

void fault_tell_truth(const char *site, const uint64_t values[4])
{
    (void)pthread_mutex_lock(&fault_lock);
    if (fault_told_count < FAULT_TRUTHS_MAX) {
        struct fault_truth *truth = &fault_told[fault_told_count];
        size_t length = strnlen(site, sizeof(truth->site) - 1);
        memset(truth->site, 0, sizeof(truth->site));
        memcpy(truth->site, site, length);
        memcpy(truth->values, values, sizeof(truth->values));
    }
    fault_told_count++;
    (void)pthread_mutex_unlock(&fault_lock);
}

size_t fault_truths(struct fault_truth *truths, size_t capacity)
{
    (void)pthread_mutex_lock(&fault_lock);
    size_t count = fault_told_count;
    size_t kept = count < FAULT_TRUTHS_MAX ? count : FAULT_TRUTHS_MAX;
    size_t copied = kept < capacity ? kept : capacity;
    if (copied != 0) {
        memcpy(truths, fault_told, copied * sizeof(truths[0]));
    }
    (void)pthread_mutex_unlock(&fault_lock);
    return count;
}

/*
 * Counts the call against every rule of the site and returns the first rule that is due, if any. A rule of error 0 says
 * nothing to a site that can only fail with an error, so such a site (`wants_value` false) does not fire it.
 */
static const struct fault_rule *fault_due(const char *site, bool wants_value)
{
    const struct fault_rule *due = NULL;
    for (size_t i = 0; i < fault_rule_count; i++) {
        struct fault_armed_rule *armed = &fault_rules[i];
        if (strcmp(armed->rule.site, site) != 0) {
            continue;
        }
        armed->calls++;
        bool now = armed->calls == armed->rule.nth || (armed->rule.sticky && armed->calls > armed->rule.nth);
        if (now && due == NULL && (wants_value || armed->rule.error != 0)) {
            due = &armed->rule;
        }
    }
    return due;
}

int fault_hit_slow(const char *site, struct fault_rule *rule)
{
    int result = 0;
    (void)pthread_mutex_lock(&fault_lock);
    if (atomic_load_explicit(&fault_plan_active, memory_order_relaxed)) { /* relaxed: under the lock */
        struct fault_site_count *slot = fault_slot(site);
        const struct fault_rule *due = fault_due(site, rule != NULL);
        if (slot != NULL) {
            slot->calls++;
            slot->fired += due != NULL;
            fault_silent_slots[slot - fault_slots] = rule != NULL;
        }
        if (due != NULL) {
            result = due->error != 0 ? due->error : 1;
            if (rule != NULL) {
                *rule = *due;
            }
        }
    }
    (void)pthread_mutex_unlock(&fault_lock);
    return result;
}
