/* Every misuse has its code, and does no harm. */
#include <assert.h>
#include <kilat.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#undef NDEBUG

static kilat_channel channels[] = {{.size = sizeof(kilat_channel), .name = "Ua", .scale = 1.0}};
static kilat_config config = {
    .size = sizeof config,
    .sample_rate_hz = 10000,
    .nominal_voltage_v = 230.0,
    .nominal_frequency_hz = 50.0,
    .channels = channels,
    .channel_count = 1,
};
static float wave[1 << 20];

static void refused(const kilat_config *bad, kilat_status status, const char *message) {
    kilat_live *live = (kilat_live *)&config;
    assert(kilat_live_new(bad, &live) == status);
    assert(live == NULL);
    assert(strstr(kilat_last_error(), message));
}

static void *push_long(void *live) {
    for (int k = 0; k < 20; k++) {
        kilat_status s = kilat_live_push_f32(live, wave, sizeof wave / sizeof *wave, NULL);
        assert(s == KILAT_OK || s == KILAT_BUSY || s == KILAT_LIMIT);
    }
    return NULL;
}

int main(void) {
    for (size_t i = 0; i < sizeof wave / sizeof *wave; i++) wave[i] = 325.27f * sinf(0.0314159265f * (float)(i % 200));
    kilat_live *live;
    kilat_output out = {.size = sizeof out};
    assert(kilat_live_new(&config, NULL) == KILAT_NULL);
    refused(NULL, KILAT_NULL, "config is null");
    kilat_config bad = config;
    bad.size = 8;
    refused(&bad, KILAT_SIZE, "config: its size is 8");
    bad.size = (size_t)-1;
    refused(&bad, KILAT_SIZE, "config: its size is ");
    bad = config, bad.channel_count = 1000;
    refused(&bad, KILAT_INVALID, "1000 channels");
    bad = config, bad.channels = NULL;
    refused(&bad, KILAT_NULL, "channel 0 is null");
    bad = config, bad.sample_rate_hz = NAN;
    refused(&bad, KILAT_INVALID, "sample rate");
    bad = config, bad.sample_rate_hz = 100;
    refused(&bad, KILAT_UNSUPPORTED, "samples per cycle");
    bad = config, bad.settings = "dip_pct = \"much\"";
    refused(&bad, KILAT_INVALID, "settings");
    bad = config, bad.settings = "nonsense = 1";
    refused(&bad, KILAT_INVALID, "nonsense");
    bad = config, bad.settings = "\xff";
    refused(&bad, KILAT_INVALID, "UTF-8");
    /* As a later header has them: more fields, which are accepted as long as they ask for nothing. */
    struct { kilat_channel known; double later; } wide[] = {
        {{.size = sizeof *wide, .name = "Ua", .scale = 1.0}, 0}, {{.size = sizeof *wide, .name = "Ub", .scale = 1.0}, 0}};
    struct { kilat_config known; uint64_t later; } newer = {config, 0};
    newer.known.size = sizeof newer, newer.known.channels = &wide[0].known, newer.known.channel_count = 2;
    assert(kilat_live_new(&newer.known, &live) == KILAT_OK);
    kilat_live_free(live);
    newer.later = 1;
    refused(&newer.known, KILAT_UNSUPPORTED, "config: of its");
    newer.later = 0, wide[1].later = 1.0;
    refused(&newer.known, KILAT_UNSUPPORTED, "channel 1: of its");
    kilat_channel odd = {.size = sizeof odd, .name = "speed", .scale = 1.0};
    bad = config, bad.channels = &odd;
    refused(&bad, KILAT_UNSUPPORTED, "voltage or current");

    assert(kilat_live_push_f32(NULL, wave, 10, NULL) == KILAT_NULL);
    assert(kilat_live_next(NULL, &out) == KILAT_NULL);
    assert(kilat_live_finish(NULL) == KILAT_NULL);
    kilat_live_free(NULL);
    assert(kilat_live_new(&config, &live) == KILAT_OK);
    assert(kilat_live_push_f32(live, NULL, 10, NULL) == KILAT_NULL);
    assert(kilat_live_push_f32(live, NULL, 0, NULL) == KILAT_OK);
    assert(kilat_live_push_f32(live, wave, (size_t)-1, NULL) == KILAT_LIMIT);
    assert(kilat_live_push_f32(live, (const float *)((const char *)wave + 1), 10, NULL) == KILAT_SIZE);
    kilat_block block = {.size = sizeof block, .quality = 1u << 30};
    assert(kilat_live_push_f32(live, wave, 10, &block) == KILAT_INVALID);
    block.size = 3;
    assert(kilat_live_push_f32(live, wave, 10, &block) == KILAT_SIZE);
    assert(kilat_live_next(live, NULL) == KILAT_NULL);
    out.size = 16;
    assert(kilat_live_next(live, &out) == KILAT_SIZE);
    out.size = sizeof out;
    assert(kilat_live_next(live, &out) == KILAT_EMPTY);

    /* Results: a gap, intervals with arrays, a checkpoint only when none waits. */
    block = (kilat_block){.size = sizeof block, .has_index = true, .first_index = 0, .planar = true};
    assert(kilat_live_push_f32(live, wave, 20000, &block) == KILAT_OK);
    block.first_index = 25000;
    assert(kilat_live_push_f32(live, wave, 20000, &block) == KILAT_OK);
    struct { kilat_output known; uint64_t later; } room = {{.size = sizeof room}, 7};
    assert(kilat_live_next(live, &room.known) == KILAT_OK);
    assert(room.known.size == sizeof room.known && room.later == 7);
    const uint8_t *bytes;
    size_t length, intervals = 0, gaps = 0;
    assert(kilat_live_checkpoint(live, &bytes, &length) == KILAT_MISUSE);
    assert(kilat_live_checkpoint(live, NULL, &length) == KILAT_NULL);
    while (kilat_live_next(live, &out) == KILAT_OK) {
        if (out.kind == KILAT_INTERVAL) {
            intervals++;
            assert(out.channel_count == 1 && out.channels[0].orders == 51);
            assert(fabs(out.channels[0].rms - 230.0) < 0.1 && fabs(out.channels[0].subgroup[1] - 230.0) < 0.1);
        }
        if (out.kind == KILAT_GAP) gaps++, assert(out.start_sample == 25000 && out.duration_s == 0.5);
    }
    assert(intervals > 15 && gaps == 1);
    assert(kilat_live_checkpoint(live, &bytes, &length) == KILAT_OK);
    kilat_live *again = NULL;
    assert(kilat_live_restore(&config, bytes, length, &again) == KILAT_OK);
    kilat_live_free(again);
    uint8_t *damaged = malloc(length);
    memcpy(damaged, bytes, length);
    damaged[length / 2] ^= 1;
    assert(kilat_live_restore(&config, damaged, length, &again) == KILAT_DAMAGED && !again);
    assert(kilat_live_restore(&config, damaged, 5, &again) == KILAT_DAMAGED && !again);
    assert(kilat_live_restore(&config, NULL, 5, &again) == KILAT_NULL);
    free(damaged);
    bad = config, bad.nominal_voltage_v = 231.0;
    assert(kilat_live_restore(&bad, bytes, length, &again) == KILAT_INVALID);

    assert(kilat_live_finish(live) == KILAT_OK);
    assert(kilat_live_finish(live) == KILAT_MISUSE);
    assert(kilat_live_push_f32(live, wave, 10, NULL) == KILAT_MISUSE);
    kilat_live_free(live);

    /* Two threads in one handle: one works, the other is told. */
    assert(kilat_live_new(&config, &live) == KILAT_OK);
    pthread_t threads[2];
    for (int k = 0; k < 2; k++) assert(pthread_create(&threads[k], NULL, push_long, live) == 0);
    for (int k = 0; k < 2; k++) assert(pthread_join(threads[k], NULL) == 0);
    kilat_live_free(live);
    return 0;
}
