package core_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var rewrite = flag.Bool("rewrite", false, "write what follows from the commands in testdata/*.txt anew")

// TestTranscripts plays the transcripts under testdata: commands to a small network, and below them everything that
// crossed a link and what came of it. docs/proofs.md says how to read and write one.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text, line, s := "", 1, newStage(t)
			for _, par := range paragraphs(string(b)) {
				said := s.play(file, line, par.commands)
				if diff := cmp.Diff(par.said, said); diff != "" && !*rewrite {
					t.Errorf("%s:%d: after\n%s\nthe nodes say something else (-want +got):\n%s", file, line, par.commands, diff)
				}
				line += strings.Count(par.String(), "\n")
				par.said = said
				text += par.String()
			}
			if *rewrite && !t.Failed() {
				if err := os.WriteFile(file, []byte(strings.TrimSuffix(text, "\n")), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// paragraph is what stands between two empty lines of a transcript.
type paragraph struct {
	commands string // and comments; each line with its end
	said     string // what follows from them
}

const rule = "----\n"

func (p paragraph) String() string {
	if p.said == "" && onlyComments(p.commands) {
		return p.commands + "\n"
	}
	return p.commands + rule + p.said + "\n"
}

func onlyComments(text string) bool {
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			return false
		}
	}
	return true
}

func paragraphs(text string) []paragraph {
	var ps []paragraph
	for text := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n\n") {
		var p paragraph
		p.commands, p.said, _ = strings.Cut(text+"\n", rule)
		ps = append(ps, p)
	}
	return ps
}

// TestTranscriptsRead guards the reader: what it reads it writes again, and it notices what is not so.
func TestTranscriptsRead(t *testing.T) {
	const text = "# what it is about\n\n# a comment\nnodes 1\nstart 1\n----\nsaid\n  more\n\nrun 1s\n----\n"
	ps := paragraphs(text)
	want := []paragraph{{"# what it is about\n", ""}, {"# a comment\nnodes 1\nstart 1\n", "said\n  more\n"}, {"run 1s\n", ""}}
	if diff := cmp.Diff(want, ps, cmp.AllowUnexported(paragraph{})); diff != "" {
		t.Errorf("paragraphs(%q): (-want +got)\n%s", text, diff)
	}
	again := ""
	for _, p := range ps {
		again += p.String()
	}
	if diff := cmp.Diff(text+"\n", again); diff != "" {
		t.Errorf("written again: (-want +got)\n%s", diff)
	}
}
