package notify

import "testing"

func TestAChangeWakesEveryWatcherOfTheRunAndNoOther(t *testing.T) {
	var h Hub
	a, stopA := h.Subscribe(1)
	b, stopB := h.Subscribe(1)
	other, stopOther := h.Subscribe(65) // the same shard
	defer stopB()
	defer stopOther()
	h.Publish(1, false)
	h.Publish(1, false)
	<-a
	<-b
	select {
	case <-a:
		t.Error("two changes before a receive woke it twice")
	case <-other:
		t.Error("the watcher of another run woke")
	default:
	}
	stopA()
	h.Publish(1, false)
	<-b
	select {
	case <-a:
		t.Error("an ended subscription woke")
	default:
	}
}

func TestEndedSubscriptionsLeaveNothingBehind(t *testing.T) {
	var h Hub
	for range 3 {
		_, stop := h.Subscribe(7)
		stop()
		stop()
	}
	if n := len(h.shard(7).watchers); n != 0 {
		t.Errorf("%d runs still have watchers", n)
	}
}

func TestWhoWaitsForTheEndIsNotWokenBefore(t *testing.T) {
	var h Hub
	end, stop := h.SubscribeEnd(3)
	defer stop()
	h.Publish(3, false)
	select {
	case <-end:
		t.Error("a change woke who waits for the end")
	default:
	}
	h.Publish(3, true)
	<-end
}
