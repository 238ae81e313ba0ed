/* SPDX-License-Identifier: Apache-2.0 */
/* The leak gate is alive: a planted leak of every class is reported by name, and none is reported when it is taken
 * back. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os.h"
#include "st/runtime_fixture.h"

#define HEAP_LEAK_BYTES (2u * LEAK_GATE_HOST_ALLOWANCE_BYTES)
#define MAPPING_LEAK_BYTES (2u * LEAK_GATE_MAPPED_ALLOWANCE_BYTES)

static const struct runtime_fixture *fixture_of_test;

static void *volatile kept; /* volatile: an allocation that nobody can see may be optimised away */
static void *kept_image;
static int kept_fd = -1;
static pid_t kept_child;
static pthread_key_t kept_key;
static pthread_t kept_thread;
static pthread_barrier_t kept_barrier;
static char kept_path[PATH_MAX];

static void plant_heap(void)
{
    kept = malloc(HEAP_LEAK_BYTES);
}

static void take_heap(void)
{
    free(kept);
}

static void plant_fd(void)
{
    kept_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void take_fd(void)
{
    (void)close(kept_fd);
}

static void plant_file_mapping(void)
{
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    kept = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    (void)close(fd);
}

static void take_file_mapping(void)
{
    (void)munmap(kept, 4096);
}

static void plant_anonymous(void)
{
    kept = mmap(NULL, MAPPING_LEAK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void take_anonymous(void)
{
    (void)munmap(kept, MAPPING_LEAK_BYTES);
}

static void plant_temp_file(void)
{
    (void)snprintf(kept_path, sizeof(kept_path), "%s/planted", os_root());
    (void)close(open(kept_path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

static void take_temp_file(void)
{
    (void)unlink(kept_path);
}

static void *wait_at_barrier(void *argument)
{
    (void)pthread_barrier_wait(&kept_barrier);
    return argument;
}

static void plant_thread(void)
{
    (void)pthread_barrier_init(&kept_barrier, NULL, 2);
    pthread_attr_t attributes; /* a small stack: glibc keeps it for the next thread */
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, 256 * 1024);
    (void)pthread_create(&kept_thread, &attributes, wait_at_barrier, NULL);
    (void)pthread_attr_destroy(&attributes);
}

static void take_thread(void)
{
    (void)pthread_barrier_wait(&kept_barrier);
    (void)pthread_join(kept_thread, NULL);
    (void)pthread_barrier_destroy(&kept_barrier);
}

static void plant_key(void)
{
    (void)pthread_key_create(&kept_key, NULL);
}

static void take_key(void)
{
    (void)pthread_key_delete(kept_key);
}

static void plant_child(void)
{
    kept_child = fork();
    if (kept_child == 0) {
        (void)pause();
        _exit(0);
    }
}

static void take_child(void)
{
    (void)kill(kept_child, SIGKILL);
    (void)waitpid(kept_child, NULL, 0);
}

static void plant_shm(void)
{
    (void)snprintf(kept_path, sizeof(kept_path), "/planted_%08x", (unsigned)getpid());
    int fd = shm_open(kept_path, O_CREAT | O_RDWR, 0600);
    (void)close(fd);
}

static void take_shm(void)
{
    (void)shm_unlink(kept_path);
}

static void plant_image(void)
{
    char path[PATH_MAX + 64];
    char error[256];
    void *bytes = NULL;
    size_t size = 0;
    (void)snprintf(path, sizeof(path), "%s/fixtures/callables/kernel_add.so", fixture_of_test->artefacts);
    (void)os_read_file("test", path, &bytes, &size);
    (void)os_load_image("test", "/tmp", "planted_XXXXXX.so", bytes, size, &kept_image, error, sizeof(error));
    free(bytes);
}

static void take_image(void)
{
    os_close_image(kept_image);
}

static void plant_device_memory(void)
{
    kept = fixture_of_test->client.api.device_malloc_ctx(fixture_of_test->context, 1);
}

static void take_device_memory(void)
{
    fixture_of_test->client.api.device_free_ctx(fixture_of_test->context, kept);
}

static void plant_callable(void)
{
    expect_prepare(fixture_of_test, 0, CALLABLE_TWO_STEPS);
}

static void take_callable(void)
{
    expect_unregister(fixture_of_test, 0);
}

static void plant_lease(void)
{
    expect_prepare(fixture_of_test, 1, CALLABLE_ADD);
}

static void take_lease(void)
{
    expect_unregister(fixture_of_test, 1);
}

static void plant_load(void)
{
    expect_golden(fixture_of_test, 63, CALLABLE_MULTIPLY);
}

static void take_load(void)
{
    expect_unregister(fixture_of_test, 63);
}

static const struct plant {
    enum ledger_item item;
    void (*plant)(void);
    void (*take)(void);
} plants[] = {
    {LEDGER_HOST_BYTES, plant_heap, take_heap},
    {LEDGER_FDS, plant_fd, take_fd},
    {LEDGER_FILE_MAPPINGS, plant_file_mapping, take_file_mapping},
    {LEDGER_ANONYMOUS_BYTES, plant_anonymous, take_anonymous},
    {LEDGER_TEMP_FILES, plant_temp_file, take_temp_file},
    {LEDGER_THREADS, plant_thread, take_thread},
    {LEDGER_THREAD_KEYS, plant_key, take_key},
    {LEDGER_CHILDREN, plant_child, take_child},
    {LEDGER_SHM_SEGMENTS, plant_shm, take_shm},
    {LEDGER_OPEN_IMAGES, plant_image, take_image},
    {(enum ledger_item)PTO_MEMORY_CLIENT, plant_device_memory, take_device_memory},
    {(enum ledger_item)PTO_MEMORY_CHIP_BUFFER, plant_callable, take_callable},
    {LEDGER_CHIP_BUFFERS, plant_callable, take_callable},
    {LEDGER_KERNEL_HANDLES, plant_callable, take_callable},
    {LEDGER_REGISTERED_CALLABLES, plant_callable, take_callable},
    {LEDGER_CHIP_LEASES, plant_lease, take_lease},
    {LEDGER_ORCHESTRATION_HANDLES, plant_load, take_load},
};

/* The leak is told by the name of its class, and taking it back makes the gate clean. */
static void test_planted_leaks_are_reported(void **state)
{
    const struct runtime_fixture *fixture = *state;
    fixture_of_test = fixture;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 0, CALLABLE_ADD); /* what is kept per context is there from now on */
    expect_unregister(fixture, 0);
    for (size_t i = 0; i < sizeof(plants) / sizeof(plants[0]); i++) {
        struct leak_gate gate;
        const char *name = ledger_item_name(plants[i].item);
        if (plants[i].item == LEDGER_ORCHESTRATION_HANDLES) {
            expect_prepare(fixture, 63, CALLABLE_MULTIPLY);
        }
        leak_gate_begin(&gate, fixture->client.debug, fixture->context);
        plants[i].plant();
        int grown = leak_gate_end(&gate);
        bool told = strstr(gate.text, name) != NULL;
        bool known = gate.before.values[plants[i].item] != LEDGER_UNKNOWN;
        plants[i].take();
        if (known && (grown == 0 || !told)) {
            fail_msg("a planted leak of %s was told as %d items: %s", name, grown, gate.text);
        }
        if (leak_gate_end(&gate) != 0) {
            fail_msg("%s: taken back, and still told: %s", name, gate.text);
        }
    }
}

/* Without a leak nothing is told. */
static void test_clean_gate(void **state)
{
    const struct runtime_fixture *fixture = *state;
    struct leak_gate gate;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 0, CALLABLE_ADD);
    leak_gate_begin(&gate, fixture->client.debug, fixture->context);
    expect_golden(fixture, 0, CALLABLE_ADD);
    assert_int_equal(leak_gate_end(&gate), 0);
    assert_string_equal(gate.text, "");
}

#define SLOPE_CYCLES 64u
#define SMALL_LEAK_CYCLES 600u /* as many as the churn of contexts has */

static void *slope[8 + SMALL_LEAK_CYCLES];

/* One of the smallest chunks per cycle: far below what a single comparison could tell. */
static int cycle_small_leak(void *state, uint64_t index)
{
    (void)state;
    slope[index] = malloc(24);
    return slope[index] != NULL ? 0 : -1;
}

static int cycle_no_leak(void *state, uint64_t index)
{
    (void)state;
    void *volatile block = malloc(24 + 8 * (size_t)(index % 100));
    free(block);
    return 0;
}

static int cycle_fd(void *state, uint64_t index)
{
    int *fds = state;
    fds[index] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return fds[index] >= 0 ? 0 : -1;
}

static int cycle_resident(void *state, uint64_t index)
{
    uint8_t *pages = state;
    memset(pages + index * 65536, 1, 65536);
    return 0;
}

static int cycle_stops(void *state, uint64_t index)
{
    (void)state;
    return index == 5 ? -7 : 0;
}

static void test_slope_of_small_leaks(void **state)
{
    (void)state;
    struct leak_churn churn = {.cycle = cycle_small_leak, .warm_up = 8, .cycles = SMALL_LEAK_CYCLES};
    int result = leak_churn_run(&churn);
    for (size_t i = 0; i < sizeof(slope) / sizeof(slope[0]); i++) {
        free(slope[i]);
    }
    struct ledger now;
    ledger_take(&now, NULL, NULL);
    bool known = now.values[LEDGER_HOST_BYTES] != LEDGER_UNKNOWN;
    assert_int_equal(result, known ? LEAK_GREW : 0);
    assert_true(!known || strstr(churn.text, ledger_item_name(LEDGER_HOST_BYTES)) != NULL);
}

static void test_slope_of_counted_things(void **state)
{
    (void)state;
    int fds[2];
    struct leak_churn churn = {.cycle = cycle_fd, .state = fds, .warm_up = 1, .cycles = 1};
    int result = leak_churn_run(&churn);
    (void)close(fds[0]);
    (void)close(fds[1]);
    assert_int_equal(result, LEAK_GREW);
    assert_non_null(strstr(churn.text, ledger_item_name(LEDGER_FDS)));
}

static void test_slope_of_resident_pages(void **state)
{
    (void)state;
    size_t bytes = (8 + SLOPE_CYCLES) * 65536;
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct leak_churn churn = {.cycle = cycle_resident, .state = pages, .warm_up = 8, .cycles = SLOPE_CYCLES};
    struct ledger now;
    assert_true(pages != MAP_FAILED);
    ledger_take(&now, NULL, NULL);
    int result = leak_churn_run(&churn);
    (void)munmap(pages, bytes);
    bool known = now.values[LEDGER_RESIDENT_BYTES] != LEDGER_UNKNOWN;
    assert_int_equal(result, known ? LEAK_GREW : 0);
    assert_true(!known || strstr(churn.text, ledger_item_name(LEDGER_RESIDENT_BYTES)) != NULL);
}

static void test_slope_of_nothing(void **state)
{
    (void)state;
    struct leak_churn churn = {.cycle = cycle_no_leak, .warm_up = 100, .cycles = 200};
    int result = leak_churn_run(&churn);
    if (result != 0) {
        fail_msg("%d: %s", result, churn.text);
    }
}

static void test_cycle_that_fails(void **state)
{
    (void)state;
    struct leak_churn churn = {.cycle = cycle_stops, .warm_up = 2, .cycles = 10};
    assert_int_equal(leak_churn_run(&churn), -7);
    assert_non_null(strstr(churn.text, "cycle 5"));
}

static void test_scaling(void **state)
{
    (void)state;
    const char *given = getenv("CHURN_SCALE");
    char *saved = given != NULL ? strdup(given) : NULL;
    (void)setenv("CHURN_SCALE", "1", 1);
    assert_int_equal(leak_churn_count(1000, 16), 16);
    (void)setenv("CHURN_SCALE", "1000", 1);
    assert_int_equal(leak_churn_count(1000, 16), 10000);
    (void)unsetenv("CHURN_SCALE");
    assert_int_equal(leak_churn_count(1000, 16), 1000);
    if (saved != NULL) {
        (void)setenv("CHURN_SCALE", saved, 1);
    }
    free(saved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_planted_leaks_are_reported), FIXTURE_TEST(test_clean_gate),
        FIXTURE_TEST(test_slope_of_small_leaks),       FIXTURE_TEST(test_slope_of_counted_things),
        FIXTURE_TEST(test_slope_of_resident_pages),    FIXTURE_TEST(test_slope_of_nothing),
        FIXTURE_TEST(test_cycle_that_fails),           FIXTURE_TEST(test_scaling),
    };
    return FIXTURE_RUN("leak gate", "*/*/*", FIXTURE_FIRST, tests);
}
