package web

// Patterns are those of every route, for tests that must leave none out.
func (p *Pages) Patterns() []string {
	var out []string
	for _, rt := range p.routes() {
		out = append(out, rt.Pattern)
	}
	return out
}
