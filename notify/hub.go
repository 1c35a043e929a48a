// Package notify tells those who wait that something has changed. It carries no data: who is told reads the store,
// which has everything that was ever told.
//
// Above it is nothing but the standard library; the server feeds it with what the engine lets out, and the REST edge
// and the CLI wait on it.
package notify

import "sync"

// Hub wakes the watchers of runs. The zero value is ready.
type Hub struct {
	shards [64]shard
	all    shard // under key 0: who watches every run
}

type shard struct {
	mu       sync.Mutex
	watchers map[int64][]*watcher
}

type watcher struct {
	wake chan struct{}
	end  bool // only the end counts
}

func (h *Hub) shard(run int64) *shard { return &h.shards[uint64(run)%uint64(len(h.shards))] }

// Subscribe returns a channel that holds a value whenever the run (its row key) has changed since the last receive, and a
// function that ends the subscription. What changed before Subscribe is not told: subscribe first, then read.
func (h *Hub) Subscribe(run int64) (<-chan struct{}, func()) { return h.subscribe(run, false) }

// SubscribeEnd is Subscribe for those who only want to know when the run has ended.
func (h *Hub) SubscribeEnd(run int64) (<-chan struct{}, func()) { return h.subscribe(run, true) }

// SubscribeAll is Subscribe for the changes of every run.
func (h *Hub) SubscribeAll() (<-chan struct{}, func()) { return h.all.subscribe(0, false) }

func (h *Hub) subscribe(run int64, end bool) (<-chan struct{}, func()) {
	return h.shard(run).subscribe(run, end)
}

func (s *shard) subscribe(run int64, end bool) (<-chan struct{}, func()) {
	w := &watcher{wake: make(chan struct{}, 1), end: end}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watchers == nil {
		s.watchers = map[int64][]*watcher{}
	}
	s.watchers[run] = append(s.watchers[run], w)
	return w.wake, func() { s.remove(run, w) }
}

func (s *shard) remove(run int64, w *watcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.watchers[run]
	for i := range list {
		if list[i] == w {
			list = append(list[:i:i], list[i+1:]...)
			break
		}
	}
	if len(list) == 0 {
		delete(s.watchers, run)
		return
	}
	s.watchers[run] = list
}

// Publish wakes the watchers of a run that has changed, or ended. It does not block.
func (h *Hub) Publish(run int64, ended bool) {
	h.shard(run).publish(run, ended)
	h.all.publish(0, ended)
}

func (s *shard) publish(run int64, ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.watchers[run] {
		if w.end && !ended {
			continue
		}
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}
