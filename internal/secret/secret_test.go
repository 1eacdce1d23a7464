package secret_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rapport/internal/fault"
	"rapport/internal/secret"
)

func ring(t *testing.T) (*secret.Keyring, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keys", "rapport.key")
	k, err := secret.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	return k, file
}

func TestSealedTextOpensOnlyWhereItBelongs(t *testing.T) {
	k, _ := ring(t)
	sealed := k.Seal("credential", "channel-1", []byte("hunter2"))
	if strings.Contains(sealed, "hunter2") || sealed == k.Seal("credential", "channel-1", []byte("hunter2")) {
		t.Error("the sealed text tells something")
	}
	last := sealed[len(sealed)-6:]
	for _, c := range []struct {
		name, purpose, aad, sealed string
		ok                         bool
	}{
		{"as sealed", "credential", "channel-1", sealed, true},
		{"another purpose", "webhook", "channel-1", sealed, false},
		{"another row", "credential", "channel-2", sealed, false},
		{"purpose and row moved", "credentialc", "hannel-1", sealed, false},
		{"cut", "credential", "channel-1", strings.TrimSuffix(sealed, last), false},
		{"changed", "credential", "channel-1", strings.TrimSuffix(sealed, last) + "AAAAAA", false},
		{"unknown key", "credential", "channel-1", "v1.00000000." + strings.Split(sealed, ".")[2], false},
		{"unknown form", "credential", "channel-1", "hunter2", false},
		{"not base64", "credential", "channel-1", "v1.x.!", false},
		{"empty", "credential", "channel-1", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			plain, err := k.Open(c.purpose, c.aad, c.sealed)
			if c.ok && (err != nil || string(plain) != "hunter2") {
				t.Errorf("got %q, %v", plain, err)
			}
			if !c.ok && !errors.Is(err, secret.ErrBroken) {
				t.Errorf("got %q, %v; want ErrBroken", plain, err)
			}
		})
	}
}

func TestRotation(t *testing.T) {
	k, file := ring(t)
	old := k.Seal("p", "a", []byte("one"))
	if k.NeedsReseal(old) {
		t.Error("a text of the only key needs no resealing")
	}
	id, err := k.AddKey()
	if err != nil {
		t.Fatal(err)
	}
	again, err := secret.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]*secret.Keyring{"same process": k, "after a restart": again} {
		if plain, err := k.Open("p", "a", old); err != nil || string(plain) != "one" {
			t.Errorf("%s: old text: %q, %v", name, plain, err)
		}
		if fresh := k.Seal("p", "a", nil); !strings.Contains(fresh, "."+id+".") || k.NeedsReseal(fresh) {
			t.Errorf("%s: the newest key does not seal", name)
		}
		if !k.NeedsReseal(old) || !k.NeedsReseal("rubbish") {
			t.Errorf("%s: an old text must be resealed", name)
		}
	}
}

func TestKeyFile(t *testing.T) {
	write := func(text string, mode os.FileMode) string {
		file := filepath.Join(t.TempDir(), "k")
		if err := os.WriteFile(file, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return file
	}
	_, good := ring(t)
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, file string
		kind       fault.Kind
	}{
		{"missing", filepath.Join(t.TempDir(), "none"), fault.NotFound},
		{"readable by others", write(string(text), 0o644), fault.Denied},
		{"empty", write("", 0o600), fault.Invalid},
		{"not a key", write("abc def\n", 0o600), fault.Invalid},
		{"short key", write("abc YWJj\n", 0o600), fault.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := secret.Open(c.file); !fault.Is(err, c.kind) {
				t.Errorf("got %v, want a %v fault", err, c.kind)
			}
		})
	}
	if info, err := os.Stat(good); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file's mode is %v, %v", info.Mode(), err)
	}
	if _, err := secret.Create(write("rubbish", 0o600)); !fault.Is(err, fault.Invalid) {
		t.Errorf("a damaged key file must not be replaced: %v", err)
	}
}

func TestTextIsNeverPrinted(t *testing.T) {
	type holder struct{ Password secret.Text }
	v := holder{"hunter2"}
	var out bytes.Buffer
	fmt.Fprintf(&out, "%v %+v %#v %s %q %x %d %v", v, v, v, v.Password, v.Password, v.Password, v.Password, &v)
	body, err := json.Marshal(map[string]any{"v": v})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(body)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v, "p", v.Password)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v, "p", v.Password)
	if printed := out.String(); strings.Contains(printed, "hunter2") || strings.Contains(printed, "68756e746572") {
		t.Errorf("the secret was printed: %s", &out)
	}
	if v.Password.Reveal() != "hunter2" {
		t.Error("Reveal must give the secret")
	}
	if err := json.Unmarshal([]byte(`{"Password":"new"}`), &v); err != nil || v.Password.Reveal() != "new" {
		t.Errorf("read %q, %v", v.Password.Reveal(), err)
	}
}

func TestTokens(t *testing.T) {
	a, b := secret.Token(), secret.Token()
	if a == b || len(a) != 43 {
		t.Errorf("tokens %q and %q", a, b)
	}
	if got, want := secret.Hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; got != want {
		t.Errorf("hash %s, want %s", got, want)
	}
	if !secret.Equal(a, a) || secret.Equal(a, b) || secret.Equal(a, a[:42]) {
		t.Error("Equal is wrong")
	}
}

// A server that runs follows what the console does with its key file.
func TestKeyringFollowsItsFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	server, err := secret.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	early := server.Seal("p", "a", []byte("x"))
	console, err := secret.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	old := console.IDs()[0]
	fresh, err := console.AddKey()
	if err != nil {
		t.Fatal(err)
	}
	if !server.NeedsReseal(early) {
		t.Error("the server does not see that its key was replaced")
	}
	if got := secret.KeyOf(server.Seal("p", "a", []byte("x"))); got != fresh {
		t.Errorf("the server seals with %s", got)
	}
	// Replaced and forgotten while nobody looked.
	late, err := secret.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := console.Forget(old, fresh); err != nil || len(console.IDs()) != 1 {
		t.Fatalf("%v %v", console.IDs(), err) // the newest stays
	}
	last, err := console.AddKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := console.Forget(fresh); err != nil {
		t.Fatal(err)
	}
	if got := secret.KeyOf(late.Seal("p", "a", []byte("x"))); got != last {
		t.Errorf("it seals with %s, want %s", got, last)
	}
	// A foreign file in its place changes nothing.
	text, err := os.ReadFile(foreignFile(t))
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := secret.KeyOf(late.Seal("p", "a", []byte("x"))); got != last {
		t.Errorf("it seals with a foreign key %s", got)
	}
}

// foreignFile is a key file that has nothing to do with another one.
func foreignFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key")
	if _, err := secret.Create(file); err != nil {
		t.Fatal(err)
	}
	return file
}
