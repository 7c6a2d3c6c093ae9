package keys

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 5, 6, 12, 0, 0, 0, time.UTC)

// begin begins with the keys of a folder, and wants no notice.
func begin(t *testing.T, folder string) *Store {
	t.Helper()
	s, notice := Begin(folder, noon)
	require.Empty(t, notice)
	require.NoError(t, s.Err())
	return s
}

func names(l List) (all []string) {
	for _, k := range l {
		all = append(all, k.Name)
	}
	return all
}

func TestFirstStart(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "folder")
	_, err := Open(folder)
	require.ErrorIs(t, err, fs.ErrNotExist, "to look makes nothing")
	require.NoDirExists(t, folder)

	s := begin(t, folder)
	require.Equal(t, []string{FirstName}, names(s.List()))
	require.Len(t, s.List()[0].Secret, 32)
	require.Equal(t, noon, s.List()[0].Made)
	require.Equal(t, filepath.Join(folder, "viewer-keys.json"), s.Path())
	info, err := os.Stat(s.Path())
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())

	require.Equal(t, s.List(), begin(t, folder).List(), "links stay good")
	require.NoError(t, s.Remove(FirstName, noon))
	require.Empty(t, begin(t, folder).List(), "nobody may watch, as was asked for")
}

func TestFormerFile(t *testing.T) {
	folder := t.TempDir()
	former := filepath.Join(folder, "viewer-key")
	const secret = "0123456789abcdef0123456789abcdef"
	require.NoError(t, os.WriteFile(former, []byte(secret+"\n"), 0o600))
	opened, err := Open(folder)
	require.NoError(t, err)
	require.Equal(t, secret, opened.List()[0].Secret)
	require.FileExists(t, former, "to look changes nothing")

	s := begin(t, folder)
	require.Equal(t, []string{FirstName}, names(s.List()))
	require.Equal(t, secret, s.List()[0].Secret)
	require.NoFileExists(t, former, "it would bring the key back after it was replaced")
	require.NoError(t, s.Replace(FirstName, noon))
	require.NotEqual(t, secret, begin(t, folder).List()[0].Secret)

	folder = t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "viewer-key"), []byte("short\n"), 0o600))
	require.Len(t, begin(t, folder).List()[0].Secret, 32)
}

func TestChanges(t *testing.T) {
	folder := t.TempDir()
	s := begin(t, folder)
	hour := noon.Add(time.Hour + time.Millisecond)
	require.NoError(t, s.Add(Key{Name: " Ward 3 ", Expires: hour, Channels: []string{"rig1"}}, noon))
	require.NoError(t, s.Add(Key{Name: "Zürich"}, noon))
	require.Equal(t, []string{FirstName, "Ward 3", "Zürich"}, names(s.List()))
	ward := s.List()[1]
	require.Equal(t, hour.Truncate(time.Second), ward.Expires)
	require.False(t, ward.Expired(hour.Add(-time.Minute)))
	require.True(t, ward.Expired(ward.Expires))

	require.NoError(t, s.Replace("ward 3", noon.Add(time.Minute)))
	replaced := s.List()[1]
	require.NotEqual(t, ward.Secret, replaced.Secret)
	require.Equal(t, noon.Add(time.Minute), replaced.Made)
	ward.Secret, ward.Made = replaced.Secret, replaced.Made
	require.Equal(t, ward, replaced, "what limits it stays")
	require.Equal(t, s.List(), begin(t, folder).List())

	first, is := s.List().First(noon)
	require.True(t, is)
	require.Equal(t, FirstName, first.Name)
	require.NoError(t, s.Remove(FirstName, noon))
	first, _ = s.List().First(noon)
	require.Equal(t, "Ward 3", first.Name)
	first, _ = s.List().First(hour)
	require.Equal(t, "Zürich", first.Name, "the other has expired")
	require.NoError(t, s.Remove("Zürich", noon))
	_, is = s.List().First(hour)
	require.False(t, is)
	require.Equal(t, s.List(), begin(t, folder).List())
	require.ErrorContains(t, s.Replace("Ward 3", hour), `"Ward 3" has expired`)
}

