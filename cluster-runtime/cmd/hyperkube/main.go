// Command hyperkube holds every program of the embedded cluster in one file: Kubernetes, etcd,
// CoreDNS and containerd.
//
// It runs the program of its own base name (for example through a link named `kubectl`) or,
// called as hyperkube, the one that its first argument names. The programs share nearly all
// of their code: one file takes 193 MB, separate files would take over 600 MB.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"learnflow.local/cluster-runtime/volumes"
)

// program runs with os.Args as if called by its own name, and returns the exit code.
type program func() int

var programs = map[string]program{
	"containerd":              containerd,
	"coredns":                 coredns,
	"etcd":                    etcd,
	"kube-apiserver":          apiServer,
	"kube-controller-manager": controllerManager,
	"kube-proxy":              proxy,
	"kube-scheduler":          scheduler,
	"kubeadm":                 kubeadm,
	"kubectl":                 kubectl,
	"kubelet":                 kubelet,
	"node-images":             nodeImages,
	"stop-containers":         stopContainers,
	"volume-provisioner":      volumes.Main,
}

func main() {
	run, ok := programs[filepath.Base(os.Args[0])]
	if !ok && len(os.Args) > 1 {
		run, ok = programs[os.Args[1]]
		os.Args = os.Args[1:]
	}
	if !ok {
		fmt.Fprintf(os.Stderr, "usage: hyperkube PROGRAM [ARGUMENT...]\nprograms: %s\n", names())
		os.Exit(2)
	}
	os.Exit(run())
}

func names() string {
	known := make([]string, 0, len(programs))
	for name := range programs {
		known = append(known, name)
	}
	slices.Sort(known)
	return strings.Join(known, ", ")
}
