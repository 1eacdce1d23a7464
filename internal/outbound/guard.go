package outbound

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"syscall"

	"code.dny.dev/ssrf"

	"rapport/internal/fault"
)

// Rule names inner addresses that may be called. Port 0 is any port.
type Rule struct {
	Prefix netip.Prefix
	Port   uint16
}

// String is the form that ParseRule reads.
func (r Rule) String() string {
	if r.Port == 0 {
		return r.Prefix.String()
	}
	if r.Prefix.Addr().Is6() {
		return fmt.Sprintf("[%s]:%d", r.Prefix, r.Port)
	}
	return fmt.Sprintf("%s:%d", r.Prefix, r.Port)
}

// ParseRule reads an address or a prefix, with ":port" where only that port is
// meant: "10.0.0.0/8", "127.0.0.1:8025", "127.0.0.1/32:8025", "[::1/128]:8025".
func ParseRule(text string) (Rule, error) {
	var rule Rule
	address, port := strings.TrimSpace(text), ""
	if inner, ok := strings.CutPrefix(address, "["); ok {
		address, port, _ = strings.Cut(inner, "]")
		port = strings.TrimPrefix(port, ":")
	} else if strings.Count(address, ":") == 1 {
		address, port, _ = strings.Cut(address, ":")
	}
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return rule, badRule(text)
		}
		rule.Port = uint16(n)
	}
	if prefix, err := netip.ParsePrefix(address); err == nil {
		rule.Prefix = prefix.Masked()
		return rule, nil
	}
	single, err := netip.ParseAddr(address)
	if err != nil || single.Zone() != "" {
		return rule, badRule(text)
	}
	rule.Prefix = netip.PrefixFrom(single, single.BitLen())
	return rule, nil
}

func badRule(text string) error {
	return fault.New(fault.Invalid, "%q is not an address or a range such as 10.0.0.0/8 or 127.0.0.1/32:8025.", text)
}

// guard decides at connect time, when the name is already an address, so a
// name that changes its address between check and use gains nothing.
type guard struct {
	rules  []Rule
	public *ssrf.Guardian
}

func newGuard(rules []Rule) guard {
	// Multicast and NAT64 lie outside the library's tables or are open to be
	// allowed there; naming them keeps this file the whole truth.
	return guard{rules, ssrf.New(ssrf.WithAnyPort(),
		ssrf.WithDeniedV4Prefixes(netip.MustParsePrefix("224.0.0.0/4")),
		ssrf.WithDeniedV6Prefixes(ssrf.IPv6NAT64Prefix))}
}

// control has the signature of net.Dialer.Control.
func (g guard) control(network, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil || (network != "tcp4" && network != "tcp6") {
		return fault.As(fault.Denied, err, "Only web addresses can be called.")
	}
	return g.check(target)
}

func (g guard) check(target netip.AddrPort) error {
	inner := target.Addr().Unmap()
	for _, rule := range g.rules {
		if rule.Prefix.Contains(inner) && (rule.Port == 0 || rule.Port == target.Port()) {
			return nil
		}
	}
	if err := g.public.SafeAddr(target.Addr()); err != nil {
		return fault.As(fault.Denied, err, "%s lies inside the server's own network and is not called. "+
			"An operator can allow it with RAPPORT_OUTBOUND_ALLOW.", inner)
	}
	// Low ports belong to mail, shells and the like, which a request could
	// be made to speak to.
	if port := target.Port(); port != 80 && port != 443 && port < 1024 {
		return fault.New(fault.Denied, "Port %d is not called. Use 80, 443 or one from 1024 on.", port)
	}
	return nil
}

// Check returns the fault.Denied that a call to target would end with, or
// nil. Calls check again when they connect.
func (c *Client) Check(target netip.AddrPort) error { return c.guard.check(target) }
