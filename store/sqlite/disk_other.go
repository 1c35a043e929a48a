//go:build !linux

package sqlite

import "iter"

// disk would tell the kernel when to write pages; here that cannot be told, and the next fsync writes them.
type disk struct{}

func openDisk(string) *disk                         { return &disk{} }
func (*disk) close() error                          { return nil }
func (*disk) copied(int, int) iter.Seq2[int64, int] { return func(func(int64, int) bool) {} }
func (*disk) begin(int64, int)                      {}
