package sqlite

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/store/storetest"
	"zombiezen.com/go/sqlite/sqlitex"
)

// TestCutLog copies database and WAL, cuts the WAL at every frame boundary and in every frame, and opens each pair: it must hold
// every batch that had been acknowledged when the WAL was that long, and nothing of any other.
func TestCutLog(t *testing.T) {
	dir := t.TempDir()
	n := seated(t, dir, Options{stretch: -1})
	defer n.s.Close()
	model := store.NewMemory(storetest.Groups)
	if _, err := model.Join(t.Context(), "n", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := model.Claim(t.Context(), n.seat, []store.Group{0}); err != nil {
		t.Fatal(err)
	}
	wal := filepath.Join(dir, FileName+"-wal")
	rnd := rand.New(rand.NewPCG(1, 1))
	dumps := []string{storetest.Dump(t, model)}
	ends := []int64{size(t, wal)} // of the WAL after each batch
	for range 16 {
		b := n.batch(1+rnd.IntN(12), 10+rnd.IntN(600))
		if k := n.number + 1; k%3 == 0 {
			b.Rows = append(b.Rows, store.Row{Table: store.Step, ID: 1 + rnd.Int64N(n.id-12), Delete: true})
			b.Send = []store.Message{{From: 0, To: 0, Number: k, Body: []byte("message")}}
			b.Groups = []store.GroupState{{Doc: fmt.Appendf(nil, "state %d", k)}}
		}
		n.commit(t, b)
		if err := model.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		dumps, ends = append(dumps, storetest.Dump(t, model)), append(ends, size(t, wal))
	}
	db, log := read(t, filepath.Join(dir, FileName)), read(t, wal)
	cuts := []int64{}
	step := int64(1)
	if testing.Short() {
		step = 7
	}
	for at := ends[0]; at <= int64(len(log)); at += step * (frameHeader + pageSize) {
		cuts = append(cuts, at, at+1+rnd.Int64N(frameHeader+pageSize-1))
	}
	for i, cut := range cuts {
		cut = min(cut, int64(len(log)))
		last := 0
		for k, end := range ends {
			if end <= cut {
				last = k
			}
		}
		if i%2 == 0 {
			opened(t, fmt.Sprintf("cut at %d of %d", cut, len(log)), db, log[:cut], dumps[last])
			continue
		}
		// In a frame, with rubbish behind the cut, as a disk leaves it that had grown the file but not written it.
		torn := append(log[:cut:cut], make([]byte, min(3*pageSize, int64(len(log))-cut))...)
		opened(t, fmt.Sprintf("torn at %d of %d", cut, len(log)), db, torn, dumps[last])
	}
	t.Logf("%d frames, %d batches, %d cuts", (len(log)-walHeader)/(frameHeader+pageSize), len(dumps)-1, len(cuts))
}

// opened opens a pair of files and compares what it holds.
func opened(t *testing.T, name string, db, log []byte, want string) {
	t.Helper()
	dir := inMemory(t)
	write(t, filepath.Join(dir, FileName), string(db))
	write(t, filepath.Join(dir, FileName+"-wal"), string(log))
	s, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	defer func() {
		s.Close()
		os.RemoveAll(dir)
	}()
	if got := storetest.Dump(t, s); got != want {
		t.Errorf("%s:\n%swant\n%s", name, got, want)
	}
	sound(t, s)
}

func sound(t *testing.T, s *Store) {
	t.Helper()
	verdict, err := sqlitex.ResultText(s.w.conn.Prep("PRAGMA integrity_check"))
	if err != nil || verdict != "ok" {
		t.Errorf("integrity check: %q, %v", verdict, err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestCutLogAfterCheckpoints does the same where checkpoints have gone before, so that old frames lie behind the new ones
// in the file: only the frames since the last restart of the WAL are cut.
func TestCutLogAfterCheckpoints(t *testing.T) {
	dir := t.TempDir()
	n := seated(t, dir, Options{stretch: 30})
	defer n.s.Close()
	model := store.NewMemory(storetest.Groups)
	if _, err := model.Join(t.Context(), "n", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := model.Claim(t.Context(), n.seat, []store.Group{0}); err != nil {
		t.Fatal(err)
	}
	wal := filepath.Join(dir, FileName+"-wal")
	var salt []byte
	var dumps []string
	var frames []int // valid frames of this salt after each batch
	// It ends in a generation of the WAL that has some batches and has not been copied yet.
	restarts := 0
	for restarts < 3 || len(frames) < 3 {
		b := n.batch(5, 200)
		n.commit(t, b)
		if err := model.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		log := read(t, wal)
		if s := log[16:24]; string(s) != string(salt) {
			salt, dumps, frames = s, nil, nil
			restarts++
		}
		dumps, frames = append(dumps, storetest.Dump(t, model)), append(frames, validFrames(log))
	}
	if restarts < 3 {
		t.Fatalf("the WAL has been restarted %d times only", restarts)
	}
	db, log := read(t, filepath.Join(dir, FileName)), read(t, wal)
	for k := range dumps {
		cut := walHeader + frames[k]*(frameHeader+pageSize)
		opened(t, fmt.Sprintf("cut after batch %d of the WAL", k), db, log[:cut], dumps[k])
		opened(t, fmt.Sprintf("cut in a frame after batch %d", k), db, log[:cut+100], dumps[k])
	}
	t.Logf("%d restarts, %d batches since the last", restarts, len(dumps))
}

// validFrames counts the frames that belong to the present generation of a WAL, by their salt, up to the last commit.
func validFrames(log []byte) int {
	valid := 0
	for i := 0; walHeader+(i+1)*(frameHeader+pageSize) <= len(log); i++ {
		frame := log[walHeader+i*(frameHeader+pageSize):]
		if string(frame[8:16]) != string(log[16:24]) {
			break
		}
		if binary.BigEndian.Uint32(frame[4:8]) != 0 {
			valid = i + 1
		}
	}
	return valid
}

const killEnv = "SEGUE_TEST_KILLED_WRITER"

// TestKill kills a writer with SIGKILL, again and again: what it had acknowledged on its standard output is there.
func TestKill(t *testing.T) {
	if dir := os.Getenv(killEnv); dir != "" {
		killedWriter(t, dir)
		return
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	rnd := rand.New(rand.NewPCG(3, 3))
	rounds := 8
	if testing.Short() {
		rounds = 2
	}
	previous := 0
	for range rounds {
		cmd := exec.Command(exe, "-test.run=^TestKill$")
		cmd.Env = append(os.Environ(), killEnv+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		acknowledged, after := 0, 20+rnd.IntN(100)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			text, is := strings.CutPrefix(lines.Text(), "acknowledged ")
			if !is {
				continue
			}
			if acknowledged, err = strconv.Atoi(text); err != nil {
				t.Fatal(err)
			}
			if after--; after == 0 {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the writer ended by itself")
		}
		s, err := Open(t.Context(), dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		rows := count(t, s)
		if rows < acknowledged || rows%10 != 0 || acknowledged <= previous {
			t.Errorf("%d rows, %d acknowledged, %d before", rows, acknowledged, previous)
		}
		previous = rows
		sound(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d rounds, %d rows", rounds, previous)
}

// killedWriter commits ten rows at a time and says so, until it is killed.
func killedWriter(t *testing.T, dir string) {
	n := seatedAgain(t, dir)
	rows := count(t, n.s)
	for {
		b := n.batch(10, 300)
		n.commit(t, b)
		rows += 10
		fmt.Println("acknowledged", rows)
	}
}

func seatedAgain(t *testing.T, dir string) *node {
	s, err := Open(t.Context(), dir, Options{Groups: storetest.Groups, stretch: 50})
	if err != nil {
		t.Fatal(err)
	}
	n := &node{s: s, id: int64(count(t, s))}
	if n.seat, err = s.Join(t.Context(), "n", 0); err != nil {
		t.Fatal(err)
	}
	owned, err := s.Claim(t.Context(), n.seat, []store.Group{0})
	if err != nil {
		t.Fatal(err)
	}
	n.generation = owned[0].Generation
	return n
}
