package letter

import (
	"encoding/base64"
	"encoding/json"

	"rapport/internal/fault"
	"rapport/internal/secret"
)

// Link makes the signed value of a link in a letter that does something without
// a sign-in, such as stopping letters like it. What is sealed for one purpose
// cannot be read for another.
func Link(keys *secret.Keyring, purpose string, v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // callers seal a few strings, which always encode
	}
	return base64.RawURLEncoding.EncodeToString([]byte(keys.Seal(purpose, "", raw)))
}

// ReadLink reads what Link made. What this installation did not sign for that
// purpose is fault.NotFound.
func ReadLink(keys *secret.Keyring, purpose, value string, into any) error {
	sealed, err := base64.RawURLEncoding.DecodeString(value)
	var raw []byte
	if err == nil {
		raw, err = keys.Open(purpose, "", string(sealed))
	}
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		return fault.As(fault.NotFound, err, "This link is not complete. Take it from the letter once more, or sign in and choose what you hear of.")
	}
	return nil
}
