package volumes

import (
	"context"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

const gibibyte = 1 << 30

type options = controller.ProvisionOptions

// claimed are the options of a claim for 1Gi that can be served, after a change.
func claimed(change func(*options)) options {
	policy := v1.PersistentVolumeReclaimRetain
	request := v1.ResourceList{v1.ResourceStorage: *resource.NewQuantity(gibibyte, resource.BinarySI)}
	made := options{
		PVName:           volume,
		SelectedNodeName: "here",
		PVC: &v1.PersistentVolumeClaim{
			ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{selectedNode: "here"}},
			Spec: v1.PersistentVolumeClaimSpec{
				AccessModes: []v1.PersistentVolumeAccessMode{v1.ReadWriteOnce},
				Resources:   v1.VolumeResourceRequirements{Requests: request},
			},
		},
		StorageClass: &storage.StorageClass{
			ObjectMeta: metav1.ObjectMeta{Name: "class"}, ReclaimPolicy: &policy,
		},
	}
	change(&made)
	return made
}

func unchanged(*options) {}

func modes(modes ...v1.PersistentVolumeAccessMode) func(*options) {
	return func(o *options) { o.PVC.Spec.AccessModes = modes }
}

func TestClaimsThatCannotBeServedAreRefusedWithAReason(t *testing.T) {
	for reason, change := range map[string]func(*options){
		"WaitForFirstConsumer":       func(o *options) { o.SelectedNodeName = "" },
		"[ReadWriteMany]":            modes(v1.ReadWriteMany),
		"[ReadOnlyMany]":             modes(v1.ReadOnlyMany),
		"ReadWriteOnce ReadOnlyMany": modes(v1.ReadWriteOnce, v1.ReadOnlyMany),
		"dataSource":                 func(o *options) { o.PVC.Spec.DataSource = &v1.TypedLocalObjectReference{} },
		"remove dataSource":          func(o *options) { o.PVC.Spec.DataSourceRef = &v1.TypedObjectReference{} },
		"selector":                   func(o *options) { o.PVC.Spec.Selector = &metav1.LabelSelector{} },
		"class has parameters": func(o *options) {
			o.StorageClass.Parameters = map[string]string{"pathPattern": "../../x"}
		},
	} {
		if err := refusal(claimed(change), gibibyte); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

func TestAClaimMayBeAsLargeAsTheDisk(t *testing.T) {
	if err := refusal(claimed(unchanged), gibibyte); err != nil {
		t.Error(err)
	}
	err := refusal(claimed(unchanged), gibibyte-1)
	if err == nil || err.Error() != "it requests 1Gi, and the disk of node here has 1023Mi" {
		t.Error(err)
	}
}

func TestBothModesOfOneNodeAreServed(t *testing.T) {
	for _, mode := range []v1.PersistentVolumeAccessMode{v1.ReadWriteOnce, v1.ReadWriteOncePod} {
		if err := refusal(claimed(modes(mode)), gibibyte); err != nil {
			t.Error(err)
		}
	}
}

func TestAVolumeIsOnItsNodeAndDeletedThereOnly(t *testing.T) {
	here := provisioner{node: "here", folders: newFolders(t)}
	made, _, err := here.Provision(context.Background(), claimed(unchanged))
	if err != nil || !exists(made.Spec.Local.Path) {
		t.Fatal(made, err)
	}
	if made.Spec.PersistentVolumeReclaimPolicy != v1.PersistentVolumeReclaimRetain {
		t.Error("the class's policy is lost")
	}
	there := provisioner{node: "there", folders: here.folders}
	if !here.ShouldDelete(context.Background(), made) || there.ShouldDelete(context.Background(), made) {
		t.Error("a volume belongs to its node")
	}
	if err := here.Delete(context.Background(), made); err != nil || exists(made.Spec.Local.Path) {
		t.Error(err)
	}
}

func TestAClaimIsServedByItsNodeOnly(t *testing.T) {
	for node, served := range map[string]bool{"here": true, "there": false} {
		claim := claimed(unchanged).PVC
		if (provisioner{node: node}).ShouldProvision(context.Background(), claim) != served {
			t.Error(node)
		}
	}
}

func TestAnUnusableClaimLeavesNoFolder(t *testing.T) {
	here := provisioner{node: "here", folders: newFolders(t)}
	if _, _, err := here.Provision(context.Background(), claimed(modes(v1.ReadWriteMany))); err == nil {
		t.Error("it was served")
	}
	if exists(here.folders.path(volume)) {
		t.Error("a folder is left")
	}
}

func TestTheVolumesOfLocalPathProvisionerAreDeletedHere(t *testing.T) {
	here := provisioner{node: "here", folders: newFolders(t)}
	path := here.folders.path(volume + "_namespace_claim")
	write(t, path+"/file")
	source := v1.PersistentVolumeSource{HostPath: &v1.HostPathVolumeSource{Path: path}}
	old := &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: volume},
		Spec:       v1.PersistentVolumeSpec{NodeAffinity: on("here"), PersistentVolumeSource: source},
	}
	if !here.ShouldDelete(context.Background(), old) {
		t.Fatal("it is of this node")
	}
	if err := here.Delete(context.Background(), old); err != nil || exists(path) {
		t.Error(err)
	}
}
