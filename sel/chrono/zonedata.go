package chrono

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// The zone data is part of the program: the same text must mean the same date on every machine, whatever its own
// zone files say. `go generate` takes it from the Go distribution; zoneinfo/README.md says more.
//
//go:generate go run ./zoneinfo/update.go
var (
	//go:embed zoneinfo/zones.tar.gz
	zoneArchive []byte
	//go:embed zoneinfo/links.txt
	zoneLinks string
	//go:embed zoneinfo/names.txt
	zoneNameLines string
)

// zoneNames are what people call a zone's standard and summer time.
type zoneNames struct {
	short, long             string
	summerShort, summerLong string
}

// zoneDatabase is the embedded data, split into zones but not yet read.
type zoneDatabase struct {
	data   map[string][]byte
	links  map[string]string // id to canonical id
	names  map[string]*zoneNames
	loaded sync.Map // canonical id to *Zone; bounded by data
	// longest is the length of the longest id.
	longest int
}

var database = sync.OnceValue(func() *zoneDatabase {
	db, err := readDatabase()
	if err != nil {
		panic("chrono: the embedded zone data cannot be read: " + err.Error())
	}
	return db
})

func readDatabase() (*zoneDatabase, error) {
	db := &zoneDatabase{data: map[string][]byte{}, links: map[string]string{}, names: map[string]*zoneNames{}}
	unzipped, err := gzip.NewReader(bytes.NewReader(zoneArchive))
	if err != nil {
		return nil, err
	}
	for files := tar.NewReader(unzipped); ; {
		file, err := files.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(files)
		if err != nil {
			return nil, err
		}
		db.data[file.Name] = data
		db.longest = max(db.longest, len(file.Name))
	}
	for line := range strings.Lines(zoneLinks) {
		link, id, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if _, known := db.data[id]; !ok || !known {
			return nil, fmt.Errorf("link %q", line)
		}
		db.links[link] = id
		db.longest = max(db.longest, len(link))
	}
	for line := range strings.Lines(zoneNameLines) {
		columns := strings.Split(strings.TrimSuffix(line, "\n"), "|")
		if len(columns) != 5 {
			return nil, fmt.Errorf("names %q", line)
		}
		names := &zoneNames{columns[0], columns[1], columns[2], columns[3]}
		for _, id := range strings.Fields(columns[4]) {
			db.names[id] = names
		}
	}
	return db, nil
}

// canonical returns the id under which the database holds a zone.
func (db *zoneDatabase) canonical(id string) (string, bool) {
	if link, ok := db.links[id]; ok {
		return link, true
	}
	_, ok := db.data[id]
	return id, ok
}

// zone returns the zone of a canonical id, reading it at its first use.
func (db *zoneDatabase) zone(id string) *Zone {
	if z, ok := db.loaded.Load(id); ok {
		return z.(*Zone)
	}
	rules, err := time.LoadLocationFromTZData(id, db.data[id])
	if err != nil {
		panic("chrono: the embedded zone " + id + " cannot be read: " + err.Error())
	}
	z := newZone(id, rules)
	z.names = db.names[id]
	first, _ := db.loaded.LoadOrStore(id, z)
	return first.(*Zone)
}

// Lookup returns the zone of an id: a name of the tz database in its exact spelling, UTC, or an offset such as
// +05:30, -0800 or +01:02:03.004, up to a day. A link gives the zone that it stands for. It fails with Malformed.
func Lookup(id string) (*Zone, error) {
	unknown := func() error {
		return problem(Malformed,
			"time zone %s is not known: allowed are the names of the tz database in their exact spelling, such as America/Los_Angeles, UTC, and offsets such as +05:30",
			excerpt(id))
	}
	switch {
	case id == "UTC":
		return UTC, nil
	case len(id) > longestZone:
		return nil, unknown()
	}
	if name, ok := database().canonical(id); ok {
		return database().zone(name), nil
	}
	if strings.HasPrefix(id, "+") || strings.HasPrefix(id, "-") {
		if offset, end, ok := parseOffset(id, 0); ok && end == len(id) {
			return constantZone(offset), nil
		}
	}
	if old, ok := renamedZones[id]; ok {
		return nil, problem(Malformed, "time zone %q is not known: write %q, the id by which the language knows this zone", id, old)
	}
	return nil, unknown()
}

// longestZone is longer than any id or offset.
const longestZone = 100

// renamedZones are new names of zones that the original knows by their old ones only. A line in links.txt instead of
// here would make them known.
var renamedZones = map[string]string{"Europe/Kyiv": "Europe/Kiev"}

// longestID returns the length of the longest zone id at the beginning of a text, 0 if there is none.
func longestID(text string) int {
	db := database()
	for n := min(db.longest, len(text)); n > 0; n-- {
		if _, ok := db.canonical(text[:n]); ok {
			return n
		}
	}
	return 0
}

// shortName returns what people call the zone's time at an instant, such as PST, else the offset.
func (z *Zone) shortName(millis int64) string {
	s := z.at(millis)
	if z.names != nil {
		if !s.summer && z.names.short != "" {
			return z.names.short
		}
		if s.summer && z.names.summerShort != "" {
			return z.names.summerShort
		}
	}
	return string(appendOffset(nil, int64(s.offset), true, wholeOffset))
}

// longName returns what people call the zone's time at an instant, such as Pacific Standard Time, else the offset.
func (z *Zone) longName(millis int64) string {
	s := z.at(millis)
	if z.names != nil {
		if !s.summer && z.names.long != "" {
			return z.names.long
		}
		if s.summer && z.names.summerLong != "" {
			return z.names.summerLong
		}
	}
	return string(appendOffset(nil, int64(s.offset), true, wholeOffset))
}
