package emulator

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The content of a record is named by the hash of its canonical CBOR, the
// content of a blob by the hash of its bytes.
const (
	codecRaw  = 0x55
	codecCBOR = 0x71
)

var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// cidOf names content: CIDv1 with SHA-256 in base 32.
func cidOf(codec byte, content []byte) string {
	sum := sha256.Sum256(content)
	return "b" + base32Lower.EncodeToString(append([]byte{1, codec, 0x12, 0x20}, sum[:]...))
}

// cidBytes reads a CID back; only the kind that the network uses is one.
func cidBytes(s string) ([]byte, error) {
	digits, ok := strings.CutPrefix(s, "b")
	b, err := base32Lower.DecodeString(digits)
	if !ok || err != nil || len(b) != 36 || b[0] != 1 || b[1] != codecRaw && b[1] != codecCBOR || b[2] != 0x12 || b[3] != 0x20 {
		return nil, fmt.Errorf("%q is no CID", s)
	}
	return b, nil
}

// recordCID names a record. It must hold nothing but what JSON decodes to with
// UseNumber.
func recordCID(v any) (string, error) {
	b, err := appendCBOR(nil, v)
	if err != nil {
		return "", err
	}
	return cidOf(codecCBOR, b), nil
}

// The major types of CBOR, shifted to their place.
const (
	cborUint   = 0 << 5
	cborNegint = 1 << 5
	cborBytes  = 2 << 5
	cborText   = 3 << 5
	cborArray  = 4 << 5
	cborMap    = 5 << 5
	cborTag    = 6 << 5
)

// appendCBOR writes the canonical form: shortest heads, keys by length and
// then by bytes, no fractions, links as tag 42.
func appendCBOR(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, 0xf6), nil
	case bool:
		if v {
			return append(b, 0xf5), nil
		}
		return append(b, 0xf4), nil
	case string:
		return append(appendHead(b, cborText, uint64(len(v))), v...), nil
	case json.Number:
		return appendInteger(b, v)
	case []any:
		return appendArray(b, v)
	case map[string]any:
		return appendMap(b, v)
	}
	return nil, fmt.Errorf("a record cannot hold a %T", v)
}

func appendHead(b []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n < 1<<8:
		return append(b, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major|27), n)
}

var errFraction = errors.New("a record cannot hold a fraction")

func appendInteger(b []byte, n json.Number) ([]byte, error) {
	i, err := n.Int64()
	if err != nil {
		return nil, errFraction
	}
	if i < 0 {
		return appendHead(b, cborNegint, uint64(-(i + 1))), nil
	}
	return appendHead(b, cborUint, uint64(i)), nil
}

func appendArray(b []byte, list []any) (_ []byte, err error) {
	b = appendHead(b, cborArray, uint64(len(list)))
	for _, v := range list {
		if b, err = appendCBOR(b, v); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func appendMap(b []byte, m map[string]any) (_ []byte, err error) {
	if link, ok := m["$link"].(string); ok && len(m) == 1 {
		return appendLink(b, link)
	}
	if raw, ok := m["$bytes"].(string); ok && len(m) == 1 {
		content, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(raw, "="))
		return append(appendHead(b, cborBytes, uint64(len(content))), content...), err
	}
	keys := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	b = appendHead(b, cborMap, uint64(len(keys)))
	for _, k := range keys {
		b = append(appendHead(b, cborText, uint64(len(k))), k...)
		if b, err = appendCBOR(b, m[k]); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func appendLink(b []byte, link string) ([]byte, error) {
	cid, err := cidBytes(link)
	if err != nil {
		return nil, err
	}
	b = appendHead(appendHead(b, cborTag, 42), cborBytes, uint64(len(cid)+1))
	return append(append(b, 0), cid...), nil
}

// decode reads JSON as records are kept: numbers as they stand.
func decode(raw []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errors.New("there is something after the value")
	}
	return v, nil
}

const tidDigits = "234567abcdefghijklmnopqrstuvwxyz"

// tid writes microseconds as a record key that sorts by time.
func tid(micros int64) string {
	n := uint64(micros) << 10
	var out [13]byte
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = tidDigits[n&31]
		n >>= 5
	}
	return string(out[:])
}

// nextTID grows with time and is never given twice.
func (s *Server) nextTID() string {
	s.lastTID = max(s.lastTID+1, s.now().UnixMicro())
	return tid(s.lastTID)
}
