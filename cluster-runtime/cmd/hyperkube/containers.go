package main

import (
	"context"
	"fmt"
	"os"

	_ "github.com/containerd/containerd/v2/cmd/containerd/builtins" // containerd's own plugins
	"github.com/containerd/containerd/v2/cmd/containerd/command"
)

// containerd is the container runtime. Its shim is a program of its own: one runs for each pod,
// and loads every plugin that its program registers.
func containerd() int { return ended("containerd", command.App().Run(context.Background(), os.Args)) }

func ended(name string, err error) int {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return 1
	}
	return 0
}
