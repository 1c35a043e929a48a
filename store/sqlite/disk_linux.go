package sqlite

import (
	"encoding/binary"
	"errors"
	"iter"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// together is how many pages in a row are written at once.
const together = 64

// disk tells the kernel when to write pages of the database that it has in its cache. It is a matter of time only: if it cannot
// (see openDisk) or the file system does not know how, the next fsync has more to do.
type disk struct {
	db, log *os.File
	numbers []int64
}

// openDisk opens database and WAL beside SQLite. When a process closes a file, its locks on that file end, those of SQLite as
// well: the database may be closed only after all connections.
func openDisk(path string) *disk {
	log, err := os.Open(path + "-wal")
	if err != nil {
		return &disk{}
	}
	db, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		log.Close()
		return &disk{}
	}
	return &disk{db: db, log: log}
}

func (d *disk) close() error {
	var errs []error
	for _, f := range []*os.File{d.db, d.log} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// copied returns the pages that some frames of the WAL hold, as the first page of a row (from 0) and its length.
func (d *disk) copied(from, to int) iter.Seq2[int64, int] {
	d.numbers = d.numbers[:0]
	var head [4]byte
	for i := int64(from); i < int64(to) && d.log != nil; i++ {
		if _, err := d.log.ReadAt(head[:], walHeader+i*(frameHeader+pageSize)); err != nil {
			break
		}
		d.numbers = append(d.numbers, int64(binary.BigEndian.Uint32(head[:]))-1)
	}
	slices.Sort(d.numbers)
	d.numbers = slices.Compact(d.numbers)
	return func(yield func(int64, int) bool) {
		for rest := d.numbers; len(rest) > 0; {
			n := 1
			for n < min(len(rest), together) && rest[n] == rest[0]+int64(n) {
				n++
			}
			if !yield(rest[0], n) {
				return
			}
			rest = rest[n:]
		}
	}
}

// begin has the kernel begin to write some pages in a row. What goes wrong with that, the next fsync reports.
func (d *disk) begin(first int64, n int) {
	_ = unix.SyncFileRange(int(d.db.Fd()), first*pageSize, int64(n)*pageSize, unix.SYNC_FILE_RANGE_WRITE)
}
