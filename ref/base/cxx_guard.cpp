/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cxx_guard.h"

#include <cxxabi.h>

#include <cstring>
#include <exception>

namespace
{

void copy_text(const char *text, char *what, size_t capacity)
{
    if (capacity == 0) {
        return;
    }
    size_t length = strnlen(text, capacity - 1);
    memcpy(what, text, length);
    what[length] = '\0';
}

} // namespace

extern "C" int cxx_guard_call(void (*entry)(void *), void *argument, char *what, size_t capacity)
{
    try {
        entry(argument);
        return 0;
    } catch (abi::__forced_unwind &) {
        throw; /* swallowing a thread's cancellation would abort the process */
    } catch (const std::exception &exception) {
        copy_text(exception.what() != nullptr ? exception.what() : "", what, capacity);
    } catch (...) {
        copy_text("unknown exception", what, capacity);
    }
    return -1;
}
