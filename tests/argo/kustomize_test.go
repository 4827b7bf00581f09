package tests

import (
	"path/filepath"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// build is what `kubectl kustomize` is made of: the names of what comes out, by kind.
func build(t *testing.T, folder string) map[string][]string {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).
		Run(filesys.MakeFsOnDisk(), filepath.Join(jobs, folder))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, each := range built.Resources() {
		found[each.GetKind()] = append(found[each.GetKind()], each.GetName())
	}
	return found
}

func TestKustomizeBuildsEveryFolder(t *testing.T) {
	for folder, wanted := range map[string]map[string]int{
		"analysis":  {"AnalysisTemplate": 8},
		"base":      {"Namespace": 1, "Deployment": 1, "Service": 1, "NetworkPolicy": 1},
		"demo-shop": {"AnalysisTemplate": 8, "Rollout": 1, "Service": 2, "Ingress": 1},
	} {
		t.Run(folder, func(t *testing.T) {
			found := build(t, folder)
			for kind, names := range found {
				if len(names) != wanted[kind] {
					t.Errorf("%d of %s: %v", len(names), kind, names)
				}
			}
			if len(found) != len(wanted) {
				t.Errorf("%d kinds, not %d", len(found), len(wanted))
			}
		})
	}
}
