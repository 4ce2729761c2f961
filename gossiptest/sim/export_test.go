package sim

import "github.com/grapevine-go/grapevine/internal/core"

// Machine is what a Sim drives.
type Machine = machine

// NewWith returns a Sim whose nodes are what newCore makes.
func NewWith(opts Options, newCore func(core.Config) Machine) *Sim { return newSim(opts, newCore) }
