package web

import (
	"fmt"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

// documented returns the rows of the tables in docs/api.md below each heading: the cells, without code marks.
func documented(t *testing.T) map[string][][]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/api.md")
	require.NoError(t, err)
	rows := make(map[string][][]string)
	heading := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			heading = line
		}
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.ReplaceAll(strings.TrimSpace(cells[i]), "`", "")
		}
		rows[heading] = append(rows[heading], cells)
	}
	return rows
}

// firsts returns the first cells of rows, sorted.
func firsts(rows [][]string) (all []string) {
	for _, row := range rows {
		all = append(all, row[0])
	}
	slices.Sort(all)
	return all
}

// routesOf returns the patterns of all routes of a server, sorted. All are for GET.
func routesOf(t *testing.T, s *Server) (routes []string) {
	t.Helper()
	see := func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		require.Equal(t, http.MethodGet, method, route)
		routes = append(routes, route)
		return nil
	}
	require.NoError(t, chi.Walk(s.router, see))
	slices.Sort(routes)
	return routes
}

func TestRoutesAreDocumented(t *testing.T) {
	require.Equal(t, routesOf(t, newTestServer("")), firsts(documented(t)["## Routes"]))
}

// jsonNames returns the names of a struct's fields in JSON, sorted, and whether each may be left out.
func jsonNames(of reflect.Type) (names []string, optional map[string]bool) {
	optional = make(map[string]bool)
	for field := range of.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
		optional[name] = options == "omitempty"
	}
	slices.Sort(names)
	return names, optional
}

// structsIn returns the structs that a snapshot is made of, by their names.
func structsIn(of reflect.Type, found map[string]reflect.Type) map[string]reflect.Type {
	switch {
	case of == reflect.TypeFor[status.Time]():
	case of.Kind() == reflect.Struct && found[of.Name()] == nil:
		found[of.Name()] = of
		for field := range of.Fields() {
			structsIn(field.Type, found)
		}
	case of.Kind() == reflect.Slice, of.Kind() == reflect.Map:
		structsIn(of.Elem(), found)
	}
	return found
}

func TestSnapshotIsDocumented(t *testing.T) {
	rows := documented(t)
	structs := structsIn(reflect.TypeFor[status.Snapshot](), make(map[string]reflect.Type))
	require.Contains(t, structs, "LinkRecent")
	for name, of := range structs {
		names, optional := jsonNames(of)
		table := rows["### "+name]
		require.Equal(t, names, firsts(table), name)
		for _, row := range table {
			require.Equal(t, optional[row[0]], strings.HasPrefix(row[1], "optional: "), "%s.%s", name, row[0])
		}
	}
	headings := 0
	for heading := range rows {
		if strings.HasPrefix(heading, "### ") {
			headings++
		}
	}
	require.Len(t, structs, headings, "a table describes what is not in the snapshot")
}

// fill sets each field to something that is not zero, so that nothing is left out anywhere.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[status.Time]() {
			v.Set(reflect.ValueOf(exampleSnapshot().Time))
			return
		}
		for _, field := range v.Fields() {
			fill(field)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		element := reflect.New(v.Type().Elem()).Elem()
		fill(element)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("1s"), element)
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint8, reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	case reflect.Float64:
		v.SetFloat(1)
	default:
		panic("a snapshot holds a " + v.Kind().String())
	}
}

func fullSnapshot() (snapshot status.Snapshot) {
	fill(reflect.ValueOf(&snapshot).Elem())
	return snapshot
}

func noRequests() uint64 { return 0 }

