// Package gossippb holds the messages that gossip nodes exchange, and what a node gossips about itself.
//
// # Frames
//
// A link between two nodes carries frames both ways. The node that dialled sends a [Request] a frame, the other
// one a [Response]. Neither waits for the other: the names are older than the links. Every field is a section of
// the frame and optional, and those that links use have the same numbers in both messages, so one decoder reads
// either. The gRPC service that carries them is in the package gossipgrpc below this one.
//
//   - The first frame each way holds a [Hello], with the sender's node_id and addr beside it. The answer to a Hello
//     has a [Verdict].
//   - delta holds the infos. A [Range] says what they amount to: everything that is left of what its node wrote
//     between two sequence numbers is in this frame or with the receiver already. A [Standin] says of a key that
//     another node has overwritten what it stands for.
//   - An advert offers, a [Graft] asks for, and a [Prune] refuses the infos of one node.
//   - A [Mark] tells how far the sender has come with a node; marks_end says that the marks are all.
//   - A [Ping] keeps an idle link, and a [Bye] ends a link.
//   - max_seq, cluster_id and a [Cursor] are those of an exchange of one Request for one Response, without a link.
//   - An [Origin] declares which incarnation a node ID stands for from there on, so that the other messages can
//     leave it out.
//
// # Infos
//
// An [Info] is one fact: its key is the key of the delta's map, its [Value] bytes with the time at which they were
// written. The checksum is that of [Checksum], over key and bytes. A deleted or expired info lives on for a while
// without its bytes, so that older news of the key cannot bring it back; see [State].
//
// Under "node:<id>" stands a [NodeDescriptor], under "system-db" a [SystemConfig]. What other infos hold is the
// application's.
//
// # Codec
//
// The messages are ordinary protobuf: proto.Marshal, protojson and the rest take them. Request, Response and Info
// also have Marshal, MarshalTo, Size and Unmarshal, which use no reflection and write the entries of a delta in the
// order of their keys, so that equal messages have equal bytes. All of them keep fields that they do not know.
// Like all generated messages, these may be read by any number of goroutines, and changed by one that is alone.
package gossippb

//go:generate go run -modfile=../../tools.mod ../../.ci/protogen gossip.proto
