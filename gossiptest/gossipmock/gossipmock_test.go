package gossipmock_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/golang/mock/gomock"

	"github.com/grapevine-go/grapevine/clock"
	"github.com/grapevine-go/grapevine/gossiptest/gossipmock"
	"github.com/grapevine-go/grapevine/resolver"
	"github.com/grapevine-go/grapevine/storage"
	"github.com/grapevine-go/grapevine/transport"
)

var (
	_ transport.Transport = (*gossipmock.MockTransport)(nil)
	_ transport.Link      = (*gossipmock.MockLink)(nil)
	_ resolver.Resolver   = (*gossipmock.MockResolver)(nil)
	_ clock.Clock         = (*gossipmock.MockClock)(nil)
	_ clock.Timer         = (*gossipmock.MockTimer)(nil)
	_ storage.Store       = (*gossipmock.MockStore)(nil)
)

func TestMockTransport(t *testing.T) {
	ctrl := gossipmock.NewController(t)
	tr, link := gossipmock.NewMockTransport(ctrl), gossipmock.NewMockLink(ctrl)
	to := transport.MakeAddr("tcp", "10.0.0.1:7946")
	gomock.InOrder(
		tr.EXPECT().Dial(gomock.Any(), to).Return(link, nil),
		link.EXPECT().Send([]byte("hello")).Return(nil),
		link.EXPECT().Recv().Return(nil, fmt.Errorf("recv from %s: %w", to, transport.ErrClosed)),
		link.EXPECT().Close().Return(nil),
	)

	l, err := tr.Dial(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Send([]byte("hello")); err != nil {
		t.Errorf("Send: %v", err)
	}
	if frame, err := l.Recv(); frame != nil || !errors.Is(err, transport.ErrClosed) {
		t.Errorf("Recv() = %q, %v, want nil, ErrClosed", frame, err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func TestMockClock(t *testing.T) {
	ctrl := gossipmock.NewController(t)
	c, timer := gossipmock.NewMockClock(ctrl), gossipmock.NewMockTimer(ctrl)
	var due func()
	c.EXPECT().AfterFunc(gomock.Any(), gomock.Any()).DoAndReturn(func(_ any, f func()) clock.Timer {
		due = f
		return timer
	})
	timer.EXPECT().Stop().Return(true)

	called := false
	if !c.AfterFunc(1, func() { called = true }).Stop() {
		t.Error("Stop returned false, want true")
	}
	if due(); !called {
		t.Error("the function that AfterFunc was given is not the one that the mock got")
	}
}
