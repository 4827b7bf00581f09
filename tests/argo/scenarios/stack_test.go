package scenarios

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"
)

const (
	namespace = "production"
	// The pod template hashes of the stable ReplicaSet, and of a canary that is well.
	stableRS = "5d7f4c6b9"
	wellRS   = "6b8c7d4f9"
	// For what takes seconds, on a machine that may stand still for some.
	patience = 60 * time.Second
)

// stack is everything that is real, started once for all scenarios.
type stack struct {
	root, folder          string
	prometheus, gateway   string
	weights, otherWeights string // the first one is scraped
	policy                string
	cluster               *cluster
	kubelet               *kubelet
	argo                  *argo
	templates             map[string]*v1alpha1.AnalysisTemplate
	rollout               *v1alpha1.Rollout
	slots                 chan struct{} // of gates at once: each is two Locusts and a parent
	passed                chan string   // the results of the gate that passed
}

func newStack(t *testing.T) *stack {
	t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	s := &stack{root: root, folder: t.TempDir(), slots: make(chan struct{}, 3), passed: make(chan string, 1), rollout: &v1alpha1.Rollout{},
		templates: map[string]*v1alpha1.AnalysisTemplate{}}
	for _, program := range []string{".venv/bin/canarygate", ".cache/bin/prometheus", ".cache/bin/pushgateway"} {
		if _, err := os.Stat(filepath.Join(root, program)); err != nil {
			t.Fatalf("%s is missing: run `make setup tools` first", program)
		}
	}
	s.readManifests(t)
	s.cluster = newCluster(t)
	s.gateway, _ = s.startGateway(t, freePort(t))
	s.weights = "http://127.0.0.1:" + freePort(t)
	s.prometheus, _ = s.startPrometheus(t, "prometheus", freePort(t), s.scrapeAll(t))
	s.startWeights(t, s.weights)
	// Of a service it tells only its newest decision, which is to be that about the canary that is well.
	s.otherWeights = "http://127.0.0.1:" + freePort(t)
	s.startWeights(t, s.otherWeights)
	s.policy = filepath.Join(s.folder, "policy.toml")
	// Limits only, because seconds are too few to compare two versions; and a machine that does other work
	// beside the tests makes none of them inconclusive.
	write(t, s.policy, "[compare]\nenabled = false\n[run]\ngenerator_lag_seconds = 5.0\ngenerator_cpu = 1.0\n")
	s.argo = newArgo(t)
	s.kubelet = &kubelet{client: s.argo.kube, root: root, folder: filepath.Join(s.folder, "pods"), pods: map[string]*gatePod{}}
	s.kubelet.watch(t)
	return s
}

func (s *stack) readManifests(t *testing.T) {
	t.Helper()
	s.decode(t, "jobs/demo-shop/checkout-service.rollout.yaml", s.rollout)
	s.rollout.Namespace, s.rollout.UID = namespace, "7e0a2f6c-rollout"
	paths, _ := filepath.Glob(filepath.Join(s.root, "jobs/analysis/*.analysistemplate.yaml"))
	variants, _ := filepath.Glob(filepath.Join(s.root, "jobs/demo-shop/*/*.analysistemplate.yaml"))
	for _, path := range append(paths, variants...) {
		template := &v1alpha1.AnalysisTemplate{}
		s.decode(t, strings.TrimPrefix(path, s.root), template)
		s.templates[template.Name] = template
	}
	if len(paths) == 0 {
		t.Fatal("jobs/analysis has no templates")
	}
}

