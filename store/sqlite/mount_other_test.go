//go:build !linux

package sqlite

import (
	"os"
	"testing"
)

func remountReadOnly(t *testing.T, _ string) { t.Skip("root is stopped by no permissions") }

func mountSmallDisk(t *testing.T, _ string) { t.Skip("small disks can be mounted on Linux only") }

func syncData(f *os.File) error { return f.Sync() }
