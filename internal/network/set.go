package network

import (
	"fmt"
	"sort"

	"rapport/internal/fault"
)

// Set is the networks this program knows, by name.
type Set struct {
	byName map[string]Network
}

// NewSet lists the networks. Two of one name are a mistake of the program.
func NewSet(all ...Network) *Set {
	s := &Set{byName: map[string]Network{}}
	for _, n := range all {
		name := n.Facts().Name
		if _, double := s.byName[name]; double {
			panic(fmt.Sprintf("network: two connectors are called %q", name))
		}
		s.byName[name] = n
	}
	return s
}

// Named returns the network, or fault.NotFound.
func (s *Set) Named(name string) (Network, error) {
	if n, ok := s.byName[name]; ok {
		return n, nil
	}
	return nil, fault.New(fault.NotFound, "There is no network called %q here.", name)
}

// Publisher returns the network if it can publish.
func (s *Set) Publisher(name string) (Publisher, error) {
	n, err := s.Named(name)
	if err != nil {
		return nil, err
	}
	p, ok := n.(Publisher)
	if !ok {
		return nil, fault.New(fault.Invalid, "%s cannot be published to.", n.Facts().Title)
	}
	return p, nil
}

// All returns the networks by title.
func (s *Set) All() []Network {
	out := make([]Network, 0, len(s.byName))
	for _, n := range s.byName {
		out = append(out, n)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Facts().Title < out[j].Facts().Title })
	return out
}
