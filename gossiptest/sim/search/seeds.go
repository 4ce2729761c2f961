package search

import (
	"runtime"
	"sync"
	"time"
)

// Failure is a schedule that went wrong.
type Failure struct {
	Schedule Schedule // what was simulated
	Err      error    // as of Run
}

// Summary says what a search came to.
type Summary struct {
	Seeds    int           // that were run
	Steps    int           // of all cores
	Quiet    time.Duration // the longest that a network took until all had the same, once all was well
	Restless int           // as in Result, of all seeds
	Failures []Failure     // in order of their seeds
}

// Seeds runs the schedules of n seeds from base on, on as many processors as there are. It stops after the first seeds
// that fail: each processor finishes what it runs.
func Seeds(base uint64, n int) Summary {
	type done struct {
		res Result
		err error
	}
	all := make([]done, n)
	var (
		mu     sync.Mutex // guards next and failed
		next   int
		failed bool
		wg     sync.WaitGroup
	)
	take := func() int {
		mu.Lock()
		defer mu.Unlock()
		if failed {
			return n
		}
		next++
		return next - 1
	}
	for range min(runtime.GOMAXPROCS(0), n) {
		wg.Go(func() {
			for i := take(); i < n; i = take() {
				res, err := Run(Generate(base + uint64(i)))
				all[i] = done{res, err}
				if err != nil {
					mu.Lock()
					failed = true
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	sum := Summary{Seeds: min(next, n)}
	for i, d := range all {
		sum.Steps += d.res.Steps
		sum.Quiet = max(sum.Quiet, d.res.Quiet)
		sum.Restless += d.res.Restless
		if d.err != nil {
			sum.Failures = append(sum.Failures, Failure{Generate(base + uint64(i)), d.err})
		}
	}
	return sum
}
