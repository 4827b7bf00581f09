package scenarios

import (
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func healthy(t *testing.T, s *stack, stable, well *pod) {
	defer close(s.passed) // or whoever waits for it would wait for ever
	r := s.release(wellRS)
	gate := r.gateStep(t, well, stable, nil)
	s.expectGate(t, gate, successful, 0)
	pushed := s.gatesOf(gate)[0]
	if pushed.killed || len(pushed.left) > 0 {
		t.Errorf("the gate left %v behind", pushed.left)
	}
	s.passed <- filepath.Join(pushed.folder, "0", "results", pushed.job.Name)

	others := map[string]string{
		"another stage":     r.verdict(t, map[string]string{"stage": "s20"}, fourErrors),
		"another service":   r.verdict(t, map[string]string{"service": "checkout"}, fourErrors),
		"another namespace": r.verdict(t, map[string]string{"namespace": "staging"}, fourErrors),
		"another revision":  s.release("7c9d8e5a1").verdict(t, nil, fourErrors),
		"no revision":       s.release("").verdict(t, nil, fourErrors),
		"a run too old":     r.verdict(t, map[string]string{"max-age-seconds": "1"}, fourErrors),
	}
	// With canary-memory and canary-health in the same run.
	whole := s.expect(t, r.analyse(t, r.shipped(t, 1, nil)), successful, "verdict")
	for _, each := range whole.Status.MetricResults {
		if each.Phase != successful {
			t.Errorf("%s: %s", each.Name, each.Phase)
		}
	}
	for title, name := range others {
		t.Run(title, func(t *testing.T) { s.expect(t, name, broken, "verdict") })
	}
}

func slowGate(t *testing.T, s *stack, stable, _ *pod) {
	r := s.release("a1")
	canary := s.deploy(t, r.hash, "latency=200-800ms")
	s.expectGate(t, r.gateStep(t, canary, stable, nil), failed, 10)
	s.expect(t, r.verdict(t, nil), failed, "verdict")
}

func failingGate(t *testing.T, s *stack, stable, _ *pod) {
	r := s.release("a2")
	canary := s.deploy(t, r.hash, "error=503:12%")
	s.expectGate(t, r.gateStep(t, canary, stable, nil), failed, 10)
	s.expect(t, r.verdict(t, nil), failed, "verdict")
}

// fewGate: jobs/demo-shop has `on-inconclusive: pass`, so the Job is complete, and the step after it asks a person.
func fewGate(t *testing.T, s *stack, stable, well *pod) {
	r := s.release("a3")
	changes := map[string]string{"users": "1", "run-time": "12s", "min-run-time": "12s"}
	s.expectGate(t, r.gateStep(t, well, stable, changes), successful, 0)
	s.expect(t, r.verdict(t, nil), inconclusive, "verdict")
}

var forLong = map[string]string{"run-time": "3m", "min-run-time": "3m"}

// abort: Argo calls a terminated Job successful, so it is up to the verdict that nobody goes on with it.
func abort(t *testing.T, s *stack, stable, _ *pod) {
	r := s.release("a4")
	canary := s.deploy(t, r.hash, "")
	gate := r.gateStep(t, canary, stable, forLong)
	eventually(t, patience, "the load flows", func() bool { return canary.synthetic(t) > 50 })
	s.argo.terminate(t, gate)
	s.expectGate(t, gate, successful, 143)
	s.endsItself(t, gate)
	before := canary.synthetic(t)
	time.Sleep(3 * time.Second)
	if after := canary.synthetic(t); after != before {
		t.Errorf("%d requests after the end", after-before)
	}
	s.expect(t, r.verdict(t, nil), inconclusive, "verdict")
}

// endsItself: on SIGTERM, within the grace period, and with all that it started.
func (s *stack) endsItself(t *testing.T, gate string) {
	t.Helper()
	pod := s.gatesOf(gate)[0]
	eventually(t, patience, "the runner has ended", func() bool { return isClosed(pod.done) })
	if pod.killed || len(pod.left) > 0 {
		t.Errorf("the runner had to be killed: %t; processes that it left: %v", pod.killed, pod.left)
	}
}

// killed: the first run of this revision and stage has passed, and Prometheus knows. The second one's runner
// dies without a word. Argo aborts then; should somebody promote all the same, the pass is gone.
func killed(t *testing.T, s *stack, stable, well *pod) {
	r := s.release("a5")
	s.expectGate(t, r.gateStep(t, well, stable, nil), successful, 0)
	eventually(t, patience, "Prometheus has the pass", func() bool { return holds(t, s.prometheus, passOf(r.hash)) })

	gate := r.gateStep(t, well, stable, forLong)
	pod := s.gatesOf(gate)[0]
	eventually(t, patience, "the load flows", func() bool { return pod.requests() > 50 })
	killMarked(pod.job.Name)
	s.expectGate(t, gate, failed, -1)
	s.expect(t, r.verdict(t, nil, fourErrors), broken, "verdict")
}

func passOf(hash string) string {
	return `canarygate_verdict{pod_template_hash="` + hash + `",verdict="pass"} == 1`
}

// kept: the pass of a run of the same revision and stage, and a Prometheus that was restarted while the gateway is
// gone: for five minutes it shows what it last saw.
func kept(t *testing.T, s *stack, _, _ *pod) {
	r := s.release("b0")
	port := freePort(t)
	gateway, gatewayProcess := s.startGateway(t, freePort(t))
	config := "global: {scrape_interval: 1s}\nscrape_configs: [{job_name: pushgateway, honor_labels: true, " +
		"static_configs: [{targets: ['" + hostOf(t, gateway) + "']}]}]\n"
	prometheus, process := s.startPrometheus(t, "prometheus-kept", port, config)
	results := <-s.passed
	labels := "namespace=" + namespace + ",pod_template_hash=" + r.hash + ",stage=s00"
	pushing := s.start(t, "push", []string{"SERVICE=" + s.rollout.Name}, ".venv/bin/canarygate",
		"push", results, "--pushgateway-url", gateway, "--push-labels", labels)
	if !pushing.endsWithin(patience) || !pushing.ProcessState.Success() {
		t.Fatal(pushing.said())
	}
	eventually(t, patience, "Prometheus has the pass", func() bool { return holds(t, prometheus, passOf(r.hash)) })

	gatewayProcess.kill()
	process.kill()
	s.startPrometheus(t, "prometheus-kept", port, config)
	stillThere := func() bool { return holds(t, prometheus, passOf(r.hash)) }
	eventually(t, patience, "the restarted Prometheus has the pass", stillThere)
	s.expect(t, r.verdict(t, map[string]string{"prometheus-address": prometheus}, fourErrors), broken, "verdict")
	eventually(t, patience, "it has had the pass all the time", stillThere)
}

func tooLong(t *testing.T, s *stack, stable, well *pod) {
	r := s.release("a6")
	gate := r.gateStep(t, well, stable, forLong, deadline(15))
	s.expectGate(t, gate, failed, 143)
	s.endsItself(t, gate)
	s.expect(t, r.verdict(t, nil, fourErrors), inconclusive, "verdict")
}

func unschedulable(t *testing.T, s *stack, stable, well *pod) {
	r := s.release("a7")
	s.expect(t, r.gateStep(t, well, stable, nil, deadline(5), noNode), failed, "locust-validation")
}

// twice: both Services select stable's pods, as they do before Argo switches the canary's over.
func twice(t *testing.T, s *stack, stable, _ *pod) {
	r := s.release("a8")
	target, err := url.Parse(stable.url())
	if err != nil {
		t.Fatal(err)
	}
	service := httptest.NewServer(httputil.NewSingleHostReverseProxy(target))
	t.Cleanup(service.Close)
	canary := &pod{address: hostOf(t, service.URL)}
	changes := map[string]string{"on-inconclusive": "fail", "run-time": "12s", "min-run-time": "5s"}
	s.expectGate(t, r.gateStep(t, canary, stable, changes), failed, 11)
}

func gatewayDown(t *testing.T, s *stack, stable, well *pod) {
	r := s.release("a9")
	gate := r.gateStep(t, well, stable, map[string]string{"pushgateway-url": "http://127.0.0.1:" + freePort(t)})
	s.expectGate(t, gate, failed, 4)
	if requests := s.gatesOf(gate)[0].requests(); requests > 0 {
		t.Errorf("%d requests of a load that nobody can read of", requests)
	}
}

// requests that a gate has recorded.
func (p *gatePod) requests() int {
	paths, _ := filepath.Glob(filepath.Join(p.folder, "*", "results", "*", "canary_requests.csv"))
	lines := 0
	for _, path := range paths {
		text, _ := os.ReadFile(path)
		lines += max(0, countLines(text)-1)
	}
	return lines
}

func countLines(text []byte) int {
	found := 0
	for _, each := range text {
		if each == '\n' {
			found++
		}
	}
	return found
}

func isClosed(channel <-chan struct{}) bool {
	select {
	case <-channel:
		return true
	default:
		return false
	}
}
