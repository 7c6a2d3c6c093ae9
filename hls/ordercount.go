package hls

import (
	"slices"

	"github.com/bluenviron/mediacommon/v2/pkg/bits"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

const (
	maxStep = 4 // from one picture's order count to the next one's; two fields are 2

	// countWithin is more bytes of a slice than there are up to its order count, with emulation prevention.
	countWithin = 32
)

// orderCounts closes the gaps that lost units leave in the picture order counts of type 0 (ITU-T H.264, 8.2.1.1) of a
// stream without B-frames. gohlslib would take a gap for B-frames, and delay all that follows to the end of the epoch.
// The units up to the next IDR unit are given lower counts, as if nothing had been lost: they are shown in the same
// order, and P-frames are decoded without the counts.
type orderCounts struct {
	frameNum int // bits of frame_num
	size     int // bits of pic_order_cnt_lsb

	sent   uint64 // count of the last unit
	given  uint64 // and the one that it was given
	step   uint64 // from one unit to the next, 0 before it is known
	lifted uint64 // by how much counts are too high, up to the next IDR unit
}

func newOrderCounts(sps *h264.SPS) orderCounts {
	return orderCounts{
		frameNum: int(sps.Log2MaxFrameNumMinus4) + 4, size: int(sps.Log2MaxPicOrderCntLsbMinus4) + 4,
	}
}

// close returns the NAL units of a unit as they are to be published. It does not write to those that it is given. The
// error says that a slice cannot be read.
func (o *orderCounts) close(u *unit) ([][]byte, error) {
	first := slices.IndexFunc(u.nalus, isSlice)
	count, _, err := o.find(u.nalus[first][:min(len(u.nalus[first]), countWithin)])
	if err != nil {
		return nil, err
	}
	mask := uint64(1)<<o.size - 1
	step := (count - o.sent) & mask
	switch {
	case u.idr:
		o.lifted = 0
	case u.torn:
		o.lifted = (count - o.given - o.step) & mask
	case step > 0 && step <= maxStep:
		o.step = step
	}
	o.sent, o.given = count, (count-o.lifted)&mask
	if o.lifted == 0 {
		return u.nalus, nil
	}
	nalus := slices.Clone(u.nalus)
	for i, nalu := range nalus {
		if isSlice(nalu) {
			if nalus[i], err = o.lower(nalu); err != nil {
				return nil, err
			}
		}
	}
	return nalus, nil
}

// find returns the order count of a slice and where it is in what the slice holds without emulation prevention
// (ITU-T H.264, 7.3.3).
func (o *orderCounts) find(slice []byte) (count uint64, at int, err error) {
	held := h264.EmulationPreventionRemove(slice)
	at = 8
	for range 3 { // first_mb_in_slice, slice_type, pic_parameter_set_id
		if _, err = bits.ReadGolombUnsigned(held, &at); err != nil {
			return 0, 0, err
		}
	}
	if _, err = bits.ReadBits(held, &at, o.frameNum); err != nil {
		return 0, 0, err
	}
	if naluType(slice) == h264.NALUTypeIDR {
		if _, err = bits.ReadGolombUnsigned(held, &at); err != nil { // idr_pic_id
			return 0, 0, err
		}
	}
	end := at
	count, err = bits.ReadBits(held, &end, o.size)
	return count, at, err
}

// lower returns a slice with the order count that it is to be given.
func (o *orderCounts) lower(slice []byte) ([]byte, error) {
	count, at, err := o.find(slice)
	if err != nil {
		return nil, err
	}
	held := h264.EmulationPreventionRemove(slice)
	count -= o.lifted
	for bit := range o.size {
		i, mask := at+o.size-1-bit, byte(0x80)
		held[i/8] = held[i/8]&^(mask>>(i%8)) | byte(count>>bit&1)<<(7-i%8)
	}
	return preventEmulation(held), nil
}

// preventEmulation returns what a NAL unit holds as it is sent: no three bytes of it look like a start code (ITU-T
// H.264, 7.4.1).
func preventEmulation(held []byte) []byte {
	sent := make([]byte, 0, len(held)+len(held)/64+1)
	zeros := 0
	for _, b := range held {
		if zeros == 2 && b <= 3 {
			sent, zeros = append(sent, 3), 0
		}
		if sent = append(sent, b); b == 0 {
			zeros++
		} else {
			zeros = 0
		}
	}
	if zeros == 2 { // words of zeros may end a slice
		sent = append(sent, 3)
	}
	return sent
}

func isSlice(nalu []byte) bool {
	kind := naluType(nalu)
	return kind == h264.NALUTypeNonIDR || kind == h264.NALUTypeIDR
}
