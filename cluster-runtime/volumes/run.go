package volumes

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

const (
	requests               = 50 // a second, to the API server
	firstPause, longestOne = time.Second, 5 * time.Minute
)

// Main provisions the volumes of one node until it is told to end; it returns the exit code.
func Main() int {
	flags := flag.NewFlagSet("volume-provisioner", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "how to reach the API server")
	node := flags.String("node", "", "the name of this node")
	folder := flags.String("folder", "", "the folder of the volumes' folders")
	_ = flags.Parse(os.Args[1:]) // it exits
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *kubeconfig, *node, *folder); err != nil {
		fmt.Fprintln(os.Stderr, "volume-provisioner:", err)
		return 1
	}
	return 0
}

func run(ctx context.Context, kubeconfig, node, folder string) error {
	base, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = requests, 2*requests
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	made := folders{base}
	if err := removeUnused(ctx, client, made); err != nil {
		return err
	}
	provision(ctx, client, provisioner{node: node, folders: made})
	return nil
}

// removeUnused removes the empty folder that a killed run left, if it made no volume of it.
func removeUnused(ctx context.Context, client kubernetes.Interface, made folders) error {
	volumes, err := client.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	exists := map[string]bool{}
	for _, volume := range volumes.Items {
		exists[volume.Name] = true
	}
	return made.removeUnused(exists)
}

// provision runs the controller until the context ends. The finalizer that it adds keeps a
// PersistentVolume that is deleted before its claim until its folder is removed.
func provision(ctx context.Context, client kubernetes.Interface, own provisioner) {
	pauses := workqueue.NewTypedItemExponentialFailureRateLimiter[string](firstPause, longestOne)
	controller.NewProvisionController(ctx, client, name, own,
		controller.AdditionalProvisionerNames([]string{former}),
		controller.AddFinalizer(true),
		controller.FailedProvisionThreshold(0), // it tries for ever, and ever less often
		controller.FailedDeleteThreshold(0),
		controller.LeaderElection(false), // every node has one
		controller.RateLimiter(pauses),
	).Run(ctx)
}
