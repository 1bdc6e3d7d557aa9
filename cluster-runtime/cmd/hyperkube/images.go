package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/transfer/archive"
	"github.com/containerd/containerd/v2/core/transfer/image"
	"github.com/containerd/platforms"
)

const (
	containerdSocket    = "/run/containerd/containerd.sock"
	kubernetesNamespace = "k8s.io"
)

// nodeImages prints the references of the node's images (`node-images list`), or imports an
// archive from standard input (`node-images import`). containerd's own ctr does the same; its other
// commands would be a fifth of containerd's packages.
func nodeImages() int { return ended("node-images", runNodeImages(context.Background(), os.Args[1:])) }

func runNodeImages(ctx context.Context, arguments []string) error {
	commands := map[string]func(context.Context, *client.Client) error{
		"import": importImages,
		"list":   listImages,
	}
	if len(arguments) != 1 || commands[arguments[0]] == nil {
		return errors.New("usage: node-images import|list")
	}
	node, err := client.New(containerdSocket, client.WithDefaultNamespace(kubernetesNamespace))
	if err != nil {
		return err
	}
	defer node.Close()
	return commands[arguments[0]](ctx, node)
}

func listImages(ctx context.Context, node *client.Client) error {
	images, err := node.ImageService().List(ctx)
	if err != nil {
		return err
	}
	for _, image := range images {
		fmt.Println(image.Name)
	}
	return nil
}

// importImages takes the images of this platform, under their names in the archive, and unpacks them.
// An image without a name is left out.
func importImages(ctx context.Context, node *client.Client) error {
	platform := platforms.DefaultSpec()
	store := image.NewStore("",
		image.WithNamedPrefix("import", true), // the prefix is for names that are only a tag
		image.WithPlatforms(platform),
		image.WithUnpack(platform, ""),
	)
	return node.Transfer(ctx, archive.NewImageImportStream(os.Stdin, ""), store)
}
