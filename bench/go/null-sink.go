// An S3 server that acknowledges and discards: path-style, one goroutine a connection, bodies dropped in the kernel where
// the connection is a plain one. It remembers of an object what HEAD tells of it, so that clients which look again are
// content, and counts what arrived.
//
// Prints its port as the only line of stdout; ends when its stdin does.
package main

import (
	"bufio"
	"crypto/md5"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	headBytes    = 64 << 10
	discardBytes = 1 << 20
	// Bodies of CompleteMultipartUpload: 10,000 parts are 2 MiB.
	maxTextBytes = 4 << 20
	xmlHead      = `<?xml version="1.0" encoding="UTF-8"?>`
	namespace    = ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`
)

type object struct {
	size     int64
	etag     string
	metadata []string
}

type upload struct {
	key      string
	metadata []string
	parts    map[int]object
}

type bucket struct {
	objects map[string]object
	uploads map[string]*upload
	bytes   int64
}

type sink struct {
	delay   time.Duration
	mutex   sync.Mutex
	buckets map[string]*bucket
	serial  atomic.Int64
	date    atomic.Pointer[string]
}

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

type answer struct {
	status  int
	headers []string
	body    string
	// For HEAD: the size that is told and not sent.
	length int64
}

func main() {
	delay := flag.Duration("delay", 0, "how much later every answer comes")
	certificate := flag.String("cert", "", "PEM of the certificate; with it the server speaks TLS")
	key := flag.String("key", "", "PEM of its key")
	flag.Parse()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fail(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if *certificate != "" {
		pair, err := tls.LoadX509KeyPair(*certificate, *key)
		if err != nil {
			fail(err)
		}
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
	}
	server := &sink{delay: *delay, buckets: map[string]*bucket{}}
	server.tick()
	go func() {
		for range time.Tick(500 * time.Millisecond) {
			server.tick()
		}
	}()
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Println(port)
	for {
		connection, err := listener.Accept()
		if err != nil {
			fail(err)
		}
		go server.serve(connection)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "null-sink:", err)
	os.Exit(1)
}

// Clients compare the Date with their clock, to the second.
func (s *sink) tick() {
	now := time.Now().UTC().Format(http.TimeFormat)
	s.date.Store(&now)
}

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

// The MD5 that the client named; without one an ETag of another form, as S3 has it for objects whose ETag is no MD5.
func (s *sink) etagOf(asked *request) string {
	if digest, err := base64.StdEncoding.DecodeString(asked.md5); err == nil && len(digest) == md5.Size {
		return hex.EncodeToString(digest)
	}
	return fmt.Sprintf("%032x-1", s.serial.Add(1))
}

func (s *sink) put(asked *request) answer {
	size := asked.length
	if asked.decodedLength >= 0 {
		size = asked.decodedLength
	}
	stored := object{size: size, etag: s.etagOf(asked), metadata: asked.metadata}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	place, isThere := s.buckets[asked.bucket]
	if !isThere {
		return refusal(404, "NoSuchBucket", "there is no such bucket")
	}
	if id := asked.values.Get("uploadId"); id != "" {
		open, isOpen := place.uploads[id]
		number, err := strconv.Atoi(asked.values.Get("partNumber"))
		if !isOpen || err != nil {
			return refusal(404, "NoSuchUpload", "there is no such upload")
		}
		open.parts[number] = stored
	} else {
		place.store(asked.key, stored)
	}
	return answer{status: 200, headers: append([]string{`ETag: "` + stored.etag + `"`}, asked.checksums...)}
}

func (b *bucket) store(key string, stored object) {
	b.bytes += stored.size - b.objects[key].size
	b.objects[key] = stored
}

func (s *sink) answer(asked *request, text string) answer {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if asked.bucket == "" {
		return answer{status: 200, body: xmlHead + "<ListAllMyBucketsResult" + namespace + "><Buckets></Buckets></ListAllMyBucketsResult>"}
	}
	place, isThere := s.buckets[asked.bucket]
	if asked.key == "" && asked.method == "PUT" && asked.query == "" {
		if !isThere {
			s.buckets[asked.bucket] = &bucket{objects: map[string]object{}, uploads: map[string]*upload{}}
		}
		return answer{status: 200}
	}
	if !isThere {
		return refusal(404, "NoSuchBucket", "there is no such bucket")
	}
	if asked.key == "" {
		return s.answerBucket(asked, place)
	}
	return s.answerObject(asked, place, text)
}

func (s *sink) answerBucket(asked *request, place *bucket) answer {
	has := func(name string) bool { return asked.values.Has(name) }
	switch {
	case asked.method == "HEAD":
		return answer{status: 200, headers: []string{"x-amz-bucket-region: us-east-1"}}
	case asked.method == "DELETE":
		delete(s.buckets, asked.bucket)
		return answer{status: 204}
	case asked.method != "GET":
		return refusal(501, "NotImplemented", "not known here")
	case has("location"):
		return answer{status: 200, body: xmlHead + "<LocationConstraint" + namespace + "></LocationConstraint>"}
	case has("received"):
		return answer{status: 200, body: fmt.Sprintf(`{"objects":%d,"bytes":%d,"uploads":%d}`, len(place.objects), place.bytes, len(place.uploads))}
	case has("uploads"):
		return answer{status: 200, body: xmlHead + "<ListMultipartUploadsResult" + namespace + "><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>"}
	case has("versioning"):
		return answer{status: 200, body: xmlHead + "<VersioningConfiguration" + namespace + "></VersioningConfiguration>"}
	case has("object-lock"):
		return refusal(404, "ObjectLockConfigurationNotFoundError", "there is none")
	case asked.query == "" || has("list-type") || has("prefix") || has("delimiter") || has("max-keys"):
		return answer{status: 200, body: xmlHead + "<ListBucketResult" + namespace + "><Name>" + asked.bucket +
			"</Name><KeyCount>0</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated></ListBucketResult>"}
	}
	return refusal(501, "NotImplemented", "not known here")
}

var partEtag = regexp.MustCompile(`<ETag>(?:&#34;|&quot;|")?([^<&"]*)`)
var partNumber = regexp.MustCompile(`<PartNumber>(\d+)<`)

func (s *sink) answerObject(asked *request, place *bucket, text string) answer {
	id := asked.values.Get("uploadId")
	open, isOpen := place.uploads[id]
	switch {
	case asked.method == "POST" && asked.values.Has("uploads"):
		id = fmt.Sprintf("upload-%d", s.serial.Add(1))
		place.uploads[id] = &upload{key: asked.key, metadata: asked.metadata, parts: map[int]object{}}
		return answer{status: 200, body: xmlHead + "<InitiateMultipartUploadResult" + namespace + "><Bucket>" + asked.bucket + "</Bucket><UploadId>" +
			id + "</UploadId></InitiateMultipartUploadResult>"}
	case id != "" && !isOpen:
		return refusal(404, "NoSuchUpload", "there is no such upload")
	case id != "" && asked.method == "POST":
		return s.complete(asked, place, open, text)
	case id != "" && asked.method == "DELETE":
		delete(place.uploads, id)
		return answer{status: 204}
	case id != "" && asked.method == "GET":
		return answer{status: 200, body: xmlHead + "<ListPartsResult" + namespace + "><IsTruncated>false</IsTruncated></ListPartsResult>"}
	case asked.method == "DELETE":
		delete(place.objects, asked.key)
		return answer{status: 204}
	case asked.method == "HEAD":
		stored, isStored := place.objects[asked.key]
		if !isStored {
			return answer{status: 404}
		}
		headers := append([]string{`ETag: "` + stored.etag + `"`, "Last-Modified: " + *s.date.Load(), "Accept-Ranges: bytes"}, stored.metadata...)
		return answer{status: 200, headers: headers, length: stored.size}
	}
	return refusal(404, "NoSuchKey", "nothing is kept here")
}

func (s *sink) complete(asked *request, place *bucket, open *upload, text string) answer {
	numbers := partNumber.FindAllStringSubmatch(text, -1)
	etags := partEtag.FindAllStringSubmatch(text, -1)
	if len(numbers) == 0 || len(numbers) != len(etags) {
		return refusal(400, "MalformedXML", "parts without number or ETag")
	}
	sum := md5.New()
	size := int64(0)
	isMd5 := true
	for index, found := range etags {
		number, _ := strconv.Atoi(numbers[index][1])
		part, isThere := open.parts[number]
		if !isThere || part.etag != found[1] {
			return refusal(400, "InvalidPart", "a part is not there as it is named")
		}
		digest, err := hex.DecodeString(part.etag)
		isMd5 = isMd5 && err == nil && len(digest) == md5.Size
		sum.Write(digest)
		size += part.size
	}
	etag := fmt.Sprintf("%032x-%d", s.serial.Add(1), len(etags))
	if isMd5 {
		etag = fmt.Sprintf("%x-%d", sum.Sum(nil), len(etags))
	}
	delete(place.uploads, asked.values.Get("uploadId"))
	place.store(open.key, object{size: size, etag: etag, metadata: open.metadata})
	return answer{status: 200, body: xmlHead + "<CompleteMultipartUploadResult" + namespace + "><Bucket>" + asked.bucket + `</Bucket><ETag>"` + etag +
		`"</ETag></CompleteMultipartUploadResult>`}
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
