// Command await becomes another program once servers and files are there:
//
//	await tcp://127.0.0.1:2379 -- PROGRAM [ARGUMENT...]
//	await https://10.213.0.2:6443/readyz file:///run/ready -- PROGRAM [ARGUMENT...]
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
	"slices"
	"syscall"
	"time"
)

const (
	pause   = 50 * time.Millisecond
	timeout = 2 * time.Second
)

func main() {
	separator := slices.Index(os.Args, "--")
	if separator < 2 || separator == len(os.Args)-1 {
		fmt.Fprintln(os.Stderr, "usage: await URL... -- PROGRAM [ARGUMENT...]")
		os.Exit(2)
	}
	for _, argument := range os.Args[1:separator] {
		wanted, err := url.Parse(argument)
		exitOn(err)
		for !there(wanted) {
			time.Sleep(pause)
		}
	}
	exitOn(become(os.Args[separator+1:]))
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "await:", err)
		os.Exit(1)
	}
}

// there tells whether a file exists, a TCP server accepts, or an HTTPS server says 200.
func there(wanted *url.URL) bool {
	switch wanted.Scheme {
	case "file":
		_, err := os.Stat(wanted.Path)
		return err == nil
	case "tcp":
		connection, err := net.DialTimeout("tcp", wanted.Host, timeout)
		if err == nil {
			connection.Close()
		}
		return err == nil
	default:
		return says200(wanted)
	}
}

func says200(server *url.URL) bool {
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
