package scenarios

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/kubernetes/pkg/fieldpath"
)

// kubelet is what a cluster does with a Job: its controller, its nodes, and the kubelet. The container is a
// local process; image, volumes and security context are not looked at.
type kubelet struct {
	client kubernetes.Interface
	root   string // of the checkout
	folder string
	mutex  sync.Mutex
	pods   map[string]*gatePod
}

// gatePod is the one pod of a Job.
type gatePod struct {
	job     *batchv1.Job
	folder  string
	begun   chan struct{} // closed when the container runs
	deleted chan struct{} // closed when the Job is deleted
	done    chan struct{} // closed when the container is gone
	process *process
	killed  bool  // it outlived its grace period
	left    []int // what the container left behind
}

func (k *kubelet) watch(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	events, err := k.client.BatchV1().Jobs(namespace).Watch(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	go func() {
		for event := range events.ResultChan() {
			job, isJob := event.Object.(*batchv1.Job)
			switch {
			case isJob && event.Type == watch.Added:
				running.Add(1)
				go func() { defer running.Done(); k.run(k.admit(job)) }()
			case isJob && event.Type == watch.Deleted:
				close(k.pod(job.Name).deleted)
			}
		}
	}()
	t.Cleanup(func() {
		stop()
		events.Stop()
		for _, each := range k.all() {
			killMarked(each.job.Name)
		}
		for _, each := range k.all() {
			select {
			case <-each.deleted:
			default:
				close(each.deleted)
			}
		}
		running.Wait()
	})
}

func (k *kubelet) admit(job *batchv1.Job) *gatePod {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	found := &gatePod{job: job, folder: filepath.Join(k.folder, job.Name),
		begun: make(chan struct{}), deleted: make(chan struct{}), done: make(chan struct{})}
	k.pods[job.Name] = found
	return found
}

func (k *kubelet) pod(job string) *gatePod {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	return k.pods[job]
}

func (k *kubelet) all() []*gatePod {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	var found []*gatePod
	for _, each := range k.pods {
		found = append(found, each)
	}
	return found
}

// run is the life of a Job: so many tries as it allows, no longer than it allows.
func (k *kubelet) run(pod *gatePod) {
	defer close(pod.done)
	var deadline <-chan time.Time
	if seconds := pod.job.Spec.ActiveDeadlineSeconds; seconds != nil {
		deadline = time.After(time.Duration(*seconds) * time.Second)
	}
	if len(pod.job.Spec.Template.Spec.NodeSelector) > 0 { // nodes have no labels here: it fits none
		select {
		case <-pod.deleted:
		case <-deadline:
			k.finish(pod, batchv1.JobFailed, "DeadlineExceeded")
		}
		return
	}
	tries := int32(7) // Kubernetes' own default, of backoffLimit 6
	if limit := pod.job.Spec.BackoffLimit; limit != nil {
		tries = *limit + 1
	}
	for try := range tries {
		code, why := k.container(pod, try, deadline)
		switch {
		case why == "deleted":
			return
		case why != "":
			k.finish(pod, batchv1.JobFailed, why)
			return
		case code == 0:
			k.finish(pod, batchv1.JobComplete, "CompletionsReached")
			return
		}
	}
	k.finish(pod, batchv1.JobFailed, "BackoffLimitExceeded")
}

// container runs to its end: its exit code, or why it was ended.
func (k *kubelet) container(pod *gatePod, try int32, deadline <-chan time.Time) (int, string) {
	folder := filepath.Join(pod.folder, fmt.Sprint(try))
	environment, arguments, err := k.command(pod.job, folder)
	if err == nil {
		pod.process, err = start(filepath.Join(pod.folder, "log"), folder, environment, arguments[0], arguments[1:]...)
	}
	if err != nil {
		return 0, "ContainerCannotRun: " + err.Error()
	}
	if try == 0 {
		close(pod.begun)
	}
	why := ""
	select {
	case <-pod.process.ended:
	case <-pod.deleted:
		why = "deleted"
	case <-deadline:
		why = "DeadlineExceeded"
	}
	if why != "" {
		// To process 1 of the container, and to no other.
		_ = pod.process.Process.Signal(syscall.SIGTERM)
		grace := 30 * time.Second // Kubernetes' own default
		if seconds := pod.job.Spec.Template.Spec.TerminationGracePeriodSeconds; seconds != nil {
			grace = time.Duration(*seconds) * time.Second
		}
		pod.killed = !pod.process.endsWithin(grace)
	}
	pod.left = leftOf(pod)
	killMarked(pod.job.Name)
	<-pod.process.ended
	return pod.process.ProcessState.ExitCode(), why
}

// leftOf is what outlives a container's first process; the kernel needs a moment to end a chain of orphans.
func leftOf(pod *gatePod) []int {
	found := marked(pod.job.Name)
	for end := time.Now().Add(3 * time.Second); len(found) > 0 && time.Now().Before(end); found = marked(pod.job.Name) {
		time.Sleep(100 * time.Millisecond)
	}
	return found
}

// command is what the container's first process is, with the image's environment and then the template's.
func (k *kubelet) command(job *batchv1.Job, folder string) ([]string, []string, error) {
	results := filepath.Join(folder, "results")
	if err := os.MkdirAll(results, 0o755); err != nil {
		return nil, nil, err
	}
	container := job.Spec.Template.Spec.Containers[0]
	environment := []string{
		"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/nonexistent", "LANG=C.UTF-8", "PYTHONUNBUFFERED=1",
		"FLOWS_DIR=" + filepath.Join(k.root, "locustfiles"), "RESULTS_DIR=" + results, mark + "=" + job.Name,
	}
	// What the Job's controller writes into its pods.
	pod := &corev1.Pod{ObjectMeta: *job.Spec.Template.ObjectMeta.DeepCopy()}
	if pod.Labels == nil {
		pod.Labels = map[string]string{}
	}
	pod.Labels[batchv1.JobNameLabel] = job.Name
	for _, each := range container.Env {
		value := each.Value
		if source := each.ValueFrom; source != nil {
			if source.FieldRef == nil {
				return nil, nil, fmt.Errorf("%s comes from something else than a field", each.Name)
			}
			var err error
			if value, err = fieldpath.ExtractFieldPathAsString(pod, source.FieldRef.FieldPath); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", each.Name, err)
			}
		}
		environment = append(environment, each.Name+"="+value)
	}
	command := container.Command
	if len(command) == 0 { // the image's
		command = []string{filepath.Join(k.root, ".venv", "bin", "canarygate")}
	}
	return environment, append(append([]string{}, command...), container.Args...), nil
}

// finish sets the condition, which is all that Argo reads of a Job.
func (k *kubelet) finish(pod *gatePod, condition batchv1.JobConditionType, reason string) {
	jobs := k.client.BatchV1().Jobs(pod.job.Namespace)
	job, err := jobs.Get(context.Background(), pod.job.Name, metav1.GetOptions{})
	if err != nil {
		return // deleted meanwhile
	}
	job.Status.Conditions = append(job.Status.Conditions, batchv1.JobCondition{
		Type: condition, Status: corev1.ConditionTrue, Reason: reason, LastTransitionTime: metav1.Now(),
	})
	_, _ = jobs.UpdateStatus(context.Background(), job, metav1.UpdateOptions{})
}
