package bluesky

import (
	"crypto/sha256"
	"encoding/binary"
	"net/url"
	"strings"
)

const postType = "app.bsky.feed.post"

// isDID reports whether s is the id of an account.
func isDID(s string) bool {
	rest, ok := strings.CutPrefix(s, "did:")
	method, id, found := strings.Cut(rest, ":")
	if !ok || !found || method == "" || id == "" || len(s) > 512 || strings.HasSuffix(s, ":") {
		return false
	}
	for _, r := range rest {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._:%-", r)) {
			return false
		}
	}
	return true
}

// isHandle reports whether s is a name as the protocol allows it.
func isHandle(s string) bool {
	labels := strings.Split(s, ".")
	if len(s) > 253 || len(labels) < 2 {
		return false
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
		for i := range len(l) {
			if c := l[i]; c != '-' && !letter(c) && !digit(c) {
				return false
			}
		}
	}
	return letter(labels[len(labels)-1][0])
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

// postURI is the address of a record in an account's posts.
func postURI(did, key string) string { return "at://" + did + "/" + postType + "/" + key }

// splitURI takes the address of a post apart; ok is false for anything else.
func splitURI(uri string) (did, key string, ok bool) {
	rest, ok := strings.CutPrefix(uri, "at://")
	parts := strings.Split(rest, "/")
	if !ok || len(uri) > 1024 || len(parts) != 3 || !isDID(parts[0]) || parts[1] != postType || !isKey(parts[2]) {
		return "", "", false
	}
	return parts[0], parts[2], true
}

func isKey(s string) bool {
	if s == "" || s == "." || s == ".." || len(s) > 512 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !letter(c) && !digit(c) && !strings.ContainsRune("._:~-", rune(c)) {
			return false
		}
	}
	return true
}

// isCID accepts the usual forms of a hash without looking into it.
func isCID(s string) bool {
	if len(s) < 8 || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		if !letter(s[i]) && !digit(s[i]) {
			return false
		}
	}
	return true
}

// postURL is the page of a post.
func postURL(server, account, key string) string {
	return profileURL(server, account) + "/post/" + url.PathEscape(key)
}

const (
	sortable = "234567abcdefghijklmnopqrstuvwxyz"
	// Keys have the form of a time in microseconds with ten more bits. Ours lie
	// within somewhat more than two years from May 2023, so that none is in the
	// future.
	keysFrom = 1_682_899_200_000_000
	keysBits = 46
)

// keyOf is the record key of a part. It depends on the seed alone: a part that
// is prepared again after a restore from an older copy, when it may be out
// already, gets the same key and is found or refused, never published twice.
// 56 bits of the seed's hash are in it.
func keyOf(seed string) string {
	sum := sha256.Sum256([]byte("bluesky record key\x00" + seed))
	bits := binary.BigEndian.Uint64(sum[:8])
	v := (keysFrom+bits>>(64-keysBits))<<10 | bits&(1<<10-1)
	var out [13]byte
	for i := range out {
		out[len(out)-1-i] = sortable[v&31]
		v >>= 5
	}
	return string(out[:])
}
