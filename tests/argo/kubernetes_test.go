package tests

import (
	"strings"
	"testing"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/apps"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	appsvalidation "k8s.io/kubernetes/pkg/apis/apps/validation"
	"k8s.io/kubernetes/pkg/apis/autoscaling"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	autoscalingvalidation "k8s.io/kubernetes/pkg/apis/autoscaling/validation"
	"k8s.io/kubernetes/pkg/apis/batch"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	batchvalidation "k8s.io/kubernetes/pkg/apis/batch/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	corevalidation "k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/apis/networking"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	networkingvalidation "k8s.io/kubernetes/pkg/apis/networking/validation"
	"k8s.io/kubernetes/pkg/apis/policy"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	policyvalidation "k8s.io/kubernetes/pkg/apis/policy/validation"
)

// refusals is what the API server says of an object after it has put its defaults in; false where it has
// no code for the kind.
func refusals(t *testing.T, versioned runtime.Object) (field.ErrorList, bool) {
	t.Helper()
	legacyscheme.Scheme.Default(versioned)
	inner, err := legacyscheme.Scheme.UnsafeConvertToVersion(versioned, runtime.InternalGroupVersioner)
	if err != nil {
		return nil, false
	}
	if object, ok := inner.(metav1.Object); ok && object.GetNamespace() == "" {
		object.SetNamespace("shop") // kubectl's -n
	}
	switch object := inner.(type) {
	case *apps.Deployment:
		return appsvalidation.ValidateDeployment(object, corevalidation.PodValidationOptions{}), true
	case *autoscaling.HorizontalPodAutoscaler:
		return autoscalingvalidation.ValidateHorizontalPodAutoscaler(
			object, autoscalingvalidation.HorizontalPodAutoscalerSpecValidationOptions{MinReplicasLowerBound: 1}), true
	case *batch.Job:
		// What the API server makes up for each Job.
		object.Spec.Selector = &metav1.LabelSelector{MatchLabels: object.Spec.Template.Labels}
		return batchvalidation.ValidateJobSpec(&object.Spec, field.NewPath("spec"), corevalidation.PodValidationOptions{}), true
	case *core.ConfigMap:
		return corevalidation.ValidateConfigMap(object), true
	case *core.Namespace:
		object.Namespace = ""
		return corevalidation.ValidateNamespace(object), true
	case *core.Service:
		return corevalidation.ValidateServiceCreate(object), true
	case *networking.Ingress:
		return networkingvalidation.ValidateIngressCreate(object), true
	case *networking.NetworkPolicy:
		return networkingvalidation.ValidateNetworkPolicy(object, networkingvalidation.NetworkPolicyValidationOptions{}), true
	case *policy.PodDisruptionBudget:
		return policyvalidation.ValidatePodDisruptionBudget(object, policyvalidation.PodDisruptionBudgetValidationOptions{}), true
	}
	return nil, false
}

func TestTheAPIServerSOwnCodeRefusesNothingThatIsBuilt(t *testing.T) {
	seen := map[string]int{}
	for folder, objects := range builds(t) {
		for _, each := range objects {
			versioned, ok := types[each.Kind].empty().(runtime.Object)
			if !ok {
				continue // a kind that Kubernetes has from elsewhere
			}
			if err := strictly(each.text, versioned); err != nil {
				t.Fatal(err)
			}
			found, known := refusals(t, versioned)
			if known {
				seen[each.Kind]++
			}
			for _, refusal := range found {
				t.Errorf("%s: %s %s: %v", folder, each.Kind, each.Name, refusal)
			}
		}
	}
	if len(seen) != len(types)-3 {
		t.Errorf("it has code for %v", seen)
	}
}

// jobOf is the Job that Argo makes of a template, with what a Rollout gives.
func jobOf(t *testing.T, template *v1alpha1.AnalysisTemplate, metric string) *batchv1.Job {
	t.Helper()
	spec := resolved(t, template)[metric].Provider.Job.Spec
	return &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "job", Namespace: "shop"}, Spec: *spec.DeepCopy()}
}

func TestTheAPIServerSOwnCodeRefusesNoJobOfATemplate(t *testing.T) {
	for name, metric := range map[string]string{
		"locust-canary-validation": "locust-validation", "canary-keep-alive": "keep-alive"} {
		all := builtTemplates(t, builds(t)["overlays/kind"])
		found, known := refusals(t, jobOf(t, all[name], metric))
		if !known || len(found) > 0 {
			t.Errorf("%s: %v", name, found.ToAggregate())
		}
	}
}

func TestWhatTheAPIServerRefusesIsSeen(t *testing.T) {
	for says, change := range map[string]func(*batchv1.Job){
		"spec.completions":                 func(job *batchv1.Job) { job.Spec.Completions = nil },
		"spec.template.spec.restartPolicy": func(job *batchv1.Job) { job.Spec.Template.Spec.RestartPolicy = "Always" },
		"spec.activeDeadlineSeconds":       func(job *batchv1.Job) { *job.Spec.ActiveDeadlineSeconds = -1 },
		"spec.template.spec.containers[0].volumeMounts[0].name": func(job *batchv1.Job) {
			job.Spec.Template.Spec.Volumes = job.Spec.Template.Spec.Volumes[1:]
		},
	} {
		t.Run(says, func(t *testing.T) {
			job := one[batchv1.Job](t, builds(t)["overlays/distributed"], "Job", "canarygate-load")
			change(job)
			found, _ := refusals(t, job)
			if len(found) == 0 || !strings.Contains(found.ToAggregate().Error(), says) {
				t.Errorf("it says %v", found.ToAggregate())
			}
		})
	}
}
