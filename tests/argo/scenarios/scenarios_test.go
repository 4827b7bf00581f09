// Package scenarios lets Argo's own analysis controller decide about real shops, with our templates.
//
// Real are the controller and its Prometheus, web and Job providers, Prometheus, the Pushgateway, the weight
// service, the demo shops, the gates with their Locusts, and the users. Made up are the API server (Argo's
// and client-go's fakes), what Kubernetes does with a Job (kubelet_test.go), and where the series of cAdvisor
// and kube-state-metrics come from (exporter_test.go).
package scenarios

import (
	"flag"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	flag.Parse()
	// Scenarios wait most of the time; gates have slots of their own.
	_ = flag.Set("test.parallel", "64")
	os.Exit(m.Run())
}

func TestArgoDecides(t *testing.T) {
	s := newStack(t)
	stable := s.deploy(t, stableRS, "")
	well := s.deploy(t, wellRS, "")
	visit(t, stable, 24)
	visit(t, well, 24)
	for _, scenario := range []struct {
		name string
		run  func(t *testing.T, s *stack, stable, well *pod)
	}{
		{"a healthy canary passes its gate and what follows, and no other name does", healthy},
		{"a canary that is slow fails its gate", slowGate},
		{"a canary that answers 12 in 100 with 503 fails its gate", failingGate},
		{"a gate of too few requests is inconclusive, and so is its verdict", fewGate},
		{"an abort ends the load, and leaves no pass", abort},
		{"a gate that is killed leaves nothing of the pass before it", killed},
		{"a gate beyond its deadline fails", tooLong},
		{"a pod that fits no node fails at the deadline", unschedulable},
		{"a canary Service that still leads to stable fails", twice},
		{"a gate without a gateway fails before any load", gatewayDown},
		{"a verdict that Prometheus kept from before it was restarted is none", kept},
		{"without Prometheus everything is an error", prometheusDown},
		{"a healthy canary under users", healthyUsers},
		{"12 in 100 of the users get a 503", failingUsers},
		{"users wait 200 to 800 ms longer", slowUsers},
		{"too few users", fewUsers},
		{"no pods of that hash", noPods},
		{"a canary that leaks", leak},
		{"a canary that restarts", restarts},
		{"a canary that is not ready", notReady},
		{"the weight service is down", weightsDown},
		{"a weight service that changes its mind", unsteady},
		{"every analysis of every Rollout, with nothing there", nothing},
		{"somebody's page where the weight service should be", anyPage},
	} {
		t.Run(scenario.name, func(t *testing.T) {
			t.Parallel()
			scenario.run(t, s, stable, well)
		})
	}
}
