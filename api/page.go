package api

import (
	"strconv"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/wire"
)

// Page is part of a list whose ids descend without gaps.
type Page[T wire.Appender] struct {
	Elements []T
	// First and Last are the highest and the lowest id on the page; 0 = the page is empty.
	First, Last int64
	// Max and Min are the highest and the lowest id there is; 0 = there is none.
	Max, Min int64
}

// AppendJSON appends the page; what an empty page has not is null.
func (p *Page[T]) AppendJSON(b []byte) []byte {
	b = append(append(b, `{"page_info":`...), '{')
	if p.First == 0 {
		b = append(b, `"start_cursor":null,"end_cursor":null,"has_previous_page":false,"has_next_page":false,"start_index":null`...)
	} else {
		b = append(wire.Key(b, "start_cursor"), '"')
		b = append(strconv.AppendInt(b, p.First, 10), '"')
		b = append(wire.Key(b, "end_cursor"), '"')
		b = append(strconv.AppendInt(b, p.Last, 10), '"')
		b = wire.Boolean(b, "has_previous_page", p.First < p.Max)
		b = wire.Boolean(b, "has_next_page", p.Last > p.Min)
		b = wire.Int(b, "start_index", p.Max+1-p.First)
	}
	b = append(b, '}')
	total := int64(0)
	if p.Max > 0 {
		total = p.Max - p.Min + 1
	}
	b = wire.Int(b, "total_count", total)
	b = wire.AppendList(wire.Key(b, "elements"), p.Elements)
	return append(b, '}')
}

// MaxPage is the most elements that a page can be asked to hold.
const MaxPage = 200

// PageQuery asks for a page: of Count ids, from the top down or, if Backward, from the bottom up, beginning beside the
// cursor.
type PageQuery struct {
	Count    int64
	Backward bool
	Cursor   int64 // 0 = none
}

// ParsePageQuery reads the query parameters first, last and cursor; "" means that one is not there. Exactly one of first
// and last must be.
func ParsePageQuery(first, last, cursor string) (PageQuery, error) {
	var q PageQuery
	switch {
	case first == "" && last == "":
		return q, fault.New(fault.BadRequest, "one of the query parameters first and last must be given, both cannot be null")
	case first != "" && last != "":
		return q, fault.New(fault.BadRequest, "one of the query parameters first and last must be given, but not both")
	}
	name, count := "first", first
	if last != "" {
		q.Backward, name, count = true, "last", last
	}
	var err error
	if q.Count, err = strconv.ParseInt(count, 10, 64); err != nil || q.Count < 1 || q.Count > MaxPage {
		return q, fault.New(fault.BadRequest, "query parameter %s is %q; it must be a number from 1 to %d", name, count, MaxPage)
	}
	if cursor != "" {
		if q.Cursor, err = strconv.ParseInt(cursor, 10, 64); err != nil || q.Cursor < 0 {
			return q, fault.New(fault.BadRequest, "query parameter cursor is %q; it must be a cursor of an earlier page", cursor)
		}
	}
	return q, nil
}

// Range returns the highest and the lowest id of the page among the ids from bottom to top; high < low means that it is
// empty.
func (q PageQuery) Range(bottom, top int64) (high, low int64) {
	if q.Backward {
		low = bottom
		if q.Cursor > 0 {
			low = max(bottom, min(q.Cursor, top)+1)
		}
		return min(top, low+q.Count-1), low
	}
	high = top
	if q.Cursor > 0 {
		high = min(top, q.Cursor-1)
	}
	return high, max(bottom, high-q.Count+1)
}
