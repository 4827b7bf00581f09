package tests

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/utils/evaluate"
	log "github.com/sirupsen/logrus"
)

const (
	successful   = v1alpha1.AnalysisPhaseSuccessful
	failed       = v1alpha1.AnalysisPhaseFailed
	inconclusive = v1alpha1.AnalysisPhaseInconclusive
	errored      = v1alpha1.AnalysisPhaseError
)

// vectors has for each metric what its query may answer. Nothing, NaN and the two infinities are asked
// of every one of them below.
var vectors = map[string]map[v1alpha1.AnalysisPhase][]float64{
	"verdict":           {successful: {1}, failed: {-1}, inconclusive: {0, 0.5, 2}},
	"pods-ready":        {successful: {1}, failed: {0}, inconclusive: {0.5}},
	"restarts":          {successful: {0}, failed: {1, 7}},
	"error-rate":        {successful: {0, 0.01}, failed: {0.021, 1}, inconclusive: {0.011, 0.02}},
	"success-rate":      {successful: {1, 0.95}, failed: {0.899, 0}, inconclusive: {0.949, 0.9}},
	"success-vs-stable": {successful: {-1, 0, 0.02}, failed: {0.051, 1}, inconclusive: {0.021, 0.05}},
	"p95":               {successful: {0.05, 0.5}, failed: {0.76, 60}, inconclusive: {0.51, 0.75}},
	"p99":               {successful: {0.05, 1}, failed: {1.51, 60}, inconclusive: {1.01, 1.5}},
	"p95-vs-stable":     {successful: {0.1, 1, 1.25}, failed: {1.51, 9}, inconclusive: {1.26, 1.5}},
	"p99-vs-stable":     {successful: {0.1, 1, 1.5}, failed: {2.01, 9}, inconclusive: {1.51, 2}},
	"safe-weight-told":  {successful: {20, 100}, failed: {0}, inconclusive: {5, 19.9}},
	"memory-saturation": {successful: {0.25, 0.8}, failed: {0.91, 2}, inconclusive: {0.81, 0.9}},
	"memory-growth":     {successful: {-3, 0.25, 0.9}, failed: {1.21, 9}, inconclusive: {0.91, 1.2}},
}

// The infinities of those where one of them is an answer.
var infinities = map[string][2]v1alpha1.AnalysisPhase{ // -Inf, +Inf
	"verdict":    {inconclusive, inconclusive},
	"pods-ready": {inconclusive, inconclusive},
	// More is better here, and less everywhere else.
	"success-rate":     {failed, successful},
	"safe-weight-told": {inconclusive, successful},
}

func phase(t *testing.T, metric v1alpha1.Metric, result any) v1alpha1.AnalysisPhase {
	t.Helper()
	found, err := evaluate.EvaluateResult(result, metric, *log.NewEntry(log.StandardLogger()))
	if (err != nil) != (found == errored) {
		t.Errorf("%s of %v: %s with %v", metric.Name, result, found, err)
	}
	return found
}

func TestConditionsOnWhatPrometheusMayAnswer(t *testing.T) {
	seen := 0
	for _, template := range templates(t) {
		for name, metric := range resolved(t, template) {
			if metric.Provider.Prometheus == nil {
				continue
			}
			seen++
			t.Run(name, func(t *testing.T) {
				expect := func(value []float64, wanted v1alpha1.AnalysisPhase) {
					if found := phase(t, metric, value); found != wanted {
						t.Errorf("%v is %s, not %s", value, found, wanted)
					}
				}
				if len(vectors[name]) < 2 {
					t.Fatal("no values to ask with")
				}
				for wanted, values := range vectors[name] {
					for _, value := range values {
						expect([]float64{value}, wanted)
					}
				}
				expect([]float64{}, errored)
				expect(nil, errored)
				expect([]float64{math.NaN()}, inconclusive)
				extremes, known := infinities[name]
				if !known {
					extremes = [2]v1alpha1.AnalysisPhase{successful, failed}
				}
				expect([]float64{math.Inf(-1)}, extremes[0])
				expect([]float64{math.Inf(1)}, extremes[1])
				// A query that became a scalar by mistake.
				if found := phase(t, metric, 0.0); found != errored {
					t.Errorf("a scalar is %s", found)
				}
			})
		}
	}
	if seen != len(vectors) {
		t.Errorf("%d metrics ask Prometheus, %d have values here", seen, len(vectors))
	}
}

func TestConditionsOnWhatTheWeightServiceMayAnswer(t *testing.T) {
	metric := resolved(t, templates(t)["canary-safe-weight"])["safe-weight"]
	for body, wanted := range map[string]v1alpha1.AnalysisPhase{
		`{"version":1,"weight":68.3,"status":"proceed"}`: successful,
		`{"version":1,"weight":20,"status":"proceed"}`:   successful,
		`{"version":1,"weight":19.9,"status":"proceed"}`: inconclusive,
		`{"version":1,"weight":0,"status":"hold"}`:       inconclusive,
		`{"version":1,"weight":0,"status":"rollback"}`:   failed,
		// None of these does it say; each is what another server at that address might.
		`{"weight":100}`:                      inconclusive,
		`{"status":"proceed"}`:                errored,
		`{"status":"proceed","weight":"100"}`: errored,
		`{}`:                                  inconclusive,
		`[]`:                                  errored,
		`100`:                                 errored,
		`"proceed"`:                           errored,
	} {
		var result any
		if err := json.Unmarshal([]byte(body), &result); err != nil {
			t.Fatal(err)
		}
		if found := phase(t, metric, result); found != wanted {
			t.Errorf("%s is %s, not %s", body, found, wanted)
		}
	}
}
