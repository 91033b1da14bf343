// Answers, and how they go out.
package main

import (
	"net/http"
	"strconv"
)

const (
	xmlHead   = `<?xml version="1.0" encoding="UTF-8"?>`
	namespace = ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`
)

type answer struct {
	status  int
	headers []string
	body    string
	// For HEAD: the size that is told and not sent.
	length int64
}

func refusal(status int, code string, message string) answer {
	return answer{status: status, body: xmlHead + "<Error><Code>" + code + "</Code><Message>" + message + "</Message></Error>"}
}

func (s *sink) format(out []byte, asked *request, reply answer) []byte {
	out = append(strconv.AppendInt(append(out, "HTTP/1.1 "...), int64(reply.status), 10), ' ')
	out = append(append(out, http.StatusText(reply.status)...), "\r\nServer: null-sink\r\nx-amz-request-id: 1\r\nDate: "...)
	out = append(append(out, *s.date.Load()...), "\r\n"...)
	for _, header := range reply.headers {
		out = append(append(out, header...), "\r\n"...)
	}
	if reply.body != "" && asked.method != "HEAD" {
		out = append(out, "Content-Type: application/xml\r\n"...)
	}
	length := int64(len(reply.body))
	if asked.method == "HEAD" {
		length = reply.length
	}
	if reply.status != 204 {
		out = append(strconv.AppendInt(append(out, "Content-Length: "...), length, 10), "\r\n"...)
	}
	if asked.isLast {
		out = append(out, "Connection: close\r\n"...)
	}
	out = append(out, "\r\n"...)
	if asked.method != "HEAD" {
		out = append(out, reply.body...)
	}
	return out
}
