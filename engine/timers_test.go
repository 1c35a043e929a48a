package engine

import (
	"testing"

	"pgregory.net/rapid"
)

func TestTimersAgainstAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h timers
		runs := make([]*run, 12)
		for i := range runs {
			runs[i] = &run{row: int64(i)}
		}
		model := map[*run]int64{}
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				r := rapid.SampledFrom(runs).Draw(t, "run")
				due := rapid.Int64Range(0, 20).Draw(t, "due")
				h.set(r, due)
				if model[r] = due; due == 0 {
					delete(model, r)
				}
			},
			"pop": func(t *rapid.T) {
				if len(model) == 0 {
					t.Skip()
				}
				r := h.pop()
				if _, in := model[r]; !in {
					t.Fatalf("popped run %d, which was not in", r.row)
				}
				for other, due := range model {
					if due < model[r] || due == model[r] && other.row < r.row {
						t.Fatalf("popped run %d, due %d, before run %d, due %d", r.row, model[r], other.row, due)
					}
				}
				delete(model, r)
			},
			"": func(t *rapid.T) {
				if len(h.heap) != len(model) {
					t.Fatalf("%d runs in the heap, %d in the model", len(h.heap), len(model))
				}
				var first int64
				for r, due := range model {
					if h.heap[r.timer-1] != r || r.due != due {
						t.Fatalf("run %d, due %d, is at %d with %d", r.row, due, r.timer, r.due)
					}
					if first == 0 || due < first {
						first = due
					}
				}
				if h.first() != first {
					t.Fatalf("first is %d, want %d", h.first(), first)
				}
				for _, r := range runs {
					if _, in := model[r]; !in && r.timer != 0 {
						t.Fatalf("run %d is out and thinks it is at %d", r.row, r.timer)
					}
				}
			},
		})
	})
}
