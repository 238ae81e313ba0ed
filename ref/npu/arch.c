/* SPDX-License-Identifier: Apache-2.0 */
#include "npu/arch.h"

#include <stddef.h>
#include <string.h>

const struct npu_arch *npu_arch_find(const char *name)
{
    static const struct npu_arch *const tables[] = {&npu_arch_a2a3, &npu_arch_a5};
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        if (strcmp(tables[i]->name, name) == 0) {
            return tables[i];
        }
    }
    return NULL;
}

uint32_t npu_arch_register_slot(const struct npu_arch *arch, uint32_t offset)
{
    for (uint32_t i = 0; i < arch->page_count; i++) {
        const struct npu_register_page *page = &arch->pages[i];
        if (offset >= page->base && offset - page->base < page->bytes) {
            return page->slot + (offset - page->base);
        }
    }
    return NPU_NO_SLOT;
}
