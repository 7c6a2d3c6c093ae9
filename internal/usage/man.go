package usage

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// man writes the commands and flags of a program as a list in mdoc. A flag that all commands have, as the help has, is
// listed once, at the program.
func man(w io.Writer, app *kong.Application) {
	for _, node := range nodes(app.Node) {
		if node.Leaf() && node.Parent != nil {
			fmt.Fprintf(w, ".Ss %s%s\n%s\n", app.Name, pathOf(node), text(node.Help))
		}
		if len(node.Flags)+len(node.Positional) == 0 {
			continue
		}
		fmt.Fprintln(w, ".Bl -tag -width Ds")
		for _, argument := range node.Positional {
			fmt.Fprintf(w, ".It Ar %s\n%s\n", strings.ToUpper(argument.Name), text(argument.Help))
		}
		for _, flag := range node.Flags {
			if !flag.Hidden {
				manFlag(w, flag)
			}
		}
		fmt.Fprintln(w, ".El")
	}
}

func manFlag(w io.Writer, flag *kong.Flag) {
	fmt.Fprint(w, ".It ")
	if flag.Short != 0 {
		fmt.Fprintf(w, "Fl %c , ", flag.Short)
	}
	fmt.Fprintf(w, "Fl -%s", flag.Name)
	if !flag.IsBool() {
		fmt.Fprintf(w, " Ns = Ns Ar %s", strings.ReplaceAll(placeholder(flag), ",...", " Ns ,..."))
	}
	fmt.Fprintf(w, "\n%s\n", text(flag.Help))
	if flag.Default != "" && !strings.Contains(flag.Help, "Default: ") {
		fmt.Fprintf(w, "Default: %s.\n", text(flag.Default))
	}
	for _, env := range flag.Envs {
		fmt.Fprintf(w, ".Pq Ev %s\n", env)
	}
}

// placeholder returns what stands for the value of a flag.
func placeholder(flag *kong.Flag) string {
	if shown := strings.Trim(flag.FormatPlaceHolder(), `"`); shown != flag.Default {
		return shown
	}
	return strings.ToUpper(flag.Name[strings.LastIndexByte(flag.Name, '-')+1:])
}

// text returns a text as it stands in mdoc: each sentence on a line of its own.
func text(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, `\`, `\e`), ". ")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, ".\n")
}
