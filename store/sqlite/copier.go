package sqlite

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	zombie "zombiezen.com/go/sqlite"
)

const (
	// defaultStretch is the number of pages by which the WAL grows from one copy to the next. With fewer, pages that change
	// again and again are copied more often; with more, a copy keeps a processor for longer, and a commit whose fsync is over waits
	// for that.
	defaultStretch = 100
	// restPart is the part of the WAL that those commits may have written when it is to begin anew: commits wait for about as much, which
	// is soon copied if they are small, and should come seldom if they are not.
	restPart = 20
	// rarely is the number of stretches after which a WAL that has begun anew is first copied if the store is quiet: then each copy
	// takes all of it, and the fsync of the database is in the way of the next commit.
	rarely = 4
	// behind is the number of commits whose pages are not copied yet: what changes all the time is always among them.
	behind = 5
	// longest is the number of stretches after which commits are not spared any more to have the WAL begin anew. With large commits that
	// is the rule.
	longest = 40
	// scattered is the number of places in the database that the disk is told to write after one commit, for each stretch that
	// waits to be copied; so many pages in a row as adjacent cost as much as one more place.
	scattered = 8
	adjacent  = 8
	// readMoment is how long the copier waits, with new reads waiting behind it, for reads to end before it takes all of the WAL once
	// more; and readRest how long it leaves them alone if that was in vain.
	readMoment = 5 * time.Millisecond
	readRest   = 100 * time.Millisecond
	// idlePace is how long the copier waits for a commit when none is under way.
	idlePace = time.Millisecond
)

// copier copies the WAL into the database beside the commits, on connections of its own, so that no commit waits for all
// of it.
//
// A checkpoint of SQLite copies the newest version of each page into the kernel's cache of the database. If that was the whole
// WAL, it fsyncs the database, and the next commit begins the WAL anew. The copier makes it copy a part: up to where the WAL
// ended some commits ago, which a read marks. Pages that have changed again since then are left out, so those that change with
// each commit are not copied again and again. Then it has the disk write what was copied, a few pages after each commit, since
// an fsync of all of them would hold up the commits that wait for the same disk; the further behind it is, the more it has
// the disk write. When the WAL is long enough, it copies up to the last commit but one, and then makes a checkpoint of
// the whole WAL while commits wait; and new reads, too, if one was in the way the last time.
//
// It does not matter when which of the pages reach the disk: until SQLite has fsynced the database, the WAL has all of them.
type copier struct {
	mu     sync.Mutex // held by whoever makes a checkpoint; comes before Store.mu
	conn   *zombie.Conn
	part   *zombie.Stmt // copies what it may
	whole  *zombie.Stmt // the same; if that was all and no reader needs the WAL, the next commit begins it anew
	mark   mark
	disk   *disk
	copied int       // pages of the WAL; guarded by mu
	failed bool      // all of the WAL was copied, and a read kept it from beginning anew; guarded by mu
	paused time.Time // when reads were last held up in vain; guarded by mu

	stretch int          // pages by which the WAL grows from one copy to the next
	length  atomic.Int64 // pages in the WAL after the last commit
	due     atomic.Int64 // length at which it is copied
	anew    atomic.Bool  // the WAL has begun anew since the last copy
	quiet   atomic.Bool  // there was no commit while it was last copied
	busy    atomic.Bool  // a commit is under way

	wake    chan struct{} // the WAL is due
	commits chan struct{} // a commit has ended
	quit    chan struct{}
	ended   chan struct{}
	stopped sync.Once
}

// mark is a read that no checkpoint passes.
type mark struct {
	conn            *zombie.Conn
	begin, see, end *zombie.Stmt
}

// newCopier opens the connections. With a stretch below 0, all is left to Maintain.
func newCopier(path string, stretch int) (*copier, error) {
	c := &copier{
		stretch: stretch,
		wake:    make(chan struct{}, 1), commits: make(chan struct{}, 1), quit: make(chan struct{}), ended: make(chan struct{}),
	}
	if stretch < 0 {
		c.stretch = math.MaxInt32 / (2 * longest)
	}
	c.due.Store(int64(c.stretch))
	if err := c.connect(path); err != nil {
		return nil, errors.Join(err, c.close())
	}
	c.disk = openDisk(path)
	return c, nil
}

func (c *copier) connect(path string) (err error) {
	open := func() (conn *zombie.Conn) {
		if err != nil {
			return nil
		}
		if conn, err = zombie.OpenConn(path, zombie.OpenReadWrite); err != nil {
			return nil
		}
		conn.SetBusyTimeout(0) // nobody is waited for: there will be another time
		err = script(conn, "PRAGMA synchronous = FULL", "PRAGMA wal_autocheckpoint = 0", "PRAGMA cache_size = -64")
		return conn
	}
	prepare := func(conn *zombie.Conn, text string) (stmt *zombie.Stmt) {
		if err == nil {
			stmt, err = conn.Prepare(text)
		}
		return stmt
	}
	c.conn, c.mark.conn = open(), open()
	c.part, c.whole = prepare(c.conn, "PRAGMA wal_checkpoint(PASSIVE)"), prepare(c.conn, "PRAGMA wal_checkpoint(RESTART)")
	c.mark.begin, c.mark.end = prepare(c.mark.conn, "BEGIN"), prepare(c.mark.conn, "ROLLBACK")
	c.mark.see = prepare(c.mark.conn, "SELECT 1 FROM meta WHERE key = 'next_id'")
	return err
}

// close closes the connections.
func (c *copier) close() error {
	var errs []error
	for _, conn := range []*zombie.Conn{c.conn, c.mark.conn} {
		if conn != nil {
			errs = append(errs, conn.Close())
		}
	}
	return errors.Join(errs...)
}

