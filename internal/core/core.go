package core

// Core is one node's protocol state.
type Core struct {
	out Outputs
}

// New returns a core that waits for InStart.
func New(cfg Config) *Core { return &Core{} }

// Step takes one input in and returns what to do. The Outputs belong to the core and hold until the next Step.
func (c *Core) Step(now Now, in Input) *Outputs { return &c.out }

// Links lists the links in order of LinkID, those not admitted yet included. The slice is the caller's.
func (c *Core) Links() []LinkInfo { return nil }
