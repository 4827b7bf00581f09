// Package tests asks Argo Rollouts' own code what it makes of jobs/.
package tests

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	analysisutil "github.com/argoproj/argo-rollouts/utils/analysis"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

const jobs = "../../jobs"

// given is what a Rollout has to say; everything else has a default.
var given = map[string]string{
	"service":     "checkout",
	"namespace":   "shop",
	"rollout":     "web",
	"canary-hash": "6b8c7",
	"stable-hash": "5d7f4",
	"stage":       "s05",
	"canary-host": "http://web-canary.shop.svc:8080",
	"stable-host": "http://web-stable.shop.svc:8080",
	"wanted":      "20",
}

// strictly decodes as the API server does with strict validation: an unknown field, one in another case,
// one given twice or one of another type is an error.
func strictly(text []byte, into any) error {
	asJSON, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return err
	}
	strict, err := json.UnmarshalStrict(asJSON, into)
	return errors.Join(append(strict, err)...)
}

func readStrictly(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = strictly(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// templates reads every AnalysisTemplate, by name.
func templates(t *testing.T) map[string]*v1alpha1.AnalysisTemplate {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(jobs, "analysis", "*.analysistemplate.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no templates: %v", err)
	}
	found := map[string]*v1alpha1.AnalysisTemplate{}
	for _, path := range paths {
		template := &v1alpha1.AnalysisTemplate{}
		readStrictly(t, path, template)
		if template.Name+".analysistemplate.yaml" != filepath.Base(path) {
			t.Errorf("%s holds %q", path, template.Name)
		}
		found[template.Name] = template
	}
	return found
}

// choose copies some of them, because Argo's validation writes into what it validates.
func choose(all map[string]*v1alpha1.AnalysisTemplate, names ...string) []*v1alpha1.AnalysisTemplate {
	var found []*v1alpha1.AnalysisTemplate
	for _, name := range names {
		found = append(found, all[name].DeepCopy())
	}
	return found
}

// stepArguments gives what the templates need, and nothing that none of them declares: Argo drops that.
func stepArguments(chosen []*v1alpha1.AnalysisTemplate) []v1alpha1.AnalysisRunArgument {
	var found []v1alpha1.AnalysisRunArgument
	seen := map[string]bool{}
	for _, template := range chosen {
		for _, declared := range template.Spec.Args {
			value, needed := given[declared.Name]
			if needed && !seen[declared.Name] {
				seen[declared.Name] = true
				found = append(found, v1alpha1.AnalysisRunArgument{Name: declared.Name, Value: value})
			}
		}
	}
	return found
}

// resolved makes an AnalysisRun of a template, as the controller does, and puts its arguments in.
func resolved(t *testing.T, template *v1alpha1.AnalysisTemplate) map[string]v1alpha1.Metric {
	t.Helper()
	var arguments []v1alpha1.Argument
	for _, each := range stepArguments([]*v1alpha1.AnalysisTemplate{template}) {
		arguments = append(arguments, v1alpha1.Argument{Name: each.Name, Value: &each.Value})
	}
	run, err := analysisutil.NewAnalysisRunFromTemplates(
		[]*v1alpha1.AnalysisTemplate{template.DeepCopy()}, nil, arguments, nil, nil, nil, nil, "run", "", "shop")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]v1alpha1.Metric{}
	var metrics []v1alpha1.Metric
	for _, metric := range run.Spec.Metrics {
		whole, err := analysisutil.ResolveMetricArgs(metric, run.Spec.Args)
		if err != nil {
			t.Fatalf("%s: %v", metric.Name, err)
		}
		metrics = append(metrics, *whole)
		found[whole.Name] = *whole
	}
	if err := analysisutil.ValidateMetrics(metrics); err != nil {
		t.Error(err)
	}
	return found
}
