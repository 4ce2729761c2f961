// Protogen compiles .proto files of this module and writes the Go code that the plugins make of them beside them.
// It needs nothing but Go: the compiler is a library, the plugins are tools of tools.mod. It is run by go generate,
// in the directory of the files:
//
//	go run -modfile=../../tools.mod ../../.ci/protogen gossip.proto
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/protoutil"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/pluginpb"
)

// plugins are the generators, each with its parameter besides paths=source_relative.
var plugins = []struct{ tool, parameter string }{
	{tool: "protoc-gen-go"},
	{tool: "protoc-gen-go-vtproto", parameter: "features=marshal+unmarshal+size"},
	{tool: "protoc-gen-go-grpc"},
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "protogen:", err)
		os.Exit(1)
	}
}

func run(names []string) error {
	if len(names) == 0 {
		return errors.New("no .proto files named")
	}
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	request, err := compile(root, names)
	if err != nil {
		return err
	}
	for _, p := range plugins {
		if err := generate(root, p.tool, p.parameter, request); err != nil {
			return fmt.Errorf("run %s: %w", p.tool, err)
		}
	}
	return nil
}

// moduleRoot finds the directory of tools.mod, here or above.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "tools.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no tools.mod here or above")
		}
		dir = parent
	}
}

// compile turns files of the working directory into a request to a plugin. They are named by their path in the
// module, which gets into the generated code.
func compile(root string, names []string) (*pluginpb.CodeGeneratorRequest, error) {
	request := &pluginpb.CodeGeneratorRequest{}
	for _, name := range names {
		abs, err := filepath.Abs(name)
		if err != nil {
			return nil, err
		}
		rel, err := filepath.Rel(root, abs)
		if err != nil {
			return nil, err
		}
		request.FileToGenerate = append(request.FileToGenerate, filepath.ToSlash(rel))
	}
	compiler := protocompile.Compiler{
		Resolver:       &protocompile.SourceResolver{ImportPaths: []string{root}},
		SourceInfoMode: protocompile.SourceInfoStandard,
	}
	files, err := compiler.Compile(context.Background(), request.FileToGenerate...)
	if err != nil {
		return nil, err
	}
	added := make(map[string]bool)
	for _, file := range files {
		add(request, file, added)
	}
	return request, nil
}

// add adds file to the request, behind the files it imports, as plugins want them. added has the paths of those that
// are in the request already.
func add(request *pluginpb.CodeGeneratorRequest, file protoreflect.FileDescriptor, added map[string]bool) {
	if added[file.Path()] {
		return
	}
	added[file.Path()] = true
	imports := file.Imports()
	for i := range imports.Len() {
		add(request, imports.Get(i).FileDescriptor, added)
	}
	request.ProtoFile = append(request.ProtoFile, protoutil.ProtoFromFileDescriptor(file))
}

// generate hands the request to a plugin and writes the files it answers with.
func generate(root, tool, parameter string, request *pluginpb.CodeGeneratorRequest) error {
	request.Parameter = proto.String(strings.Join(append(strings.Fields(parameter), "paths=source_relative"), ","))
	in, err := proto.Marshal(request)
	if err != nil {
		return err
	}
	cmd := exec.Command("go", "tool", "-modfile=tools.mod", tool)
	cmd.Dir = root
	cmd.Stdin = bytes.NewReader(in)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return err
	}
	var response pluginpb.CodeGeneratorResponse
	if err := proto.Unmarshal(out, &response); err != nil {
		return err
	}
	if response.Error != nil {
		return errors.New(response.GetError())
	}
	for _, file := range response.File {
		if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(file.GetName())), []byte(file.GetContent()), 0o644); err != nil {
			return err
		}
	}
	return nil
}
