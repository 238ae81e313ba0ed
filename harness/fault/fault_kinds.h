/* SPDX-License-Identifier: Apache-2.0 */
/* fault_kinds: what the fault loop does to a site, what may come of it, and what an error text has to name. */
#ifndef HARNESS_FAULT_FAULT_KINDS_H
#define HARNESS_FAULT_FAULT_KINDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"

/* What may come of a play in which the fault fired. A wrong result that says 0 is excused by nothing but `excuses`. */
enum fault_demand {
    FAULT_MAY_BE_TOLERATED, /* fails, or is right */
    FAULT_MUST_FAIL,        /* it is visible, so that a play that says 0 did not look */
    FAULT_MUST_BE_TOLERATED /* it does no harm, so that a play that fails is too nervous */
};

struct fault_kind {
    const char *site; /* prefix of the sites that it is for; "": all */
    const char *name; /* for reports: "lies" */
    bool silent;      /* the site says that all is well; a rule of error 0 with these values */
    uint64_t values[2];
    enum fault_demand demand;
    bool names_itself; /* the error text has to name the site's subject */
    bool waits;        /* only a deadline ends what it did */
    bool once;    /* only one call at a time: a device that is told nothing at all executes what its memory holds */
    bool excuses; /* wrong where only the truth (fault_truths) can know it is no failure */
};

/* The error that every site can fail with is the first one; the others are silent. */
extern const struct fault_kind fault_kinds[];
extern const size_t fault_kind_count;

/* False for places that are no calls: only silent faults happen there. */
bool fault_site_has_errors(const char *site);
/* What a device does not take back stays with it until it is reset: leaks are judged after finalize and init. */
bool fault_site_gives_back(const char *site);
bool fault_kind_is_for(const struct fault_kind *kind, const char *site);

/*
 * What an error text has to contain when a call of the site failed: by default the last part of the site's name
 * ("driver.rtMalloc": rtMalloc); for sites that a reader of the text knows by other words, one of these: "a|b".
 */
const char *fault_words_of(const char *site);
/* One of the words is in the text. */
bool fault_text_names(const char *text, const char *site);

#endif
