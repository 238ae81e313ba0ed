/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/trb/cores.h"

enum trb_answer trb_judge(uint32_t cond, uint32_t running_id, uint32_t pending_id)
{
    uint32_t id = pto_cond_id(cond);
    bool finished = pto_cond_state(cond) == PTO_COND_FIN;
    bool has_pending = pending_id != TRB_NO_DISPATCH;
    if (has_pending && id == pending_id) {
        return finished ? TRB_ANSWER_BOTH_FINISHED : TRB_ANSWER_PENDING_TAKEN;
    }
    /* With a pending dispatch the core goes on to it by itself, and its answer will say so. */
    if (running_id == TRB_NO_DISPATCH || id != running_id || has_pending) {
        return TRB_ANSWER_NOTHING;
    }
    return finished ? TRB_ANSWER_FINISHED : TRB_ANSWER_TAKEN;
}
