package simnet

import (
	"fmt"
	"math"
	"testing"
)

func TestSpread(t *testing.T) {
	tests := []struct {
		spread      Spread
		jitter      float64
		deviation   float64 // in parts of the latency, as are the others
		least, most float64 // where the rarest of 100,000 draws are
	}{
		{Uniform, 0, 0, 1, 1},
		{Uniform, 0.1, 0.1 / math.Sqrt(3), 0.9, 1.1},
		{Uniform, 0.5, 0.5 / math.Sqrt(3), 0.5, 1.5},
		{Exponential, 0, 0, 1, 1},
		{Exponential, 0.3, 0.3, 0.7, 0.7 + 0.3*math.Log(100_000)},
		{Exponential, 1, 1, 0, math.Log(100_000)},
		{LogNormal, 0, 0, 1, 1},
		{LogNormal, 0.3, 0.3, 0.27, 3.35},
		{LogNormal, 2, 2, 0.0020, 101},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%d %v", tt.spread, tt.jitter), func(t *testing.T) {
			const n, mean = 100_000, 10_000_000
			s := New(Options{Hosts: 2, Seed: 7, Spread: tt.spread, Jitter: tt.jitter})
			sum, squares, least, most := 0.0, 0.0, math.Inf(1), 0.0
			for i := range uint32(n) {
				x := float64(s.latency(mean, pathOf(0, 1, 1, 0), i)) / mean
				sum, squares, least, most = sum+x, squares+x*x, min(least, x), max(most, x)
			}
			got := sum / n
			if math.Abs(got-1) > 0.03 {
				t.Errorf("the mean is %.3f, want 1", got)
			}
			if dev := math.Sqrt(max(squares/n-got*got, 0)); math.Abs(dev-tt.deviation) > 0.1*tt.deviation {
				t.Errorf("the deviation is %.3f, want %.3f", dev, tt.deviation)
			}
			low := 0.999
			if tt.spread == LogNormal {
				low = 0.66
			}
			if least < tt.least*low || least > tt.least*1.5+0.01 || most > tt.most*1.5 || most < tt.most*0.66 {
				t.Errorf("from %.4f to %.3f, want %.4f to about %.3f", least, most, tt.least, tt.most)
			}
		})
	}
}

// The functions that stand in for those of package math.
func TestLogarithms(t *testing.T) {
	l := newLogNormal(1)
	for _, h := range []uint64{1, 2, 3, 10, 1 << 32, 1<<63 + 1, math.MaxUint64} {
		if got, want := float64(log2(h))/(1<<32), math.Log2(float64(h)); math.Abs(got-want) > 1e-9 {
			t.Errorf("log2(%d) = %v, want %v", h, got, want)
		}
	}
	for _, x := range []float64{-30.25, -1, -0.001, 0, 0.5, 1, 7.77} {
		if got, want := l.exp2(x), math.Exp2(x); math.Abs(got/want-1) > 1e-8 {
			t.Errorf("exp2(%v) = %v, want %v", x, got, want)
		}
	}
}
