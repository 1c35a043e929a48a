//go:build unix && !linux

package main

import "testing"

func smallDisk(t *testing.T, _, _ string) { t.Skip("small disks can be mounted on Linux only") }

func readOnly(t *testing.T, _ string) { t.Skip("directories can be mounted read-only on Linux only") }
