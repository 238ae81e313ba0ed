/* SPDX-License-Identifier: Apache-2.0 */
/* variant: which of the eight host runtimes this is, in words; chosen by what the build defines. */
#ifndef HOST_VARIANT_H
#define HOST_VARIANT_H

#include "npu/arch.h"

#if defined(RUNTIME_TRB)
#define HOST_RUNTIME_NAME "tensormap_and_ringbuffer"
#elif defined(RUNTIME_HBG)
#define HOST_RUNTIME_NAME "host_build_graph"
#else
#error "a host runtime is compiled with RUNTIME_TRB or RUNTIME_HBG"
#endif

#if defined(PLATFORM_SIM)
#define HOST_PLATFORM_NAME "sim"
#elif defined(PLATFORM_ONBOARD)
#define HOST_PLATFORM_NAME "onboard"
#else
#error "a host runtime is compiled with PLATFORM_SIM or PLATFORM_ONBOARD"
#endif

#define HOST_VARIANT_NAME NPU_ARCH_NAME " " HOST_RUNTIME_NAME " " HOST_PLATFORM_NAME

#endif
