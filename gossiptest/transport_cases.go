package gossiptest

import "slices"

// TransportCases returns the cases that h allows: all but those whose field of h is zero.
func TransportCases(h TransportHarness) []TransportCase {
	cases := []TransportCase{
		{
			Name: "frames",
			Rule: "It arrives as one frame, with the bytes it was sent with, once, and behind all frames that were " +
				"sent before it in the same direction.",
			nodes: 2, run: tryFrames,
		},
		{
			Name: "shared-frame",
			Rule: "From the call on, nobody changes the bytes of frame: neither the caller nor the link, nor whoever " +
				"receives them.",
			nodes: 3, run: trySharedFrame,
		},
		{
			Name: "held-frame",
			Rule: "It stays as it is until the next Recv on this link is called, even if the link ends meanwhile; " +
				"after that the link may use the memory again.",
			nodes: 2, run: tryHeldFrame,
		},
		{
			Name: "frame-limit",
			Rule: "An error wrapping ErrFrameTooLarge, and not ErrClosed: frame is larger than the limit. Nothing of it " +
				"goes out, and the link is as it was before the call.",
			nodes: 2, run: tryFrameLimit,
		},
		{
			Name: "back-pressure",
			Rule: "A link bounds what it holds of frames that the far end has not received: above that bound Send " +
				"blocks, until the far end receives or the link ends.",
			nodes: 2, run: tryBackPressure,
		},
		{
			Name: "slow-link",
			Rule: "Links are independent, also those between the same two transports: one whose far end does not read " +
				"delays no other.",
			nodes: 2, run: trySlowLink,
		},
		{
			Name:  "close-unblocks-recv",
			Rule:  "Recv waits for the next frame. Close, at either end or of either transport, unblocks it.",
			nodes: 2, run: tryCloseRecv,
		},
		{
			Name:  "close-unblocks-send",
			Rule:  "Close, at either end or of either transport, unblocks it.",
			nodes: 2, run: tryCloseSend,
		},
		{
			Name: "closed-link",
			Rule: "At an end where Close has returned, Send sends nothing and Recv returns no frame: both return " +
				"ErrClosed at once.",
			nodes: 2, run: tryClosedLink,
		},
		{
			Name:  "close-any-time",
			Rule:  "Peer and Close may be called at any time and from any number of goroutines.",
			nodes: 2, run: tryCloseAnyTime,
		},
		{
			Name:  "addresses",
			Rule:  "It is not the zero Addr, does not block, and returns the same at any time, after Close too.",
			nodes: 3, run: tryAddresses,
		},
		{
			Name: "dial-context",
			Rule: "nil and an error wrapping ctx.Err(): ctx ended, before the call or during it. A link that the far " +
				"end may have accepted meanwhile ends.",
			nodes: 2, run: tryDialContext,
		},
		{
			Name: "link-outlives-context",
			Rule: "Ctx limits the call and nothing else: once Dial has returned, the end of ctx does not touch the " +
				"link.",
			nodes: 2, run: tryLinkOutlivesContext,
		},
		{
			Name: "dial-silent",
			Rule: "Where nobody answers, Dial blocks until ctx ends or the transport is closed, so give it a deadline; " +
				"a transport may have a limit of its own as well.",
			nodes: 1, run: tryDialSilent,
		},
		{
			Name: "dial-nobody",
			Rule: "nil and an error wrapping neither: nobody is there, the far end refuses, or to is no address that " +
				"this transport can dial, the zero Addr for example.",
			nodes: 2, run: tryDialNobody,
		},
		{
			Name: "closed-transport",
			Rule: "nil and an error wrapping ErrClosed: the transport was closed, before the call or during it, or " +
				"cannot accept any more, which is final.",
			nodes: 2, run: tryClosedTransport,
		},
		{
			Name: "transport-close-ends-links",
			Rule: "Close closes the transport and every link it has made, as their Close would: those dialled, those " +
				"accepted, and those that nobody has accepted yet.",
			nodes: 3, run: tryTransportCloseEndsLinks,
		},
		{
			Name:  "many-links",
			Rule:  "There may be any number of links between the same two transports.",
			nodes: 2, run: tryManyLinks,
		},
		{
			Name: "goroutines",
			Rule: "When Close has returned, every goroutine that the transport or one of its links started has ended " +
				"or is about to: none waits for anything any more.",
			nodes: 3, run: tryGoroutines,
		},
	}
	return slices.DeleteFunc(cases, func(c TransportCase) bool {
		return c.Name == "frame-limit" && h.MaxFrame == 0 || c.Name == "dial-silent" && h.Silent.IsZero()
	})
}