func TestRefused(t *testing.T) {
	s := begin(t, t.TempDir())
	before := s.List()
	for name, c := range map[string]struct {
		do   func() error
		want string
	}{
		"no name":     {func() error { return s.Add(Key{Name: "  "}, noon) }, "a key needs a name"},
		"same name":   {func() error { return s.Add(Key{Name: "viewers"}, noon) }, `there is a key "Viewers" already`},
		"long name":   {func() error { return s.Add(Key{Name: strings.Repeat("é", 61)}, noon) }, "has 61 characters"},
		"unseen":      {func() error { return s.Add(Key{Name: "a\nb"}, noon) }, "cannot be seen"},
		"past":        {func() error { return s.Add(Key{Name: "a", Expires: noon}, noon) }, "has passed"},
		"empty rig":   {func() error { return s.Add(Key{Name: "a", Channels: []string{""}}, noon) }, "without an id"},
		"many rigs":   {func() error { return s.Add(Key{Name: "a", Channels: make([]string, 101)}, noon) }, "100 rigs"},
		"not there":   {func() error { return s.Replace("Ward", noon) }, `there is no key "Ward"`},
		"not there 2": {func() error { return s.Remove("Ward", noon) }, `there is no key "Ward"`},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.do()
			require.ErrorIs(t, err, ErrKey)
			require.NotErrorIs(t, err, ErrNotStored)
			require.ErrorContains(t, err, c.want)
			require.Equal(t, before, s.List())
		})
	}
	for i := range MaxKeys - 1 {
		require.NoError(t, s.Add(Key{Name: fmt.Sprint("key ", i)}, noon))
	}
	require.ErrorContains(t, s.Add(Key{Name: "one more"}, noon), "there are 100 keys")
}

// TestBrokenFile begins with files that are of no use.
func TestBrokenFile(t *testing.T) {
	const good = `"secret":"0123456789abcdef"`
	for name, text := range map[string]string{
		"empty":          "",
		"no JSON":        "hello",
		"cut off":        `{"keys":[{"name":"a",` + good,
		"no keys":        `{}`,
		"two":            `{"keys":[]}{"keys":[]}`,
		"unknown field":  `{"keys":[{"name":"a",` + good + `,"hours":"9-17"}]}`,
		"wrong time":     `{"keys":[{"name":"a",` + good + `,"expires":"tomorrow"}]}`,
		"no name":        `{"keys":[{` + good + `}]}`,
		"short secret":   `{"keys":[{"name":"a","secret":"0123456789abcde"}]}`,
		"spaced secret":  `{"keys":[{"name":"a","secret":"0123456789 abcdef"}]}`,
		"same name":      `{"keys":[{"name":"a",` + good + `},{"name":"A","secret":"fedcba9876543210"}]}`,
		"same secret":    `{"keys":[{"name":"a",` + good + `},{"name":"b",` + good + `}]}`,
		"too large":      strings.Repeat(" ", maxFile+1),
		"nameless rig":   `{"keys":[{"name":"a",` + good + `,"channels":[""]}]}`,
		"101 of them":    `{"keys":[` + strings.Repeat(`{"name":"a",`+good+`},`, 100) + `{"name":"a",` + good + `}]}`,
		"keys is a text": `{"keys":"a"}`,
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, "viewer-keys.json")
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			_, err := Open(folder)
			require.ErrorIs(t, err, ErrBroken)

			s, notice := Begin(folder, noon)
			require.NoError(t, s.Err())
			require.Contains(t, notice, "links that were given out are void")
			require.NotContains(t, notice, "0123456789abcde", "a log is no place for secrets")
			require.Equal(t, []string{FirstName}, names(s.List()))
			kept, err := os.ReadFile(path + ".broken-20260506-120000")
			require.NoError(t, err)
			require.Equal(t, text, string(kept))
			require.Equal(t, s.List(), begin(t, folder).List())
		})
	}
}

