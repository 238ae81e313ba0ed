/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/explorer/exploration.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define QUARTER_SECOND_NS UINT64_C(250000000)

void exploration_verdict(struct exploration *exploration, enum explorer_verdict verdict, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(exploration->report.message, sizeof(exploration->report.message), format, arguments);
    va_end(arguments);
    exploration->report.verdict = verdict;
}

int exploration_open(struct exploration *exploration)
{
    const struct explorer_subject *subject = exploration->subject;
    char message[EXPLORER_MESSAGE_BYTES] = "";
    int result = exploration->open || subject->open == NULL ? 0 : subject->open(subject->state, message);
    if (result != 0) {
        exploration_verdict(exploration, result > 0 ? EXPLORER_WRONG : EXPLORER_BROKEN, "%s", message);
        return -1;
    }
    exploration->open = true;
    return 0;
}

void exploration_close(struct exploration *exploration)
{
    const struct explorer_subject *subject = exploration->subject;
    char message[EXPLORER_MESSAGE_BYTES] = "";
    if (exploration->open && subject->close != NULL && subject->close(subject->state, message) != 0 &&
        exploration->report.verdict == EXPLORER_HELD) {
        exploration_verdict(exploration, EXPLORER_LEFT, "%s", message);
    }
    exploration->open = false;
}

/* The end of all patience; set again when a quarter of it is over, not for every play. */
static void set_alarm(struct exploration *exploration, uint64_t now)
{
    if (exploration->hang_seconds != 0 &&
        now - exploration->alarm_ns >= exploration->hang_seconds * QUARTER_SECOND_NS) {
        exploration->alarm_ns = now;
        (void)alarm(exploration->hang_seconds);
    }
}

int exploration_play(struct exploration *exploration, const struct pto_engine_options *engine)
{
    const struct explorer_subject *subject = exploration->subject;
    struct player *player = &exploration->player;
    uint64_t start = console_clock_ns();
    set_alarm(exploration, start);
    exploration->outcome.hash = 0;
    exploration->outcome.message[0] = 0;
    player_begin(player);
    exploration->playing = true;
    int result = subject->play(subject->state, engine, &exploration->outcome);
    exploration->playing = false;
    player_end(player);
    exploration->failed = result != 0;
    uint64_t took = console_clock_ns() - start;
    exploration->slowest_ns = took > exploration->slowest_ns ? took : exploration->slowest_ns;
    return result;
}

int exploration_follow(struct exploration *exploration)
{
    const struct pto_engine_options engine = {.size = sizeof(engine),
                                              .policy = PTO_POLICY_CHOICE,
                                              .choose = player_choose,
                                              .choose_context = &exploration->player,
                                              .picked = player_picked,
                                              .picked_context = &exploration->player};
    return exploration_play(exploration, &engine);
}
