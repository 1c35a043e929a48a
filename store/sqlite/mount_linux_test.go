package sqlite

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// remountReadOnly binds a directory onto itself, read-only. It needs a real root.
func remountReadOnly(t *testing.T, dir string) {
	t.Helper()
	if err := syscall.Mount(dir, dir, "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("root is stopped by no permissions, and may not mount here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("remount: %v", err)
	}
}

// mountSmallDisk mounts 4 MB of memory on a directory.
func mountSmallDisk(t *testing.T, dir string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("no small disk to be had here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
}

func TestNetworkFileSystems(t *testing.T) {
	for magic, name := range map[uint32]string{0x6969: "NFS", 0xFF534D42: "CIFS", 0xEF53: ""} {
		err := refuseMagic(magic)
		if (err != nil) != (name != "") || err != nil && !strings.Contains(err.Error(), name) {
			t.Errorf("file system %#x: %v", magic, err)
		}
	}
}

func syncData(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }
