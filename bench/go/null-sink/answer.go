// Answers, and how they go out.
package main

import (
	"fmt"
	"net/http"
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
	out = fmt.Appendf(out, "HTTP/1.1 %d %s\r\nServer: null-sink\r\nx-amz-request-id: 1\r\nDate: %s\r\n", reply.status, http.StatusText(reply.status), *s.date.Load())
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
		out = fmt.Appendf(out, "Content-Length: %d\r\n", length)
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
