// Package loglimit bounds how many lines a log gets, so that nobody outside can fill a disk by making us complain.
package loglimit

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// heldBack names the attribute that says how many lines were held back before the one that carries it.
const heldBack = "held_back"

// Handler passes on as many records as its bucket has tokens for and holds back the others, whatever their level.
// It may be used concurrently.
type Handler struct {
	next   slog.Handler
	bucket *bucket
}

// bucket is what a Handler shares with those that WithAttrs and WithGroup make of it.
type bucket struct {
	tokens  *rate.Limiter
	untold  atomic.Uint64 // held back since a record last went out
	dropped atomic.Uint64
}

// New returns a handler that passes records on to next: burst of them at once, and perSecond of them in the long run.
// What the time is, the records say.
func New(next slog.Handler, perSecond float64, burst int) *Handler {
	return &Handler{next: next, bucket: &bucket{tokens: rate.NewLimiter(rate.Limit(perSecond), burst)}}
}

// Dropped returns how many records were held back since the handler was made.
func (h *Handler) Dropped() uint64 { return h.bucket.dropped.Load() }

// Used returns how many lines fewer than burst would go out at once at that time.
func (h *Handler) Used(now time.Time) int {
	return h.bucket.tokens.Burst() - int(h.bucket.tokens.TokensAt(now))
}

// Enabled implements slog.Handler.
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle implements slog.Handler. The first record that goes out after others were held back says how many, in the
// attribute heldBack among its own. To hold a record back is no error.
func (h *Handler) Handle(ctx context.Context, record slog.Record) error {
	now := record.Time
	if now.IsZero() { // slog allows records without a time
		now = time.Now()
	}
	if !h.bucket.tokens.AllowN(now, 1) {
		h.bucket.dropped.Add(1)
		h.bucket.untold.Add(1)
		return nil
	}
	if untold := h.bucket.untold.Swap(0); untold > 0 {
		record = record.Clone()
		record.AddAttrs(slog.Uint64(heldBack, untold))
	}
	return h.next.Handle(ctx, record)
}

// WithAttrs implements slog.Handler. The new handler draws from the same bucket.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &Handler{next: h.next.WithAttrs(attrs), bucket: h.bucket}
}

// WithGroup implements slog.Handler. The new handler draws from the same bucket.
func (h *Handler) WithGroup(name string) slog.Handler {
	return &Handler{next: h.next.WithGroup(name), bucket: h.bucket}
}
