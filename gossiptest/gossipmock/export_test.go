package gossipmock

import (
	"github.com/golang/mock/gomock"
)

// NewHastyController is NewController, and less patient with cleanups.
func NewHastyController(t T) *gomock.Controller { return newController(t, patience, patience) }
