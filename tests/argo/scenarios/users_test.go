package scenarios

import (
	"context"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"
)

// Each visitor asks for one of these and looks at it for half a second. They are users to the shop: they have
// no header X-Load-Test.
var visited = []string{"/api/products", "/api/products/1", "/api/products/2", "/api/products/3"}

const lookingAt = 500 * time.Millisecond

// visit sends users to a pod until the test is over. Each waits for the answer before asking again, so that a
// machine which stands still for a second delays one request of each, and no more.
func visit(t *testing.T, each *pod, visitors int) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: visitors}}
	for number := range visitors {
		running.Add(1)
		go func() {
			defer running.Done()
			pause(ctx, lookingAt*time.Duration(number)/time.Duration(visitors))
			for turn := number; ctx.Err() == nil; turn++ {
				ask(ctx, client, each.url()+visited[turn%len(visited)])
				pause(ctx, lookingAt)
			}
		}()
	}
	t.Cleanup(func() {
		stop()
		running.Wait()
		client.CloseIdleConnections()
	})
}

func pause(ctx context.Context, duration time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(duration):
	}
}

// ask takes any answer, and none: users do not give up on a shop that fails.
func ask(ctx context.Context, client *http.Client, address string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return
	}
	answer, err := client.Do(request)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
}
