/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout: the arguments and kernels of the paged attention scenes.
 *
 * For every row of a batch, out = softmax(scale * query . keys) . values over the row's own context, whose keys and
 * values lie in blocks of a pool that a table names. Each head is one query; all share keys and values.
 *
 * Arguments: query [rows][heads][dim], keys, values [pool][block][dim], table [rows][max blocks] (int32), lengths
 * [rows] (int32), all IN; out [rows][heads][dim] (OUT). Scalars: heads of one tile, blocks of one group, the scale.
 *
 * Per row and tile: for each group of blocks QK, SF, PV, and UP, which takes the group into the running result.
 */
#ifndef SCENES_PAGED_ATTENTION_LAYOUT_H
#define SCENES_PAGED_ATTENTION_LAYOUT_H

enum attention_argument {
    ATTENTION_QUERY,
    ATTENTION_KEYS,
    ATTENTION_VALUES,
    ATTENTION_TABLE,
    ATTENTION_LENGTHS,
    ATTENTION_OUT,
    ATTENTION_TENSORS
};
enum attention_scalar { ATTENTION_TILE, ATTENTION_GROUP, ATTENTION_SCALE, ATTENTION_SCALARS };
enum attention_kernel { ATTENTION_SCORES, ATTENTION_SOFTMAX, ATTENTION_WEIGHTED, ATTENTION_UPDATE };

#endif
