/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/explorer/player.h"

void player_begin(struct player *player)
{
    player->path.count = 0;
    player->strayed = 0;
    player->full = false;
}

static void player_stray(struct player *player, size_t position, uint32_t asked, uint32_t found)
{
    if (player->strayed == 0) {
        player->strayed = position + 1;
        player->asked = asked;
        player->found = found;
    }
}

void player_end(struct player *player)
{
    if (player->path.count < player->fixed) {
        size_t position = player->path.count;
        player_stray(player, position, player->path.points[position].pick, 0);
    }
}

uint32_t player_choose(void *context, uint32_t count)
{
    const struct player *player = context;
    size_t position = player->path.count;
    (void)count;
    return position < player->fixed ? player->path.points[position].pick : 0;
}

void player_picked(void *context, uint32_t count, uint32_t index, uint32_t point)
{
    struct player *player = context;
    size_t position = player->path.count;
    if (position < player->fixed) {
        const struct schedule_point *known = &player->path.points[position];
        if (known->pick != index || (known->count != 0 && (known->count != count || known->point != point))) {
            player_stray(player, position, known->pick, count);
        }
    }
    player->full = !schedule_add(&player->path, count, index, point) || player->full;
}
