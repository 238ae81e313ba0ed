/* SPDX-License-Identifier: Apache-2.0 */
/* out = x add_one alternating_matmul_add benchmark_bgemm bgemm dep_gen_chain dummy_task dump_tensor explicit_fatal
 * graph.h kernels matmul_diamond mixed_example multi_round_paged_attention op_timeout paged_attention
 * paged_attention_manual paged_attention_unroll scalar_data submit.h vector_example y, elementwise, of the third three
 * tensors. */
#include "st/scenes/mixed_example/kernels/mixed.h"

PTO_KERNEL_ENTRY(args)
{
    mixed_elementwise(args, 6, true);
}
