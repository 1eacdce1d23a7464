package server_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/server"
)

// console runs commands as an operator would, with an environment of its own.
type console struct {
	t   *testing.T
	dir string
	env map[string]string
	in  string
}

func newConsole(t *testing.T) *console {
	return &console{t: t, dir: t.TempDir(), env: map[string]string{}}
}

func (c *console) path(name string) string { return filepath.Join(c.dir, name) }

func (c *console) run(args ...string) (out string, err error) {
	var stdout, stderr bytes.Buffer
	err = server.Run(context.Background(), args, func(k string) string { return c.env[k] }, strings.NewReader(c.in), &stdout, &stderr)
	return stdout.String() + stderr.String(), err
}

func (c *console) must(args ...string) string {
	c.t.Helper()
	out, err := c.run(args...)
	if err != nil {
		c.t.Fatalf("rapport %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// running is a server that was started and has printed its address.
type running struct {
	url  string
	out  *output
	stop func() error // graceful; may be called again
}

// output waits for what a server prints.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer func() {
		select {
		case o.more <- struct{}{}:
		default:
		}
	}()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

var found = regexp.MustCompile(`runs at (http\S+)`)

func (c *console) start(args ...string) running {
	c.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	o := &output{more: make(chan struct{}, 1)}
	ended := make(chan error, 1)
	go func() {
		ended <- server.Run(ctx, args, func(k string) string { return c.env[k] }, strings.NewReader(""), o, o)
	}()
	stop := sync.OnceValue(func() error { cancel(); return <-ended })
	c.t.Cleanup(func() { stop() })
	for {
		if m := found.FindStringSubmatch(o.String()); m != nil {
			return running{m[1], o, stop}
		}
		select {
		case <-o.more:
		case err := <-ended:
			ended <- err
			c.t.Fatalf("it did not start: %v\n%s", err, o)
		}
	}
}

func fetch(t *testing.T, url string, change func(*http.Request)) (int, string) {
	t.Helper()
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(req)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestServe(t *testing.T) {
	c := newConsole(t)
	s := c.start("serve", "--addr", "127.0.0.1:0", "--data", c.path("data"))
	for _, p := range []struct {
		path   string
		change func(*http.Request)
		want   int
	}{
		{"/healthz", nil, 200},
		{"/readyz", nil, 200},
		{"/", nil, 303},
		{"/healthz", func(r *http.Request) { r.Host = "probe.example" }, 200},
		{"/", func(r *http.Request) { r.Host = "evil.example" }, 421},
		{"/metrics", nil, 200},
		{"/metrics", func(r *http.Request) { r.Header.Set("X-Forwarded-For", "127.0.0.1") }, 404},
		{"/metrics", func(r *http.Request) { r.Header.Set("Authorization", "Bearer guess") }, 404},
	} {
		if got, _ := fetch(t, s.url+p.path, p.change); got != p.want {
			t.Errorf("%s: %d, want %d", p.path, got, p.want)
		}
	}
	if !regexp.MustCompile(`one-time code: [0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}`).MatchString(s.out.String()) {
		t.Errorf("no set-up code:\n%s", s.out)
	}
	_, err := c.run("serve", "--addr", "127.0.0.1:0", "--data", c.path("data"))
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), strings.TrimPrefix(s.url, "http://")) {
		t.Errorf("a second one on the folder: %v", err)
	}
	if err := s.stop(); err != nil {
		t.Errorf("the stop: %v", err)
	}
	s = c.start("serve", "--addr", "127.0.0.1:0", "--data", c.path("data"))
	if strings.Contains(s.out.String(), "on hold") {
		t.Errorf("an ordinary start holds the brands:\n%s", s.out)
	}
}

// browser keeps cookies and follows redirects, as people's browsers do.
func browser(t *testing.T) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

// submit posts a form and returns where it led.
func submit(t *testing.T, b *http.Client, address string, form url.Values) (status int, path, body string) {
	t.Helper()
	resp, err := b.PostForm(address, form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Request.URL.Path, string(text)
}

// The first visit: the code of the console, an account, a brand, and in. Then
// out, and in again with the password, all over plain HTTP.
func TestFirstVisit(t *testing.T) {
	c := newConsole(t)
	c.env["RAPPORT_DATABASE_URL"] = dbtest.Options(t).URL // "" on SQLite
	s := c.start("serve", "--addr", "127.0.0.1:0", "--data", c.path("data"))
	b := browser(t)
	code := regexp.MustCompile(`one-time code: (\S+)`).FindStringSubmatch(s.out.String())
	form := url.Values{"code": {"0000-0000-0000"}, "name": {"Ada"}, "email": {"ada@example.com"}, "password": {"a long password"},
		"brand": {"Ada's Bikes"}, "color": {"#336699"}, "zone": {"Europe/Berlin"}}
	if status, path, _ := submit(t, b, s.url+"/setup", form); status != 422 || path != "/setup" {
		t.Errorf("a wrong code: %d at %s", status, path)
	}
	form.Set("code", code[1])
	if status, path, _ := submit(t, b, s.url+"/setup", form); status != 200 || path != "/studio/adas-bikes" {
		t.Fatalf("set-up: %d at %s", status, path)
	}
	if status, path, _ := submit(t, b, s.url+"/studio/sign-out", nil); status != 200 || path != "/studio/sign-in" {
		t.Errorf("sign-out: %d at %s", status, path)
	}
	in := url.Values{"email": {"ada@example.com"}, "password": {"a long password"}}
	if status, path, _ := submit(t, b, s.url+"/studio/sign-in", in); status != 200 || path != "/studio/adas-bikes" {
		t.Errorf("sign-in: %d at %s", status, path)
	}
	submit(t, browser(t), s.url+"/setup", form)
	if n := strings.Count(c.must("account", "list", "--data", c.path("data")), "@"); n != 1 {
		t.Errorf("the code made %d accounts", n)
	}
}

// What another site has the browser send is refused, with a page that says so.
func TestAnotherSitesFormIsRefused(t *testing.T) {
	c := newConsole(t)
	s := c.start("demo", "--addr", "127.0.0.1:0", "--data", c.path("demo"))
	req, err := http.NewRequest("POST", s.url+"/studio/sign-in", strings.NewReader("email=a"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != 403 || !strings.Contains(string(body), "another site") || !strings.Contains(string(body), "studio") {
		t.Errorf("status %d\n%s", resp.StatusCode, body)
	}
	// What was sent to the community is refused in the community, by any of its
	// addresses, and does nothing there.
	for _, path := range []string{"/join", "/nothing", "/b/northwind-coffee/join"} {
		req, err := http.NewRequest("POST", s.url+path, strings.NewReader("name=a"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", "https://evil.example")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != 403 || !strings.Contains(string(body), "Open the community itself") || !strings.Contains(string(body), "Northwind Coffee") || strings.Contains(string(body), "Back to the studio") {
			t.Errorf("%s: status %d\n%s", path, resp.StatusCode, body)
		}
	}
}

func TestServeByEnvironment(t *testing.T) {
	c := newConsole(t)
	c.env = map[string]string{"RAPPORT_ADDR": "127.0.0.1:0", "RAPPORT_DATA": c.path("data"), "RAPPORT_METRICS_TOKEN": "let-me-in-please",
		"RAPPORT_TRUSTED_PROXY": "127.0.0.1,::1"}
	s := c.start("serve")
	proxied := func(token string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("X-Forwarded-For", "192.0.2.1")
			r.Header.Set("Authorization", "Bearer "+token)
		}
	}
	if got, body := fetch(t, s.url+"/metrics", proxied("let-me-in-please")); got != 200 || !strings.Contains(body, "rapport_http_answers_total") {
		t.Errorf("by token: %d", got)
	}
	if got, _ := fetch(t, s.url+"/metrics", proxied("let-me-out")); got != 404 {
		t.Errorf("by a wrong token: %d", got)
	}
}

func TestWrongSettingsAreReportedTogether(t *testing.T) {
	c := newConsole(t)
	out, err := c.run("serve", "--addr", "here", "--public-url", "https://a.example/path", "--trusted-proxy", "x", "--outbound-allow", "y",
		"--database-url", "mysql://z")
	if !fault.Is(err, fault.Invalid) {
		t.Fatal(err)
	}
	for _, flag := range []string{"--addr", "--public-url", "--trusted-proxy", "--outbound-allow", "--database-url"} {
		if !strings.Contains(out, flag+":") {
			t.Errorf("%s is not named in\n%s", flag, out)
		}
	}
}

func TestUsage(t *testing.T) {
	c := newConsole(t)
	if out := c.must(); !strings.Contains(out, "rapport demo") {
		t.Errorf("without a command:\n%s", out)
	}
	if out := c.must("serve", "--help"); !strings.Contains(out, "--public-url") {
		t.Errorf("help of serve:\n%s", out)
	}
	for _, args := range [][]string{{"dance"}, {"serve", "--shout"}, {"account"}} {
		if out, err := c.run(args...); !fault.Is(err, fault.Invalid) || !strings.Contains(out, "--help") {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
}

func TestDemo(t *testing.T) {
	c := newConsole(t)
	if _, err := c.run("demo", "--addr", "0.0.0.0:0", "--data", c.path("open")); !fault.Is(err, fault.Invalid) {
		t.Errorf("open to all without a password: %v", err)
	}
	if _, err := os.Stat(c.path("open")); err == nil {
		t.Error("a refused demo leaves a folder behind")
	}
	s := c.start("demo", "--addr", "127.0.0.1:0", "--data", c.path("demo"))
	if !strings.Contains(s.out.String(), "demo@rapport.example") {
		t.Errorf("no sign-in:\n%s", s.out)
	}
	password := regexp.MustCompile(`Password +(\w{12})\n`).FindString(s.out.String())
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	people := c.must("account", "list", "--data", c.path("demo"))
	s = c.start("demo", "--addr", "127.0.0.1:0", "--data", c.path("demo"))
	if password == "" || !strings.Contains(s.out.String(), password) {
		t.Errorf("the next start shows another password than %q:\n%s", password, s.out)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	s = c.start("demo", "--addr", "127.0.0.1:0", "--data", c.path("demo"), "--password", "my own password")
	if strings.Contains(s.out.String(), "my own password") {
		t.Error("the operator's password is printed")
	}
	if out := c.must("account", "list", "--data", c.path("demo")); out != people {
		t.Errorf("the second start made another account:\n%s", out)
	}
}

func TestAccountsAndTokens(t *testing.T) {
	c := newConsole(t)
	if _, err := c.run("account", "list", "--data", c.path("none")); !fault.Is(err, fault.NotFound) {
		t.Errorf("no installation: %v", err)
	}
	s := c.start("demo", "--addr", "127.0.0.1:0", "--data", c.path("demo"))
	c.env["RAPPORT_DATA"] = c.path("demo") // while it runs
	c.in = "a long password\n"
	c.must("account", "create", "ann@example.com", "--name", "Ann", "--brand", "northwind-coffee", "--role", "analyst")
	if _, err := c.run("account", "create", "ann@example.com", "--name", "Ann"); !fault.Is(err, fault.Conflict) {
		t.Errorf("twice: %v", err)
	}
	if _, err := c.run("account", "create", "bob@example.com", "--name", "Bob", "--brand", "northwind-coffee", "--role", "king"); !fault.Is(err, fault.Invalid) {
		t.Errorf("no such role: %v", err)
	}
	c.must("account", "password", "ann@example.com")

	if err := os.WriteFile(c.path("foreign"), []byte("0badcafe "+strings.Repeat("A", 43)+"=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := c.run("doctor", "--key-file", c.path("foreign")); err == nil || !strings.Contains(out, "LOOK  credentials") || !strings.Contains(out, "cannot be opened with this key file") {
		t.Errorf("with another key file: %v\n%s", err, out)
	}
	if out := c.must("key", "rotate"); !strings.Contains(out, "5 secrets are sealed") {
		t.Errorf("a new key:\n%s", out)
	}
	if out := c.must("key", "list"); !strings.Contains(out, "seals") || !strings.Contains(out, "only needed for older backups") {
		t.Errorf("two keys:\n%s", out)
	}
	if out := c.must("key", "forget"); !strings.Contains(out, "Forgotten: ") {
		t.Errorf("an idle key:\n%s", out)
	}
	if out := c.must("key", "forget"); !strings.Contains(out, "Every key of the file is needed") {
		t.Errorf("no idle key:\n%s", out)
	}
	if out := c.must("doctor", "--ask"); !strings.Contains(out, "ok    keys") || !strings.Contains(out, "of Northwind Coffee, on Demo network. It ") || strings.Contains(out, "asked") {
		t.Errorf("after a new key:\n%s", out)
	}

	out := c.must("token", "create", "--brand", "northwind-coffee", "--scopes", "posts:read,posts:write", "--name", "script")
	if !regexp.MustCompile(`(?m)^rap_[\w-]{43}$`).MatchString(out) {
		t.Errorf("no token alone on a line:\n%s", out)
	}
	if _, err := c.run("token", "create", "--brand", "northwind-coffee", "--scopes", "posts:publish", "--as", "ann@example.com"); !fault.Is(err, fault.Denied) {
		t.Errorf("more than its maker may: %v", err)
	}
	list := c.must("token", "list", "--brand", "northwind-coffee")
	id := regexp.MustCompile(`(?m)^[0-9a-f-]{36}`).FindString(list)
	c.must("token", "revoke", id, "--brand", "northwind-coffee")
	if list := c.must("token", "list", "--brand", "northwind-coffee"); !strings.Contains(list, "revoked") || strings.Contains(list, "rap_") {
		t.Errorf("after revoking:\n%s", list)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
}

func TestMigrateAndDoctor(t *testing.T) {
	c := newConsole(t)
	data := c.path("data")
	if out, err := c.run("doctor", "--data", data); err == nil || !strings.Contains(out, "There is no Rapport") {
		t.Errorf("nothing there: %v\n%s", err, out)
	}
	c.must("migrate", "--data", data)
	if out := c.must("migrate", "--data", data); !strings.Contains(out, "up to date") {
		t.Errorf("again:\n%s", out)
	}
	s := c.start("serve", "--addr", "127.0.0.1:0", "--data", data)
	if out := c.must("doctor", "--data", data); !strings.Contains(out, "sign of life") || !strings.Contains(out, "ok    jobs") || !strings.Contains(out, "GB free in "+data) {
		t.Errorf("while it runs:\n%s", out)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(data+".key", 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := c.run("doctor", "--data", data); err == nil || !strings.Contains(out, "chmod 600") {
		t.Errorf("an open key file: %v\n%s", err, out)
	}
	if err := os.Remove(data + ".key"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.run("serve", "--addr", "127.0.0.1:0", "--data", data); err == nil {
		t.Error("it made a new key for secrets that an old one sealed")
	}
}

// TestBackgroundWorkIsDone waits until nothing that is due is left, for a while:
// each kind of work must have a hand in the program that runs.
func TestBackgroundWorkIsDone(t *testing.T) {
	c := newConsole(t)
	data := c.path("data")
	c.start("serve", "--addr", "127.0.0.1:0", "--data", data)
	const patience = 30 * time.Second
	var out string
	idle := 0
	for start := time.Now(); idle < 10; time.Sleep(100 * time.Millisecond) {
		out = c.must("doctor", "--data", data)
		if idle++; !regexp.MustCompile(`ok +jobs +Nothing waits`).MatchString(out) {
			idle = 0
		}
		if time.Since(start) > patience {
			t.Fatalf("some work is left:\n%s", out)
		}
	}
}

// brands reads the database as it lies on disk.
func held(t *testing.T, data string) (held bool) {
	t.Helper()
	d, err := db.Open(context.Background(), db.Options{Path: filepath.Join(data, "rapport.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.QueryRowContext(context.Background(), `SELECT held FROM brand`).Scan(&held); err != nil {
		t.Fatal(err)
	}
	return held
}

func TestBackupAndRestore(t *testing.T) {
	c := newConsole(t)
	data, file := c.path("demo"), c.path("backup.tar")
	s := c.start("demo", "--addr", "127.0.0.1:0", "--data", data)
	picture := filepath.Join("media", "ab", "picture.jpg")
	if err := os.MkdirAll(filepath.Join(data, "media", "ab"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, picture), []byte("pixels"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.must("backup", "--data", data, file) // while it serves
	if _, err := c.run("backup", "--data", data, file); !fault.Is(err, fault.Conflict) {
		t.Errorf("over a file that is there: %v", err)
	}
	if _, err := c.run("restore", file, "--data", data); !fault.Is(err, fault.Conflict) {
		t.Errorf("into a running server's folder: %v", err)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}

	restored := c.path("restored")
	c.must("restore", file, "--data", restored)
	if b, err := os.ReadFile(filepath.Join(restored, picture)); err != nil || string(b) != "pixels" {
		t.Errorf("the picture: %q %v", b, err)
	}
	if err := os.Rename(data+".key", restored+".key"); err != nil {
		t.Fatal(err)
	}
	s = c.start("demo", "--addr", "127.0.0.1:0", "--data", restored)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if !held(t, restored) {
		t.Error("a restored brand may send")
	}
	if left, _ := filepath.Glob(c.path(".rapport-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// An older database put in place of the newer one, without the command.
func TestAnOlderDatabaseIsNoticed(t *testing.T) {
	c := newConsole(t)
	data := c.path("demo")
	s := c.start("demo", "--addr", "127.0.0.1:0", "--data", data)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(filepath.Join(data, "rapport.db"))
	if err != nil {
		t.Fatal(err)
	}
	s = c.start("demo", "--addr", "127.0.0.1:0", "--data", data)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if held(t, data) {
		t.Fatal("an ordinary second start holds the brand")
	}
	if err := os.WriteFile(filepath.Join(data, "rapport.db"), old, 0o600); err != nil {
		t.Fatal(err)
	}
	s = c.start("demo", "--addr", "127.0.0.1:0", "--data", data)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if !held(t, data) {
		t.Error("nobody noticed")
	}
}

// A copy of a data folder that is run elsewhere must not send.
func TestAnotherPublicAddressHolds(t *testing.T) {
	c := newConsole(t)
	data := c.path("data")
	for _, step := range []struct {
		name string
		args []string
		env  string
		want bool
	}{
		{"the demo", []string{"demo"}, "", false},
		{"an address for the first time", []string{"serve", "--public-url", "https://rapport.example"}, "", false},
		{"the same by the environment", []string{"serve"}, "https://rapport.example", false},
		{"none, on another port", []string{"serve"}, "", false},
		{"another one", []string{"serve"}, "https://staging.example", true},
	} {
		c.env["RAPPORT_PUBLIC_URL"] = step.env
		s := c.start(append(step.args, "--addr", "127.0.0.1:0", "--data", data)...)
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
		if got := held(t, data); got != step.want {
			t.Errorf("%s: held %v, want %v", step.name, got, step.want)
		}
	}
}

func TestRestoreRefusesWhatIsNoBackup(t *testing.T) {
	write := func(t *testing.T, parts map[string]string) string {
		file := filepath.Join(t.TempDir(), "b.tar")
		f, err := os.Create(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		w := tar.NewWriter(f)
		for name, content := range parts {
			if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(content))}); err != nil {
				t.Fatal(err)
			}
			io.WriteString(w, content)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return file
	}
	good, _ := json.Marshal(map[string]int{"format": 1})
	for name, parts := range map[string]map[string]string{
		"empty":             {},
		"no database":       {"manifest.json": string(good)},
		"a later format":    {"manifest.json": `{"format":2}`, "rapport.db": ""},
		"a way out":         {"manifest.json": string(good), "rapport.db": "", "media/../../evil": "x"},
		"another file":      {"manifest.json": string(good), "rapport.db": "", "etc": "x"},
		"a broken database": {"manifest.json": string(good), "rapport.db": strings.Repeat("not a database ", 1000)},
	} {
		t.Run(name, func(t *testing.T) {
			c := newConsole(t)
			_, err := c.run("restore", write(t, parts), "--data", c.path("new"))
			if err == nil {
				t.Error("it was restored")
			}
			if left, _ := filepath.Glob(c.path("*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// A brand goes from one installation to another with two commands.
func TestABrandMovesWithAFile(t *testing.T) {
	c := newConsole(t)
	from, to, file := c.path("from"), c.path("to"), c.path("north.zip")
	for _, data := range []string{from, to} {
		c.must("migrate", "--data", data)
		c.in = "a password of ten\n"
		c.must("account", "create", "--data", data, "--name", "Ada", "ada@example.com")
	}
	ctx := t.Context()
	d, err := db.Open(ctx, db.Options{Path: filepath.Join(from, "rapport.db")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := brand.Create(ctx, d, access.System(), brand.New{Name: "North"}); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	c.must("export", "--data", from, "--brand", "north", file)
	if _, err := c.run("export", "--data", from, "--brand", "north", file); !fault.Is(err, fault.Conflict) {
		t.Errorf("over a file: %v", err)
	}
	if out := c.must("import", "--data", to, "--owner", "ada@example.com", file); !strings.Contains(out, "North is here") {
		t.Error(out)
	}
	if !held(t, to) {
		t.Error("it is not on hold")
	}
	if _, err := c.run("import", "--data", to, "--owner", "ada@example.com", file); !fault.Is(err, fault.Invalid) {
		t.Errorf("twice: %v", err)
	}
	if out := c.must("log", "--data", to); !strings.Contains(out, "account.created") {
		t.Error(out)
	}
}
