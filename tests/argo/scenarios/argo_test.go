package scenarios

import (
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/argoproj/argo-rollouts/analysis"
	"github.com/argoproj/argo-rollouts/controller/metrics"
	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	argofake "github.com/argoproj/argo-rollouts/pkg/client/clientset/versioned/fake"
	argoinformers "github.com/argoproj/argo-rollouts/pkg/client/informers/externalversions"
	"github.com/argoproj/argo-rollouts/utils/queue"
	"github.com/argoproj/argo-rollouts/utils/record"
	"github.com/sirupsen/logrus"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	kubefake "k8s.io/client-go/kubernetes/fake"
	batchlisters "k8s.io/client-go/listers/batch/v1"
	kubetesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// workers reconcile at once: a run whose query waits for an answer must not hold up the others.
const workers = 16

// argo is the analysis controller of Argo Rollouts, as its own binary has it, on an API server that is made up.
type argo struct {
	kube kubernetes.Interface
	runs *argofake.Clientset
}

func newArgo(t *testing.T) *argo {
	t.Helper()
	logrus.SetOutput(io.Discard)
	kube, runs := kubefake.NewSimpleClientset(), argofake.NewSimpleClientset()
	seen := make(chan string, 8)
	announceWatches(&kube.Fake, kube.Tracker(), seen)
	announceWatches(&runs.Fake, runs.Tracker(), seen)
	kubeInformers := informers.NewSharedInformerFactory(kube, 0)
	runInformers := argoinformers.NewSharedInformerFactory(runs, 0)
	jobs, analysisRuns := kubeInformers.Batch().V1().Jobs(), runInformers.Argoproj().V1alpha1().AnalysisRuns()
	templates := runInformers.Argoproj().V1alpha1()
	work := workqueue.NewNamedRateLimitingQueue(queue.DefaultArgoRolloutsRateLimiter(), "AnalysisRuns")
	controller := analysis.NewController(analysis.ControllerConfig{
		KubeClientSet: kube, ArgoProjClientset: runs, AnalysisRunInformer: analysisRuns, JobInformer: jobs,
		AnalysisRunWorkQueue: work, Recorder: record.NewFakeEventRecorder(),
		MetricsServer: metrics.NewMetricsServer(metrics.ServerConfig{
			AnalysisRunLister: analysisRuns.Lister(), AnalysisTemplateLister: templates.AnalysisTemplates().Lister(),
			ClusterAnalysisTemplateLister: templates.ClusterAnalysisTemplates().Lister(),
			K8SRequestProvider:            &metrics.K8sRequestsCountProvider{},
		}),
	})
	ctx, stop := context.WithCancel(context.Background())
	go jobs.Informer().Run(ctx.Done())
	go analysisRuns.Informer().Run(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), jobs.Informer().HasSynced, analysisRuns.Informer().HasSynced) {
		t.Fatal("the informers do not come up")
	}
	showJobsAtOnce(kube, jobs.Lister())
	// A fake API server has no versions to watch from: what is made between list and watch is never seen.
	for range 2 {
		<-seen
	}
	var running sync.WaitGroup
	running.Add(1)
	go func() { defer running.Done(); _ = controller.Run(ctx, workers) }()
	t.Cleanup(func() {
		stop()
		work.ShutDown()
		running.Wait()
	})
	return &argo{kube: kube, runs: runs}
}

func announceWatches(fake *kubetesting.Fake, tracker kubetesting.ObjectTracker, seen chan<- string) {
	fake.PrependWatchReactor("*", func(action kubetesting.Action) (bool, watch.Interface, error) {
		found, err := tracker.Watch(action.GetResource(), action.GetNamespace())
		select {
		case seen <- action.GetResource().Resource:
		default:
		}
		return true, found, err
	})
}

// showJobsAtOnce answers the making of a Job when the informer has it. The controller looks it up there right
// after; not to find it is an Error to Argo 1.9, which runs the whole load once more 10 s later, beside the first. An
// API server's own time to answer makes that rare; on a busy machine, a fake one's does not.
func showJobsAtOnce(kube *kubefake.Clientset, lister batchlisters.JobLister) {
	kube.PrependReactor("create", "jobs", func(action kubetesting.Action) (bool, runtime.Object, error) {
		job := action.(kubetesting.CreateAction).GetObject().(*batchv1.Job)
		err := kube.Tracker().Create(action.GetResource(), job, job.Namespace)
		for err == nil {
			if _, missing := lister.Jobs(job.Namespace).Get(job.Name); missing == nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
		return true, job, err
	})
}

func (a *argo) get(t *testing.T, name string) *v1alpha1.AnalysisRun {
	t.Helper()
	found, err := a.runs.ArgoprojV1alpha1().AnalysisRuns(namespace).Get(context.Background(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// terminate is what the Rollout controller does to a run when the rollout is aborted.
func (a *argo) terminate(t *testing.T, name string) {
	t.Helper()
	_, err := a.runs.ArgoprojV1alpha1().AnalysisRuns(namespace).Patch(context.Background(), name,
		types.MergePatchType, []byte(`{"spec":{"terminate":true}}`), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// await is the run when it is over.
func (a *argo) await(t *testing.T, name string, limit time.Duration) *v1alpha1.AnalysisRun {
	t.Helper()
	for end := time.Now().Add(limit); ; time.Sleep(100 * time.Millisecond) {
		found := a.get(t, name)
		if found.Status.Phase.Completed() {
			return found
		}
		if time.Now().After(end) {
			t.Fatalf("%s is not over within %s: %s", name, limit, told(found))
		}
	}
}

// told is everything that Argo knows of a run.
func told(run *v1alpha1.AnalysisRun) string {
	text := fmt.Sprintf("%s %s", run.Status.Phase, run.Status.Message)
	for _, result := range run.Status.MetricResults {
		text += fmt.Sprintf("\n  %s: %s", result.Name, result.Phase)
		for _, each := range result.Measurements {
			text += fmt.Sprintf("\n    %s %s %s", each.Phase, each.Value, each.Message)
		}
	}
	return text
}
