package archtest

// rule says what one package may import, apart from the standard library. Tests may import what they like.
type rule struct {
	own  []string // packages of this module, by their path in it
	libs []string // modules of third parties
	not  []string // packages of the standard library that it must do without
	why  string
}

// rules holds a rule for each package of the module. A package without one fails the test: whoever adds a package
// decides here, once, where it stands.
var rules = map[string]rule{
	"cmd/isc-receiver": {
		own:  []string{"gui", "app", "internal/instance", "internal/cli", "internal/journal", "internal/usage"},
		libs: []string{"github.com/alecthomas/kong", "github.com/go-gl/glfw/v3.4/glfw"},
		why:  "the window program turns flags into a configuration and opens the window; the rest is below it",
	},
	"cmd/isc-receiverd": {
		own: []string{
			"app",
			"internal/journal", "internal/cli", "internal/sdnotify", "internal/status", "internal/usage", "internal/words",
		},
		libs: []string{"github.com/alecthomas/kong", "github.com/schollz/progressbar/v3", "golang.org/x/term"},
		why:  "the daemon is the core without a window: it drives app and prints the snapshot, nothing more",
	},
	"cmd/isc-rig": {
		own: []string{
			"internal/rig", "internal/rig/*", "internal/netsim", "internal/portlist", "internal/portowner",
			"internal/journal", "internal/cli", "internal/sdnotify", "internal/usage",
		},
		libs: []string{"github.com/alecthomas/kong"},
		why:  "the sending side shares the coding with the receiver, through internal/rig, and nothing else",
	},
	"gui": {
		own:  []string{"app", "internal/status", "internal/words", "gui/*"},
		libs: []string{"fyne.io/fyne/v2", "github.com/dustin/go-humanize", "rsc.io/qr"},
		why:  "the window shows the snapshot and raises commands; reception must not depend on it",
	},
	"gui/form": {
		own:  []string{"app", "gui/widgets"},
		libs: []string{"fyne.io/fyne/v2"},
		why:  "the form takes settings and gives settings: it knows their rules, and nothing of a run",
	},
	"gui/*": {
		own:  []string{"internal/status", "internal/words"},
		libs: []string{"fyne.io/fyne/v2"},
		why:  "widgets get values and raise OnX: they know nothing of a run, so they can be tested alone",
	},
	"app": {
		own: []string{
			"receiver", "receiver/inbox", "receiver/source", "receiver/preview", "receiver/rtpout",
			"hls", "webassets",
			"internal/diagnosis", "internal/host", "internal/journal", "internal/keys", "internal/portlist",
			"internal/portowner", "internal/rig", "internal/status", "internal/web", "internal/wholefile",
		},
		libs: []string{"github.com/pelletier/go-toml/v2", "github.com/alecthomas/kong", "github.com/dustin/go-humanize"},
		why:  "app alone sees everything, so it only wires: what it needs from a library belongs to a package below it",
	},
	"receiver": {
		own: []string{
			"receiver/isc", "receiver/depacket", "receiver/feedback", "receiver/inbox", "receiver/ledger",
			"internal/loglimit", "internal/media", "internal/portlist", "internal/status", "internal/words",
		},
		libs: []string{"github.com/pion/rtp", "github.com/bluenviron/mediacommon/v2"},
		not:  []string{"net/http", "os"},
		why:  "the core knows no HTTP, no window and no files: packets come in and access units go out through interfaces",
	},
	"receiver/isc": {
		not: []string{"math/big", "net", "net/http", "os"},
		why: "the coding is pure arithmetic on bytes: nothing to set up, nothing to wait for, the same result every time",
	},
	"receiver/depacket": {
		own: []string{"internal/media"},
		not: []string{"net", "net/http", "os"},
		why: "a stage of the pipeline: packets in, access units out, time handed to it",
	},
	"receiver/feedback": {
		not: []string{"net", "net/http", "os"},
		why: "a stage of the pipeline: counts in, text out, time handed to it; sending is for the source",
	},
	"receiver/inbox": {
		not: []string{"net/http", "os"},
		why: "sources and the receiver meet in it, so it knows neither",
	},
	"receiver/ledger": {
		own: []string{"internal/status"},
		not: []string{"net", "net/http", "os"},
		why: "a stage of the pipeline: it counts what the pipeline tells it, at times handed to it",
	},
	"receiver/source": {
		own: []string{"receiver/inbox"},
		libs: []string{
			"github.com/google/gopacket", "github.com/mdlayher/packet", "golang.org/x/net", "golang.org/x/sys",
		},
		not: []string{"net/http"},
		why: "a source delivers datagrams and knows neither the receiver nor any output; they meet in app",
	},
	"receiver/preview": {
		own: []string{"internal/media"},
		not: []string{"net/http"},
		why: "an output takes access units and knows neither the receiver nor another output",
	},
	"receiver/rtpout": {
		own: []string{"internal/media"},
		not: []string{"net/http", "os"},
		why: "an output takes packets and units and knows neither the receiver nor files; where its text goes, app says",
	},
	"hls": {
		own:  []string{"internal/media"},
		libs: []string{"github.com/bluenviron/gohlslib/v2", "github.com/bluenviron/mediacommon/v2"},
		why:  "an output takes access units and knows neither the receiver nor another output",
	},
	"webassets": {
		why: "the page is embedded files; who may fetch them is for internal/web to say",
	},
	"internal/host": {
		own: []string{"internal/portlist"},
		why: "it asks the system for facts, which any program may do; what they mean for a channel, internal/diagnosis says",
	},
	"internal/instance": {
		why: "it lets a program find its first instance, and knows nothing of what the program does",
	},
	"internal/diagnosis": {
		own: []string{"internal/host", "internal/portlist", "internal/status", "internal/words"},
		why: "it puts facts of the machine and a verdict together: it knows neither the receiver nor who shows the result",
	},
	"internal/keys": {
		own: []string{"internal/wholefile"},
		not: []string{"net/http"},
		why: "it keeps keys in a file and knows neither what they open nor who shows them",
	},
	"internal/wholefile": {
		why: "it writes a file whole or not at all, whatever is in it",
	},
	"internal/journal": {
		libs: []string{"github.com/coreos/go-systemd/v22/journal"},
		why:  "it stands between a logger and the system's journal and knows nothing of what is logged",
	},
	"internal/sdnotify": {
		libs: []string{"github.com/coreos/go-systemd/v22/daemon"},
		why:  "it talks to the service manager; what there is to say, the program says",
	},
	"internal/cli": {
		own:  []string{"internal/journal", "internal/sdnotify"},
		libs: []string{"github.com/alecthomas/kong"},
		why:  "programs with commands begin and end alike; what they do, their commands say",
	},
	"internal/await": {
		why: "it serves tests alone, and knows nothing of what they test",
	},
	"internal/examples": {
		why: "it serves tests alone, and knows nothing of what the command lines mean",
	},
	"internal/leak": {
		why: "it serves tests alone, and knows nothing of what they test",
	},
	"internal/netns": {
		why: "it serves tests alone, and knows nothing of what they test",
	},
	"internal/words": {
		why: "it writes words, whatever they are about",
	},
	"internal/written": {
		why: "it serves tests alone, and keeps what they look at",
	},
	"internal/usage": {
		libs: []string{"github.com/alecthomas/kong"},
		why:  "it describes a command line, whatever that is for",
	},
	"internal/loglimit": {
		libs: []string{"golang.org/x/time"},
		why:  "it stands between a logger and its output and knows nothing of what is logged",
	},
	"internal/media": {
		why: "the values that outputs share are plain, so that sharing them ties nothing together",
	},
	"internal/status": {
		why: "the snapshot is a promise to scripts outside: plain values that follow no library's change",
	},
	"internal/portlist": {
		why: "it reads and writes numbers, whatever listens there",
	},
	"internal/portowner": {
		why: "it asks the system who owns a port, a question that any program may ask",
	},
	"internal/rig/plan": {
		own: []string{"internal/words"},
		not: []string{"net", "net/http", "os"},
		why: "the deciding part is told what it needs, times included, so that another wire format can use it as it is",
	},
	"internal/rig/uplink": {
		libs: []string{"golang.org/x/sys"},
		not:  []string{"net/http", "os"},
		why:  "the links carry bytes and know nothing of what they mean",
	},
	"internal/rig/feed": {
		not: []string{"net/http"},
		why: "the video comes as RTP to a local port, from us as from any other program",
	},
	"internal/rig/sender": {
		own: []string{
			"internal/portlist", "internal/rig", "internal/rig/feed", "internal/rig/plan", "internal/rig/uplink", "receiver/isc",
		},
		why: "the sender alone sees all parts of a rig, so it wires them and does little else",
	},
	"internal/rig": {
		own:  []string{"receiver/isc", "internal/netsim", "internal/rig/plan"},
		libs: []string{"github.com/bluenviron/gortsplib/v5"},
		why:  "the sending side shares the coding with the receiver and nothing else, so that each can check the other",
	},
	"internal/netsim": {
		own:  []string{"internal/portlist"},
		libs: []string{"github.com/pelletier/go-toml/v2"},
		why:  "simulated links carry bytes and know nothing of what they mean",
	},
	"internal/web": {
		own:  []string{"internal/status", "internal/portowner", "internal/wholefile"},
		libs: []string{"github.com/go-chi/chi/v5", "github.com/prometheus/client_golang", "golang.org/x/sys"},
		why:  "the router shows the snapshot and mounts handlers that app hands to it",
	},
	"internal/archtest":  {why: "it holds tests alone"},
	"internal/e2e":       {why: "it holds tests alone: it drives the programs from outside"},
	"internal/linkbench": {why: "it holds tests alone: rig, links and receiver together, in virtual time"},
}

