package app

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/isc-receiver/isc-receiver/internal/wholefile"
	"github.com/isc-receiver/isc-receiver/receiver/rtpout"
)

// rtpOutput is the way of a channel's RTP packets to another program, with the file that tells players of it.
type rtpOutput struct {
	*rtpout.Sender

	sdp   string // the file's path
	saved []byte // what is in it
}

// openRTP opens the way. It returns nil and a sentence where there is none, or the file's error with a way that works.
func openRTP(c Channel) (*rtpOutput, error) {
	folder, err := dataFolder()
	if err != nil {
		return nil, &sentence{fmt.Sprintf("There is no folder for the SDP file of the RTP packets: %v. "+
			"Set HOME, or leave rtp_to empty.", err), errors.Join(ErrSetting, err)}
	}
	out := &rtpOutput{sdp: filepath.Join(folder, c.ID+".sdp")}
	out.Sender, err = rtpout.New(rtpout.Config{To: c.RTPTo, Name: c.Name, Save: out.save})
	if errors.Is(err, rtpout.ErrAddress) {
		return nil, &sentence{fmt.Sprintf("RTP packets cannot be sent to %s: %s. "+
			"Set rtp_to to an address such as 127.0.0.1:4567.", c.RTPTo, errorText(err)), err}
	}
	return out, err
}

// save puts a description of the packets where players find it.
func (o *rtpOutput) save(text []byte) error {
	if err := os.MkdirAll(filepath.Dir(o.sdp), 0o700); err != nil {
		return err
	}
	if err := wholefile.Write(o.sdp, text, 0o644); err != nil {
		return err
	}
	o.saved = text
	return nil
}

// close closes the way, and removes the file unless another has taken its place.
func (o *rtpOutput) close() error {
	o.Close()
	text, err := os.ReadFile(o.sdp)
	if err == nil && bytes.Equal(text, o.saved) {
		err = os.Remove(o.sdp)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
