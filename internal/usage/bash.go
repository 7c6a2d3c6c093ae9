package usage

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// bash writes a script that has bash complete a program's commands, flags, the values of flags that are a choice, a
// file or a network interface, and files as arguments.
func bash(w io.Writer, app *kong.Application) {
	function := "_" + strings.ReplaceAll(app.Name, "-", "_")
	fmt.Fprintf(w, bashStart, function)
	all := nodes(app.Node)
	if len(all) > 1 {
		fmt.Fprint(w, "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n        case \"$path $word\" in\n")
		for _, node := range all[1:] {
			fmt.Fprintf(w, "        %q) path=\"$path $word\" ;;\n", pathOf(node))
		}
		fmt.Fprint(w, "        esac\n    done\n")
	}
	fmt.Fprint(w, "    case \"$path $flag\" in\n")
	for _, node := range all {
		for _, flag := range flagsOf(node) {
			if !flag.IsBool() {
				fmt.Fprintf(w, "    %q) %s ;;\n", pathOf(node)+" --"+flag.Name, suggest(flag))
			}
		}
	}
	fmt.Fprint(w, "    *) case $path in\n")
	for _, node := range all {
		files := ""
		if len(node.Positional) > 0 {
			files = " files=1"
		}
		fmt.Fprintf(w, "        %q) words=%q%s ;;\n", pathOf(node), words(node), files)
	}
	fmt.Fprintf(w, bashEnd, function, app.Name)
}

// suggest returns what has bash suggest values of a flag.
func suggest(flag *kong.Flag) string {
	choices := slices.DeleteFunc(flag.EnumSlice(), func(choice string) bool { return choice == "" })
	switch {
	case len(choices) > 0:
		return fmt.Sprintf("words=%q", strings.Join(choices, " "))
	case flag.PlaceHolder == "FILE":
		return "files=1"
	case flag.Name == "interface":
		return "words=$(cd /sys/class/net 2>/dev/null && echo *)"
	default:
		return ":" // anybody's guess
	}
}

// words returns the commands and flags of a command. A flag that takes a value has an equals sign at its end.
func words(node *kong.Node) string {
	var all []string
	for _, child := range node.Children {
		if !child.Hidden {
			all = append(all, child.Name)
		}
	}
	for _, flag := range flagsOf(node) {
		name := "--" + flag.Name
		if !flag.IsBool() {
			name += "="
		}
		all = append(all, name)
	}
	return strings.Join(all, " ")
}

const bashStart = `# Completion for bash, made of the program's own flags.
%s() {
    local cur=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD-1]} path="" word="" words="" files=""
    if [[ $cur == = ]]; then # bash takes it for a word of its own
        cur=""
    elif [[ $flag == = ]] && ((COMP_CWORD > 1)); then
        flag=${COMP_WORDS[COMP_CWORD-2]}
    fi
`

const bashEnd = `        esac ;;
    esac
    mapfile -t COMPREPLY < <(
        [[ -z $files || $cur == -* ]] || compgen -f -- "$cur"
        compgen -W "$words" -- "$cur"
    )
    [[ -z $files ]] || compopt -o filenames 2>/dev/null
    [[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
}
complete -F %s %s
`
