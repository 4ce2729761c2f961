// Package doccheck checks what the documentation claims against the source tree it stands in: that links lead
// somewhere, that named tests exist, that shown code is the code that is compiled, that exported names have comments and
// packages examples.
//
// Each check returns every problem it finds, in order of file and line.
package doccheck

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Files returns the paths of the files in fsys whose names end in suffix, sorted. Directories whose names begin
// with a dot or are "testdata" are left out.
func Files(fsys fs.FS, suffix string) ([]string, error) {
	var files []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch base := path.Base(name); {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(base, ".") || base == "testdata"):
			return fs.SkipDir
		case !d.IsDir() && strings.HasSuffix(base, suffix):
			files = append(files, name)
		}
		return nil
	})
	return files, err
}

var (
	link    = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	heading = regexp.MustCompile(`^#+ +(.*)`)
	dropped = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// Links checks that each relative link of the given Markdown files leads to a file or directory of fsys, and its
// fragment, if any, to a heading there. Links in code blocks are no links.
func Links(fsys fs.FS, files []string) []error {
	var errs []error
	for _, file := range files {
		err := eachLine(fsys, file, func(n int, line string, code bool) {
			if code {
				return
			}
			for _, m := range link.FindAllStringSubmatch(line, -1) {
				if err := follow(fsys, file, m[1]); err != nil {
					errs = append(errs, fmt.Errorf("%s:%d: %w", file, n, err))
				}
			}
		})
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// follow follows a link found in file.
func follow(fsys fs.FS, file, target string) error {
	if strings.Contains(target, ":") { // another site
		return nil
	}
	name, fragment, _ := strings.Cut(target, "#")
	to := file
	if name != "" {
		to = path.Join(path.Dir(file), name)
	}
	if _, err := fs.Stat(fsys, to); err != nil {
		return fmt.Errorf("link to %s: %w", target, err)
	}
	if fragment == "" {
		return nil
	}
	found := false
	err := eachLine(fsys, to, func(_ int, line string, code bool) {
		if m := heading.FindStringSubmatch(line); m != nil && !code && anchor(m[1]) == fragment {
			found = true
		}
	})
	if err == nil && !found {
		err = fmt.Errorf("link to %s: no such heading", target)
	}
	return err
}

// anchor returns the fragment under which a heading is reached.
func anchor(heading string) string {
	return strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}

var (
	named    = regexp.MustCompile("`([a-z0-9/]+)\\.((?:Test|Fuzz|Benchmark|Example)[A-Za-z0-9_]*)`")
	declared = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark|Example)[A-Za-z0-9_]*)\(`)
)

// Tests checks that each test, fuzz target, benchmark, example or suite named in the given Markdown files is declared
// in the Go files of fsys. It is named between backquotes, after its package: `gossip.TestAddInfo`, where the package
// is the last part of its directory or more of it.
func Tests(fsys fs.FS, files []string) []error {
	sources, err := Files(fsys, ".go")
	if err != nil {
		return []error{err}
	}
	tests := make(map[string]bool) // "/dir.TestName"
	for _, source := range sources {
		text, err := fs.ReadFile(fsys, source)
		if err != nil {
			return []error{err}
		}
		for _, m := range declared.FindAllSubmatch(text, -1) {
			tests["/"+path.Dir(source)+"."+string(m[1])] = true
		}
	}
	exists := func(name string) bool {
		for test := range tests {
			if strings.HasSuffix(test, "/"+name) {
				return true
			}
		}
		return false
	}
	var errs []error
	for _, file := range files {
		err := eachLine(fsys, file, func(n int, line string, code bool) {
			for _, m := range named.FindAllStringSubmatch(line, -1) {
				if name := m[1] + "." + m[2]; !code && !exists(name) {
					errs = append(errs, fmt.Errorf("%s:%d: no test %s", file, n, name))
				}
			}
		})
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// Shown checks that every Go block of a Markdown file stands, line for line, in one of the given Go files: at the left
// margin, or one tab to the right of it, as the body of a function does.
func Shown(fsys fs.FS, file string, sources ...string) []error {
	var errs []error
	var texts []string
	for _, source := range sources {
		text, err := fs.ReadFile(fsys, source)
		if err != nil {
			return []error{err}
		}
		texts = append(texts, "\n"+string(text), strings.ReplaceAll("\n"+string(text), "\n\t", "\n"))
	}
	var block strings.Builder
	begin, goCode := 0, false
	err := eachLine(fsys, file, func(n int, line string, code bool) {
		switch {
		case code && strings.HasPrefix(line, "```"):
			begin, goCode = n, line == "```go"
			block.Reset()
		case code && goCode:
			block.WriteString(line + "\n")
		case goCode && begin != 0:
			shown := "\n" + block.String()
			if !slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, shown) }) {
				errs = append(errs, fmt.Errorf("%s:%d: this code is not in %s", file, begin, strings.Join(sources, ", ")))
			}
			begin = 0
		}
	})
	if err != nil {
		errs = append(errs, err)
	}
	return errs
}

// eachLine calls f for each line of a file with its number, from 1 on, and whether it belongs to a code block. The
// opening fence does, the closing one does not.
func eachLine(fsys fs.FS, file string, f func(n int, line string, code bool)) error {
	text, err := fs.ReadFile(fsys, file)
	if err != nil {
		return err
	}
	code := false
	for i, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "```") {
			code = !code
		}
		f(i+1, line, code)
	}
	return nil
}
