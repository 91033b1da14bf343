// An S3 server that acknowledges and discards: path-style, one goroutine a connection, bodies dropped in the kernel where
// the connection is a plain one. It remembers of an object what HEAD tells of it, so that clients which look again are
// content, and counts what arrived.
//
// Prints its port as the only line of stdout; ends when its stdin does.
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

type sink struct {
	delay   time.Duration
	mutex   sync.Mutex
	buckets map[string]*bucket
	serial  atomic.Int64
	date    atomic.Pointer[string]
}

func main() {
	delay := flag.Duration("delay", 0, "how much later every answer comes")
	certificate := flag.String("cert", "", "PEM of the certificate; with it the server speaks TLS")
	key := flag.String("key", "", "PEM of its key")
	flag.Parse()
	// One thread that is busy spares the client's cores the search of others for work; garbage is little and rare.
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(400)
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
