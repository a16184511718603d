package ethtool

import (
	"fmt"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"viamillipede/netio/internal/attr"
)

// header is the first attribute of every request (ETHTOOL_A_..._HEADER): the device it is about.
const header = 1

// ask sends one request about a device and has parse read the attributes of the reply. what names the request in errors.
func ask(what string, command uint8, device string, parse func([]byte) error) error {
	answer, err := exchange(command, device)
	if err == nil {
		err = parse(answer)
	}
	if err != nil {
		return fmt.Errorf("ask for the %s of %s: %w", what, device, err)
	}
	return nil
}

// exchange sends one request and returns the attributes of the reply.
func exchange(command uint8, device string) ([]byte, error) {
	family, err := netlink.GenlFamilyGet(unix.ETHTOOL_GENL_NAME)
	if err != nil {
		return nil, err
	}
	about := nl.NewRtAttr(unix.NLA_F_NESTED|header, nil)
	about.AddRtAttr(unix.ETHTOOL_A_HEADER_DEV_NAME, nl.ZeroTerminated(device))
	question := nl.NewNetlinkRequest(int(family.ID), 0)
	question.AddData(&nl.Genlmsg{Command: command, Version: unix.ETHTOOL_GENL_VERSION})
	question.AddData(about)
	answers, err := question.Execute(unix.NETLINK_GENERIC, 0)
	if err != nil {
		return nil, err
	}
	if len(answers) != 1 || len(answers[0]) < nl.SizeofGenlmsg {
		return nil, fmt.Errorf("%d answers", len(answers))
	}
	return answers[0][nl.SizeofGenlmsg:], nil
}

// numbers reads the attributes listed in into; all of them are 32 bits wide.
func numbers(b []byte, into map[uint16]*uint32) error {
	return attr.Each(b, func(kind uint16, v attr.Value) error {
		if n := into[kind]; n != nil {
			*n = v.Uint32()
		}
		return nil
	})
}
