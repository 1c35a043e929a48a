package store_test

import (
	"testing"

	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/store/storetest"
)

// memoryBed is a Memory that outlives the processes that open it.
type memoryBed struct{ m *store.Memory }

func (b *memoryBed) Open(testing.TB) store.Store {
	b.m = b.m.Clone()
	return b.m
}

func (b *memoryBed) Crash(t testing.TB, _ store.Store) store.Store { return b.Open(t) }

func TestMemory(t *testing.T) {
	storetest.Run(t, func(testing.TB) storetest.Bed { return &memoryBed{store.NewMemory(storetest.Groups)} })
}
