package tests

import (
	"io/fs"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// object is one of those that come out of a kustomization.
type object struct {
	Kind, Name string
	text       []byte
}

// outputs is what every folder below jobs/ that has a kustomization builds, by folder.
var outputs = sync.OnceValues(func() (map[string][]object, error) {
	found := map[string][]object{}
	err := filepath.WalkDir(jobs, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "kustomization.yaml" {
			return err
		}
		folder, err := filepath.Rel(jobs, filepath.Dir(path))
		if err == nil {
			found[folder], err = build(filepath.Dir(path))
		}
		return err
	})
	return found, err
})

// build is what `kubectl kustomize` is made of.
func build(folder string) ([]object, error) {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return nil, err
	}
	var found []object
	for _, each := range built.Resources() {
		text, err := each.AsYAML()
		if err != nil {
			return nil, err
		}
		found = append(found, object{each.GetKind(), each.GetName(), text})
	}
	return found, nil
}

func builds(t *testing.T) map[string][]object {
	t.Helper()
	found, err := outputs()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// only is those of a kind.
func only(kind string, all []object) []object {
	var found []object
	for _, each := range all {
		if each.Kind == kind {
			found = append(found, each)
		}
	}
	return found
}

func TestKustomizeBuildsEveryFolder(t *testing.T) {
	shop := map[string]int{"AnalysisTemplate": 8, "Rollout": 1, "Service": 2, "Ingress": 1}
	and := func(base map[string]int, more map[string]int) map[string]int {
		found := maps.Clone(base)
		for kind, count := range more {
			found[kind] += count
		}
		return found
	}
	gate := map[string]int{"ConfigMap": 1, "NetworkPolicy": 1}
	load := and(gate, map[string]int{"Job": 1})
	weights := map[string]int{"Deployment": 1, "Service": 1, "NetworkPolicy": 1}
	wanted := map[string]map[string]int{
		"analysis":                        {"AnalysisTemplate": 8},
		"base":                            and(weights, map[string]int{"Namespace": 1}),
		"base/gate":                       gate,
		"base/keep-alive":                 {"AnalysisTemplate": 1},
		"base/load":                       load,
		"base/weights":                    weights,
		"demo-shop":                       shop,
		"demo-shop/background":            and(shop, map[string]int{"AnalysisTemplate": 1}),
		"demo-shop/checkpoint":            shop,
		"demo-shop/experiment":            shop,
		"demo-shop/services":              {"Service": 2, "Ingress": 1},
		"overlays/distributed":            load,
		"overlays/kind":                   and(and(shop, gate), map[string]int{"AnalysisTemplate": 1, "Namespace": 1}),
		"overlays/production":             and(and(shop, gate), map[string]int{"HorizontalPodAutoscaler": 1, "VerticalPodAutoscaler": 1, "PodDisruptionBudget": 1}),
		"overlays/production/autoscaling": {"HorizontalPodAutoscaler": 1},
	}
	for folder, objects := range builds(t) {
		t.Run(folder, func(t *testing.T) {
			found := map[string]int{}
			for _, each := range objects {
				found[each.Kind]++
			}
			if !maps.Equal(found, wanted[folder]) {
				t.Errorf("%v, not %v", found, wanted[folder])
			}
		})
	}
	if len(wanted) != len(builds(t)) {
		t.Errorf("%d folders are built, %d are known here", len(builds(t)), len(wanted))
	}
}

// What the linter says of the files it may not say of what is deployed: overlays change it.
func TestTheLinterFindsNothingInWhatIsBuilt(t *testing.T) {
	linter, err := filepath.Abs(filepath.Join("..", "..", ".venv", "bin", "canarygate"))
	if err != nil {
		t.Fatal(err)
	}
	lint := func(version string, objects []object) (string, error) {
		var texts []string
		for _, each := range objects {
			texts = append(texts, string(each.text))
		}
		command := exec.Command(linter, "lint", "-", "--argo-version", version)
		command.Stdin = strings.NewReader(strings.Join(texts, "---\n"))
		said, err := command.CombinedOutput()
		return string(said), err
	}
	seen := 0
	for folder, objects := range builds(t) {
		if len(only("Rollout", objects))+len(only("AnalysisTemplate", objects)) == 0 {
			continue // it says that there is nothing of Argo's, with 2
		}
		seen++
		t.Run(folder, func(t *testing.T) {
			for _, version := range []string{"1.9", "1.10"} {
				if said, err := lint(version, objects); err != nil || !strings.HasPrefix(said, "no traps in ") {
					t.Errorf("%v: %s", err, said)
				}
			}
		})
	}
	if seen != 8 {
		t.Errorf("%d builds, not 8", seen)
	}
	t.Run("a trap in a build", func(t *testing.T) {
		trapped := slices.Clone(builds(t)["demo-shop"])
		for index, each := range trapped {
			trapped[index].text = []byte(strings.ReplaceAll(string(each.text), "backoffLimit: 0", "backoffLimit: 3"))
		}
		if said, err := lint("1.9", trapped); err == nil || !strings.Contains(said, "job-retries") {
			t.Errorf("%v: %s", err, said)
		}
	})
}

// decode reads an object strictly.
func decode[T any](t *testing.T, from object) *T {
	t.Helper()
	found := new(T)
	if err := strictly(from.text, found); err != nil {
		t.Fatalf("%s %s: %v", from.Kind, from.Name, err)
	}
	return found
}

// one is the object of a kind and a name, decoded.
func one[T any](t *testing.T, all []object, kind, name string) *T {
	t.Helper()
	for _, each := range only(kind, all) {
		if each.Name == name {
			return decode[T](t, each)
		}
	}
	t.Fatalf("there is no %s %s", kind, name)
	return nil
}
