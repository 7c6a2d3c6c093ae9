package source

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/google/gopacket"
	"github.com/google/gopacket/pcapgo"
)

// maxFrame is the longest frame of a capture, in bytes, as in libpcap; maxBlock the longest block of a pcapng file.
const (
	maxFrame = 256 << 10
	maxBlock = 16 << 20
)

// Types of pcapng blocks (draft-ietf-opsawg-pcapng, section 4) and where in them the length of a frame is.
const (
	blockSection  = 0x0A0D0D0A
	blockPacket   = 2 // obsolete
	blockSimple   = 3
	blockEnhanced = 6

	headerSize = 8 // type and length
	frameAt    = 20
)

// ngReader is pcapgo's reader of pcapng files, made safe against what a file may claim.
type ngReader struct{ *pcapgo.NgReader }

func newNgReader(r *bufio.Reader) (_ ngReader, err error) {
	defer recovered(&err)
	ng, err := pcapgo.NewNgReader(&blocks{r: r}, pcapgo.DefaultNgReaderOptions)
	return ngReader{ng}, err
}

// ReadPacketData implements gopacket.PacketDataSource.
func (r ngReader) ReadPacketData() (data []byte, info gopacket.CaptureInfo, err error) {
	defer recovered(&err)
	return r.NgReader.ReadPacketData()
}

// recovered turns a panic into an error: pcapgo divides by what an option of an interface says.
func recovered(err *error) {
	if cause := recover(); cause != nil {
		*err = fmt.Errorf("pcapng: %v", cause)
	}
}

// blocks passes a pcapng file on, block by block, and ends it at the first that is out of bounds: pcapgo asks for as
// much memory as a packet's header says.
type blocks struct {
	r     *bufio.Reader
	order binary.ByteOrder
	left  int // bytes of the present block
}

func (b *blocks) Read(p []byte) (int, error) {
	if b.left == 0 {
		if err := b.next(); err != nil {
			return 0, err
		}
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// next looks at the beginning of the next block.
func (b *blocks) next() error {
	head, err := b.r.Peek(frameAt + 4)
	if len(head) < headerSize+4 { // the least that a block has
		if err == nil || errors.Is(err, io.EOF) && len(head) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	if binary.BigEndian.Uint32(head) == blockSection { // the same in both byte orders
		b.order = binary.LittleEndian
		if head[headerSize] == 0x1A { // the first byte of the byte order magic
			b.order = binary.BigEndian
		}
	}
	length := b.order.Uint32(head[4:])
	if length < headerSize+4 || length > maxBlock {
		return fmt.Errorf("pcapng: a block of %d bytes, want 12 to %d", length, maxBlock)
	}
	b.left = int(length)
	frame := uint32(0)
	switch b.order.Uint32(head) {
	case blockSimple:
		frame = b.order.Uint32(head[headerSize:])
	case blockPacket, blockEnhanced:
		if len(head) < frameAt+4 {
			return io.ErrUnexpectedEOF
		}
		frame = b.order.Uint32(head[frameAt:])
	}
	if frame > maxFrame {
		return fmt.Errorf("pcapng: a frame of %d bytes, want %d at most", frame, maxFrame)
	}
	return nil
}
