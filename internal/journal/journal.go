// Package journal writes log records as the system's journal wants them: a line each, which begins with its priority
// and has no time, as the journal has its own.
package journal

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	sdjournal "github.com/coreos/go-systemd/v22/journal"
)

// Attached tells whether what is written to standard error goes to the journal.
func Attached() bool {
	attached, err := sdjournal.StderrIsJournalStream()
	return err == nil && attached // a JOURNAL_STREAM that cannot be read is none
}

// Log returns a logger to standard error: for the journal where that is where it goes, else with times for people.
func Log(level slog.Leveler) *slog.Logger {
	if Attached() {
		return slog.New(newHandler(os.Stderr, level))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}

// Complain writes why a program failed, as its last words, to stderr.
func Complain(stderr io.Writer, program string, err error) {
	prefix := ""
	if stderr == os.Stderr && Attached() {
		prefix = priority(slog.LevelError)
	}
	fmt.Fprintf(stderr, "%s%s: %v\n", prefix, program, err)
}

// priority returns what a line begins with.
func priority(level slog.Level) string {
	switch {
	case level >= slog.LevelError:
		return "<3>"
	case level >= slog.LevelWarn:
		return "<4>"
	case level >= slog.LevelInfo:
		return "<6>"
	default:
		return "<7>"
	}
}

// handler writes records as lines: the priority, the message, and what slog.TextHandler makes of the attributes.
type handler struct {
	attributes slog.Handler // writes to out.line
	out        *output
}

// output is where the lines go.
type output struct {
	mu   sync.Mutex
	line bytes.Buffer
	to   io.Writer
}

// newHandler returns a handler that writes to w each record of a level or above, with one call of Write.
func newHandler(w io.Writer, level slog.Leveler) *handler {
	out := &output{to: w}
	return &handler{out: out, attributes: slog.NewTextHandler(&out.line, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			_, isLevel := a.Value.Any().(slog.Level)
			if len(groups) == 0 && (a.Key == slog.LevelKey && isLevel || a.Key == slog.MessageKey && a.Value.String() == "") {
				return slog.Attr{}
			}
			return a
		},
	})}
}

// Enabled implements slog.Handler.
func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.attributes.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, record slog.Record) error {
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	h.out.line.Reset()
	h.out.line.WriteString(priority(record.Level))
	h.out.line.WriteString(oneLine(record.Message))
	h.out.line.WriteByte(' ')
	record.Time, record.Message = time.Time{}, "" // no time is no attribute
	if err := h.attributes.Handle(ctx, record); err != nil {
		return err
	}
	line := h.out.line.Bytes()
	if bytes.HasSuffix(line, []byte(" \n")) { // no attribute followed
		line = append(line[:len(line)-2], '\n')
	}
	_, err := h.out.to.Write(line)
	return err
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &handler{attributes: h.attributes.WithAttrs(attrs), out: h.out}
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	return &handler{attributes: h.attributes.WithGroup(name), out: h.out}
}

// oneLine returns a message as it is, or quoted where it would be more than a line: messages of libraries may hold what
// a stranger sent.
func oneLine(message string) string {
	if strings.ContainsFunc(message, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return strconv.Quote(message)
	}
	return message
}