// TestOthersChangeTheFile has two programs change the same keys.
func TestOthersChangeTheFile(t *testing.T) {
	folder := t.TempDir()
	runs := begin(t, folder)
	require.False(t, runs.Refresh(noon))
	command, err := Open(folder)
	require.NoError(t, err)
	require.NoError(t, command.Add(Key{Name: "Ward"}, noon))
	require.True(t, runs.Refresh(noon))
	require.Equal(t, command.List(), runs.List())
	require.False(t, runs.Refresh(noon))

	require.NoError(t, runs.Add(Key{Name: "Theatre"}, noon))
	require.True(t, runs.Refresh(noon))
	require.NoError(t, command.Remove("Ward", noon))
	require.Equal(t, []string{FirstName, "Theatre"}, names(command.List()), "what the other did stays")

	require.NoError(t, os.WriteFile(runs.Path(), []byte("{"), 0o600))
	require.False(t, runs.Refresh(noon))
	require.ErrorIs(t, runs.Err(), ErrBroken)
	require.Equal(t, []string{FirstName, "Ward", "Theatre"}, names(runs.List()), "those that were there go on")
	require.NoError(t, runs.Remove("Ward", noon))
	require.FileExists(t, runs.Path()+".broken-20260506-120000")
	require.Equal(t, runs.List(), begin(t, folder).List(), "a change begins the file anew")

	runs.Refresh(noon)
	require.NoError(t, os.Remove(runs.Path()))
	require.False(t, runs.Refresh(noon))
	require.NoError(t, runs.Err(), "an editor may be about to write it")
	require.Len(t, runs.List(), 2)
	require.NoError(t, runs.Add(Key{Name: "Night"}, noon))
	require.Equal(t, runs.List(), begin(t, folder).List())

	require.NoError(t, os.WriteFile(runs.Path(), []byte("{"), 0o600))
	runs.Refresh(noon)
	require.ErrorIs(t, runs.Err(), ErrBroken)
	require.NoError(t, os.Remove(runs.Path()))
	require.NoError(t, runs.Add(Key{Name: "Day"}, noon), "the broken one was cleared away")
	require.Equal(t, runs.List(), begin(t, folder).List())
}

// TestNotStored takes the folder away: changes hold, are told of, and are stored as soon as that is possible.
func TestNotStored(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "folder")
	s := begin(t, folder)
	old := s.List()[0].Secret
	away := folder + "-away"
	require.NoError(t, os.Rename(folder, away))
	require.NoError(t, os.WriteFile(folder, nil, 0o600))
	require.ErrorIs(t, s.Replace(FirstName, noon), ErrNotStored)
	require.Error(t, s.Err())
	require.NotEqual(t, old, s.List()[0].Secret, "who is to be shut out is")

	require.NoError(t, os.Remove(folder))
	require.NoError(t, os.Rename(away, folder))
	require.True(t, s.Refresh(noon.Add(retryEvery-1)))
	require.Error(t, s.Err())
	require.NotEqual(t, old, s.List()[0].Secret, "what the file says is not taken over")
	require.False(t, s.Refresh(noon.Add(retryEvery)))
	require.NoError(t, s.Err())
	require.Equal(t, s.List(), begin(t, folder).List())
}

