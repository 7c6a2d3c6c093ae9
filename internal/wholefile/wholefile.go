// Package wholefile writes files that others never see in part.
package wholefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Write puts a file with this content and these permissions in the place of the one that has the path, if any, and
// returns once it is on the disk: after a crash or a power cut at any moment the file is the old one or the new one.
// The folder must be there. Where root writes, the file belongs to whom the old one belonged to, or else the folder, so
// that a service can read what an administrator has written for it. It may be called concurrently; the last one wins.
func Write(path string, content []byte, mode fs.FileMode) (err error) {
	folder := filepath.Dir(path)
	defer func() { // people know the file by this path, and it stays the same with each try
		if wrong, is := errors.AsType[*fs.PathError](err); is {
			wrong.Path = path
		}
	}()
	file, err := os.CreateTemp(folder, "."+filepath.Base(path)+".*") // for its owner alone
	if err != nil {
		return err
	}
	defer func() {
		if err != nil { // what there is of it is of no use
			_ = file.Close()
			_ = os.Remove(file.Name())
		}
	}()
	if err := giveTo(file, path, folder); err != nil {
		return err
	}
	if err := file.Chmod(mode); err != nil {
		return err
	}
	if _, err := file.Write(content); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	return syncFolder(folder)
}

// syncFolder returns once the names in a folder are on the disk. Windows offers no such thing, and needs none.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
