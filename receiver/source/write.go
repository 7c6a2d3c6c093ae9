package source

import (
	"bufio"
	"errors"
	"net/netip"
	"os"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// maxCapture is the longest frame that a written capture may have, in bytes.
const maxCapture = 65535

// Writer writes UDP datagrams to a pcap file: Ethernet, IP, UDP. It is not safe for concurrent use.
type Writer struct {
	file   *os.File
	buffer *bufio.Writer
	pcap   *pcapgo.Writer
	frames *frameMaker
}

// CreateFile creates a capture file, or empties the one that is there.
func CreateFile(path string) (*Writer, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	buffer := bufio.NewWriterSize(file, 1<<16)
	w := &Writer{file: file, buffer: buffer, pcap: pcapgo.NewWriter(buffer), frames: newFrameMaker()}
	if err := w.pcap.WriteFileHeader(maxCapture, layers.LinkTypeEthernet); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return w, nil
}

// Write adds a datagram that was sent at that time. Both addresses are of one family. The payload is
// 65,507 bytes at most, and not kept.
func (w *Writer) Write(at time.Time, from, to netip.AddrPort, payload []byte) error {
	frame, err := w.frames.frame(from, to, payload)
	if err != nil {
		return err
	}
	return w.pcap.WritePacket(gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(frame), Length: len(frame)}, frame)
}

// Close writes what is buffered and closes the file.
func (w *Writer) Close() error { return errors.Join(w.buffer.Flush(), w.file.Close()) }
