package app

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"

	"github.com/isc-receiver/isc-receiver/internal/rig"
	"github.com/isc-receiver/isc-receiver/receiver/inbox"
	"github.com/isc-receiver/isc-receiver/receiver/source"
)

// ErrEnded says that the run has ended, so that nothing can be changed any more.
var ErrEnded error = &sentence{text: "The receiver has stopped. Start it again to change its channels."}

// plans returns what the channels are to be opened with.
func (c Config) plans() []plan {
	plans := make([]plan, len(c.Channels))
	for i, ch := range c.Channels {
		plans[i] = plan{Channel: ch}
		if i == 0 {
			plans[i].demo, plans[i].capture, plans[i].legacy = c.Demo, c.Capture, c.HTTP.LegacyHLSAddress != ""
		}
	}
	return plans
}

// openChannels makes channels and connects them. On error nothing is left open.
func (r *Run) openChannels(plans []plan) ([]*channel, error) {
	var opened []*channel
	for _, p := range plans {
		ch, err := newChannel(p, r.cfg, r.log)
		if err == nil {
			opened = append(opened, ch)
			err = ch.connect(&r.pool)
		}
		if err != nil {
			closeAll(opened)
			return nil, named(p, len(plans), err)
		}
	}
	return opened, nil
}

// named returns the error of one of several channels with its name.
func named(p plan, channels int, err error) error {
	if channels == 1 {
		return err
	}
	return &sentence{p.Name + ": " + err.Error(), err}
}

// SetChannels has the run receive these channels in place of those that it has. A channel whose settings are the same
// goes on undisturbed, and so does one whose latency budget alone has changed; the others are closed, and those that
// are new or changed are opened. Where one of them cannot be opened, everything stays as it was, and the error is a
// sentence for the operator. It returns ErrEnded after the run's end.
func (r *Run) SetChannels(channels []Channel) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	if r.stopping {
		return ErrEnded
	}
	cfg := r.cfg
	cfg.Channels = channels
	if err := cfg.Validate(); err != nil {
		return err
	}
	plans := cfg.Clone().plans()
	next, gone := match(r.list(), plans)
	opened, err := r.openBeside(plans, next, gone)
	if err != nil {
		return err
	}
	r.channels.Store(&next)
	r.tellKeys() // the first channel may be another
	r.showPreviews()
	for i, ch := range next {
		ch.setLatency(plans[i].Latency)
	}
	for _, ch := range opened {
		ch.start()
	}
	halt(gone)
	closeAll(gone)
	r.log.Info("channels changed", "channels", len(next), "opened", len(opened), "closed", len(gone))
	return nil
}

// match finds the channels that go on: next has them where their plans are, and nil for plans that are to be opened.
// The others are gone.
func match(present []*channel, plans []plan) (next, gone []*channel) {
	next = make([]*channel, len(plans))
	for _, ch := range present {
		i := slices.IndexFunc(plans, ch.plan.same)
		if i < 0 {
			gone = append(gone, ch)
			continue
		}
		next[i] = ch
	}
	return next, gone
}

// openBeside opens the channels that next lacks while those that are to go still receive. Only where they need the same
// ports are these halted before. On error it has closed what it opened, and what it halted receives again.
func (r *Run) openBeside(plans []plan, next, gone []*channel) (opened []*channel, err error) {
	var taken Ports
	for _, ch := range gone {
		taken = append(taken, ch.holds()...)
	}
	var late []*channel // they wait for ports
	for i, p := range plans {
		if next[i] != nil {
			continue
		}
		ch, err := newChannel(p, r.cfg, r.log)
		if err == nil {
			next[i] = ch
			opened = append(opened, ch)
			if p.overlaps(taken) {
				late = append(late, ch)
				err = p.tryPorts(taken)
			} else {
				err = ch.connect(&r.pool)
			}
		}
		if err != nil {
			closeAll(opened)
			return nil, named(p, len(plans), err)
		}
	}
	if len(late) > 0 {
		halt(gone)
	}
	for _, ch := range late {
		if err := ch.connect(&r.pool); err != nil { // another program was faster
			closeAll(opened)
			return nil, errors.Join(named(ch.plan, len(plans), err), r.reopen(gone))
		}
	}
	return opened, nil
}

// holds returns the ports that only this channel can have.
func (ch *channel) holds() Ports {
	if _, ok := ch.source.(*source.UDP); ok {
		return ch.ports
	}
	return nil
}

// overlaps tells whether the plan needs one of the ports.
func (p plan) overlaps(ports Ports) bool {
	if p.Source != SourceUDP || p.capture != "" {
		return false
	}
	return slices.ContainsFunc(p.Ports, func(n int) bool { return slices.Contains(ports, n) })
}

// tryPorts finds out whether the plan's ports can be opened, but for those that we hold ourselves.
func (p plan) tryPorts(held Ports) error {
	var wanted Ports
	for _, n := range p.Ports {
		if !slices.Contains(held, n) {
			wanted = append(wanted, n)
		}
	}
	src, err := source.ListenUDP(p.Interface, wanted, new(inbox.Pool))
	if err != nil {
		return explainPorts(err)
	}
	src.Close()
	return nil
}

// reopen replaces channels that were halted by new ones that are the same. One that cannot be opened again stays in the
// list, where it shows that it has stopped.
func (r *Run) reopen(halted []*channel) error {
	list := slices.Clone(r.list())
	var failures []error
	for _, old := range halted {
		again, err := r.openChannels([]plan{old.plan})
		if err != nil {
			failures = append(failures, named(old.plan, len(list), err))
			continue
		}
		list[slices.Index(list, old)] = again[0]
		again[0].start()
		old.close()
	}
	r.channels.Store(&list)
	r.showPreviews()
	return errors.Join(failures...)
}

// halt ends the reception of channels, of all at once.
func halt(channels []*channel) {
	for _, ch := range channels {
		ch.stop()
	}
	for _, ch := range channels {
		<-ch.done
	}
}

// closeAll closes channels that do not receive.
func closeAll(channels []*channel) {
	for _, ch := range channels {
		ch.close()
	}
}

// runDemo runs the simulated rig that sends to a channel's ports.
func runDemo(ctx context.Context, ports Ports, log *slog.Logger) {
	host := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	to := make([]netip.AddrPort, len(ports))
	for i, port := range ports {
		to[i] = netip.AddrPortFrom(host, uint16(port))
	}
	if err := rig.RunDemo(ctx, rig.DemoConfig{To: to, Seed: 1, Log: log}); err != nil {
		log.Error("the demonstration ended", "error", err)
	}
}
