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
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// rollouts has, for every kustomization with one in it, the Rollout that it builds.
func rollouts(t *testing.T) map[string]*v1alpha1.Rollout {
	t.Helper()
	found := map[string]*v1alpha1.Rollout{}
	for folder, objects := range builds(t) {
		for _, each := range only("Rollout", objects) {
			found[folder] = decode[v1alpha1.Rollout](t, each)
		}
	}
	if len(found) != 6 {
		t.Fatalf("%d Rollouts, not 6", len(found))
	}
	return found
}

// builtTemplates is what a build has of them, by name.
func builtTemplates(t *testing.T, objects []object) map[string]*v1alpha1.AnalysisTemplate {
	t.Helper()
	found := map[string]*v1alpha1.AnalysisTemplate{}
	for _, each := range only("AnalysisTemplate", objects) {
		found[each.Name] = decode[v1alpha1.AnalysisTemplate](t, each)
	}
	return found
}

// references is what a Rollout names, as the controller reads it out of the cluster: from the same build.
func references(t *testing.T, objects []object, rollout *v1alpha1.Rollout) validation.ReferencedResources {
	t.Helper()
	canary := rollout.Spec.Strategy.Canary
	found := validation.ReferencedResources{
		Ingresses: []ingressutil.Ingress{*ingressutil.NewIngress(
			one[networkingv1.Ingress](t, objects, "Ingress", canary.TrafficRouting.Nginx.StableIngress))},
		ServiceWithType: []validation.ServiceWithType{
			{Service: one[corev1.Service](t, objects, "Service", canary.StableService), Type: validation.StableService},
			{Service: one[corev1.Service](t, objects, "Service", canary.CanaryService), Type: validation.CanaryService},
		},
	}
	all := builtTemplates(t, objects)
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
	for folder, rollout := range rollouts(t) {
		t.Run(folder, func(t *testing.T) {
			found := validation.ValidateRollout(rollout)
			found = append(found,
				validation.ValidateRolloutReferencedResources(rollout, references(t, builds(t)[folder], rollout))...)
			if len(found) > 0 {
				t.Error(found.ToAggregate())
			}
		})
	}
}

// A canary that is scaled to nothing between two steps comes back cold. Before the first step that gives it
// pods it may have none: then nothing of it is asked for but an Experiment, which brings its own.
func TestTheCanaryKeepsItsPodsFromStepToStep(t *testing.T) {
	for folder, rollout := range rollouts(t) {
		t.Run(folder, func(t *testing.T) {
			if rollout.Spec.Replicas == nil {
				rollout.Spec.Replicas = one[autoscalingv2.HorizontalPodAutoscaler](
					t, builds(t)[folder], "HorizontalPodAutoscaler", rollout.Name).Spec.MinReplicas
			}
			rollout.Status.StableRS, rollout.Status.CurrentPodHash = "stable", "canary"
			before, hadExperiment := int32(0), false
			for index, each := range rollout.Spec.Strategy.Canary.Steps {
				step := int32(index)
				rollout.Status.CurrentStepIndex = &step
				hadExperiment = hadExperiment || each.Experiment != nil
				canary, stable := replicasetutil.CalculateReplicaCountsForTrafficRoutedCanary(rollout, nil, nil, nil)
				weight := replicasetutil.GetCurrentSetWeight(rollout)
				t.Logf("step %d: %d canary pods, %d %% of the users", index, canary, weight)
				if canary < before || stable != *rollout.Spec.Replicas {
					t.Errorf("step %d: %d canary pods after %d, %d stable", index, canary, before, stable)
				}
				if canary < 1 && (weight > 0 || !hadExperiment) {
					t.Errorf("step %d: no canary pods at %d %%", index, weight)
				}
				before = canary
			}
			if *rollout.Spec.Replicas != before {
				t.Errorf("%d canary pods in the end", before)
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
			text, err := os.ReadFile(filepath.Join(jobs, "demo-shop", "checkout-service.rollout.yaml"))
			if err != nil || !strings.Contains(string(text), change.old) {
				t.Fatalf("nothing to change: %v", err)
			}
			rollout := &v1alpha1.Rollout{}
			changed := strings.ReplaceAll(string(text), change.old, change.new)
			said := ""
			if err := strictly([]byte(changed), rollout); err != nil {
				said = err.Error()
			} else if rollout.Spec.Strategy.Canary.StableService == "" {
				said = validation.ValidateRollout(rollout).ToAggregate().Error()
			} else if found := validation.ValidateRolloutReferencedResources(
				rollout, references(t, builds(t)["demo-shop"], rollout)); len(found) > 0 {
				said = found.ToAggregate().Error()
			}
			if !strings.Contains(said, change.says) {
				t.Errorf("Argo says %q", said)
			}
		})
	}
}
