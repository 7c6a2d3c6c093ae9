package source

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"github.com/isc-receiver/isc-receiver/receiver/inbox"
)

const (
	// dumpQueue is how many datagrams may wait for the disk: with their memory, 17 MiB. What comes then is missed.
	dumpQueue = 4096
	// dumpFlush is how long what was written may stay in the memory of this process, to be lost in a crash.
	dumpFlush = time.Second
)

// What each packet of a pcapng file takes beside its frame, which is filled up to a multiple of 4 bytes.
const (
	blockOverhead = 32
	blockAlign    = 4
)

// DumpState is how far a Dump is.
type DumpState struct {
	Bytes  int64  // how large the file is, with what is about to be written
	Missed uint64 // datagrams that are not in the file as the disk was too slow
	Full   bool   // it has ended, as the next datagram would have made the file larger than the limit
	Err    error  // it has ended, as writing failed
}

// Dump writes datagrams, good or bad, to a pcapng file, with nanoseconds. As datagrams arrive without their headers,
// these are made up: Ethernet without addresses, IPv4 or IPv6 from the sender to 127.0.0.1 or ::1, and UDP to the port
// of the link. A datagram is one frame, however long it is. One that was longer than inbox.MaxDatagram is as if a
// capture had cut its last byte off: its headers state a byte more than was kept, which is the least that it can have
// had. The methods may be called from any goroutine.
type Dump struct {
	file    io.WriteCloser
	pcap    *pcapgo.NgWriter
	frames  *frameMaker
	ports   []int
	limit   int64
	scratch []byte // a payload with a byte more

	pool  inbox.Pool
	queue chan *inbox.Datagram
	stop  chan struct{} // Close begins
	begun atomic.Bool   // Close has begun
	ended chan struct{} // the writer has ended

	bytes  atomic.Int64
	missed atomic.Uint64
	end    atomic.Pointer[DumpState] // how it ended; nil while it is written to
}

// CreateDump creates a pcapng file, or empties the one that is there, for the datagrams of links that have those ports,
// in order. The file grows to limit bytes at most. A new one can be read by its user alone, as it holds what the rigs
// sent. The errors are the system's.
func CreateDump(path string, ports []int, limit int64) (*Dump, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	d, err := newDump(file, ports, limit)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return d, nil
}

func newDump(file io.WriteCloser, ports []int, limit int64) (*Dump, error) {
	d := &Dump{
		file: file, frames: newFrameMaker(), ports: slices.Clone(ports), limit: limit,
		queue: make(chan *inbox.Datagram, dumpQueue), stop: make(chan struct{}), ended: make(chan struct{}),
	}
	device, options := pcapgo.DefaultNgInterface, pcapgo.DefaultNgWriterOptions
	device.Name, device.LinkType = "received", layers.LinkTypeEthernet
	device.Description = fmt.Sprintf("UDP ports %v; all headers but the sender and the port are made up", ports)
	options.SectionInfo.Application = "ISC Receiver"
	var head countingWriter
	var err error
	if d.pcap, err = pcapgo.NewNgWriterInterface(io.MultiWriter(file, &head), device, options); err != nil {
		return nil, err
	}
	if err := d.pcap.Flush(); err != nil {
		return nil, err
	}
	d.bytes.Store(int64(head))
	go d.run()
	return d, nil
}

// countingWriter counts what is written to it.
type countingWriter int64

func (c *countingWriter) Write(b []byte) (int, error) {
	*c += countingWriter(len(b))
	return len(b), nil
}

// WriteDatagram takes a datagram, of which nothing is kept. It never blocks: where the disk cannot keep up and too many
// datagrams wait for it, this one is counted as missed. Once the dump has ended, it does nothing.
func (d *Dump) WriteDatagram(dg *inbox.Datagram) {
	if d.end.Load() != nil || d.begun.Load() {
		return
	}
	if len(d.queue) == dumpQueue {
		d.missed.Add(1)
		return
	}
	c := d.pool.GetFor(len(dg.Bytes()))
	c.Link, c.From, c.Arrival, c.Truncated = dg.Link, dg.From, dg.Arrival, dg.Truncated
	c.SetSize(copy(c.Buffer(), dg.Bytes()))
	select {
	case d.queue <- c:
	default:
		d.missed.Add(1)
		d.pool.Put(c)
	}
}

// State returns how far the dump is.
func (d *Dump) State() DumpState {
	var s DumpState
	if end := d.end.Load(); end != nil {
		s = *end
	}
	s.Bytes, s.Missed = d.bytes.Load(), d.missed.Load()
	return s
}

// Close ends the dump and returns once all that arrived before is in the file and the file is closed. It returns why
// the file could not be written, also when it is called again.
func (d *Dump) Close() error {
	if d.begun.CompareAndSwap(false, true) {
		close(d.stop)
	}
	<-d.ended
	return d.end.Load().Err
}

// run writes to the file until the dump ends.
func (d *Dump) run() {
	defer close(d.ended)
	full, err := d.write()
	err = errors.Join(err, d.pcap.Flush())
	if cerr := d.file.Close(); err == nil {
		err = cerr
	}
	d.end.Store(&DumpState{Full: full, Err: err})
}

// write writes datagrams until Close, or until the file is full.
func (d *Dump) write() (full bool, err error) {
	ticker := time.NewTicker(dumpFlush)
	defer ticker.Stop()
	for {
		select {
		case dg := <-d.queue:
			if full, err := d.writeOne(dg); full || err != nil {
				return full, err
			}
		case <-ticker.C:
			if err := d.pcap.Flush(); err != nil {
				return false, err
			}
		case <-d.stop:
			for len(d.queue) > 0 {
				if full, err := d.writeOne(<-d.queue); full || err != nil {
					return full, err
				}
			}
			return false, nil
		}
	}
}

// writeOne writes a datagram, unless the file would become too large.
func (d *Dump) writeOne(dg *inbox.Datagram) (full bool, err error) {
	from, host := dg.From, netip.AddrFrom4([4]byte{127, 0, 0, 1})
	if from.Addr().Is6() {
		host = netip.IPv6Loopback()
	}
	payload, cut := dg.Bytes(), 0
	if dg.Truncated {
		cut = 1
		d.scratch = append(append(d.scratch[:0], payload...), 0)
		payload = d.scratch
	}
	frame, err := d.frames.frame(from, netip.AddrPortFrom(host, uint16(d.ports[dg.Link])), payload)
	if err != nil {
		return false, err
	}
	info := gopacket.CaptureInfo{Timestamp: dg.Arrival, CaptureLength: len(frame) - cut, Length: len(frame)}
	d.pool.Put(dg)
	size := d.bytes.Load() + blockOverhead + int64(info.CaptureLength+blockAlign-1)/blockAlign*blockAlign
	if size > d.limit {
		return true, nil
	}
	d.bytes.Store(size)
	return false, d.pcap.WritePacket(info, frame[:info.CaptureLength])
}
