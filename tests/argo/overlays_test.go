package tests

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	analysisutil "github.com/argoproj/argo-rollouts/utils/analysis"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// --- production ---

func TestAConnectionIsNotCut(t *testing.T) {
	objects := builds(t)["overlays/production"]
	shop := one[v1alpha1.Rollout](t, objects, "Rollout", "checkout-service")
	ingress := one[networkingv1.Ingress](t, objects, "Ingress", "checkout-ingress")
	pod, canary := shop.Spec.Template.Spec, shop.Spec.Strategy.Canary
	var longest int64
	if _, err := fmt.Sscan(ingress.Annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"], &longest); err != nil {
		t.Fatal(err)
	}
	stays := pod.Containers[0].Lifecycle.PreStop.Sleep.Seconds
	if *pod.TerminationGracePeriodSeconds < stays+longest {
		t.Errorf("%d s of grace for %d s of sleep and a request of %d s", *pod.TerminationGracePeriodSeconds, stays, longest)
	}
	for name, delay := range map[string]*int32{
		"promotion": canary.ScaleDownDelaySeconds, "abort": canary.AbortScaleDownDelaySeconds} {
		if delay == nil || int64(*delay) < longest {
			t.Errorf("after a %s pods go before a request of %d s is over", name, longest)
		}
	}
	ready := pod.Containers[0].ReadinessProbe
	pods := int32(20) // as many as the autoscaler may make, one after another in the worst case
	if shop.Spec.MinReadySeconds < 2*ready.PeriodSeconds*ready.SuccessThreshold ||
		*shop.Spec.ProgressDeadlineSeconds < pods*shop.Spec.MinReadySeconds {
		t.Errorf("minReadySeconds %d, progressDeadlineSeconds %d", shop.Spec.MinReadySeconds, *shop.Spec.ProgressDeadlineSeconds)
	}
}

func TestTheAutoscalersHoldStillDuringACanary(t *testing.T) {
	objects := builds(t)["overlays/production"]
	shop := one[v1alpha1.Rollout](t, objects, "Rollout", "checkout-service")
	paused := one[autoscalingv2.HorizontalPodAutoscaler](t, objects, "HorizontalPodAutoscaler", shop.Name)
	released := one[autoscalingv2.HorizontalPodAutoscaler](
		t, builds(t)["overlays/production/autoscaling"], "HorizontalPodAutoscaler", shop.Name)
	vertical := one[verticalPodAutoscaler](t, objects, "VerticalPodAutoscaler", shop.Name)
	off := autoscalingv2.DisabledPolicySelect
	if *paused.Spec.Behavior.ScaleUp.SelectPolicy != off || *paused.Spec.Behavior.ScaleDown.SelectPolicy != off {
		t.Error("the horizontal one scales")
	}
	if *released.Spec.Behavior.ScaleUp.SelectPolicy == off || *released.Spec.Behavior.ScaleDown.SelectPolicy == off {
		t.Error("between releases it does not")
	}
	if vertical.Spec.UpdatePolicy.UpdateMode != "Off" {
		t.Error("the vertical one changes pods")
	}
	target := autoscalingv2.CrossVersionObjectReference{APIVersion: shop.APIVersion, Kind: "Rollout", Name: shop.Name}
	if paused.Spec.ScaleTargetRef != target || released.Spec.ScaleTargetRef != target || vertical.Spec.TargetRef != target {
		t.Error("they are not the Rollout's")
	}
	// But for the pause they are one object, and the number of pods is theirs.
	if paused.Namespace != released.Namespace || *paused.Spec.MinReplicas != *released.Spec.MinReplicas ||
		paused.Spec.MaxReplicas != released.Spec.MaxReplicas || !reflect.DeepEqual(paused.Spec.Metrics, released.Spec.Metrics) ||
		shop.Spec.Replicas != nil {
		t.Error("a release would change more than the pause, or set the number of pods")
	}
}

func TestADrainTakesPodsOfBothVersionsOneAtATime(t *testing.T) {
	objects := builds(t)["overlays/production"]
	shop := one[v1alpha1.Rollout](t, objects, "Rollout", "checkout-service")
	budget := one[policyv1.PodDisruptionBudget](t, objects, "PodDisruptionBudget", shop.Name)
	selector, err := metav1.LabelSelectorAsSelector(budget.Spec.Selector)
	if err != nil || !selector.Matches(labels.Set(shop.Spec.Template.Labels)) || budget.Spec.MaxUnavailable.IntValue() != 1 {
		t.Errorf("%v: %v", err, budget.Spec)
	}
}

// --- kind ---

func TestOnALaptopEveryImageIsTheOneThatWasBuiltThere(t *testing.T) {
	seen := 0
	for _, each := range builds(t)["overlays/kind"] {
		for name, pod := range podsOf(t, each) {
			for _, container := range pod.Spec.Containers {
				seen++
				image := container.Image
				if image == "{{args.image}}" {
					image = argument(t, decode[v1alpha1.AnalysisTemplate](t, each), "image")
				}
				if !strings.HasPrefix(image, "canarygate:") || container.ImagePullPolicy != corev1.PullNever {
					t.Errorf("%s: %s, %s", name, image, container.ImagePullPolicy)
				}
			}
		}
	}
	if seen != 3 {
		t.Errorf("%d containers, not 3", seen)
	}
}

