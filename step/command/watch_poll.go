//go:build unix && !linux

package command

import "time"

// watch asks to be asked: only Linux tells of the end of a fifo without a thread that waits for it.
func (r *Runtime) watch(attempt) (again time.Duration, err error) { return 500 * time.Millisecond, nil }
