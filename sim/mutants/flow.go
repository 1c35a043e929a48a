package main

// The mutants of flow and store. Each removes one line of the protocol in flow/DESIGN.md.
var flowMutants = []mutant{
	{
		"skip-seal", "ledger", "flow/loop.go",
		"		if l.seal(); l.broken { // then nothing of its epoch can be stored",
		"		if l.broken {",
		"a loop seals what is left of an epoch that has been closed before it decides in the next",
	},
	{
		"epoch-before-event", "ledger", "flow/loop.go",
		`	e := l.box.take(l.node.admits())
	if e == nil {
		l.node.leaveTurn(nil, nil)
		return false
	}
	defer l.node.count(e) // when what follows from it is counted
	l.node.stats.Turns.Add(1)
	// First the event, then the epoch: no turn of epoch k can have seen a message of k+1.
	l.active.Store(true)
	if now := l.node.epoch.Load(); l.epoch != now {`,
		`	now := l.node.epoch.Load()
	l.active.Store(true)
	l.node.clock() // another thread may run here
	e := l.box.take(l.node.admits())
	if e == nil {
		l.node.leaveTurn(nil, nil)
		return false
	}
	defer l.node.count(e)
	if l.epoch != now {`,
		"the event is taken before the epoch is read",
	},
	{
		"partial-seal", "ledger", "flow/loop.go",
		`			l.putBack(e)
			l.node.leaveTurn(nil, nil)
			l.node.kickCommitter()
			return false
		}
		l.epoch = now`,
		`			l.putBack(e)
			l.node.leaveTurn(nil, nil)
			l.node.kickCommitter()
			l.epoch = now
			return false
		}
		l.epoch = now`,
		"rows that could not all be encoded do not get into a batch",
	},
	{
		"deliver-void", "ledger", "flow/loop.go",
		"	if e.letter == nil || !e.letter.void.Load() {",
		"	if true {",
		"a message whose sender was taken back is not delivered",
	},
	{
		"lose-waiting", "ledger", "flow/loop.go",
		"	next.class = resumed\n	l.box.put(next)",
		"	next.class = resumed",
		"events that wait behind another for the same rows are decided after it",
	},
	{
		"all-resume", "ledger", "flow/fetch.go",
		"	l.box.put(e)\n	l.node.ready.add(l)",
		`	l.box.put(e)
	for _, x := range f.line.events {
		x.class, x.line = resumed, nil
		if x != e {
			l.box.put(x)
		}
	}
	delete(l.waiting, f.line.key)
	l.node.ready.add(l)`,
		"one fetch at a time for one key: the next one waits until the event before it is decided",
	},
	{
		"overtake", "ledger", "flow/letter.go",
		"	return unnumbered == 0 && theirs.acceptedFrom(l.group) == sent",
		"	return sent >= 0 && unnumbered >= 0 && theirs != nil",
		"a message in memory does not overtake one that is still on its way as a row",
	},
	{
		"forget-tick", "ledger", "flow/loop.go",
		"		l.tickAt.Store(0)",
		"		_ = l.tickAt.Load()",
		"after a Tick the next one may be posted",
	},
	{
		"drop-message-row", "ledger", "flow/committer.go",
		"			if m.consumed.Load() == b.epoch {",
		"			if m.consumed.Load() != 0 {",
		"a message consumed in a later epoch than it was sent in is a row between the two",
	},
	{
		"keep-consumed-row", "ledger", "flow/committer.go",
		"			s.Consumed = append(s.Consumed, store.Message{From: m.from, To: m.to, Number: number})",
		"",
		"the batch that holds the effect of a message removes its row",
	},
	{
		"forget-number", "ledger", "flow/committer.go",
		"			m.number.Store(number)\n",
		"",
		"a message remembers the number of its row",
	},
	{
		"forget-links", "ledger", "flow/committer.go",
		"		if wrote {",
		"		if wrote && len(p.sent) > 0 {",
		"what was consumed is remembered in the batch that holds its effect",
	},
	{
		"number-twice", "ledger", "flow/letter.go",
		"	l.sent[to]++\n",
		"	if l.sent[to]%5 != 4 {\n		l.sent[to]++\n	}\n",
		"numbers of messages are unique",
	},
	{
		"no-dedup", "ledger", "flow/letter.go",
		"	case number <= r.accepted:\n		return false, false",
		"	case number <= r.accepted:\n		return number == r.accepted, false",
		"a message that comes again is ignored",
	},
	{
		"stumble-over-gap", "ledger", "flow/letter.go",
		"	for slices.Contains(r.beyond, r.accepted+1) {",
		"	for false && slices.Contains(r.beyond, r.accepted+1) {",
		"messages consumed out of order do not stop those behind them",
	},
	{
		"release-early", "ledger", "flow/committer.go",
		"	n.cutLetters(b)\n	return b",
		`	n.cutLetters(b)
	for _, p := range b.parts {
		for _, h := range p.held {
			if h.command != nil {
				h.answer()
			} else {
				n.outbox.Release(p.loop.group, p.loop.generation, h.value)
			}
		}
		p.held = nil
	}
	return b`,
		"nothing leaves the node before its batch is durable",
	},
	{
		"durable-early", "ledger", "flow/committer.go",
		"	n.cutLetters(b)\n	return b",
		"	n.cutLetters(b)\n	n.durableUpTo(b.epoch)\n	return b",
		"what is not durable is not called so, and stays in memory",
	},
	{
		"express-letters", "ledger", "flow/express.go",
		" || len(l.sent) > 0 || len(l.consumed) > 0 {",
		" {",
		"a group that has sent or consumed a message does not go ahead of the cut",
	},
	{
		"express-closes", "ledger", "flow/express.go",
		"	b.epoch = n.epoch.Load() - 1 //",
		"	b.epoch = n.epoch.Load() //",
		"what is still to come when an express batch has landed is not called durable",
	},
	{
		"express-unsealed", "ledger", "flow/express.go",
		"	if l.seal(); l.broken { // the cut finds out\n		return into\n	}",
		"	l.seal()",
		"nothing of a group goes out whose rows could not be encoded",
	},
	{
		"unfenced-answers", "ledger", "flow/committer.go",
		"	b.fence = n.shared",
		"	b.fence = false",
		"an owner that was replaced lets out nothing, even if it writes nothing",
	},
	{
		"time-goes-back", "ledger", "flow/committer.go",
		"		s.Time = max(s.Time, p.now)\n",
		"",
		"the time of a batch is not before that of its decisions",
	},
	{
		"no-floor", "ledger", "flow/load.go",
		"floor: o.Floor,",
		"floor: 0,",
		"the time of a group does not go back when it is loaded",
	},
	{
		"skip-land-delivery", "ledger", "flow/committer.go",
		"		} else if err := n.Receive(m); err != nil { // ignored if it was handed over",
		"		} else if err := error(nil); err != nil {",
		"a message whose receiver was loaded after it was sent is delivered",
	},
	{
		"skip-load-inbox", "ledger", "flow/load.go",
		"		n.fetches.add(&Fetch{loop: l})",
		"",
		"a message that landed while its receiver was loaded is delivered",
	},
	{
		"stay-held-back", "ledger", "flow/committer.go",
		"	if heldBack {",
		"	if false && heldBack {",
		"what a limit held back runs when the limit is gone",
	},
	{
		"keep-active", "ledger", "flow/trouble.go",
		"		if all || in || l.misled || l.active.Load() || len(l.sealed) > 0 {",
		"		if all || in || l.misled || len(l.sealed) > 0 {",
		"groups that have decided since the failed batch are dropped, too",
	},
	{
		"keep-misled", "ledger", "flow/trouble.go",
		"			m.at.misled = true",
		"			m.at.misled = false",
		"who was given a number that is void is loaded anew",
	},
	{
		"lose-answer", "ledger", "flow/trouble.go",
		"		h.command.answer(nil, errMoving)",
		"		_ = h",
		"a command whose decision is taken back is answered",
	},
	{
		"answer-dropped-as-done", "ledger", "flow/trouble.go",
		"		h.command.answer(nil, errMoving)",
		"		if h.command != nil {\n			h.command.answer(h.value, nil)\n		}",
		"a command whose decision is taken back is not done",
	},
	{
		"unknown-is-failed", "ledger", "flow/trouble.go",
		"	case store.Transient, store.Unknown:",
		"	case store.Transient:",
		"a commit of unknown outcome is repeated",
	},
	{
		"unknown-is-landed", "ledger", "flow/trouble.go",
		"	case store.Transient, store.Unknown:",
		"	case store.Unknown:\n		n.land(b)\n		return Landed\n	case store.Transient:",
		"a commit of unknown outcome is not taken for a success",
	},
	{
		"ignore-behind", "ledger", "flow/trouble.go",
		"	n.drop(b, class == store.Behind)",
		"	n.drop(b, false)",
		"a node whose seat is gone takes a new one",
	},
	{
		"never-judge", "ledger", "flow/trouble.go",
		"	if s != nil && s.loop != nil && s.epoch <= epoch {",
		"	if s != nil && s.loop != nil && s.epoch <= epoch {\n		t.now = nil\n		return nil\n	}\n	if false {",
		"the one event in a refused batch is set aside",
	},
	{
		"judge-at-once", "ledger", "flow/trouble.go",
		"	if judged || t.strikes[who] >= strikesOut {",
		"	if judged || t.strikes[who] > 0 {",
		"a panic is believed only on top of durable state",
	},
	{
		"isolate-loosely", "ledger", "flow/trouble.go",
		"	if t.now != nil || n.durable.Load()+1 != n.epoch.Load() {",
		"	if false {",
		"in isolation there is one event in a batch",
	},
	{
		"replace-loop", "ledger", "flow/load.go",
		"			l.outdate()\n			continue",
		"			n.loops[o.Group].Store(nil)",
		"claiming a group again drops what its old loop holds, with all that depends on it",
	},
	{
		"reuse-ids", "ledger", "flow/limits.go",
		"	b.left.Add(-1)\n	b.next++",
		"	if b.left.Add(-1)%50 != 0 {\n		b.next++\n	}",
		"a row key is given out once",
	},
	{
		"keep-ids", "ledger", "flow/load.go",
		"	n.ids.reset() // a store that has lost the last seat may have lost the lease, too\n",
		"",
		"row keys of a seat that the store has lost are not used",
	},
	{
		"same-seat", "ledger", "store/memory.go",
		"		n.incarnation += max(stride, 1)",
		"		n.incarnation++",
		"a seat is given once, also by a store that has lost a Join",
	},
	{
		"remove-fence", "ledger", "store/memory.go",
		"		if o, _ := s.owners.get(treeKey{a: int64(f.Group)}); o.generation != f.Generation {",
		"		if o, _ := s.owners.get(treeKey{a: int64(f.Group)}); o.generation < 0 {",
		"a batch with a stale generation is refused",
	},
	{
		"remove-number", "ledger", "store/memory.go",
		"	if n.lastBatch != b.Number-1 {",
		"	if n.lastBatch < 0 {",
		"a batch that does not follow the last one is refused",
	},
	{
		"forget-landed", "ledger", "store/memory.go",
		"	n.lastBatch = b.Number\n",
		"	n.lastBatch = b.Number - 1\n",
		"a batch that is repeated has no second effect",
	},
}
