package secret

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"rapport/internal/fault"
)

// ErrBroken is wrapped by Open of a Keyring where a sealed text was changed,
// cut, sealed for another purpose or with a key that is not in the file.
var ErrBroken = errors.New("secret: sealed text cannot be opened")

// version is the first field of every sealed text.
const version = "v1"

// Keyring seals with its newest key and opens with any. It is safe for
// concurrent use.
type Keyring struct {
	file string
	mu   sync.RWMutex
	keys []key // oldest first
	// gone are the ids of keys that were forgotten: by them a file that lacks
	// ours is known for its successor.
	gone []string
	seen stamp // of the file, when it was read
}

// stamp tells whether a file has changed.
type stamp struct {
	at   time.Time
	size int64
}

func stampOf(file string) stamp {
	info, err := os.Stat(file)
	if err != nil {
		return stamp{}
	}
	return stamp{info.ModTime(), info.Size()}
}

type key struct {
	id  string // public; says which key opens a text
	raw [32]byte
}

// Open reads the keys of file. A missing file is a fault that names it: a new
// key would make every sealed text unreadable, so only Create makes one.
func Open(file string) (*Keyring, error) {
	seen := stampOf(file)
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.As(fault.NotFound, err, "The key file %s is missing. Put it back, or name it with --key-file.", file)
	}
	if err != nil {
		return nil, fmt.Errorf("secret: read key file: %w", err)
	}
	if err := onlyOurs(file); err != nil {
		return nil, err
	}
	keys, gone, err := parse(text)
	if err != nil {
		return nil, fault.As(fault.Invalid, err, "The key file %s is damaged. Put back a copy of it.", file)
	}
	return &Keyring{file: file, keys: keys, gone: gone, seen: seen}, nil
}

// Create opens file, making it first with one new key where it is missing. Use
// it only for an installation that has sealed nothing yet.
func Create(file string) (*Keyring, error) {
	ring, err := Open(file)
	if !fault.Is(err, fault.NotFound) {
		return ring, err
	}
	ring = &Keyring{file: file}
	if _, err := ring.AddKey(); err != nil {
		return nil, err
	}
	return ring, nil
}

// onlyOurs refuses a key file that other users of the machine can read.
func onlyOurs(file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("secret: check key file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fault.New(fault.Denied, "The key file %s can be read by others. Run: chmod 600 %s", file, file)
	}
	return nil
}

const forgotten = "# forgotten "

// parse reads "id base64" lines; lines that begin with # are notes, some of
// which name a key that is gone.
func parse(text []byte) (keys []key, gone []string, err error) {
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if id, was := strings.CutPrefix(line, forgotten); was {
			gone = append(gone, id)
		}
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, encoded, _ := strings.Cut(line, " ")
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
		if err != nil || len(raw) != 32 || id == "" || strings.Contains(id, ".") {
			return nil, nil, fmt.Errorf("secret: line of key %q is not a key", id)
		}
		keys = append(keys, key{id, [32]byte(raw)})
	}
	if err := lines.Err(); err != nil {
		return nil, nil, fmt.Errorf("secret: read keys: %w", err)
	}
	if len(keys) == 0 {
		return nil, nil, errors.New("secret: no key in the file")
	}
	return keys, gone, nil
}

// AddKey makes a new key, writes it to the file and seals with it from now on;
// so does every process that reads the same file. It returns the key's id. Texts of older keys still open; NeedsReseal finds
// them. Nodes that read a copy of the file need the new one first.
func (k *Keyring) AddKey() (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var id [4]byte
	var fresh key
	rand.Read(id[:])
	rand.Read(fresh.raw[:])
	fresh.id = hex.EncodeToString(id[:])
	keys := append(append([]key{}, k.keys...), fresh)
	if err := write(k.file, keys, k.gone); err != nil {
		return "", err
	}
	k.keys, k.seen = keys, stampOf(k.file)
	return fresh.id, nil
}

// write replaces the file in one step: a crash leaves the old keys or the new.
func write(file string, keys []key, gone []string) (err error) {
	defer func() {
		if err != nil {
			err = fault.As(fault.Unavailable, err, "The key file %s cannot be written. Check that its folder exists and is writable.", file)
		}
	}()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(file), ".key-*") // 0600 by contract
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	fmt.Fprintln(temp, "# Keys of Rapport. Keep a copy apart from the data: without it sealed secrets are lost.")
	for _, id := range gone {
		fmt.Fprintln(temp, forgotten+id)
	}
	for _, k := range keys {
		fmt.Fprintf(temp, "%s %s\n", k.id, base64.StdEncoding.EncodeToString(k.raw[:]))
	}
	if err := errors.Join(temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), file); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(file))
}

