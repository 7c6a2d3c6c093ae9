package netsim

import "errors"

// minQueue is the least size of a queue in bytes: that of the largest coded datagram, with headers.
const minQueue = 2000

// config returns the link that a file describes, or what is wrong with it.
func (d directionFile) config() (LinkConfig, error) {
	c := LinkConfig{
		Delay: value(d.Delay).Duration, Jitter: value(d.Jitter).Duration, Rate: value(d.Rate).bits,
		Loss: value(d.Loss).part, Repeat: value(d.Repeat).part,
	}
	burst, reorder, dropouts := value(d.Burst), value(d.Reorder), value(d.Dropouts)
	c.Burst = Burst{burst.Good.Duration, burst.Bad.Duration, burst.Loss.part, burst.Rate.bits}
	c.Reorder = Reorder{reorder.Share.part, reorder.By.Duration}
	c.Dropouts = Dropouts{dropouts.Up.Duration, dropouts.Down.Duration, dropouts.Hold}
	holds := dropouts.Hold
	for _, o := range d.Outages {
		c.Outages = append(c.Outages, Outage{o.After.Duration, o.Every.Duration, o.For.Duration, o.Hold})
		holds = holds || o.Hold
	}
	queue := value(d.Queue)
	c.Queue = queue.bytes
	if queue.wait > 0 {
		if c.Rate == 0 {
			return c, errors.New(`a queue in time needs a rate; give it in bytes, such as queue = "64KB"`)
		}
		c.Queue = max(minQueue, int(float64(c.Rate)/8*queue.wait.Seconds()))
	}
	return c, c.check(holds)
}

// check tells what makes no sense.
func (c LinkConfig) check(holds bool) error {
	if c.Queue == 0 {
		switch {
		case c.Rate > 0 || c.Burst.Rate > 0:
			return errors.New(`a rate needs a queue, such as queue = "300ms"`)
		case holds:
			return errors.New(`an outage that holds needs a queue, such as queue = "64KB"`)
		}
	}
	if (c.Burst != Burst{}) && (c.Burst.Good < minSpell || c.Burst.Bad < minSpell) {
		return errors.New(`burst needs how long the link is good and bad, 1ms or more, such as good = "10s", bad = "300ms"`)
	}
	if (c.Dropouts != Dropouts{}) && (c.Dropouts.Up < minSpell || c.Dropouts.Down < minSpell) {
		return errors.New(`dropouts need how long the link is up and down, 1ms or more, such as up = "60s", down = "2s"`)
	}
	if (c.Reorder.Share > 0) != (c.Reorder.By > 0) {
		return errors.New(`reorder needs a share and a time, such as share = "1%", by = "15ms"`)
	}
	for _, o := range c.Outages {
		if err := o.check(); err != nil {
			return err
		}
	}
	return nil
}

// check tells what makes no sense.
func (o Outage) check() error {
	switch {
	case o.For <= 0:
		return errors.New(`an outage needs a length, such as for = "5s"`)
	case o.Every > 0 && o.For >= o.Every:
		return errors.New("an outage that comes again must be shorter than the time from one to the next")
	}
	return nil
}

// value returns what p points to, or the zero value.
func value[T any](p *T) T {
	if p == nil {
		p = new(T)
	}
	return *p
}
