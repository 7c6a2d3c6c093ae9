package rtpout

import (
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/media"
)

var (
	sps = []byte{0x67, 0x42, 0xC0, 0x1E, 0xDA}
	pps = []byte{0x68, 0xCE, 0x3C, 0x80}
	idr = []byte{0x65, 1}
)

// player is a socket that plays the part of a player.
func player(t testing.TB, address string) *net.UDPConn {
	t.Helper()
	to, err := net.ResolveUDPAddr("udp", address)
	require.NoError(t, err)
	conn, err := net.ListenUDP("udp", to)
	if err != nil && to.IP.To4() == nil {
		t.Skip("no IPv6 here: ", err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
	return conn
}

func newSender(t testing.TB, to string, save func([]byte) error) *Sender {
	t.Helper()
	s, err := New(Config{To: to, Name: "Rig 1", Save: save})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func keep(text *string) func([]byte) error {
	return func(sdp []byte) error {
		*text = string(sdp)
		return nil
	}
}

func packet(payloadType byte) []byte {
	return append([]byte{0x80, 0x80 | payloadType}, make([]byte, 1200)...)
}

func TestPackets(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "[::1]"} {
		t.Run(host, func(t *testing.T) {
			p := player(t, host+":0")
			s := newSender(t, p.LocalAddr().String(), func([]byte) error { return nil })
			for i := range 50 {
				want := packet(byte(i))
				require.NoError(t, s.WritePacket(want, time.Now()))
				got := make([]byte, 2000)
				n, err := p.Read(got)
				require.NoError(t, err)
				require.Equal(t, want, got[:n])
			}
			require.Equal(t, Counts{Sent: 50}, s.Counts())
		})
	}
}

// TestPlayerComesLater wants no packet to be lost to a player for those before it that nobody wanted.
func TestPlayerComesLater(t *testing.T) {
	p := player(t, "127.0.0.1:0")
	address := p.LocalAddr().String()
	require.NoError(t, p.Close())
	s := newSender(t, address, func([]byte) error { return nil })
	for range 100 {
		require.NoError(t, s.WritePacket(packet(96), time.Now()), "nobody listening is no error")
	}
	c := s.Counts()
	require.EqualValues(t, 100, c.Sent)
	require.Positive(t, c.Refused)
	p = player(t, address)
	require.NoError(t, s.WritePacket(packet(97), time.Now()))
	got := make([]byte, 2000)
	_, err := p.Read(got)
	require.NoError(t, err)
	require.EqualValues(t, 0x80|97, got[1])
	require.Zero(t, s.Counts().Failed)
}

func TestErrors(t *testing.T) {
	for _, to := range []string{"127.0.0.1", "127.0.0.1:99999", "[::1", "nowhere.invalid:5"} {
		_, err := New(Config{To: to, Save: func([]byte) error { return nil }})
		require.ErrorIs(t, err, ErrAddress, to)
	}
	s := newSender(t, player(t, "127.0.0.1:0").LocalAddr().String(), func([]byte) error { return nil })
	require.Error(t, s.WritePacket(make([]byte, 70_000), time.Now()))
	require.Equal(t, Counts{Failed: 1}, s.Counts())
}

func TestNoAllocations(t *testing.T) {
	s := newSender(t, player(t, "127.0.0.1:0").LocalAddr().String(), func([]byte) error { return nil })
	p := packet(96)
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		if s.WritePacket(p, time.Time{}) != nil {
			t.Error("not sent")
		}
	}))
}

