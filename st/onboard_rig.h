/* SPDX-License-Identifier: Apache-2.0 */
/* onboard_rig: what the system tests of a device behind a driver share. */
#ifndef ST_ONBOARD_RIG_H
#define ST_ONBOARD_RIG_H

#include <stdlib.h>
#include <string.h>

#include "abi/callable.h"
#include "npu/driver/driver.h"
#include "st/runtime_fixture.h"

static inline const struct runtime_api *api_of(const struct runtime_fixture *fixture)
{
    return &fixture->client.api;
}

static inline struct pto_statistics statistics(const struct runtime_fixture *fixture)
{
    return fixture_statistics(fixture, fixture->context);
}

static inline void expect_reinit(const struct runtime_fixture *fixture)
{
    assert_int_equal(api_of(fixture)->finalize_device(fixture->context), 0);
    int result = runtime_client_init(&fixture->client, fixture->context, 0);
    if (result != 0) {
        fail_msg("init returned %d: %s", result, fixture->client.debug->last_error(fixture->context));
    }
}

/* Calls of `site` since this plan was installed. */
static inline uint64_t calls_of(const struct runtime_fixture *fixture, const char *site)
{
    struct pto_fault_site sites[512];
    size_t count = fixture->client.debug->get_fault_sites(sites, 512);
    for (size_t i = 0; i < count && i < 512; i++) {
        if (strcmp(sites[i].site, site) == 0) {
            return sites[i].calls;
        }
    }
    return 0;
}

static inline void plan(const struct runtime_fixture *fixture, const char *site, uint32_t sticky, int32_t error)
{
    struct pto_fault_rule rule = {.nth = 1, .sticky = sticky, .error = error};
    assert_true(strlen(site) < sizeof(rule.site));
    strcpy(rule.site, site);
    assert_int_equal(fixture->client.debug->install_faults(&rule, 1), 0);
}

/* Tests that bring a program to a further device: its file, and what the process knows of it, stay (R10). */
static inline int bare_setup(void **state)
{
    struct runtime_fixture *fixture = *state;
    fixture->context = fixture->client.api.create_device_context();
    return fixture->context != NULL ? runtime_client_init(&fixture->client, fixture->context, 0) : -1;
}

static inline int bare_teardown(void **state)
{
    struct runtime_fixture *fixture = *state;
    fixture->client.debug->clear_faults();
    fixture->client.api.destroy_device_context(fixture->context);
    fixture->context = NULL;
    return 0;
}

#endif
