package sel

import (
	"fmt"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/segue-run/segue/sel/syntax"
)

// Program is a compiled text. It never changes and can be evaluated by any number of goroutines at once.
type Program struct {
	text    string
	run     exec
	initial []Value // the variables at the start of an evaluation
	refs    []string
}

// Result is what came of an evaluation.
type Result struct {
	Value  Value
	Reads  []string // the names that Lookup was asked for, in order, each once
	Visits int64    // steps taken
	Bytes  int64    // bytes of values made
}

// standard is the library bound to names.
var standard = sync.OnceValue(func() *bindings { return bind(library()) })

// Compile parses and resolves a text as the engine passes it on (see Prepare for what users write). The error is an
// *Error with line, column and caret.
func Compile(text string) (*Program, error) { return CompileWithin(text, Limits{}) }

// CompileWithin is Compile with limits of its own; only Length and Depth matter.
func CompileWithin(text string, limits Limits) (*Program, error) {
	limits = limits.orDefaults()
	if int64(len(text)) >= limits.Length && int64(syntax.Length(text)) >= limits.Length {
		return nil, Errorf(CodeLimitLength, "the expression has %d characters; it must have fewer than %d", syntax.Length(text), limits.Length)
	}
	text = sound(text)
	body, bad := syntax.Parse(text, int(limits.Depth))
	if bad != nil {
		return nil, placed(bad).locate(text)
	}
	lib := standard()
	r, err := resolve(lib, body, int(limits.Depth))
	if err != nil {
		return nil, err.locate(text)
	}
	c := &compiler{lib: lib, slots: r.slots}
	p := &Program{text: text, run: c.program(body), initial: make([]Value, len(r.names)), refs: r.refs()}
	for i, name := range r.names {
		v, ok := lib.bound[name]
		if !ok {
			v.typ = unset
		}
		p.initial[i] = v
	}
	return p, nil
}

// codes gives the problems of syntax their class.
var codes = [...]Code{
	syntax.BadToken: CodeLex, syntax.BadSyntax: CodeParse, syntax.BadEscape: CodeEscape, syntax.BadNumber: CodeNumber,
	syntax.TooDeep: CodeLimitDepth,
}

func placed(e *syntax.Error) *Error {
	return &Error{Code: codes[e.Problem], Message: e.Message, pos: int32(e.Pos)}
}

// Text returns the text of the program.
func (p *Program) Text() string { return p.text }

// Refs returns the names that the program uses before it declares or assigns them, sorted: the inputs that it may ask
// for. params is among them when the program uses it; names of classes and of the library are not. The slice must not
// be changed.
func (p *Program) Refs() []string { return p.refs }

// threads keeps threads for reuse; each is clean.
var threads = sync.Pool{New: func() any { return new(Thread) }}

// Eval runs the program. The error, if any, is an *Error. A program that ends with throw has a result of type Thrown
// and no error. Eval keeps nothing of in, which may be nil, and nothing of an evaluation is seen by another one.
func (p *Program) Eval(in *Input) (res Result, err error) {
	if in == nil {
		in = new(Input)
	}
	t := threads.Get().(*Thread)
	t.start(in, p)
	defer func() {
		if r := recover(); r != nil {
			err = &Error{Code: CodeDefect, Message: fmt.Sprintf("%v\n%s", r, debug.Stack())}
		}
		res.Visits, res.Bytes, res.Reads = t.visits, t.bytes, t.reads
		t.clean()
		threads.Put(t)
	}()
	f, err := none, t.look()
	if err == nil {
		f, err = p.run(t)
	}
	if err != nil {
		return res, pin(-1, err).(*Error).locate(p.text)
	}
	if f == data || f == returned {
		res.Value = t.result
	} else {
		res.Value.typ = Void
	}
	return res, nil
}

// start prepares a clean thread.
func (t *Thread) start(in *Input, p *Program) {
	t.in, t.limits = in, in.Limits.orDefaults()
	t.vars = append(t.vars[:0], p.initial...)
	if len(p.refs) > 0 {
		t.reads = make([]string, 0, len(p.refs))
	}
}

// mostKept is how many variables or arguments a thread keeps room for between evaluations.
const mostKept = 256

// clean forgets everything of an evaluation but the room for variables and arguments.
func (t *Thread) clean() {
	vars, stack := t.vars[:cap(t.vars)], t.stack[:cap(t.stack)]
	if cap(vars) > mostKept {
		vars = nil
	}
	if cap(stack) > mostKept {
		stack = nil
	}
	clear(vars)
	clear(stack)
	*t = Thread{vars: vars[:0], stack: stack[:0]}
}

// Prepare makes a program of what a user wrote: it trims the text and ends it with a semicolon, unless it ends with
// one, or with a brace and is no text like {"key": …}.
func Prepare(text string) string {
	text = strings.TrimFunc(text, func(r rune) bool { return r <= ' ' })
	if text == "" || text[len(text)-1] == ';' || text[len(text)-1] == '}' && !strings.HasPrefix(text, `{"`) {
		return text
	}
	return text + ";"
}
