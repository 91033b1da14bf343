// What the sink reads of a request's head.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"net/url"
	"strconv"
	"strings"
)

type request struct {
	method, path, query string
	bucket, key         string
	values              url.Values
	length              int64
	isChunked           bool
	expects             bool
	isLast              bool
	md5, crc32          string
	checksums           []string
	decodedLength       int64
	metadata            []string
}

func readHead(reader *bufio.Reader) (*request, error) {
	line, err := reader.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	words := strings.Fields(string(line))
	if len(words) != 3 {
		return nil, errors.New("no request line")
	}
	asked := &request{method: words[0], isLast: words[2] == "HTTP/1.0", decodedLength: -1}
	path, query, _ := strings.Cut(words[1], "?")
	asked.path, asked.query = path, query
	name, key, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	asked.bucket, asked.key = name, key
	if query != "" {
		// Only what S3 knows is looked at; a query that cannot be read names none of it.
		asked.values, _ = url.ParseQuery(query)
	}
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		if len(line) <= 2 {
			return asked, nil
		}
		if err := asked.readHeader(line); err != nil {
			return nil, err
		}
	}
}

// Of a header only the value that is kept becomes a string of its own: this runs for every header of every request.
func (asked *request) readHeader(line []byte) error {
	name, value, _ := bytes.Cut(line, []byte(":"))
	for index, letter := range name {
		if letter >= 'A' && letter <= 'Z' {
			name[index] = letter + 'a' - 'A'
		}
	}
	value = bytes.TrimSpace(value)
	var err error
	switch string(name) {
	case "content-length":
		asked.length, err = strconv.ParseInt(string(value), 10, 64)
		if asked.length < 0 {
			return errors.New("a negative length")
		}
	case "x-amz-decoded-content-length":
		asked.decodedLength, err = strconv.ParseInt(string(value), 10, 64)
	case "transfer-encoding":
		asked.isChunked = true
	case "expect":
		asked.expects = true
	case "connection":
		asked.isLast = bytes.EqualFold(value, []byte("close"))
	case "content-md5":
		asked.md5 = string(value)
	case "content-type":
		asked.metadata = append(asked.metadata, "Content-Type: "+string(value))
	case "x-amz-checksum-algorithm", "x-amz-checksum-type":
	default:
		if bytes.HasPrefix(name, []byte("x-amz-meta-")) {
			asked.metadata = append(asked.metadata, string(name)+": "+string(value))
		} else if bytes.HasPrefix(name, []byte("x-amz-checksum-")) {
			asked.checksums = append(asked.checksums, string(name)+": "+string(value))
		}
	}
	return err
}
