package server_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// authority starts a real ACME server (Pebble) that asks names at the test's
// own DNS and challenges at these ports. It returns its directory and a file
// with the certificate it is reached by.
func authority(t *testing.T, httpPort, tlsPort int) (directory, ca string) {
	t.Helper()
	program := os.Getenv("RAPPORT_TEST_PEBBLE")
	if program == "" {
		t.Skip("RAPPORT_TEST_PEBBLE names no ACME server; make test-real installs one")
	}
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	selfSigned(t, cert, key)
	at, management := freeAddr(t), freeAddr(t)
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{"listenAddress": at, "managementListenAddress": management,
		"certificate": cert, "privateKey": key, "httpPort": httpPort, "tlsPort": tlsPort, "ocspResponderURL": "",
		"profiles": map[string]any{"default": map[string]any{"description": "usual", "validityPeriod": 7776000}}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "pebble.json")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-config", file, "-dnsserver", names(t))
	cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for range 200 {
		if conn, err := net.Dial("tcp", at); err == nil {
			conn.Close()
			return "https://" + at + "/dir", cert
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the ACME server does not listen")
	return "", ""
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func portOf(t *testing.T, at string) int {
	t.Helper()
	a, err := net.ResolveTCPAddr("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	return a.Port
}

func selfSigned(t *testing.T, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "EC PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// names is a DNS server, over TCP, for which every name is this machine.
func names(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go answerName(conn)
		}
	}()
	return l.Addr().String()
}

func answerName(conn net.Conn) {
	defer conn.Close()
	var size uint16
	if binary.Read(conn, binary.BigEndian, &size) != nil {
		return
	}
	raw := make([]byte, size)
	var m dnsmessage.Message
	if _, err := io.ReadFull(conn, raw); err != nil || m.Unpack(raw) != nil || len(m.Questions) == 0 {
		return
	}
	q := m.Questions[0]
	out := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true}, Questions: m.Questions[:1]}
	if q.Type == dnsmessage.TypeA {
		out.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}}}}
	}
	packed, err := out.Pack()
	if err == nil {
		_, _ = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(packed))), packed...))
	}
}

// The first visit fetches a certificate; plain HTTP leads to HTTPS; another of
// our names leads to the public one; a stranger's name gets nothing; and after
// a restart the certificate is still there.
func TestCertificates(t *testing.T) {
	plain, secure := freeAddr(t), freeAddr(t)
	directory, ca := authority(t, portOf(t, plain), portOf(t, secure))
	c := newConsole(t)
	args := []string{"serve", "--addr", secure, "--http-addr", plain, "--data", c.path("data"), "--acme", "rapport.example,www.rapport.example",
		"--acme-email", "admin@rapport.example", "--acme-directory", directory, "--acme-ca", ca}
	s := c.start(args...)
	first := visit(t, secure, "rapport.example", "/healthz")
	if first.status != 200 || first.serial == "" || first.proto != "HTTP/2.0" {
		t.Fatalf("%+v", first)
	}
	if page := visit(t, secure, "rapport.example", "/setup"); !strings.HasPrefix(page.header.Get("Strict-Transport-Security"), "max-age=") {
		t.Errorf("no HSTS: %v", page.header)
	}
	if www := visit(t, secure, "www.rapport.example", "/x?y=1"); www.status != 308 || www.header.Get("Location") != "https://rapport.example/x?y=1" {
		t.Errorf("%+v", www)
	}
	for host, want := range map[string]int{"rapport.example": 308, "evil.example": 421} {
		req, err := http.NewRequest("POST", "http://"+plain+"/a/b?c=d", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want || want == 308 && resp.Header.Get("Location") != "https://rapport.example/a/b?c=d" {
			t.Errorf("%s over HTTP: %d %s", host, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
	if _, err := tls.Dial("tcp", secure, &tls.Config{ServerName: "evil.example", InsecureSkipVerify: true}); err == nil {
		t.Error("a certificate for a stranger's name")
	}
	if _, err := tls.Dial("tcp", secure, &tls.Config{ServerName: "rapport.example", InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	s = c.start(args...)
	if again := visit(t, secure, "rapport.example", "/healthz"); again.serial != first.serial {
		t.Errorf("another certificate after a restart: %s, was %s", again.serial, first.serial)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
}

type seen struct {
	status        int
	serial, proto string
	header        http.Header
}

// visit asks as a browser would, whatever the certificate says.
func visit(t *testing.T, at, host, path string) seen {
	t.Helper()
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, at)
	}}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequest("GET", "https://"+host+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return seen{resp.StatusCode, resp.TLS.PeerCertificates[0].SerialNumber.String(), resp.Proto, resp.Header}
}
