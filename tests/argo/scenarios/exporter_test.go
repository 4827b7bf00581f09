package scenarios

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	memoryLimit = 512 << 20
	// A pod is not ready after so many failed probes, as Kubernetes has it by default.
	failureThreshold = 3
)

// pod is a demo shop under the name that a ReplicaSet gives its pods.
type pod struct {
	namespace, name, address string

	mutex    sync.Mutex
	process  *process
	restarts int
	misses   int // failed probes in a row
}

func (p *pod) url() string { return "http://" + p.address }

func (p *pod) processID() int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.process.Process.Pid
}

// cluster is what cAdvisor, kube-state-metrics and Prometheus' service discovery would say of the pods:
// the one thing here that stands in for something. The memory is that of the shops' processes.
type cluster struct {
	server *httptest.Server
	mutex  sync.Mutex
	pods   []*pod
}

func newCluster(t *testing.T) *cluster {
	found := &cluster{}
	routes := http.NewServeMux()
	routes.HandleFunc("/metrics", found.metrics)
	routes.HandleFunc("/targets", found.targets)
	found.server = httptest.NewServer(routes)
	t.Cleanup(found.server.Close)
	return found
}

func (c *cluster) add(each *pod) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.pods = append(c.pods, each)
}

func (c *cluster) remove(gone *pod) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.pods = slices.DeleteFunc(c.pods, func(each *pod) bool { return each == gone })
}

func (c *cluster) snapshot() []*pod {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return append([]*pod{}, c.pods...)
}

// targets are those of a PodMonitor: the labels namespace and pod, for http_sd_configs.
func (c *cluster) targets(answer http.ResponseWriter, _ *http.Request) {
	type group struct {
		Targets []string          `json:"targets"`
		Labels  map[string]string `json:"labels"`
	}
	found := []group{}
	for _, each := range c.snapshot() {
		labels := map[string]string{"namespace": each.namespace, "pod": each.name}
		found = append(found, group{[]string{each.address}, labels})
	}
	answer.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(answer).Encode(found)
}

func (c *cluster) metrics(answer http.ResponseWriter, _ *http.Request) {
	for _, each := range c.snapshot() {
		fmt.Fprint(answer, each.series())
	}
}

// series are those of one pod, with what a query must leave out: the pod's own cgroup and its pause container.
func (p *pod) series() string {
	of := fmt.Sprintf(`namespace=%q,pod=%q`, p.namespace, p.name)
	var text strings.Builder
	line := func(name, labels string, value int) {
		fmt.Fprintf(&text, "%s{%s%s} %d\n", name, of, labels, value)
	}
	if used := residentBytes(p.processID()); used > 0 {
		line("container_memory_working_set_bytes", `,container="checkout"`, used)
		line("container_memory_working_set_bytes", `,container=""`, 9*used)
		line("container_memory_working_set_bytes", `,container="POD"`, 500000)
	}
	ready := p.isReady()
	line("kube_pod_container_resource_limits", `,container="checkout",resource="memory",unit="byte"`, memoryLimit)
	line("kube_pod_status_ready", `,condition="true"`, ready)
	line("kube_pod_status_ready", `,condition="false"`, 1-ready)
	line("kube_pod_status_phase", `,phase="Running"`, 1)
	line("kube_pod_status_phase", `,phase="Failed"`, 0)
	p.mutex.Lock()
	defer p.mutex.Unlock()
	line("kube_pod_container_status_restarts_total", `,container="checkout"`, p.restarts)
	return text.String()
}

var prober = http.Client{Timeout: 500 * time.Millisecond}

// isReady asks the shop, as the kubelet asks the readiness probe.
func (p *pod) isReady() int {
	answer, err := prober.Get(p.url() + "/readyz")
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if err == nil {
		answer.Body.Close()
	}
	if err == nil && answer.StatusCode == http.StatusOK {
		p.misses = 0
	} else {
		p.misses++
	}
	if p.misses >= failureThreshold {
		return 0
	}
	return 1
}

func hostOf(t *testing.T, address string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Host
}
