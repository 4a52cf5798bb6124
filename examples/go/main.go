// The daemon of examples/c in Go: interleaved int16 samples of three voltages on standard input, a line per dip.
//
//	CGO_CFLAGS=$(pkg-config --cflags kilat) CGO_LDFLAGS=$(pkg-config --libs kilat) go run .
package main

// #include <kilat.h>
// #include <stdlib.h>
import "C"

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"unsafe"
)

const (
	channels = 3
	frames   = 1000
)

func failed(status C.enum_kilat_status) error {
	if status >= 0 {
		return nil
	}
	return errors.New(C.GoString(C.kilat_last_error()))
}

func open() (*C.kilat_live, error) {
	// C may not keep pointers into Go's memory, so that the description lies in C's.
	described := (*[channels]C.kilat_channel)(C.calloc(channels, C.sizeof_kilat_channel))
	defer C.free(unsafe.Pointer(described))
	for k, name := range []string{"Ua", "Ub", "Uc"} {
		c := &described[k]
		c.size, c.scale, c.name = C.sizeof_kilat_channel, 0.02, C.CString(name)
		defer C.free(unsafe.Pointer(c.name))
	}
	config := (*C.kilat_config)(C.calloc(1, C.sizeof_kilat_config))
	defer C.free(unsafe.Pointer(config))
	config.size = C.sizeof_kilat_config
	config.sample_rate_hz, config.nominal_voltage_v, config.nominal_frequency_hz = 10000, 230, 50
	config.channels, config.channel_count = &described[0], channels
	var live *C.kilat_live
	return live, failed(C.kilat_live_new(config, &live))
}

func drain(live *C.kilat_live) (intervals int, err error) {
	out := C.kilat_output{size: C.sizeof_kilat_output}
	for {
		status := C.kilat_live_next(live, &out)
		if status != C.KILAT_OK {
			return intervals, failed(status)
		}
		switch {
		case out.kind == C.KILAT_INTERVAL:
			intervals++
		case out.kind == C.KILAT_DIP && !bool(out.open):
			fmt.Printf("dip on channel %d, %.4f s, %.2f V\n", out.channel, out.duration_s, out.residual_v)
		}
	}
}

func run() error {
	live, err := open()
	if err != nil {
		return err
	}
	defer C.kilat_live_free(live)
	in := bufio.NewReader(os.Stdin)
	block := make([]byte, frames*channels*2)
	total := 0
	for {
		n, err := io.ReadFull(in, block)
		if n > 0 {
			at := (*C.int16_t)(unsafe.Pointer(&block[0]))
			if err := failed(C.kilat_live_push_i16(live, at, C.size_t(n/channels/2), nil)); err != nil {
				return err
			}
			intervals, err := drain(live)
			if total += intervals; err != nil {
				return err
			}
		}
		if err != nil {
			break
		}
	}
	if err := failed(C.kilat_live_finish(live)); err != nil {
		return err
	}
	intervals, err := drain(live)
	fmt.Println(total+intervals, "intervals")
	return err
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "daemon:", err)
		os.Exit(2)
	}
}
