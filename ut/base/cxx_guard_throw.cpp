/* SPDX-License-Identifier: Apache-2.0 */
#include "ut/base/cxx_guard_throw.h"

#include <stdexcept>

namespace
{

struct counted {
    int *counter;
    ~counted()
    {
        ++*counter;
    }
};

} // namespace

void throw_runtime_error(void *text)
{
    throw std::runtime_error(static_cast<const char *>(text));
}

void throw_number(void *)
{
    throw 7;
}

void throw_through_destructor(void *counter)
{
    counted local{static_cast<int *>(counter)};
    throw std::logic_error("unwound");
}
