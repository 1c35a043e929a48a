package validate

import (
	"fmt"
	"strings"
	"time"

	"github.com/segue-run/segue/schedule"
	"github.com/segue-run/segue/sel/chrono"
	"github.com/segue-run/segue/signal"
)

// minGap is the shortest time between two firings of a trigger.
const minGap = 2 * time.Minute

// gapFrom is the instant from which the gap between two firings is measured: any one would do, a fixed one keeps the
// check pure. 1 January 2024 was a Monday, and begins a leap year.
const gapFrom = 1_704_067_200_000

func (v *violations) timeTriggers(path string, triggers []schedule.Trigger) {
	for i := range triggers {
		t, at := &triggers[i], fmt.Sprintf("%s[%d]", path, i)
		if t.Kind == schedule.Interval {
			v.add(at, "[time-trigger] INTERVAL is not supported; use CRON or PREDEFINED")
			continue
		}
		zone, err := zoneOf(t.Timezone)
		if err != nil {
			v.add(at+".timezone", "[timezone expression] is not a valid time zone - rejected value is [%s]", t.Timezone)
			continue
		}
		if strings.TrimSpace(t.Expression()) == "" {
			v.add(at+".cron", "[cron expression] cannot be null or empty")
			continue
		}
		cron, err := schedule.ParseCron(t.Expression())
		if err != nil {
			v.add(at+".cron", "[cron expression] is not valid: %v - rejected value is [%s]", err, t.Expression())
			continue
		}
		v.timeout(at+".fuzzyMaxDelay", t.MaxDelay)
		first, ok := cron.Next(gapFrom, zone)
		if !ok {
			continue // it never fires, or fired in the past only
		}
		if second, ok := cron.Next(first, zone); ok && second-first < minGap.Milliseconds() {
			v.add(at, "[time-trigger] interval between two firings is %v, which is less than %v - rejected value is [%s]",
				time.Duration(second-first)*time.Millisecond, minGap, t.Expression())
		}
	}
}

func zoneOf(name string) (*chrono.Zone, error) {
	if name == "" {
		name = "UTC"
	}
	return chrono.Lookup(name)
}

func (v *violations) signalTriggers(path string, triggers []signal.Trigger) {
	for i, t := range triggers {
		at := fmt.Sprintf("%s[%d]", path, i)
		const token = "[signal-trigger]"
		if t.Entries.Len() == 0 {
			v.add(at+".definitions", "%s must name at least one signal", token)
		}
		if t.Entries.Len() > MaxSignals {
			v.add(at+".definitions", "%s can have at most %d signals, not %d", token, MaxSignals, t.Entries.Len())
		}
		keys := -1
		for name, e := range t.Entries.All() {
			if keys >= 0 && len(e.JoinKeys) != keys {
				v.add(at+".definitions", "%s all signals must have equally many join_keys; [%s] has %d, one before it %d", token, name, len(e.JoinKeys), keys)
			}
			keys = len(e.JoinKeys)
			for _, key := range e.JoinKeys {
				if e.Matches.Has(key) {
					v.add(at+".definitions", "%s join key [%s] of signal [%s] cannot be in match_params too", token, key, name)
				}
			}
		}
		v.paramNames(at+".params", t.Params)
	}
}
