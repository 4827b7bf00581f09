package scenarios

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	analysisutil "github.com/argoproj/argo-rollouts/utils/analysis"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/uuid"
)

const (
	gateTemplate    = "locust-canary-validation"
	verdictTemplate = "canary-verdict"
	window          = "16s" // eight scrapes
)

// patch changes a field that no argument reaches. These are all:
type patch func(*v1alpha1.Metric)

// fourErrors: canary-verdict asks thirteen times, for two minutes, before nothing is an answer. One
// scenario leaves it so.
func fourErrors(metric *v1alpha1.Metric) {
	if metric.Name == "verdict" {
		limit := intstr.FromInt32(3)
		metric.ConsecutiveErrorLimit = &limit
	}
}

// deadline: ten minutes as it is shipped, and an integer.
func deadline(seconds int64) patch {
	return func(metric *v1alpha1.Metric) { metric.Provider.Job.Spec.ActiveDeadlineSeconds = &seconds }
}

// noNode: a pod that stays pending.
func noNode(metric *v1alpha1.Metric) {
	metric.Provider.Job.Spec.Template.Spec.NodeSelector = map[string]string{"no": "such"}
}

// release is one: the canary's hash, and what its author gives for the arguments of the templates.
type release struct {
	*stack
	hash, stable string
}

func (s *stack) release(hash string) release { return release{s, hash, stableRS} }

// given is what a Rollout has to say in a step: what the templates declare without a default.
func (r release) given(t *testing.T, templates []string, changes map[string]string) v1alpha1.RolloutAnalysis {
	t.Helper()
	field := func(path string) *v1alpha1.ArgumentValueFrom {
		return &v1alpha1.ArgumentValueFrom{FieldRef: &v1alpha1.FieldRef{FieldPath: path}}
	}
	latest, stable := v1alpha1.Latest, v1alpha1.Stable
	known := map[string]v1alpha1.AnalysisRunArgument{
		"service":     {Value: r.rollout.Name},
		"namespace":   {ValueFrom: field("metadata.namespace")},
		"rollout":     {ValueFrom: field("metadata.name")},
		"canary-hash": {ValueFrom: &v1alpha1.ArgumentValueFrom{PodTemplateHashValue: &latest}},
		"stable-hash": {ValueFrom: &v1alpha1.ArgumentValueFrom{PodTemplateHashValue: &stable}},
		"stage":       {Value: "s00"},
		"wanted":      {Value: "50"},
	}
	found := v1alpha1.RolloutAnalysis{}
	for _, name := range templates {
		found.Templates = append(found.Templates, v1alpha1.AnalysisTemplateRef{TemplateName: name})
		for _, declared := range r.templates[name].Spec.Args {
			argument, is := known[declared.Name]
			if !is || declared.Value != nil || slices.ContainsFunc(found.Args, named(declared.Name)) {
				continue
			}
			argument.Name = declared.Name
			found.Args = append(found.Args, argument)
		}
	}
	return r.changed(t, found, changes)
}

// shipped is a step of jobs/demo-shop as it is: the first gate's, or the one after it.
func (r release) shipped(t *testing.T, after int, changes map[string]string) v1alpha1.RolloutAnalysis {
	t.Helper()
	var analyses []v1alpha1.RolloutAnalysis
	gate := -1
	for _, step := range r.rollout.Spec.Strategy.Canary.Steps {
		if step.Analysis == nil {
			continue
		}
		if gate < 0 && step.Analysis.Templates[0].TemplateName == gateTemplate {
			gate = len(analyses)
		}
		analyses = append(analyses, *step.Analysis.DeepCopy())
	}
	if gate < 0 || gate+after >= len(analyses) {
		t.Fatal("jobs/demo-shop has no gate with an analysis after it")
	}
	return r.changed(t, analyses[gate+after], changes)
}

