/* A small daemon in C: reads interleaved int16 samples of three voltages from standard input, block by block, and prints a line
 * per event. With a file named on the command line it goes on where it was stopped, and leaves its state there when it ends.
 *
 *   cc -Wall -Wextra -Werror daemon.c $(pkg-config --cflags --libs kilat) -o daemon
 *   recorder | ./daemon state.bin
 */
#include <inttypes.h>
#include <kilat.h>
#include <stdio.h>
#include <stdlib.h>

enum { RATE_HZ = 10000, CHANNELS = 3, FRAMES = 1000 };

static void die(const char *what) {
    fprintf(stderr, "daemon: %s: %s\n", what, kilat_last_error());
    exit(2);
}

static const char *name(uint32_t kind) {
    switch (kind) {
    case KILAT_DIP: return "dip";
    case KILAT_SWELL: return "swell";
    case KILAT_INTERRUPTION: return "interruption";
    case KILAT_TRANSIENT: return "transient";
    case KILAT_GAP: return "gap";
    default: return NULL;
    }
}

/* Takes everything that waits; returns how many intervals were among it. */
static size_t drain(kilat_live *live) {
    size_t intervals = 0;
    kilat_output o = {.size = sizeof o};
    kilat_status status;
    while ((status = kilat_live_next(live, &o)) == KILAT_OK) {
        if (o.kind == KILAT_INTERVAL) intervals++;
        if (name(o.kind) && !o.open)
            printf("%" PRIu64 " %s channel %d, %.4f s, %.2f V\n", o.sequence, name(o.kind), o.channel, o.duration_s,
                   o.kind == KILAT_TRANSIENT ? o.peak_v : o.residual_v);
    }
    if (status != KILAT_EMPTY) die("next");
    return intervals;
}

static kilat_live *start(const kilat_config *config, const char *path) {
    kilat_live *live = NULL;
    FILE *file = path ? fopen(path, "rb") : NULL;
    if (!file) {
        if (kilat_live_new(config, &live) != KILAT_OK) die("new");
        return live;
    }
    static uint8_t state[1 << 24];
    size_t length = fread(state, 1, sizeof state, file);
    fclose(file);
    if (kilat_live_restore(config, state, length, &live) != KILAT_OK) die(path);
    return live;
}

static void save(kilat_live *live, const char *path) {
    const uint8_t *bytes;
    size_t length;
    if (kilat_live_checkpoint(live, &bytes, &length) != KILAT_OK) die("checkpoint");
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, length, file) != length || fclose(file) != 0) {
        perror(path);
        exit(2);
    }
}

int main(int argc, char **argv) {
    const char *path = argc > 1 ? argv[1] : NULL;
    if (kilat_abi() != KILAT_ABI) {
        fprintf(stderr, "daemon: made for another version of kilat\n");
        return 2;
    }
    kilat_channel channels[CHANNELS] = {
        {.size = sizeof(kilat_channel), .name = "Ua", .scale = 0.02},
        {.size = sizeof(kilat_channel), .name = "Ub", .scale = 0.02},
        {.size = sizeof(kilat_channel), .name = "Uc", .scale = 0.02},
    };
    kilat_config config = {
        .size = sizeof config,
        .sample_rate_hz = RATE_HZ,
        .nominal_voltage_v = 230.0,
        .nominal_frequency_hz = 50.0,
        .channels = channels,
        .channel_count = CHANNELS,
        .settings = "transient_pct = 20.0",
    };
    size_t most;
    if (kilat_live_bytes(&config, &most) != KILAT_OK) die("bytes");
    kilat_live *live = start(&config, path);
    static int16_t block[FRAMES * CHANNELS];
    size_t intervals = 0, n;
    while ((n = fread(block, sizeof(int16_t) * CHANNELS, FRAMES, stdin)) > 0) {
        if (kilat_live_push_i16(live, block, n, NULL) != KILAT_OK) die("push");
        intervals += drain(live);
    }
    if (path) {
        save(live, path);
    } else {
        if (kilat_live_finish(live) != KILAT_OK) die("finish");
        intervals += drain(live);
    }
    printf("%zu intervals, at most %zu KiB\n", intervals, most >> 10);
    kilat_live_free(live);
    return 0;
}
