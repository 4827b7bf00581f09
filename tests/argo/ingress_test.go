package tests

import (
	"context"
	"maps"
	"testing"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/rollout/trafficrouting/nginx"
	ingressutil "github.com/argoproj/argo-rollouts/utils/ingress"
	"github.com/argoproj/argo-rollouts/utils/record"
	networkingv1 "k8s.io/api/networking/v1"
	k8serrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"
	apitypes "k8s.io/apimachinery/pkg/types"
)

// cluster has one Ingress, and keeps the one that Argo makes of it.
type cluster struct {
	stable *networkingv1.Ingress
	canary *ingressutil.Ingress
}

func (c *cluster) GetCached(_, name string) (*ingressutil.Ingress, error) {
	if name == c.stable.Name {
		return ingressutil.NewIngress(c.stable), nil
	}
	return nil, k8serrors.NewNotFound(runtimeschema.GroupResource{}, name)
}

func (c *cluster) Get(_ context.Context, namespace, name string, _ metav1.GetOptions) (*ingressutil.Ingress, error) {
	return c.GetCached(namespace, name)
}

func (c *cluster) Create(_ context.Context, _ string, made *ingressutil.Ingress, _ metav1.CreateOptions) (*ingressutil.Ingress, error) {
	c.canary = made
	return made, nil
}

func (c *cluster) Patch(context.Context, string, string, apitypes.PatchType, []byte, metav1.PatchOptions, ...string) (*ingressutil.Ingress, error) {
	panic("there is nothing to patch")
}

// The header works before any weight, and the canary's Ingress has none of the annotations of stable's:
// ingress-nginx takes those of the main Ingress for both.
func TestTheCanarySIngressIsStableSWithAWeightAndAHeader(t *testing.T) {
	for folder, of := range rollouts(t) {
		t.Run(folder, func(t *testing.T) {
			canary := of.Spec.Strategy.Canary
			stable := one[networkingv1.Ingress](t, builds(t)[folder], "Ingress", canary.TrafficRouting.Nginx.StableIngress)
			seen := &cluster{stable: stable}
			err := nginx.NewReconciler(nginx.ReconcilerConfig{
				Rollout: of, Recorder: record.NewFakeEventRecorder(), IngressWrapper: seen,
				ControllerKind: v1alpha1.SchemeGroupVersion.WithKind("Rollout"),
			}).SetWeight(0)
			if err != nil || seen.canary == nil {
				t.Fatal(err)
			}
			made, err := seen.canary.GetNetworkingIngress()
			if err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(made.Annotations, map[string]string{
				"nginx.ingress.kubernetes.io/canary":           "true",
				"nginx.ingress.kubernetes.io/canary-weight":    "0",
				"nginx.ingress.kubernetes.io/canary-by-header": "X-Canary",
			}) {
				t.Error(made.Annotations)
			}
			rule, theirs := made.Spec.Rules[0], stable.Spec.Rules[0]
			if rule.Host != theirs.Host || len(made.Spec.Rules) != 1 ||
				rule.HTTP.Paths[0].Backend.Service.Name != canary.CanaryService ||
				theirs.HTTP.Paths[0].Backend.Service.Name != canary.StableService {
				t.Errorf("%v beside %v", made.Spec, stable.Spec)
			}
		})
	}
}
