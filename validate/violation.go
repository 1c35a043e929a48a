// Package validate holds the rules that a definition or a request must meet before the engine sees it.
//
// Above it are the words, dag and eval; httpd and the command line call it. It is pure. What a JSON reader can see alone
// (types, unknown fields, bad enums) has been refused before.
//
// The one thing to know before changing it: a check reports everything that is wrong at once, one line each, with the
// path of the field as clients of the original know it and a stable token in brackets in front of the text. A rule that is
// made stricter breaks definitions that were valid; run the sample definitions.
package validate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/segue-run/segue/fault"
)

// Limits of definitions and requests.
const (
	MaxID            = 128
	MaxName          = 256
	MaxDescription   = 16384
	MaxSteps         = 300 // in all levels
	MaxRunParams     = 128
	MaxRequest       = 256 << 10 // bytes of a push, written compactly
	MaxTimeoutDays   = 120
	MaxWorkflows     = 1000   // workflow_concurrency
	MaxStepsAtOnce   = 1000   // step_concurrency
	MaxInstanceSteps = 999    // instance_step_concurrency
	MaxKeepDays      = 36_500 // of history
	MaxForeach       = 500    // concurrency of a foreach
	MaxSignals       = 8      // of a signal trigger
)

// violations collects what is wrong.
type violations struct{ list []string }

// add reports a problem at a path; a path of "" leaves the text alone.
func (v *violations) add(path, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if path != "" {
		text = path + " " + text
	}
	if !slices.Contains(v.list, text) {
		v.list = append(v.list, text)
	}
}

// err returns the error for what was collected, or nil.
func (v *violations) err() error {
	if len(v.list) == 0 {
		return nil
	}
	return fault.WithDetails(fault.BadRequest, `400 BAD_REQUEST "Validation failure"`, v.list...)
}

// id checks an id of a workflow.
func (v *violations) id(path, id string) {
	const token = "[maestro id]"
	if v.identifier(path, token, id, isIDStart) {
		v.affixes(path, token, id, true)
	}
}

// reference checks an id or a name that expressions can refer to.
func (v *violations) reference(path, id string) {
	const token = "[maestro id or name reference]"
	if !v.identifier(path, token, id, isReferenceStart) {
		return
	}
	if strings.Contains(id, "__") {
		v.add(path, "%s cannot contain double underscores __ - rejected value is [%s]", token, id)
	}
	v.affixes(path, token, id, false)
}

func isReferenceStart(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }
func isIDStart(c byte) bool        { return isReferenceStart(c) || c >= '0' && c <= '9' }

// identifier checks what all identifiers have in common; false if it has said something.
func (v *violations) identifier(path, token, id string, start func(byte) bool) bool {
	if id == "" {
		v.add(path, "%s cannot be null or empty", token)
		return false
	}
	if len(id) > MaxID {
		v.add(path, "%s cannot be more than id length limit %d - rejected length is [%d] for value [%.40s...]", token, MaxID, len(id), id)
		return false
	}
	ok := start(id[0])
	for i := 1; i < len(id); i++ {
		ok = ok && (isIDStart(id[i]) || id[i] == '.' || id[i] == '-')
	}
	if !ok {
		first := "_a-zA-Z"
		if start('0') {
			first += "0-9"
		}
		v.add(path, `%s does not follow the regex rule: [%s][.\-_a-zA-Z0-9]* - rejected value is [%s]`, token, first, id)
	}
	return ok
}

// affixes refuses what belongs to the system.
func (v *violations) affixes(path, token, id string, suffix bool) {
	lower := strings.ToLower(id)
	if strings.HasPrefix(lower, "maestro_") {
		v.add(path, "%s cannot start with reserved prefix: maestro_ - rejected value is [%s]", token, id)
	}
	if suffix && strings.HasSuffix(lower, "_maestro") {
		v.add(path, "%s cannot end with reserved suffix: _maestro - rejected value is [%s]", token, id)
	}
}

// name checks the name of a tag or a signal.
func (v *violations) name(path, name string) {
	const token = "[maestro name]"
	if strings.TrimSpace(name) == "" {
		v.add(path, "%s cannot be null or empty", token)
		return
	}
	if len(name) > MaxName {
		v.add(path, "%s cannot be more than name length limit %d - rejected length is [%d] for value [%.40s...]", token, MaxName, len(name), name)
		return
	}
	for i := range len(name) {
		if c := name[i]; !isIDStart(c) && strings.IndexByte(` .,:@&='(){}$+[]-/\`, c) < 0 {
			v.add(path, `%s does not follow the regex rule: [\w \.,:@&='(){}$+\[\]\-\/\\]+ - rejected value is [%s]`, token, name)
			return
		}
	}
	v.affixes(path, token, name, true)
}

// texts checks the display name and the description that workflows and steps have.
func (v *violations) texts(path, name, description string) {
	if len(name) > MaxName {
		v.add(path+".name", "[maestro name] cannot be more than name length limit %d - rejected length is [%d]", MaxName, len(name))
	}
	v.description(path, description)
}

func (v *violations) description(path, description string) {
	if len(description) > MaxDescription {
		v.add(path+".description", "size must be between 0 and %d - rejected length is [%d]", MaxDescription, len(description))
	}
}
