package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	remote "k8s.io/cri-client/pkg"
)

// graceAnnotation is where the kubelet writes a pod's terminationGracePeriodSeconds.
const graceAnnotation = "io.kubernetes.pod.terminationGracePeriod"

// stopContainers stops every container of a node through the CRI, all at once: each gets its
// image's StopSignal, and time to write its data before the node ends. The kubelet must be
// stopped before, or it starts the containers again.
func stopContainers() int {
	endpoint := flag.String("endpoint", "unix:///run/containerd/containerd.sock", "CRI socket")
	timeout := flag.Duration("timeout", 20*time.Second, "the longest grace period of a container")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), *timeout+10*time.Second)
	defer cancel()
	runtime, err := remote.NewRemoteRuntimeServiceBuilder().
		WithEndpoint(*endpoint).
		WithConnectionTimeout(*timeout + 5*time.Second).
		Build(ctx)
	if err == nil {
		err = stopRunning(ctx, runtime, *timeout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "stop-containers:", err)
		return 1
	}
	return 0
}

func stopRunning(ctx context.Context, runtime internalapi.RuntimeService, limit time.Duration) error {
	running, err := runtime.ListContainers(ctx, &runtimeapi.ContainerFilter{
		State: &runtimeapi.ContainerStateValue{State: runtimeapi.ContainerState_CONTAINER_RUNNING},
	})
	if err != nil {
		return fmt.Errorf("list containers: %w", err)
	}
	var group sync.WaitGroup
	for _, container := range running {
		group.Add(1)
		go func() {
			defer group.Done()
			grace := graceOf(container.Annotations, limit)
			if err := runtime.StopContainer(ctx, container.Id, int64(grace.Seconds())); err != nil {
				fmt.Fprintf(os.Stderr, "stop-containers: %s: %v\n", container.Metadata.Name, err)
			}
		}()
	}
	group.Wait()
	fmt.Printf("stopped %d containers\n", len(running))
	return nil
}

// graceOf is the pod's own grace period, but never more than the limit.
func graceOf(annotations map[string]string, limit time.Duration) time.Duration {
	seconds, err := strconv.Atoi(annotations[graceAnnotation])
	if err != nil || time.Duration(seconds)*time.Second > limit {
		return limit
	}
	return time.Duration(seconds) * time.Second
}
