package sqlite

import (
	"fmt"
	"testing"

	"github.com/segue-run/segue/store/storetest"
)

func BenchmarkCommit(b *testing.B) {
	storetest.Bench(b, &bed{dir: b.TempDir(), opts: Options{Groups: storetest.Groups}})
}

// BenchmarkDisk is what BenchmarkCommit is to be compared with.
func BenchmarkDisk(b *testing.B) {
	storetest.BenchDisk(b, b.TempDir(), syncData)
}

func BenchmarkCheckpoint(b *testing.B) {
	for _, pages := range []int{50, 100, 200, 400, 1000} {
		b.Run(fmt.Sprint("pages=", pages), func(b *testing.B) {
			storetest.Bench(b, &bed{dir: b.TempDir(), opts: Options{Groups: storetest.Groups, stretch: pages}})
		})
	}
}

func BenchmarkRead(b *testing.B) { storetest.BenchRead(b, newBed(b)) }
