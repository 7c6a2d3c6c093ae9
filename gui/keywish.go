package gui

import (
	"errors"
	"time"
)

// errNotRunning says that keys cannot be changed while nothing is served.
var errNotRunning = errors.New("keys can be changed while the receiver runs: start it first")

// keyChange changes the keys of a run.
type keyChange func(r run) error

// AddKey asks for a key with a name, an end, zero for none, and the channels that it is for, none for all.
func (c *controller) AddKey(name string, expires time.Time, channels []string) {
	c.changeKeys(func(r run) error { return r.AddKey(name, expires, channels) })
}

// ReplaceKey asks for another link of a key.
func (c *controller) ReplaceKey(name string) {
	c.changeKeys(func(r run) error { return r.ReplaceKey(name) })
}

// RemoveKey asks for a key to be removed.
func (c *controller) RemoveKey(name string) {
	c.changeKeys(func(r run) error { return r.RemoveKey(name) })
}

// changeKeys leaves a change for the loop. Each is made, in turn: none stands for another.
func (c *controller) changeKeys(change keyChange) {
	c.mu.Lock()
	c.keyChanges = append(c.keyChanges, change)
	c.mu.Unlock()
	c.stir()
}

// nextKeyChange has the next change made, on a goroutine of its own as the disk may be slow.
func (c *controller) nextKeyChange() {
	if c.locksmith.busy {
		return
	}
	c.mu.Lock()
	var change keyChange
	if len(c.keyChanges) > 0 {
		change = c.keyChanges[0]
		c.keyChanges = c.keyChanges[1:]
	}
	c.mu.Unlock()
	if change == nil {
		return
	}
	r := c.run
	c.locksmith.ask(func() error {
		if r == nil {
			return errNotRunning
		}
		return change(r)
	})
}

// keysChanged takes note of a change that was made, or not, and has the next one made.
func (c *controller) keysChanged(err error) {
	c.model.KeyErr = refusal{err, c.model.KeyErr.number + 1}
	if err != nil {
		c.log.Error("the keys were not changed as asked for", "error", err)
	}
	c.locksmith.taken()
	c.nextKeyChange()
}
