package tests

import (
	"slices"
	"strings"
	"testing"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// verticalPodAutoscaler is what we use of autoscaling.k8s.io/v1, which is in no module of Argo's.
type verticalPodAutoscaler struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		TargetRef    autoscalingv2.CrossVersionObjectReference `json:"targetRef"`
		UpdatePolicy struct {
			UpdateMode string `json:"updateMode"`
		} `json:"updatePolicy"`
	} `json:"spec"`
}

// types is what an object of a kind is decoded into, and of which group and version it has to be.
var types = map[string]struct {
	version string
	empty   func() any
}{
	"AnalysisTemplate":        {"argoproj.io/v1alpha1", func() any { return &v1alpha1.AnalysisTemplate{} }},
	"Rollout":                 {"argoproj.io/v1alpha1", func() any { return &v1alpha1.Rollout{} }},
	"ConfigMap":               {"v1", func() any { return &corev1.ConfigMap{} }},
	"Namespace":               {"v1", func() any { return &corev1.Namespace{} }},
	"Service":                 {"v1", func() any { return &corev1.Service{} }},
	"Deployment":              {"apps/v1", func() any { return &appsv1.Deployment{} }},
	"Job":                     {"batch/v1", func() any { return &batchv1.Job{} }},
	"Ingress":                 {"networking.k8s.io/v1", func() any { return &networkingv1.Ingress{} }},
	"NetworkPolicy":           {"networking.k8s.io/v1", func() any { return &networkingv1.NetworkPolicy{} }},
	"HorizontalPodAutoscaler": {"autoscaling/v2", func() any { return &autoscalingv2.HorizontalPodAutoscaler{} }},
	"PodDisruptionBudget":     {"policy/v1", func() any { return &policyv1.PodDisruptionBudget{} }},
	"VerticalPodAutoscaler":   {"autoscaling.k8s.io/v1", func() any { return &verticalPodAutoscaler{} }},
}

func TestEveryObjectThatIsBuiltIsOneOfItsKind(t *testing.T) {
	kinds := map[string]bool{}
	for folder, objects := range builds(t) {
		for _, each := range objects {
			kinds[each.Kind] = true
			t.Run(folder+" "+each.Kind+" "+each.Name, func(t *testing.T) {
				if types[each.Kind].empty == nil {
					t.Fatal("a kind that nothing here knows")
				}
				meta := &metav1.TypeMeta{}
				if err := yaml.Unmarshal(each.text, meta); err != nil || meta.APIVersion != types[each.Kind].version {
					t.Errorf("%v: %s", err, meta.APIVersion)
				}
				if err := strictly(each.text, types[each.Kind].empty()); err != nil {
					t.Error(err)
				}
			})
		}
	}
	if len(kinds) != len(types) {
		t.Errorf("%d kinds are built, %d are known here", len(kinds), len(types))
	}
}

func TestAFieldOfAnotherNameOrTypeIsSeen(t *testing.T) {
	for kind, change := range map[string][2]string{
		"Job":                     {"backoffLimit: 0", "backoffLimits: 0"},
		"NetworkPolicy":           {"podSelector:", "podselector:"},
		"ConfigMap":               {"data:", "date:"},
		"Deployment":              {"replicas: 1", "replicas: one"},
		"HorizontalPodAutoscaler": {"selectPolicy: Disabled", "selectPolice: Disabled"},
		"VerticalPodAutoscaler":   {"updateMode:", "mode:"},
		"PodDisruptionBudget":     {"maxUnavailable: 1", "maxUnavailable: [1]"},
		"Service":                 {"targetPort: http", "target: http"},
		"Ingress":                 {"ingressClassName: nginx", "ingressClass: nginx"},
		"Namespace":               {"labels:", "label:"},
	} {
		t.Run(kind, func(t *testing.T) {
			all := slices.Concat(builds(t)["overlays/production"], builds(t)["base"], builds(t)["base/load"])
			text := string(only(kind, all)[0].text)
			if !strings.Contains(text, change[0]) {
				t.Fatal("nothing to change")
			}
			changed := []byte(strings.Replace(text, change[0], change[1], 1))
			if strictly(changed, types[kind].empty()) == nil {
				t.Error("it was not seen")
			}
		})
	}
}

