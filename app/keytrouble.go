package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/isc-receiver/isc-receiver/internal/keys"
)

// keyWarnings says what is wrong with the file of the keys.
func (r *Run) keyWarnings() (all []string) {
	if r.keys == nil {
		return nil
	}
	for _, w := range []string{keyTrouble(r.keys), keyExposure(r.keys)} {
		if w != "" {
			all = append(all, w)
		}
	}
	return all
}

// keyTrouble says why the keys of a program that serves viewers are not those in their file, what that means, and what
// to do; or is empty.
func keyTrouble(store *keys.Store) string {
	err := store.Err()
	switch {
	case err == nil:
		return ""
	case errors.Is(err, keys.ErrNotRead):
		return fmt.Sprintf("The viewers' keys in %s cannot be read: %s. Links that were given out open nothing until then; "+
			"there is a new one, which is good until the receiver stops.", store.Path(), fileTrouble(store.Path(), err))
	case errors.Is(err, keys.ErrBroken):
		return fmt.Sprintf("The viewers' keys were changed by hand and cannot be read: %v. Those that there were go on "+
			"until the receiver stops. Mend the file, or change a key here, which writes it anew.", err)
	default:
		return fmt.Sprintf("The viewers' keys cannot be kept in %s: %s. They are good until the receiver stops: after that, "+
			"links that were replaced or removed would open the page again, and new ones nothing. It is tried again "+
			"every 5 s.", store.Path(), fileTrouble(store.Path(), err))
	}
}

// keyExposure says that others can read the keys, and what to do, or is empty.
func keyExposure(store *keys.Store) string {
	if !store.Exposed() {
		return ""
	}
	return fmt.Sprintf("Others on this computer can read the viewers' keys, or replace their file. Run: chmod 700 %s; "+
		"chmod 600 %s. Then replace the keys if somebody may have seen them.", folderOf(store.Path()), quoted(store.Path()))
}

// fileTrouble says why a file cannot be read or written, and what to do, to stand in a sentence.
func fileTrouble(path string, err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("the system refuses it to the user %[1]s. "+
			"Run: sudo chown -R %[1]s %[2]s; sudo chmod -R u+rwX %[2]s", ownName(), folderOf(path))
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "there is no space left on the disk. Make room there"
	case errors.Is(err, syscall.EROFS):
		return "the disk can only be read. Have it mounted for writing, or check it"
	case errors.Is(err, keys.ErrNoFile):
		return "a link, a folder or a device has that name. Put the file itself in its place"
	case errors.Is(err, keys.ErrBusy):
		return "another program has been changing them for a while. End it: sudo fuser -v " + folderOf(path)
	case errors.Is(err, keys.ErrBroken):
		return strings.TrimPrefix(err.Error(), keys.ErrNotRead.Error()+": ") + ". Mend it, or move it away"
	}
	if of, is := errors.AsType[*fs.PathError](err); is {
		return of.Err.Error()
	}
	return errorText(err)
}

func folderOf(path string) string { return quoted(filepath.Dir(path)) }

// quoted returns a path as a shell takes it for one word.
func quoted(path string) string {
	if strings.ContainsAny(path, " \t\n'\"\\$`&|;<>()*?[]~#!{}") {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}

// ownName returns the name of the user that the program runs as.
func ownName() string {
	if own, err := user.Current(); err == nil {
		return own.Username
	}
	return strconv.Itoa(os.Geteuid())
}
