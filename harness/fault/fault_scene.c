/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/fault/fault_loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "harness/program/session.h"

#define FAULT_SCENE_CALLABLE 0

/* A scene and where it is played. */
struct fault_scene {
    const struct scene *scene;
    const struct session_options *options;
};

static int fault_scene_run(struct session *session, const struct scene *scene, char text[FAULT_SCENARIO_TEXT_BYTES])
{
    struct scene_data data;
    char message[SCENE_MESSAGE_BYTES] = "";
    memset(&data, 0, sizeof(data));
    if (scene->make(&data, NULL) != 0) {
        (void)snprintf(text, FAULT_SCENARIO_TEXT_BYTES, "%s makes no inputs", scene->name);
        scene_data_free(&data);
        return FAULT_SCENARIO_BROKEN;
    }
    int result = session_run(session, FAULT_SCENE_CALLABLE, &data.args, (int)scene->default_blocks,
                             (int)scene->default_threads, NULL);
    if (result == variant_expected_result(session->variant, scene)) {
        /* A scene does not say which output comes from which input: a copy that lied excuses them all. */
        int wrong = fault_truths(NULL, 0) != 0 ? FAULT_SCENARIO_EXCUSED : FAULT_SCENARIO_BROKEN;
        result = scene->check(&data, message) == 0 ? 0 : wrong;
        (void)snprintf(text, FAULT_SCENARIO_TEXT_BYTES, "%s", message);
    } else {
        (void)snprintf(text, FAULT_SCENARIO_TEXT_BYTES, "%s", session->error);
        result = result < 0 ? result : -1;
    }
    scene_data_free(&data);
    return result;
}

static int fault_scene_play(void *state, char text[FAULT_SCENARIO_TEXT_BYTES])
{
    const struct fault_scene *played = state;
    const struct scene *scene = played->scene;
    struct session session;
    void *image = NULL;
    size_t bytes = 0;
    memset(&session, 0, sizeof(session));
    int result = session_open(&session, played->options);
    if (result != 0) {
        (void)snprintf(text, FAULT_SCENARIO_TEXT_BYTES, "%s", session.error);
        return -1;
    }
    result = session_pack_scene(&session, scene, &image, &bytes);
    if (result == 0) {
        result = session_prepare(&session, FAULT_SCENE_CALLABLE, image);
    }
    free(image);
    if (result == 0) {
        result = fault_scene_run(&session, scene, text);
        bool poisons = variant_expected_result(session.variant, scene) > 0; /* the device then refuses it */
        if (session_unregister(&session, FAULT_SCENE_CALLABLE) != 0 && result == 0 && !poisons) {
            (void)snprintf(text, FAULT_SCENARIO_TEXT_BYTES, "%s", session.error);
            result = -1;
        }
    } else {
        (void)snprintf(text, FAULT_SCENARIO_TEXT_BYTES, "%s", session.error);
        result = -1;
    }
    session_close(&session);
    return result;
}

int fault_loop_scene(const struct scene *scene, const struct session_options *options, struct fault_loop_report *report)
{
    struct fault_scene played = {.scene = scene, .options = options};
    struct fault_scenario scenario = {.name = scene->name, .play = fault_scene_play, .state = &played};
    return fault_loop_run(&scenario, report);
}
