package main

// The mutants of the engine.
var engineMutants = []mutant{
	{
		"forget-open-requests", "runs", "engine/head.go",
		"		if r := wf.requests[e.RequestID]; r != nil {",
		"		if r := wf.requests[e.RequestID]; r != nil && r.status.Terminal() {",
		"a start that is repeated while its run goes on gets that run",
	},
	{
		"forget-ended-requests", "runs", "engine/head.go",
		"		if e.RequestID == \"\" || row.Key != e.RequestID {",
		"		if e.RequestID == \"\" || row.Key != e.RequestID || !row.Open {",
		"a start that is repeated after the end of its run gets that run",
	},
	{
		"one-too-many", "runs", "engine/head.go",
		"	for len(wf.running) < wf.limit() {",
		"	for len(wf.running) <= wf.limit() {",
		"a run strategy is kept",
	},
	{
		"instance-ids-again", "runs", "engine/head.go",
		"			wf.next = max(wf.next, t.Rows[i].A+1)",
		"			wf.next = max(wf.next, t.Rows[i].A)",
		"instance ids are given once",
	},
	{
		"queue-stops", "runs", "engine/run.go",
		"	delete(r.wf.running, r)\n	m.dequeue(t, r.wf, false)",
		"	delete(r.wf.running, r)",
		"the end of a run lets the next one begin",
	},
	{
		"orders-forgotten", "runs", "engine/seal.go",
		"		if len(b.ready) > 0 || b.ordered() {",
		"		if len(b.ready) > 0 {",
		"outstanding orders are repeated after a load",
	},
	{
		"stuck-halfway", "runs", "engine/seal.go",
		"		if len(b.ready) > 0 || b.ordered() {",
		"		if b.ordered() {",
		"a run with steps to be reached goes on after a load",
	},
	{
		"timers-forgotten", "runs", "engine/load.go",
		"		m.timers.set(r, row.Due)",
		"		m.timers.set(r, 0)",
		"deadlines survive a load",
	},
	{
		"edges-forgotten", "runs", "engine/run.go",
		"				next.opened = next.opened || s.Edges.Has(k)",
		"				next.opened = next.opened || s.Edges.Has(k) || true",
		"which edges were true survives a load",
	},
	{
		"failure-forgotten", "runs", "engine/run.go",
		"		case st == instance.FatallyFailed || st == instance.InternallyFailed:\n			b.failed = true",
		"		case st == instance.FatallyFailed || st == instance.InternallyFailed:",
		"that a step has failed survives a load",
	},
	{
		"late-outcomes", "runs", "engine/outcome.go",
		"	if e.Attempt != s.Number || s.Order == record.OrderNone || r.status != instance.InProgress {",
		"	if s.Order == record.OrderNone || r.status != instance.InProgress {",
		"what is said of an attempt that is over does not count for the next one",
	},
	{
		"endless-retries", "runs", "engine/steps.go",
		"		next.UserRetries++",
		"		next.PlatformRetries++",
		"each kind of failure has its own retries",
	},
	{
		"same-uuid", "runs", "engine/plan.go",
		"	name = strconv.AppendInt(name, int64(attempt), 10)",
		"	name = strconv.AppendInt(name, int64(attempt/attempt), 10)",
		"each attempt has a uuid of its own",
	},
	{
		"reached-after-stop", "runs", "engine/ending.go",
		"	b.ready = nil\n",
		"",
		"no step is reached after a stop",
	},
	{
		"join-too-early", "runs", "engine/steps.go",
		"		if next.left == 0 && b.rec.Ending == instance.StatusUnknown {",
		"		if next.left <= 1 && next.Status == instance.NotCreated && b.rec.Ending == instance.StatusUnknown {",
		"a join waits for all its predecessors",
	},
	{
		"evaluations-forgotten", "runs", "engine/run.go",
		"			m.askWorker(t, r, int32(i))\n",
		"",
		"what a worker was evaluating is asked for again when the run is loaded",
	},
	{
		"late-evaluations", "runs", "engine/evaluate.go",
		"	if s.Number != e.Attempt || s.Status != e.stage || !s.evaluating() {",
		"	if s.Number != e.Attempt {",
		"an evaluation that comes again is ignored when the attempt has moved on",
	},
	{
		"remove-newest", "runs", "engine/retention.go",
		"	case row.A >= newest:",
		"	case row.A > newest:",
		"the newest run of a workflow stays, whatever its age",
	},
	{
		"remove-remembered", "runs", "engine/retention.go",
		"	case row.Key != \"\" && rec.Created > now-p.Requests:",
		"	case row.Key != \"\" && rec.Created > now:",
		"a run stays as long as its request id is to be remembered",
	},
	{
		"remove-top-down", "runs", "engine/remove.go",
		"			below = below[:left]\n",
		"			below = append(below[:left:left], row)\n			left++\n",
		"the row of a run goes last, so that what is left below it is found",
	},
	{
		"remove-by-row", "runs", "engine/remove.go",
		"		if row == nil || row.A != p.Instance || row.B != p.Run || m.runs[p.Row] != nil {",
		"		if row == nil || m.runs[p.Row] != nil {",
		"a run is removed only if it is the one that was meant, and not by its row key alone",
	},
	{
		"remove-unfinished", "runs", "engine/remove.go",
		"		if row == nil || row.A != p.Instance || row.B != p.Run || m.runs[p.Row] != nil {\n			continue\n		}\n		rec, err := record.ParseRun(row.Doc)\n",
		"		if row == nil || row.A != p.Instance || row.B != p.Run {\n			continue\n		}\n		rec, err := record.ParseRun(row.Doc)\n" +
			"		if row.Open {\n			row.Open, row.State, rec.Ended = false, 7, 1\n		}\n",
		"a run that has not ended stays",
	},
	{
		"remove-twice", "runs", "engine/remove.go",
		"	if m.removal > t.Durable {",
		"	if m.removal > t.Durable && false {",
		"no row is deleted twice, though a removal comes again before the first is durable",
	},
	{
		"share-attempts", "runs", "engine/head.go",
		"		Scoped: true,",
		"		Scoped: false,",
		"runs of two workflows that one request id has started have attempts of their own",
	},
}