// TestUnreadable begins where the file cannot be read, and goes on with what it holds once it can.
func TestUnreadable(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "viewer-keys.json")
	require.NoError(t, os.Mkdir(path, 0o700)) // as root, permissions stop no test
	_, err := Open(folder)
	require.Error(t, err)
	require.NotErrorIs(t, err, ErrBroken)
	s, notice := Begin(folder, noon)
	require.Empty(t, notice)
	require.Error(t, s.Err())
	require.Len(t, s.List(), 1)
	require.ErrorIs(t, s.Add(Key{Name: "Ward"}, noon), ErrNotStored)
	require.Len(t, s.List(), 2, "they are good for this run")
	require.DirExists(t, path, "it is not touched")

	require.NoError(t, os.Remove(path))
	other := begin(t, folder)
	require.True(t, s.Refresh(noon))
	require.Equal(t, []string{FirstName, "Ward"}, names(s.List()), "what was added is added to what there is")
	require.Equal(t, other.List()[0], s.List()[0], "links that were given out are good again")
	s.Refresh(noon.Add(retryEvery))
	require.NoError(t, s.Err())
	require.Equal(t, s.List(), begin(t, folder).List())
}

// TestNoFolder keeps keys nowhere, not even where the program happens to be.
func TestNoFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	begin(t, ".")
	s, notice := Begin("", noon)
	require.Empty(t, notice)
	require.ErrorIs(t, s.Err(), errNoFolder)
	require.ErrorIs(t, s.Replace(FirstName, noon), ErrNotStored)
	s.Refresh(noon.Add(time.Hour))
	require.ErrorIs(t, s.Err(), errNoFolder)
	require.Len(t, s.List(), 1)
}

// TestManyAtOnce has several programs, and several goroutines of each, change the keys: no change is lost.
func TestManyAtOnce(t *testing.T) {
	folder := t.TempDir()
	stores := []*Store{begin(t, folder), begin(t, folder), begin(t, folder)}
	var work sync.WaitGroup
	const each = 8
	for i, s := range stores {
		for j := range each {
			work.Go(func() {
				if err := s.Add(Key{Name: fmt.Sprint(i, "-", j)}, noon); err != nil {
					t.Error(err)
				}
			})
		}
		work.Go(func() {
			for range 20 {
				s.Refresh(noon)
				s.List().First(noon)
			}
		})
	}
	work.Wait()
	for _, s := range stores {
		s.Refresh(noon)
		require.NoError(t, s.Err())
		require.Len(t, s.List(), 1+each*len(stores))
		require.Equal(t, stores[0].List(), s.List())
	}
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, left, 1, "the file alone")
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"keys":[{"name":"a","secret":"0123456789abcdef",` +
		`"expires":"2026-05-06T12:00:00Z","channels":["rig1"]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := decode(text)
		if err != nil {
			return
		}
		folder := t.TempDir()
		_, err = file{folder}.write(list)
		require.NoError(t, err)
		again, err := Open(folder)
		require.NoError(t, err, "what was read can be written and read again")
		require.Len(t, again.List(), len(list))
		for i, k := range list {
			held := again.List()[i]
			require.Equal(t, k.Secret, held.Secret)
			require.True(t, k.Expires.Equal(held.Expires))
			require.ElementsMatch(t, k.Channels, held.Channels)
		}
	})
}

// TestMergeOfRenamed has a key removed, or replaced, that others have given another name by then: its link stays void.
func TestMergeOfRenamed(t *testing.T) {
	a, b, renamed := Key{Name: "a", Secret: "1"}, Key{Name: "b", Secret: "2"}, Key{Name: "c", Secret: "1"}
	require.Equal(t, List{b}, merge(List{a, b}, List{b}, List{renamed, b}))
	fresh := Key{Name: "a", Secret: "3"}
	require.Equal(t, List{b, fresh}, merge(List{a, b}, List{fresh, b}, List{renamed, b}))
	require.Equal(t, List{fresh, b}, merge(List{a, b}, List{fresh, b}, List{a, b}), "it keeps its place")
	require.Equal(t, List{renamed, b}, merge(List{a, b}, List{a, b}, List{renamed, b}))
	require.Equal(t, List{a}, merge(List{a, b}, List{a, b}, List{a}))
}