// syncFolder makes a rename in the folder survive a power cut.
func syncFolder(folder string) error {
	dir, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Seal encrypts plain with the newest key. purpose says what the secret is
// ("channel credential") and aad whose it is (the row's id): Open needs both
// again, so a sealed text copied into another row or column does not open.
func (k *Keyring) Seal(purpose, aad string, plain []byte) string {
	k.follow()
	k.mu.RLock()
	newest := k.keys[len(k.keys)-1]
	k.mu.RUnlock()
	// Sealing with a random nonce under a key derived per purpose: far fewer
	// than 2^32 texts each, so nonces do not meet.
	sealed := newest.cipher(purpose).Seal(nil, nil, plain, bound(newest.id, purpose, aad))
	return version + "." + newest.id + "." + base64.RawURLEncoding.EncodeToString(sealed)
}

// Open decrypts what Seal made for the same purpose and aad. Its error wraps
// ErrBroken and holds nothing of the secret.
func (k *Keyring) Open(purpose, aad, sealed string) ([]byte, error) {
	id, body, err := split(sealed)
	if err != nil {
		return nil, err
	}
	used, ok := k.named(id)
	if !ok && k.reload() == nil {
		used, ok = k.named(id) // it was rotated while we ran
	}
	if !ok {
		return nil, fmt.Errorf("%w: key %q is not in the key file", ErrBroken, id)
	}
	plain, err := used.cipher(purpose).Open(nil, nil, body, bound(id, purpose, aad))
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrBroken, purpose)
	}
	return plain, nil
}

// IDs lists the keys by their public ids, the oldest first. The last one seals.
func (k *Keyring) IDs() []string {
	k.mu.RLock()
	defer k.mu.RUnlock()
	out := make([]string, len(k.keys))
	for i, one := range k.keys {
		out[i] = one.id
	}
	return out
}

// Forget takes keys out of the file. What they sealed, in a backup too, opens
// never again. The newest key cannot be forgotten.
func (k *Keyring) Forget(ids ...string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	var left []key
	gone := slices.Clone(k.gone)
	for i, one := range k.keys {
		if slices.Contains(ids, one.id) && i < len(k.keys)-1 {
			gone = append(gone, one.id)
			continue
		}
		left = append(left, one)
	}
	if err := write(k.file, left, gone); err != nil {
		return err
	}
	k.keys, k.gone, k.seen = left, gone, stampOf(k.file)
	return nil
}

// KeyOf is the id of the key that sealed a text; "" where it is none of ours.
func KeyOf(sealed string) string {
	id, _, err := split(sealed)
	if err != nil {
		return ""
	}
	return id
}

// NeedsReseal reports whether sealed was made with a key that is not the
// newest, or cannot be read at all.
func (k *Keyring) NeedsReseal(sealed string) bool {
	id, _, err := split(sealed)
	k.follow()
	k.mu.RLock()
	defer k.mu.RUnlock()
	return err != nil || id != k.keys[len(k.keys)-1].id
}

// reload reads the file again. A file that cannot be read, or that lacks a key
// we have without saying that it was forgotten, changes nothing.
func (k *Keyring) reload() error {
	fresh, err := Open(k.file)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.seen = fresh.seen
	for _, known := range k.keys {
		if !slices.Contains(fresh.keys, known) && !slices.Contains(fresh.gone, known.id) {
			return fmt.Errorf("secret: the key file %s is another one now", k.file)
		}
	}
	k.keys, k.gone = fresh.keys, fresh.gone
	return nil
}

// follow reads the file again where it has changed, so that a key that the
// console made is used from then on by a server that runs.
func (k *Keyring) follow() {
	k.mu.RLock()
	same := stampOf(k.file) == k.seen
	k.mu.RUnlock()
	if !same {
		_ = k.reload() // what cannot be read changes nothing
	}
}

func (k *Keyring) named(id string) (key, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, candidate := range k.keys {
		if candidate.id == id {
			return candidate, true
		}
	}
	return key{}, false
}

func split(sealed string) (id string, body []byte, err error) {
	parts := strings.Split(sealed, ".")
	if len(parts) != 3 || parts[0] != version {
		return "", nil, fmt.Errorf("%w: unknown form", ErrBroken)
	}
	body, err = base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return "", nil, fmt.Errorf("%w: not base64", ErrBroken)
	}
	return parts[1], body, nil
}

// bound is the additional data; lengths keep ("a","bc") and ("ab","c") apart.
func bound(id, purpose, aad string) []byte {
	return fmt.Appendf(nil, "%s|%d|%s|%s", id, len(purpose), purpose, aad)
}

func (k key) cipher(purpose string) cipher.AEAD {
	derived, err := hkdf.Key(sha256.New, k.raw[:], nil, "rapport "+version+" "+purpose, 32)
	if err != nil {
		panic(err) // only an impossible length fails
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return aead
}
