package picture

import (
	"math"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// point is a place in a picture whose middle is 0, 0; x goes to the right, y down.
type point struct{ X, Y float64 }

func (p point) scaled(f float64) point { return point{p.X * f, p.Y * f} }

func (p point) plus(q point) point { return point{p.X + q.X, p.Y + q.Y} }

func (p point) length() float64 { return math.Hypot(p.X, p.Y) }

// onCircle returns the i-th of n places on a circle around the middle, clockwise from the top.
func onCircle(i, n int, radius float64) point {
	sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(n))
	return point{radius * sin, -radius * cos}
}

// ringPlaces returns the place of each node on one circle, in the order of the ring.
func ringPlaces(s *sim.Sim, radius float64) []point {
	places := make([]point, s.Len())
	for i, node := range s.Ring() {
		places[node] = onCircle(i, s.Len(), radius)
	}
	return places
}

// twoCircles returns the place of each node on one of two circles side by side, in the order of the ring.
func twoCircles(s *sim.Sim, left []bool, radius, apart float64) []point {
	places := make([]point, s.Len())
	for _, side := range []bool{true, false} {
		var nodes []int
		for _, node := range s.Ring() {
			if left[node] == side {
				nodes = append(nodes, node)
			}
		}
		middle := point{X: apart}
		if side {
			middle.X = -apart
		}
		for i, node := range nodes {
			places[node] = onCircle(i, len(nodes), radius).plus(middle)
		}
	}
	return places
}

// bend returns the control point of the curve from a to b: the farther they are apart, the nearer it is to the middle, so
// that chords part from the ring.
func bend(a, b point, radius float64) point {
	half := a.plus(b).scaled(0.5)
	apart := a.plus(b.scaled(-1)).length() / (2 * radius)
	return half.scaled(1 - 0.75*apart)
}
