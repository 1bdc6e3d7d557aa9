// Package volumes provisions volumes on a node: each is a folder, which a `local`
// PersistentVolume names. No pod is needed to make or to remove one.
package volumes

import (
	"context"
	"errors"
	"fmt"
	"slices"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

const (
	// name is what a StorageClass says of its provisioner.
	name = "learnflow.infra/local-path"
	// former is the name of local-path-provisioner, which earlier versions used: its volumes
	// are deleted, and classes of users that name it are served.
	former = "rancher.io/local-path"

	selectedNode = "volume.kubernetes.io/selected-node" // the scheduler's choice for a claim
)

// provisioner makes and removes the volumes of one node; every node has its own.
type provisioner struct {
	node    string
	folders folders
}

var (
	_ controller.Qualifier     = provisioner{}
	_ controller.DeletionGuard = provisioner{}
)

// ShouldProvision reports whether this node was selected. A claim without a node is taken, to
// be refused with a reason.
func (p provisioner) ShouldProvision(_ context.Context, claim *v1.PersistentVolumeClaim) bool {
	node, selected := claim.Annotations[selectedNode]
	return !selected || node == p.node
}

// Provision makes the folder of a claim's volume; an error is an event of the claim.
func (p provisioner) Provision(
	_ context.Context, options controller.ProvisionOptions,
) (*v1.PersistentVolume, controller.ProvisioningState, error) {
	size, err := p.folders.size()
	if err == nil {
		err = refusal(options, size)
	}
	if err == nil {
		err = p.folders.make(options.PVName)
	}
	if err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	return p.volume(options), controller.ProvisioningFinished, nil
}

// refusal is why a claim cannot have a volume on a disk of this size (bytes); nil if it can.
func refusal(options controller.ProvisionOptions, disk int64) error {
	claim, class := options.PVC.Spec, options.StorageClass
	size := claim.Resources.Requests[v1.ResourceStorage]
	switch {
	case options.SelectedNodeName == "":
		return fmt.Errorf("no node is selected: StorageClass %s needs volumeBindingMode "+
			"WaitForFirstConsumer", class.Name)
	case slices.ContainsFunc(claim.AccessModes, ofSeveralNodes):
		return fmt.Errorf("access modes %v: a volume on the disk of one node can be "+
			"ReadWriteOnce or ReadWriteOncePod", claim.AccessModes)
	case claim.DataSource != nil || claim.DataSourceRef != nil:
		return errors.New("a volume on the disk of a node starts empty: remove dataSource")
	case claim.Selector != nil:
		return errors.New("a new volume has no labels to select: remove selector")
	case len(class.Parameters) > 0:
		return fmt.Errorf("StorageClass %s has parameters; %s has none", class.Name, name)
	case size.CmpInt64(disk) > 0:
		return fmt.Errorf("it requests %s, and the disk of node %s has %s",
			size.String(), options.SelectedNodeName, mebibytes(disk))
	}
	return nil
}

func ofSeveralNodes(mode v1.PersistentVolumeAccessMode) bool {
	return mode != v1.ReadWriteOnce && mode != v1.ReadWriteOncePod
}

func mebibytes(size int64) string {
	return resource.NewQuantity(size>>20<<20, resource.BinarySI).String()
}

// volume is the PersistentVolume of a claim. A `local` volume, unlike hostPath, honours the
// pod's fsGroup, and must exist: the kubelet never makes an absent one anew, and empty.
func (p provisioner) volume(options controller.ProvisionOptions) *v1.PersistentVolume {
	claim, class := options.PVC.Spec, options.StorageClass
	return &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: options.PVName},
		Spec: v1.PersistentVolumeSpec{
			AccessModes:                   claim.AccessModes,
			Capacity:                      claim.Resources.Requests,
			MountOptions:                  class.MountOptions,
			NodeAffinity:                  on(p.node),
			PersistentVolumeReclaimPolicy: *class.ReclaimPolicy,
			PersistentVolumeSource: v1.PersistentVolumeSource{
				Local: &v1.LocalVolumeSource{Path: p.folders.path(options.PVName)},
			},
		},
	}
}

func on(node string) *v1.VolumeNodeAffinity {
	host := v1.NodeSelectorRequirement{
		Key: v1.LabelHostname, Operator: v1.NodeSelectorOpIn, Values: []string{node},
	}
	term := v1.NodeSelectorTerm{MatchExpressions: []v1.NodeSelectorRequirement{host}}
	required := v1.NodeSelector{NodeSelectorTerms: []v1.NodeSelectorTerm{term}}
	return &v1.VolumeNodeAffinity{Required: &required}
}

// ShouldDelete reports whether a volume is on this node.
func (p provisioner) ShouldDelete(_ context.Context, volume *v1.PersistentVolume) bool {
	affinity := volume.Spec.NodeAffinity
	if affinity == nil || affinity.Required == nil {
		return false
	}
	return slices.ContainsFunc(affinity.Required.NodeSelectorTerms, p.matches)
}

func (p provisioner) matches(term v1.NodeSelectorTerm) bool {
	return slices.ContainsFunc(term.MatchExpressions, func(r v1.NodeSelectorRequirement) bool {
		return r.Key == v1.LabelHostname && slices.Contains(r.Values, p.node)
	})
}

// Delete removes the folder of a released volume; an error is an event of the volume.
func (p provisioner) Delete(_ context.Context, volume *v1.PersistentVolume) error {
	switch source := volume.Spec.PersistentVolumeSource; {
	case source.Local != nil:
		return p.folders.remove(volume.Name, source.Local.Path)
	case source.HostPath != nil:
		return p.folders.remove(volume.Name, source.HostPath.Path)
	}
	return errors.New("it is neither a local nor a hostPath volume")
}