func named(name string) func(v1alpha1.AnalysisRunArgument) bool {
	return func(each v1alpha1.AnalysisRunArgument) bool { return each.Name == name }
}

// changed has what its author gives in place of what was given, and where the stack is. A name that no
// template declares is a mistake of the scenario: Argo would drop it, silently.
func (r release) changed(t *testing.T, analysis v1alpha1.RolloutAnalysis, changes map[string]string) v1alpha1.RolloutAnalysis {
	t.Helper()
	where := map[string]string{
		"prometheus-address": r.prometheus, "pushgateway-url": r.gateway, "weights-url": r.weights, "window": window,
		"policy": r.policy, "locust-file": filepath.Join(r.root, "tests/live/flows/quick_flow.py"),
		"users": "8", "spawn-rate": "20", "run-time": "30s", "min-run-time": "10s",
		// As long as the scenarios are; as far ahead as ten times that, like the defaults.
		"memory-window": "20s", "memory-recent": "12s", "memory-min-samples": "6", "horizon-seconds": "200",
	}
	set := func(name, value string) {
		given := v1alpha1.AnalysisRunArgument{Name: name, Value: value}
		if index := slices.IndexFunc(analysis.Args, named(name)); index >= 0 {
			analysis.Args[index] = given
		} else {
			analysis.Args = append(analysis.Args, given)
		}
	}
	for name, value := range where {
		if r.declares(analysis, name) {
			set(name, value)
		}
	}
	for name, value := range changes {
		if !r.declares(analysis, name) {
			t.Fatalf("no template declares %s", name)
		}
		set(name, value)
	}
	return analysis
}

// declares says whether one of the analysis' templates has an argument of that name.
func (r release) declares(analysis v1alpha1.RolloutAnalysis, name string) bool {
	return slices.ContainsFunc(analysis.Templates, func(each v1alpha1.AnalysisTemplateRef) bool {
		return slices.ContainsFunc(r.templates[each.TemplateName].Spec.Args, func(argument v1alpha1.Argument) bool {
			return argument.Name == name
		})
	})
}

// analyse makes the AnalysisRun of a step as the Rollout controller does, and returns its name.
func (r release) analyse(t *testing.T, analysis v1alpha1.RolloutAnalysis, patches ...patch) string {
	t.Helper()
	replicaSet := func(hash string) *appsv1.ReplicaSet {
		return &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{
			Labels: map[string]string{v1alpha1.DefaultRolloutUniqueLabelKey: hash}}}
	}
	arguments, err := analysisutil.BuildArgumentsForRolloutAnalysisRun(
		analysis.Args, replicaSet(r.stable), replicaSet(r.hash), r.rollout)
	if err != nil {
		t.Fatal(err)
	}
	var templates []*v1alpha1.AnalysisTemplate
	for _, each := range analysis.Templates {
		template := r.templates[each.TemplateName].DeepCopy()
		for index := range template.Spec.Metrics {
			for _, change := range patches {
				change(&template.Spec.Metrics[index])
			}
		}
		templates = append(templates, template)
	}
	id := uuid.NewUUID()
	name := fmt.Sprintf("%s-%s", regexp.MustCompile("[^a-z0-9]+").ReplaceAllString(strings.ToLower(t.Name()), "-"), id[:6])
	run, err := analysisutil.NewAnalysisRunFromTemplates(
		templates, nil, arguments, analysis.DryRun, analysis.MeasurementRetention,
		analysisutil.StepLabels(0, r.hash, ""), nil, name, "", r.rollout.Namespace)
	if err != nil {
		t.Fatal(err)
	}
	run.UID = id // as the API server gives one
	run.OwnerReferences = []metav1.OwnerReference{
		*metav1.NewControllerRef(r.rollout, v1alpha1.SchemeGroupVersion.WithKind("Rollout"))}
	created, err := r.argo.runs.ArgoprojV1alpha1().AnalysisRuns(namespace).Create(
		context.Background(), run, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return created.Name
}
