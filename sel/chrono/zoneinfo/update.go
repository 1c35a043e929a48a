//go:build ignore

// Command update takes the zone data of this folder from the Go distribution that runs it. Run it by `go generate`
// in the folder above. It keeps links.txt and names.txt as they are.
package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

func main() {
	links, err := os.ReadFile("zoneinfo/links.txt")
	check(err)
	leftOut := map[string]bool{"Factory": true, "Europe/Kyiv": true}
	for line := range strings.Lines(string(links)) {
		link, _, _ := strings.Cut(line, " ")
		leftOut[link] = true
	}
	source, err := zip.OpenReader(filepath.Join(runtime.GOROOT(), "lib/time/zoneinfo.zip"))
	check(err)
	var out bytes.Buffer
	zipped, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	check(err)
	files := tar.NewWriter(zipped)
	for _, entry := range source.File {
		if leftOut[entry.Name] || strings.HasSuffix(entry.Name, "/") {
			continue
		}
		file, err := entry.Open()
		check(err)
		data, err := io.ReadAll(file)
		check(err)
		check(files.WriteHeader(&tar.Header{Name: entry.Name, Size: int64(len(data)), Mode: 0o444}))
		_, err = files.Write(data)
		check(err)
	}
	check(files.Close())
	check(zipped.Close())
	check(os.WriteFile("zoneinfo/zones.tar.gz", out.Bytes(), 0o644))
	log.Printf("zone data of %s: %d bytes", runtime.Version(), out.Len())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
