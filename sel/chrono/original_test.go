package chrono

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// The file holds what Joda-Time 2.10.14 answered: a question per line, its words separated by tabs, then "=" and the
// answer. Answers that begin with ! are the problems of errors. Another file can be given to look for differences.
var answers = flag.String("answers", "testdata/joda.tsv", "questions and the answers of the original")

func TestAnswersLikeTheOriginal(t *testing.T) {
	file, err := os.Open(*answers)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	count, failed := 0, 0
	for lines.Scan() {
		words := strings.Split(lines.Text(), "\t")
		for i := range words {
			words[i] = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t").Replace(words[i])
		}
		n := len(words)
		if n < 4 || words[n-2] != "=" {
			t.Fatalf("line %d: no answer in %q", count+1, lines.Text())
		}
		got, err := answer(words[:n-2])
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("%q: %v", words, err)
			}
			got = [...]string{"!malformed", "!field", "!gap", "!overflow", "!number", "!unsupported"}[e.Problem]
		}
		if want := words[n-1]; got != want {
			failed++
			if failed < 60 {
				t.Errorf("%s = %q, want %q (%v)", strings.Join(words[:n-2], " | "), got, want, err)
			}
		}
		count++
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d questions, %d answered differently", count, failed)
	if count == 0 {
		t.Error("no questions")
	}
}

func answer(q []string) (string, error) {
	show := func(d DateTime, err error) (string, error) { return fmt.Sprint(d.Millis(), " ", d), err }
	zone := func(id string) *Zone {
		z, err := Lookup(id)
		if err != nil {
			panic(err)
		}
		return z
	}
	number := func(s string) int64 {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			panic(err)
		}
		return n
	}
	const now = 1546387187655
	switch q[0] {
	case "print":
		p, err := Compile(q[3])
		if err != nil {
			return "", err
		}
		return string(p.Append(nil, At(number(q[1]), zone(q[2])))), nil
	case "iso":
		return At(number(q[1]), zone(q[2])).String(), nil
	case "plus":
		return show(At(number(q[1]), zone(q[2])).Plus(number(q[4]), unitNamed(q[3])))
	case "with":
		return show(At(number(q[1]), zone(q[2])).With(fieldNamed(q[3]), int(number(q[4]))))
	case "get":
		n, err := At(number(q[1]), zone(q[2])).Get(fieldNamed(q[3]))
		return strconv.Itoa(n), err
	case "min":
		return show(Property{At(number(q[1]), zone(q[2])), fieldNamed(q[3])}.WithMinimum())
	case "max":
		return show(Property{At(number(q[1]), zone(q[2])), fieldNamed(q[3])}.WithMaximum())
	case "sod":
		return show(At(number(q[1]), zone(q[2])).StartOfDay())
	case "days":
		n, err := DaysBetween(At(number(q[1]), zone(q[2])), At(number(q[3]), zone(q[4])))
		return strconv.Itoa(n), err
	case "parse":
		p, err := Compile(q[3])
		if err != nil {
			return "", err
		}
		r := Reader{Now: now}
		if q[2] != "" {
			r.Zone = zone(q[2])
		}
		return show(p.Parse(q[1], r))
	case "isoparse":
		return show(ParseISO(q[1], zone(q[2])))
	case "date":
		var n [7]int
		for i, s := range strings.Split(q[1], ",") {
			n[i] = int(number(s))
		}
		return show(Date(n[0], n[1], n[2], n[3], n[4], n[5], n[6], zone(q[2])))
	case "zone":
		z, err := Lookup(q[1])
		if err != nil {
			return "", err
		}
		return z.ID(), nil
	case "words":
		n, err := ParseDuration(q[1])
		return strconv.FormatInt(n, 10), err
	}
	panic("unknown question " + q[0])
}

func fieldNamed(name string) Field {
	for f := range fields {
		if fields[f].name == name {
			return Field(f)
		}
	}
	panic("no field " + name)
}

func unitNamed(name string) Unit {
	for i, n := range []string{"Years", "Months", "Weeks", "Days", "Hours", "Minutes", "Seconds", "Millis"} {
		if n == name {
			return Unit(i)
		}
	}
	panic("no unit " + name)
}
