// One connection: a request, its body, its answer, and so on.
package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"syscall"
	"time"
)

const (
	headBytes    = 64 << 10
	discardBytes = 1 << 20
	// Bodies of CompleteMultipartUpload: 10,000 parts are 2 MiB.
	maxTextBytes = 4 << 20
)

func (s *sink) serve(connection net.Conn) {
	defer connection.Close()
	reader := bufio.NewReaderSize(connection, headBytes)
	scratch := make([]byte, discardBytes)
	out := make([]byte, 0, 4096)
	for {
		asked, err := readHead(reader)
		if err != nil {
			return
		}
		if asked.expects {
			if _, err := connection.Write([]byte("HTTP/1.1 100 Continue\r\n\r\n")); err != nil {
				return
			}
		}
		var reply answer
		switch {
		case asked.isChunked:
			reply = refusal(501, "NotImplemented", "a body needs a Content-Length")
			asked.isLast = true
		case asked.method == "PUT" && asked.key != "":
			if err := discard(connection, reader, asked.length, scratch); err != nil {
				return
			}
			reply = s.put(asked)
		default:
			text, err := readText(reader, asked.length)
			if err != nil {
				return
			}
			reply = s.answer(asked, text)
		}
		if s.delay > 0 {
			time.Sleep(s.delay)
		}
		out = s.format(out[:0], asked, reply)
		if _, err := connection.Write(out); err != nil || asked.isLast {
			return
		}
	}
}

// Takes what is buffered, and lets the kernel drop the rest where it can: MSG_TRUNC on TCP copies nothing (tcp(7)).
func discard(connection net.Conn, reader *bufio.Reader, length int64, scratch []byte) error {
	buffered := min(int64(reader.Buffered()), length)
	reader.Discard(int(buffered))
	left := length - buffered
	plain, isPlain := connection.(*net.TCPConn)
	if !isPlain {
		_, err := io.CopyN(io.Discard, reader, left)
		return err
	}
	if left == 0 {
		return nil
	}
	raw, err := plain.SyscallConn()
	if err != nil {
		return err
	}
	var failure error
	err = raw.Read(func(descriptor uintptr) bool {
		for left > 0 {
			count, _, err := syscall.Recvfrom(int(descriptor), scratch[:min(left, int64(len(scratch)))], syscall.MSG_TRUNC)
			if err == syscall.EAGAIN {
				return false
			}
			if err == syscall.EINTR {
				continue
			}
			if err != nil || count == 0 {
				failure = io.ErrUnexpectedEOF
				return true
			}
			left -= int64(count)
		}
		return true
	})
	return errors.Join(err, failure)
}

func readText(reader *bufio.Reader, length int64) (string, error) {
	if length == 0 {
		return "", nil
	}
	if length > maxTextBytes {
		return "", errors.New("too long")
	}
	text := make([]byte, length)
	_, err := io.ReadFull(reader, text)
	return string(text), err
}
