package scenarios

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// comeBy waits for a whole window of users: before it, the weight service does not know.
func (s *stack) comeBy(t *testing.T, hashes ...string) {
	t.Helper()
	for _, hash := range hashes {
		query := fmt.Sprintf(`sum(increase(http_requests_total{pod=~".*-%s-.*",traffic="user"}[%s])) > 550`, hash, window)
		eventually(t, patience, "users have come by", func() bool { return holds(t, s.prometheus, query) })
	}
}

func healthyUsers(t *testing.T, s *stack, _, _ *pod) {
	r := s.release(wellRS)
	s.comeBy(t, stableRS, wellRS)
	background := r.asks(t, nil, "canary-success-rate")
	step := r.asks(t, nil, "canary-error-rate", "canary-latency", "canary-health", "canary-safe-weight")
	whole := s.expect(t, step, successful, "safe-weight")
	for _, each := range whole.Status.MetricResults {
		if each.Phase != successful || each.Count < 2 && each.Name != "safe-weight-told" {
			t.Errorf("%s: %s after %d", each.Name, each.Phase, each.Count)
		}
	}
	// It goes on until the rollout is over; then Argo terminates it.
	eventually(t, limit, "the background analysis has measured", func() bool {
		found := s.argo.get(t, background).Status.MetricResults
		return len(found) == 2 && found[0].Count >= 2 && found[1].Count >= 2
	})
	s.argo.terminate(t, background)
	s.expect(t, background, successful, "success-rate")
}

func failingUsers(t *testing.T, s *stack, _, _ *pod) {
	r := s.release("b1")
	visit(t, s.deploy(t, r.hash, "error=503:12%"), 24)
	s.comeBy(t, stableRS, r.hash)
	errors := r.asks(t, nil, "canary-health", "canary-error-rate")
	background := r.asks(t, nil, "canary-success-rate")
	weight := r.asks(t, map[string]string{"weights-url": s.otherWeights}, "canary-safe-weight")
	s.expect(t, errors, failed, "error-rate")
	s.expect(t, background, failed, "success-rate", "success-vs-stable")
	s.expect(t, weight, failed, "safe-weight")
}

func slowUsers(t *testing.T, s *stack, _, _ *pod) {
	r := s.release("b2")
	visit(t, s.deploy(t, r.hash, "latency=200-800ms"), 60)
	s.expect(t, r.asks(t, nil, "canary-latency"), failed, "p95-vs-stable", "p99-vs-stable")
}

func fewUsers(t *testing.T, s *stack, _, _ *pod) {
	r := s.release("b3")
	visit(t, s.deploy(t, r.hash, ""), 1)
	errors, latency := r.asks(t, nil, "canary-error-rate"), r.asks(t, nil, "canary-latency")
	background := r.asks(t, nil, "canary-success-rate")
	weight := r.asks(t, map[string]string{"weights-url": s.otherWeights}, "canary-safe-weight")
	s.expect(t, errors, inconclusive, "error-rate")
	s.expect(t, latency, inconclusive, "p95", "p99", "p95-vs-stable", "p99-vs-stable")
	s.expect(t, background, inconclusive, "success-rate", "success-vs-stable")
	s.expect(t, weight, inconclusive, "safe-weight", "safe-weight-told")
}

// noPods: another hash than the pods have; and one that was left empty, which names no revision.
func noPods(t *testing.T, s *stack, _, _ *pod) {
	for title, r := range map[string]release{"another hash": s.release("7c9d8e5a1"), "no hash": s.release("")} {
		runs := map[string][]string{}
		for template, metrics := range map[string][]string{
			"canary-error-rate":   {"error-rate"},
			"canary-latency":      {"p95", "p99", "p95-vs-stable", "p99-vs-stable"},
			"canary-success-rate": {"success-rate", "success-vs-stable"},
			"canary-health":       {"pods-ready", "restarts"},
			"canary-memory":       {"memory-saturation", "memory-growth"},
		} {
			runs[r.asks(t, nil, template)] = metrics
		}
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			for name, metrics := range runs {
				s.expect(t, name, broken, metrics...)
			}
		})
	}
}

