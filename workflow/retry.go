package workflow

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/schedule"
	"github.com/segue-run/segue/wire"
)

// BackoffType says how the delay between attempts grows.
type BackoffType string

// The kinds of backoff; "" means Exponential.
const (
	Exponential BackoffType = "EXPONENTIAL_BACKOFF"
	Fixed       BackoffType = "FIXED_BACKOFF"
)

// ErrorClass is a kind of failure that has its own retries.
type ErrorClass uint8

// The classes of failures.
const (
	UserError ErrorClass = iota
	PlatformError
	TimeoutError
	classes
)

var classNames = [classes]string{"error", "platform", "timeout"}

// fieldNames are the fields of a policy by retryRule and class; built once, since they are printed with every attempt.
var fieldNames = func() (names [len(retrySuffixes)][classes]string) {
	for i, suffix := range retrySuffixes {
		for c := range classes {
			names[i][c] = classNames[c] + suffix
		}
	}
	return names
}()

var retrySuffixes = [...]string{"_retry_limit", "_retry_backoff_in_secs", "_retry_exponent", "_retry_limit_in_secs"}

// String returns the prefix of the class in the fields of a retry policy.
func (c ErrorClass) String() string { return classNames[c] }

// RetryPolicy is how often and when a failed step is tried again, as its author wrote it. Unset values take their
// defaults when the step begins.
type RetryPolicy struct {
	Limits  [classes]param.Scalar // <class>_retry_limit
	Backoff *Backoff
}

// Backoff is the delay between attempts, as its author wrote it. Exponents and Caps count for Exponential only.
type Backoff struct {
	Type      BackoffType
	Bases     [classes]param.Scalar // <class>_retry_backoff_in_secs
	Exponents [classes]param.Scalar // <class>_retry_exponent
	Caps      [classes]param.Scalar // <class>_retry_limit_in_secs
}

// Limits of the values of a retry policy.
const (
	MaxRetries  = 99
	MaxDelay    = 86_400 // seconds
	MaxExponent = math.MaxInt32
)

// Retry is a retry policy with its values known: what the engine counts with.
type Retry struct {
	Limits    [classes]int64
	Type      BackoffType
	Bases     [classes]int64 // seconds
	Exponents [classes]int64
	Caps      [classes]int64 // seconds
}

// DefaultRetry returns the policy of a step that has none.
func DefaultRetry() Retry {
	return Retry{
		Limits: [classes]int64{2, 10, 0},
		Type:   Exponential,
		Bases:  [classes]int64{60, 60, 60}, Exponents: [classes]int64{2, 2, 2}, Caps: [classes]int64{600, 3600, 3600},
	}
}

// Delay returns the seconds to wait before the next attempt after n earlier retries of the class.
func (r *Retry) Delay(c ErrorClass, n int64) int64 {
	base := r.Bases[c]
	if r.Type == Fixed {
		return base
	}
	delay := float64(base) * math.Pow(float64(r.Exponents[c]), float64(n))
	return int64(min(delay, float64(r.Caps[c])))
}

// Resolve returns the values of a policy, which may be nil. expand fills ${param} into a text; if it fails for a value,
// or the value is out of range, the value keeps its default and the error is among those returned.
func (p *RetryPolicy) Resolve(expand func(string) (string, error)) (Retry, []error) {
	r := DefaultRetry()
	var errs []error
	if p == nil {
		return r, nil
	}
	if p.Backoff != nil && p.Backoff.Type != "" {
		r.Type = p.Backoff.Type
	}
	p.each(func(name string, s param.Scalar, rule retryRule, class ErrorClass) {
		text := s.Text
		if !s.Number {
			var err error
			if text, err = expand(text); err != nil {
				errs = append(errs, fault.In(err, "RetryPolicy: %s", name))
				return
			}
		}
		v, err := rule.parse(name, text)
		if err != nil {
			errs = append(errs, err)
			return
		}
		*rule.field(&r, class) = v
	})
	return r, errs
}

// Check returns what is wrong with the values of a policy, as far as it can be seen before params are known.
func (p *RetryPolicy) Check() []error {
	var errs []error
	p.each(func(name string, s param.Scalar, rule retryRule, _ ErrorClass) {
		if !s.Number && strings.Contains(s.Text, "$") {
			return
		}
		if _, err := rule.parse(name, s.Text); err != nil {
			errs = append(errs, err)
		}
	})
	return errs
}

// retryRule is what the four kinds of values of a policy differ in.
type retryRule struct {
	names    *[classes]string
	min, max int64
	seconds  bool
	field    func(r *Retry, c ErrorClass) *int64
	scalar   func(p *RetryPolicy, c ErrorClass) *param.Scalar
}

