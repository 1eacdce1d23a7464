package bluesky

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"

	"rapport/internal/network"
)

const (
	mostPage  = 512 << 10 // bytes of a page that are read
	mostThumb = 1_000_000 // the lexicon's limit of a card's picture
	// A card is worth no delay: what has not come by then is left out.
	cardPatience = 6 * time.Second
)

// card is what stands below a text with a link. It is fetched once and frozen.
type card struct {
	URI         string          `json:"uri"`
	Title       string          `json:"title,omitempty"` // "" where there is no card
	Description string          `json:"description,omitempty"`
	Thumb       json.RawMessage `json:"thumb,omitempty"`
	At          time.Time       `json:"at"`
}

// card reads the page behind a link, from the outside as any reader would.
// Whatever goes wrong costs the card or its picture, never the post.
func (n *Network) card(ctx context.Context, t network.Target, uri string) *card {
	c := &card{URI: uri, At: n.now().UTC()}
	ctx, stop := context.WithTimeout(ctx, cardPatience)
	defer stop()
	page, at, err := n.page(ctx, uri)
	if err != nil {
		return c
	}
	c.Title = cmp.Or(line(page.title, 300), at.Hostname())
	c.Description = line(page.description, 1000)
	picture, err := at.Parse(page.image)
	if err != nil || page.image == "" || picture.Scheme != "https" && picture.Scheme != "http" {
		return c
	}
	content, mime, err := n.thumb(ctx, picture.String())
	if err != nil {
		return c
	}
	if blob, err := n.uploadBlob(ctx, t, mime, content); err == nil {
		c.Thumb = blob
	}
	return c
}

// fetch gets something from anywhere, without a credential.
func (n *Network) fetch(ctx context.Context, address, accept string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", accept)
	resp, err := n.client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close() // there is nothing more to learn
		return nil, &network.Error{Status: resp.StatusCode}
	}
	return resp, nil
}

// preview is what a page says of itself.
type preview struct{ title, description, image string }

func (n *Network) page(ctx context.Context, address string) (preview, *url.URL, error) {
	resp, err := n.fetch(ctx, address, "text/html,application/xhtml+xml")
	if err != nil {
		return preview{}, nil, err
	}
	defer resp.Body.Close()
	kind := resp.Header.Get("Content-Type")
	if !strings.Contains(kind, "html") {
		return preview{}, nil, &network.Error{Text: "This is no page."}
	}
	text, err := charset.NewReader(io.LimitReader(resp.Body, mostPage), kind)
	if err != nil {
		return preview{}, nil, err
	}
	return readPreview(text), resp.Request.URL, nil
}

// readPreview reads the head of a page, as far as there is one.
func readPreview(r io.Reader) preview {
	found := map[string]string{}
	z := html.NewTokenizer(r)
	z.SetMaxBuf(mostPage)
	title := false
	for {
		switch z.Next() {
		case html.ErrorToken:
			return chosen(found)
		case html.TextToken:
			if title && found["title"] == "" {
				found["title"] = string(z.Text())
				if len(found["title"]) > 4000 {
					found["title"] = found["title"][:4000]
				}
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			switch tok := z.Token(); tok.Data {
			case "title":
				title = true
			case "meta":
				note(found, tok.Attr)
			case "body":
				return chosen(found)
			}
		case html.EndTagToken:
			title = false
		}
	}
}

// note keeps the first value of each name.
func note(found map[string]string, attributes []html.Attribute) {
	var name, content string
	for _, a := range attributes {
		switch strings.ToLower(a.Key) {
		case "property", "name":
			name = strings.ToLower(a.Val)
		case "content":
			content = a.Val
		}
	}
	switch name {
	case "og:title", "og:description", "og:image", "twitter:title", "twitter:description", "twitter:image", "description":
		if found[name] == "" && len(content) <= 8000 {
			found[name] = content
		}
	}
}

func chosen(found map[string]string) preview {
	return preview{
		title:       strings.ToValidUTF8(cmp.Or(found["og:title"], found["twitter:title"], html.UnescapeString(found["title"])), ""),
		description: strings.ToValidUTF8(cmp.Or(found["og:description"], found["twitter:description"], found["description"]), ""),
		image:       cmp.Or(found["og:image"], found["twitter:image"]),
	}
}

// thumb reads a picture, if it is one and fits.
func (n *Network) thumb(ctx context.Context, address string) (content []byte, mime string, err error) {
	resp, err := n.fetch(ctx, address, "image/jpeg,image/png,image/webp")
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	if resp.ContentLength > mostThumb {
		return nil, "", &network.Error{Text: "The picture of this page is too large."}
	}
	content, err = io.ReadAll(io.LimitReader(resp.Body, mostThumb+1))
	if err != nil {
		return nil, "", err
	}
	mime = http.DetectContentType(content)
	if len(content) > mostThumb || mime != "image/jpeg" && mime != "image/png" && mime != "image/webp" {
		return nil, "", &network.Error{Text: "The picture of this page cannot be used."}
	}
	return content, mime, nil
}