// prometheusDown: canary-verdict as it is shipped, with its thirteen tries.
func prometheusDown(t *testing.T, s *stack, _, _ *pod) {
	r := s.release(wellRS)
	down := map[string]string{"prometheus-address": "http://127.0.0.1:" + freePort(t)}
	verdict, errors := r.verdict(t, down), r.asks(t, down, "canary-error-rate")
	memory, health := r.asks(t, down, "canary-memory"), r.asks(t, down, "canary-health")
	s.expect(t, health, broken, "pods-ready", "restarts")
	s.expect(t, errors, broken, "error-rate")
	s.expect(t, memory, broken, "memory-saturation", "memory-growth")
	s.expect(t, verdict, broken, "verdict")
}

func leak(t *testing.T, s *stack, _, _ *pod) {
	r := s.release("b4")
	s.deploy(t, r.hash, "leak=5MB/s")
	query := `count_over_time(container_memory_working_set_bytes{container="checkout",pod=~".*-b4-.*"}[20s]) >= 9`
	eventually(t, patience, "Prometheus has seen it grow", func() bool { return holds(t, s.prometheus, query) })
	s.expect(t, r.asks(t, nil, "canary-memory", "canary-health"), failed, "memory-growth")
}

func restarts(t *testing.T, s *stack, _, _ *pod) {
	r := s.release("b5")
	s.restart(t, s.deploy(t, r.hash, ""))
	query := `kube_pod_container_status_restarts_total{pod=~".*-b5-.*"} == 1`
	eventually(t, patience, "Prometheus has seen the restart", func() bool { return holds(t, s.prometheus, query) })
	s.expect(t, r.asks(t, nil, "canary-health"), failed, "restarts")
}

func notReady(t *testing.T, s *stack, _, _ *pod) {
	r := s.release("b6")
	s.deploy(t, r.hash, "unready=600s")
	query := `kube_pod_status_ready{pod=~".*-b6-.*",condition="true"} == 0`
	eventually(t, patience, "Prometheus knows", func() bool { return holds(t, s.prometheus, query) })
	s.expect(t, r.asks(t, nil, "canary-health"), failed, "pods-ready")
}

func weightsDown(t *testing.T, s *stack, _, _ *pod) {
	r := s.release(wellRS)
	down := map[string]string{"weights-url": "http://127.0.0.1:" + freePort(t)}
	s.expect(t, r.asks(t, down, "canary-safe-weight"), broken, "safe-weight")
}

// anyPage: somebody else answers at `weights-url`, with 200 and a page, which Argo takes for a success. Nobody asked
// the weight service about this Rollout, so that Prometheus knows nothing.
func anyPage(t *testing.T, s *stack, _, _ *pod) {
	page := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		_, _ = answer.Write([]byte("<html>Welcome</html>"))
	}))
	t.Cleanup(page.Close)
	changes := map[string]string{"weights-url": page.URL, "service": "payment-service"}
	r := s.release(wellRS)
	s.expect(t, r.asks(t, changes, "canary-safe-weight"), inconclusive, "safe-weight-told")
}

// unsteady: the weight service lets the canary go on, then does not know, and then wants it back.
func unsteady(t *testing.T, s *stack, _, _ *pod) {
	answers := make(chan string, 3)
	answers <- `{"status":"proceed","weight":100}`
	answers <- `{"status":"hold","weight":0}`
	answers <- `{"status":"rollback","weight":0}`
	service := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		_, _ = answer.Write([]byte(<-answers))
	}))
	t.Cleanup(service.Close)
	r := s.release(wellRS)
	changes := map[string]string{"weights-url": service.URL}
	s.expect(t, r.asks(t, changes, "canary-safe-weight"), inconclusive, "safe-weight")
}