var retryRules = [...]retryRule{
	{&fieldNames[0], 0, MaxRetries, false,
		func(r *Retry, c ErrorClass) *int64 { return &r.Limits[c] },
		func(p *RetryPolicy, c ErrorClass) *param.Scalar { return &p.Limits[c] }},
	{&fieldNames[1], 1, MaxDelay, true,
		func(r *Retry, c ErrorClass) *int64 { return &r.Bases[c] },
		func(p *RetryPolicy, c ErrorClass) *param.Scalar { return &p.Backoff.Bases[c] }},
	{&fieldNames[2], 0, MaxExponent, false,
		func(r *Retry, c ErrorClass) *int64 { return &r.Exponents[c] },
		func(p *RetryPolicy, c ErrorClass) *param.Scalar { return &p.Backoff.Exponents[c] }},
	{&fieldNames[3], 1, MaxDelay, true,
		func(r *Retry, c ErrorClass) *int64 { return &r.Caps[c] },
		func(p *RetryPolicy, c ErrorClass) *param.Scalar { return &p.Backoff.Caps[c] }},
}

// each calls visit for every value that is given.
func (p *RetryPolicy) each(visit func(name string, s param.Scalar, rule retryRule, class ErrorClass)) {
	if p == nil {
		return
	}
	for i, rule := range retryRules {
		if i > 0 && p.Backoff == nil {
			return
		}
		for c := range classes {
			if s := *rule.scalar(p, c); s.Given {
				visit(rule.names[c], s, rule, c)
			}
		}
	}
}

func (rule *retryRule) parse(name, text string) (int64, error) {
	var v int64
	if rule.seconds {
		d, err := schedule.ParseDuration(text)
		if err != nil {
			return 0, fault.New(fault.BadRequest, "RetryPolicy: %s value [%s] is not a duration", name, text)
		}
		v = int64(d / time.Second)
	} else if _, err := fmt.Sscanf(text, "%d", &v); err != nil || fmt.Sprint(v) != strings.TrimSpace(text) {
		return 0, fault.New(fault.BadRequest, "RetryPolicy: %s value [%s] is a text but not a number", name, text)
	}
	if v < rule.min || v > rule.max {
		return 0, fault.New(fault.BadRequest, "RetryPolicy: %s value [%s] is parsed to [%d] but cannot be less than [%d] or more than [%d]",
			name, text, v, rule.min, rule.max)
	}
	return v, nil
}

// DecodeRetryPolicy reads a retry policy.
func DecodeRetryPolicy(n *wire.Node) (*RetryPolicy, error) {
	p := new(RetryPolicy)
	err := n.Each(func(f *wire.Field) error {
		if f.Name == "backoff" {
			return p.decodeBackoff(&f.Node)
		}
		for c := range classes {
			if f.Name == fieldNames[0][c] {
				return wire.Into(&f.Node, &p.Limits[c], param.DecodeScalar)
			}
		}
		return f.Unknown("error_retry_limit", "platform_retry_limit", "timeout_retry_limit", "backoff")
	})
	return p, err
}

func (p *RetryPolicy) decodeBackoff(n *wire.Node) error {
	p.Backoff = &Backoff{Type: Exponential}
	if kind := n.Get("type"); kind != nil && kind.Kind != wire.Null {
		if err := wire.Enum(kind, &p.Backoff.Type, Exponential, Fixed); err != nil {
			return wire.In(err, "type")
		}
	}
	return n.Each(func(f *wire.Field) error {
		if f.Name == "type" {
			return nil
		}
		for i, rule := range retryRules[1:] {
			for c := range classes {
				if f.Name == rule.names[c] && (i == 0 || p.Backoff.Type == Exponential) {
					return wire.Into(&f.Node, rule.scalar(p, c), param.DecodeScalar)
				}
			}
		}
		if p.Backoff.Type == Fixed {
			return f.Unknown("type", "error_retry_backoff_in_secs", "platform_retry_backoff_in_secs", "timeout_retry_backoff_in_secs")
		}
		return f.Unknown("type", "<class>_retry_backoff_in_secs", "<class>_retry_exponent", "<class>_retry_limit_in_secs (<class>: error, platform, timeout)")
	})
}

// AppendJSON appends the policy.
func (p *RetryPolicy) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	for c := range classes {
		b = p.Limits[c].AppendField(b, fieldNames[0][c])
	}
	if p.Backoff != nil {
		b = append(wire.Key(b, "backoff"), '{')
		for c := range classes {
			for _, rule := range retryRules[1:] {
				b = rule.scalar(p, c).AppendField(b, rule.names[c])
			}
		}
		b = wire.Str(b, "type", string(p.Backoff.Type))
		b = append(b, '}')
	}
	return append(b, '}')
}

// AppendBackoff appends the backoff with its values known.
func (r *Retry) AppendBackoff(b []byte) []byte {
	b = wire.Str(append(b, '{'), "type", string(r.Type))
	for c := range classes {
		b = wire.Int(b, fieldNames[1][c], r.Bases[c])
		if r.Type != Fixed {
			b = wire.Int(b, fieldNames[2][c], r.Exponents[c])
			b = wire.Int(b, fieldNames[3][c], r.Caps[c])
		}
	}
	return append(b, '}')
}
