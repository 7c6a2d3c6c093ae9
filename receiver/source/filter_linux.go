package source

import (
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// captureFilter accepts the packets that can be of UDP datagrams to the ports and did not go out from here. Offsets
// count from the network layer, behind the VLAN tag that the kernel took off; one more tag may come first.
func captureFilter(ports []int) []bpf.Instruction {
	plain := branch(nil, etherIPv4, filter4(0, ports))
	plain = branch(plain, etherIPv6, filter6(0, ports))
	inner := []bpf.Instruction{bpf.LoadAbsolute{Off: 2, Size: 2}}
	inner = branch(inner, etherIPv4, filter4(tagSize, ports))
	inner = branch(inner, etherIPv6, filter6(tagSize, ports))
	inner = append(inner, reject)

	program := []bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtType},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.PACKET_OUTGOING, SkipTrue: 1},
		reject,
		bpf.LoadExtension{Num: bpf.ExtProto},
	}
	program = append(program, plain...)
	program = append(program,
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.ETH_P_8021Q, SkipTrue: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.ETH_P_8021AD, SkipTrue: 1},
		reject)
	return append(program, inner...)
}

const (
	etherIPv4 = unix.ETH_P_IP
	etherIPv6 = unix.ETH_P_IPV6
)

var (
	accept = bpf.RetConstant{Val: 1 << 18} // bytes, more than any packet has
	reject = bpf.RetConstant{Val: 0}
)

// branch appends a block for where A is a value. The block ends the program.
func branch(program []bpf.Instruction, value uint32, block []bpf.Instruction) []bpf.Instruction {
	program = append(program,
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: value, SkipTrue: 1}, bpf.Jump{Skip: uint32(len(block))})
	return append(program, block...)
}

// filter4 looks at an IPv4 packet at that offset (RFC 791, section 3.1).
func filter4(at uint32, ports []int) []bpf.Instruction {
	return append([]bpf.Instruction{
		bpf.LoadAbsolute{Off: at + 9, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.IPPROTO_UDP, SkipTrue: 1},
		reject,
		bpf.LoadAbsolute{Off: at + 6, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpBitsNotSet, Val: 0x1FFF, SkipTrue: 1},
		accept, // a later fragment, which has no ports
		bpf.LoadMemShift{Off: at},
		bpf.LoadIndirect{Off: at + 2, Size: 2},
	}, filterPorts(ports)...)
}

// filter6 looks at an IPv6 packet at that offset (RFC 8200, section 3).
func filter6(at uint32, ports []int) []bpf.Instruction {
	return append([]bpf.Instruction{
		bpf.LoadAbsolute{Off: at + 6, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.IPPROTO_UDP, SkipTrue: 1},
		reject,
		bpf.LoadAbsolute{Off: at + ip6Size + 2, Size: 2},
	}, filterPorts(ports)...)
}

// filterPorts accepts where A is one of the ports.
func filterPorts(ports []int) []bpf.Instruction {
	var program []bpf.Instruction
	for _, port := range ports {
		program = append(program, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(port), SkipTrue: 1}, accept)
	}
	return append(program, reject)
}
