package tests

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"
	"sigs.k8s.io/yaml"
)

// schema is one kind's, as the API server has it from the CustomResourceDefinition.
type schema struct {
	validator  *validate.SchemaValidator
	structural *structuralschema.Structural
}

// schemas reads the definitions out of the module of Argo Rollouts that go.mod names.
func schemas(t *testing.T) map[string]schema {
	t.Helper()
	said, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/argoproj/argo-rollouts").Output()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]schema{}
	for _, kind := range []string{"rollout", "analysis-template", "experiment"} {
		path := filepath.Join(strings.TrimSpace(string(said)), "manifests", "crds", kind+"-crd.yaml")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		definition := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(text, definition); err != nil {
			t.Fatal(err)
		}
		inner := &apiextensions.JSONSchemaProps{}
		if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(
			definition.Spec.Versions[0].Schema.OpenAPIV3Schema, inner, nil); err != nil {
			t.Fatal(err)
		}
		structural, err := structuralschema.NewStructural(inner)
		if err != nil {
			t.Fatal(err)
		}
		found[definition.Spec.Names.Kind] = schema{
			validate.NewSchemaValidator(structural.ToKubeOpenAPI(), nil, "", strfmt.Default), structural}
	}
	return found
}

// faults is what the API server would refuse, and what it would drop without a word.
func (kind schema) faults(t *testing.T, text []byte) []string {
	t.Helper()
	var whole map[string]any
	asJSON, err := yaml.YAMLToJSON(text)
	if err == nil {
		err = json.Unmarshal(asJSON, &whole)
	}
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, each := range kind.validator.Validate(whole).Errors {
		found = append(found, each.Error())
	}
	for _, each := range pruning.PruneWithOptions(whole, kind.structural, true,
		structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}) {
		found = append(found, each+" would be dropped")
	}
	return found
}

func TestTheAPIServerTakesWhatIsBuiltAndDropsNothing(t *testing.T) {
	known, seen := schemas(t), 0
	for folder, objects := range builds(t) {
		for _, each := range objects {
			kind, is := known[each.Kind]
			if !is {
				continue
			}
			seen++
			t.Run(folder+" "+each.Kind+" "+each.Name, func(t *testing.T) {
				for _, fault := range kind.faults(t, each.text) {
					t.Error(fault)
				}
			})
		}
	}
	if seen < 60 {
		t.Errorf("only %d objects", seen)
	}
}

func TestAFieldThatTheSchemaHasNotIsSeen(t *testing.T) {
	known := schemas(t)
	for title, change := range map[string]struct{ kind, old, new, says string }{
		"a window in the strategy": {"Rollout", "    canary:\n",
			"    canary:\n      rollbackWindow:\n        revisions: 3\n", "spec.strategy.canary.rollbackWindow would be dropped"},
		"a weight that is text": {"Rollout", "setWeight: 20", "setWeight: \"20\"", "setWeight"},
		"a name of another case": {"Rollout", "matchTrafficWeight", "matchTrafficweight",
			"matchTrafficweight would be dropped"},
		"a field of the pod":    {"Rollout", "readinessProbe:", "readyProbe:", "readyProbe would be dropped"},
		"a limit without words": {"AnalysisTemplate", "backoffLimit: 0", "backoffLimit: none", "backoffLimit"},
		"a time-out with a unit": {"AnalysisTemplate", "failureLimit: 0", "failureLimits: 0",
			"failureLimits would be dropped"},
		"a provider that is none": {"AnalysisTemplate", "activeDeadlineSeconds:", "deadlineSeconds:",
			"deadlineSeconds would be dropped"},
	} {
		t.Run(title, func(t *testing.T) {
			for _, each := range only(change.kind, builds(t)["demo-shop"]) {
				text := string(each.text)
				if !strings.Contains(text, change.old) {
					continue
				}
				said := strings.Join(known[change.kind].faults(t, []byte(strings.ReplaceAll(text, change.old, change.new))), "\n")
				if !strings.Contains(said, change.says) {
					t.Errorf("the schema says %q", said)
				}
				return
			}
			t.Fatal("nothing to change")
		})
	}
}