func TestMetricsAreDocumented(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(&collector{snapshot: fullSnapshot, requests: noRequests})
	families, err := registry.Gather()
	require.NoError(t, err)
	conventional := regexp.MustCompile(`^isc_[a-z_]+$`)
	var exposed [][]string
	for _, family := range families {
		kind := strings.ToLower(family.GetType().String())
		require.Regexp(t, conventional, family.GetName())
		require.Equal(t, kind == "counter", strings.HasSuffix(family.GetName(), "_total"), family.GetName())
		require.NotEmpty(t, family.GetHelp())
		var labels []string
		for _, label := range family.GetMetric()[0].GetLabel() {
			labels = append(labels, label.GetName())
		}
		exposed = append(exposed, []string{family.GetName(), kind, strings.Join(labels, ", ")})
	}
	rows := documented(t)["## Metrics"]
	slices.SortFunc(rows, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	var described [][]string
	for _, row := range rows {
		labels := strings.Split(row[2], ", ")
		slices.Sort(labels)
		described = append(described, []string{row[0], row[1], strings.Join(labels, ", ")})
	}
	require.Equal(t, exposed, described)
}

// Each count of the snapshot is in the metrics, or is what they give by rate() and increase().
func TestEachFigureIsAMetric(t *testing.T) {
	snapshot := fullSnapshot()
	channel := &snapshot.Channels[0]
	number := uint64(1000)
	var want []uint64
	var count func(v reflect.Value)
	count = func(v reflect.Value) {
		switch {
		case v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[status.Time]():
			for i := range v.NumField() {
				if v.Type().Field(i).Name != "Received" { // the sum of the six
					count(v.Field(i))
				}
			}
		case v.Kind() == reflect.Uint64:
			number++
			v.SetUint(number)
			want = append(want, number)
		}
	}
	for _, part := range []any{
		&channel.Packets, &channel.Datagrams, &channel.Links[0].Datagrams, &channel.Links[0].FeedbackSent,
		&channel.Links[0].FeedbackWithheld, &channel.Links[0].Saved, &channel.OutputDropped,
		&channel.RTP,
	} {
		count(reflect.ValueOf(part).Elem())
	}
	channel.Malformed, channel.Refused = map[string]uint64{"short": 1}, map[string]uint64{"address": 2}
	channel.Links[0].Malformed, channel.Links[0].Refused = map[string]uint64{"short": 3}, map[string]uint64{"address": 4}
	channel.Ceilings = map[string]status.Ceiling{"sources": {Limit: 5, Now: 6, Reached: 7}}
	want = append(want, 1, 2, 3, 4, 5, 6, 7)

	registry := prometheus.NewRegistry()
	registry.MustRegister(&collector{func() status.Snapshot { return snapshot }, noRequests})
	families, err := registry.Gather()
	require.NoError(t, err)
	got := make(map[uint64]bool)
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			got[uint64(metric.GetCounter().GetValue()+metric.GetGauge().GetValue())] = true
		}
	}
	for _, value := range want {
		require.True(t, got[value], "%d is in no metric", value)
	}
}

func TestLimitsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/api.md")
	require.NoError(t, err)
	l := Limits{}.withDefaults()
	for _, row := range []string{
		fmt.Sprintf("| request line and headers | %d KiB |", l.HeaderBytes>>10),
		fmt.Sprintf("| query of an address below `/hls/` | %d KiB |", maxQuery>>10),
		fmt.Sprintf("| time for them to arrive | %.0f s |", l.HeaderTime.Seconds()),
		fmt.Sprintf("| time for the next request | %.0f s |", l.IdleTime.Seconds()),
		fmt.Sprintf("| time for %d KiB to be taken, or for what was sent to be confirmed | %.0f s |",
			writePiece>>10, l.WriteTime.Seconds()),
		fmt.Sprintf("| open connections | %d,%03d; one address half of them |", l.Connections/1000, l.Connections%1000),
		fmt.Sprintf("| viewers of a channel | %d,%03d; one address half of them |", l.Viewers/1000, l.Viewers%1000),
		fmt.Sprintf("| requests in work, or waiting for what is to come | %d,%03d; one address half of them |",
			l.Requests/1000, l.Requests%1000),
		fmt.Sprintf("| of these, on one connection of HTTP/2 | %d |", maxRequests),
		fmt.Sprintf("| event streams | %d,%03d; one address half of them |", l.Streams/1000, l.Streams%1000),
		fmt.Sprintf("| wrong keys a minute | %d of an address, %d,%03d in all |",
			l.WrongKeysPerAddress, l.WrongKeys/1000, l.WrongKeys%1000),
	} {
		require.Contains(t, string(text), row)
	}
	require.Equal(t, deadAfter, l.WriteTime)
}