// testsOnly are the packages without any code that could be imported.
var testsOnly = []string{"internal/archtest", "internal/e2e", "internal/linkbench"}

// reach forbids what a package may not pull in at any depth.
var reach = []struct {
	pkg    string
	banned []string // import paths; each stands for what is below it, too
	cgo    bool     // whether C code is forbidden as well
	why    string
}{
	{
		pkg: "cmd/isc-receiverd", banned: windowing, cgo: true,
		why: "the daemon runs on servers without a display and is one static file",
	},
	{
		pkg: "cmd/isc-rig", banned: append([]string{module + "/app", module + "/receiver/source"}, windowing...), cgo: true,
		why: "the sender runs on small computers and is one static file",
	},
	{
		pkg: "app", banned: windowing, cgo: true,
		why: "window and daemon drive app alike, so it can need neither a display nor a C compiler",
	},
	{
		pkg: "receiver", banned: append([]string{"net/http"}, windowing...), cgo: true,
		why: "the core must do its work whatever becomes of window and viewers",
	},
	{
		pkg: "internal/status", banned: []string{"net", "net/http"},
		why: "everyone imports the snapshot, so it must weigh nothing",
	},
}

// windowing is what only the window program may contain.
var windowing = []string{"fyne.io", "github.com/go-gl", module + "/gui"}