// begins notes that a commit begins. The caller holds Store.mu.
func (c *copier) begins() { c.busy.Store(true) }

// ends notes that it has ended, well or not. The caller holds Store.mu.
func (c *copier) ends() {
	c.busy.Store(false)
	poke(c.commits)
}

// grown notes how long the WAL is after a commit. The caller holds Store.mu.
func (c *copier) grown(pages int) {
	if int64(pages) < c.length.Swap(int64(pages)) {
		c.anew.Store(true)
		c.due.Store(int64(c.stretch))
		if c.quiet.Load() {
			c.due.Store(int64(rarely * c.stretch))
		}
	}
	if int64(pages) >= c.due.Load() {
		poke(c.wake)
	}
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// copyLogs copies the WAL whenever it is due, until the store is closed.
func (s *Store) copyLogs() {
	defer close(s.copier.ended)
	for {
		select {
		case <-s.copier.quit:
			return
		case <-s.copier.wake:
			s.copyLog()
		}
	}
}

// copyLog copies a part of the WAL, and all of it if it is long and little is left. What cannot be copied is still in the WAL:
// nothing is lost, and Maintain reports what does not pass. But a disk that fails must not be trusted with more; that is
// noted before anybody else can make a checkpoint or a commit.
func (s *Store) copyLog() {
	c := s.copier
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.length.Load() < c.due.Load() || s.isBroken() {
		return // somebody else has copied it, or the disk has failed meanwhile
	}
	from := c.copied
	if c.anew.Swap(false) {
		from, c.failed = 0, false
	}
	commits, tooLong := behind, c.tooLong()
	if tooLong {
		commits = 1
	}
	all, err := c.copyPart(commits)
	c.quiet.Store(all)
	whole := err == nil && !all && c.longEnough()
	if whole && !tooLong { // commits are to wait for as little as possible
		if !c.ease(from) {
			return
		}
		from = c.copied
		all, err = c.copyPart(1)
		c.quiet.Store(all)
	}
	if err != nil {
		c.due.Store(c.length.Load() + int64(c.stretch))
		s.mu.Lock()
		defer s.mu.Unlock()
		s.broke(failed("checkpoint", err))
		return
	}
	if all || !c.ease(from) || !whole {
		return
	}
	if c.failed { // because of a read, and it may be a long one
		if time.Since(c.paused) < readRest {
			return
		}
		resume, quiet := s.readers.pause(context.Background(), readMoment)
		defer resume()
		if !quiet {
			c.paused = time.Now()
			return
		}
	}
	c.failed = true // unless the WAL begins anew
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken == nil {
		_, err := c.copy(c.whole)
		s.broke(failed("checkpoint", err))
	}
}

// copyPart copies the WAL up to its present end, once there have been so many more commits. If none come and none is under way, nobody
// minds that it copies and syncs all of the WAL. The caller holds c.mu.
func (c *copier) copyPart(commits int) (all bool, err error) {
	if !c.mark.conn.AutocommitEnabled() { // the last one could not be ended
		if err := run(c.mark.end); err != nil {
			return false, err
		}
	}
	if err := run(c.mark.begin); err != nil {
		return false, err
	}
	if _, err = one(c.mark.see, func() {}); err == nil {
		select {
		case <-c.commits: // an old one
		default:
		}
		for range commits {
			if !c.pause() {
				return false, run(c.mark.end)
			}
		}
		all, err = c.copy(c.part)
	}
	return all, errors.Join(err, run(c.mark.end))
}

// copy makes a checkpoint and reports whether it has copied all of the WAL. The caller holds c.mu.
func (c *copier) copy(checkpoint *zombie.Stmt) (all bool, err error) {
	pages, copied := 0, 0
	if _, err := one(checkpoint, func() { pages, copied = checkpoint.ColumnInt(1), checkpoint.ColumnInt(2) }); err != nil {
		return false, fmt.Errorf("checkpoint: %w", err)
	}
	if pages < 0 { // another program makes one
		pages, copied = int(c.length.Load()), c.copied
	}
	c.copied = copied
	c.due.Store(int64(pages) + int64(c.stretch)) // even if a reader was in the way
	return copied >= pages, nil
}

// ease has the disk write the pages that were copied since, and takes its time. It returns false if the store is being closed.
// The caller holds c.mu.
func (c *copier) ease(since int) bool {
	load := 0
	for first, n := range c.disk.copied(since, c.copied) {
		c.disk.begin(first, n)
		if load += adjacent + n; load >= c.bite() {
			load = 0
			if !c.pause() {
				return false
			}
		}
	}
	return true
}

// bite returns how much the disk is to write after one commit.
func (c *copier) bite() int {
	if c.tooLong() {
		return math.MaxInt32
	}
	return scattered * adjacent * (1 + (int(c.length.Load())-c.copied)/c.stretch)
}

// longEnough reports whether the WAL should begin anew, when a part has just been copied.
func (c *copier) longEnough() bool {
	return c.copied >= c.stretch && int(c.length.Load())-c.copied <= c.copied/restPart || c.tooLong()
}

// tooLong reports whether commits are not to be spared any more: reads may have been in the way several times.
func (c *copier) tooLong() bool { return int(c.length.Load()) >= longest*c.stretch }

// pause waits for the end of a commit, or for a moment without one. It returns false if the store is being closed.
func (c *copier) pause() bool {
	timer := time.NewTimer(idlePace)
	defer timer.Stop()
	for {
		select {
		case <-c.commits:
			return true
		case <-c.quit:
			return false
		case <-timer.C:
			if !c.busy.Load() {
				return true
			}
			timer.Reset(idlePace)
		}
	}
}

// stop ends the copying. It may be called again.
func (c *copier) stop() {
	c.stopped.Do(func() { close(c.quit) })
	<-c.ended
}
