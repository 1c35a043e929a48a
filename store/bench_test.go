package store_test

import (
	"testing"

	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/store/storetest"
)

func BenchmarkCommit(b *testing.B) {
	storetest.Bench(b, &memoryBed{store.NewMemory(storetest.Groups)})
}

func BenchmarkRead(b *testing.B) {
	storetest.BenchRead(b, &memoryBed{store.NewMemory(storetest.Groups)})
}
