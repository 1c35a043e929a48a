package server

import "sync"

// heapFloor is memory that is reserved and never touched, so it takes none. The collector runs when the heap has doubled; a
// small server would collect every few megabytes, at a sixth of its CPU under load, and with the floor it does so every
// few tens.
const heapFloor = 32 << 20

var floor []byte

var raiseHeap = sync.OnceFunc(func() { floor = make([]byte, heapFloor) })