func argument(t *testing.T, template *v1alpha1.AnalysisTemplate, name string) string {
	t.Helper()
	for _, each := range template.Spec.Args {
		if each.Name == name && each.Value != nil {
			return *each.Value
		}
	}
	t.Fatalf("%s has no default for %s", template.Name, name)
	return ""
}

func TestOnALaptopLoadStandsForUsersFromTheFirstWeightOn(t *testing.T) {
	objects := builds(t)["overlays/kind"]
	for name, template := range builtTemplates(t, objects) {
		for _, each := range template.Spec.Args {
			if each.Name == "traffic-matcher" && *each.Value != `traffic="synthetic"` {
				t.Errorf("%s asks for %s", name, *each.Value)
			}
		}
	}
	canary := one[v1alpha1.Rollout](t, objects, "Rollout", "checkout-service").Spec.Strategy.Canary
	start := canary.Steps[*canary.Analysis.StartingStep]
	if canary.Analysis.Templates[0].TemplateName != "canary-keep-alive" || start.SetWeight == nil || *start.SetWeight != 5 {
		t.Errorf("%v begins at %v", canary.Analysis.Templates, start)
	}
}

// Said in the template, so that no Rollout can forget it: its end can abort nothing, and nothing else is
// a dry run with it.
func TestTheLoadThatLastsIsADryRunAndAlone(t *testing.T) {
	objects := builds(t)["overlays/kind"]
	canary := one[v1alpha1.Rollout](t, objects, "Rollout", "checkout-service").Spec.Strategy.Canary
	all := builtTemplates(t, objects)
	var arguments []v1alpha1.Argument
	for _, each := range canary.Analysis.Args {
		arguments = append(arguments, v1alpha1.Argument{Name: each.Name, Value: &each.Value})
	}
	for _, each := range []v1alpha1.AnalysisRunArgument{
		{Name: "namespace", Value: "shop"}, {Name: "rollout", Value: "web"}, {Name: "canary-hash", Value: "6b8c7"}} {
		arguments = append(arguments, v1alpha1.Argument{Name: each.Name, Value: &each.Value})
	}
	run, err := analysisutil.NewAnalysisRunFromTemplates(
		choose(all, "canary-keep-alive", "canary-health"), nil, arguments, canary.Analysis.DryRun, nil, nil, nil, "run", "", "shop")
	if err != nil {
		t.Fatal(err)
	}
	dry, err := analysisutil.GetDryRunMetrics(run.Spec.DryRun, run.Spec.Metrics)
	if err != nil || len(dry) != 1 || !dry["keep-alive"] || len(run.Spec.Metrics) != 3 {
		t.Errorf("%v: %v of %d", err, dry, len(run.Spec.Metrics))
	}
}

// --- distributed ---

func TestEveryPodOfTheDistributedLoadHasAGroupOfItsOwn(t *testing.T) {
	job := one[batchv1.Job](t, builds(t)["overlays/distributed"], "Job", "canarygate-load")
	if *job.Spec.CompletionMode != batchv1.IndexedCompletion || *job.Spec.Completions != *job.Spec.Parallelism ||
		*job.Spec.Parallelism < 2 || *job.Spec.BackoffLimit != 0 {
		t.Errorf("%v", job.Spec)
	}
	var names []string
	for _, each := range job.Spec.Template.Spec.Containers[0].Env {
		names = append(names, each.Name)
		if each.Name == "SHARD" && each.ValueFrom.FieldRef.FieldPath != "metadata.annotations['"+batchv1.JobCompletionIndexAnnotation+"']" {
			t.Errorf("the shard is %s", each.ValueFrom.FieldRef.FieldPath)
		}
		if each.Name == "PUSH_LABELS" && (each.Value != "namespace=$(NAMESPACE),shard=$(SHARD)" ||
			!slices.Contains(names, "SHARD") || !slices.Contains(names, "NAMESPACE")) {
			t.Errorf("%s after %v", each.Value, names)
		}
	}
	spread, err := metav1.LabelSelectorAsSelector(job.Spec.Template.Spec.TopologySpreadConstraints[0].LabelSelector)
	if err != nil || !spread.Matches(labels.Set(job.Spec.Template.Labels)) {
		t.Errorf("%v: they are spread among others", err)
	}
}

// --- the background ---

func TestTheBackgroundSPausesAreLongerThanWhatItWaitsFor(t *testing.T) {
	objects := builds(t)["demo-shop/background"]
	canary := one[v1alpha1.Rollout](t, objects, "Rollout", "checkout-service").Spec.Strategy.Canary
	var lasts time.Duration
	for _, step := range canary.Steps[*canary.Analysis.StartingStep:] {
		if step.Pause != nil {
			lasts += time.Duration(step.Pause.DurationSeconds()) * time.Second
		}
	}
	for _, each := range canary.Analysis.Templates {
		window, err := time.ParseDuration(argument(t, builtTemplates(t, objects)[each.TemplateName], "window"))
		if err != nil || lasts < 2*window {
			t.Errorf("%v: %s waits %s of %s", err, each.TemplateName, window, lasts)
		}
	}
}