func (s *stack) decode(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.root, path))
	if err == nil {
		err = yaml.UnmarshalStrict(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// start runs one of the programs until the test is over.
func (s *stack) start(t *testing.T, name string, environment []string, program string, arguments ...string) *process {
	t.Helper()
	environment = append(environment, "PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/nonexistent", "PYTHONUNBUFFERED=1")
	log := filepath.Join(s.folder, name+".log")
	found, err := start(log, s.folder, environment, filepath.Join(s.root, program), arguments...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		found.kill()
		if t.Failed() && os.Getenv("CANARYGATE_TEST_LOGS") != "" {
			t.Logf("%s said:\n%s", name, found.said())
		}
	})
	return found
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// isUp says whether somebody answers there with 200.
func isUp(address string) func() bool {
	return func() bool {
		answer, err := prober.Get(address)
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	}
}

func (s *stack) startGateway(t *testing.T, port string) (string, *process) {
	t.Helper()
	address := "http://127.0.0.1:" + port
	started := s.start(t, "pushgateway-"+port, nil, ".cache/bin/pushgateway",
		"--web.listen-address=127.0.0.1:"+port, "--persistence.file=")
	eventually(t, patience, "the Pushgateway is ready", isUp(address+"/-/ready"))
	return address, started
}

// scrapeAll is every job that docs/monitoring.md asks for, on a quicker pace.
func (s *stack) scrapeAll(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf(`
global: {scrape_interval: 2s, scrape_timeout: 2s}
scrape_configs:
  - job_name: pushgateway
    honor_labels: true
    static_configs: [{targets: [%q]}]
  - job_name: kube-state-metrics
    honor_labels: true
    static_configs: [{targets: [%q]}]
  - job_name: canarygate-weights
    static_configs: [{targets: [%q]}]
  - job_name: pods
    http_sd_configs: [{url: %q, refresh_interval: 1s}]
`, hostOf(t, s.gateway), hostOf(t, s.cluster.server.URL), hostOf(t, s.weights), s.cluster.server.URL+"/targets")
}

func (s *stack) startPrometheus(t *testing.T, name, port, config string) (string, *process) {
	t.Helper()
	path := filepath.Join(s.folder, name+".yml")
	write(t, path, config)
	started := s.start(t, name, nil, ".cache/bin/prometheus", "--config.file="+path, "--web.listen-address=127.0.0.1:"+port,
		"--storage.tsdb.path="+filepath.Join(s.folder, name), "--log.level=warn")
	address := "http://127.0.0.1:" + port
	eventually(t, patience, "Prometheus is ready", isUp(address+"/-/ready"))
	return address, started
}

// startWeights runs a weight service as jobs/base has it, matchers and all, but for where and how fast.
func (s *stack) startWeights(t *testing.T, address string) {
	t.Helper()
	deployment := &appsv1.Deployment{}
	paths, _ := filepath.Glob(filepath.Join(s.root, "jobs/base/canarygate-weights.deployment.yaml"))
	deeper, _ := filepath.Glob(filepath.Join(s.root, "jobs/base/*/canarygate-weights.deployment.yaml"))
	paths = append(paths, deeper...)
	if len(paths) != 1 {
		t.Fatalf("the Deployment of the weight service is not one file: %v", paths)
	}
	s.decode(t, strings.TrimPrefix(paths[0], s.root), deployment)
	container := deployment.Spec.Template.Spec.Containers[0]
	ours := map[string]string{"BIND": "127.0.0.1", "PORT": address[strings.LastIndex(address, ":")+1:],
		"PROMETHEUS_URL": s.prometheus}
	environment := []string{"WINDOW=" + window, "SCRAPE_INTERVAL=4s"}
	for _, each := range container.Env {
		value, replaced := ours[each.Name]
		if !replaced {
			value = each.Value
		}
		environment = append(environment, each.Name+"="+value)
	}
	s.start(t, "weights-"+ours["PORT"], environment, ".venv/bin/canarygate", container.Args...)
	eventually(t, patience, "the weight service is up", isUp(address+"/healthz"))
}

// deploy starts a demo shop as a pod of the ReplicaSet with that hash.
func (s *stack) deploy(t *testing.T, hash, faults string) *pod {
	t.Helper()
	found := &pod{namespace: namespace, name: fmt.Sprintf("%s-%s-x7k2p", s.rollout.Name, hash)}
	s.serve(t, found, "0", faults)
	s.cluster.add(found)
	t.Cleanup(func() { s.cluster.remove(found) })
	return found
}

// serve starts the pod's container.
func (s *stack) serve(t *testing.T, each *pod, port, faults string) {
	t.Helper()
	served := s.start(t, fmt.Sprintf("%s-%d", each.name, each.restarts),
		[]string{"PORT=" + port, "FAULTS=" + faults, "VERSION_LABEL=" + each.name}, ".venv/bin/canarygate", "serve", "shop")
	address := ""
	eventually(t, patience, "the shop listens", func() bool {
		line, whole := strings.CutSuffix(served.said(), "\n")
		address = strings.TrimPrefix(line, "listening on http://")
		return whole && address != line
	})
	each.mutex.Lock()
	defer each.mutex.Unlock()
	each.process, each.address = served, address
}

// restart is what the kubelet does with a container that has died: another, in the same pod.
func (s *stack) restart(t *testing.T, each *pod) {
	t.Helper()
	each.process.kill()
	each.mutex.Lock()
	each.restarts++
	each.mutex.Unlock()
	s.serve(t, each, each.address[strings.LastIndex(each.address, ":")+1:], "")
}

// synthetic is how many requests of load tests have reached a shop.
func (p *pod) synthetic(t *testing.T) int {
	t.Helper()
	var answer *http.Response
	eventually(t, patience, "the shop has metrics", func() bool {
		var err error
		answer, err = prober.Get(p.url() + "/metrics")
		return err == nil
	})
	defer answer.Body.Close()
	total := 0
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "http_requests_started_total{") && strings.Contains(line, `traffic="synthetic"`) {
			var number float64
			_, _ = fmt.Sscan(line[strings.LastIndex(line, " "):], &number)
			total += int(number)
		}
	}
	return total
}

// holds says whether a query has an answer.
func holds(t *testing.T, prometheus, query string) bool {
	t.Helper()
	answer, err := prober.Get(prometheus + "/api/v1/query?query=" + url.QueryEscape(query))
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", query, text)
	}
	return !strings.Contains(string(text), `"result":[]`)
}
