package archtest_test

import (
	"errors"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/grapevine-go/grapevine/internal/archtest"
)

// tree is a module in memory: sources by file name. Lines count from 1.
type tree map[string]string

// check returns the findings in a tree whose module is example.com/m.
func (files tree) check(t *testing.T, rules []archtest.Rule) []string {
	t.Helper()
	fsys := fstest.MapFS{"go.mod": {Data: []byte("module example.com/m\n\ngo 1.26\n")}}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	findings, err := archtest.Check(fsys, rules)
	if err != nil {
		t.Fatalf("Check: %v", err)
	}
	var got []string
	for _, f := range findings {
		got = append(got, f.String())
	}
	return got
}

func TestImports(t *testing.T) {
	tests := []struct {
		name  string
		files tree
		want  []string
	}{
		{
			name: "package without a rule",
			files: tree{
				"gossip/gossip.go": "package gossip\n",
				"misc/a.go":        "// Package misc is new.\npackage misc\n",
			},
			want: []string{"misc/a.go:2: package example.com/m/misc has no rule: classify it in internal/archtest/rules.go"},
		},
		{
			name:  "package at the root without a rule",
			files: tree{"m.go": "package m\n"},
			want:  []string{"m.go:1: package example.com/m has no rule: classify it in internal/archtest/rules.go"},
		},
		{
			name:  "gossip imports an implementation",
			files: tree{"gossip/a.go": "package gossip\n\nimport (\n\t_ \"example.com/m/transport\"\n\t_ \"example.com/m/transport/grpctransport\"\n)\n"},
			want: []string{"gossip/a.go:5: package gossip must not import transport/grpctransport: of this module, it may import " +
				`["transport" "resolver" "clock" "storage" "gossip/gossippb" "internal/core" "internal/wire" "internal/sched"]`},
		},
		{
			name:  "an implementation imports gossip, and another one",
			files: tree{"storage/filestore/a.go": "package filestore\n\nimport _ \"example.com/m/gossip\"\nimport _ \"example.com/m/storage/boltstore\"\n"},
			want: []string{
				`storage/filestore/a.go:3: package storage/filestore must not import gossip: of this module, it may import ["./..." "storage" "gossip/gossippb"]`,
				`storage/filestore/a.go:4: package storage/filestore must not import storage/boltstore: of this module, it may import ["./..." "storage" "gossip/gossippb"]`,
			},
		},
		{
			name: "parts of an implementation import each other",
			files: tree{
				"transport/x/a.go":            "package x\n\nimport _ \"example.com/m/transport/x/internal/codec\"\n",
				"transport/x/internal/y/a.go": "package y\n\nimport _ \"example.com/m/transport/x\"\n",
			},
		},
		{
			name:  "a contract imports a module",
			files: tree{"storage/a.go": "package storage\n\nimport _ \"go.etcd.io/bbolt\"\n"},
			want:  []string{"storage/a.go:3: package storage must not import go.etcd.io/bbolt: of other modules, it may import []"},
		},
		{
			name:  "a library whose path only begins like a permitted one",
			files: tree{"clock/a.go": "package clock\n\nimport _ \"github.com/benbjohnson/clockwork\"\n"},
			want:  []string{`clock/a.go:3: package clock must not import github.com/benbjohnson/clockwork: of other modules, it may import ["github.com/benbjohnson/clock"]`},
		},
		{
			name: "test support in production",
			files: tree{
				"gossip/a.go":                "package gossip\n\nimport _ \"testing\"\n",
				"examples/a/a.go":            "package main\n\nimport _ \"github.com/google/go-cmp/cmp\"\n",
				"gossiptest/sim/a.go":        "package sim\n\nimport _ \"testing/synctest\"\n",
				"transport/x/a.go":           "package x\n\nimport _ \"github.com/golang/mock/gomock\"\n",
				"gossiptest/a.go":            "package gossiptest\n\nimport _ \"testing\"\nimport _ \"github.com/google/go-cmp/cmp\"\nimport _ \"github.com/golang/mock/gomock\"\n",
				"gossiptest/gossipmock/a.go": "package gossipmock\n\nimport _ \"github.com/golang/mock/gomock\"\n",
			},
			want: []string{
				"examples/a/a.go:3: package examples/a must not import github.com/google/go-cmp/cmp, which is for tests",
				"gossip/a.go:3: package gossip must not import testing, which is for tests",
				"gossiptest/a.go:5: package gossiptest must not import github.com/golang/mock/gomock, which is for tests",
				"gossiptest/sim/a.go:3: package gossiptest/sim must not import testing/synctest, which is for tests",
				"transport/x/a.go:3: package transport/x must not import github.com/golang/mock/gomock, which is for tests",
			},
		},
		{
			name: "tests import what they like",
			files: tree{
				"gossip/a.go":      "package gossip\n",
				"gossip/a_test.go": "package gossip_test\n\nimport _ \"testing\"\nimport _ \"example.com/m/gossiptest\"\nimport _ \"github.com/golang/mock/gomock\"\n",
			},
		},
		{
			name: "examples see what is public",
			files: tree{
				"examples/a/a.go":      "package main\n\nimport _ \"example.com/m/gossip\"\nimport _ \"google.golang.org/grpc\"\nimport _ \"example.com/m/internal/core\"\n",
				"examples/a/a_test.go": "package main\n\nimport _ \"example.com/m/gossiptest\"\nimport _ \"example.com/m/internal/core\"\n",
			},
			want: []string{
				`examples/a/a.go:5: package examples/a must not import internal/core: of this module, it may import ["..."]`,
				"examples/a/a_test.go:4: tests of package examples/a must not import internal/core: they stand for a user's",
			},
		},
		{
			name: "files that are no part of the module",
			files: tree{
				"gossip/testdata/a.go":    "package a\n\nimport _ \"testing\"\n",
				"gossip/_old/a.go":        "package a\n\nimport _ \"testing\"\n",
				".ci/tool/a.go":           "package a\n\nimport _ \"testing\"\n",
				"gossip/gossippb/make.go": "//go:build ignore\n\npackage main\n\nimport _ \"testing\"\n",
			},
		},
		{
			name:  "a file for another machine is a part of it",
			files: tree{"gossip/a.go": "//go:build plan9\n\npackage gossip\n\nimport _ \"testing\"\n"},
			want:  []string{"gossip/a.go:5: package gossip must not import testing, which is for tests"},
		},
		{
			name: "syntax errors",
			files: tree{
				"gossip/a.go": "package gossip\n\nfunc {\n",
				"gossip/b.go": "Package gossip\n",
			},
			want: []string{"gossip/a.go:3: expected 'IDENT', found '{'", "gossip/b.go:1: expected 'package', found Package"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.files.check(t, archtest.Rules()), test.want); diff != "" {
				t.Errorf("findings differ (-got +want):\n%s", diff)
			}
		})
	}
}

func TestCheckWithoutModule(t *testing.T) {
	if _, err := archtest.Check(fstest.MapFS{}, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Check of an empty tree: %v, want an error that wraps fs.ErrNotExist", err)
	}
	if _, err := archtest.Check(fstest.MapFS{"go.mod": {Data: []byte("go 1.26\n")}}, nil); err == nil {
		t.Error("Check of a tree whose go.mod names no module: no error")
	}
}
