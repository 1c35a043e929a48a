package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
)

// client is one connection of a client, for one request at a time. It shares the machine with the server, so it does no
// more than it must: the standard client hands each request through two goroutines, which costs as much as serving it.
type client struct {
	conn   net.Conn
	reader *bufio.Reader
	host   string
	out    []byte
	stop   func() bool
}

// dial connects to the server. The connection is closed when the context ends.
func dial(ctx context.Context, addr string) (*client, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	c := &client{conn: conn, reader: bufio.NewReader(conn), host: addr}
	c.stop = context.AfterFunc(ctx, func() { conn.Close() })
	return c, nil
}

// close ends the connection. Nothing is lost that anybody waits for.
func (c *client) close() {
	c.stop()
	c.conn.Close()
}

// call makes one request and returns status and body of the answer. After an error the connection is of no use any more.
func (c *client) call(method, path string, body []byte) (int, []byte, error) {
	c.out = fmt.Appendf(c.out[:0], "%s %s HTTP/1.1\r\nHost: %s\r\nuser: bench\r\n", method, path, c.host)
	if body != nil {
		c.out = fmt.Appendf(c.out, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	c.out = append(append(c.out, "\r\n"...), body...)
	if _, err := c.conn.Write(c.out); err != nil {
		return 0, nil, err
	}
	resp, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}