func TestDescription(t *testing.T) {
	p := player(t, "127.0.0.1:0")
	var text string
	s := newSender(t, p.LocalAddr().String(), keep(&text))
	lines := strings.Split(text, "\r\n")
	id := strconv.FormatInt(s.sdp.id, 10)
	port := strconv.Itoa(p.LocalAddr().(*net.UDPAddr).Port)
	require.Equal(t, []string{
		"v=0", "o=- " + id + " 1 IN IP4 127.0.0.1", "s=Rig 1", "c=IN IP4 127.0.0.1", "t=0 0",
		"m=video " + port + " RTP/AVP 96", "a=rtpmap:96 H264/90000", "a=fmtp:96 packetization-mode=1", "a=recvonly", "",
	}, lines)

	require.NoError(t, s.WritePacket(packet(112), time.Now()))
	require.NoError(t, s.WriteUnit(media.AccessUnit{IDR: true, NALUs: [][]byte{sps, pps, idr}}))
	require.Contains(t, text, "o=- "+id+" 2 IN IP4 127.0.0.1\r\n")
	require.Contains(t, text, "m=video "+port+" RTP/AVP 112\r\na=rtpmap:112 H264/90000\r\n"+
		"a=fmtp:112 packetization-mode=1; profile-level-id=42C01E; sprop-parameter-sets=Z0LAHto=,aM48gA==\r\n")
}

// TestDescriptionChanges wants one to be saved where something has changed, soon and not too often, until it is saved.
func TestDescriptionChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		saves := 0
		var failure error
		s := &Sender{save: func([]byte) error { saves++; return failure }}
		s.payloadType.Store(usualType)
		s.sdp.payloadType = usualType
		require.NoError(t, s.describe())
		write := func(nalus ...[]byte) error { return s.WriteUnit(media.AccessUnit{IDR: true, NALUs: nalus}) }

		require.NoError(t, write(idr))
		require.NoError(t, write(sps, idr))
		require.NoError(t, write([]byte{0x67}, pps, idr))
		require.Equal(t, 1, saves, "half of the parameters are none")
		require.NoError(t, write(sps, pps, idr))
		require.Equal(t, 2, saves)
		require.NoError(t, write(sps, pps, idr))
		require.NoError(t, write(idr))
		require.Equal(t, 2, saves)

		other := append([]byte{0x68}, pps...)
		require.NoError(t, write(sps, other, idr))
		require.Equal(t, 2, saves, "not more than once a second")
		time.Sleep(time.Second)
		failure = errors.New("disk full")
		require.ErrorIs(t, s.WriteUnit(media.AccessUnit{NALUs: [][]byte{{0x41}}}), failure)
		time.Sleep(time.Second)
		failure = nil
		require.NoError(t, s.WriteUnit(media.AccessUnit{NALUs: [][]byte{{0x41}}}))
		require.Equal(t, 4, saves)
		time.Sleep(time.Second)
		require.NoError(t, write(sps, other, idr))
		require.Equal(t, 4, saves)
		require.NoError(t, s.WriteUnit(media.AccessUnit{NALUs: [][]byte{sps, pps, {0x41}}}))
		require.Equal(t, 5, saves, "they may come before any unit")

		long := append([]byte{0x68}, make([]byte, maxSetSize)...)
		require.NoError(t, write(sps, pps, long, pps, pps, pps, pps, pps, pps, pps, pps, idr))
		require.Len(t, s.sdp.sets, maxSets)
		require.NotContains(t, s.sdp.sets, long)
	})
}

func TestAddresses(t *testing.T) {
	for to, want := range map[string]string{
		"127.0.0.1:4567":   "c=IN IP4 127.0.0.1\r\n",
		"localhost:4567":   "c=IN IP4 127.0.0.1\r\n",
		"[::1]:4567":       "c=IN IP6 ::1\r\n",
		"239.1.2.3:4567":   "c=IN IP4 239.1.2.3/1\r\n",
		"[::ffff:1.2.3.4]": "",
	} {
		var text string
		s, err := New(Config{To: to, Name: "x", Save: keep(&text)})
		if want == "" {
			require.ErrorIs(t, err, ErrAddress)
			continue
		}
		if err != nil && (strings.HasPrefix(to, "239") || strings.HasPrefix(to, "[::1]")) {
			continue // this machine has no way for multicast, or no IPv6
		}
		require.NoError(t, err)
		s.Close()
		require.Contains(t, text, want)
	}
}
