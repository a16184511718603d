package ethtool

import (
	"fmt"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// header is the first attribute of every question (ETHTOOL_A_..._HEADER): which device it is about.
const header = 1

// ask sends one question about a device and has the answer's attributes read by parse. what names the question in errors.
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

// exchange gives the attributes of the answer to one question.
func exchange(command uint8, device string) ([]byte, error) {
	c, err := genetlink.Dial(nil)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	family, err := c.GetFamily(unix.ETHTOOL_GENL_NAME)
	if err != nil {
		return nil, err
	}
	question, err := about(device)
	if err != nil {
		return nil, err
	}
	m := genetlink.Message{Header: genetlink.Header{Command: command, Version: unix.ETHTOOL_GENL_VERSION}, Data: question}
	answers, err := c.Execute(m, family.ID, netlink.Request)
	if err != nil {
		return nil, err
	}
	if len(answers) != 1 {
		return nil, fmt.Errorf("%d answers", len(answers))
	}
	return answers[0].Data, nil
}

// about makes the attributes of a question.
func about(device string) ([]byte, error) {
	e := netlink.NewAttributeEncoder()
	e.Nested(header, func(h *netlink.AttributeEncoder) error {
		h.String(unix.ETHTOOL_A_HEADER_DEV_NAME, device)
		return nil
	})
	return e.Encode()
}

// each calls take for every attribute, by its type.
func each(b []byte, take func(kind uint16, d *netlink.AttributeDecoder)) error {
	d, err := netlink.NewAttributeDecoder(b)
	if err != nil {
		return err
	}
	for d.Next() {
		take(d.Type(), d)
	}
	return d.Err()
}

// numbers reads the attributes that into names; all of them are 32 bits wide.
func numbers(b []byte, into map[uint16]*uint32) error {
	return each(b, func(kind uint16, d *netlink.AttributeDecoder) {
		if n := into[kind]; n != nil {
			*n = d.Uint32()
		}
	})
}
