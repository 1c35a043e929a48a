//go:build !linux

package sqlite

// refuseNetwork knows no network file system on this platform; SQLite itself refuses WAL on some.
func refuseNetwork(string) error { return nil }
