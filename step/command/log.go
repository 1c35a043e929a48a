//go:build unix

package command

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/step"
)

// Logs opens a log of an attempt. It is there from the start of the command until the attempt is discarded.
func (r *Runtime) Logs(ctx context.Context, uuid string, stream step.LogStream) (step.Log, error) {
	if !uuidForm.MatchString(uuid) {
		return nil, fault.New(fault.NotFound, "no attempt has the UUID %q", uuid)
	}
	if stream != step.Stdout && stream != step.Stderr {
		return nil, fault.New(fault.BadRequest, "a command has no log %q: it has %s and %s", stream, step.Stdout, step.Stderr)
	}
	f, err := os.Open(filepath.Join(r.path(uuid), string(stream)+logSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "attempt %s has no %s log on this host", uuid, stream)
	}
	if err != nil {
		return nil, fault.In(err, "open log of attempt %s", uuid)
	}
	return &logReader{File: f, r: r, uuid: uuid}, nil
}

// logReader is a log on disk.
type logReader struct {
	*os.File
	r     *Runtime
	uuid  string
	ended bool
}

func (l *logReader) Size() (int64, error) {
	info, err := l.File.Stat()
	if err != nil {
		return 0, fault.In(err, "log of attempt %s", l.uuid)
	}
	return info.Size(), nil
}

// Ended asks for the attempt, not for the file. To read a log to its end, ask before the read that returns io.EOF.
func (l *logReader) Ended() (bool, error) {
	if l.ended {
		return true, nil
	}
	at, leave, err := l.r.enter(context.Background(), l.uuid)
	if err != nil {
		return false, err
	}
	defer leave()
	seen, err := l.r.look(at)
	if err != nil {
		return false, fault.In(err, "log of attempt %s", l.uuid)
	}
	defer seen.release()
	switch seen.state {
	case absent, stopped, ended, lost, forgotten:
		l.ended = true // whatever comes: the supervisor writes its last record after its last line
	}
	return l.ended, nil
}
