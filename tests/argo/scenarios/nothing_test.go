package scenarios

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
)

// everyAnalysis of the Rollouts that jobs/demo-shop has, one of each kind: by its templates.
func (s *stack) everyAnalysis(t *testing.T) map[string]v1alpha1.RolloutAnalysis {
	t.Helper()
	found := map[string]v1alpha1.RolloutAnalysis{}
	keep := func(analysis *v1alpha1.RolloutAnalysis) {
		var names []string
		for _, each := range analysis.Templates {
			names = append(names, strings.TrimPrefix(each.TemplateName, "canary-"))
		}
		found[strings.Join(names, " ")] = *analysis
	}
	err := filepath.WalkDir(filepath.Join(s.root, "jobs/demo-shop"), func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".rollout.yaml") {
			rollout := &v1alpha1.Rollout{}
			s.decode(t, strings.TrimPrefix(path, s.root), rollout)
			canary := rollout.Spec.Strategy.Canary
			if canary.Analysis != nil {
				keep(&canary.Analysis.RolloutAnalysis)
			}
			for _, step := range canary.Steps {
				if step.Analysis != nil {
					keep(step.Analysis)
				}
			}
		}
		return err
	})
	if err != nil || len(found) < 6 {
		t.Fatalf("%d kinds of analyses: %v", len(found), err)
	}
	return found
}

// nothing: no Prometheus, no gateway, no weight service and no shop. Whatever a Rollout of ours asks then, the answer
// is not green.
func nothing(t *testing.T, s *stack, _, _ *pod) {
	r := s.release("c0")
	for title, analysis := range s.everyAnalysis(t) {
		changes := map[string]string{}
		for _, name := range []string{"prometheus-address", "pushgateway-url", "weights-url", "canary-host", "stable-host"} {
			if r.declares(analysis, name) {
				changes[name] = "http://127.0.0.1:" + freePort(t)
			}
		}
		changed := r.changed(t, analysis, changes)
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			name := r.analyse(t, changed, fourErrors)
			found := s.argo.await(t, name, limit)
			if !slices.Contains([]v1alpha1.AnalysisPhase{failed, broken}, found.Status.Phase) {
				t.Error("green: " + told(found))
			}
		})
	}
}