// podsOf is every pod that an object makes, by the name of what makes it.
func podsOf(t *testing.T, each object) map[string]corev1.PodTemplateSpec {
	t.Helper()
	switch each.Kind {
	case "Rollout":
		return map[string]corev1.PodTemplateSpec{each.Name: decode[v1alpha1.Rollout](t, each).Spec.Template}
	case "Deployment":
		return map[string]corev1.PodTemplateSpec{each.Name: decode[appsv1.Deployment](t, each).Spec.Template}
	case "Job":
		return map[string]corev1.PodTemplateSpec{each.Name: decode[batchv1.Job](t, each).Spec.Template}
	case "AnalysisTemplate":
		found := map[string]corev1.PodTemplateSpec{}
		for _, metric := range decode[v1alpha1.AnalysisTemplate](t, each).Spec.Metrics {
			if metric.Provider.Job != nil {
				found[metric.Name] = metric.Provider.Job.Spec.Template
			}
		}
		return found
	}
	return nil
}

// As the Pod Security Standard `restricted` has it, and no token: in every build, for an overlay may undo it.
func TestEveryPodThatIsBuiltIsRestricted(t *testing.T) {
	seen := 0
	for folder, objects := range builds(t) {
		for _, each := range objects {
			for name, pod := range podsOf(t, each) {
				seen++
				t.Run(folder+" "+name, func(t *testing.T) {
					for _, wrong := range laxities(pod.Spec) {
						t.Error(wrong)
					}
				})
			}
		}
	}
	if seen != 19 {
		t.Errorf("%d pods, not 19", seen)
	}
}

// laxities is what keeps a pod from being restricted.
func laxities(pod corev1.PodSpec) []string {
	var found []string
	unless := func(holds bool, wrong string) {
		if !holds {
			found = append(found, wrong)
		}
	}
	is := func(value *bool, wanted bool) bool { return value != nil && *value == wanted }
	own := pod.SecurityContext
	unless(is(pod.AutomountServiceAccountToken, false), "it is given an API token")
	unless(!pod.HostNetwork && !pod.HostPID && !pod.HostIPC, "it shares the node's namespaces")
	unless(own != nil && is(own.RunAsNonRoot, true), "it may be root")
	unless(own != nil && own.SeccompProfile != nil && own.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault,
		"it has no seccomp profile")
	for _, volume := range pod.Volumes {
		unless(volume.EmptyDir != nil || volume.ConfigMap != nil, "it mounts "+volume.Name)
	}
	for _, container := range slices.Concat(pod.InitContainers, pod.Containers) {
		inner := container.SecurityContext
		unless(inner != nil && is(inner.AllowPrivilegeEscalation, false), "it may gain privileges")
		unless(inner != nil && is(inner.ReadOnlyRootFilesystem, true), "it may write everywhere")
		unless(inner != nil && inner.Capabilities != nil && slices.Equal(inner.Capabilities.Drop, []corev1.Capability{"ALL"}) &&
			len(inner.Capabilities.Add) == 0, "it keeps capabilities")
		unless(len(container.Resources.Requests) == 2, "it asks for no CPU or no memory")
	}
	return found
}

func TestALaxPodIsSeen(t *testing.T) {
	yes, no := true, false
	strict := func() corev1.PodSpec {
		return one[batchv1.Job](t, builds(t)["base/load"], "Job", "canarygate-load").Spec.Template.Spec
	}
	for wrong, loosen := range map[string]func(*corev1.PodSpec){
		"it is given an API token":        func(pod *corev1.PodSpec) { pod.AutomountServiceAccountToken = &yes },
		"it shares the node's namespaces": func(pod *corev1.PodSpec) { pod.HostNetwork = true },
		"it may be root":                  func(pod *corev1.PodSpec) { pod.SecurityContext.RunAsNonRoot = &no },
		"it has no seccomp profile":       func(pod *corev1.PodSpec) { pod.SecurityContext.SeccompProfile = nil },
		"it mounts results":               func(pod *corev1.PodSpec) { pod.Volumes[0].EmptyDir = nil },
		"it may gain privileges":          func(pod *corev1.PodSpec) { pod.Containers[0].SecurityContext.AllowPrivilegeEscalation = nil },
		"it may write everywhere":         func(pod *corev1.PodSpec) { pod.Containers[0].SecurityContext.ReadOnlyRootFilesystem = &no },
		"it keeps capabilities":           func(pod *corev1.PodSpec) { pod.Containers[0].SecurityContext.Capabilities = nil },
		"it asks for no CPU or no memory": func(pod *corev1.PodSpec) { pod.Containers[0].Resources.Requests = nil },
	} {
		t.Run(wrong, func(t *testing.T) {
			pod := strict()
			loosen(&pod)
			if found := laxities(pod); !slices.Equal(found, []string{wrong}) {
				t.Errorf("%q", found)
			}
		})
	}
}
