package engine

// timers is a heap of runs by due time. A run is in it at most once.
type timers struct {
	heap []*run
}

// first returns the earliest due time; 0 = none.
func (h *timers) first() int64 {
	if len(h.heap) == 0 {
		return 0
	}
	return h.heap[0].due
}

// set gives a run its due time; 0 takes it out.
func (h *timers) set(r *run, due int64) {
	if r.due == due && (due == 0) == (r.timer == 0) {
		return
	}
	r.due = due
	switch {
	case due == 0 && r.timer == 0:
	case due == 0:
		h.remove(r)
	case r.timer == 0:
		h.heap = append(h.heap, r)
		r.timer = len(h.heap)
		h.up(len(h.heap) - 1)
	default:
		i := r.timer - 1
		h.up(i)
		h.down(r.timer - 1)
	}
}

// pop takes the run out that is due first.
func (h *timers) pop() *run {
	r := h.heap[0]
	h.remove(r)
	return r
}

func (h *timers) remove(r *run) {
	i, last := r.timer-1, len(h.heap)-1
	h.swap(i, last)
	h.heap[last] = nil
	h.heap = h.heap[:last]
	r.timer = 0
	if i < last {
		moved := h.heap[i]
		h.up(i)
		h.down(moved.timer - 1)
	}
}

func (h *timers) before(i, j int) bool {
	a, b := h.heap[i], h.heap[j]
	return a.due < b.due || a.due == b.due && a.row < b.row
}

func (h *timers) swap(i, j int) {
	h.heap[i], h.heap[j] = h.heap[j], h.heap[i]
	h.heap[i].timer, h.heap[j].timer = i+1, j+1
}

func (h *timers) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !h.before(i, parent) {
			return
		}
		h.swap(i, parent)
		i = parent
	}
}

func (h *timers) down(i int) {
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(h.heap); c++ {
			if h.before(c, least) {
				least = c
			}
		}
		if least == i {
			return
		}
		h.swap(i, least)
		i = least
	}
}
