//go:build unix

// Package pgtest gives tests a PostgreSQL database: the server named by SEGUE_TEST_POSTGRES (a connection string), or a
// private one made from the binaries of this machine, or none, and then the tests are skipped and say so (or fail, if
// SEGUE_TEST_POSTGRES_REQUIRED is set, as continuous integration does).
//
// Above it is only the driver; tests of store/postgres and of whatever runs on it use it. The one thing to know before
// changing it: the private server must end with the test process, however that ends, so a shell between the two holds
// a pipe from it and stops the server when the pipe closes.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Env names the environment variable with the connection string of a server to test on. Each test makes a schema in it and
// drops it.
const Env = "SEGUE_TEST_POSTGRES"

// Required names the environment variable that lets no test be skipped for want of a server.
const Required = "SEGUE_TEST_POSTGRES_REQUIRED"

// Durable makes the private server keep its promises to the disk, for benchmarks; set it before the first call of
// Schema. Tests need none of that and are faster without.
var Durable bool

var private struct {
	once sync.Once
	dsn  string
	err  error
	stop func()
}

var schemas atomic.Int64

// Main runs the tests of a package and then stops the private server. TestMain calls it with os.Exit.
func Main(m *testing.M) int {
	code := m.Run()
	if private.stop != nil {
		private.stop()
	}
	return code
}

// Schema returns a connection string whose search_path is a new, empty schema, dropped when the test ends (that of the
// private server ends with it). It skips the test if there is no server to be had.
func Schema(t testing.TB) string {
	t.Helper()
	base := os.Getenv(Env)
	lasting := base != ""
	if !lasting {
		private.once.Do(func() { private.dsn, private.stop, private.err = start() })
		if private.err != nil {
			missing(t, private.err)
		}
		base = private.dsn
	}
	name := fmt.Sprintf("segue_test_%d_%d", os.Getpid(), schemas.Add(1))
	if err := Exec(base, "CREATE SCHEMA "+name); err != nil {
		t.Fatal(err)
	}
	if !lasting {
		return With(base, "search_path", name)
	}
	t.Cleanup(func() {
		if err := Exec(base, "SET client_min_messages = warning", "DROP SCHEMA "+name+" CASCADE"); err != nil {
			t.Errorf("drop schema: %v", err)
		}
	})
	return With(base, "search_path", name)
}

func missing(t testing.TB, why error) {
	t.Helper()
	if os.Getenv(Required) != "" {
		t.Fatalf("no PostgreSQL, and %s is set: %s is not set, and %v", Required, Env, why)
		return
	}
	t.Skipf("no PostgreSQL: %s is not set, and %v", Env, why)
}

// With returns a connection string with one more setting.
func With(dsn, key, value string) string {
	if !strings.Contains(dsn, "://") {
		return fmt.Sprintf("%s %s='%s'", dsn, key, value)
	}
	separator := "?"
	if strings.Contains(dsn, "?") {
		separator = "&"
	}
	return dsn + separator + key + "=" + url.QueryEscape(value)
}

// Exec runs statements on a connection of its own.
func Exec(dsn string, statements ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// binaries returns the directory of initdb and postgres.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("initdb is neither in PATH nor in /usr/lib/postgresql")
	}
	slices.Sort(found)
	return filepath.Dir(found[len(found)-1]), nil
}

// start makes and starts a server in a temporary directory, reachable through a socket in it.
func start() (dsn string, stop func(), err error) {
	bin, err := binaries()
	if err != nil {
		return "", nil, err
	}
	as, temp := &syscall.SysProcAttr{}, ""
	root := os.Getuid() == 0
	if root {
		temp = "/tmp" // that of root may be closed to others
	}
	dir, err := os.MkdirTemp(temp, "segue-pg")
	if err != nil {
		return "", nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	if root { // PostgreSQL refuses to run as root
		if as.Credential, err = someoneElse(); err != nil {
			return "", nil, err
		}
		if err := os.Chown(dir, int(as.Credential.Uid), int(as.Credential.Gid)); err != nil {
			return "", nil, err
		}
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = as, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	const script = `"$@" >server.log 2>&1 & server=$!; while read -r line; do :; done; kill -QUIT $server; wait $server`
	args := []string{"-c", script, "sh", filepath.Join(bin, "postgres"), "-D", data, "-k", dir, "-c", "listen_addresses=",
		"-c", "max_connections=200", "-c", "log_min_messages=fatal"}
	if !Durable {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	server := exec.Command("sh", args...)
	server.SysProcAttr, server.Dir = as, dir
	leash, err := server.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	if err := server.Start(); err != nil {
		return "", nil, err
	}
	stop = func() { end(leash, server, dir) }
	dsn = "host=" + dir + " user=postgres dbname=postgres"
	if err := await(dsn); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "server.log"))
		stop()
		return "", nil, fmt.Errorf("the private server does not answer: %w: %s", err, log)
	}
	return dsn, stop, nil
}

func end(leash io.Closer, server *exec.Cmd, dir string) {
	leash.Close()
	// The shell's exit status is that of a server that was told to quit at once.
	_ = server.Wait()
	os.RemoveAll(dir)
}

// await returns when the server answers. A server that starts gives no signal but this.
func await(dsn string) error {
	deadline := time.Now().Add(30 * time.Second)
	for {
		err := Exec(dsn, "SELECT 1")
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// someoneElse returns a user that PostgreSQL may run as.
func someoneElse() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errU := strconv.ParseUint(u.Uid, 10, 32)
		gid, errG := strconv.ParseUint(u.Gid, 10, 32)
		if errU == nil && errG == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("this is root, and there is neither a user postgres nor a user nobody to run a server as")
}
