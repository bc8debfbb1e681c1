// Checks a dashboard against the schema of Grafana itself: check-dashboard FILE. A field that Grafana
// does not know, or a value of another type, is an error.
package main

import (
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func main() {
	plugins.RegisterDefaultPlugins()
	text, err := os.ReadFile(os.Args[1])
	require(err)
	var read dashboard.Dashboard
	require(read.UnmarshalJSONStrict(text))
	require(read.Validate())
}

// The SDK returns an error that says nothing where there is no problem.
func require(err error) {
	if err != nil && err.Error() != "" {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
