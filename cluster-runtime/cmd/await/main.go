// Command await waits until servers answer and files exist, and then runs a program in its place:
//
//	await tcp://127.0.0.1:2379 -- PROGRAM [ARGUMENT...]
//	await https://10.213.0.2:6443/readyz file:///run/ready -- PROGRAM [ARGUMENT...]
//
// A Kubernetes component that starts before the API server grants its requests repeats them
// with a growing back-off, and so is ready seconds later than one that starts after it.
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
		awaited, err := url.Parse(argument)
		exitOn(err)
		for !available(awaited) {
			time.Sleep(pause)
		}
	}
	exitOn(execute(os.Args[separator+1:]))
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "await:", err)
		os.Exit(1)
	}
}

// available reports whether a file exists, a TCP server accepts a connection, or an HTTPS
// server answers with 200.
func available(awaited *url.URL) bool {
	switch awaited.Scheme {
	case "file":
		_, err := os.Stat(awaited.Path)
		return err == nil
	case "tcp":
		connection, err := net.DialTimeout("tcp", awaited.Host, timeout)
		if err == nil {
			connection.Close()
		}
		return err == nil
	default:
		return answers200(awaited)
	}
}

func answers200(server *url.URL) bool {
	// The certificate is not verified: no secret is sent, and the program verifies it itself.
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

// execute replaces this process, so that the supervisor's signals reach the program itself.
func execute(command []string) error {
	path, err := exec.LookPath(command[0])
	if err != nil {
		return err
	}
	return syscall.Exec(path, command, os.Environ())
}
