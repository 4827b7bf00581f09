package tests

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/validation"
	ingressutil "github.com/argoproj/argo-rollouts/utils/ingress"
	replicasetutil "github.com/argoproj/argo-rollouts/utils/replicaset"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"
)

// rollouts finds every Rollout, with the folder of the Services and the Ingress that it names.
func rollouts(t *testing.T) map[string]*v1alpha1.Rollout {
	t.Helper()
	found := map[string]*v1alpha1.Rollout{}
	paths, err := filepath.Glob(filepath.Join(jobs, "*", "*.rollout.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no Rollouts: %v", err)
	}
	for _, path := range paths {
		rollout := &v1alpha1.Rollout{}
		readStrictly(t, path, rollout)
		found[path] = rollout
	}
	return found
}

func service(t *testing.T, folder, name string) *corev1.Service {
	t.Helper()
	found := &corev1.Service{}
	readStrictly(t, filepath.Join(folder, name+".service.yaml"), found)
	return found
}

// references is what a Rollout names, as the controller reads it out of the cluster.
func references(t *testing.T, path string, rollout *v1alpha1.Rollout) validation.ReferencedResources {
	t.Helper()
	folder, canary := filepath.Dir(path), rollout.Spec.Strategy.Canary
	ingress := &networkingv1.Ingress{}
	readStrictly(t, filepath.Join(folder, canary.TrafficRouting.Nginx.StableIngress+".ingress.yaml"), ingress)
	found := validation.ReferencedResources{
		Ingresses: []ingressutil.Ingress{*ingressutil.NewIngress(ingress)},
		ServiceWithType: []validation.ServiceWithType{
			{Service: service(t, folder, canary.StableService), Type: validation.StableService},
			{Service: service(t, folder, canary.CanaryService), Type: validation.CanaryService},
		},
	}
	all := templates(t)
	add := func(kind validation.AnalysisTemplateType, index int, analysis v1alpha1.RolloutAnalysis) {
		var names []string
		for _, each := range analysis.Templates {
			if all[each.TemplateName] == nil {
				t.Fatalf("there is no template %s", each.TemplateName)
			}
			names = append(names, each.TemplateName)
		}
		found.AnalysisTemplatesWithType = append(found.AnalysisTemplatesWithType, validation.AnalysisTemplatesWithType{
			AnalysisTemplates: choose(all, names...), TemplateType: kind, CanaryStepIndex: index, Args: analysis.Args,
		})
	}
	for index, step := range canary.Steps {
		if step.Analysis != nil {
			add(validation.InlineAnalysis, index, *step.Analysis)
		}
	}
	if canary.Analysis != nil {
		add(validation.BackgroundAnalysis, 0, canary.Analysis.RolloutAnalysis)
	}
	return found
}

func TestARolloutIsValidWithAllThatItNames(t *testing.T) {
	for path, rollout := range rollouts(t) {
		t.Run(rollout.Name, func(t *testing.T) {
			found := validation.ValidateRollout(rollout)
			found = append(found, validation.ValidateRolloutReferencedResources(rollout, references(t, path, rollout))...)
			if len(found) > 0 {
				t.Error(found.ToAggregate())
			}
		})
	}
}

// A canary that is scaled to nothing between two steps comes back cold.
func TestTheCanaryKeepsItsPodsFromStepToStep(t *testing.T) {
	for _, rollout := range rollouts(t) {
		t.Run(rollout.Name, func(t *testing.T) {
			rollout.Status.StableRS, rollout.Status.CurrentPodHash = "stable", "canary"
			before := int32(0)
			for index := range rollout.Spec.Strategy.Canary.Steps {
				step := int32(index)
				rollout.Status.CurrentStepIndex = &step
				canary, stable := replicasetutil.CalculateReplicaCountsForTrafficRoutedCanary(rollout, nil, nil, nil)
				t.Logf("step %d: %d canary pods, %d %% of the users", index, canary, replicasetutil.GetCurrentSetWeight(rollout))
				if canary < 1 || canary < before || stable != *rollout.Spec.Replicas {
					t.Errorf("step %d: %d canary pods after %d, %d stable", index, canary, before, stable)
				}
				before = canary
			}
		})
	}
}

// The same mistakes as in the documents that this project began with; Argo's code has to see them, or
// what it says of our files is worth nothing.
func TestMistakesAreSeen(t *testing.T) {
	for title, change := range map[string]struct{ old, new, says string }{
		"the window in the strategy": {"  strategy:\n    canary:\n",
			"  strategy:\n    canary:\n      rollbackWindow: {revisions: 3}\n", "rollbackWindow"},
		"history limits in the strategy": {"      canaryService:",
			"      analysis: {successfulRunHistoryLimit: 3}\n      canaryService:", "successfulRunHistoryLimit"},
		"a weight out of an analysis": {"setWeight: 20", "setWeight: ${analysis.result.weight}", "setWeight"},
		"no stable service":           {"      stableService: checkout-stable\n", "", "stableService"},
		"no arguments in a step":      {"{name: stage, value: s50}", "{name: step, value: s50}", "stage"},
	} {
		t.Run(title, func(t *testing.T) {
			path := filepath.Join(jobs, "demo-shop", "checkout-service.rollout.yaml")
			text, err := os.ReadFile(path)
			if err != nil || !strings.Contains(string(text), change.old) {
				t.Fatalf("nothing to change: %v", err)
			}
			rollout := &v1alpha1.Rollout{}
			changed := strings.ReplaceAll(string(text), change.old, change.new)
			said := ""
			if err := yaml.UnmarshalStrict([]byte(changed), rollout, yaml.DisallowUnknownFields); err != nil {
				said = err.Error()
			} else if rollout.Spec.Strategy.Canary.StableService == "" {
				said = validation.ValidateRollout(rollout).ToAggregate().Error()
			} else if found := validation.ValidateRolloutReferencedResources(rollout, references(t, path, rollout)); len(found) > 0 {
				said = found.ToAggregate().Error()
			}
			if !strings.Contains(said, change.says) {
				t.Errorf("Argo says %q", said)
			}
		})
	}
}
