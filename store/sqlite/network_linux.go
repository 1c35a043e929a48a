package sqlite

import (
	"github.com/segue-run/segue/fault"
	"golang.org/x/sys/unix"
)

// networkFS names the file systems on which neither SQLite's locks nor its shared memory can be trusted. (FUSE is not
// here: it may be local.)
var networkFS = map[uint32]string{
	unix.NFS_SUPER_MAGIC:  "NFS",
	unix.SMB_SUPER_MAGIC:  "SMB",
	unix.CIFS_SUPER_MAGIC: "CIFS",
	unix.SMB2_SUPER_MAGIC: "SMB2",
	unix.AFS_SUPER_MAGIC:  "AFS",
	unix.AFS_FS_MAGIC:     "AFS",
	unix.CODA_SUPER_MAGIC: "Coda",
	unix.NCP_SUPER_MAGIC:  "NCP",
	unix.CEPH_SUPER_MAGIC: "Ceph",
	unix.V9FS_MAGIC:       "9P",
	0x0BD00BD0:            "Lustre",
	0x47504653:            "GPFS",
	0x01161970:            "GFS2",
	0x7461636F:            "OCFS2",
}

// refuseNetwork returns an error for a directory on a network file system.
func refuseNetwork(dir string) error {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return fault.New(fault.Precondition, "look at its file system: %w", err)
	}
	return refuseMagic(uint32(st.Type))
}

func refuseMagic(magic uint32) error {
	if name, is := networkFS[magic]; is {
		return fault.New(fault.Precondition,
			"it is on a network file system (%s), where SQLite cannot keep its promises: use a local disk, or PostgreSQL", name)
	}
	return nil
}
