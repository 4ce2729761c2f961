package core_test

import "testing"

// TestPace: a busy link sends a burst of two frames, then one each Pace; five once no member has come for 50 latencies.
func TestPace(t *testing.T) {
	for _, tt := range []struct {
		name  string
		after int64 // the last new member
		want  int   // frames
	}{
		{"assembling", 100 * ms, 2 + 10},
		{"settled", second, 2 + 50},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, from, q, _, o, seq := hub(t)
			crowd(w, from, 1)
			q.send(frame(graft(o, seq)))
			w.run(tt.after)
			q.drop()
			for range 101 {
				seq++
				from.send(update(o, seq, 1))
				w.run(ms)
			}
			if got := q.listen().frames; got < tt.want-1 || got > tt.want+1 {
				t.Errorf("in 0.1 s a link sends %d frames, want %d", got, tt.want)
			}
		})
	}
}
