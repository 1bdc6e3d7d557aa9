// Command await becomes another program once a server is there:
//
//	await tcp://127.0.0.1:2379 PROGRAM [ARGUMENT...]
//	await https://10.213.0.2:6443/readyz PROGRAM [ARGUMENT...]
//
// A Kubernetes component that starts before the API server allows it what it needs
// falls into its own growing back-off, and loses seconds by starting too early.
package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"syscall"
	"time"
)

const (
	pause   = 50 * time.Millisecond
	timeout = 2 * time.Second
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: await URL PROGRAM [ARGUMENT...]")
		os.Exit(2)
	}
	server, err := url.Parse(os.Args[1])
	if err == nil {
		for !answers(server) {
			time.Sleep(pause)
		}
		err = become(os.Args[2:])
	}
	fmt.Fprintln(os.Stderr, "await:", err)
	os.Exit(1)
}

// answers tells whether a TCP server accepts, or an HTTPS server says 200.
func answers(server *url.URL) bool {
	if server.Scheme == "tcp" {
		connection, err := net.DialTimeout("tcp", server.Host, timeout)
		if err == nil {
			connection.Close()
		}
		return err == nil
	}
	// Who answers does not matter here: nothing is sent, and the program that follows checks.
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		DisableKeepAlives: true,
	}
	response, err := (&http.Client{Transport: transport, Timeout: timeout}).Get(server.String())
	if err == nil {
		response.Body.Close()
	}
	return err == nil && response.StatusCode == http.StatusOK
}

// become replaces this process, so that the supervisor's signals reach the program itself.
func become(command []string) error {
	path, err := exec.LookPath(command[0])
	if err != nil {
		return err
	}
	return syscall.Exec(path, command, os.Environ())
}
