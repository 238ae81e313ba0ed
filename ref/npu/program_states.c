/* SPDX-License-Identifier: Apache-2.0 */
#include "npu/program_states.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"

struct program_state {
    struct program_state *next;
    void *state;
    int device_id;
    npu_release_state *release;
};

static pthread_mutex_t program_lock = PTHREAD_MUTEX_INITIALIZER;
static struct program_state *program_states;

int npu_program_state_add(void *state, int device_id, npu_release_state *release)
{
    struct program_state *entry = os_alloc("npu.program_state", sizeof(*entry));
    if (entry == NULL) {
        return -ENOMEM;
    }
    (void)pthread_mutex_lock(&program_lock);
    *entry = (struct program_state){.next = program_states, .state = state, .device_id = device_id, .release = release};
    program_states = entry;
    (void)pthread_mutex_unlock(&program_lock);
    return 0;
}

/* Takes the entry that `link` points to out of the list. */
static struct program_state *program_take(struct program_state **link)
{
    struct program_state *entry = *link;
    *link = entry->next;
    return entry;
}

void npu_program_state_remove(const void *state)
{
    struct program_state *taken = NULL;
    (void)pthread_mutex_lock(&program_lock);
    for (struct program_state **link = &program_states; *link != NULL && taken == NULL;) {
        if ((*link)->state == state) {
            taken = program_take(link);
        } else {
            link = &(*link)->next;
        }
    }
    (void)pthread_mutex_unlock(&program_lock);
    free(taken);
}

static bool program_has_code(void *handle, npu_release_state *release)
{
    void *code;
    memcpy(&code, &release, sizeof(code)); /* ISO C has no conversion between object and function pointers */
    Dl_info info;
    struct link_map *of_code = NULL;
    struct link_map *of_handle = NULL;
    return dladdr1(code, &info, (void **)&of_code, RTLD_DL_LINKMAP) != 0 &&
           dlinfo(handle, RTLD_DI_LINKMAP, &of_handle) == 0 && of_code == of_handle;
}

void npu_program_states_release(int device_id, void *handle)
{
    struct program_state *doomed = NULL;
    (void)pthread_mutex_lock(&program_lock);
    for (struct program_state **link = &program_states; *link != NULL;) {
        if ((*link)->device_id == device_id && program_has_code(handle, (*link)->release)) {
            struct program_state *entry = program_take(link);
            entry->next = doomed;
            doomed = entry;
        } else {
            link = &(*link)->next;
        }
    }
    (void)pthread_mutex_unlock(&program_lock);
    while (doomed != NULL) {
        struct program_state *entry = doomed;
        doomed = entry->next;
        entry->release(entry->state);
        free(entry);
    }
}
