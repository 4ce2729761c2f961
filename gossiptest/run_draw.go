package gossiptest

// draw writes a picture of the last frames, and returns its path; "" if there is nothing to draw.
func (r *runner) draw(o outcome) string { return "" }
