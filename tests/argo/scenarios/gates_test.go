package scenarios

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
)

const (
	successful   = v1alpha1.AnalysisPhaseSuccessful
	failed       = v1alpha1.AnalysisPhaseFailed
	inconclusive = v1alpha1.AnalysisPhaseInconclusive
	broken       = v1alpha1.AnalysisPhaseError

	// Longer than any run here takes by far; what takes that long is a mistake.
	limit = 200 * time.Second
)

// expect waits for the end of a run: its phase, and that of a metric which may have decided.
func (s *stack) expect(t *testing.T, name string, phase v1alpha1.AnalysisPhase, metrics ...string) *v1alpha1.AnalysisRun {
	t.Helper()
	found := s.argo.await(t, name, limit)
	decided := slices.ContainsFunc(found.Status.MetricResults, func(each v1alpha1.MetricResult) bool {
		return each.Phase == phase && slices.Contains(metrics, each.Name)
	})
	if found.Status.Phase != phase || !decided {
		t.Errorf("%s by one of %v expected; Argo says: %s\n%s", phase, metrics, told(found), s.gateLogs(name))
	}
	t.Logf("%s", told(found))
	return found
}

// expectGate is that for a gate; an exit code because any but 0 is a Job that has failed.
func (s *stack) expectGate(t *testing.T, name string, phase v1alpha1.AnalysisPhase, code int) {
	t.Helper()
	s.expect(t, name, phase, "locust-validation")
	pods := s.gatesOf(name)
	eventually(t, patience, "the gate is gone", func() bool { return isClosed(pods[0].done) })
	if len(pods) != 1 || pods[0].process == nil || pods[0].process.ProcessState.ExitCode() != code {
		t.Errorf("one gate that ends with %d expected, not %d gates:\n%s", code, len(pods), s.gateLogs(name))
	}
}

// gatesOf a run: the pods of its Jobs.
func (s *stack) gatesOf(name string) []*gatePod {
	var found []*gatePod
	for _, each := range s.kubelet.all() {
		if each.job.Annotations["analysisrun.argoproj.io/name"] == name {
			found = append(found, each)
		}
	}
	return found
}

func (s *stack) gateLogs(name string) string {
	text := ""
	for _, each := range s.gatesOf(name) {
		if each.process != nil {
			text += each.process.said()
		}
	}
	return text
}

// gateStep starts the first gate of jobs/demo-shop; a slot is held until its pod is gone.
func (r release) gateStep(t *testing.T, canary, stable *pod, changes map[string]string, patches ...patch) string {
	t.Helper()
	all := map[string]string{"canary-host": canary.url(), "stable-host": stable.url()}
	maps.Copy(all, changes)
	analysis := r.shipped(t, 0, all)
	r.slots <- struct{}{}
	var gone <-chan struct{}
	defer func() {
		go func() {
			if gone != nil { // else there is no Job, and the scenario has failed
				<-gone
			}
			<-r.slots
		}()
	}()
	name := r.analyse(t, analysis, patches...)
	eventually(t, patience, "Argo makes a Job", func() bool { return len(r.gatesOf(name)) > 0 })
	gone = r.gatesOf(name)[0].done
	return name
}

// verdict is the step after the gate, without canary-memory and canary-health.
func (r release) verdict(t *testing.T, changes map[string]string, patches ...patch) string {
	t.Helper()
	return r.analyse(t, r.given(t, []string{verdictTemplate}, changes), patches...)
}

// asks starts a run of templates under users.
func (r release) asks(t *testing.T, changes map[string]string, templates ...string) string {
	t.Helper()
	return r.analyse(t, r.given(t, templates, changes))
}
