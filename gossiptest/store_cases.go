package gossiptest

import "slices"

// StoreCases returns the cases that h allows: all but those whose field of h is nil.
func StoreCases(h StoreHarness) []StoreCase {
	cases := []StoreCase{
		{
			Name: "missing",
			Rule: "nil and an error wrapping ErrNotFound: key is not in the store.",
			run:  tryMissing,
		},
		{
			Name: "put",
			Rule: "Put sets the value of key.",
			run:  tryPut,
		},
		{
			Name: "values",
			Rule: "Every sequence of bytes is a value, the empty one included; an empty value is not the same as none.",
			run:  tryValues,
		},
		{
			Name: "keys",
			Rule: "Every string is a key: the empty one, and ones that hold slashes, zero bytes or no valid UTF-8, too.",
			run:  tryKeys,
		},
		{
			Name: "keys-differ",
			Rule: "Keys that differ in any byte, if only in case, are different.",
			run:  tryKeysDiffer,
		},
		{
			Name: "too-long",
			Rule: "What is too long for a store, it refuses with an error.",
			run:  tryTooLong,
		},
		{
			Name: "delete",
			Rule: "nil: key is not in the store, durably, as after a Put.",
			run:  tryDelete,
		},
		{
			Name: "delete-missing",
			Rule: "That key is not in the store is no error.",
			run:  tryDeleteMissing,
		},
		{
			Name: "atomic",
			Rule: "Each call is atomic: of a Get beside a Put, the Get returns either the old value or the new one, whole.",
			run:  tryAtomic,
		},
		{
			Name: "sees-put",
			Rule: "A Get that begins after a Put has returned sees its value.",
			run:  trySeesPut,
		},
		{
			Name: "concurrent",
			Rule: "A store is safe for concurrent use.",
			run:  tryConcurrent,
		},
		{
			Name: "given-bytes",
			Rule: "No call changes or keeps the bytes it is given, and the bytes it returns are the caller's, to keep and " +
				"to change.",
			run: tryGivenBytes,
		},
		{
			Name: "returned-bytes",
			Rule: "the bytes it returns are the caller's, to keep and to change.",
			run:  tryReturnedBytes,
		},
		{
			Name: "ended-context",
			Rule: "A call whose ctx ended before it does nothing, and its error wraps ctx.Err().",
			run:  tryEndedContext,
		},
		{
			Name: "context-ends",
			Rule: "If ctx cut the call short, the error wraps ctx.Err().",
			run:  tryContextEnds,
		},
		{
			Name: "waiting",
			Rule: "One whose ctx ends during it may be cut short, and is where waiting is all it does; a write to a disk " +
				"may run to its end and return what came of it.",
			run: tryWaiting,
		},
		{
			Name: "failing",
			Rule: "nil and an error that does not: it is not known whether key is in the store.",
			run:  tryFailing,
		},
		{
			Name: "reopen",
			Rule: "nil: the value is durable.",
			run:  tryReopen,
		},
		{
			Name: "crash-after-put",
			Rule: "A crash from now on, of the process or of the machine, leaves it in the store, as far as the kind of " +
				"store survives a crash at all.",
			run: tryCrashAfterPut,
		},
		{
			Name: "crash-after-delete",
			Rule: "nil: key is not in the store, durably, as after a Put.",
			run:  tryCrashAfterDelete,
		},
		{
			Name: "crash-during-put",
			Rule: "A crash during Put leaves the old value or the new one.",
			run:  tryCrashDuringPut,
		},
		{
			Name: "second-process",
			Rule: "A Get that begins after a Put has returned sees its value.",
			run:  trySecondProcess,
		},
	}
	left := map[string]bool{
		"waiting": h.Waiting == nil, "failing": h.Failing == nil, "reopen": h.Reopen == nil, "second-process": h.Second == nil,
		"crash-after-put": h.Crash == nil, "crash-after-delete": h.Crash == nil, "crash-during-put": h.Crash == nil,
	}
	return slices.DeleteFunc(cases, func(c StoreCase) bool { return left[c.Name] })
}
