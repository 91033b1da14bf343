// What the sink reads of a request's head.
package main

import (
	"bufio"
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
		if err := asked.readHeader(string(line)); err != nil {
			return nil, err
		}
	}
}

func (asked *request) readHeader(line string) error {
	name, value, _ := strings.Cut(line, ":")
	name, value = strings.ToLower(name), strings.TrimSpace(value)
	var err error
	switch name {
	case "content-length":
		asked.length, err = strconv.ParseInt(value, 10, 64)
		if asked.length < 0 {
			return errors.New("a negative length")
		}
	case "x-amz-decoded-content-length":
		asked.decodedLength, err = strconv.ParseInt(value, 10, 64)
	case "transfer-encoding":
		asked.isChunked = true
	case "expect":
		asked.expects = true
	case "connection":
		asked.isLast = strings.EqualFold(value, "close")
	case "content-md5":
		asked.md5 = value
	case "content-type":
		asked.metadata = append(asked.metadata, "Content-Type: "+value)
	default:
		if strings.HasPrefix(name, "x-amz-meta-") {
			asked.metadata = append(asked.metadata, name+": "+value)
		} else if strings.HasPrefix(name, "x-amz-checksum-") && name != "x-amz-checksum-algorithm" && name != "x-amz-checksum-type" {
			asked.checksums = append(asked.checksums, name+": "+value)
		}
	}
	return err
}
