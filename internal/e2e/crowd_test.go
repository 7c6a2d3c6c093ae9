package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	crowdVariable = "ISC_CROWD" // a plan as JSON: the process is a crowd
	crowdComes    = 2 * time.Minute
	crowdReady    = "ready"
)

// crowdPlan says what a crowd does.
type crowdPlan struct {
	Address, Key               string
	Viewers, Stalled, HalfOpen int
	Length                     time.Duration
}

// crowdReport says what a crowd got.
type crowdReport struct {
	Faults                   map[string]int // of viewers who failed, by what went wrong
	Punctual                 int            // viewers who got each part in time
	Parts, Missed            uint64
	Megabits                 float64 // a second
	Half, Most, All          time.Duration
	Stalled, Failed, Dropped int   // of the readers who stall
	HalfOpen, Ended          int64 // connections
}

// crowd is a process of its own, with less of the processors than others where there is not enough for all: it stands
// for other machines.
type crowd struct {
	t       *testing.T
	command *exec.Cmd
	output  *bufio.Reader
}

// startCrowd lets a crowd come, and returns once all are there and begin to count.
func startCrowd(t *testing.T, p crowdPlan) *crowd {
	t.Helper()
	text, err := json.Marshal(p)
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	c := &crowd{t: t, command: exec.CommandContext(t.Context(), "nice", "-n", "5", self)}
	c.command.Env = append(os.Environ(), crowdVariable+"="+string(text))
	c.command.Stderr = os.Stderr
	stdout, err := c.command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.command.Start())
	c.output = bufio.NewReader(stdout)
	line, err := c.output.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, crowdReady, strings.TrimSpace(line))
	return c
}

// end waits until the crowd has gone, and returns what it got.
func (c *crowd) end() (r crowdReport) {
	c.t.Helper()
	text, err := io.ReadAll(c.output)
	require.NoError(c.t, err)
	require.NoError(c.t, c.command.Wait())
	require.NoError(c.t, json.Unmarshal(text, &r), "%s", text)
	return r
}

// crowdMain is the main function of a crowd.
func crowdMain(text string) int {
	var p crowdPlan
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := json.NewEncoder(os.Stdout).Encode(p.carryOut()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func (p crowdPlan) carryOut() (r crowdReport) {
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	viewers := audience{address: p.Address, key: p.Key}
	var half halfOpen
	half.come(ctx, p.Address, p.HalfOpen)
	viewers.come(ctx, p.Viewers)
	for began := time.Now(); int(viewers.ready.Load())+viewers.failed() < p.Viewers && time.Since(began) < crowdComes; {
		<-time.After(arrivalGap)
	}
	stalled := stall(ctx, p.Address, p.Key, p.Stalled)
	fmt.Println(crowdReady)
	began, before := time.Now(), viewers.bytes.Load()
	viewers.measured.Store(true)
	<-time.After(p.Length)
	viewers.measured.Store(false)
	r.Megabits = float64(viewers.bytes.Load()-before) * 8 / time.Since(began).Seconds() / 1e6
	r.HalfOpen = half.open.Load()
	r.Stalled, r.Failed, r.Dropped = len(stalled.connections), stalled.refused, stalled.dropped()
	leave()
	viewers.viewers.Wait()
	half.all.Wait()
	r.Faults, r.Punctual, r.Ended = viewers.faults, int(viewers.punctual.Load()), half.ended.Load()
	r.Parts, r.Missed = viewers.parts.Load(), viewers.missed.Load()
	r.Half, r.Most, r.All = viewers.late.quantile(0.5), viewers.late.quantile(0.99), viewers.late.quantile(1)
	return r
}
