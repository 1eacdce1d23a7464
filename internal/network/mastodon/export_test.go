package mastodon

// Plain is what foreign markup becomes.
var Plain = plain
