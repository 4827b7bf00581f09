package scenarios

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// mark is in the environment of every process of a gate, whoever its parent is by now.
const mark = "CANARYGATE_TEST_MARK"

// starts are done by one thread that never ends: the kernel sends a child its parent-death signal when
// the *thread* that started it is gone, and Go's threads come and go.
var starts = func() chan func() {
	asked := make(chan func())
	go func() {
		runtime.LockOSThread()
		for start := range asked {
			start()
		}
	}()
	return asked
}()

// process is one that we started, and its output.
type process struct {
	*exec.Cmd
	log   string
	ended chan struct{} // closed when it is gone; ProcessState is valid then
}

// start runs a program in a process group of its own; with the test, it dies.
func start(log, folder string, environment []string, program string, arguments ...string) (*process, error) {
	output, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	command := exec.Command(program, arguments...)
	command.Dir, command.Env, command.Stdout, command.Stderr = folder, environment, output, output
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	begun := make(chan error)
	starts <- func() { begun <- command.Start() }
	if err := <-begun; err != nil {
		output.Close()
		return nil, err
	}
	found := &process{Cmd: command, log: log, ended: make(chan struct{})}
	go func() {
		_ = command.Wait()
		output.Close()
		close(found.ended)
	}()
	return found, nil
}

// endsWithin says whether it was gone by then.
func (p *process) endsWithin(limit time.Duration) bool {
	select {
	case <-p.ended:
		return true
	case <-time.After(limit):
		return false
	}
}

// kill ends it and its group, and waits until it is gone.
func (p *process) kill() {
	_ = syscall.Kill(-p.Process.Pid, syscall.SIGKILL)
	<-p.ended
}

func (p *process) said() string {
	text, _ := os.ReadFile(p.log)
	return string(text)
}

// marked is every living process of one gate.
func marked(name string) []int {
	var found []int
	paths, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range paths {
		// What is gone by now, and a zombie, has none.
		environment, _ := os.ReadFile(path)
		if bytes.Contains(environment, []byte(mark+"="+name+"\x00")) {
			id, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			found = append(found, id)
		}
	}
	return found
}

// killMarked does what the end of a container does to whatever is left in it.
func killMarked(name string) {
	for _, id := range marked(name) {
		_ = syscall.Kill(id, syscall.SIGKILL)
	}
}

// residentBytes of a process, 0 when it is gone.
func residentBytes(id int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", id))
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(fields[1])
	return pages * os.Getpagesize()
}

var handedOut sync.Map

// freePort is one that the system had to spare, and that nobody got from here before.
func freePort(t *testing.T) string {
	t.Helper()
	for {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(listener.Addr().String())
		listener.Close()
		if _, twice := handedOut.LoadOrStore(port, true); !twice {
			return port
		}
	}
}

// eventually waits until the claim holds; what it waited for is the message if it never does.
func eventually(t *testing.T, limit time.Duration, what string, claim func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !claim(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", limit, what)
		}
	}
}
