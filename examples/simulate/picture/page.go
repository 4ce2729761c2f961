package picture

import (
	_ "embed" // of the page's parts
	"fmt"
	"html/template"
	"io"
	"time"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed drawing.js
	drawingJS string
	//go:embed player.js
	playerJS string
)

var page = template.Must(template.New("page").Parse(pageHTML))

// Page writes a film as an HTML page that needs nothing else. Same film, same bytes.
func Page(w io.Writer, f *Film) error {
	return page.Execute(w, struct {
		Title  string
		Colors []string
		Film   *Film
		CSS    template.CSS
		JS     template.JS
	}{
		Title:  fmt.Sprintf("%d nodes, seed %d, L = %v", f.Nodes, f.Seed, time.Duration(f.Latency)*time.Microsecond),
		Colors: hopColors[:], Film: f, CSS: template.CSS(pageCSS), JS: template.JS(drawingJS + playerJS),
	})
}
