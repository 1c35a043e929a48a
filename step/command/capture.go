//go:build unix

package command

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// capture copies one output of the command to its log, up to a limit. It reads on when the log is full or the disk
// fails, so that the command never has to wait for more than a write.
type capture struct {
	from    *os.File
	to      *os.File
	limit   int64
	written int64
	dropped int64
	failure error // of a write; nothing is written after it
	tail    []byte
	done    chan struct{}
}

// tailSize is how much of the end of an output is kept for messages, in bytes.
const tailSize = 4 << 10

// newCapture opens a log and starts to copy to it what is written to end, which the caller closes.
func newCapture(path string, limit int64) (c *capture, end *os.File, err error) {
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, err
	}
	from, end, err := os.Pipe()
	if err != nil {
		to.Close()
		return nil, nil, err
	}
	c = &capture{from: from, to: to, limit: limit, done: make(chan struct{})}
	go c.run()
	return c, end, nil
}

func (c *capture) run() {
	defer close(c.done)
	buf := make([]byte, 32<<10)
	for {
		n, err := c.from.Read(buf)
		c.take(buf[:n])
		if err != nil {
			return // the end, or the deadline
		}
	}
}

func (c *capture) take(data []byte) {
	if len(data) >= tailSize {
		c.tail = append(c.tail[:0], data[len(data)-tailSize:]...)
	} else {
		if over := len(c.tail) + len(data) - tailSize; over > 0 {
			c.tail = c.tail[:copy(c.tail, c.tail[over:])]
		}
		c.tail = append(c.tail, data...)
	}
	keep := data
	if room := c.limit - c.written; int64(len(keep)) > room {
		keep = keep[:room]
	}
	if c.failure != nil {
		keep = nil
	}
	if len(keep) > 0 {
		n, err := c.to.Write(keep)
		c.written += int64(n)
		c.failure = err
		keep = keep[:n]
	}
	c.dropped += int64(len(data) - len(keep))
}

// finish takes what is still in the pipe and closes the log. All processes of the command are gone; should one that is
// not hold the pipe (it can be handed to a stranger), it is not waited for.
func (c *capture) finish() {
	c.from.SetReadDeadline(time.Now().Add(time.Second))
	<-c.done
	if c.dropped > 0 {
		why := fmt.Sprintf("the limit of %d bytes is reached", c.limit)
		if c.failure != nil {
			why = "the log could not be written: " + errors.Unwrap(c.failure).Error()
		}
		fmt.Fprintf(c.to, "\nsegue: %s; %d more bytes were dropped\n", why, c.dropped)
	}
	c.abandon()
}

// abandon closes what is open. The goroutine ends with its pipe.
func (c *capture) abandon() {
	c.from.Close()
	c.to.Close()
	<-c.done
}
