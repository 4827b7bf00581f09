package tests

import (
	"testing"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/rollout"
	analysisutil "github.com/argoproj/argo-rollouts/utils/analysis"
	"github.com/argoproj/argo-rollouts/utils/annotations"
	templateutil "github.com/argoproj/argo-rollouts/utils/template"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// replicaSet is one of a Rollout's own, as the controller makes it.
func replicaSet(of *v1alpha1.Rollout, hash string) *appsv1.ReplicaSet {
	found := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{
		Name: of.Name + "-" + hash, Labels: map[string]string{v1alpha1.DefaultRolloutUniqueLabelKey: hash}}}
	found.Spec.Template = *of.Spec.Template.DeepCopy()
	found.Spec.Template.Labels[v1alpha1.DefaultRolloutUniqueLabelKey] = hash
	found.Spec.Selector = of.Spec.Selector.DeepCopy()
	return found
}

// anExperiment is what the Rollout's controller makes of the Rollout's step: of its canary and its stable
// ReplicaSet, in revision 7.
func anExperiment(t *testing.T) (*v1alpha1.Rollout, *v1alpha1.Experiment) {
	t.Helper()
	found := rollouts(t)["demo-shop/experiment"]
	found.Namespace, found.UID = "shop", "0a1b"
	found.Annotations = map[string]string{annotations.RevisionAnnotation: "7"}
	step := int32(0)
	found.Status.CurrentStepIndex = &step
	experiment, err := rollout.GetExperimentFromTemplate(found, replicaSet(found, "5d7f4"), replicaSet(found, "6b8c7"))
	if err != nil || experiment == nil {
		t.Fatalf("%v: %v", err, experiment)
	}
	experiment.TypeMeta = metav1.TypeMeta{APIVersion: "argoproj.io/v1alpha1", Kind: "Experiment"}
	return found, experiment
}

func TestTheExperimentIsOneThatTheAPIServerTakesAndThatEnds(t *testing.T) {
	_, experiment := anExperiment(t)
	text, err := yaml.Marshal(experiment)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range schemas(t)["Experiment"].faults(t, text) {
		t.Error(fault)
	}
	// Without a duration it ends with the analyses that are required, and without any never.
	required := 0
	for _, each := range experiment.Spec.Analyses {
		if each.RequiredForCompletion {
			required++
		}
	}
	if experiment.Spec.Duration != "" || required != 1 || len(experiment.Spec.Analyses) != 1 {
		t.Errorf("%d of %d analyses are required, duration %q", required, len(experiment.Spec.Analyses), experiment.Spec.Duration)
	}
	from := map[string]string{"baseline": "5d7f4", "canary": "6b8c7"}
	for _, each := range experiment.Spec.Templates {
		if hash := each.Template.Labels[v1alpha1.DefaultRolloutUniqueLabelKey]; hash != from[each.Name] {
			t.Errorf("%s is made of %s", each.Name, hash)
		}
		if each.Service == nil || len(each.Template.Spec.Containers[0].Ports) != 1 {
			t.Errorf("%s has no Service, or none with a port", each.Name)
		}
	}
}

func TestTheExperimentSGateIsGivenTheExperimentSPodsAndTheRolloutSHash(t *testing.T) {
	of, experiment := anExperiment(t)
	// The Experiment's own ReplicaSets have names and hashes of their own.
	sets := map[string]*appsv1.ReplicaSet{}
	for _, each := range experiment.Spec.Templates {
		sets[each.Name] = replicaSet(of, "own-of-"+each.Name)
		sets[each.Name].Name = experiment.Name + "-" + each.Name
	}
	if experiment.Name[len(experiment.Name)-4:] != "-7-0" || len(sets["baseline"].Name) > 63 {
		t.Errorf("the Experiment is called %s", experiment.Name)
	}
	analysis := experiment.Spec.Analyses[0]
	var arguments []v1alpha1.Argument
	for _, each := range analysis.Args {
		value, err := templateutil.ResolveExperimentArgsValue(*each.Value, experiment, sets)
		if err != nil {
			t.Fatalf("%s: %v", each.Name, err)
		}
		arguments = append(arguments, v1alpha1.Argument{Name: each.Name, Value: &value})
	}
	template := builtTemplates(t, builds(t)["demo-shop/experiment"])[analysis.TemplateName]
	run, err := analysisutil.NewAnalysisRunFromTemplates(
		[]*v1alpha1.AnalysisTemplate{template}, nil, arguments, nil, nil, nil, nil, "run", "", "shop")
	if err != nil {
		t.Fatal(err)
	}
	metric, err := analysisutil.ResolveMetricArgs(run.Spec.Metrics[0], run.Spec.Args)
	if err == nil {
		err = analysisutil.ValidateMetrics([]v1alpha1.Metric{*metric})
	}
	if err != nil {
		t.Fatal(err)
	}
	environment := map[string]string{}
	for _, each := range metric.Provider.Job.Spec.Template.Spec.Containers[0].Env {
		environment[each.Name] = each.Value
	}
	for name, value := range map[string]string{
		"TARGET_HOST": "http://" + sets["canary"].Name + ":8080",
		"STABLE_HOST": "http://" + sets["baseline"].Name + ":8080",
		"PUSH_LABELS": "namespace=shop,pod_template_hash=6b8c7",
		"STAGE":       "s00",
	} {
		if environment[name] != value {
			t.Errorf("%s is %q", name, environment[name])
		}
	}
}

func TestANameThatTheExperimentHasNotIsSeen(t *testing.T) {
	_, experiment := anExperiment(t)
	if _, err := templateutil.ResolveExperimentArgsValue("{{templates.stable.replicaset.name}}", experiment, nil); err == nil {
		t.Error("it was not seen")
	}
}
