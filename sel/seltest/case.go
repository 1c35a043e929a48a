// Package seltest reads cases of the language SEL and of its templates, one JSON object a line, evaluates them and
// says which ones come out otherwise than they should. Tests and "segue sel test" use it.
//
// A case of the language has an "expr"; with "params", "param_types" (for arrays that are empty or begin with null),
// "limits", "ext" (a fake extension: "method(arg,arg)" to its result), "now_millis" (by default early 2026), "sanitize" (the expression is
// prepared as a user's) and "mode":"validate" (the result is the list of free names). It wants a "want" and
// "want_type", or a "want_error" (the class) and for a thrown message "want_message". A case of a template has a
// "value" and "params", and wants "want" or "want_error":"not-found:name", and "refs".
package seltest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/sel"
)

// Failure is a case that came out otherwise than it should.
type Failure struct {
	Name string `json:"name"`
	Text string `json:"text"`
	Want string `json:"want"`
	Got  string `json:"got"`
}

// Report counts what happened.
type Report struct {
	Passed   int
	Failures []Failure
}

// widestLine is the number of bytes that a line of a case file can have.
const widestLine = 16 << 20

// Run evaluates the cases that r holds and adds them to the report. Its error is about r, not about a case.
func (rep *Report) Run(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, widestLine)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		c, err := parse(lines.Bytes())
		if err != nil {
			return fault.New(fault.BadRequest, "line %d: %w", n, err)
		}
		var want, got string
		if c.isTemplate {
			want, got = c.template()
		} else {
			want, got = c.program()
		}
		if want == got {
			rep.Passed++
			continue
		}
		text := c.Expr
		if c.isTemplate {
			text = c.Value
		}
		rep.Failures = append(rep.Failures, Failure{c.Name, text, want, got})
	}
	if err := lines.Err(); err != nil {
		return fault.New(fault.BadRequest, "cases: %w", err)
	}
	return nil
}

// oneCase is a case as its line has it.
type oneCase struct {
	Name        string            `json:"name"`
	Expr        string            `json:"expr"`
	Value       string            `json:"value"`
	Params      json.RawMessage   `json:"params"`
	ParamTypes  map[string]string `json:"param_types"`
	Limits      caseLimits        `json:"limits"`
	Ext         json.RawMessage   `json:"ext"`
	Now         *int64            `json:"now_millis"`
	Sanitize    bool              `json:"sanitize"`
	Mode        string            `json:"mode"`
	Want        json.RawMessage   `json:"want"`
	WantType    string            `json:"want_type"`
	WantError   string            `json:"want_error"`
	WantMessage *string           `json:"want_message"`
	Refs        []string          `json:"refs"`

	isTemplate bool
	params     map[string]sel.Value
	badParams  map[string]error
	ext        map[string]any
}

// defaultNow is the instant of a case that gives none, 2026-01-01.
const defaultNow = 1_767_225_600_000

// caseLimits are the limits that a case can set. The original's operand stack has no counterpart here.
type caseLimits struct {
	Stack, Loop, Array, Length, Visit, Memory int64
}

func parse(line []byte) (*oneCase, error) {
	c := &oneCase{params: map[string]sel.Value{}, badParams: map[string]error{}, ext: map[string]any{}}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(line, &keys); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(line, c); err != nil {
		return nil, err
	}
	if c.Name == "" {
		return nil, fmt.Errorf(`a case needs a "name"`)
	}
	_, c.isTemplate = keys["value"]
	if _, ok := keys["expr"]; ok == c.isTemplate {
		return nil, fmt.Errorf(`case %s needs an "expr" or a "value"`, c.Name)
	}
	params, err := members(c.Params)
	if err != nil {
		return nil, fmt.Errorf("case %s: params: %w", c.Name, err)
	}
	for _, p := range params {
		v, err := sel.FromGo(typed(p.Value, c.ParamTypes[p.Key]))
		if err != nil {
			c.badParams[p.Key] = err
		}
		c.params[p.Key] = v
	}
	ext, err := members(c.Ext)
	if err != nil {
		return nil, fmt.Errorf("case %s: ext: %w", c.Name, err)
	}
	for _, e := range ext {
		c.ext[e.Key] = e.Value
	}
	return c, nil
}

// typed turns a list that says nothing about its type into an array of the given one.
func typed(v any, typ string) any {
	list, ok := v.([]any)
	if !ok || len(list) > 0 && list[0] != nil {
		return v
	}
	switch typ {
	case "LONG_ARRAY":
		return make([]int64, len(list))
	case "DOUBLE_ARRAY":
		return make([]float64, len(list))
	case "BOOLEAN_ARRAY":
		return make([]bool, len(list))
	case "STRING_ARRAY":
		if len(list) == 0 {
			return []string{}
		}
	}
	return v
}

// members reads a JSON object in the order of its keys: integers as int64, other numbers as float64.
func members(raw json.RawMessage) (sel.OrderedMap, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	v, err := value(raw)
	if err != nil || v == nil {
		return nil, err
	}
	m, ok := v.(sel.OrderedMap)
	if !ok {
		return nil, fmt.Errorf("want an object, not %s", raw)
	}
	return m, nil
}

// value reads any JSON.
func value(raw json.RawMessage) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return next(d)
}

func next(d *json.Decoder) (any, error) {
	tok, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch tok := tok.(type) {
	case json.Number:
		if n, err := tok.Int64(); err == nil {
			return n, nil
		}
		return tok.Float64()
	case json.Delim:
		if tok == '[' {
			list := []any{}
			for d.More() {
				v, err := next(d)
				if err != nil {
					return nil, err
				}
				list = append(list, v)
			}
			_, err := d.Token()
			return list, err
		}
		m := sel.OrderedMap{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := next(d)
			if err != nil {
				return nil, err
			}
			m = append(m, sel.Entry{Key: key.(string), Value: v})
		}
		_, err := d.Token()
		return m, err
	}
	return tok, nil
}

// FromJSON reads a text as JSON, integers as int64, as cases have it; a text that is no JSON is itself.
func FromJSON(text string) any {
	if !json.Valid([]byte(text)) {
		return text
	}
	v, err := value(json.RawMessage(text))
	if err != nil {
		return text
	}
	return v
}
