package tests

import (
	"sort"
	"strings"
	"testing"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/validation"
	corev1 "k8s.io/api/core/v1"
)

const endless = "canary-success-rate"

// aRollout has the templates in a step, or in the background.
func aRollout(kind validation.AnalysisTemplateType, analysis v1alpha1.RolloutAnalysis) *v1alpha1.Rollout {
	weight := int32(5)
	canary := &v1alpha1.CanaryStrategy{Steps: []v1alpha1.CanaryStep{{SetWeight: &weight}}}
	if kind == validation.BackgroundAnalysis {
		canary.Analysis = &v1alpha1.RolloutAnalysisBackground{RolloutAnalysis: analysis}
	} else {
		canary.Steps = append(canary.Steps, v1alpha1.CanaryStep{Analysis: &analysis})
	}
	return &v1alpha1.Rollout{Spec: v1alpha1.RolloutSpec{Strategy: v1alpha1.RolloutStrategy{Canary: canary}}}
}

// problems is what the controller says before it touches a ReplicaSet.
func problems(kind validation.AnalysisTemplateType, chosen []*v1alpha1.AnalysisTemplate,
	arguments []v1alpha1.AnalysisRunArgument) string {
	analysis := v1alpha1.RolloutAnalysis{Args: arguments}
	for _, template := range chosen {
		analysis.Templates = append(analysis.Templates, v1alpha1.AnalysisTemplateRef{TemplateName: template.Name})
	}
	found := validation.ValidateAnalysisTemplatesWithType(aRollout(kind, analysis), validation.AnalysisTemplatesWithType{
		AnalysisTemplates: chosen, TemplateType: kind, CanaryStepIndex: 1, Args: arguments,
	})
	if len(found) == 0 {
		return ""
	}
	return found.ToAggregate().Error()
}

func TestATemplateIsValidWhereItIsMeantToBe(t *testing.T) {
	all := templates(t)
	for name := range all {
		t.Run(name, func(t *testing.T) {
			kind := validation.InlineAnalysis
			if name == endless {
				kind = validation.BackgroundAnalysis
			}
			chosen := choose(all, name)
			if found := problems(kind, chosen, stepArguments(chosen)); found != "" {
				t.Error(found)
			}
			resolved(t, all[name])
		})
	}
}

func TestTheEndlessTemplateIsRefusedInAStep(t *testing.T) {
	chosen := choose(templates(t), endless)
	found := problems(validation.InlineAnalysis, chosen, stepArguments(chosen))
	if !strings.Contains(found, "runs indefinitely") {
		t.Errorf("Argo says %q", found)
	}
}

func TestTemplatesOfOneStepGoTogether(t *testing.T) {
	all := templates(t)
	var every []string
	for name := range all {
		if name != endless {
			every = append(every, name)
		}
	}
	sort.Strings(every)
	steps := map[string][]string{
		"after the gate": {"canary-verdict", "canary-memory", "canary-health"},
		"under users":    {"canary-error-rate", "canary-latency", "canary-memory", "canary-safe-weight"},
		"all at once":    every,
	}
	for title, names := range steps {
		t.Run(title, func(t *testing.T) {
			chosen := choose(all, names...)
			if found := problems(validation.InlineAnalysis, chosen, stepArguments(chosen)); found != "" {
				t.Error(found)
			}
		})
	}
}

func TestAnArgumentThatARolloutHasToGiveIsMissed(t *testing.T) {
	all := templates(t)
	for name, template := range all {
		kind := validation.InlineAnalysis
		if name == endless {
			kind = validation.BackgroundAnalysis
		}
		for _, declared := range template.Spec.Args {
			if declared.Value != nil {
				continue
			}
			t.Run(name+" "+declared.Name, func(t *testing.T) {
				chosen := choose(all, name)
				var rest []v1alpha1.AnalysisRunArgument
				for _, each := range stepArguments(chosen) {
					if each.Name != declared.Name {
						rest = append(rest, each)
					}
				}
				if found := problems(kind, chosen, rest); !strings.Contains(found, declared.Name) {
					t.Errorf("Argo says %q", found)
				}
			})
		}
	}
}

func TestTheJobIsWhatKubernetesWouldRun(t *testing.T) {
	metric := resolved(t, templates(t)["locust-canary-validation"])["locust-validation"]
	job := metric.Provider.Job.Spec
	if job.BackoffLimit == nil || *job.BackoffLimit != 0 || job.ActiveDeadlineSeconds == nil {
		t.Errorf("backoffLimit %v, activeDeadlineSeconds %v", job.BackoffLimit, job.ActiveDeadlineSeconds)
	}
	if job.Template.Spec.RestartPolicy != corev1.RestartPolicyNever || len(job.PodFailurePolicy.Rules) != 1 {
		t.Error("a pod failure policy needs restartPolicy Never")
	}
	environment := map[string]string{}
	for _, each := range job.Template.Spec.Containers[0].Env {
		environment[each.Name] = each.Value
	}
	for name, value := range map[string]string{
		"TARGET_HOST": given["canary-host"],
		"STABLE_HOST": given["stable-host"],
		"PUSH_LABELS": "namespace=shop,pod_template_hash=6b8c7",
		"STAGE":       "s05",
	} {
		if environment[name] != value {
			t.Errorf("%s is %q", name, environment[name])
		}
	}
	if count := metric.EffectiveCount(); count == nil || count.IntValue() != 1 {
		t.Errorf("the gate is run %v times", count)
	}
}
