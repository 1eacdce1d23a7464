package api

// IDOf is the id that examples give to a thing of a kind.
func IDOf(kind string) string { return exampleID(kind) }
