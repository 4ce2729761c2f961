package serial_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/internal/serial"
	"github.com/grapevine-go/grapevine/internal/simnet"
	"github.com/grapevine-go/grapevine/storage"
	"github.com/grapevine-go/grapevine/transport"
)

const ms = time.Millisecond

// inWorld runs f in a world of hosts, none of which runs.
func inWorld(t *testing.T, hosts int, seed uint64, f func(w *serial.World)) (log *serial.Log) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := serial.New(serial.Options{
			Net: simnet.Options{
				Hosts: hosts, Seed: seed, Explore: seed%2 == 0, Latency: 10 * ms, Jitter: 0.1, DialTimeout: time.Second,
			},
			MaxFrame: 1 << 20, MaxSteps: 1 << 24,
			Seeds: func() []int { return []int{0} },
		})
		if err := w.Run(func() { f(w) }); err != nil {
			t.Error(err)
		}
		log = w.Log()
	})
	return log
}

// One host calls, the other echoes, until the caller closes the link.
func TestEcho(t *testing.T) {
	var got []string
	inWorld(t, 2, 1, func(w *serial.World) {
		server := w.Host(0).Start(func(r *serial.Run) error {
			l, err := r.Transport().Accept()
			if err != nil {
				return err
			}
			for {
				frame, err := l.Recv()
				if err != nil {
					return err
				}
				if err := l.Send(append([]byte("echo "), frame...)); err != nil {
					return err
				}
			}
		})
		client := w.Host(1).Start(func(r *serial.Run) error {
			l, err := r.Transport().Dial(r.Context(), serial.Addr(0))
			if err != nil {
				return err
			}
			for i := range 3 {
				if err := l.Send(fmt.Append(nil, i)); err != nil {
					return err
				}
				frame, err := l.Recv()
				if err != nil {
					return err
				}
				got = append(got, string(frame))
			}
			return l.Close()
		})
		<-client.Done()
		<-server.Done()
		if _, err := server.Ended(); !errors.Is(err, transport.ErrClosed) {
			t.Errorf("the server ends with %v, want transport.ErrClosed", err)
		}
		client.Halt()
		server.Halt()
	})
	if fmt.Sprint(got) != "[echo 0 echo 1 echo 2]" {
		t.Errorf("got %q", got)
	}
}

func TestStoreSurvivesCrash(t *testing.T) {
	inWorld(t, 1, 1, func(w *serial.World) {
		h := w.Host(0)
		first := h.Start(func(r *serial.Run) error {
			if err := r.Store().Put(r.Context(), "k", []byte("v")); err != nil {
				return err
			}
			<-r.Context().Done()
			return r.Store().Put(context.Background(), "k", []byte("after the crash"))
		})
		w.Sleep(ms)
		first.Crash(false)
		second := h.Start(func(r *serial.Run) error {
			v, err := r.Store().Get(r.Context(), "k")
			if err != nil || string(v) != "v" {
				t.Errorf("after the crash: %q, %v", v, err)
			}
			if _, err := r.Store().Get(r.Context(), "other"); !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("what is not there: %v", err)
			}
			return nil
		})
		<-second.Done()
		<-first.Done()
		second.Halt()
	})
}

// What is put in while the world waits for something later, or for nothing, happens in time.
func TestInTime(t *testing.T) {
	inWorld(t, 1, 1, func(w *serial.World) {
		for range 2 {
			time.Sleep(time.Second) // which the world knows nothing of
			begin := w.Now()
			w.Sleep(time.Second)
			if got, want := w.Now()-begin, time.Second; got != want {
				t.Errorf("Sleep returns after %v, want %v", got, want)
			}
			w.After(time.Hour, func() {})
		}
	})
}
