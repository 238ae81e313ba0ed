/* SPDX-License-Identifier: Apache-2.0 */
/* What a device holds, object by object. */
#include "npu/driver/state.h"

void driver_list(struct driver_listing *listing, const struct pto_driver_object *object)
{
    if (listing->count < listing->capacity) {
        listing->objects[listing->count] = *object;
    }
    listing->count++;
}

static void objects_of_sessions(const struct driver_device *device, struct driver_listing *listing)
{
    int32_t number = 0;
    for (const struct npu_driver_session *session = device->sessions; session != NULL; session = session->next) {
        bool own = session == device->own;
        number += own ? 0 : 1;
        for (const struct driver_stream *stream = session->streams; stream != NULL; stream = stream->next) {
            driver_list(listing, &(struct pto_driver_object){.kind = PTO_DRIVER_STREAM,
                                                             .handle = (uintptr_t)stream,
                                                             .count = stream->queued,
                                                             .session = own ? 0 : number});
        }
    }
}

size_t npu_driver_objects(int device_id, struct pto_driver_object *objects, size_t capacity)
{
    struct driver_listing listing = {.objects = objects, .capacity = capacity};
    driver_lock();
    const struct driver_device *device = driver_device_find(device_id);
    if (device != NULL) {
        objects_of_sessions(device, &listing);
        for (const struct driver_image *image = device->images; image != NULL; image = image->next) {
            driver_list(&listing, &(struct pto_driver_object){
                                      .kind = PTO_DRIVER_IMAGE, .handle = (uintptr_t)image, .bytes = image->size});
        }
        for (const struct driver_binary *binary = device->binaries; binary != NULL; binary = binary->next) {
            driver_list(&listing, &(struct pto_driver_object){
                                      .kind = PTO_DRIVER_BINARY, .handle = (uintptr_t)binary, .count = binary->count});
        }
        driver_code_list(device->code, &listing);
    }
    driver_unlock();
    return listing.count;
}
