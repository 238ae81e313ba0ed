/* SPDX-License-Identifier: Apache-2.0 */
/* user_code: st/fixtures/exec_user, opened and registered as the runtime does with kernels. */
#ifndef UT_EXEC_USER_CODE_H
#define UT_EXEC_USER_CODE_H

#include <dlfcn.h>

#include "ut/exec/exec_rig.h"

struct user_code {
    void *handle;
    void (*spin)(_Atomic uint32_t *word);
    void (*meet)(_Atomic uint32_t *mine, _Atomic uint32_t *theirs);
    void (*call)(void (*op)(void), _Atomic uint32_t *word);
    void (*fault)(uint32_t how);
    uint32_t (*recurse)(uint32_t depth);
};

static inline void *user_symbol(void *handle, const char *name)
{
    void *symbol = dlsym(handle, name);
    assert_non_null(symbol);
    return symbol;
}

static inline void user_open(struct user_code *user)
{
    user->handle = dlopen(BUILD_DIR "/fixtures/exec_user/user.so", RTLD_NOW | RTLD_LOCAL);
    assert_non_null(user->handle);
    *(void **)&user->spin = user_symbol(user->handle, "user_spin");
    *(void **)&user->meet = user_symbol(user->handle, "user_meet");
    *(void **)&user->call = user_symbol(user->handle, "user_call");
    *(void **)&user->fault = user_symbol(user->handle, "user_fault");
    *(void **)&user->recurse = user_symbol(user->handle, "user_recurse");
    assert_int_equal(exec_user_image_add(*(void **)&user->spin), 0);
}

static inline void user_close(struct user_code *user)
{
    exec_user_image_remove(*(void **)&user->spin);
    (void)dlclose(user->handle);
}

#endif
