package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// decodeOutputs turns the document that a command left into values of params: string, int64, float64, bool, arrays of
// one of these, and maps of all of them. Whole numbers become int64; an array that mixes whole and broken numbers
// becomes []float64; an empty array becomes []string.
func decodeOutputs(data []byte) (map[string]any, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil // touched or truncated, and never written: no outputs
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var doc any
	if err := dec.Decode(&doc); err != nil {
		return nil, fmt.Errorf("is not valid JSON: %s", locate(data, err, dec.InputOffset()))
	}
	if rest := bytes.TrimLeft(data[dec.InputOffset():], " \t\r\n"); len(rest) > 0 {
		line, column := position(data, int64(len(data)-len(rest)))
		return nil, fmt.Errorf("is not valid JSON: more text follows the object at line %d, column %d", line, column)
	}
	object, ok := doc.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("must be a JSON object of outputs by name, and is %s", jsonName(doc))
	}
	return decodeMap("", object)
}

func decodeMap(path string, object map[string]any) (map[string]any, error) {
	for name, v := range object {
		at := name
		if path != "" {
			at = path + "." + name
		}
		value, err := decodeValue(at, v)
		if err != nil {
			return nil, err
		}
		object[name] = value
	}
	return object, nil
}

func decodeValue(path string, v any) (any, error) {
	switch x := v.(type) {
	case string, bool:
		return x, nil
	case json.Number:
		return decodeNumber(path, x)
	case map[string]any:
		return decodeMap(path, x)
	case []any:
		return decodeArray(path, x)
	}
	return nil, fmt.Errorf("has %s at %q: outputs are strings, numbers, booleans, arrays and objects", jsonName(v), path)
}

func decodeNumber(path string, n json.Number) (any, error) {
	if strings.ContainsAny(n.String(), ".eE") {
		f, err := n.Float64()
		if err != nil {
			return nil, fmt.Errorf("has the number %s at %q, which a double cannot hold", n, path)
		}
		return f, nil
	}
	i, err := n.Int64()
	if err != nil {
		return nil, fmt.Errorf("has the number %s at %q, which 64 bits cannot hold", n, path)
	}
	return i, nil
}

func decodeArray(path string, items []any) (any, error) {
	if len(items) == 0 {
		return []string{}, nil
	}
	broken := false // some number is a float64
	for i, item := range items {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch item.(type) {
		case string, bool, json.Number:
		default:
			return nil, fmt.Errorf("has %s at %q: an array holds strings, numbers or booleans", jsonName(item), at)
		}
		if jsonName(item) != jsonName(items[0]) {
			return nil, fmt.Errorf("has %s at %q in an array that begins with %s: the elements of an array have one type",
				jsonName(item), at, jsonName(items[0]))
		}
		value, err := decodeValue(at, item)
		if err != nil {
			return nil, err
		}
		items[i] = value
		if _, ok := value.(float64); ok {
			broken = true
		}
	}
	switch items[0].(type) {
	case string:
		return typed[string](items), nil
	case bool:
		return typed[bool](items), nil
	}
	if !broken {
		return typed[int64](items), nil
	}
	floats := make([]float64, len(items))
	for i, item := range items {
		switch x := item.(type) {
		case int64:
			floats[i] = float64(x)
		case float64:
			floats[i] = x
		}
	}
	return floats, nil
}

func typed[T any](items []any) []T {
	out := make([]T, len(items))
	for i, item := range items {
		out[i] = item.(T)
	}
	return out
}

// jsonName names a decoded JSON value with its article. Values that decodeValue has been through count as well.
func jsonName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case json.Number, int64, float64:
		return "a number"
	case []any:
		return "an array"
	}
	return "an object"
}

// locate says what is wrong with a JSON text and where.
func locate(data []byte, err error, offset int64) string {
	text := err.Error()
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset - 1
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		offset, text = int64(len(data)), "it ends too early"
	}
	line, column := position(data, offset)
	return fmt.Sprintf("%s at line %d, column %d", text, line, column)
}

// position turns an offset into a line and a column in bytes, both from 1.
func position(data []byte, offset int64) (line, column int) {
	before := data[:max(0, min(offset, int64(len(data))))]
	return 1 + bytes.Count(before, []byte("\n")), len(before) - bytes.LastIndexByte(before, '\n')
}
