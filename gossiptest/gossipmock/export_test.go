package gossipmock

import (
	"time"

	"github.com/golang/mock/gomock"
)

// NewHastyController is NewController, and less patient with cleanups.
func NewHastyController(t T) *gomock.Controller { return newController(t, patience, patience) }

// NewPatientController is NewController with all the time that a test needs to end by itself, on however slow a machine.
func NewPatientController(t T) *gomock.Controller { return newController(t, time.Minute, time.Minute) }
