package words

import (
	"fmt"
	"strings"

	"viamillipede/netio/lane"
)

// Lanes says which lanes lead to an address.
func Lanes(s lane.Set) string {
	names := strings.Join(s.Names(), ", ")
	switch s.Kind {
	case lane.ECMP:
		return fmt.Sprintf("%d equal routes, by %s", len(s.Lanes), names)
	case lane.Bond, lane.Team:
		return fmt.Sprintf("%v %s of %s", s.Kind, s.Device, names)
	}
	return "one device, " + names
}

// LaneBasis says what a prediction of lanes is based on.
func LaneBasis(s lane.Set) string {
	switch basis, why := s.Basis(); basis {
	case lane.BasisNone:
		return why.Error()
	case lane.BasisKernel:
		return "the kernel was asked (its hash is unspecified, with a secret seed)"
	case lane.BasisFormula:
		mode, policy := s.Formula()
		return fmt.Sprintf("the formula of %s, %v", mode, policy)
	}
	return "there is one lane"
}
