package browsertest

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Serve serves h until the test ends. A page that is still open then begins its
// stream anew as often as it is cut off, and a server waits for its streams:
// here those that come last end at once, too.
func Serve(t testing.TB, h http.Handler) *httptest.Server {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	s := httptest.NewUnstartedServer(h)
	s.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	s.Start()
	t.Cleanup(func() {
		stop()
		s.CloseClientConnections()
		s.Close()
	})
	return s
}
