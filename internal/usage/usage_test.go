package usage_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/usage"
)

type commandLine struct {
	usage.Flags

	Run struct {
		Config    string `placeholder:"FILE" help:"Settings. A file\\folder." env:"ISC_CONFIG"`
		Ports     string `placeholder:"PORTS" help:".5 is none."`
		Size      string `default:"5" help:"Size. Default: ${default}."`
		Interface string `placeholder:"NAME" help:"Interface."`
		Level     string `enum:",debug,warn" default:"warn" help:"Level."`
		Dump      bool   `short:"d" help:"Save."`
		Secret    bool   `hidden:""`
	} `cmd:"" help:"Receive."`
	Key struct {
		Add struct {
			Name string `arg:"" help:"Whose."`
			Days int    `help:"How long." default:"30"`
		} `cmd:"" help:"Make one."`
		List struct{} `cmd:"" help:"Show all."`
	} `cmd:"" help:"Keys."`
	Trick struct{} `cmd:"" hidden:""`
}

// output returns what the program prints with a flag.
func output(t *testing.T, flag string) string {
	t.Helper()
	var line commandLine
	var out bytes.Buffer
	exit := -1
	parser, err := kong.New(&line, kong.Name("my-program"), kong.Writers(&out, &out),
		kong.Exit(func(code int) { exit = code }))
	require.NoError(t, err)
	_, _ = parser.Parse([]string{flag}) // that a command is missing is said after the end
	require.Zero(t, exit)
	return out.String()
}

func TestMan(t *testing.T) {
	require.Equal(t, `.Bl -tag -width Ds
.It Fl h , Fl -help
Show context-sensitive help.
.El
.Ss my-program run
Receive.
.Bl -tag -width Ds
.It Fl -config Ns = Ns Ar FILE
Settings.
A file\efolder.
.Pq Ev ISC_CONFIG
.It Fl -ports Ns = Ns Ar PORTS
\&.5 is none.
.It Fl -size Ns = Ns Ar SIZE
Size.
Default: 5.
.It Fl -interface Ns = Ns Ar NAME
Interface.
.It Fl -level Ns = Ns Ar LEVEL
Level.
Default: warn.
.It Fl d , Fl -dump
Save.
.El
.Ss my-program key add
Make one.
.Bl -tag -width Ds
.It Ar NAME
Whose.
.It Fl -days Ns = Ns Ar DAYS
How long.
Default: 30.
.El
.Ss my-program key list
Show all.
`, output(t, "--print-man"))
}

// TestBash asks a real bash what it suggests. The words are as it splits them, at equals signs, too.
func TestBash(t *testing.T) {
	shell, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "script"), []byte(output(t, "--print-bash")), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "my capture"), nil, 0o600))
	for line, want := range map[string][]string{
		"":                      {"run", "key", "--help"},
		"r":                     {"run"},
		"run --":                {"--help", "--config=", "--ports=", "--size=", "--interface=", "--level=", "--dump"},
		"run --d":               {"--dump"},
		"run --level ":          {"debug", "warn"},
		"run --level =":         {"debug", "warn"},
		"run --level = d":       {"debug"},
		"run --level warn --du": {"--dump"},
		"run --config = my":     {"my capture"},
		"run --ports ":          nil,
		"run --interface l":     {"lo"},
		"key ":                  {"add", "list", "--help"},
		"key add my":            {"my capture"},
		"key add --":            {"--help", "--days="},
		"key list --":           {"--help"},
	} {
		ask := exec.CommandContext(t.Context(), shell, "-c", `. ./script
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_my_program
printf '%s\n' "${COMPREPLY[@]}"
complete -p my-program`, "bash", "my-program")
		ask.Args = append(ask.Args, strings.Split(line, " ")...)
		ask.Dir = dir
		answer, err := ask.CombinedOutput()
		require.NoError(t, err, "%s", answer)
		suggested, ok := strings.CutSuffix(string(answer), "complete -F _my_program my-program\n")
		require.True(t, ok, "%s", answer)
		if len(want) == 0 {
			want = []string{""}
		}
		require.Equal(t, strings.Join(want, "\n")+"\n", suggested, line)
	}
}

// TestPages holds each man page's text against what manuals.sh fills in.
func TestPages(t *testing.T) {
	pages, err := filepath.Glob("../../packaging/man/*.[1-8]")
	require.NoError(t, err)
	require.NotEmpty(t, pages)
	for _, page := range pages {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		marks := strings.Count(string(text), "\n@FLAGS@\n") + strings.Count(string(text), "\n@SETTINGS@\n")
		require.Equal(t, 1, marks, "%s: the flags or the settings are filled in once", page)
		for _, section := range []string{"NAME", "DESCRIPTION", "SEE ALSO"} {
			require.Contains(t, string(text), "\n.Sh "+section+"\n", page)
		}
	}
}
