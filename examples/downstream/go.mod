module example.com/flags

go 1.26.0

replace github.com/grapevine-go/grapevine => ../..

require (
	github.com/golang/mock v1.6.0
	github.com/google/go-cmp v0.7.0
	github.com/grapevine-go/grapevine v0.0.0-00010101000000-000000000000
)

require (
	github.com/benbjohnson/clock v1.3.5 // indirect
	github.com/planetscale/vtprotobuf v0.6.1-0.20240319094008-0393e58bdf10 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)
